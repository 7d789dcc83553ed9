-- +goose Up
-- What brought people: the referral of a message, whole and as columns. On a database without clicks this takes no
-- time and locks nothing that is written to.
CREATE TABLE click (
    account_id      bigint NOT NULL,
    id              bigint NOT NULL, -- ascends in the order of commit
    at              bigint NOT NULL, -- when the person wrote, by the provider's clock
    conversation_id bigint NOT NULL,
    message_id      bigint NOT NULL,
    sender_id       bigint NOT NULL,
    person_id       bigint NOT NULL,
    contact_id      bigint NOT NULL,
    campaign_id     bigint NOT NULL,
    first_touch     bigint NOT NULL, -- 1 = nothing brought this person before
    opened          bigint NOT NULL, -- 1 = its message opened the conversation
    source_type     text   NOT NULL,
    source_id       text,            -- NULL = not said
    source_url      text   NOT NULL,
    headline        text   NOT NULL,
    body            text   NOT NULL,
    media_type      text   NOT NULL,
    image_url       text   NOT NULL,
    video_url       text   NOT NULL,
    thumbnail_url   text   NOT NULL,
    welcome         text   NOT NULL,
    clid            text,            -- NULL = not said, '' = said and empty
    raw             text   NOT NULL, -- as it came
    width           bigint NOT NULL, -- bytes that a report repeats of it
    attachment_id   bigint NOT NULL, -- our own copy of the picture or the film; 0 = there is none
    PRIMARY KEY (account_id, id)
);
-- A report counts and measures its rows here alone.
CREATE INDEX click_at ON click (account_id, at, id, width);
CREATE INDEX click_person ON click (account_id, person_id, id);
CREATE INDEX click_conversation ON click (account_id, conversation_id, id);

CREATE INDEX conversation_closed ON conversation (account_id, closed_at) WHERE closed_at > 0;

-- How often a vendor's API was asked in a day of the account's zone: by each token, and as token 0 by all.
CREATE TABLE api_use (
    account_id bigint NOT NULL,
    day        bigint NOT NULL, -- 20261128
    token_id   bigint NOT NULL,
    used       bigint NOT NULL,
    PRIMARY KEY (account_id, day, token_id)
) /* CLUSTERED */;

-- Requests of one token that are being answered; a slot whose time ran out is free.
CREATE TABLE api_slot (
    account_id bigint NOT NULL,
    token_id   bigint NOT NULL,
    slot       bigint NOT NULL,
    fence      bigint NOT NULL, -- one more with every taking
    until      bigint NOT NULL, -- 0 = free
    PRIMARY KEY (account_id, token_id, slot)
) /* CLUSTERED */;
