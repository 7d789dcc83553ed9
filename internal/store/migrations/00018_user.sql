-- +goose Up

-- People who work with Arauto. They are disabled, never deleted: the audit names them.
CREATE TABLE account_user (
    account_id  bigint  NOT NULL,
    id          bigint  NOT NULL, -- of the whole deployment: below zero it stands for a user where a token's would
    email       text    NOT NULL, -- lower case
    name        text    NOT NULL,
    role        text    NOT NULL,
    password    text    NOT NULL, -- argon2id; '' = none
    temporary   boolean NOT NULL, -- lets in only to choose another password
    created_at  bigint  NOT NULL,
    updated_at  bigint  NOT NULL,
    password_at bigint  NOT NULL,
    disabled_at bigint  NOT NULL,
    login_at    bigint  NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX account_user_email ON account_user (email);

-- Log-ins that last. The cookie's value is kept as a hash.
CREATE TABLE session (
    account_id bigint NOT NULL,
    id         bigint NOT NULL,
    user_id    bigint NOT NULL,
    hash       text   NOT NULL,
    address    text   NOT NULL,
    agent      text   NOT NULL,
    created_at bigint NOT NULL,
    seen_at    bigint NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX session_hash ON session (hash);
CREATE INDEX session_of_user ON session (account_id, user_id, id);

-- Wrong passwords, by e-mail (hashed: strangers type anything) and by address.
CREATE TABLE guess (
    subject text   NOT NULL PRIMARY KEY,
    count   bigint NOT NULL,
    at      bigint NOT NULL,
    until   bigint NOT NULL
);

-- Who changed something: 0 for tokens and the system.
ALTER TABLE audit ADD COLUMN user_id bigint NOT NULL DEFAULT 0;
