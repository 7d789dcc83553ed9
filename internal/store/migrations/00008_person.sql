-- +goose Up

-- A person who turned out to be another keeps their row, so that their key still leads somewhere.
ALTER TABLE person ADD COLUMN merged_into bigint NOT NULL DEFAULT 0; -- the other's id; 0 = nobody
CREATE INDEX person_merged ON person (account_id, merged_into) WHERE merged_into <> 0;
-- How often persons were merged: who adds contacts or suppressions looks here, and holds merges off meanwhile.
ALTER TABLE account ADD COLUMN merges bigint NOT NULL DEFAULT 0;

CREATE INDEX conversation_of ON conversation (account_id, person_key, id);

-- What one message costs, as the account's people entered it, in millionths.
CREATE TABLE rate (
    account_id bigint NOT NULL,
    currency   text   NOT NULL,
    country    text   NOT NULL, -- ISO 3166 alpha-2; * = every other
    category   text   NOT NULL,
    valid_from bigint NOT NULL, -- 0 = always
    micros     bigint NOT NULL,
    PRIMARY KEY (account_id, currency, country, category, valid_from)
) /* CLUSTERED */;

-- What the message is charged as, once the provider said so; see arauto.Charge.
ALTER TABLE attempt ADD COLUMN charge text NOT NULL DEFAULT '';

-- What a campaign's messages cost. Slots are as in campaign_count.
CREATE TABLE campaign_cost (
    account_id  bigint NOT NULL,
    campaign_id bigint NOT NULL,
    slot        bigint NOT NULL,
    billing     text   NOT NULL,
    currency    text   NOT NULL,
    category    text   NOT NULL,
    country     text   NOT NULL,
    n           bigint NOT NULL,
    micros      bigint NOT NULL,
    PRIMARY KEY (account_id, campaign_id, slot, billing, currency, category, country)
) /* CLUSTERED */;

-- What is set aside for messages on their way, of campaigns with a ceiling, until their price is known.
CREATE TABLE reserve (
    account_id  bigint NOT NULL,
    attempt_id  bigint NOT NULL,
    campaign_id bigint NOT NULL,
    currency    text   NOT NULL,
    category    text   NOT NULL,
    country     text   NOT NULL,
    micros      bigint NOT NULL,
    PRIMARY KEY (account_id, attempt_id)
) /* CLUSTERED */;

-- How many contacts a campaign's list holds by the first digits of their phones, which say the country.
CREATE TABLE campaign_prefix (
    account_id  bigint NOT NULL,
    campaign_id bigint NOT NULL,
    prefix      text   NOT NULL, -- '+' and four digits
    n           bigint NOT NULL,
    PRIMARY KEY (account_id, campaign_id, prefix)
) /* CLUSTERED */;
INSERT INTO campaign_prefix (account_id, campaign_id, prefix, n)
SELECT account_id, campaign_id, substr(phone, 1, 5), count(*) FROM contact WHERE deleted_at = 0
GROUP BY account_id, campaign_id, substr(phone, 1, 5);
