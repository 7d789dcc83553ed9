-- +goose Up
-- Files that jobs wrote and that expire: lists of contacts, and what is kept of a person.
DROP INDEX job_written;
CREATE INDEX job_written ON job (account_id, finished_at) WHERE kind IN ('export', 'person_export') AND resume = 'written';
