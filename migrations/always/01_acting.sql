-- Who acts: what row-level security asks, and the two procedures by which the other files say who may do what.
--
-- Every file of this folder is applied again whenever its text changes (see always.go): it says the whole of what it is
-- about, and what it said before is gone. Each begins its tables with reset_access, so that their policies are those it
-- lists, and no others.
--
-- Five database roles run every query:
--   waypost_app            nobody yet: it may find out who a credential belongs to, and reads no table of records
--   waypost_staff          a key of staff, of a partner system, a dashboard, a researcher or an administrator
--   waypost_organisations  an organisation, by its key or by a link to one referral
--   waypost_patients       a person behind their own link
--   waypost_jobs           Waypost's own jobs and its command line
-- A transaction begins as waypost_app, and act_as makes it one of the others (platform/db). With a role each, a table has
-- one simple condition a role, which an index can use; conditions of several on one role are joined by OR, and none can.

create or replace function acting_sites() returns uuid[] language sql stable parallel safe as $$
  select string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[] $$;

create or replace function acting_role() returns text language sql stable parallel safe as $$
  select coalesce(current_setting('app.role', true), '') $$;

create or replace function acting_key() returns uuid language sql stable parallel safe as $$
  select nullif(current_setting('app.caller', true), '')::uuid $$;

create or replace function acting_organisation() returns uuid language sql stable parallel safe as $$
  select nullif(current_setting('app.organisation', true), '')::uuid $$;

-- The one referral that an organisation reaches by a link; null: all of its own.
create or replace function acting_referral() returns uuid language sql stable parallel safe as $$
  select nullif(current_setting('app.referral', true), '')::uuid $$;

create or replace function acting_patient() returns uuid language sql stable parallel safe as $$
  select nullif(current_setting('app.patient', true), '')::uuid $$;

create or replace function acting_projects() returns uuid[] language sql stable parallel safe as $$
  select string_to_array(nullif(current_setting('app.projects', true), ''), ',')::uuid[] $$;

-- What every transaction calls is in PL/pgSQL, which keeps its plans for the session; a function in SQL that cannot be
-- inlined is planned at each call.

-- Makes the transaction run as the database role of whoever acts, until it ends. A function with its owner's rights may
-- not do this, so whoever authenticates by one calls it next.
create or replace function assume_role() returns void language plpgsql as $$
begin
  perform set_config('role', case acting_role()
    when '' then 'waypost_app'
    when 'system' then 'waypost_jobs'
    when 'organisation' then 'waypost_organisations'
    when 'patient' then 'waypost_patients'
    else 'waypost_staff' end, true);
end $$;

-- Says who acts, without changing the database role.
create or replace function set_actor(sites uuid[], role text, caller uuid, organisation uuid default null,
    patient uuid default null, projects uuid[] default null, referral uuid default null) returns void language plpgsql as $$
begin
  perform set_config('app.sites', coalesce(array_to_string(sites, ','), ''), true),
    set_config('app.role', role, true),
    set_config('app.caller', coalesce(caller::text, ''), true),
    set_config('app.organisation', coalesce(organisation::text, ''), true),
    set_config('app.patient', coalesce(patient::text, ''), true),
    set_config('app.projects', coalesce(array_to_string(projects, ','), ''), true),
    set_config('app.referral', coalesce(referral::text, ''), true);
end $$;

-- Says who acts, until the transaction ends.
create or replace function act_as(sites uuid[], role text, caller uuid, organisation uuid default null,
    patient uuid default null, projects uuid[] default null, referral uuid default null) returns void language plpgsql as $$
begin
  perform set_actor(sites, role, caller, organisation, patient, projects, referral);
  perform assume_role();
end $$;

-- For the files of this folder: drops the policies of tables and takes all rights to them away, and puts them under
-- row-level security.
create or replace procedure reset_access(variadic tables regclass[]) language plpgsql as $$
declare
  t regclass;
  policy name;
begin
  foreach t in array tables loop
    for policy in select polname from pg_policy where polrelid = t loop
      execute format('drop policy %I on %s', policy, t);
    end loop;
    execute format('revoke all on %s from public, waypost_app, waypost_staff, waypost_organisations, waypost_patients, waypost_jobs', t);
    execute format('alter table %s enable row level security', t);
  end loop;
end $$;
revoke all on procedure reset_access(regclass[]) from public;

-- For the files of this folder: lets these roles call a function, and nobody else.
create or replace procedure only_for(callee regprocedure, variadic roles name[] default '{}') language plpgsql as $$
declare r name;
begin
  execute format('revoke all on function %s from public, waypost_app, waypost_staff, '
    'waypost_organisations, waypost_patients, waypost_jobs', callee);
  foreach r in array roles loop
    execute format('grant execute on function %s to %I', callee, r);
  end loop;
end $$;
revoke all on procedure only_for(regprocedure, name[]) from public;

grant usage on schema public to waypost_app, waypost_staff, waypost_organisations, waypost_patients, waypost_jobs;

-- For the files of this folder: makes the two views of a table of which rows may be entered in error. The table is
-- called <name>_all. The view <name> holds what stands, for everybody who reads or writes; recorded_<name> holds
-- mistakes too, each with who said so, when and why. Columns come in the order of the table, since PostgreSQL adds
-- columns to a view at its end alone.
create or replace procedure make_views_of_record(name text) language plpgsql as $$
declare
  columns text := (select string_agg(format('t.%I', attname), ', ' order by attnum) from pg_attribute
    where attrelid = (name || '_all')::regclass and attnum > 0 and not attisdropped and attname <> 'void_id');
begin
  execute format('create or replace view %I with (security_invoker) as select %s from %I t where t.void_id is null',
    name, columns, name || '_all');
  execute format('create or replace view %I with (security_invoker) as
    select case when v.id is not null then jsonb_build_object(''at'', v.at, ''reason'', v.reason, ''by'', jsonb_build_object(
      ''role'', v.by_role, ''link_worker_id'', v.by_link_worker_id, ''on_behalf'', v.by_on_behalf)) end as entered_in_error,
      %s
    from %I t left join voids v on v.site_id = t.site_id and v.id = t.void_id',
    'recorded_' || name, columns, name || '_all');
  execute format('revoke all on %I, %I from public, waypost_app, waypost_staff, waypost_organisations, waypost_patients, waypost_jobs',
    name, 'recorded_' || name);
end $$;
