-- +goose Up

-- What stands behind a pause, or behind the last one that there was: the provider's code, our reason ('' =
-- a person decided), since when, and when it ends by itself (0 = with a fact or by a person).
ALTER TABLE campaign ADD COLUMN pause_code bigint NOT NULL DEFAULT 0;
ALTER TABLE campaign ADD COLUMN pause_reason text NOT NULL DEFAULT '';
ALTER TABLE campaign ADD COLUMN paused_at bigint NOT NULL DEFAULT 0;
ALTER TABLE campaign ADD COLUMN pause_until bigint NOT NULL DEFAULT 0;
CREATE INDEX campaign_resting ON campaign (account_id, id) WHERE pause_until > 0;

ALTER TABLE sender ADD COLUMN pause_code bigint NOT NULL DEFAULT 0;
ALTER TABLE sender ADD COLUMN pause_reason text NOT NULL DEFAULT '';
ALTER TABLE sender ADD COLUMN paused_at bigint NOT NULL DEFAULT 0;
ALTER TABLE sender ADD COLUMN pause_until bigint NOT NULL DEFAULT 0;
-- A WABA's pause is written on each of its senders too: theirs is the row that every message looks at.
ALTER TABLE sender ADD COLUMN pause_inherited boolean NOT NULL DEFAULT false;
CREATE INDEX sender_resting ON sender (account_id, id) WHERE pause_until > 0;

ALTER TABLE waba ADD COLUMN pause text NOT NULL DEFAULT '';
ALTER TABLE waba ADD COLUMN pause_code bigint NOT NULL DEFAULT 0;
ALTER TABLE waba ADD COLUMN pause_reason text NOT NULL DEFAULT '';
ALTER TABLE waba ADD COLUMN paused_at bigint NOT NULL DEFAULT 0;
ALTER TABLE waba ADD COLUMN pause_until bigint NOT NULL DEFAULT 0;
CREATE INDEX waba_resting ON waba (account_id, id) WHERE pause_until > 0;

-- Countries that the provider closed to a WABA, by calling code, until a person lifts them.
CREATE TABLE stopped_country (
    account_id bigint NOT NULL,
    waba_id    bigint NOT NULL,
    calling    text   NOT NULL,
    code       bigint NOT NULL,
    words      text   NOT NULL,
    since      bigint NOT NULL,
    PRIMARY KEY (account_id, waba_id, calling)
) /* CLUSTERED */;

-- How many contacts stand as failed, by reason and the provider's code. Slots are as in campaign_count.
CREATE TABLE campaign_failure (
    account_id  bigint NOT NULL,
    campaign_id bigint NOT NULL,
    slot        bigint NOT NULL,
    reason      text   NOT NULL,
    code        bigint NOT NULL,
    n           bigint NOT NULL,
    PRIMARY KEY (account_id, campaign_id, slot, reason, code)
) /* CLUSTERED */;
INSERT INTO campaign_failure (account_id, campaign_id, slot, reason, code, n)
SELECT account_id, campaign_id, 0, reason, code, count(*) FROM contact WHERE state = 'failed' AND deleted_at = 0
GROUP BY account_id, campaign_id, reason, code;
