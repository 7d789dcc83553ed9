-- +goose Up

-- Rows of an import that goes in whole or not at all, until it is known to. Nothing but their job looks at them.
CREATE TABLE import_row (
    account_id bigint NOT NULL,
    job_id     bigint NOT NULL,
    n          bigint NOT NULL, -- of the row in its file
    person_key text   NOT NULL,
    contact    text   NOT NULL, -- JSON
    PRIMARY KEY (account_id, job_id, n)
) /* CLUSTERED */;
CREATE UNIQUE INDEX import_row_person ON import_row (account_id, job_id, person_key);

ALTER TABLE job ADD COLUMN rows_read bigint NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN pace bigint NOT NULL DEFAULT 0; -- of done, a second, lately
