-- +goose Up

-- Which attempt a provider's message id belongs to, by 63 bits of the id's hash. Hashes come in no order: kept
-- message by message they would change a page of their own each. So what one transaction has to add is one row
-- of attempt_run, and many of those are sorted and moved into attempt_key together.
CREATE TABLE attempt_key (
    account_id   bigint NOT NULL,
    provider_key bigint NOT NULL,
    attempt_id   bigint NOT NULL,
    PRIMARY KEY (account_id, provider_key, attempt_id)
) /* CLUSTERED */;
INSERT INTO attempt_key (account_id, provider_key, attempt_id)
SELECT account_id, provider_key, id FROM attempt WHERE provider_key <> 0 ORDER BY account_id, provider_key;

CREATE TABLE attempt_run (
    account_id bigint NOT NULL,
    id         bigint NOT NULL, -- the run's first attempt
    n          bigint NOT NULL, -- how many
    keys       bytea  NOT NULL, -- provider_key and attempt_id of each, eight bytes each
    PRIMARY KEY (account_id, id)
);

DROP INDEX attempt_provider;
ALTER TABLE attempt DROP COLUMN provider_key;
