-- +goose Up

-- How many people Meta lets a portfolio reach in any 24 hours; 0 = no limit, or none that is known.
ALTER TABLE portfolio ADD COLUMN people_limit bigint NOT NULL DEFAULT 0;

-- Whom a portfolio that has a limit has reached in the last 24 hours: people with the slot of their last
-- message from it, and how many there are in each slot.
CREATE TABLE reached (
    account_id   bigint NOT NULL,
    portfolio_id bigint NOT NULL,
    person_key   text   NOT NULL,
    slot         bigint NOT NULL, -- five minutes each, since 1970
    PRIMARY KEY (account_id, portfolio_id, person_key)
) /* CLUSTERED */;
CREATE INDEX reached_slot ON reached (account_id, portfolio_id, slot);

CREATE TABLE reach (
    account_id   bigint NOT NULL,
    portfolio_id bigint NOT NULL,
    slot         bigint NOT NULL,
    n            bigint NOT NULL,
    PRIMARY KEY (account_id, portfolio_id, slot)
) /* CLUSTERED */;

-- Messages on a new number's first day; 0 = it is not being warmed up.
ALTER TABLE sender ADD COLUMN ramp_up bigint NOT NULL DEFAULT 0;

-- How far a number has been warmed up: what it sent on the day that began then, and how often its limit
-- has doubled.
CREATE TABLE sender_ramp (
    account_id bigint NOT NULL,
    sender_id  bigint NOT NULL,
    began_at   bigint NOT NULL,
    step       bigint NOT NULL,
    n          bigint NOT NULL,
    PRIMARY KEY (account_id, sender_id)
) /* CLUSTERED */;
