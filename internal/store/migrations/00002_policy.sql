-- +goose Up

-- What a campaign and an account ask of the engine, as JSON.
ALTER TABLE campaign ADD COLUMN policy text NOT NULL DEFAULT '{}';
ALTER TABLE account ADD COLUMN rules text NOT NULL DEFAULT '{}';
