-- +goose Up

-- The names of the custom fields that contacts of a campaign have, or had: the columns of its exports.
CREATE TABLE campaign_field (
    account_id  bigint NOT NULL,
    campaign_id bigint NOT NULL,
    field_key   text   NOT NULL, -- the same for names that differ in case only
    name        text   NOT NULL, -- as it was first met
    n           bigint NOT NULL, -- they stand in this order
    PRIMARY KEY (account_id, campaign_id, field_key)
) /* CLUSTERED */;
-- 1 = the table has all of the campaign's. Campaigns that are older than the table are looked through by their first export.
ALTER TABLE campaign ADD COLUMN fields_known bigint NOT NULL DEFAULT 0;
