-- +goose Up
-- One text for both engines: SQLite reads the types by affinity, and takes a table marked CLUSTERED as
-- WITHOUT ROWID. Times are UTC milliseconds, 0 = none.
-- Every key starts with account_id, except where a look-up has no account yet (account, token, app).

CREATE TABLE deployment (
    id       bigint NOT NULL PRIMARY KEY, -- always 1
    epoch    bigint NOT NULL,             -- new after a restore: see attempt refs
    made_at  bigint NOT NULL
);

CREATE TABLE account (
    id           bigint NOT NULL PRIMARY KEY,
    uuid         text   NOT NULL UNIQUE,
    slug         text   NOT NULL UNIQUE,
    name         text   NOT NULL,
    country      text   NOT NULL,
    time_zone    text   NOT NULL,
    language     text   NOT NULL,
    stop_words   text   NOT NULL, -- JSON array
    resume_words text   NOT NULL, -- JSON array
    created_at   bigint NOT NULL
);

-- Ids are handed out from here: in blocks where order does not matter, inside the inserting
-- transaction for contacts, whose ids and moments must ascend in the order of commit.
CREATE TABLE sequence (
    account_id bigint NOT NULL,
    name       text   NOT NULL,
    value      bigint NOT NULL,
    moment     bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, name)
) /* CLUSTERED */;

CREATE TABLE token (
    id           bigint NOT NULL PRIMARY KEY,
    account_id   bigint NOT NULL,
    name         text   NOT NULL,
    prefix       text   NOT NULL,
    hash         text   NOT NULL UNIQUE,
    scopes       text   NOT NULL, -- space separated
    rate         bigint NOT NULL,
    created_at   bigint NOT NULL,
    expires_at   bigint NOT NULL,
    revoked_at   bigint NOT NULL,
    last_used_at bigint NOT NULL
);
CREATE INDEX token_account ON token (account_id, id);

CREATE TABLE token_request (
    account_id  bigint NOT NULL,
    token_id    bigint NOT NULL,
    slot        bigint NOT NULL, -- id modulo the number kept
    id          bigint NOT NULL,
    at          bigint NOT NULL,
    method      text   NOT NULL,
    path        text   NOT NULL,
    status      bigint NOT NULL,
    duration_us bigint NOT NULL,
    remote      text   NOT NULL,
    PRIMARY KEY (account_id, token_id, slot)
) /* CLUSTERED */;

CREATE TABLE audit (
    account_id bigint NOT NULL,
    id         bigint NOT NULL,
    at         bigint NOT NULL,
    token_id   bigint NOT NULL,
    actor      text   NOT NULL,
    action     text   NOT NULL,
    subject    text   NOT NULL,
    detail     text   NOT NULL,
    PRIMARY KEY (account_id, id)
);

CREATE TABLE idempotency (
    account_id  bigint NOT NULL,
    token_id    bigint NOT NULL,
    key         text   NOT NULL,
    fingerprint text   NOT NULL,
    status      bigint NOT NULL, -- 0 while the first request is still being answered
    content_type text  NOT NULL,
    body        bytea  NOT NULL,
    created_at  bigint NOT NULL,
    PRIMARY KEY (account_id, token_id, key)
);
CREATE INDEX idempotency_age ON idempotency (account_id, created_at);

CREATE TABLE app (
    account_id   bigint NOT NULL,
    id           bigint NOT NULL,
    uuid         text   NOT NULL UNIQUE,
    meta_id      text   NOT NULL,
    name         text   NOT NULL,
    secret       bytea  NOT NULL, -- sealed
    verify_token bytea  NOT NULL, -- sealed
    created_at   bigint NOT NULL,
    PRIMARY KEY (account_id, id)
);

CREATE TABLE portfolio (
    account_id bigint NOT NULL,
    id         bigint NOT NULL,
    app_id     bigint NOT NULL,
    meta_id    text   NOT NULL,
    name       text   NOT NULL,
    PRIMARY KEY (account_id, id)
) /* CLUSTERED */;
CREATE UNIQUE INDEX portfolio_meta ON portfolio (account_id, app_id, meta_id);

CREATE TABLE waba (
    account_id   bigint NOT NULL,
    id           bigint NOT NULL,
    app_id       bigint NOT NULL,
    portfolio_id bigint NOT NULL,
    meta_id      text   NOT NULL,
    name         text   NOT NULL,
    synced_at    bigint NOT NULL,
    PRIMARY KEY (account_id, id)
) /* CLUSTERED */;
CREATE UNIQUE INDEX waba_meta ON waba (account_id, app_id, meta_id);

