-- +goose Up

-- How far the search index has come: full segments from the account's first contact on, and short ones behind them.
-- Both are counted from id 0.
CREATE TABLE search_state (
    account_id bigint NOT NULL PRIMARY KEY,
    full_n     bigint NOT NULL,
    short_n    bigint NOT NULL
);

-- The segments' parts: see the package posting. A question reads one part of every segment, so these lie together.
CREATE TABLE search_part (
    account_id bigint NOT NULL,
    level      bigint NOT NULL, -- 0 = short, 1 = full
    part       bigint NOT NULL,
    segment    bigint NOT NULL,
    data       bytea  NOT NULL,
    PRIMARY KEY (account_id, level, part, segment)
) /* CLUSTERED */;

-- Contacts that are no longer what their segment says of them. They are looked at themselves until it is made anew.
CREATE TABLE search_stale (
    account_id bigint NOT NULL,
    id         bigint NOT NULL,
    changes    bigint NOT NULL, -- since it was last in a segment
    PRIMARY KEY (account_id, id)
) /* CLUSTERED */;

-- Whoever changes a contact's name, phone or fields, or takes it out, need not know of the index. States are none of
-- its business.
-- only sqlite
-- +goose StatementBegin
CREATE TRIGGER contact_stale AFTER UPDATE OF name_fold, phone, fields, campaign_id, deleted_at ON contact
WHEN OLD.name_fold <> NEW.name_fold OR OLD.phone <> NEW.phone OR OLD.fields <> NEW.fields OR OLD.campaign_id <> NEW.campaign_id OR OLD.deleted_at <> NEW.deleted_at
BEGIN
    INSERT INTO search_stale (account_id, id, changes) VALUES (NEW.account_id, NEW.id, 1)
    ON CONFLICT (account_id, id) DO UPDATE SET changes = search_stale.changes + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER contact_gone AFTER DELETE ON contact
BEGIN
    INSERT INTO search_stale (account_id, id, changes) VALUES (OLD.account_id, OLD.id, 1)
    ON CONFLICT (account_id, id) DO UPDATE SET changes = search_stale.changes + 1;
END;
-- +goose StatementEnd
-- only postgres
ALTER TABLE search_part ALTER COLUMN data SET STORAGE EXTERNAL;
-- +goose StatementBegin
CREATE FUNCTION contact_stale() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO search_stale (account_id, id, changes) VALUES (OLD.account_id, OLD.id, 1)
    ON CONFLICT (account_id, id) DO UPDATE SET changes = search_stale.changes + 1;
    RETURN NULL;
END
$body$;
-- +goose StatementEnd
CREATE TRIGGER contact_stale AFTER UPDATE OF name_fold, phone, fields, campaign_id, deleted_at ON contact FOR EACH ROW
WHEN (OLD.name_fold <> NEW.name_fold OR OLD.phone <> NEW.phone OR OLD.fields <> NEW.fields OR OLD.campaign_id <> NEW.campaign_id OR OLD.deleted_at <> NEW.deleted_at)
EXECUTE FUNCTION contact_stale();
CREATE TRIGGER contact_gone AFTER DELETE ON contact FOR EACH ROW EXECUTE FUNCTION contact_stale();
-- both
