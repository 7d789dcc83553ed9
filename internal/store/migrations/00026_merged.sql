-- +goose Up
-- When a person was merged into another, for the timeline; 0 for merges before this migration, whose moment only the
-- audit has. Neither database rewrites the table for it.
ALTER TABLE person ADD COLUMN merged_at bigint NOT NULL DEFAULT 0;
