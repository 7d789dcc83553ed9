-- +goose Up

-- What a campaign and an account ask of the engine, as JSON.
ALTER TABLE campaign ADD COLUMN policy text NOT NULL DEFAULT '{}';
ALTER TABLE account ADD COLUMN rules text NOT NULL DEFAULT '{}';

-- The person's recent touches, newest last: what caps and the portfolio's day are judged by.
ALTER TABLE person ADD COLUMN touches text NOT NULL DEFAULT '';