CREATE TABLE sender (
    account_id      bigint NOT NULL,
    id              bigint NOT NULL,
    uuid            text   NOT NULL,
    app_id          bigint NOT NULL,
    waba_id         bigint NOT NULL,
    name            text   NOT NULL,
    phone_number_id text   NOT NULL,
    display_phone   text   NOT NULL,
    token           bytea  NOT NULL, -- sealed
    graph_url       text   NOT NULL,
    graph_version   text   NOT NULL,
    rate            bigint NOT NULL,
    pause           text   NOT NULL,
    created_at      bigint NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX sender_uuid ON sender (account_id, uuid);
CREATE UNIQUE INDEX sender_number ON sender (account_id, app_id, phone_number_id);

CREATE TABLE template (
    account_id bigint  NOT NULL,
    id         bigint  NOT NULL,
    uuid       text    NOT NULL,
    waba_id    bigint  NOT NULL,
    meta_id    text    NOT NULL,
    name       text    NOT NULL,
    language   text    NOT NULL,
    category   text    NOT NULL,
    status     text    NOT NULL,
    quality    text    NOT NULL,
    rejected   text    NOT NULL,
    named      boolean NOT NULL,
    parts      text    NOT NULL, -- JSON: header, body, footer, buttons
    synced_at  bigint  NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX template_uuid ON template (account_id, uuid);
CREATE UNIQUE INDEX template_name ON template (account_id, waba_id, name, language);

CREATE TABLE campaign (
    account_id      bigint  NOT NULL,
    id              bigint  NOT NULL,
    uuid            text    NOT NULL,
    name            text    NOT NULL,
    channel         text    NOT NULL,
    state           text    NOT NULL,
    pause           text    NOT NULL,
    standing        boolean NOT NULL,
    sender_id       bigint  NOT NULL,
    template_id     bigint  NOT NULL,
    mapping         text    NOT NULL, -- JSON
    hold_after      bigint  NOT NULL,
    reply_window_ms bigint  NOT NULL,
    version         bigint  NOT NULL,
    scheduled_for   bigint  NOT NULL,
    created_at      bigint  NOT NULL,
    updated_at      bigint  NOT NULL,
    started_at      bigint  NOT NULL,
    ended_at        bigint  NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX campaign_uuid ON campaign (account_id, uuid);
CREATE INDEX campaign_live ON campaign (account_id, sender_id, state) WHERE state IN ('scheduled', 'running');

-- How many contacts stand in each state. Each kind of writer has a slot of its own, so that they do
-- not wait for one another; a count is the sum over slots, and one slot alone may be negative.
CREATE TABLE campaign_count (
    account_id  bigint NOT NULL,
    campaign_id bigint NOT NULL,
    slot        bigint NOT NULL,
    state       text   NOT NULL,
    n           bigint NOT NULL,
    PRIMARY KEY (account_id, campaign_id, slot, state)
) /* CLUSTERED */;

CREATE TABLE contact (
    account_id    bigint NOT NULL,
    id            bigint NOT NULL,
    campaign_id   bigint NOT NULL,
    external_id   text   NOT NULL,
    name          text   NOT NULL,
    name_fold     text   NOT NULL, -- for "contains", without case and accents
    phone_raw     text   NOT NULL, -- echoed
    phone         text   NOT NULL, -- dialled
    person_key    text   NOT NULL, -- canonical
    fields        text   NOT NULL, -- JSON object in the file's column order
    state         text   NOT NULL,
    reason        text   NOT NULL,
    code          bigint NOT NULL,
    detail        text   NOT NULL,
    attempts      bigint NOT NULL,
    attempt_id    bigint NOT NULL,
    conversation  text   NOT NULL, -- UUID
    reply_action  text   NOT NULL,
    reply_text    text   NOT NULL,
    scheduled_for bigint NOT NULL, -- a person's intent
    due_at        bigint NOT NULL, -- the engine's next try
    inserted_at   bigint NOT NULL,
    updated_at    bigint NOT NULL,
    sent_at       bigint NOT NULL,
    delivered_at  bigint NOT NULL,
    read_at       bigint NOT NULL,
    replied_at    bigint NOT NULL,
    failed_at     bigint NOT NULL,
    deleted_at    bigint NOT NULL,
    version       bigint NOT NULL, -- one more with every change
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX contact_person ON contact (account_id, person_key, campaign_id) WHERE deleted_at = 0;
CREATE INDEX contact_state ON contact (account_id, campaign_id, state, id) WHERE deleted_at = 0;
CREATE INDEX contact_due ON contact (account_id, campaign_id, due_at, id) WHERE state = 'pending' AND deleted_at = 0;
CREATE INDEX contact_updated ON contact (account_id, updated_at, id);

CREATE TABLE attempt (
    account_id   bigint NOT NULL,
    id           bigint NOT NULL,
    campaign_id  bigint NOT NULL,
    contact_id   bigint NOT NULL,
    sender_id    bigint NOT NULL,
    previous_id  bigint NOT NULL,
    number       bigint NOT NULL,
    epoch        bigint NOT NULL,
    state        text   NOT NULL,
    provider_id  text   NOT NULL,
    provider_key bigint NOT NULL, -- 63 bits of a hash of provider_id; 0 = none
    wa_id        text   NOT NULL,
    code         bigint NOT NULL,
    detail       text   NOT NULL,
    intended_at  bigint NOT NULL,
    accepted_at  bigint NOT NULL,
    sent_at      bigint NOT NULL,
    delivered_at bigint NOT NULL,
    read_at      bigint NOT NULL,
    failed_at    bigint NOT NULL,
    PRIMARY KEY (account_id, id)
) /* CLUSTERED */;
CREATE INDEX attempt_provider ON attempt (account_id, provider_key) WHERE provider_key <> 0;

CREATE TABLE person (
    account_id     bigint NOT NULL,
    id             bigint NOT NULL, -- 0 until something points here: most people are only written to
    key            text   NOT NULL,
    name           text   NOT NULL,
    first_touch_at bigint NOT NULL,
    last_touch_at  bigint NOT NULL,
    PRIMARY KEY (account_id, key) -- what every message looks a person up by
) /* CLUSTERED */;
CREATE UNIQUE INDEX person_id ON person (account_id, id) WHERE id <> 0;

CREATE TABLE person_alias (
    account_id bigint NOT NULL,
    kind       text   NOT NULL,
    value      text   NOT NULL,
    person_id  bigint NOT NULL,
    PRIMARY KEY (account_id, kind, value)
) /* CLUSTERED */;
CREATE INDEX person_alias_person ON person_alias (account_id, person_id);

CREATE TABLE suppression (
    account_id bigint NOT NULL,
    id         bigint NOT NULL,
    person_key text   NOT NULL,
    phone      text   NOT NULL,
    scope      text   NOT NULL,
    channel    text   NOT NULL, -- '' = every channel
    source     text   NOT NULL,
    evidence   text   NOT NULL,
    contact_id bigint NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    lifted_at  bigint NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX suppression_person ON suppression (account_id, person_key);

CREATE TABLE conversation (
    account_id  bigint NOT NULL,
    id          bigint NOT NULL,
    uuid        text   NOT NULL,
    sender_id   bigint NOT NULL,
    person_id   bigint NOT NULL,
    person_key  text   NOT NULL,
    contact_id  bigint NOT NULL,
    campaign_id bigint NOT NULL,
    state       text   NOT NULL,
    opened_at   bigint NOT NULL,
    closed_at   bigint NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX conversation_uuid ON conversation (account_id, uuid);
CREATE UNIQUE INDEX conversation_open ON conversation (account_id, sender_id, person_key) WHERE state <> 'closed';

CREATE TABLE message (
    account_id      bigint NOT NULL,
    id              bigint NOT NULL,
    conversation_id bigint NOT NULL,
    provider_id     text   NOT NULL,
    provider_key    bigint NOT NULL,
    context         text   NOT NULL,
    kind            text   NOT NULL,
    body            text   NOT NULL,
    action          text   NOT NULL,
    at              bigint NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX message_provider ON message (account_id, provider_key);
CREATE INDEX message_conversation ON message (account_id, conversation_id, id);

CREATE TABLE webhook (
    account_id  bigint NOT NULL,
    id          bigint NOT NULL,
    app_id      bigint NOT NULL,
    state       text   NOT NULL, -- new, applied, orphan, unmatched, bad
    tries       bigint NOT NULL,
    retry_at    bigint NOT NULL,
    note        text   NOT NULL,
    received_at bigint NOT NULL,
    applied_at  bigint NOT NULL,
    body        bytea  NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX webhook_open ON webhook (account_id, retry_at, id) WHERE state IN ('new', 'orphan');
CREATE INDEX webhook_settled ON webhook (account_id, received_at, id) WHERE state IN ('applied', 'unmatched');

CREATE TABLE job (
    account_id  bigint NOT NULL,
    id          bigint NOT NULL,
    uuid        text   NOT NULL,
    campaign_id bigint NOT NULL,
    kind        text   NOT NULL,
    state       text   NOT NULL,
    params      text   NOT NULL,
    error       text   NOT NULL,
    total       bigint NOT NULL,
    done        bigint NOT NULL,
    accepted    bigint NOT NULL,
    duplicate   bigint NOT NULL,
    rejected    bigint NOT NULL,
    resume      text   NOT NULL,
    created_at  bigint NOT NULL,
    started_at  bigint NOT NULL,
    finished_at bigint NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX job_uuid ON job (account_id, uuid);
CREATE INDEX job_open ON job (account_id, id) WHERE state IN ('queued', 'running');

CREATE TABLE lease (
    account_id bigint NOT NULL,
    line       text   NOT NULL,
    holder     text   NOT NULL,
    fence      bigint NOT NULL,
    until      bigint NOT NULL,
    PRIMARY KEY (account_id, line)
) /* CLUSTERED */;
