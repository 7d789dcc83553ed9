-- +goose Up

-- When the person last wrote: a conversation that goes silent closes by itself.
ALTER TABLE conversation ADD COLUMN last_at bigint NOT NULL DEFAULT 0;
UPDATE conversation SET last_at = COALESCE((SELECT MAX(m.at) FROM message m
    WHERE m.account_id = conversation.account_id AND m.conversation_id = conversation.id), opened_at);
CREATE INDEX conversation_silent ON conversation (account_id, last_at, id) WHERE state <> 'closed';
-- Whether a person is in a conversation, with whichever sender.
CREATE INDEX conversation_person ON conversation (account_id, person_key) WHERE state <> 'closed';
