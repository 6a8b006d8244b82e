-- Who changed which field of a record from what to what, when.

-- +goose Up
create table record_changes (
  site_id           uuid not null references sites,
  position          bigint generated always as identity,  -- the order in which changes were made
  subject_type      text not null,  -- patient, episode, referral, contact, follow_up
  subject_id        uuid not null,
  field             text not null,  -- the column
  from_value        jsonb,          -- null: there was none
  to_value          jsonb,
  changed_at        timestamptz not null,
  by_role           text not null,
  by_link_worker_id uuid,
  by_on_behalf      boolean not null,
  primary key (site_id, position)
);
create index record_changes_of on record_changes (site_id, subject_id, position);

-- Why somebody read what is logged, where a reason is asked for.
alter table access_log add column reason text;
