-- +goose Up

-- Exports whose file is still there, for whoever removes it when its time is over.
CREATE INDEX job_written ON job (account_id, finished_at) WHERE kind = 'export' AND resume = 'written';
