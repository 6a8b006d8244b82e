-- The database knows which master key its secrets are encrypted under, so that another is never taken for it.

-- +goose Up

-- A known text, encrypted under the master key, which is not in the database: it opens under that key alone, and tells nothing of it.
-- Null until a process that has a master key has started.
alter table installation add column master_key_check bytea;

-- +goose Down
select 1;
