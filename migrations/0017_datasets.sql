-- Datasets for research: projects, who may reach them, and their frozen releases.

-- +goose Up
create table projects (
  id            uuid primary key,
  title         text not null,
  purpose       text not null,
  legal_basis   text not null check (legal_basis in ('explicit_consent', 'anonymised', 'section_251')),
  setting       text not null check (setting in ('safe_setting', 'outside')),
  setting_reason text,                       -- why a small group is acceptable in the safe setting, in the steward's words
  site_ids      uuid[] not null,
  instruments   text[] not null,             -- whose answers and scores leave
  timepoints    text[] not null,             -- the schedules' codes whose follow-ups leave
  schedule      jsonb not null default '[]', -- [{code, analysis_from, target, analysis_to}]: windows of its own, in days
  quasi_identifiers text[] not null,         -- what a person could be recognised by, together
  generalisation text[] not null,            -- which of them is made coarser, a step each, in this order
  minimum_k     int not null check (minimum_k >= 5), -- the fewest people who are alike in all of them
  most_suppressed_percent int not null check (most_suppressed_percent between 0 and 50), -- people left out at most, before one more step is taken
  expires_on    date not null,               -- the last day, in UTC, that releases are made and read
  state         text not null check (state in ('draft', 'approved')),
  approved_by   uuid,                        -- the data steward's key
  approved_at   timestamptz,
  created_by    uuid,
  pseudonym_key bytea not null,              -- encrypted under the master key, which is not in the database
  version       int not null default 1,
  created_at    timestamptz not null,
  updated_at    timestamptz not null
);
alter table projects enable row level security;
create policy stewards on projects using (current_setting('app.role', true) in ('data_steward', 'system'));
create policy members on projects for select
  using (id = any(string_to_array(nullif(current_setting('app.projects', true), ''), ',')::uuid[]));
create policy proposed on projects for insert
  with check (current_setting('app.role', true) = 'researcher' and state = 'draft');
grant select, insert, update on projects to waypost_app;

create table releases (
  id           uuid primary key,
  project_id   uuid not null references projects,
  number       int not null,                 -- counts up in its project
  state        text not null check (state in ('building', 'ready', 'refused', 'failed')),
  reason       text,                         -- the requester's, in words
  reasons      jsonb not null default '[]',  -- why it was refused or failed
  requested_by uuid,
  attempts     int not null default 0,       -- how often it was begun
  try_at       timestamptz,                  -- when it is begun, or begun again; null: it has ended
  as_of        timestamptz,                  -- of the one snapshot that it was read from
  finished_at  timestamptz,
  report       jsonb,                        -- n, k, what was generalised, the flow of participants
  files        jsonb not null default '[]',  -- [{name, bytes, sha256, rows}]
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  unique (project_id, number),
  check ((state = 'ready') = (as_of is not null and finished_at is not null and files <> '[]'))
);
create index releases_due on releases (try_at) where try_at is not null;
alter table releases enable row level security;
create policy stewards on releases using (current_setting('app.role', true) in ('data_steward', 'system'));
create policy members on releases for select
  using (project_id = any(string_to_array(nullif(current_setting('app.projects', true), ''), ',')::uuid[]));
create policy asked_for on releases for insert
  with check (current_setting('app.role', true) = 'researcher' and state = 'building'
    and project_id = any(string_to_array(nullif(current_setting('app.projects', true), ''), ',')::uuid[]));
grant select, insert, update on releases to waypost_app;

-- Makes a researcher's key a member of a project: a steward any, and a researcher their own of what they have proposed.
-- +goose StatementBegin
create function join_project(project uuid, member uuid, at_time timestamptz) returns boolean language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if not (current_setting('app.role', true) = 'data_steward'
      or current_setting('app.role', true) = 'researcher' and member::text = current_setting('app.caller', true)
        and exists (select from projects p where p.id = project and p.created_by = member and p.state = 'draft')) then
    return false;
  end if;
  update api_keys set project_ids = array_append(array_remove(project_ids, project), project), version = version + 1, updated_at = at_time
    where id = member and role = 'researcher' and revoked_at is null;
  return found;
end $$;
-- +goose StatementEnd
revoke all on function join_project(uuid, uuid, timestamptz) from public;
grant execute on function join_project(uuid, uuid, timestamptz) to waypost_app;

-- And takes it off again.
-- +goose StatementBegin
create function leave_project(project uuid, member uuid, at_time timestamptz) returns boolean language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if current_setting('app.role', true) is distinct from 'data_steward' then
    return false;
  end if;
  update api_keys set project_ids = array_remove(project_ids, project), version = version + 1, updated_at = at_time
    where id = member and role = 'researcher' and project = any(project_ids);
  return found;
