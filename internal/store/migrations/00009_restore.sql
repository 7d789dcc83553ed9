-- +goose Up

-- A restore begins a new life: rows with begun_at = 0 are one that begins when the database is next opened.
CREATE TABLE restore (
    epoch       bigint NOT NULL PRIMARY KEY, -- of the life that begins
    former      bigint NOT NULL,             -- of the life that the backup was taken of
    taken_at    bigint NOT NULL,
    restored_at bigint NOT NULL,
    begun_at    bigint NOT NULL
);

-- Which campaigns may have sent in a life that is lost. Until confirmed_at is set they send nothing.
CREATE TABLE gap (
    account_id   bigint NOT NULL,
    campaign_id  bigint NOT NULL,
    epoch        bigint NOT NULL,
    former       bigint NOT NULL,
    taken_at     bigint NOT NULL,
    restored_at  bigint NOT NULL,
    confirmed_at bigint NOT NULL,
    PRIMARY KEY (account_id, campaign_id, epoch)
) /* CLUSTERED */;

-- Messages that a lost life sent, as far as the provider still speaks of them.
CREATE TABLE gap_message (
    account_id   bigint NOT NULL,
    provider_key bigint NOT NULL,
    former       bigint NOT NULL,
    person_key   text   NOT NULL,
    heard_at     bigint NOT NULL,
    PRIMARY KEY (account_id, provider_key)
) /* CLUSTERED */;
