-- +goose Up
-- Contacts that are written to by their business-scoped id, and which id took the place of another. Neither database
-- rewrites a table for it.
ALTER TABLE contact ADD COLUMN user_id text NOT NULL DEFAULT '';
ALTER TABLE person_alias ADD COLUMN successor text NOT NULL DEFAULT '';
