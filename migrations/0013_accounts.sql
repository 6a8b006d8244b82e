-- What a general practice is asked to do, for the message back to it.

-- +goose Up
alter table episodes
  add column requested_actions text;  -- free text, in this row alone, so that erasure can blank it; null: no action is requested

-- +goose Down
select 1;
