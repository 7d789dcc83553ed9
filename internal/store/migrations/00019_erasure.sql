-- +goose Up

-- Who was erased and must not be contacted again, as hashes of their keys under a key of the account's, which
-- is sealed. Nobody can be found by them who is not asked about.
CREATE TABLE erasure_key (
    account_id bigint NOT NULL PRIMARY KEY,
    sealed     bytea  NOT NULL
);
CREATE TABLE erased (
    account_id bigint NOT NULL,
    hash       text   NOT NULL,
    at         bigint NOT NULL,
    PRIMARY KEY (account_id, hash)
) /* CLUSTERED */;
