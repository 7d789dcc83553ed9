-- +goose Up
-- The few webhooks with a note, among all that were applied.
CREATE INDEX webhook_noted ON webhook (account_id, id) WHERE note <> '';