end $$;
-- +goose StatementEnd
revoke all on function leave_project(uuid, uuid, timestamptz) from public;
grant execute on function leave_project(uuid, uuid, timestamptz) to waypost_app;

-- The keys that reach a project, for its stewards and for one another.
create function members_of(project uuid)
  returns table (id uuid, label text, hint text, expires_on date, revoked_at timestamptz)
  language sql stable security definer set search_path = public, pg_temp as $$
  select k.id, k.label, k.hint, k.expires_on, k.revoked_at from api_keys k
  where k.role = 'researcher' and project = any(k.project_ids)
    and (current_setting('app.role', true) = 'data_steward' or project::text = any(string_to_array(nullif(current_setting('app.projects', true), ''), ',')))
  order by k.id $$;
revoke all on function members_of(uuid) from public;
grant execute on function members_of(uuid) to waypost_app;

-- How many of the sites that a project names are there, and which of the timepoints and of the sites' own instruments: a
-- researcher, who sees no site, may propose one.
create function named_at(sites uuid[], codes text[], keys text[]) returns table (site_count int, timepoints text[], instruments text[])
  language sql stable security definer set search_path = public, pg_temp as $$
  select (select count(*)::int from sites s where s.id = any(named_at.sites)),
         array(select distinct c.code from schedules c where c.site_id = any(named_at.sites) and c.code = any(named_at.codes)),
         array(select distinct i.key from instruments i where i.site_id = any(named_at.sites) and i.key = any(named_at.keys)) $$;
revoke all on function named_at(uuid[], text[], text[]) from public;
grant execute on function named_at(uuid[], text[], text[]) to waypost_app;

-- How many of the projects are there: an administrator, who sees none, may make a researcher's key for one.
create function projects_there(ids uuid[]) returns int
  language sql stable security definer set search_path = public, pg_temp as $$
  select count(*)::int from projects p where p.id = any(ids) $$;
revoke all on function projects_there(uuid[]) from public;
grant execute on function projects_there(uuid[]) to waypost_app;

-- Tells row-level security who acts, until the transaction ends.
drop function act_as(uuid[], text, uuid, uuid, uuid);
create function act_as(sites uuid[], role text, caller uuid, organisation uuid, patient uuid default null, projects uuid[] default null) returns void language sql as $$
  select set_config('app.sites', coalesce(array_to_string(sites, ','), ''), true),
         set_config('app.role', role, true),
         set_config('app.caller', coalesce(caller::text, ''), true),
         set_config('app.organisation', coalesce(organisation::text, ''), true),
         set_config('app.patient', coalesce(patient::text, ''), true),
         set_config('app.projects', coalesce(array_to_string(projects, ','), ''), true) $$;
revoke all on function act_as(uuid[], text, uuid, uuid, uuid, uuid[]) from public;
grant execute on function act_as(uuid[], text, uuid, uuid, uuid, uuid[]) to waypost_app;

-- The only way to a credential before anybody is known: by its hash. As it was, and with the projects of a researcher.
drop function enter(bytea, uuid);
-- +goose StatementBegin
create function enter(hash bytea, worker uuid)
  returns table (id uuid, key_hash bytea, role text, label text, site_ids uuid[], organisation_id uuid, project_ids uuid[], link_worker_id uuid, expires_on date, revoked_at timestamptz, worker_is text)
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  select k.id, k.key_hash, k.role, k.label,
         case when k.role = 'dashboard' and k.site_ids = '{}' then array(select s.id from sites s) else k.site_ids end,
         k.organisation_id, k.project_ids, k.link_worker_id, k.expires_on, k.revoked_at
    into id, key_hash, role, label, site_ids, organisation_id, project_ids, link_worker_id, expires_on, revoked_at
    from api_keys k where k.key_hash = hash;
  if not found then
    return;
  end if;
  perform act_as(site_ids, role, id, organisation_id, null, project_ids);
  if worker is not null then
    worker_is := coalesce((select case when w.active then 'active' else 'inactive' end from link_workers w where w.id = worker and w.site_id = any(site_ids)), 'unknown');
  end if;
  return next;
end $$;
-- +goose StatementEnd
revoke all on function enter(bytea, uuid) from public;
grant execute on function enter(bytea, uuid) to waypost_app;

-- The people of a release, as they leave: filled in the transaction that reads it, in a temporary table of this form (stage),
-- and nowhere else. Nobody may write here.
create table cohort (
  site_id       uuid not null,
  patient_id    uuid not null,
  place         bigint not null,  -- the order of rows, which tells nothing of the order of recording
  until         date not null,    -- what lies after it does not leave; infinity: all may
  consent       text not null,
  site          text not null,    -- pseudonymous, or all
  age_band      text not null,
  gender        text not null,
  ethnic_group  text not null,
  imd_quintile  text not null
);
alter table cohort enable row level security;
create policy nobody on cohort using (false);

-- +goose Down
select 1;
