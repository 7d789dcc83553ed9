-- +goose Up
-- The files of a conversation: of everybody's, those of one person are asked for, moved and emptied. On a million files
-- it takes seconds and locks the table meanwhile.
CREATE INDEX attachment_conversation ON attachment (account_id, conversation_id, id);
