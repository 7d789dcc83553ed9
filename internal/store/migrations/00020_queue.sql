-- +goose Up

-- A team that answers conversations, and calls.
CREATE TABLE queue (
    account_id      bigint NOT NULL,
    id              bigint NOT NULL,
    uuid            text   NOT NULL,
    name            text   NOT NULL,
    windows         text   NOT NULL, -- JSON: when it is open; [] = always
    time_zone       text   NOT NULL, -- by whose clock; '' = the account's
    work_holidays   bigint NOT NULL, -- 1 = open on the account's holidays too
    away_text       text   NOT NULL, -- said once to who writes outside the hours; '' = nothing
    wait_text       text   NOT NULL, -- said once to who has waited wait_minutes; '' = nothing
    wait_minutes    bigint NOT NULL,
    wrap_up_seconds bigint NOT NULL, -- an agent's after each conversation
    code_required   bigint NOT NULL, -- 1 = closing takes an activity code
    created_at      bigint NOT NULL,
    updated_at      bigint NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX queue_uuid ON queue (account_id, uuid);
CREATE UNIQUE INDEX queue_name ON queue (account_id, name);
