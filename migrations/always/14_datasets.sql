-- Datasets for research: projects, their members and their releases.

-- Makes a researcher's key a member of a project: a steward any, and a researcher their own of what they have proposed.
create or replace function join_project(project uuid, member uuid, at_time timestamptz) returns boolean
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if not (acting_role() = 'data_steward' or acting_role() = 'researcher' and member = acting_key()
      and exists (select from projects p where p.id = project and p.created_by = member and p.state = 'draft')) then
    return false;
  end if;
  update api_keys set project_ids = array_append(array_remove(project_ids, project), project), version = version + 1, updated_at = at_time
    where id = member and role = 'researcher' and revoked_at is null;
  return found;
end $$;
call only_for('join_project(uuid, uuid, timestamptz)', 'waypost_staff');

-- And takes it off again.
create or replace function leave_project(project uuid, member uuid, at_time timestamptz) returns boolean
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if acting_role() <> 'data_steward' then
    return false;
  end if;
  update api_keys set project_ids = array_remove(project_ids, project), version = version + 1, updated_at = at_time
    where id = member and role = 'researcher' and project = any(project_ids);
  return found;
end $$;
call only_for('leave_project(uuid, uuid, timestamptz)', 'waypost_staff');

-- The keys that reach a project, for its stewards and for one another.
create or replace function members_of(project uuid)
  returns table (id uuid, label text, hint text, expires_on date, revoked_at timestamptz)
  language sql stable security definer set search_path = public, pg_temp as $$
  select k.id, k.label, k.hint, k.expires_on, k.revoked_at from api_keys k
  where k.role = 'researcher' and project = any(k.project_ids)
    and (acting_role() = 'data_steward' or project = any(acting_projects()))
  order by k.id $$;
call only_for('members_of(uuid)', 'waypost_staff');

-- How many of the sites that a project names are there, and which of the timepoints and of the sites' own instruments: a
-- researcher, who sees no site, may propose one.
create or replace function named_at(sites uuid[], codes text[], keys text[])
  returns table (site_count int, timepoints text[], instruments text[])
  language sql stable security definer set search_path = public, pg_temp as $$
  select (select count(*)::int from sites s where s.id = any(named_at.sites)),
         array(select distinct c.code from schedules c where c.site_id = any(named_at.sites) and c.code = any(named_at.codes)),
         array(select distinct i.key from instruments i where i.site_id = any(named_at.sites) and i.key = any(named_at.keys)) $$;
call only_for('named_at(uuid[], text[], text[])', 'waypost_staff', 'waypost_jobs');

-- How many of the projects are there: an administrator, who sees none, may make a researcher's key for one.
create or replace function projects_there(ids uuid[]) returns int
  language sql stable security definer set search_path = public, pg_temp as $$
  select count(*)::int from projects p where p.id = any(ids) $$;
call only_for('projects_there(uuid[])', 'waypost_staff', 'waypost_jobs');

call reset_access('projects', 'releases', 'cohort');

grant select, insert, update on projects to waypost_staff, waypost_jobs;
create policy stewards on projects to waypost_staff using ((select acting_role()) = 'data_steward');
create policy members on projects for select to waypost_staff using (id = any((select acting_projects())::uuid[]));
create policy proposed on projects for insert to waypost_staff
  with check ((select acting_role()) = 'researcher' and state = 'draft');
create policy jobs on projects to waypost_jobs using (true);

grant select, insert, update on releases to waypost_staff, waypost_jobs;
create policy stewards on releases to waypost_staff using ((select acting_role()) = 'data_steward');
create policy members on releases for select to waypost_staff using (project_id = any((select acting_projects())::uuid[]));
create policy asked_for on releases for insert to waypost_staff
  with check ((select acting_role()) = 'researcher' and state = 'building' and project_id = any((select acting_projects())::uuid[]));
create policy jobs on releases to waypost_jobs using (true);

-- No row is ever here: stage makes temporary tables of its form. Nobody reads or writes it.
create policy nobody on cohort using (false);
