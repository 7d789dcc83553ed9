-- +goose Up
-- The count agent.work as of a turn, of whoever had the conversation and of whoever has it from then on: it orders what an
-- agent was given and gave back without asking clocks. 0 = nobody, and turns before this migration. Neither database
-- rewrites the table for it.
ALTER TABLE conversation_turn ADD COLUMN left_work  bigint NOT NULL DEFAULT 0;
ALTER TABLE conversation_turn ADD COLUMN agent_work bigint NOT NULL DEFAULT 0;
