-- +goose Up
-- How many of a contact's attempts were made before a person last had it tried again: they count no more against its
-- tries. Neither database rewrites the table for it.
ALTER TABLE contact ADD COLUMN forgiven bigint NOT NULL DEFAULT 0;
