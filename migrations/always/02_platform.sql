-- Codes, the facts of this installation, the log of events, the log of reads, answers kept for repeated requests, and rows
-- that come many at a time.

-- A foreign key for a column of type text[]: check_codes('<list>', '<column>').
create or replace function check_codes() returns trigger language plpgsql as $$
declare unknown text;
begin
  execute format('select c from unnest(($1).%I) c where c not in (select code from %I) limit 1', tg_argv[1], 'code_' || tg_argv[0])
    into unknown using new;
  if unknown is not null then
    raise foreign_key_violation using message = 'unknown code', constraint = tg_table_name || '_' || tg_argv[1], table = tg_table_name;
  end if;
  return new;
end $$;

-- Reference tables are read by everybody, and written by migrations alone.
do $$
declare list text;
begin
  for list in select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and relname like 'code\_%' loop
    execute format('grant select on %I to waypost_app, waypost_staff, waypost_organisations, waypost_patients, waypost_jobs', list);
  end loop;
end $$;

grant select on goose_db_version to waypost_app; -- serve refuses to start when migrations are behind
grant select on installation to waypost_app, waypost_staff, waypost_organisations, waypost_patients, waypost_jobs;
grant update on installation to waypost_staff, waypost_jobs;

-- Makes the month's partition of the access log. No role of the app may create tables, so the owner's right is lent here.
create or replace function ensure_access_log_month(month date) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
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
call only_for('ensure_access_log_month(date)', 'waypost_jobs');

-- Locks the caller's Idempotency-Key until the transaction ends, and finds what was answered under it since then. Volatile,
-- so that the search sees what a twin committed before it gave the key up.
create or replace function claim_idempotency_key(name text, since timestamptz)
  returns table (claimed boolean, request bytea, authority bytea, status int, header jsonb, body bytea)
  language plpgsql volatile as $$
declare caller uuid := current_setting('app.caller')::uuid;
begin
  claimed := pg_try_advisory_xact_lock(hashtextextended(caller || '/' || name, 0));
  if claimed then
    select i.request, i.authority, i.status, i.header, i.body into request, authority, status, header, body
      from idempotency i where i.caller_id = caller and i.key = name and i.created_at > since;
  end if;
  return next;
end $$;
call only_for('claim_idempotency_key(text, timestamptz)', 'waypost_staff', 'waypost_organisations', 'waypost_jobs');

-- COPY into a table is refused under row-level security. So rows are copied into a table that looks like their target, and
-- go on from there by an insert, which is held to policies, keys and triggers as any other. The table is a temporary one:
-- no other session can read it, so it needs no policy; two loaders cannot meet in it; it ends with the transaction.
-- The roles of the app may make no table of their own, temporary or not (one named like ours would come first wherever a
-- function looks for it), so the owner's right is lent here, for this one name.
create or replace function stage(target name) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
declare staging text := format('pg_temp.%I', 'staged_' || target);
begin
  if to_regclass(staging) is null then
    execute format('create temp table %I on commit drop as select * from public.%I with no data', 'staged_' || target, target);
    execute format('grant select, insert, truncate on %s to waypost_staff, waypost_jobs', staging);
  end if;
end $$;
call only_for('stage(name)', 'waypost_staff', 'waypost_jobs');

-- After many rows the planner's statistics are of the few that were there before. Autovacuum mends that some minutes
-- later; this does at once. Only an owner may analyse, so the owner's right is lent for all of its tables.
create or replace function refresh_statistics() returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
declare ours regclass;
begin
  for ours in select oid from pg_class
      where relnamespace = 'public'::regnamespace and relkind = 'r' and pg_has_role(relowner, 'member') order by oid loop
    execute format('analyze %s', ours);
  end loop;
end $$;
call only_for('refresh_statistics()', 'waypost_jobs');

-- Reports whether an event waits for its position, to whoever reads the feed.
create or replace function events_wait() returns boolean language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from events where position is null) $$;
call only_for('events_wait()', 'waypost_staff', 'waypost_organisations', 'waypost_jobs');

call reset_access('events', 'access_log', 'access_log_other', 'idempotency');

-- An event is never changed; the publisher alone gives it its position.
grant select, insert on events to waypost_staff, waypost_organisations, waypost_jobs;
grant insert on events to waypost_patients;
grant update (position, told_organisation_id) on events to waypost_jobs;
grant usage on sequence events_arrived to waypost_staff, waypost_organisations, waypost_patients, waypost_jobs;
create policy jobs on events to waypost_jobs using (true);
create policy staff on events for select to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy administrators on events for select to waypost_staff using ((select acting_role()) = 'administrator');
-- A data steward reads what happened to keys, projects and the directory: events of no site. They say nothing of a person.
create policy stewards on events for select to waypost_staff
  using (site_id is null and (select acting_role()) = 'data_steward');
create policy staff_record on events for insert to waypost_staff
  with check (site_id is null or site_id = any((select acting_sites())::uuid[])
    or (select acting_role()) in ('administrator', 'data_steward'));
create policy organisations on events for select to waypost_organisations
  using (told_organisation_id = (select acting_organisation()));
create policy organisations_record on events for insert to waypost_organisations with check (true);
create policy patients_record on events for insert to waypost_patients
  with check (site_id = any((select acting_sites())::uuid[]) and patient_id = (select acting_patient()));

grant insert on access_log to waypost_staff, waypost_organisations, waypost_patients, waypost_jobs;
grant select on access_log to waypost_jobs;
create policy record on access_log for insert to waypost_staff, waypost_organisations, waypost_patients, waypost_jobs
  with check (true);
create policy jobs on access_log for select to waypost_jobs using (true);

grant select, insert, update, delete on idempotency to waypost_staff, waypost_organisations, waypost_jobs;
create policy own on idempotency to waypost_staff, waypost_organisations using (caller_id = (select acting_key()));
create policy jobs on idempotency to waypost_jobs using (true);
