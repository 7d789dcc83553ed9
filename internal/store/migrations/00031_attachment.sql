-- +goose Up
-- The files of conversations that there are, the oldest first, for those accounts that keep them for a while only. The
-- pictures of ads are not among them. On a million files it takes seconds and locks the table meanwhile.
CREATE INDEX attachment_kept ON attachment (account_id, created_at, id) WHERE blob <> '' AND source <> 'link';
