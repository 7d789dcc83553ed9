-- +goose Up

-- A member of teams. chats is how many conversations they have now, never more than capacity.
CREATE TABLE agent (
    account_id bigint NOT NULL,
    id         bigint NOT NULL,
    uuid       text   NOT NULL,
    name       text   NOT NULL,
    user_id    bigint NOT NULL, -- who signs in as this agent; 0 = none
    token_id   bigint NOT NULL, -- the token that acts as this agent; 0 = none
    capacity   bigint NOT NULL,
    state      text   NOT NULL,
    reason     text   NOT NULL, -- of a break
    chats      bigint NOT NULL,
    moves      bigint NOT NULL, -- of states so far: the last agent_move's n
    work       bigint NOT NULL, -- grows whenever something of theirs changes
    state_at   bigint NOT NULL,
    seen_at    bigint NOT NULL, -- the last heartbeat
    idle_at    bigint NOT NULL, -- since when without new work: who waits longest is next
    until_at   bigint NOT NULL, -- the end of wrap-up or of a reservation; 0 = none
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    removed_at bigint NOT NULL, -- 0 = still there
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX agent_uuid ON agent (account_id, uuid);
CREATE UNIQUE INDEX agent_name ON agent (account_id, name) WHERE removed_at = 0;
CREATE UNIQUE INDEX agent_user ON agent (account_id, user_id) WHERE user_id <> 0 AND removed_at = 0;
CREATE UNIQUE INDEX agent_token ON agent (account_id, token_id) WHERE token_id <> 0 AND removed_at = 0;
CREATE INDEX agent_free ON agent (account_id, idle_at, id) WHERE state = 'available';
CREATE INDEX agent_seen ON agent (account_id, seen_at, id) WHERE state <> 'offline';
CREATE INDEX agent_until ON agent (account_id, until_at, id) WHERE until_at <> 0;

CREATE TABLE queue_agent (
    account_id bigint NOT NULL,
    queue_id   bigint NOT NULL,
    agent_id   bigint NOT NULL,
    PRIMARY KEY (account_id, queue_id, agent_id)
) /* CLUSTERED */;
CREATE INDEX queue_agent_of ON queue_agent (account_id, agent_id, queue_id);

-- Every change of an agent's state.
CREATE TABLE agent_move (
    account_id bigint NOT NULL,
    agent_id   bigint NOT NULL,
    n          bigint NOT NULL,
    at         bigint NOT NULL,
    event      text   NOT NULL,
    from_state text   NOT NULL,
    to_state   text   NOT NULL,
    reason     text   NOT NULL,
    PRIMARY KEY (account_id, agent_id, n)
) /* CLUSTERED */;

-- The doors that conversations come in by, and what leads to which.
CREATE TABLE routing_point (
    account_id bigint NOT NULL,
    id         bigint NOT NULL,
    uuid       text   NOT NULL,
    name       text   NOT NULL,
    queue_id   bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX routing_point_uuid ON routing_point (account_id, uuid);
CREATE UNIQUE INDEX routing_point_name ON routing_point (account_id, name);

CREATE TABLE routing_rule (
    account_id       bigint NOT NULL,
    id               bigint NOT NULL,
    routing_point_id bigint NOT NULL,
    kind             text   NOT NULL,
    value            text   NOT NULL,
    created_at       bigint NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX routing_rule_value ON routing_rule (account_id, kind, value);

-- How a conversation ended. An id never changes and is never given again; one that is not wanted any more is archived.
CREATE TABLE activity_code (
    account_id   bigint NOT NULL,
    id           bigint NOT NULL,
    uuid         text   NOT NULL,
    parent_id    bigint NOT NULL, -- the main code of a sub-code; 0 = a main one
    code         text   NOT NULL,
    name         text   NOT NULL,
    suppress     text   NOT NULL, -- the scope; '' = nothing
    callback     bigint NOT NULL, -- 1 = closing with it takes a moment to call back
    stop_contact bigint NOT NULL, -- 1 = the contact is not tried again
    created_at   bigint NOT NULL,
    updated_at   bigint NOT NULL,
    archived_at  bigint NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX activity_code_uuid ON activity_code (account_id, uuid);
CREATE UNIQUE INDEX activity_code_code ON activity_code (account_id, parent_id, code);

CREATE TABLE canned_reply (
    account_id bigint NOT NULL,
    id         bigint NOT NULL,
    queue_id   bigint NOT NULL, -- whose agents see it; 0 = everybody
    title      text   NOT NULL,
    body       text   NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (account_id, id)
);

ALTER TABLE conversation ADD COLUMN routing_point_id bigint NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN queue_id         bigint NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN agent_id         bigint NOT NULL DEFAULT 0; -- whose it is, or was when it closed
ALTER TABLE conversation ADD COLUMN former_agent_id  bigint NOT NULL DEFAULT 0; -- who is asked first when it waits again
ALTER TABLE conversation ADD COLUMN activity_code_id bigint NOT NULL DEFAULT 0; -- the sub-code where there is one
ALTER TABLE conversation ADD COLUMN source           text   NOT NULL DEFAULT ''; -- the ad or post it came from
ALTER TABLE conversation ADD COLUMN turns            bigint NOT NULL DEFAULT 0; -- the last conversation_turn's n
ALTER TABLE conversation ADD COLUMN queued_at        bigint NOT NULL DEFAULT 0; -- since when it waits, also when it was taken from an agent
ALTER TABLE conversation ADD COLUMN assigned_at      bigint NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN answered_at      bigint NOT NULL DEFAULT 0; -- an agent's first reply
ALTER TABLE conversation ADD COLUMN snoozed_until    bigint NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN window_at        bigint NOT NULL DEFAULT 0; -- the person's last message to this sender; 0 = none known
ALTER TABLE conversation ADD COLUMN away_at          bigint NOT NULL DEFAULT 0; -- when the queue's automatic replies were said
ALTER TABLE conversation ADD COLUMN wait_at          bigint NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN close_reason     text   NOT NULL DEFAULT '';
UPDATE conversation SET window_at = last_at WHERE state <> 'closed';
CREATE INDEX conversation_waiting ON conversation (account_id, queue_id, queued_at, id) WHERE state = 'queued';
CREATE INDEX conversation_away ON conversation (account_id, queue_id, id) WHERE state = 'queued' AND away_at = 0;
CREATE INDEX conversation_wait ON conversation (account_id, queue_id, queued_at) WHERE state = 'queued' AND wait_at = 0;
CREATE INDEX conversation_agent ON conversation (account_id, agent_id, id) WHERE state IN ('assigned', 'snoozed');
CREATE INDEX conversation_snoozed ON conversation (account_id, snoozed_until, id) WHERE state = 'snoozed';
CREATE INDEX conversation_unrouted ON conversation (account_id, id) WHERE state = 'unrouted';
CREATE INDEX conversation_queue ON conversation (account_id, queue_id, id);

-- Every change of whose a conversation is.
CREATE TABLE conversation_turn (
    account_id      bigint NOT NULL,
    conversation_id bigint NOT NULL,
    n               bigint NOT NULL,
    at              bigint NOT NULL,
    event           text   NOT NULL,
    state           text   NOT NULL, -- from then on, as the next two
    queue_id        bigint NOT NULL,
    agent_id        bigint NOT NULL,
    actor           text   NOT NULL,
    PRIMARY KEY (account_id, conversation_id, n)
) /* CLUSTERED */;

CREATE TABLE conversation_note (
    account_id      bigint NOT NULL,
    id              bigint NOT NULL,
    conversation_id bigint NOT NULL,
    agent_id        bigint NOT NULL,
    author          text   NOT NULL,
    body            text   NOT NULL,
    at              bigint NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX conversation_note_of ON conversation_note (account_id, conversation_id, id);

-- Who is to be called back: a conversation of theirs is opened then.
CREATE TABLE callback (
    account_id      bigint NOT NULL,
    id              bigint NOT NULL,
    conversation_id bigint NOT NULL, -- the one that ended with it
    queue_id        bigint NOT NULL,
    agent_id        bigint NOT NULL, -- who is asked first
    note            text   NOT NULL,
    at              bigint NOT NULL,
    done_at         bigint NOT NULL, -- 0 = still to come
    opened_id       bigint NOT NULL, -- the conversation it opened or joined
    PRIMARY KEY (account_id, id)
);
CREATE INDEX callback_due ON callback (account_id, at, id) WHERE done_at = 0;

-- Messages go both ways: what we say has a row in outgoing too, under the same id.
ALTER TABLE message ADD COLUMN direction     text   NOT NULL DEFAULT 'in';
ALTER TABLE message ADD COLUMN attachment_id bigint NOT NULL DEFAULT 0;

CREATE TABLE outgoing (
    account_id      bigint NOT NULL,
    id              bigint NOT NULL,
    conversation_id bigint NOT NULL,
    sender_id       bigint NOT NULL,
    agent_id        bigint NOT NULL, -- 0 = nobody's: an automatic reply, or a token's
    author          text   NOT NULL,
    state           text   NOT NULL,
    epoch           bigint NOT NULL,
    template_id     bigint NOT NULL, -- 0 = free text or media
    parameters      text   NOT NULL, -- JSON
    provider_id     text   NOT NULL,
    provider_key    bigint NOT NULL,
    tries           bigint NOT NULL,
    reason          text   NOT NULL,
    code            bigint NOT NULL,
    detail          text   NOT NULL,
    queued_at       bigint NOT NULL,
    due_at          bigint NOT NULL,
    deadline_at     bigint NOT NULL,
    posted_at       bigint NOT NULL, -- when it became durable that the request leaves
    accepted_at     bigint NOT NULL,
    sent_at         bigint NOT NULL,
    delivered_at    bigint NOT NULL,
    read_at         bigint NOT NULL,
    failed_at       bigint NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX outgoing_due ON outgoing (account_id, due_at, id) WHERE state = 'queued';
CREATE INDEX outgoing_open ON outgoing (account_id, posted_at, id) WHERE state = 'open';
CREATE INDEX outgoing_undone ON outgoing (account_id, conversation_id, id) WHERE state IN ('queued', 'open');
CREATE INDEX outgoing_provider ON outgoing (account_id, provider_key) WHERE provider_key <> 0;

-- Files that people sent, to be fetched once, and files that we send.
CREATE TABLE attachment (
    account_id      bigint NOT NULL,
    id              bigint NOT NULL,
    uuid            text   NOT NULL,
    conversation_id bigint NOT NULL,
    message_id      bigint NOT NULL,
    sender_id       bigint NOT NULL, -- with whose token it is fetched
    source          text   NOT NULL, -- media: address is the provider's id; link: a public address; upload: ours
    address         text   NOT NULL,
    kind            text   NOT NULL, -- image, video, audio, document, sticker
    name            text   NOT NULL,
    said_type       text   NOT NULL, -- as the provider or the uploader says
    type            text   NOT NULL, -- as its bytes say
    size            bigint NOT NULL,
    sha256          text   NOT NULL,
    blob            text   NOT NULL, -- where its bytes are; '' = not here
    state           text   NOT NULL,
    detail          text   NOT NULL,
    tries           bigint NOT NULL,
    due_at          bigint NOT NULL,
    created_at      bigint NOT NULL,
    fetched_at      bigint NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX attachment_uuid ON attachment (account_id, uuid);
CREATE INDEX attachment_due ON attachment (account_id, due_at, id) WHERE state = 'waiting';
CREATE INDEX attachment_message ON attachment (account_id, message_id) WHERE message_id <> 0;
CREATE INDEX conversation_state ON conversation (account_id, state, id);
