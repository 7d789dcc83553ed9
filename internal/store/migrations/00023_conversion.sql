-- +goose Up
-- What clicks led to, told to Meta: which activity code is which event, and each click's events with what became of
-- telling them.
CREATE TABLE conversion_rule (
    account_id       bigint NOT NULL,
    activity_code_id bigint NOT NULL,
    event            text   NOT NULL,
    currency         text   NOT NULL, -- '' = without a value
    micros           bigint NOT NULL,
    PRIMARY KEY (account_id, activity_code_id)
) /* CLUSTERED */;

CREATE TABLE conversion (
    account_id       bigint NOT NULL,
    id               bigint NOT NULL,
    click_id         bigint NOT NULL,
    conversation_id  bigint NOT NULL,
    activity_code_id bigint NOT NULL,
    sender_id        bigint NOT NULL,
    once_key         text   NOT NULL, -- the click as Meta names it, else as we do: an event of it exists once
    clid             text   NOT NULL, -- '' = Meta did not name the click
    event            text   NOT NULL,
    currency         text   NOT NULL,
    micros           bigint NOT NULL,
    at               bigint NOT NULL,
    clicked_at       bigint NOT NULL,
    state            text   NOT NULL,
    detail           text   NOT NULL,
    error_code       bigint NOT NULL,
    tries            bigint NOT NULL,
    due_at           bigint NOT NULL,
    created_at       bigint NOT NULL,
    done_at          bigint NOT NULL,
    version          bigint NOT NULL, -- one more with every change
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX conversion_once ON conversion (account_id, once_key, event);
CREATE INDEX conversion_due ON conversion (account_id, due_at, id) WHERE state = 'pending';
CREATE INDEX conversion_open ON conversion (account_id, id) WHERE state = 'sending';
CREATE INDEX conversion_conversation ON conversion (account_id, conversation_id);
CREATE INDEX conversion_state ON conversion (account_id, state, id);

-- Meta's dataset of each WABA, to which its events go.
CREATE TABLE dataset (
    account_id bigint NOT NULL,
    waba_id    bigint NOT NULL,
    dataset_id text   NOT NULL,
    PRIMARY KEY (account_id, waba_id)
) /* CLUSTERED */;
