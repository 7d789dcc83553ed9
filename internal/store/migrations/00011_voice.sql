-- +goose Up

-- Voice campaigns: whose agents take the calls, and how it dials, as JSON ('' = it does not).
ALTER TABLE campaign ADD COLUMN queue_id bigint NOT NULL DEFAULT 0;
ALTER TABLE campaign ADD COLUMN voice text NOT NULL DEFAULT '';

-- What is dialled: '' in dial is a contact of another channel, which no index below holds.
ALTER TABLE contact ADD COLUMN dial text NOT NULL DEFAULT '';
ALTER TABLE contact ADD COLUMN email text NOT NULL DEFAULT '';
ALTER TABLE contact ADD COLUMN outbound text NOT NULL DEFAULT '';
ALTER TABLE contact ADD COLUMN priority bigint NOT NULL DEFAULT 0;
CREATE INDEX contact_dial_due ON contact (account_id, campaign_id, priority, due_at, id) WHERE dial <> '' AND state = 'pending' AND deleted_at = 0;
CREATE INDEX contact_dial_id ON contact (account_id, campaign_id, id) WHERE dial <> '' AND deleted_at = 0;
CREATE INDEX contact_dial_external ON contact (account_id, campaign_id, external_id) WHERE dial <> '' AND external_id <> '' AND deleted_at = 0;

-- How many contacts stand at each dial status. Slots are as in campaign_count.
CREATE TABLE campaign_dial (
    account_id  bigint NOT NULL,
    campaign_id bigint NOT NULL,
    slot        bigint NOT NULL,
    dial        text   NOT NULL,
    n           bigint NOT NULL,
    PRIMARY KEY (account_id, campaign_id, slot, dial)
) /* CLUSTERED */;
