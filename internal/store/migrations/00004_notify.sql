-- +goose Up

-- Addresses that are told what happens.
CREATE TABLE endpoint (
    account_id      bigint NOT NULL,
    id              bigint NOT NULL,
    uuid            text   NOT NULL,
    url             text   NOT NULL,
    description     text   NOT NULL,
    types           text   NOT NULL, -- JSON array; empty = everything
    secret          bytea  NOT NULL, -- sealed
    previous        bytea  NOT NULL, -- sealed: the secret before, which signs as well until previous_until
    previous_until  bigint NOT NULL,
    state           text   NOT NULL,
    cursor_id       bigint NOT NULL, -- the last notice that was told or passed over
    last_id         bigint NOT NULL, -- of the delivery that is being repeated
    tries           bigint NOT NULL,
    next_at         bigint NOT NULL,
    failing_since   bigint NOT NULL,
    last_status     bigint NOT NULL,
    last_error      text   NOT NULL,
    tried_at        bigint NOT NULL,
    delivered_at    bigint NOT NULL,
    created_at      bigint NOT NULL,
    updated_at      bigint NOT NULL,
    PRIMARY KEY (account_id, id)
);

-- What endpoints are told, as it was when it happened: kept for some days, for accounts with an endpoint that
-- wants it. Ids and moments ascend in the order of commit (the row of sequence is taken in the transaction), so
-- that one position per endpoint passes nothing over.
CREATE TABLE notice (
    account_id bigint NOT NULL,
    id         bigint NOT NULL,
    epoch      bigint NOT NULL, -- a restored backup counts the same ids again
    type       text   NOT NULL,
    at         bigint NOT NULL,
    data       text   NOT NULL, -- JSON
    PRIMARY KEY (account_id, id)
) /* CLUSTERED */;
