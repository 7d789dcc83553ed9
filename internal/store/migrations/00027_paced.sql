-- +goose Up

-- What conversations have sent by a sender: how many messages ever, which campaigns of the same sender give way to, and
-- until when they use its rate up. No row = none yet.
CREATE TABLE sender_reply (
    account_id bigint NOT NULL,
    sender_id  bigint NOT NULL,
    n          bigint NOT NULL,
    clear_at   bigint NOT NULL, -- microseconds since 1970: at thousands a second, milliseconds are too coarse
    PRIMARY KEY (account_id, sender_id)
) /* CLUSTERED */;

-- Each sender's messages wait for that sender's turn.
DROP INDEX outgoing_due;
CREATE INDEX outgoing_due ON outgoing (account_id, sender_id, due_at, id) WHERE state = 'queued';
