-- What everything stands on: the app's role, the reference tables of codes, the log of events, the log of
-- reads, idempotency, and the few facts of this installation.
--
-- Row-level security reads four settings that db.Do sets for each transaction:
--   app.sites         the ids of the sites whose records the actor may see, separated by commas
--   app.role          the actor's role; 'system' for Waypost's own jobs
--   app.caller        the id of the API key
--   app.organisation  the id of the organisation whose key it is

-- +goose Up
-- +goose StatementBegin
do $$
begin
  if not exists (select from pg_roles where rolname = 'waypost_app') then
    create role waypost_app nologin;
  end if;
exception when insufficient_privilege then
  raise exception 'the role waypost_app is missing: ask an administrator of PostgreSQL for "create role waypost_app nologin; grant waypost_app to %"', current_user;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
do $$
begin
  -- Where the server signs in as the owner, it becomes waypost_app at once, which owns nothing.
  if not pg_has_role(current_user, 'waypost_app', 'member') then
    execute format('grant waypost_app to %I', current_user);
  end if;
exception when insufficient_privilege then null; -- then it signs in as waypost_app itself
end $$;
-- +goose StatementEnd

create extension if not exists pg_trgm; -- likely duplicates in the directory
grant usage on schema public to waypost_app;
grant select on goose_db_version to waypost_app; -- serve refuses to start when migrations are behind

-- Reference tables, one a list of internal/platform/codes/codes.yaml, which fills them after every migration.
-- +goose StatementBegin
do $$
declare list text;
begin
  foreach list in array array[
    'needs', 'sources', 'organisation_reasons', 'patient_reasons', 'withdrawal_reasons', 'move_reasons',
    'non_attendance_reasons', 'closure_reasons', 'loss_reasons', 'unused_reasons', 'wait_bands', 'activity_types',
    'capacities', 'modes', 'genders', 'ethnic_categories', 'carers', 'contact_preferences', 'consent_purposes',
    'consent_decisions', 'contact_kinds', 'contact_outcomes', 'attempt_results', 'respondents', 'collectors',
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
    execute format('grant select on code_%s to waypost_app', list);
  end loop;
end $$;
-- +goose StatementEnd

-- A foreign key for a column of type text[]: check_codes('<list>', '<column>').
-- +goose StatementBegin
create function check_codes() returns trigger language plpgsql as $$
declare unknown text;
begin
  execute format('select c from unnest(($1).%I) c where c not in (select code from %I) limit 1', tg_argv[1], 'code_' || tg_argv[0])
    into unknown using new;
  if unknown is not null then
    raise foreign_key_violation using message = 'unknown code', constraint = tg_table_name || '_' || tg_argv[1], table = tg_table_name;
  end if;
  return new;
end $$;
-- +goose StatementEnd

-- One row: the facts of this installation.
create table installation (
  single       boolean primary key default true check (single),
  demo         boolean not null default false,   -- synthetic people; its clock may be moved
  demo_loaded  boolean not null default false,   -- loading a demo finished
  clock_offset bigint  not null default 0        -- microseconds by which a demo's clock was moved
);
insert into installation default values;
grant select, update on installation to waypost_app;

-- The one log. Append-only; nothing refers to it, so that it can be partitioned. data holds ids, codes and dates only.
create table events (
  id           uuid primary key,
  site_id      uuid,                 -- null: about the directory or the installation
  type         text not null,        -- such as referral.accepted
  subject_type text not null,
  subject_id   uuid not null,
  patient_id   uuid,                 -- whose timeline it is on
  referral_id  uuid,                 -- and which referral's
  actor_role   text not null,
  actor_key_id uuid,                 -- the API key; null for a job
  link_worker_id uuid,               -- the link worker behind the key, or on whose behalf it acted
  on_behalf    boolean not null default false,
  side         text not null,        -- whose account it is: link_worker, organisation, patient, system
  occurred_at  timestamptz not null,
  recorded_at  timestamptz not null,
  data         jsonb not null
);
create index events_patient  on events (site_id, patient_id, occurred_at, id) where patient_id is not null;
create index events_referral on events (referral_id, occurred_at, id) where referral_id is not null;
create index events_feed     on events (site_id, id);
alter table events enable row level security;
create policy site_rows on events for select
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy write on events for insert
  with check (current_setting('app.role', true) <> '' and (site_id is null or current_setting('app.role', true) in ('administrator', 'data_steward', 'organisation', 'system')
    or site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[])));
create policy all_sites on events for select
  using (current_setting('app.role', true) in ('administrator', 'system'));
grant select, insert on events to waypost_app;

-- Who read which identifiable people; a list is one row with its ids. Partitioned by month.
create table access_log (
  at           timestamptz not null,
  site_id      uuid not null,
  actor_role   text not null,
  actor_key_id uuid,
  link_worker_id uuid,
  operation    text not null,
  patient_ids  uuid[] not null
) partition by range (at);
create table access_log_other partition of access_log default;
create index access_log_at on access_log (at);
alter table access_log enable row level security;
alter table access_log_other enable row level security;
create policy write on access_log for insert with check (current_setting('app.role', true) <> '');
create policy all_sites on access_log for select using (current_setting('app.role', true) = 'system');
grant insert, select on access_log to waypost_app;

-- Makes the month's partition of the access log. The app's role may not create tables, so the owner's right is lent here.
-- +goose StatementBegin
create function ensure_access_log_month(month date) returns void language plpgsql security definer set search_path = public as $$
declare
  first date := date_trunc('month', month);
  name text := 'access_log_' || to_char(month, 'YYYY_MM');
begin
  if to_regclass(name) is null then
    execute format('create table %I partition of access_log for values from (%L) to (%L)', name, first, first + interval '1 month');
    execute format('alter table %I enable row level security', name);
  end if;
exception
  when check_violation then null;  -- rows of that month are in access_log_other already; they stay there
  when duplicate_table then null;  -- another process was quicker
end $$;
-- +goose StatementEnd
revoke all on function ensure_access_log_month(date) from public;
grant execute on function ensure_access_log_month(date) to waypost_app;

-- The answer to each POST under an Idempotency-Key, for 24 hours.
create table idempotency (
  caller_id  uuid not null,            -- the API key
  key        text not null,
  request    bytea not null,           -- SHA-256 of the operation and the body
  authority  bytea not null,           -- SHA-256 of what the caller was allowed to see then: a replay needs the same
  status     int not null,
  header     jsonb not null,           -- Location and ETag
  body       bytea not null,           -- without one-time secrets
  created_at timestamptz not null,
  primary key (caller_id, key)
);
create index idempotency_age on idempotency (created_at);
alter table idempotency enable row level security;
create policy own on idempotency using (caller_id::text = current_setting('app.caller', true));
create policy system_jobs on idempotency using (current_setting('app.role', true) = 'system');
grant select, insert, update, delete on idempotency to waypost_app;

-- +goose Down
select 1;
