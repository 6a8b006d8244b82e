-- Sites, their link workers, their follow-up schedules, and the credentials that reach them.

-- +goose Up
create table sites (
  id          uuid primary key,
  name        text not null,
  code        text not null constraint sites_code unique,
  ods_code    text check (ods_code ~ '^[A-Z0-9]{3,10}$'), -- of the practice or network
  time_zone   text not null default 'Europe/London',      -- days of records are days here
  chase_days  int[] not null default '{5,10}',            -- days after sending when a silent organisation is asked again
  expiry_days int not null default 14 check (expiry_days between 1 and 365),
  disclosure_threshold int not null default 8 check (disclosure_threshold >= 8), -- smallest number of people a figure may rest on
  version     int not null default 1,
  created_at  timestamptz not null,
  updated_at  timestamptz not null
);
alter table sites enable row level security;
create policy site_rows on sites for select
  using (id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy all_sites on sites
  using (current_setting('app.role', true) in ('administrator', 'data_steward', 'system'));
grant select, insert, update on sites to waypost_app;

-- Which day it is at a site is asked by everybody who records there, an organisation too, which sees no site's row.
create function site_time_zone(site uuid) returns text language sql stable security definer set search_path = public
  as $$ select time_zone from sites where id = site $$;
revoke all on function site_time_zone(uuid) from public;
grant execute on function site_time_zone(uuid) to waypost_app;

-- When a site follows people up. Offsets are ISO 8601 periods from the anchor's day.
create table schedules (
  site_id       uuid not null references sites,
  code          text not null check (code ~ '^[a-z][a-z0-9_]{0,29}$'),
  anchor        text not null check (anchor in ('baseline', 'first_contact', 'received_on', 'enrolled_on')),
  opens_after   text not null,   -- the contact window: from here people are asked,
  target_after  text not null,   -- best here,
  closes_after  text not null,   -- and no later than here
  analysis_from int not null check (analysis_from >= 0),             -- the analysis window, in days after the anchor:
  analysis_to   int not null check (analysis_to >= analysis_from),   -- a response outside it never counts as change
  primary key (site_id, code)
);
alter table schedules enable row level security;
create policy site_rows on schedules for select
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy all_sites on schedules
  using (current_setting('app.role', true) in ('administrator', 'data_steward', 'system'));
grant select, insert, update, delete on schedules to waypost_app;

create table link_workers (
  site_id    uuid not null references sites,
  id         uuid not null unique,
  name       text not null,
  email      text not null,
  active     boolean not null default true, -- inactive: keeps their records, takes no new episode
  version    int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (site_id, id)
);
create unique index link_workers_email on link_workers (site_id, lower(email));
alter table link_workers enable row level security;
create policy site_rows on link_workers
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy all_sites on link_workers
  using (current_setting('app.role', true) in ('administrator', 'system'));
grant select, insert, update on link_workers to waypost_app;

-- Credentials. The key itself is never stored: key_hash is its SHA-256, which is enough for 256 random bits.
create table api_keys (
  id              uuid primary key,
  key_hash        bytea not null unique,
  hint            text not null,          -- its last four characters, to tell keys apart
  label           text not null,
  role            text not null check (role in ('link_worker', 'site_manager', 'integration', 'organisation', 'dashboard', 'researcher', 'data_steward', 'administrator')),
  site_ids        uuid[] not null default '{}',
  organisation_id uuid,
  project_ids     uuid[] not null default '{}',
  link_worker_id  uuid,
  expires_on      date,
  revoked_at      timestamptz,
  created_by      uuid,                   -- the key that made it; null: made on the command line
  created_at      timestamptz not null,
  updated_at      timestamptz not null
);
alter table api_keys enable row level security;
create policy administrators on api_keys using (current_setting('app.role', true) in ('administrator', 'system'));
grant select, insert, update on api_keys to waypost_app;

-- The only way to a credential before anybody is known: by its hash. The sites of a dashboard that names none are all sites.
create function find_api_key(hash bytea)
  returns table (id uuid, key_hash bytea, role text, label text, site_ids uuid[], organisation_id uuid, project_ids uuid[], link_worker_id uuid, expires_on date, revoked_at timestamptz)
  language sql stable security definer set search_path = public as $$
  select k.id, k.key_hash, k.role, k.label,
         case when k.role = 'dashboard' and k.site_ids = '{}' then array(select s.id from sites s) else k.site_ids end,
         k.organisation_id, k.project_ids, k.link_worker_id, k.expires_on, k.revoked_at
  from api_keys k where k.key_hash = hash $$;
revoke all on function find_api_key(bytea) from public;
grant execute on function find_api_key(bytea) to waypost_app;

-- +goose Down
select 1;
