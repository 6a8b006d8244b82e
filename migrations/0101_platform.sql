-- What everything stands on: reference tables of codes, facts of this installation, the log of events, the log of
-- reads, and answers kept for repeated requests.
--
-- The numbered files hold tables, a file an area; what is added later is a file of its own. Functions, triggers, views,
-- policies and grants are in always/.

-- +goose Up
create extension if not exists pg_trgm; -- likely duplicates in the directory

-- River's tables have a schema of their own; River's own migrations fill it, right after these (see platform/jobs).
create schema river;
grant usage on schema river to waypost_app;
alter default privileges in schema river grant select, insert, update, delete on tables to waypost_app;
alter default privileges in schema river grant usage, select on sequences to waypost_app;

-- Reference tables, one a list of internal/platform/codes/codes.yaml, which fills them after every migration.
-- +goose StatementBegin
do $$
declare list text;
begin
  foreach list in array array[
    'needs', 'sources', 'organisation_reasons', 'patient_reasons', 'withdrawal_reasons', 'move_reasons',
    'non_attendance_reasons', 'closure_reasons', 'loss_reasons', 'unused_reasons', 'wait_bands', 'activity_types',
    'capacities', 'modes', 'genders', 'ethnic_categories', 'carers', 'contact_preferences', 'consent_purposes',
    'consent_decisions', 'contact_kinds', 'contact_outcomes', 'attempt_results', 'respondents', 'helpers', 'collectors',
    'missing_codes', 'well_being_since', 'uses', 'benefits', 'referral_statuses', 'episode_statuses', 'follow_up_states', 'sides']
  loop
    execute format($t$create table code_%1$s (
      code       text primary key,
      code_group text,                          -- what the code rolls up to
      gloss      text not null,                 -- what it means
      side       text,                          -- whose reason it is: organisation, patient, link_worker, any
      active     boolean not null default true, -- false: old records hold it, new ones may not
      sort       int not null                   -- the order in which people see it
    )$t$, list);
  end loop;
end $$;
-- +goose StatementEnd

-- One row: the facts of this installation.
create table installation (
  single           boolean primary key default true check (single),
  demo             boolean not null default false,  -- synthetic people; its clock may be moved
  demo_loaded      boolean not null default false,  -- loading a demo finished
  clock_offset     bigint  not null default 0,      -- microseconds by which a demo's clock was moved
  feed_position    bigint not null default 0,       -- of the newest event that has one
  -- A known text, encrypted under the master key, which is not in the database: it opens under that key alone, and tells
  -- nothing of it. Null until a process that has a master key has started.
  master_key_check bytea
);

insert into installation default values;

-- The order in which events were written. Whoever locks a referral writes after whoever locked it before, so that its own
-- events are in their order here whatever their clocks said. (A default and not an identity, which a staged copy would lack.)
create sequence events_arrived;

-- The one log. Append-only; nothing refers to it, so that it can be partitioned. data holds ids, codes and dates only.
create table events (
  id                   uuid primary key,
  site_id              uuid,           -- null: about the directory or the installation
  type                 text not null,  -- such as referral.accepted
  subject_type         text not null,
  subject_id           uuid not null,
  patient_id           uuid,           -- whose timeline it is on
  referral_id          uuid,           -- and which referral's
  actor_role           text not null,
  actor_key_id         uuid,           -- the API key; null for a job
  link_worker_id       uuid,           -- the link worker behind the key, or on whose behalf it acted
  on_behalf            boolean not null default false,
  side                 text not null,  -- whose account it is: link_worker, organisation, patient, system
  occurred_at          timestamptz not null,
  recorded_at          timestamptz not null,
  data                 jsonb not null,
  arrived              bigint default nextval('events_arrived'),
  position             bigint,         -- its place in the feed; null: it has none yet
  told_organisation_id uuid            -- the organisation that sees it there; set with the position
);
alter sequence events_arrived owned by events.arrived;
create index events_patient  on events (site_id, patient_id, occurred_at, id) where patient_id is not null;
create index events_referral on events (referral_id, occurred_at, id) where referral_id is not null;
create index events_unpublished on events (arrived) where position is null;
create unique index events_position on events (position) where position is not null;
create index events_of_site on events (site_id, position) where position is not null;
create index events_of_organisation on events (told_organisation_id, position) where told_organisation_id is not null;
create index events_of_no_site on events (position) where position is not null and site_id is null;

-- Who read which identifiable people; a list is one row with its ids. Partitioned by month.
create table access_log (
  at             timestamptz not null,
  site_id        uuid not null,
  actor_role     text not null,
  actor_key_id   uuid,
  link_worker_id uuid,
  operation      text not null,
  patient_ids    uuid[] not null
) partition by range (at);
create index access_log_at on access_log (at);

create table access_log_other partition of access_log default;

-- The answer to each POST under an Idempotency-Key, for 24 hours.
create table idempotency (
  caller_id  uuid not null,   -- the API key
  key        text not null,
  request    bytea not null,  -- SHA-256 of the operation and the body
  authority  bytea not null,  -- SHA-256 of what the caller was allowed to see then: a replay needs the same
  status     int not null,
  header     jsonb not null,  -- Location and ETag
  body       bytea not null,  -- without one-time secrets
  created_at timestamptz not null,
  -- Who is shown by the answer: [{site_id, patient_ids}]. A repeat is noted in the log of reads.
  people     jsonb not null default '[]',
  primary key (caller_id, key)
);
create index idempotency_age on idempotency (created_at);
