-- +goose Up

-- What is in flight: messages that may have left and whose answer is not recorded. The contact's own row
-- and the attempt are written once, with the answer; until then this row is what says that nobody may
-- write to this person.
CREATE TABLE intent (
    account_id  bigint NOT NULL,
    person_key  text   NOT NULL,
    contact_id  bigint NOT NULL,
    attempt_id  bigint NOT NULL,
    campaign_id bigint NOT NULL,
    sender_id   bigint NOT NULL,
    number      bigint NOT NULL,
    epoch       bigint NOT NULL,
    at          bigint NOT NULL,
    PRIMARY KEY (account_id, person_key)
) /* CLUSTERED */;
