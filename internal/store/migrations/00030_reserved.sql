-- +goose Up
-- An idempotency key is reserved by one run of a request, which says every few seconds that it is alive, and whether it
-- has done something: after a kill the next one with that key goes on, or is told. Of keys that were reserved before
-- this migration it is not known, so they count as done. Neither database rewrites the table for it.
ALTER TABLE idempotency ADD COLUMN run      bigint NOT NULL DEFAULT 0;
ALTER TABLE idempotency ADD COLUMN alive_at bigint NOT NULL DEFAULT 0;
ALTER TABLE idempotency ADD COLUMN did      bigint NOT NULL DEFAULT 1;
