-- What the files numbered 1 to 31 made, by pg_dump: databases that were made by them are adopted (see migrations/adopt.go).
set check_function_bodies = off;
CREATE SCHEMA river;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';
CREATE TYPE river.river_job_state AS ENUM (
    'available',
    'cancelled',
    'completed',
    'discarded',
    'pending',
    'retryable',
    'running',
    'scheduled'
);
CREATE FUNCTION public.act_as(sites uuid[], role text, caller uuid, organisation uuid, patient uuid DEFAULT NULL::uuid, projects uuid[] DEFAULT NULL::uuid[]) RETURNS void
    LANGUAGE sql
    AS $$
  select set_config('app.sites', coalesce(array_to_string(sites, ','), ''), true),
         set_config('app.role', role, true),
         set_config('app.caller', coalesce(caller::text, ''), true),
         set_config('app.organisation', coalesce(organisation::text, ''), true),
         set_config('app.patient', coalesce(patient::text, ''), true),
         set_config('app.projects', coalesce(array_to_string(projects, ','), ''), true) $$;
CREATE FUNCTION public.age_band(born date, on_day date) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when years < 18 then 'under_18' when years < 35 then '18_34' when years < 50 then '35_49' when years < 65 then '50_64' when years < 80 then '65_79' else '80_over' end
  from (select extract(year from age(on_day, born)) as years) a $$;
CREATE FUNCTION public.answers_end_with_follow_up() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform delete_unsent_answers(new.site_id, new.patient_id, new.updated_at);
  return null;
end $$;
CREATE FUNCTION public.answers_end_with_link() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform delete_unsent_answers(f.site_id, f.patient_id, new.ended_at) from follow_ups f where f.site_id = new.site_id and f.id = new.follow_up_id;
  return null;
end $$;
CREATE FUNCTION public.answers_end_with_person() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform delete_unsent_answers(new.site_id, new.id, new.updated_at);
  return null;
end $$;
CREATE FUNCTION public.authenticate(hash bytea, worker uuid, at_time timestamp with time zone) RETURNS TABLE(id uuid, key_hash bytea, role text, label text, site_ids uuid[], organisation_id uuid, project_ids uuid[], link_worker_id uuid, expires_on date, worker_is text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  k api_keys;
begin
  select * into k from api_keys a where a.key_hash = hash;
  if not found or key_state(k, at_time) <> 'works' then
    return;
  end if;
  select k.id, k.key_hash, k.role, k.label,
         case when k.role = 'dashboard' and k.site_ids = '{}' then array(select s.id from sites s) else k.site_ids end,
         k.organisation_id, k.project_ids, k.link_worker_id, k.expires_on
    into id, key_hash, role, label, site_ids, organisation_id, project_ids, link_worker_id, expires_on;
  perform act_as(site_ids, role, id, organisation_id, null, project_ids);
  if worker is not null then
    worker_is := coalesce((select case when w.active then 'active' else 'inactive' end from link_workers w where w.id = worker and w.site_id = any(site_ids)), 'unknown');
  end if;
  if isfinite(at_time) and coalesce(k.last_used_at < at_time - interval '1 hour', true) and current_setting('transaction_read_only') = 'off' then
    begin
      update api_keys a set last_used_at = at_time where a.id = (select b.id from api_keys b where b.id = k.id for no key update skip locked);
    exception when others then
      null; -- a request does not fail for it
    end;
  end if;
  return next;
end $$;
CREATE FUNCTION public.authenticate_by_reply_link(hash bytea) RETURNS TABLE(id uuid, token_hash bytea, ends_at timestamp with time zone, referral_id uuid, organisation_id uuid, organisation_active boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  select l.id, l.token_hash, l.ends_at, l.referral_id, r.organisation_id, o.status <> 'inactive'
    into id, token_hash, ends_at, referral_id, organisation_id, organisation_active
    from reply_links l join referrals r on r.site_id = l.site_id and r.id = l.referral_id join organisations o on o.id = r.organisation_id
    where l.token_hash = hash;
  if not found then
    return;
  end if;
  perform act_as('{}'::uuid[], 'organisation', id, organisation_id), set_config('app.referral', referral_id::text, true);
  return next;
end $$;
CREATE FUNCTION public.caller_partner() RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select partner_id from api_keys where id = nullif(current_setting('app.caller', true), '')::uuid $$;
CREATE FUNCTION public.check_codes() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
declare unknown text;
begin
  execute format('select c from unnest(($1).%I) c where c not in (select code from %I) limit 1', tg_argv[1], 'code_' || tg_argv[0])
    into unknown using new;
  if unknown is not null then
    raise foreign_key_violation using message = 'unknown code', constraint = tg_table_name || '_' || tg_argv[1], table = tg_table_name;
  end if;
  return new;
end $_$;
CREATE FUNCTION public.claim_idempotency_key(name text, since timestamp with time zone) RETURNS TABLE(claimed boolean, request bytea, authority bytea, status integer, header jsonb, body bytea)
    LANGUAGE plpgsql
    AS $$
declare caller uuid := current_setting('app.caller')::uuid;
begin
  claimed := pg_try_advisory_xact_lock(hashtextextended(caller || '/' || name, 0));
  if claimed then
    select i.request, i.authority, i.status, i.header, i.body into request, authority, status, header, body
      from idempotency i where i.caller_id = caller and i.key = name and i.created_at > since;
  end if;
  return next;
end $$;
CREATE FUNCTION public.consent_stands(site uuid, patient uuid, for_purpose text) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select exists (select from standing_consents c
    where c.site_id = site and c.patient_id = patient and c.purpose = for_purpose and c.permits) $$;
CREATE FUNCTION public.delete_unsent_answers(of_site uuid, of_patient uuid, at_time timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  perform from episodes e where e.site_id = of_site and e.patient_id = of_patient order by e.id for no key update;
  delete from follow_up_answers a using follow_ups f, patients p, sites s
    where f.site_id = a.site_id and f.id = a.follow_up_id and p.site_id = f.site_id and p.id = f.patient_id and s.id = f.site_id
      and (of_site is null or a.site_id = of_site) and (of_patient is null or f.patient_id = of_patient)
      and (f.completed_on is not null or f.loss_reason in ('declined', 'withdrew', 'died', 'lacks_capacity') or p.died_on is not null
        or exists (select from standing_consents c
          where c.site_id = f.site_id and c.patient_id = f.patient_id and c.purpose = 'follow_up_contact' and c.rules_out)
        or not exists (select from follow_up_links l
          where l.site_id = f.site_id and l.follow_up_id = f.id and l.ended_at is null and l.expires_on >= (at_time at time zone s.time_zone)::date)
        or (select max(o.updated_at) from follow_up_answers o where o.site_id = a.site_id and o.follow_up_id = a.follow_up_id)
          <= at_time - interval '30 days');
end $$;
CREATE FUNCTION public.ensure_access_log_month(month date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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
CREATE FUNCTION public.enter(hash bytea, worker uuid) RETURNS TABLE(id uuid, key_hash bytea, role text, label text, site_ids uuid[], organisation_id uuid, project_ids uuid[], link_worker_id uuid, expires_on date, revoked_at timestamp with time zone, worker_is text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return query select a.id, a.key_hash, a.role, a.label, a.site_ids, a.organisation_id, a.project_ids, a.link_worker_id, a.expires_on, null::timestamptz, a.worker_is
    from authenticate(hash, worker, '-infinity') a;
end $$;
CREATE FUNCTION public.enter_by_link(hash bytea) RETURNS TABLE(token_hash bytea, site_id uuid, follow_up_id uuid, patient_id uuid, expires_on date)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  select l.token_hash, l.site_id, l.follow_up_id, f.patient_id, l.expires_on
    into token_hash, site_id, follow_up_id, patient_id, expires_on
    from follow_up_links l join follow_ups f on f.site_id = l.site_id and f.id = l.follow_up_id
    where l.token_hash = hash and l.ended_at is null;
  if not found then
    return;
  end if;
  perform act_as(array[site_id], 'patient', null, null, patient_id);
  return next;
end $$;
CREATE FUNCTION public.enter_by_reply_link(hash bytea) RETURNS TABLE(id uuid, token_hash bytea, ends_at timestamp with time zone, referral_id uuid, organisation_id uuid)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return query select l.id, l.token_hash, l.ends_at, l.referral_id, l.organisation_id from authenticate_by_reply_link(hash) l where l.organisation_active;
end $$;
CREATE FUNCTION public.events_wait() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select exists (select from events where position is null) $$;
CREATE FUNCTION public.join_project(project uuid, member uuid, at_time timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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
CREATE FUNCTION public.keep_external_ids() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if tg_op = 'UPDATE' then
    delete from external_ids where site_id = new.site_id and subject_id = new.id;
  end if;
  insert into external_ids (site_id, system, value, subject_type, subject_id)
    select new.site_id, e->>'system', e->>'value', tg_table_name, new.id from jsonb_array_elements(new.external_ids) e;
  return null;
end $$;
CREATE FUNCTION public.keep_standing_consents() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  a record;
  winner uuid;
begin
  for a in select site_id, patient_id, purpose, max(created_at) as at_time from added group by 1, 2, 3 order by 1, 2, 3 loop
    perform from patients p where p.site_id = a.site_id and p.id = a.patient_id for no key update;
    select s.id into winner from standing_consent(a.site_id, a.patient_id, a.purpose) s;
    update consents c set stands = false
      where c.site_id = a.site_id and c.patient_id = a.patient_id and c.purpose = a.purpose and c.stands and c.id is distinct from winner;
    update consents c set stands = true
      where c.site_id = a.site_id and c.patient_id = a.patient_id and c.purpose = a.purpose and c.id = winner and not c.stands;
    if a.purpose = 'follow_up_contact' then
      perform delete_unsent_answers(a.site_id, a.patient_id, a.at_time);
    end if;
  end loop;
  return null;
end $$;
CREATE FUNCTION public.key_named(key uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select jsonb_build_object('key_id', k.id, 'role', k.role, 'label', k.label) from api_keys k where k.id = key $$;
CREATE FUNCTION public.key_origin(key uuid) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  with recursive chain as (
    select id, created_by, confirmed_by from api_keys where id = key
    union all
    select m.id, m.created_by, m.confirmed_by from chain c join api_keys m on m.id = c.created_by where c.confirmed_by is null)
  select id from chain where created_by is null or confirmed_by is not null $$;
CREATE TABLE public.api_keys (
    id uuid NOT NULL,
    key_hash bytea NOT NULL,
    hint text NOT NULL,
    label text NOT NULL,
    role text NOT NULL,
    site_ids uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    organisation_id uuid,
    project_ids uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    link_worker_id uuid,
    expires_on date,
    revoked_at timestamp with time zone,
    created_by uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    partner_id uuid NOT NULL,
    replaces uuid,
    confirmed_at timestamp with time zone DEFAULT 
CASE
    WHEN (current_setting('app.role'::text, true) = 'system'::text) THEN now()
    ELSE NULL::timestamp with time zone
END,
    confirmed_by uuid,
    last_used_at timestamp with time zone,
    CONSTRAINT api_keys_role_check CHECK ((role = ANY (ARRAY['link_worker'::text, 'site_manager'::text, 'integration'::text, 'organisation'::text, 'dashboard'::text, 'researcher'::text, 'data_steward'::text, 'administrator'::text])))
);
CREATE FUNCTION public.key_state(k public.api_keys, at_time timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select case
    when k.revoked_at is not null then 'revoked'
    when k.expires_on <= (at_time at time zone 'UTC')::date + 1 and k.expires_on < (at_time at time zone
      coalesce((select s.time_zone from sites s where s.id = k.site_ids[1]), 'Europe/London'))::date then 'expired'
    when exists (select from link_workers w where w.id = k.link_worker_id and not w.active)
      or exists (select from organisations o where o.id = k.organisation_id and o.status = 'inactive') then 'inactive'
    when k.confirmed_at is null then 'pending'
    else 'works' end $$;
CREATE FUNCTION public.leave_project(project uuid, member uuid, at_time timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if current_setting('app.role', true) is distinct from 'data_steward' then
    return false;
  end if;
  update api_keys set project_ids = array_remove(project_ids, project), version = version + 1, updated_at = at_time
    where id = member and role = 'researcher' and project = any(project_ids);
  return found;
end $$;
CREATE FUNCTION public.mail_statistics(at_time timestamp with time zone) RETURNS TABLE(state text, messages bigint, oldest_seconds double precision)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select case when o.state = 'waiting' and o.why = 'held' then 'held' else o.state end, count(*),
         coalesce(extract(epoch from at_time - min(o.created_at) filter (where o.state in ('waiting', 'sending'))), 0)::double precision
  from outbox o where o.channel = 'email' group by 1 $$;
CREATE FUNCTION public.members_of(project uuid) RETURNS TABLE(id uuid, label text, hint text, expires_on date, revoked_at timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select k.id, k.label, k.hint, k.expires_on, k.revoked_at from api_keys k
  where k.role = 'researcher' and project = any(k.project_ids)
    and (current_setting('app.role', true) = 'data_steward' or project::text = any(string_to_array(nullif(current_setting('app.projects', true), ''), ',')))
  order by k.id $$;
CREATE FUNCTION public.month_number(d date) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select (date_part('year', d) * 12 + date_part('month', d) - 1)::int $$;
CREATE FUNCTION public.named_at(sites uuid[], codes text[], keys text[]) RETURNS TABLE(site_count integer, timepoints text[], instruments text[])
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select (select count(*)::int from sites s where s.id = any(named_at.sites)),
         array(select distinct c.code from schedules c where c.site_id = any(named_at.sites) and c.code = any(named_at.codes)),
         array(select distinct i.key from instruments i where i.site_id = any(named_at.sites) and i.key = any(named_at.keys)) $$;
CREATE FUNCTION public.note_email_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if new.email is distinct from old.email then
    new.email_changed_by := nullif(current_setting('app.caller', true), '')::uuid;
    new.email_pending_since := case when new.email_changed_by is not null then new.updated_at end;
  end if;
  return new;
end $$;
CREATE FUNCTION public.notice_address(organisation uuid, service uuid) RETURNS TABLE(email text, pending_since timestamp with time zone)
    LANGUAGE sql STABLE
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select coalesce(v.email, o.email), greatest(v.email_pending_since, case when v.email is null then o.email_pending_since end)
  from (select case when not email_as_written then nullif(email, '') end as email, email_pending_since from organisations where id = organisation) o
  left join (select case when not email_as_written then nullif(email, '') end as email, email_pending_since from services where id = service) v on true $$;
CREATE FUNCTION public.partner_statistics(at_time timestamp with time zone, OUT feed_position bigint, OUT feed_lag double precision, OUT deliveries_pending bigint) RETURNS record
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select i.feed_position,
         coalesce((select extract(epoch from at_time - e.recorded_at) from events e where e.position is null order by e.arrived limit 1), 0),
         (select count(*) from webhook_deliveries d where d.state = 'pending')
  from installation i $$;
CREATE FUNCTION public.patient_address_changed() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if lower(trim(new.email)) is distinct from lower(trim(old.email)) then
    new.email_changed_at := new.updated_at;
  end if;
  if regexp_replace(new.phone, '[^0-9]', '', 'g') is distinct from regexp_replace(old.phone, '[^0-9]', '', 'g') then
    new.phone_changed_at := new.updated_at;
  end if;
  return new;
end $$;
CREATE FUNCTION public.project_time_zone(project uuid) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select s.time_zone from projects p join sites s on s.id = p.site_ids[1] where p.id = project $$;
CREATE FUNCTION public.projects_there(ids uuid[]) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select count(*)::int from projects p where p.id = any(ids) $$;
CREATE FUNCTION public.reaches_person(kind text, outcome text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select outcome in ('spoke', 'attended') and kind <> 'on_behalf' $$;
CREATE FUNCTION public.referral_days() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare zone text := site_time_zone(new.site_id);
begin
  new.sent_on := (new.sent_at at time zone zone)::date;
  new.responded_on := (new.responded_at at time zone zone)::date;
  return new;
end $$;
CREATE FUNCTION public.referrals_taken() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  update referrals r set taken = not r.taken
  from (select distinct site_id, referral_id from changed) c
  where r.site_id = c.site_id and r.id = c.referral_id
    and r.taken <> exists (select from referral_moves m where m.site_id = r.site_id and m.referral_id = r.id and m.voided_at is null and m.to_status in ('accepted', 'in_progress', 'completed'));
  return null;
end $$;
CREATE FUNCTION public.referred_person(referral uuid) RETURNS TABLE(patient_id uuid, name text, pronouns text, phone text, email text, contact_preference text, access_needs text, link_worker_name text, link_worker_email text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select p.id, concat_ws(' ', coalesce(p.preferred_name, p.given_name), p.family_name), p.pronouns, p.phone, p.email, p.contact_preference, p.access_needs, w.name, w.email
  from referrals r
  join episodes e on e.site_id = r.site_id and e.id = r.episode_id
  join patients p on p.site_id = r.site_id and p.id = r.patient_id
  join link_workers w on w.site_id = e.site_id and w.id = e.link_worker_id
  where r.id = referral and r.kind = 'referral' and r.status in ('sent', 'expired', 'accepted', 'waitlisted', 'in_progress') and p.died_on is null
    and r.organisation_id::text = current_setting('app.organisation', true)
    and coalesce(current_setting('app.referral', true), '') in ('', r.id::text)
    and consent_stands(p.site_id, p.id, 'share_with_organisations') $$;
CREATE FUNCTION public.referred_person_died_on(referral uuid) RETURNS date
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select p.died_on from referrals r join patients p on p.site_id = r.site_id and p.id = r.patient_id
  where r.id = referral and (current_setting('app.role', true) = 'system'
    or r.site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[])
    or r.organisation_id::text = current_setting('app.organisation', true) and coalesce(current_setting('app.referral', true), '') in ('', r.id::text)) $$;
CREATE FUNCTION public.referring_phone(referral uuid) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select nullif(btrim(w.phone), '') from referrals r
  join episodes e on e.site_id = r.site_id and e.id = r.episode_id
  join link_workers w on w.site_id = e.site_id and w.id = e.link_worker_id
  where r.id = referral and exists (select from referred_person(referral)) $$;
CREATE FUNCTION public.referring_site(referral uuid) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select s.name from referrals r join sites s on s.id = r.site_id
  where r.id = referral and r.organisation_id::text = current_setting('app.organisation', true) $$;
CREATE FUNCTION public.refresh_statistics() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare ours regclass;
begin
  for ours in select oid from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and pg_has_role(relowner, 'member') order by oid loop
    execute format('analyze %s', ours);
  end loop;
end $$;
CREATE FUNCTION public.site_days() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  update referrals set sent_at = sent_at where site_id = new.id;
  return null;
end $$;
CREATE FUNCTION public.site_time_zone(site uuid) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$ select time_zone from sites where id = site $$;
CREATE FUNCTION public.stage(target name) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare staging text := format('pg_temp.%I', 'staged_' || target);
begin
  if to_regclass(staging) is null then
    execute format('create temp table %I on commit drop as select * from public.%I with no data', 'staged_' || target, target);
    execute format('grant select, insert, truncate on %s to waypost_app', staging);
  end if;
end $$;
CREATE TABLE public.consents (
    site_id uuid NOT NULL,
    id uuid NOT NULL,
    patient_id uuid NOT NULL,
    purpose text NOT NULL,
    decision text NOT NULL,
    level text,
    reason text,
    withdrawal text,
    decided_on date NOT NULL,
    method text,
    wording_version text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    replaces uuid,
    stands boolean DEFAULT false NOT NULL,
    CONSTRAINT consents_level_check CHECK ((level = ANY (ARRAY['codes_only'::text, 'summary'::text, 'full'::text]))),
    CONSTRAINT consents_withdrawal_check CHECK ((withdrawal = ANY (ARRAY['stop_contact_keep_data'::text, 'remove_my_data'::text])))
);
CREATE FUNCTION public.standing_consent(site uuid, patient uuid, for_purpose text, known timestamp with time zone DEFAULT 'infinity'::timestamp with time zone) RETURNS SETOF public.consents
    LANGUAGE sql STABLE
    AS $$
  select c.* from consents c
  where c.site_id = site and c.patient_id = patient and c.purpose = for_purpose and c.created_at <= known
    and not (c.decision = 'best_interests' and c.purpose in ('research', 'recontact', 'share_my_words'))
    and not exists (select from consents r where r.site_id = c.site_id and r.patient_id = c.patient_id and r.purpose = c.purpose
      and r.replaces = c.id and r.created_at <= known)
  order by case c.decision when 'not_asked' then 2 when 'not_obtained' then 1 else 0 end,
    c.decided_on desc, c.decision in ('declined', 'withdrawn') desc, c.created_at desc, c.id desc
  limit 1 $$;
CREATE FUNCTION public.update_by_link(hash bytea) RETURNS TABLE(project_id uuid, token_hash bytea, content jsonb, expires_on date, withdrawn_at timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select u.project_id, u.token_hash, u.content, u.expires_on, u.withdrawn_at from study_updates u where u.token_hash = hash $$;
CREATE FUNCTION public.words_may_show(site uuid, follow_up uuid, since timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select exists (select from follow_ups f where f.site_id = site and f.id = follow_up
    and consent_stands(f.site_id, f.patient_id, 'share_my_words') and consent_stands(f.site_id, f.patient_id, 'research')
    and not exists (select from consents c where c.site_id = f.site_id and c.patient_id = f.patient_id and c.purpose in ('share_my_words', 'research')
      and c.decision in ('declined', 'withdrawn') and c.created_at >= since)) $$;
CREATE FUNCTION public.words_shown(project uuid, ids uuid[]) RETURNS TABLE(id uuid, words text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select q.id, q.words from study_quotes q
  where q.project_id = project and q.id = any(ids) and q.state = 'approved' and words_may_show(q.site_id, q.follow_up_id, q.created_at)
  order by q.id $$;
CREATE FUNCTION public.words_to_choose(project uuid, after uuid, most integer) RETURNS TABLE(follow_up_id uuid, site_id uuid, patient_id uuid, completed_on date, narrative text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select f.id, f.site_id, f.patient_id, c.completed_on, c.narrative
  from projects p
  join follow_ups f on f.site_id = any(p.site_ids) and f.code = any(p.timepoints) and f.completed_on is not null
  join follow_up_completions c on c.site_id = f.site_id and c.follow_up_id = f.id and c.narrative is not null
  where p.id = project and current_setting('app.role', true) = 'data_steward' and f.id > after
    and consent_stands(f.site_id, f.patient_id, 'share_my_words') and consent_stands(f.site_id, f.patient_id, 'research')
  order by f.id limit most $$;
CREATE FUNCTION river.river_job_state_in_bitmask(bitmask bit, state river.river_job_state) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE state
        WHEN 'available' THEN get_bit(bitmask, 7)
        WHEN 'cancelled' THEN get_bit(bitmask, 6)
        WHEN 'completed' THEN get_bit(bitmask, 5)
        WHEN 'discarded' THEN get_bit(bitmask, 4)
        WHEN 'pending'   THEN get_bit(bitmask, 3)
        WHEN 'retryable' THEN get_bit(bitmask, 2)
        WHEN 'running'   THEN get_bit(bitmask, 1)
        WHEN 'scheduled' THEN get_bit(bitmask, 0)
        ELSE 0
    END = 1;
$$;
CREATE TABLE public.access_log (
    at timestamp with time zone NOT NULL,
    site_id uuid NOT NULL,
    actor_role text NOT NULL,
    actor_key_id uuid,
    link_worker_id uuid,
    operation text NOT NULL,
    patient_ids uuid[] NOT NULL
)
PARTITION BY RANGE (at);
CREATE TABLE public.access_log_other (
    at timestamp with time zone NOT NULL,
    site_id uuid NOT NULL,
    actor_role text NOT NULL,
    actor_key_id uuid,
    link_worker_id uuid,
    operation text NOT NULL,
    patient_ids uuid[] NOT NULL
);
CREATE TABLE public.assessment_scores (
    site_id uuid NOT NULL,
    assessment_id uuid NOT NULL,
    episode_id uuid NOT NULL,
    instrument text NOT NULL,
    instrument_version integer NOT NULL,
    score text NOT NULL,
    timepoint text NOT NULL,
    completed_on date NOT NULL,
    value double precision NOT NULL,
    superseded boolean DEFAULT false NOT NULL
);
CREATE TABLE public.assessments (
    site_id uuid NOT NULL,
    id uuid NOT NULL,
    episode_id uuid NOT NULL,
    instrument text NOT NULL,
    instrument_version integer NOT NULL,
    timepoint text NOT NULL,
    completed_on date NOT NULL,
    mode text NOT NULL,
    respondent text NOT NULL,
    collected_by text NOT NULL,
    language text,
    responses jsonb NOT NULL,
    scores jsonb NOT NULL,
    follow_up_id uuid,
    corrects_id uuid,
    corrected_by_id uuid,
    recorded_via text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    helper text,
    context boolean DEFAULT false NOT NULL,
    not_counted boolean DEFAULT false NOT NULL,
    CONSTRAINT assessments_helper CHECK (((helper IS NULL) OR (respondent <> 'self'::text))),
    CONSTRAINT assessments_recorded_via_check CHECK ((recorded_via = ANY (ARRAY['api'::text, 'link'::text, 'import'::text, 'demo'::text])))
);
CREATE TABLE public.attendances (
    site_id uuid NOT NULL,
    id uuid NOT NULL,
    referral_id uuid NOT NULL,
    attended_on date NOT NULL,
    attended boolean NOT NULL,
    reason text,
    reported_by text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    recorded_via text DEFAULT 'api'::text NOT NULL,
    actor_role text,
    entered_in_error jsonb,
    CONSTRAINT attendances_recorded_via_check CHECK ((recorded_via = ANY (ARRAY['api'::text, 'link'::text, 'import'::text, 'demo'::text, 'job'::text]))),
    CONSTRAINT attendances_reported_by_check CHECK ((reported_by = ANY (ARRAY['organisation'::text, 'link_worker'::text, 'patient'::text])))
);
CREATE TABLE public.code_activity_types (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_attempt_results (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_benefits (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_capacities (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_carers (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_closure_reasons (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_collectors (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_consent_decisions (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_consent_purposes (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_contact_kinds (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_contact_outcomes (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_contact_preferences (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_episode_statuses (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_ethnic_categories (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_follow_up_states (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_genders (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_helpers (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_loss_reasons (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_missing_codes (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_modes (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_move_reasons (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_needs (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_non_attendance_reasons (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_organisation_reasons (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_patient_reasons (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_referral_statuses (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_respondents (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_sides (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_sources (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_unused_reasons (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_uses (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_wait_bands (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_well_being_since (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.code_withdrawal_reasons (
    code text NOT NULL,
    code_group text,
    gloss text NOT NULL,
    side text,
    active boolean DEFAULT true NOT NULL,
    sort integer NOT NULL
);
CREATE TABLE public.cohort (
    site_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    place bigint NOT NULL,
    until date NOT NULL,
    consent text NOT NULL,
    site text NOT NULL,
    age_band text NOT NULL,
    gender text NOT NULL,
    ethnic_group text NOT NULL,
    imd_quintile text NOT NULL
);
CREATE TABLE public.contacts (
    site_id uuid NOT NULL,
    id uuid NOT NULL,
    episode_id uuid NOT NULL,
    contact_on date NOT NULL,
    mode text NOT NULL,
    minutes integer,
    kind text NOT NULL,
    outcome text NOT NULL,
    referral_id uuid,
    attended boolean,
    note text,
    external_ids jsonb DEFAULT '[]'::jsonb NOT NULL,
    recorded_via text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    CONSTRAINT contacts_minutes_check CHECK (((minutes >= 0) AND (minutes <= 1440))),
    CONSTRAINT contacts_recorded_via_check CHECK ((recorded_via = ANY (ARRAY['api'::text, 'link'::text, 'import'::text, 'demo'::text])))
);
CREATE TABLE public.episodes (
    site_id uuid NOT NULL,
    id uuid NOT NULL,
    patient_id uuid NOT NULL,
    link_worker_id uuid NOT NULL,
    source text NOT NULL,
    received_on date NOT NULL,
    need_primary text NOT NULL,
    need_others text[] DEFAULT '{}'::text[] NOT NULL,
    what_matters text,
    risks text,
    first_contact_on date,
    baseline_on date,
    status text NOT NULL,
    paused_on date,
    pause_reason text,
    closed_on date,
    closure_reason text,
    closure_note text,
    external_ids jsonb DEFAULT '[]'::jsonb NOT NULL,
    recorded_via text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    requested_actions text,
    CONSTRAINT episodes_check CHECK (((status = 'closed'::text) = ((closed_on IS NOT NULL) AND (closure_reason IS NOT NULL)))),
    CONSTRAINT episodes_recorded_via_check CHECK ((recorded_via = ANY (ARRAY['api'::text, 'link'::text, 'import'::text, 'demo'::text]))),
    CONSTRAINT episodes_status_check CHECK ((status = ANY (ARRAY['waiting'::text, 'active'::text, 'paused'::text, 'closed'::text])))
);
CREATE TABLE public.events (
    id uuid NOT NULL,
    site_id uuid,
    type text NOT NULL,
    subject_type text NOT NULL,
    subject_id uuid NOT NULL,
    patient_id uuid,
    referral_id uuid,
    actor_role text NOT NULL,
    actor_key_id uuid,
    link_worker_id uuid,
    on_behalf boolean DEFAULT false NOT NULL,
    side text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    data jsonb NOT NULL,
    arrived bigint,
    "position" bigint,
    told_organisation_id uuid
);
CREATE SEQUENCE public.events_arrived
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.events_arrived OWNED BY public.events.arrived;
CREATE TABLE public.external_ids (
    site_id uuid NOT NULL,
    system text NOT NULL,
    value text NOT NULL,
    subject_type text NOT NULL,
    subject_id uuid NOT NULL
);
CREATE TABLE public.figure_snapshots (
    id uuid NOT NULL,
    day date NOT NULL,
    as_of timestamp with time zone NOT NULL,
    sites uuid[] NOT NULL,
    threshold integer NOT NULL,
    made text[] NOT NULL,
    built_at timestamp with time zone
);
CREATE TABLE public.figures (
    snapshot_id uuid NOT NULL,
    metric text NOT NULL,
    dimension text NOT NULL,
    site_id uuid,
    value text NOT NULL,
    sub text NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    stretches jsonb NOT NULL,
    means jsonb,
    moves jsonb,
    pairs integer,
    members bigint,
    since timestamp with time zone
);
CREATE TABLE public.follow_up_answers (
    site_id uuid NOT NULL,
    follow_up_id uuid NOT NULL,
    question text NOT NULL,
    answer text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.follow_up_attempts (
    site_id uuid NOT NULL,
    id uuid NOT NULL,
    follow_up_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    channel text NOT NULL,
    result text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.follow_up_completions (
    site_id uuid NOT NULL,
    id uuid NOT NULL,
    follow_up_id uuid NOT NULL,
    completed_on date NOT NULL,
    mode text NOT NULL,
    respondent text NOT NULL,
    collected_by text NOT NULL,
    language text,
    how_have_you_been text NOT NULL,
    benefit text NOT NULL,
    narrative text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    helper text,
    CONSTRAINT follow_up_completions_helper CHECK (((helper IS NULL) OR (respondent <> 'self'::text)))
);
CREATE TABLE public.follow_up_links (
    token_hash bytea NOT NULL,
    site_id uuid NOT NULL,
    follow_up_id uuid NOT NULL,
    expires_on date NOT NULL,
    created_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone
);
CREATE TABLE public.follow_up_services (
    site_id uuid NOT NULL,
    id uuid NOT NULL,
    follow_up_id uuid NOT NULL,
    referral_id uuid,
    name text,
    used text NOT NULL,
    reason text,
    benefit text NOT NULL,
    CONSTRAINT follow_up_services_check CHECK (((referral_id IS NULL) <> (name IS NULL)))
);
CREATE TABLE public.follow_ups (
    site_id uuid NOT NULL,
    id uuid NOT NULL,
    episode_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    code text NOT NULL,
    anchor_on date NOT NULL,
    opens_on date NOT NULL,
    target_on date NOT NULL,
    closes_on date NOT NULL,
    analysis_from date NOT NULL,
    analysis_to date NOT NULL,
    completed_on date,
    lost_on date,
    loss_reason text,
    loss_note text,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT follow_ups_check CHECK (((completed_on IS NULL) OR (lost_on IS NULL))),
    CONSTRAINT follow_ups_check1 CHECK (((lost_on IS NULL) = (loss_reason IS NULL)))
);
CREATE TABLE public.goose_db_version (
    id integer NOT NULL,
    version_id bigint NOT NULL,
    is_applied boolean NOT NULL,
    tstamp timestamp without time zone DEFAULT now() NOT NULL
);
ALTER TABLE public.goose_db_version ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.goose_db_version_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.idempotency (
    caller_id uuid NOT NULL,
    key text NOT NULL,
    request bytea NOT NULL,
    authority bytea NOT NULL,
    status integer NOT NULL,
    header jsonb NOT NULL,
    body bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    people jsonb DEFAULT '[]'::jsonb NOT NULL
);
CREATE TABLE public.installation (
    single boolean DEFAULT true NOT NULL,
    demo boolean DEFAULT false NOT NULL,
    demo_loaded boolean DEFAULT false NOT NULL,
    clock_offset bigint DEFAULT 0 NOT NULL,
    feed_position bigint DEFAULT 0 NOT NULL,
    master_key_check bytea,
    CONSTRAINT installation_single_check CHECK (single)
);
CREATE TABLE public.instrument_wordings (
    site_id uuid NOT NULL,
    instrument text NOT NULL,
    version integer NOT NULL,
    licence text NOT NULL,
    items jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.instruments (
    site_id uuid NOT NULL,
    key text NOT NULL,
    version integer NOT NULL,
    definition jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT instruments_key_check CHECK ((key ~ '^[a-z][a-z0-9_]{1,49}$'::text)),
    CONSTRAINT instruments_version_check CHECK ((version >= 1))
);
CREATE TABLE public.link_workers (
    site_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    active boolean DEFAULT true NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    phone text
);
CREATE TABLE public.mail_kinds (
    kind text NOT NULL,
    since timestamp with time zone
);
CREATE TABLE public.organisations (
    id uuid NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    url text,
    email text,
    phone text,
    charity_number text,
    status text NOT NULL,
    source text NOT NULL,
    source_ref text,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    email_pending_since timestamp with time zone,
    email_changed_by uuid,
    phone_as_written boolean DEFAULT false NOT NULL,
    email_as_written boolean DEFAULT false NOT NULL,
    CONSTRAINT organisations_status_check CHECK ((status = ANY (ARRAY['active'::text, 'inactive'::text, 'unverified'::text])))
);
CREATE TABLE public.outbox (
    site_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    subject_id uuid NOT NULL,
    ordinal integer NOT NULL,
    channel text NOT NULL,
    state text NOT NULL,
    why text,
    tries integer DEFAULT 0 NOT NULL,
    next_try_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    released_at timestamp with time zone,
    tried_at timestamp with time zone,
    mail_id uuid,
    CONSTRAINT outbox_channel_check CHECK ((channel = ANY (ARRAY['email'::text, 'text_message'::text, 'by_hand'::text]))),
    CONSTRAINT outbox_check CHECK (((sent_at IS NOT NULL) = (state = 'sent'::text))),
    CONSTRAINT outbox_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'sending'::text, 'sent'::text, 'failed'::text, 'cancelled'::text])))
);
CREATE TABLE public.patients (
    site_id uuid NOT NULL,
    id uuid NOT NULL,
    nhs_number text,
    given_name text,
    family_name text,
    preferred_name text,
    pronouns text,
    birth_date date NOT NULL,
    gender text DEFAULT 'not_known'::text NOT NULL,
    ethnic_category text DEFAULT '99'::text NOT NULL,
    carer text DEFAULT 'not_known'::text NOT NULL,
    postcode text,
    lsoa text,
    imd_decile integer,
    imd_version text,
    gp_practice_code text,
    phone text,
    email text,
    contact_preference text DEFAULT 'not_known'::text NOT NULL,
    language text,
    access_needs text,
    national_data_opt_out boolean,
    national_data_opt_out_checked_on date,
    died_on date,
    merged_into_id uuid,
    external_ids jsonb DEFAULT '[]'::jsonb NOT NULL,
    recorded_via text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    family_key text GENERATED ALWAYS AS (lower(family_name)) STORED,
    given_key text GENERATED ALWAYS AS (lower(given_name)) STORED,
    preferred_key text GENERATED ALWAYS AS (lower(preferred_name)) STORED,
    nhs_number_unissued boolean DEFAULT false NOT NULL,
    phone_as_written boolean DEFAULT false NOT NULL,
    email_as_written boolean DEFAULT false NOT NULL,
    email_changed_at timestamp with time zone,
    phone_changed_at timestamp with time zone,
    CONSTRAINT patients_check CHECK (((imd_decile IS NULL) = (imd_version IS NULL))),
    CONSTRAINT patients_gp_practice_code_check CHECK ((gp_practice_code ~ '^[A-Z0-9]{3,10}$'::text)),
    CONSTRAINT patients_imd_decile_check CHECK (((imd_decile >= 1) AND (imd_decile <= 10))),
    CONSTRAINT patients_imd_version_check CHECK ((imd_version = ANY (ARRAY['2019'::text, '2025'::text]))),
    CONSTRAINT patients_named CHECK (((given_name IS NOT NULL) OR (family_name IS NOT NULL))),
    CONSTRAINT patients_nhs_number_check CHECK ((nhs_number ~ '^[0-9]{10}$'::text)),
    CONSTRAINT patients_recorded_via_check CHECK ((recorded_via = ANY (ARRAY['api'::text, 'link'::text, 'import'::text, 'demo'::text])))
);
CREATE TABLE public.projects (
    id uuid NOT NULL,
    title text NOT NULL,
    purpose text NOT NULL,
    legal_basis text NOT NULL,
    setting text NOT NULL,
    setting_reason text,
    site_ids uuid[] NOT NULL,
    instruments text[] NOT NULL,
    timepoints text[] NOT NULL,
    schedule jsonb DEFAULT '[]'::jsonb NOT NULL,
    quasi_identifiers text[] NOT NULL,
    generalisation text[] NOT NULL,
    minimum_k integer NOT NULL,
    most_suppressed_percent integer NOT NULL,
    expires_on date NOT NULL,
    state text NOT NULL,
    approved_by uuid,
    approved_at timestamp with time zone,
    created_by uuid,
    pseudonym_key bytea NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT projects_legal_basis_check CHECK ((legal_basis = ANY (ARRAY['explicit_consent'::text, 'anonymised'::text, 'section_251'::text]))),
    CONSTRAINT projects_minimum_k_check CHECK ((minimum_k >= 5)),
    CONSTRAINT projects_most_suppressed_percent_check CHECK (((most_suppressed_percent >= 0) AND (most_suppressed_percent <= 50))),
    CONSTRAINT projects_setting_check CHECK ((setting = ANY (ARRAY['safe_setting'::text, 'outside'::text]))),
    CONSTRAINT projects_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'approved'::text])))
);
CREATE TABLE public.referral_moves (
    site_id uuid NOT NULL,
    id uuid NOT NULL,
    referral_id uuid NOT NULL,
    sequence integer NOT NULL,
    from_status text NOT NULL,
    to_status text NOT NULL,
    side text NOT NULL,
    reason text,
    expected_start_on date,
    note text,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    actor_role text NOT NULL,
    actor_key_id uuid,
    link_worker_id uuid,
    voided_at timestamp with time zone,
    void_note text,
    recorded_via text DEFAULT 'api'::text NOT NULL,
    CONSTRAINT referral_moves_recorded_via_check CHECK ((recorded_via = ANY (ARRAY['api'::text, 'link'::text, 'import'::text, 'demo'::text, 'job'::text]))),
    CONSTRAINT referral_moves_side_check CHECK ((side = ANY (ARRAY['link_worker'::text, 'organisation'::text, 'patient'::text, 'system'::text])))
);
CREATE TABLE public.referral_questions (
    site_id uuid NOT NULL,
    id uuid NOT NULL,
    referral_id uuid NOT NULL,
    question text NOT NULL,
    contact text,
    recorded_via text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    answered_at timestamp with time zone,
    answered_by_link_worker_id uuid,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT referral_questions_recorded_via_check CHECK ((recorded_via = ANY (ARRAY['api'::text, 'link'::text])))
);
CREATE TABLE public.referrals (
    site_id uuid NOT NULL,
    id uuid NOT NULL,
    episode_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    service_id uuid,
    kind text NOT NULL,
    need text NOT NULL,
    reason text,
    follows_referral_id uuid,
    status text NOT NULL,
    status_reason text,
    sent_at timestamp with time zone,
    responded_at timestamp with time zone,
    expected_wait text,
    expected_start_on date,
    first_attended_on date,
    ended_on date,
    recorded_by_link_worker_id uuid,
    external_ids jsonb DEFAULT '[]'::jsonb NOT NULL,
    recorded_via text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    override_reason text,
    sent_on date,
    responded_on date,
    taken boolean DEFAULT false NOT NULL,
    CONSTRAINT referrals_check CHECK ((((kind = 'signpost'::text) = (status = 'signposted'::text)) OR (status = 'entered_in_error'::text))),
    CONSTRAINT referrals_check1 CHECK (((sent_at IS NOT NULL) OR (status = ANY (ARRAY['draft'::text, 'withdrawn'::text, 'entered_in_error'::text])))),
    CONSTRAINT referrals_kind_check CHECK ((kind = ANY (ARRAY['referral'::text, 'signpost'::text]))),
    CONSTRAINT referrals_recorded_via_check CHECK ((recorded_via = ANY (ARRAY['api'::text, 'link'::text, 'import'::text, 'demo'::text]))),
    CONSTRAINT referrals_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'sent'::text, 'accepted'::text, 'waitlisted'::text, 'in_progress'::text, 'completed'::text, 'not_completed'::text, 'declined'::text, 'withdrawn'::text, 'expired'::text, 'entered_in_error'::text, 'signposted'::text])))
);
CREATE TABLE public.releases (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    number integer NOT NULL,
    state text NOT NULL,
    reason text,
    reasons jsonb DEFAULT '[]'::jsonb NOT NULL,
    requested_by uuid,
    attempts integer DEFAULT 0 NOT NULL,
    try_at timestamp with time zone,
    as_of timestamp with time zone,
    finished_at timestamp with time zone,
    report jsonb,
    files jsonb DEFAULT '[]'::jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT releases_check CHECK (((state = 'ready'::text) = ((as_of IS NOT NULL) AND (finished_at IS NOT NULL) AND (files <> '[]'::jsonb)))),
    CONSTRAINT releases_state_check CHECK ((state = ANY (ARRAY['building'::text, 'ready'::text, 'refused'::text, 'failed'::text])))
);
CREATE TABLE public.reply_links (
    id uuid NOT NULL,
    token_hash bytea NOT NULL,
    site_id uuid NOT NULL,
    referral_id uuid NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.safeguarding_flags (
    site_id uuid NOT NULL,
    id uuid NOT NULL,
    episode_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    assessment_id uuid NOT NULL,
    instrument text NOT NULL,
    item text NOT NULL,
    raised_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone,
    seen_by_role text,
    seen_by_key_id uuid,
    seen_by_link_worker_id uuid,
    seen_note text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT safeguarding_flags_check CHECK (((seen_at IS NULL) = (seen_by_role IS NULL)))
);
CREATE TABLE public.schedules (
    site_id uuid NOT NULL,
    code text NOT NULL,
    anchor text NOT NULL,
    opens_after text NOT NULL,
    target_after text NOT NULL,
    closes_after text NOT NULL,
    analysis_from integer NOT NULL,
    analysis_to integer NOT NULL,
    instruments text[] DEFAULT '{ons4}'::text[] NOT NULL,
    CONSTRAINT schedules_analysis_from_check CHECK ((analysis_from >= 0)),
    CONSTRAINT schedules_anchor_check CHECK ((anchor = ANY (ARRAY['baseline'::text, 'first_contact'::text, 'received_on'::text, 'enrolled_on'::text]))),
    CONSTRAINT schedules_check CHECK ((analysis_to >= analysis_from)),
    CONSTRAINT schedules_code_check CHECK ((code ~ '^[a-z][a-z0-9_]{0,29}$'::text))
);
CREATE TABLE public.services (
    id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    activity_type text NOT NULL,
    needs text[] DEFAULT '{}'::text[] NOT NULL,
    needs_source text NOT NULL,
    keywords text DEFAULT ''::text NOT NULL,
    eligibility text DEFAULT ''::text NOT NULL,
    fees text DEFAULT ''::text NOT NULL,
    url text,
    email text,
    phone text,
    address text,
    postcode text,
    latitude double precision,
    longitude double precision,
    status text NOT NULL,
    capacity text DEFAULT 'not_known'::text NOT NULL,
    wait_band text,
    capacity_as_of timestamp with time zone,
    capacity_set_by text,
    source text NOT NULL,
    source_ref text,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    words tsvector GENERATED ALWAYS AS (((setweight(to_tsvector('english'::regconfig, name), 'A'::"char") || setweight(to_tsvector('english'::regconfig, keywords), 'B'::"char")) || setweight(to_tsvector('english'::regconfig, "left"(description, 20000)), 'C'::"char"))) STORED,
    email_pending_since timestamp with time zone,
    email_changed_by uuid,
    phone_as_written boolean DEFAULT false NOT NULL,
    email_as_written boolean DEFAULT false NOT NULL,
    sensitive boolean DEFAULT false NOT NULL,
    CONSTRAINT services_capacity_set_by_check CHECK ((capacity_set_by = ANY (ARRAY['organisation'::text, 'link_worker'::text, 'administrator'::text, 'import'::text]))),
    CONSTRAINT services_check CHECK (((latitude IS NULL) = (longitude IS NULL))),
    CONSTRAINT services_latitude_check CHECK (((latitude >= ('-90'::integer)::double precision) AND (latitude <= (90)::double precision))),
    CONSTRAINT services_longitude_check CHECK (((longitude >= ('-180'::integer)::double precision) AND (longitude <= (180)::double precision))),
    CONSTRAINT services_needs_source_check CHECK ((needs_source = ANY (ARRAY['stated'::text, 'inferred'::text]))),
    CONSTRAINT services_status_check CHECK ((status = ANY (ARRAY['active'::text, 'inactive'::text, 'unverified'::text])))
);
CREATE TABLE public.sites (
    id uuid NOT NULL,
    name text NOT NULL,
    code text NOT NULL,
    ods_code text,
    time_zone text DEFAULT 'Europe/London'::text NOT NULL,
    chase_days integer[] DEFAULT '{5,10}'::integer[] NOT NULL,
    expiry_days integer DEFAULT 14 NOT NULL,
    disclosure_threshold integer DEFAULT 8 NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    attempts_wanted integer DEFAULT 3 NOT NULL,
    health_service_use boolean DEFAULT false NOT NULL,
    reminder_days integer[] DEFAULT '{14}'::integer[] NOT NULL,
    contact_days integer DEFAULT 28 NOT NULL,
    privacy_notice_url text,
    controller text,
    kept_for text,
    phone text,
    CONSTRAINT sites_attempts_wanted_check CHECK (((attempts_wanted >= 1) AND (attempts_wanted <= 20))),
    CONSTRAINT sites_contact_days_check CHECK (((contact_days >= 1) AND (contact_days <= 365))),
    CONSTRAINT sites_disclosure_threshold_check CHECK ((disclosure_threshold >= 8)),
    CONSTRAINT sites_expiry_days_check CHECK (((expiry_days >= 1) AND (expiry_days <= 365))),
    CONSTRAINT sites_ods_code_check CHECK ((ods_code ~ '^[A-Z0-9]{3,10}$'::text))
);
CREATE VIEW public.standing_consents WITH (security_invoker='true') AS
 SELECT consents.site_id,
    consents.id,
    consents.patient_id,
    consents.purpose,
    consents.decision,
    consents.level,
    consents.reason,
    consents.withdrawal,
    consents.decided_on,
    consents.method,
    consents.wording_version,
    consents.created_at,
    consents.updated_at,
    consents.replaces,
    consents.stands,
    (consents.decision = ANY (ARRAY['given'::text, 'best_interests'::text])) AS permits,
    (consents.decision = ANY (ARRAY['declined'::text, 'withdrawn'::text, 'not_obtained'::text])) AS rules_out
   FROM public.consents
  WHERE consents.stands;
CREATE TABLE public.studies (
    project_id uuid NOT NULL,
    funder text,
    funder_reference text,
    contact text,
    acknowledgements text,
    disclaimer text,
    work_packages jsonb DEFAULT '[]'::jsonb NOT NULL,
    targets jsonb DEFAULT '[]'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.study_interviews (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    work_package text NOT NULL,
    participant_kind text NOT NULL,
    site_id uuid NOT NULL,
    held_on date NOT NULL,
    mode text NOT NULL,
    removed_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT study_interviews_participant_kind_check CHECK ((participant_kind = ANY (ARRAY['patient'::text, 'link_worker'::text, 'health_professional'::text, 'voluntary_sector'::text, 'manager'::text])))
);
CREATE TABLE public.study_notes (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    noted_on date NOT NULL,
    kind text NOT NULL,
    board text NOT NULL,
    text text NOT NULL,
    removed_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT study_notes_board_check CHECK ((board = ANY (ARRAY['steering'::text, 'advisory'::text, 'ppi'::text, 'team'::text]))),
    CONSTRAINT study_notes_kind_check CHECK ((kind = ANY (ARRAY['progress'::text, 'challenge'::text, 'meeting'::text, 'feedback'::text, 'change_made'::text])))
);
CREATE TABLE public.study_quotes (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    site_id uuid NOT NULL,
    follow_up_id uuid NOT NULL,
    words text NOT NULL,
    said_on date NOT NULL,
    chosen_by uuid NOT NULL,
    state text NOT NULL,
    checked_by uuid,
    checked_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT study_quotes_check CHECK ((checked_by IS DISTINCT FROM chosen_by)),
    CONSTRAINT study_quotes_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'approved'::text, 'refused'::text, 'taken_back'::text])))
);
CREATE TABLE public.study_updates (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    number integer NOT NULL,
    up_to text NOT NULL,
    as_of timestamp with time zone NOT NULL,
    corrects_id uuid,
    content jsonb NOT NULL,
    sha256 text NOT NULL,
    token_hash bytea NOT NULL,
    expires_on date NOT NULL,
    withdrawn_at timestamp with time zone,
    published_by uuid,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.webhook_deliveries (
    id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    event_id uuid NOT NULL,
    event_type text NOT NULL,
    state text NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    next_try_at timestamp with time zone NOT NULL,
    delivered_at timestamp with time zone,
    attempts jsonb DEFAULT '[]'::jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    replayed boolean DEFAULT false NOT NULL,
    CONSTRAINT webhook_deliveries_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text])))
);
CREATE TABLE public.webhooks (
    id uuid NOT NULL,
    partner_id uuid NOT NULL,
    url text NOT NULL,
    description text,
    events text[] NOT NULL,
    enabled boolean NOT NULL,
    disabled_reason text,
    disabled_at timestamp with time zone,
    secret bytea NOT NULL,
    old_secret bytea,
    old_secret_until timestamp with time zone,
    sealed boolean NOT NULL,
    "position" bigint NOT NULL,
    failing_since timestamp with time zone,
    failures integer DEFAULT 0 NOT NULL,
    rest_until timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    replay_position bigint,
    replay_until bigint,
    CONSTRAINT webhooks_check CHECK (((enabled = (disabled_reason IS NULL)) AND (enabled = (disabled_at IS NULL)))),
    CONSTRAINT webhooks_check1 CHECK (((replay_position IS NULL) = (replay_until IS NULL))),
    CONSTRAINT webhooks_disabled_reason_check CHECK ((disabled_reason = ANY (ARRAY['by_hand'::text, 'gone'::text, 'failing'::text])))
);
CREATE TABLE river.river_job (
    id bigint NOT NULL,
    state river.river_job_state DEFAULT 'available'::river.river_job_state NOT NULL,
    attempt smallint DEFAULT 0 NOT NULL,
    max_attempts smallint DEFAULT 25 NOT NULL,
    attempted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finalized_at timestamp with time zone,
    scheduled_at timestamp with time zone DEFAULT now() NOT NULL,
    priority smallint DEFAULT 1 NOT NULL,
    args jsonb NOT NULL,
    attempted_by text[],
    errors jsonb[],
    kind text NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    queue text DEFAULT 'default'::text NOT NULL,
    tags character varying(255)[] DEFAULT '{}'::character varying[] NOT NULL,
    unique_key bytea,
    unique_states bit(8),
    CONSTRAINT finalized_or_finalized_at_null CHECK ((((finalized_at IS NULL) AND (state <> ALL (ARRAY['cancelled'::river.river_job_state, 'completed'::river.river_job_state, 'discarded'::river.river_job_state]))) OR ((finalized_at IS NOT NULL) AND (state = ANY (ARRAY['cancelled'::river.river_job_state, 'completed'::river.river_job_state, 'discarded'::river.river_job_state]))))),
    CONSTRAINT kind_length CHECK (((char_length(kind) > 0) AND (char_length(kind) < 128))),
    CONSTRAINT max_attempts_is_positive CHECK ((max_attempts > 0)),
    CONSTRAINT priority_in_range CHECK (((priority >= 1) AND (priority <= 4))),
    CONSTRAINT queue_length CHECK (((char_length(queue) > 0) AND (char_length(queue) < 128)))
);
CREATE SEQUENCE river.river_job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE river.river_job_id_seq OWNED BY river.river_job.id;
CREATE UNLOGGED TABLE river.river_leader (
    elected_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    leader_id text NOT NULL,
    name text DEFAULT 'default'::text NOT NULL,
    CONSTRAINT leader_id_length CHECK (((char_length(leader_id) > 0) AND (char_length(leader_id) < 128))),
    CONSTRAINT name_length CHECK ((name = 'default'::text))
);
CREATE TABLE river.river_migration (
    line text NOT NULL,
    version bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT line_length CHECK (((char_length(line) > 0) AND (char_length(line) < 128))),
    CONSTRAINT version_gte_1 CHECK ((version >= 1))
);
CREATE TABLE river.river_notification (
    id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    payload text NOT NULL,
    topic text NOT NULL,
    CONSTRAINT topic_length CHECK (((length(topic) > 0) AND (length(topic) < 128)))
);
CREATE SEQUENCE river.river_notification_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE river.river_notification_id_seq OWNED BY river.river_notification.id;
CREATE TABLE river.river_queue (
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    paused_at timestamp with time zone,
    updated_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
ALTER TABLE ONLY public.access_log ATTACH PARTITION public.access_log_other DEFAULT;
ALTER TABLE ONLY public.events ALTER COLUMN arrived SET DEFAULT nextval('public.events_arrived'::regclass);
ALTER TABLE ONLY river.river_job ALTER COLUMN id SET DEFAULT nextval('river.river_job_id_seq'::regclass);
ALTER TABLE ONLY river.river_notification ALTER COLUMN id SET DEFAULT nextval('river.river_notification_id_seq'::regclass);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.assessment_scores
    ADD CONSTRAINT assessment_scores_pkey PRIMARY KEY (site_id, assessment_id, score);
ALTER TABLE ONLY public.assessments
    ADD CONSTRAINT assessments_pkey PRIMARY KEY (site_id, id);
ALTER TABLE ONLY public.attendances
    ADD CONSTRAINT attendances_pkey PRIMARY KEY (site_id, id);
ALTER TABLE ONLY public.code_activity_types
    ADD CONSTRAINT code_activity_types_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_attempt_results
    ADD CONSTRAINT code_attempt_results_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_benefits
    ADD CONSTRAINT code_benefits_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_capacities
    ADD CONSTRAINT code_capacities_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_carers
    ADD CONSTRAINT code_carers_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_closure_reasons
    ADD CONSTRAINT code_closure_reasons_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_collectors
    ADD CONSTRAINT code_collectors_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_consent_decisions
    ADD CONSTRAINT code_consent_decisions_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_consent_purposes
    ADD CONSTRAINT code_consent_purposes_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_contact_kinds
    ADD CONSTRAINT code_contact_kinds_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_contact_outcomes
    ADD CONSTRAINT code_contact_outcomes_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_contact_preferences
    ADD CONSTRAINT code_contact_preferences_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_episode_statuses
    ADD CONSTRAINT code_episode_statuses_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_ethnic_categories
    ADD CONSTRAINT code_ethnic_categories_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_follow_up_states
    ADD CONSTRAINT code_follow_up_states_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_genders
    ADD CONSTRAINT code_genders_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_helpers
    ADD CONSTRAINT code_helpers_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_loss_reasons
    ADD CONSTRAINT code_loss_reasons_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_missing_codes
    ADD CONSTRAINT code_missing_codes_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_modes
    ADD CONSTRAINT code_modes_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_move_reasons
    ADD CONSTRAINT code_move_reasons_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_needs
    ADD CONSTRAINT code_needs_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_non_attendance_reasons
    ADD CONSTRAINT code_non_attendance_reasons_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_organisation_reasons
    ADD CONSTRAINT code_organisation_reasons_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_patient_reasons
    ADD CONSTRAINT code_patient_reasons_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_referral_statuses
    ADD CONSTRAINT code_referral_statuses_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_respondents
    ADD CONSTRAINT code_respondents_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_sides
    ADD CONSTRAINT code_sides_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_sources
    ADD CONSTRAINT code_sources_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_unused_reasons
    ADD CONSTRAINT code_unused_reasons_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_uses
    ADD CONSTRAINT code_uses_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_wait_bands
    ADD CONSTRAINT code_wait_bands_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_well_being_since
    ADD CONSTRAINT code_well_being_since_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.code_withdrawal_reasons
    ADD CONSTRAINT code_withdrawal_reasons_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.consents
    ADD CONSTRAINT consents_pkey PRIMARY KEY (site_id, id);
ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_pkey PRIMARY KEY (site_id, id);
ALTER TABLE ONLY public.episodes
    ADD CONSTRAINT episodes_pkey PRIMARY KEY (site_id, id);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.external_ids
    ADD CONSTRAINT external_ids_key PRIMARY KEY (site_id, system, value);
ALTER TABLE ONLY public.figure_snapshots
    ADD CONSTRAINT figure_snapshots_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.follow_up_answers
    ADD CONSTRAINT follow_up_answers_pkey PRIMARY KEY (site_id, follow_up_id, question);
ALTER TABLE ONLY public.follow_up_attempts
    ADD CONSTRAINT follow_up_attempts_pkey PRIMARY KEY (site_id, id);
ALTER TABLE ONLY public.follow_up_completions
    ADD CONSTRAINT follow_up_completions_pk UNIQUE (site_id, follow_up_id);
ALTER TABLE ONLY public.follow_up_completions
    ADD CONSTRAINT follow_up_completions_pkey PRIMARY KEY (site_id, id);
ALTER TABLE ONLY public.follow_up_links
    ADD CONSTRAINT follow_up_links_pkey PRIMARY KEY (token_hash);
ALTER TABLE ONLY public.follow_up_services
    ADD CONSTRAINT follow_up_services_pkey PRIMARY KEY (site_id, id);
ALTER TABLE ONLY public.follow_ups
    ADD CONSTRAINT follow_ups_pkey PRIMARY KEY (site_id, id);
ALTER TABLE ONLY public.follow_ups
    ADD CONSTRAINT follow_ups_site_id_episode_id_code_key UNIQUE (site_id, episode_id, code);
ALTER TABLE ONLY public.goose_db_version
    ADD CONSTRAINT goose_db_version_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT idempotency_pkey PRIMARY KEY (caller_id, key);
ALTER TABLE ONLY public.installation
    ADD CONSTRAINT installation_pkey PRIMARY KEY (single);
ALTER TABLE ONLY public.instrument_wordings
    ADD CONSTRAINT instrument_wordings_pkey PRIMARY KEY (site_id, instrument, version);
ALTER TABLE ONLY public.instruments
    ADD CONSTRAINT instruments_pkey PRIMARY KEY (site_id, key, version);
ALTER TABLE ONLY public.link_workers
    ADD CONSTRAINT link_workers_id_key UNIQUE (id);
ALTER TABLE ONLY public.link_workers
    ADD CONSTRAINT link_workers_pkey PRIMARY KEY (site_id, id);
ALTER TABLE ONLY public.mail_kinds
    ADD CONSTRAINT mail_kinds_pkey PRIMARY KEY (kind);
ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT organisations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_once UNIQUE (site_id, kind, subject_id, ordinal);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (site_id, id);
ALTER TABLE ONLY public.patients
    ADD CONSTRAINT patients_pkey PRIMARY KEY (site_id, id);
ALTER TABLE ONLY public.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.referral_moves
    ADD CONSTRAINT referral_moves_pkey PRIMARY KEY (site_id, id);
ALTER TABLE ONLY public.referral_questions
    ADD CONSTRAINT referral_questions_pkey PRIMARY KEY (site_id, id);
ALTER TABLE ONLY public.referrals
    ADD CONSTRAINT referrals_pkey PRIMARY KEY (site_id, id);
ALTER TABLE ONLY public.releases
    ADD CONSTRAINT releases_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.releases
    ADD CONSTRAINT releases_project_id_number_key UNIQUE (project_id, number);
ALTER TABLE ONLY public.reply_links
    ADD CONSTRAINT reply_links_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.reply_links
    ADD CONSTRAINT reply_links_token_hash_key UNIQUE (token_hash);
ALTER TABLE ONLY public.safeguarding_flags
    ADD CONSTRAINT safeguarding_flags_pkey PRIMARY KEY (site_id, id);
ALTER TABLE ONLY public.safeguarding_flags
    ADD CONSTRAINT safeguarding_flags_site_id_assessment_id_item_key UNIQUE (site_id, assessment_id, item);
ALTER TABLE ONLY public.schedules
    ADD CONSTRAINT schedules_pkey PRIMARY KEY (site_id, code);
ALTER TABLE ONLY public.services
    ADD CONSTRAINT services_organisation_id_id_key UNIQUE (organisation_id, id);
ALTER TABLE ONLY public.services
    ADD CONSTRAINT services_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sites
    ADD CONSTRAINT sites_code UNIQUE (code);
ALTER TABLE ONLY public.sites
    ADD CONSTRAINT sites_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.studies
    ADD CONSTRAINT studies_pkey PRIMARY KEY (project_id);
ALTER TABLE ONLY public.study_interviews
    ADD CONSTRAINT study_interviews_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.study_notes
    ADD CONSTRAINT study_notes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.study_quotes
    ADD CONSTRAINT study_quotes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.study_updates
    ADD CONSTRAINT study_updates_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.study_updates
    ADD CONSTRAINT study_updates_project_id_number_key UNIQUE (project_id, number);
ALTER TABLE ONLY public.study_updates
    ADD CONSTRAINT study_updates_token_hash_key UNIQUE (token_hash);
ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_once UNIQUE (webhook_id, event_id);
ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_pkey PRIMARY KEY (id);
ALTER TABLE ONLY river.river_job
    ADD CONSTRAINT river_job_pkey PRIMARY KEY (id);
ALTER TABLE ONLY river.river_leader
    ADD CONSTRAINT river_leader_pkey PRIMARY KEY (name);
ALTER TABLE ONLY river.river_migration
    ADD CONSTRAINT river_migration_pkey1 PRIMARY KEY (line, version);
ALTER TABLE ONLY river.river_notification
    ADD CONSTRAINT river_notification_pkey PRIMARY KEY (id);
ALTER TABLE ONLY river.river_queue
    ADD CONSTRAINT river_queue_pkey PRIMARY KEY (name);
CREATE INDEX access_log_at ON ONLY public.access_log USING btree (at);
CREATE INDEX access_log_other_at_idx ON public.access_log_other USING btree (at);
CREATE INDEX api_keys_partner ON public.api_keys USING btree (partner_id);
CREATE INDEX assessment_scores_episode ON public.assessment_scores USING btree (site_id, episode_id) WHERE (NOT superseded);
CREATE INDEX assessment_scores_pairs ON public.assessment_scores USING btree (site_id, instrument, score, episode_id) INCLUDE (timepoint, completed_on, value, instrument_version) WHERE (NOT superseded);
CREATE INDEX assessments_episode ON public.assessments USING btree (site_id, episode_id, completed_on, id);
CREATE UNIQUE INDEX assessments_once ON public.assessments USING btree (site_id, episode_id, instrument, timepoint) WHERE ((corrected_by_id IS NULL) AND (timepoint <> 'review'::text));
CREATE INDEX attendances_id ON public.attendances USING btree (id);
CREATE INDEX attendances_referral ON public.attendances USING btree (site_id, referral_id, attended_on, id);
CREATE INDEX consents_latest ON public.consents USING btree (site_id, patient_id, purpose, decided_on DESC, created_at DESC, id DESC);
CREATE INDEX consents_replaced ON public.consents USING btree (site_id, replaces) WHERE (replaces IS NOT NULL);
CREATE UNIQUE INDEX consents_standing ON public.consents USING btree (site_id, patient_id, purpose) WHERE stands;
CREATE INDEX contacts_episode ON public.contacts USING btree (site_id, episode_id, contact_on, id);
CREATE INDEX contacts_reached ON public.contacts USING btree (site_id, episode_id, contact_on) INCLUDE (kind, referral_id) WHERE (outcome = ANY (ARRAY['spoke'::text, 'attended'::text]));
CREATE INDEX episodes_caseload ON public.episodes USING btree (site_id, link_worker_id, status, id);
CREATE INDEX episodes_open ON public.episodes USING btree (site_id, link_worker_id, id) WHERE (status <> 'closed'::text);
CREATE INDEX episodes_patient ON public.episodes USING btree (site_id, patient_id);
CREATE INDEX episodes_updated ON public.episodes USING btree (site_id, updated_at);
CREATE INDEX events_of_no_site ON public.events USING btree ("position") WHERE (("position" IS NOT NULL) AND (site_id IS NULL));
CREATE INDEX events_of_organisation ON public.events USING btree (told_organisation_id, "position") WHERE (told_organisation_id IS NOT NULL);
CREATE INDEX events_of_site ON public.events USING btree (site_id, "position") WHERE ("position" IS NOT NULL);
CREATE INDEX events_patient ON public.events USING btree (site_id, patient_id, occurred_at, id) WHERE (patient_id IS NOT NULL);
CREATE UNIQUE INDEX events_position ON public.events USING btree ("position") WHERE ("position" IS NOT NULL);
CREATE INDEX events_referral ON public.events USING btree (referral_id, occurred_at, id) WHERE (referral_id IS NOT NULL);
CREATE INDEX events_unpublished ON public.events USING btree (arrived) WHERE ("position" IS NULL);
CREATE INDEX external_ids_subject ON public.external_ids USING btree (site_id, subject_id);
CREATE INDEX figures_line ON public.figures USING btree (snapshot_id, metric, dimension, site_id);
CREATE INDEX follow_up_attempts_of ON public.follow_up_attempts USING btree (site_id, follow_up_id, at);
CREATE INDEX follow_up_links_of ON public.follow_up_links USING btree (site_id, follow_up_id);
CREATE UNIQUE INDEX follow_up_services_once ON public.follow_up_services USING btree (site_id, follow_up_id, referral_id) WHERE (referral_id IS NOT NULL);
CREATE INDEX follow_up_services_referral ON public.follow_up_services USING btree (site_id, referral_id) WHERE (referral_id IS NOT NULL);
CREATE INDEX follow_ups_open ON public.follow_ups USING btree (site_id, closes_on, id) WHERE ((completed_on IS NULL) AND (lost_on IS NULL));
CREATE INDEX follow_ups_updated ON public.follow_ups USING btree (site_id, updated_at);
CREATE INDEX idempotency_age ON public.idempotency USING btree (created_at);
CREATE UNIQUE INDEX instruments_key ON public.instruments USING btree (key) WHERE (version = 1);
CREATE UNIQUE INDEX link_workers_email ON public.link_workers USING btree (site_id, lower(email));
CREATE INDEX organisations_name ON public.organisations USING gin (lower(name) public.gin_trgm_ops);
CREATE UNIQUE INDEX organisations_source ON public.organisations USING btree (source, source_ref) WHERE (source_ref IS NOT NULL);
CREATE INDEX outbox_open ON public.outbox USING btree (next_try_at, id) WHERE (state = ANY (ARRAY['waiting'::text, 'sending'::text]));
CREATE INDEX outbox_states ON public.outbox USING btree (state);
CREATE INDEX outbox_tried ON public.outbox USING btree (tried_at);
CREATE INDEX patients_died ON public.patients USING btree (site_id, id) WHERE (died_on IS NOT NULL);
CREATE INDEX patients_family ON public.patients USING btree (site_id, family_key text_pattern_ops, birth_date);
CREATE INDEX patients_given ON public.patients USING btree (site_id, given_key text_pattern_ops);
CREATE UNIQUE INDEX patients_nhs_number ON public.patients USING btree (site_id, nhs_number) WHERE ((nhs_number IS NOT NULL) AND (merged_into_id IS NULL) AND (NOT nhs_number_unissued));
CREATE INDEX patients_preferred ON public.patients USING btree (site_id, preferred_key text_pattern_ops) WHERE (preferred_key IS NOT NULL);
CREATE UNIQUE INDEX referral_moves_order ON public.referral_moves USING btree (site_id, referral_id, sequence);
CREATE INDEX referral_moves_taken ON public.referral_moves USING btree (site_id, referral_id) WHERE ((voided_at IS NULL) AND (to_status = ANY (ARRAY['accepted'::text, 'in_progress'::text, 'completed'::text])));
CREATE INDEX referral_questions_of ON public.referral_questions USING btree (site_id, referral_id, asked_at, id);
CREATE INDEX referrals_awaiting ON public.referrals USING btree (site_id, sent_at) WHERE (status = 'sent'::text);
CREATE INDEX referrals_episode ON public.referrals USING btree (site_id, episode_id);
CREATE INDEX referrals_list ON public.referrals USING btree (site_id, id);
CREATE INDEX referrals_organisation ON public.referrals USING btree (organisation_id, id);
CREATE INDEX referrals_status ON public.referrals USING btree (site_id, status, id);
CREATE INDEX referrals_updated ON public.referrals USING btree (site_id, updated_at);
CREATE INDEX referrals_waiting ON public.referrals USING btree (site_id, episode_id, status) WHERE (status = ANY (ARRAY['sent'::text, 'expired'::text, 'waitlisted'::text]));
CREATE INDEX releases_due ON public.releases USING btree (try_at) WHERE (try_at IS NOT NULL);
CREATE INDEX reply_links_of ON public.reply_links USING btree (site_id, referral_id);
CREATE INDEX safeguarding_flags_episode ON public.safeguarding_flags USING btree (site_id, episode_id, id);
CREATE INDEX safeguarding_flags_open ON public.safeguarding_flags USING btree (site_id, COALESCE(seen_at, 'infinity'::timestamp with time zone), episode_id);
CREATE INDEX services_needs ON public.services USING gin (needs);
CREATE INDEX services_place ON public.services USING btree (latitude, longitude) WHERE (latitude IS NOT NULL);
CREATE UNIQUE INDEX services_source ON public.services USING btree (source, source_ref) WHERE (source_ref IS NOT NULL);
CREATE INDEX services_words ON public.services USING gin (words);
CREATE INDEX study_interviews_of ON public.study_interviews USING btree (project_id, id);
CREATE INDEX study_notes_of ON public.study_notes USING btree (project_id, id);
CREATE INDEX study_quotes_follow_up ON public.study_quotes USING btree (site_id, follow_up_id);
CREATE INDEX study_quotes_of ON public.study_quotes USING btree (project_id, id);
CREATE INDEX study_quotes_waiting ON public.study_quotes USING btree (site_id, id);
CREATE INDEX webhook_deliveries_age ON public.webhook_deliveries USING btree (updated_at) WHERE (state <> 'pending'::text);
CREATE INDEX webhook_deliveries_due ON public.webhook_deliveries USING btree (webhook_id, next_try_at) WHERE (state = 'pending'::text);
CREATE INDEX webhook_deliveries_list ON public.webhook_deliveries USING btree (webhook_id, id);
CREATE INDEX webhook_deliveries_turn ON public.webhook_deliveries USING btree (webhook_id, replayed, next_try_at) WHERE (state = 'pending'::text);
CREATE INDEX webhooks_partner ON public.webhooks USING btree (partner_id, id);
CREATE INDEX river_job_args_index ON river.river_job USING gin (args);
CREATE INDEX river_job_kind ON river.river_job USING btree (kind);
CREATE INDEX river_job_metadata_index ON river.river_job USING gin (metadata);
CREATE INDEX river_job_prioritized_fetching_index ON river.river_job USING btree (state, queue, priority, scheduled_at, id);
CREATE INDEX river_job_state_and_finalized_at_index ON river.river_job USING btree (state, finalized_at) WHERE (finalized_at IS NOT NULL);
CREATE UNIQUE INDEX river_job_unique_idx ON river.river_job USING btree (unique_key) WHERE ((unique_key IS NOT NULL) AND (unique_states IS NOT NULL) AND river.river_job_state_in_bitmask(unique_states, state));
CREATE INDEX river_notification_created_at_idx ON river.river_notification USING btree (created_at);
CREATE INDEX river_notification_topic_id_idx ON river.river_notification USING btree (topic, id);
ALTER INDEX public.access_log_at ATTACH PARTITION public.access_log_other_at_idx;
CREATE TRIGGER consents_standing AFTER INSERT ON public.consents REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.keep_standing_consents();
CREATE TRIGGER contacts_external_ids AFTER INSERT ON public.contacts FOR EACH ROW WHEN ((new.external_ids <> '[]'::jsonb)) EXECUTE FUNCTION public.keep_external_ids();
CREATE TRIGGER contacts_external_ids_changed AFTER UPDATE OF external_ids ON public.contacts FOR EACH ROW WHEN ((old.external_ids <> new.external_ids)) EXECUTE FUNCTION public.keep_external_ids();
CREATE TRIGGER episodes_external_ids AFTER INSERT ON public.episodes FOR EACH ROW WHEN ((new.external_ids <> '[]'::jsonb)) EXECUTE FUNCTION public.keep_external_ids();
CREATE TRIGGER episodes_external_ids_changed AFTER UPDATE OF external_ids ON public.episodes FOR EACH ROW WHEN ((old.external_ids <> new.external_ids)) EXECUTE FUNCTION public.keep_external_ids();
CREATE TRIGGER episodes_need_codes BEFORE INSERT OR UPDATE OF need_others ON public.episodes FOR EACH ROW EXECUTE FUNCTION public.check_codes('needs', 'need_others');
CREATE TRIGGER follow_up_links_answers AFTER UPDATE OF ended_at ON public.follow_up_links FOR EACH ROW WHEN ((new.ended_at IS NOT NULL)) EXECUTE FUNCTION public.answers_end_with_link();
CREATE TRIGGER follow_ups_answers AFTER UPDATE OF completed_on, loss_reason ON public.follow_ups FOR EACH ROW WHEN (((old.completed_on IS DISTINCT FROM new.completed_on) OR (old.loss_reason IS DISTINCT FROM new.loss_reason))) EXECUTE FUNCTION public.answers_end_with_follow_up();
CREATE TRIGGER organisations_email BEFORE UPDATE OF email ON public.organisations FOR EACH ROW EXECUTE FUNCTION public.note_email_change();
CREATE TRIGGER patients_address_changed BEFORE UPDATE OF email, phone ON public.patients FOR EACH ROW EXECUTE FUNCTION public.patient_address_changed();
CREATE TRIGGER patients_answers AFTER UPDATE OF died_on ON public.patients FOR EACH ROW WHEN (((old.died_on IS NULL) AND (new.died_on IS NOT NULL))) EXECUTE FUNCTION public.answers_end_with_person();
CREATE TRIGGER patients_external_ids AFTER INSERT ON public.patients FOR EACH ROW WHEN ((new.external_ids <> '[]'::jsonb)) EXECUTE FUNCTION public.keep_external_ids();
CREATE TRIGGER patients_external_ids_changed AFTER UPDATE OF external_ids ON public.patients FOR EACH ROW WHEN ((old.external_ids <> new.external_ids)) EXECUTE FUNCTION public.keep_external_ids();
CREATE TRIGGER referral_moves_added AFTER INSERT ON public.referral_moves REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.referrals_taken();
CREATE TRIGGER referral_moves_voided AFTER UPDATE ON public.referral_moves REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.referrals_taken();
CREATE TRIGGER referrals_days BEFORE INSERT OR UPDATE OF sent_at, responded_at ON public.referrals FOR EACH ROW EXECUTE FUNCTION public.referral_days();
CREATE TRIGGER referrals_external_ids AFTER INSERT ON public.referrals FOR EACH ROW WHEN ((new.external_ids <> '[]'::jsonb)) EXECUTE FUNCTION public.keep_external_ids();
CREATE TRIGGER referrals_external_ids_changed AFTER UPDATE OF external_ids ON public.referrals FOR EACH ROW WHEN ((old.external_ids <> new.external_ids)) EXECUTE FUNCTION public.keep_external_ids();
CREATE TRIGGER services_email BEFORE UPDATE OF email ON public.services FOR EACH ROW EXECUTE FUNCTION public.note_email_change();
CREATE TRIGGER services_need_codes BEFORE INSERT OR UPDATE OF needs ON public.services FOR EACH ROW EXECUTE FUNCTION public.check_codes('needs', 'needs');
CREATE TRIGGER sites_days AFTER UPDATE OF time_zone ON public.sites FOR EACH ROW WHEN ((old.time_zone <> new.time_zone)) EXECUTE FUNCTION public.site_days();
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_replaces_fkey FOREIGN KEY (replaces) REFERENCES public.api_keys(id);
ALTER TABLE ONLY public.assessment_scores
    ADD CONSTRAINT assessment_scores_site_id_assessment_id_fkey FOREIGN KEY (site_id, assessment_id) REFERENCES public.assessments(site_id, id);
ALTER TABLE ONLY public.assessments
    ADD CONSTRAINT assessments_collected_by_fkey FOREIGN KEY (collected_by) REFERENCES public.code_collectors(code);
ALTER TABLE ONLY public.assessments
    ADD CONSTRAINT assessments_helper_fkey FOREIGN KEY (helper) REFERENCES public.code_helpers(code);
ALTER TABLE ONLY public.assessments
    ADD CONSTRAINT assessments_mode_fkey FOREIGN KEY (mode) REFERENCES public.code_modes(code);
ALTER TABLE ONLY public.assessments
    ADD CONSTRAINT assessments_respondent_fkey FOREIGN KEY (respondent) REFERENCES public.code_respondents(code);
ALTER TABLE ONLY public.assessments
    ADD CONSTRAINT assessments_site_id_corrects_id_fkey FOREIGN KEY (site_id, corrects_id) REFERENCES public.assessments(site_id, id);
ALTER TABLE ONLY public.assessments
    ADD CONSTRAINT assessments_site_id_episode_id_fkey FOREIGN KEY (site_id, episode_id) REFERENCES public.episodes(site_id, id);
ALTER TABLE ONLY public.assessments
    ADD CONSTRAINT assessments_site_id_follow_up_id_fkey FOREIGN KEY (site_id, follow_up_id) REFERENCES public.follow_ups(site_id, id);
ALTER TABLE ONLY public.attendances
    ADD CONSTRAINT attendances_reason_fkey FOREIGN KEY (reason) REFERENCES public.code_non_attendance_reasons(code);
ALTER TABLE ONLY public.attendances
    ADD CONSTRAINT attendances_site_id_referral_id_fkey FOREIGN KEY (site_id, referral_id) REFERENCES public.referrals(site_id, id);
ALTER TABLE ONLY public.consents
    ADD CONSTRAINT consents_decision_fkey FOREIGN KEY (decision) REFERENCES public.code_consent_decisions(code);
ALTER TABLE ONLY public.consents
    ADD CONSTRAINT consents_method_fkey FOREIGN KEY (method) REFERENCES public.code_modes(code);
ALTER TABLE ONLY public.consents
    ADD CONSTRAINT consents_purpose_fkey FOREIGN KEY (purpose) REFERENCES public.code_consent_purposes(code);
ALTER TABLE ONLY public.consents
    ADD CONSTRAINT consents_site_id_patient_id_fkey FOREIGN KEY (site_id, patient_id) REFERENCES public.patients(site_id, id);
ALTER TABLE ONLY public.consents
    ADD CONSTRAINT consents_site_id_replaces_fkey FOREIGN KEY (site_id, replaces) REFERENCES public.consents(site_id, id);
ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_kind_fkey FOREIGN KEY (kind) REFERENCES public.code_contact_kinds(code);
ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_mode_fkey FOREIGN KEY (mode) REFERENCES public.code_modes(code);
ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_outcome_fkey FOREIGN KEY (outcome) REFERENCES public.code_contact_outcomes(code);
ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_site_id_episode_id_fkey FOREIGN KEY (site_id, episode_id) REFERENCES public.episodes(site_id, id);
ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_site_id_referral_id_fkey FOREIGN KEY (site_id, referral_id) REFERENCES public.referrals(site_id, id);
ALTER TABLE ONLY public.episodes
    ADD CONSTRAINT episodes_closure_reason_fkey FOREIGN KEY (closure_reason) REFERENCES public.code_closure_reasons(code);
ALTER TABLE ONLY public.episodes
    ADD CONSTRAINT episodes_need_primary_fkey FOREIGN KEY (need_primary) REFERENCES public.code_needs(code);
ALTER TABLE ONLY public.episodes
    ADD CONSTRAINT episodes_site_id_link_worker_id_fkey FOREIGN KEY (site_id, link_worker_id) REFERENCES public.link_workers(site_id, id);
ALTER TABLE ONLY public.episodes
    ADD CONSTRAINT episodes_site_id_patient_id_fkey FOREIGN KEY (site_id, patient_id) REFERENCES public.patients(site_id, id);
ALTER TABLE ONLY public.episodes
    ADD CONSTRAINT episodes_source_fkey FOREIGN KEY (source) REFERENCES public.code_sources(code);
ALTER TABLE ONLY public.external_ids
    ADD CONSTRAINT external_ids_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);
ALTER TABLE ONLY public.figures
    ADD CONSTRAINT figures_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);
ALTER TABLE ONLY public.figures
    ADD CONSTRAINT figures_snapshot_id_fkey FOREIGN KEY (snapshot_id) REFERENCES public.figure_snapshots(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.follow_up_answers
    ADD CONSTRAINT follow_up_answers_site_id_follow_up_id_fkey FOREIGN KEY (site_id, follow_up_id) REFERENCES public.follow_ups(site_id, id);
ALTER TABLE ONLY public.follow_up_attempts
    ADD CONSTRAINT follow_up_attempts_channel_fkey FOREIGN KEY (channel) REFERENCES public.code_modes(code);
ALTER TABLE ONLY public.follow_up_attempts
    ADD CONSTRAINT follow_up_attempts_result_fkey FOREIGN KEY (result) REFERENCES public.code_attempt_results(code);
ALTER TABLE ONLY public.follow_up_attempts
    ADD CONSTRAINT follow_up_attempts_site_id_follow_up_id_fkey FOREIGN KEY (site_id, follow_up_id) REFERENCES public.follow_ups(site_id, id);
ALTER TABLE ONLY public.follow_up_completions
    ADD CONSTRAINT follow_up_completions_benefit_fkey FOREIGN KEY (benefit) REFERENCES public.code_benefits(code);
ALTER TABLE ONLY public.follow_up_completions
    ADD CONSTRAINT follow_up_completions_collected_by_fkey FOREIGN KEY (collected_by) REFERENCES public.code_collectors(code);
ALTER TABLE ONLY public.follow_up_completions
    ADD CONSTRAINT follow_up_completions_helper_fkey FOREIGN KEY (helper) REFERENCES public.code_helpers(code);
ALTER TABLE ONLY public.follow_up_completions
    ADD CONSTRAINT follow_up_completions_how_have_you_been_fkey FOREIGN KEY (how_have_you_been) REFERENCES public.code_well_being_since(code);
ALTER TABLE ONLY public.follow_up_completions
    ADD CONSTRAINT follow_up_completions_mode_fkey FOREIGN KEY (mode) REFERENCES public.code_modes(code);
ALTER TABLE ONLY public.follow_up_completions
    ADD CONSTRAINT follow_up_completions_respondent_fkey FOREIGN KEY (respondent) REFERENCES public.code_respondents(code);
ALTER TABLE ONLY public.follow_up_completions
    ADD CONSTRAINT follow_up_completions_site_id_follow_up_id_fkey FOREIGN KEY (site_id, follow_up_id) REFERENCES public.follow_ups(site_id, id);
ALTER TABLE ONLY public.follow_up_links
    ADD CONSTRAINT follow_up_links_site_id_follow_up_id_fkey FOREIGN KEY (site_id, follow_up_id) REFERENCES public.follow_ups(site_id, id);
ALTER TABLE ONLY public.follow_up_services
    ADD CONSTRAINT follow_up_services_benefit_fkey FOREIGN KEY (benefit) REFERENCES public.code_benefits(code);
ALTER TABLE ONLY public.follow_up_services
    ADD CONSTRAINT follow_up_services_reason_fkey FOREIGN KEY (reason) REFERENCES public.code_unused_reasons(code);
ALTER TABLE ONLY public.follow_up_services
    ADD CONSTRAINT follow_up_services_site_id_follow_up_id_fkey FOREIGN KEY (site_id, follow_up_id) REFERENCES public.follow_ups(site_id, id);
ALTER TABLE ONLY public.follow_up_services
    ADD CONSTRAINT follow_up_services_site_id_referral_id_fkey FOREIGN KEY (site_id, referral_id) REFERENCES public.referrals(site_id, id);
ALTER TABLE ONLY public.follow_up_services
    ADD CONSTRAINT follow_up_services_used_fkey FOREIGN KEY (used) REFERENCES public.code_uses(code);
ALTER TABLE ONLY public.follow_ups
    ADD CONSTRAINT follow_ups_loss_reason_fkey FOREIGN KEY (loss_reason) REFERENCES public.code_loss_reasons(code);
ALTER TABLE ONLY public.follow_ups
    ADD CONSTRAINT follow_ups_site_id_episode_id_fkey FOREIGN KEY (site_id, episode_id) REFERENCES public.episodes(site_id, id);
ALTER TABLE ONLY public.follow_ups
    ADD CONSTRAINT follow_ups_site_id_patient_id_fkey FOREIGN KEY (site_id, patient_id) REFERENCES public.patients(site_id, id);
ALTER TABLE ONLY public.instrument_wordings
    ADD CONSTRAINT instrument_wordings_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);
ALTER TABLE ONLY public.instruments
    ADD CONSTRAINT instruments_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);
ALTER TABLE ONLY public.link_workers
    ADD CONSTRAINT link_workers_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);
ALTER TABLE ONLY public.patients
    ADD CONSTRAINT patients_carer_fkey FOREIGN KEY (carer) REFERENCES public.code_carers(code);
ALTER TABLE ONLY public.patients
    ADD CONSTRAINT patients_contact_preference_fkey FOREIGN KEY (contact_preference) REFERENCES public.code_contact_preferences(code);
ALTER TABLE ONLY public.patients
    ADD CONSTRAINT patients_ethnic_category_fkey FOREIGN KEY (ethnic_category) REFERENCES public.code_ethnic_categories(code);
ALTER TABLE ONLY public.patients
    ADD CONSTRAINT patients_gender_fkey FOREIGN KEY (gender) REFERENCES public.code_genders(code);
ALTER TABLE ONLY public.patients
    ADD CONSTRAINT patients_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);
ALTER TABLE ONLY public.referrals
    ADD CONSTRAINT referral_follows FOREIGN KEY (site_id, follows_referral_id) REFERENCES public.referrals(site_id, id);
ALTER TABLE ONLY public.referral_moves
    ADD CONSTRAINT referral_moves_reason_fkey FOREIGN KEY (reason) REFERENCES public.code_move_reasons(code);
ALTER TABLE ONLY public.referral_moves
    ADD CONSTRAINT referral_moves_site_id_referral_id_fkey FOREIGN KEY (site_id, referral_id) REFERENCES public.referrals(site_id, id);
ALTER TABLE ONLY public.referral_questions
    ADD CONSTRAINT referral_questions_site_id_referral_id_fkey FOREIGN KEY (site_id, referral_id) REFERENCES public.referrals(site_id, id);
ALTER TABLE ONLY public.referrals
    ADD CONSTRAINT referrals_expected_wait_fkey FOREIGN KEY (expected_wait) REFERENCES public.code_wait_bands(code);
ALTER TABLE ONLY public.referrals
    ADD CONSTRAINT referrals_need_fkey FOREIGN KEY (need) REFERENCES public.code_needs(code);
ALTER TABLE ONLY public.referrals
    ADD CONSTRAINT referrals_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);
ALTER TABLE ONLY public.referrals
    ADD CONSTRAINT referrals_organisation_id_service_id_fkey FOREIGN KEY (organisation_id, service_id) REFERENCES public.services(organisation_id, id);
ALTER TABLE ONLY public.referrals
    ADD CONSTRAINT referrals_site_id_episode_id_fkey FOREIGN KEY (site_id, episode_id) REFERENCES public.episodes(site_id, id);
ALTER TABLE ONLY public.referrals
    ADD CONSTRAINT referrals_site_id_patient_id_fkey FOREIGN KEY (site_id, patient_id) REFERENCES public.patients(site_id, id);
ALTER TABLE ONLY public.referrals
    ADD CONSTRAINT referrals_status_reason_fkey FOREIGN KEY (status_reason) REFERENCES public.code_move_reasons(code);
ALTER TABLE ONLY public.releases
    ADD CONSTRAINT releases_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.projects(id);
ALTER TABLE ONLY public.reply_links
    ADD CONSTRAINT reply_links_site_id_referral_id_fkey FOREIGN KEY (site_id, referral_id) REFERENCES public.referrals(site_id, id);
ALTER TABLE ONLY public.safeguarding_flags
    ADD CONSTRAINT safeguarding_flags_site_id_assessment_id_fkey FOREIGN KEY (site_id, assessment_id) REFERENCES public.assessments(site_id, id);
ALTER TABLE ONLY public.safeguarding_flags
    ADD CONSTRAINT safeguarding_flags_site_id_episode_id_fkey FOREIGN KEY (site_id, episode_id) REFERENCES public.episodes(site_id, id);
ALTER TABLE ONLY public.safeguarding_flags
    ADD CONSTRAINT safeguarding_flags_site_id_patient_id_fkey FOREIGN KEY (site_id, patient_id) REFERENCES public.patients(site_id, id);
ALTER TABLE ONLY public.schedules
    ADD CONSTRAINT schedules_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);
ALTER TABLE ONLY public.services
    ADD CONSTRAINT services_activity_type_fkey FOREIGN KEY (activity_type) REFERENCES public.code_activity_types(code);
ALTER TABLE ONLY public.services
    ADD CONSTRAINT services_capacity_fkey FOREIGN KEY (capacity) REFERENCES public.code_capacities(code);
ALTER TABLE ONLY public.services
    ADD CONSTRAINT services_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);
ALTER TABLE ONLY public.services
    ADD CONSTRAINT services_wait_band_fkey FOREIGN KEY (wait_band) REFERENCES public.code_wait_bands(code);
ALTER TABLE ONLY public.studies
    ADD CONSTRAINT studies_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.projects(id);
ALTER TABLE ONLY public.study_interviews
    ADD CONSTRAINT study_interviews_mode_fkey FOREIGN KEY (mode) REFERENCES public.code_modes(code);
ALTER TABLE ONLY public.study_interviews
    ADD CONSTRAINT study_interviews_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.projects(id);
ALTER TABLE ONLY public.study_interviews
    ADD CONSTRAINT study_interviews_site_id_fkey FOREIGN KEY (site_id) REFERENCES public.sites(id);
ALTER TABLE ONLY public.study_notes
    ADD CONSTRAINT study_notes_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.projects(id);
ALTER TABLE ONLY public.study_quotes
    ADD CONSTRAINT study_quotes_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.projects(id);
ALTER TABLE ONLY public.study_quotes
    ADD CONSTRAINT study_quotes_site_id_follow_up_id_fkey FOREIGN KEY (site_id, follow_up_id) REFERENCES public.follow_ups(site_id, id);
ALTER TABLE ONLY public.study_updates
    ADD CONSTRAINT study_updates_corrects_id_fkey FOREIGN KEY (corrects_id) REFERENCES public.study_updates(id);
ALTER TABLE ONLY public.study_updates
    ADD CONSTRAINT study_updates_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.projects(id);
ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES public.webhooks(id) ON DELETE CASCADE;
ALTER TABLE public.access_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.access_log_other ENABLE ROW LEVEL SECURITY;
CREATE POLICY administrators ON public.api_keys USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = ANY (ARRAY['administrator'::text, 'system'::text])));
CREATE POLICY administrators ON public.webhooks USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = ANY (ARRAY['administrator'::text, 'system'::text])));
CREATE POLICY all_sites ON public.access_log FOR SELECT USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY all_sites ON public.events FOR SELECT USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = ANY (ARRAY['administrator'::text, 'system'::text])));
CREATE POLICY all_sites ON public.instrument_wordings USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = ANY (ARRAY['administrator'::text, 'data_steward'::text, 'system'::text])));
CREATE POLICY all_sites ON public.instruments USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = ANY (ARRAY['administrator'::text, 'data_steward'::text, 'system'::text])));
CREATE POLICY all_sites ON public.link_workers USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = ANY (ARRAY['administrator'::text, 'system'::text])));
CREATE POLICY all_sites ON public.schedules USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = ANY (ARRAY['administrator'::text, 'data_steward'::text, 'system'::text])));
CREATE POLICY all_sites ON public.sites USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = ANY (ARRAY['administrator'::text, 'data_steward'::text, 'system'::text])));
ALTER TABLE public.api_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY asked_for ON public.releases FOR INSERT WITH CHECK (((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'researcher'::text) AND (state = 'building'::text) AND (project_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.projects'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[]))));
ALTER TABLE public.assessment_scores ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.assessments ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.attendances ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_link ON public.referrals AS RESTRICTIVE USING ((( SELECT (COALESCE(( SELECT current_setting('app.referral'::text, true) AS current_setting), ''::text) = ''::text)) OR ((id)::text = ( SELECT current_setting('app.referral'::text, true) AS current_setting))));
ALTER TABLE public.cohort ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.consents ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.contacts ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.episodes ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.events ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.external_ids ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.figure_snapshots ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.figures ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.follow_up_answers ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.follow_up_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.follow_up_completions ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.follow_up_links ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.follow_up_services ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.follow_ups ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.idempotency ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.instrument_wordings ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.instruments ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.link_workers ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.mail_kinds ENABLE ROW LEVEL SECURITY;
CREATE POLICY managers ON public.study_quotes USING (((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'site_manager'::text) AND (site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[]))));
CREATE POLICY managers_confirm ON public.api_keys FOR UPDATE USING (((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'site_manager'::text) AND (site_ids <> '{}'::uuid[]) AND (site_ids <@ ( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array))));
CREATE POLICY managers_see ON public.api_keys FOR SELECT USING (((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'site_manager'::text) AND (site_ids <> '{}'::uuid[]) AND (site_ids <@ ( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array))));
CREATE POLICY members ON public.projects FOR SELECT USING ((id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.projects'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY members ON public.releases FOR SELECT USING ((project_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.projects'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY members ON public.studies FOR SELECT USING ((project_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.projects'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY members ON public.study_interviews FOR SELECT USING ((project_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.projects'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY members ON public.study_notes FOR SELECT USING ((project_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.projects'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY members ON public.study_updates FOR SELECT USING ((project_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.projects'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY nobody ON public.cohort USING (false);
CREATE POLICY of_webhook ON public.webhook_deliveries USING ((EXISTS ( SELECT
   FROM public.webhooks w
  WHERE (w.id = webhook_deliveries.webhook_id))));
CREATE POLICY organisation ON public.attendances USING ((EXISTS ( SELECT
   FROM public.referrals r
  WHERE ((r.site_id = attendances.site_id) AND (r.id = attendances.referral_id) AND ((r.organisation_id)::text = ( SELECT current_setting('app.organisation'::text, true) AS current_setting))))));
CREATE POLICY organisation ON public.referral_moves USING ((EXISTS ( SELECT
   FROM public.referrals r
  WHERE ((r.site_id = referral_moves.site_id) AND (r.id = referral_moves.referral_id) AND ((r.organisation_id)::text = ( SELECT current_setting('app.organisation'::text, true) AS current_setting))))));
CREATE POLICY organisation_answers ON public.referrals FOR UPDATE USING ((((organisation_id)::text = ( SELECT current_setting('app.organisation'::text, true) AS current_setting)) AND (kind = 'referral'::text) AND (status <> ALL (ARRAY['draft'::text, 'entered_in_error'::text]))));
CREATE POLICY organisation_asks ON public.referral_questions FOR INSERT WITH CHECK ((EXISTS ( SELECT
   FROM public.referrals r
  WHERE ((r.site_id = referral_questions.site_id) AND (r.id = referral_questions.referral_id) AND ((r.organisation_id)::text = ( SELECT current_setting('app.organisation'::text, true) AS current_setting))))));
CREATE POLICY organisation_is_told ON public.events FOR SELECT USING (((told_organisation_id)::text = ( SELECT current_setting('app.organisation'::text, true) AS current_setting)));
CREATE POLICY organisation_reads ON public.referral_questions FOR SELECT USING ((EXISTS ( SELECT
   FROM public.referrals r
  WHERE ((r.site_id = referral_questions.site_id) AND (r.id = referral_questions.referral_id) AND ((r.organisation_id)::text = ( SELECT current_setting('app.organisation'::text, true) AS current_setting))))));
CREATE POLICY organisation_reads ON public.referrals FOR SELECT USING ((((organisation_id)::text = ( SELECT current_setting('app.organisation'::text, true) AS current_setting)) AND (kind = 'referral'::text) AND (sent_at IS NOT NULL) AND (status <> ALL (ARRAY['draft'::text, 'entered_in_error'::text]))));
ALTER TABLE public.outbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.idempotency USING (((caller_id)::text = ( SELECT current_setting('app.caller'::text, true) AS current_setting)));
CREATE POLICY own ON public.webhooks USING ((partner_id = ( SELECT public.caller_partner() AS caller_partner)));
CREATE POLICY own_record ON public.consents AS RESTRICTIVE USING (((( SELECT current_setting('app.role'::text, true) AS current_setting) IS DISTINCT FROM 'patient'::text) OR ((patient_id)::text = ( SELECT current_setting('app.patient'::text, true) AS current_setting))));
CREATE POLICY own_record ON public.contacts AS RESTRICTIVE USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) IS DISTINCT FROM 'patient'::text));
CREATE POLICY own_record ON public.episodes AS RESTRICTIVE USING (((( SELECT current_setting('app.role'::text, true) AS current_setting) IS DISTINCT FROM 'patient'::text) OR ((patient_id)::text = ( SELECT current_setting('app.patient'::text, true) AS current_setting))));
CREATE POLICY own_record ON public.follow_ups AS RESTRICTIVE USING (((( SELECT current_setting('app.role'::text, true) AS current_setting) IS DISTINCT FROM 'patient'::text) OR ((patient_id)::text = ( SELECT current_setting('app.patient'::text, true) AS current_setting))));
CREATE POLICY own_record ON public.patients AS RESTRICTIVE USING (((( SELECT current_setting('app.role'::text, true) AS current_setting) IS DISTINCT FROM 'patient'::text) OR ((id)::text = ( SELECT current_setting('app.patient'::text, true) AS current_setting))));
CREATE POLICY own_record ON public.referral_questions AS RESTRICTIVE USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) IS DISTINCT FROM 'patient'::text));
CREATE POLICY own_record ON public.referrals AS RESTRICTIVE USING (((( SELECT current_setting('app.role'::text, true) AS current_setting) IS DISTINCT FROM 'patient'::text) OR ((patient_id)::text = ( SELECT current_setting('app.patient'::text, true) AS current_setting))));
CREATE POLICY own_record ON public.safeguarding_flags AS RESTRICTIVE USING (((( SELECT current_setting('app.role'::text, true) AS current_setting) IS DISTINCT FROM 'patient'::text) OR ((patient_id)::text = ( SELECT current_setting('app.patient'::text, true) AS current_setting))));
ALTER TABLE public.patients ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.projects ENABLE ROW LEVEL SECURITY;
CREATE POLICY proposed ON public.projects FOR INSERT WITH CHECK (((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'researcher'::text) AND (state = 'draft'::text)));
CREATE POLICY publish ON public.events FOR UPDATE USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY raised ON public.safeguarding_flags FOR INSERT WITH CHECK ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY readers ON public.figure_snapshots FOR SELECT USING (((built_at IS NOT NULL) AND (( SELECT current_setting('app.role'::text, true) AS current_setting) = ANY (ARRAY['dashboard'::text, 'link_worker'::text, 'site_manager'::text]))));
CREATE POLICY readers ON public.figures FOR SELECT USING (((( SELECT current_setting('app.role'::text, true) AS current_setting) = ANY (ARRAY['dashboard'::text, 'link_worker'::text, 'site_manager'::text])) AND ((site_id IS NULL) OR (site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])))));
ALTER TABLE public.referral_moves ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.referral_questions ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.referrals ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.releases ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.reply_links ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.safeguarding_flags ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.schedules ENABLE ROW LEVEL SECURITY;
CREATE POLICY site_rows ON public.assessment_scores USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.assessments USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.attendances USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.consents USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.contacts USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.episodes USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.events FOR SELECT USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.external_ids USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.follow_up_answers USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.follow_up_attempts USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.follow_up_completions USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.follow_up_links USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.follow_up_services USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.follow_ups USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.instrument_wordings USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.instruments USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.link_workers USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.outbox USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.patients USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.referral_moves USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.referral_questions USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.referrals USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.reply_links USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.safeguarding_flags USING (((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])) AND (( SELECT current_setting('app.role'::text, true) AS current_setting) = ANY (ARRAY['link_worker'::text, 'site_manager'::text, 'integration'::text]))));
CREATE POLICY site_rows ON public.schedules FOR SELECT USING ((site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
CREATE POLICY site_rows ON public.sites FOR SELECT USING ((id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])));
ALTER TABLE public.sites ENABLE ROW LEVEL SECURITY;
CREATE POLICY stewards ON public.projects USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = ANY (ARRAY['data_steward'::text, 'system'::text])));
CREATE POLICY stewards ON public.releases USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = ANY (ARRAY['data_steward'::text, 'system'::text])));
CREATE POLICY stewards ON public.studies USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = ANY (ARRAY['data_steward'::text, 'system'::text])));
CREATE POLICY stewards ON public.study_interviews USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = ANY (ARRAY['data_steward'::text, 'system'::text])));
CREATE POLICY stewards ON public.study_notes USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = ANY (ARRAY['data_steward'::text, 'system'::text])));
CREATE POLICY stewards ON public.study_quotes USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = ANY (ARRAY['data_steward'::text, 'system'::text])));
CREATE POLICY stewards ON public.study_updates USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = ANY (ARRAY['data_steward'::text, 'system'::text])));
CREATE POLICY stewards_confirm ON public.api_keys FOR UPDATE USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'data_steward'::text));
CREATE POLICY stewards_read ON public.events FOR SELECT USING (((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'data_steward'::text) AND (site_id IS NULL)));
CREATE POLICY stewards_see ON public.api_keys FOR SELECT USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'data_steward'::text));
ALTER TABLE public.studies ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.study_interviews ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.study_notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.study_quotes ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.study_updates ENABLE ROW LEVEL SECURITY;
CREATE POLICY system_jobs ON public.assessment_scores USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.assessments USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.attendances USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.consents USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.contacts USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.episodes USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.external_ids USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.figure_snapshots USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.figures USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.follow_up_answers USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.follow_up_attempts USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.follow_up_completions USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.follow_up_links USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.follow_up_services USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.follow_ups USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.idempotency USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.mail_kinds USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.outbox USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.patients USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.referral_moves USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.referral_questions USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.referrals USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.reply_links USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.safeguarding_flags USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
CREATE POLICY system_jobs ON public.webhook_deliveries USING ((( SELECT current_setting('app.role'::text, true) AS current_setting) = 'system'::text));
ALTER TABLE public.webhook_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.webhooks ENABLE ROW LEVEL SECURITY;
CREATE POLICY write ON public.access_log FOR INSERT WITH CHECK ((( SELECT current_setting('app.role'::text, true) AS current_setting) <> ''::text));
CREATE POLICY write ON public.events FOR INSERT WITH CHECK (((( SELECT current_setting('app.role'::text, true) AS current_setting) <> ''::text) AND ((site_id IS NULL) OR (( SELECT current_setting('app.role'::text, true) AS current_setting) = ANY (ARRAY['administrator'::text, 'data_steward'::text, 'organisation'::text, 'system'::text])) OR (site_id = ANY (( SELECT (string_to_array(NULLIF(current_setting('app.sites'::text, true), ''::text), ','::text))::uuid[] AS string_to_array)::uuid[])))));
GRANT USAGE ON SCHEMA public TO waypost_app;
GRANT USAGE ON SCHEMA river TO waypost_app;
REVOKE ALL ON FUNCTION public.act_as(sites uuid[], role text, caller uuid, organisation uuid, patient uuid, projects uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.act_as(sites uuid[], role text, caller uuid, organisation uuid, patient uuid, projects uuid[]) TO waypost_app;
REVOKE ALL ON FUNCTION public.answers_end_with_follow_up() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.answers_end_with_link() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.answers_end_with_person() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.authenticate(hash bytea, worker uuid, at_time timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.authenticate(hash bytea, worker uuid, at_time timestamp with time zone) TO waypost_app;
REVOKE ALL ON FUNCTION public.authenticate_by_reply_link(hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.authenticate_by_reply_link(hash bytea) TO waypost_app;
REVOKE ALL ON FUNCTION public.caller_partner() FROM PUBLIC;
GRANT ALL ON FUNCTION public.caller_partner() TO waypost_app;
REVOKE ALL ON FUNCTION public.claim_idempotency_key(name text, since timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_idempotency_key(name text, since timestamp with time zone) TO waypost_app;
GRANT ALL ON FUNCTION public.consent_stands(site uuid, patient uuid, for_purpose text) TO waypost_app;
REVOKE ALL ON FUNCTION public.delete_unsent_answers(of_site uuid, of_patient uuid, at_time timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.delete_unsent_answers(of_site uuid, of_patient uuid, at_time timestamp with time zone) TO waypost_app;
REVOKE ALL ON FUNCTION public.ensure_access_log_month(month date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ensure_access_log_month(month date) TO waypost_app;
REVOKE ALL ON FUNCTION public.enter(hash bytea, worker uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.enter(hash bytea, worker uuid) TO waypost_app;
REVOKE ALL ON FUNCTION public.enter_by_link(hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.enter_by_link(hash bytea) TO waypost_app;
REVOKE ALL ON FUNCTION public.enter_by_reply_link(hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.enter_by_reply_link(hash bytea) TO waypost_app;
REVOKE ALL ON FUNCTION public.events_wait() FROM PUBLIC;
GRANT ALL ON FUNCTION public.events_wait() TO waypost_app;
REVOKE ALL ON FUNCTION public.join_project(project uuid, member uuid, at_time timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.join_project(project uuid, member uuid, at_time timestamp with time zone) TO waypost_app;
REVOKE ALL ON FUNCTION public.keep_standing_consents() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.key_named(key uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.key_named(key uuid) TO waypost_app;
REVOKE ALL ON FUNCTION public.key_origin(key uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.key_origin(key uuid) TO waypost_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.api_keys TO waypost_app;
REVOKE ALL ON FUNCTION public.key_state(k public.api_keys, at_time timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.key_state(k public.api_keys, at_time timestamp with time zone) TO waypost_app;
REVOKE ALL ON FUNCTION public.leave_project(project uuid, member uuid, at_time timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.leave_project(project uuid, member uuid, at_time timestamp with time zone) TO waypost_app;
REVOKE ALL ON FUNCTION public.mail_statistics(at_time timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.mail_statistics(at_time timestamp with time zone) TO waypost_app;
REVOKE ALL ON FUNCTION public.members_of(project uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.members_of(project uuid) TO waypost_app;
REVOKE ALL ON FUNCTION public.named_at(sites uuid[], codes text[], keys text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.named_at(sites uuid[], codes text[], keys text[]) TO waypost_app;
REVOKE ALL ON FUNCTION public.notice_address(organisation uuid, service uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.notice_address(organisation uuid, service uuid) TO waypost_app;
REVOKE ALL ON FUNCTION public.partner_statistics(at_time timestamp with time zone, OUT feed_position bigint, OUT feed_lag double precision, OUT deliveries_pending bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.partner_statistics(at_time timestamp with time zone, OUT feed_position bigint, OUT feed_lag double precision, OUT deliveries_pending bigint) TO waypost_app;
REVOKE ALL ON FUNCTION public.project_time_zone(project uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.project_time_zone(project uuid) TO waypost_app;
REVOKE ALL ON FUNCTION public.projects_there(ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.projects_there(ids uuid[]) TO waypost_app;
REVOKE ALL ON FUNCTION public.referred_person(referral uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.referred_person(referral uuid) TO waypost_app;
REVOKE ALL ON FUNCTION public.referred_person_died_on(referral uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.referred_person_died_on(referral uuid) TO waypost_app;
REVOKE ALL ON FUNCTION public.referring_phone(referral uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.referring_phone(referral uuid) TO waypost_app;
REVOKE ALL ON FUNCTION public.referring_site(referral uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.referring_site(referral uuid) TO waypost_app;
REVOKE ALL ON FUNCTION public.refresh_statistics() FROM PUBLIC;
GRANT ALL ON FUNCTION public.refresh_statistics() TO waypost_app;
REVOKE ALL ON FUNCTION public.site_time_zone(site uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.site_time_zone(site uuid) TO waypost_app;
REVOKE ALL ON FUNCTION public.stage(target name) FROM PUBLIC;
GRANT ALL ON FUNCTION public.stage(target name) TO waypost_app;
GRANT SELECT,INSERT ON TABLE public.consents TO waypost_app;
GRANT ALL ON FUNCTION public.standing_consent(site uuid, patient uuid, for_purpose text, known timestamp with time zone) TO waypost_app;
REVOKE ALL ON FUNCTION public.update_by_link(hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.update_by_link(hash bytea) TO waypost_app;
REVOKE ALL ON FUNCTION public.words_may_show(site uuid, follow_up uuid, since timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.words_may_show(site uuid, follow_up uuid, since timestamp with time zone) TO waypost_app;
REVOKE ALL ON FUNCTION public.words_shown(project uuid, ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.words_shown(project uuid, ids uuid[]) TO waypost_app;
REVOKE ALL ON FUNCTION public.words_to_choose(project uuid, after uuid, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.words_to_choose(project uuid, after uuid, most integer) TO waypost_app;
GRANT SELECT,INSERT ON TABLE public.access_log TO waypost_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.assessment_scores TO waypost_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.assessments TO waypost_app;
GRANT SELECT,INSERT ON TABLE public.attendances TO waypost_app;
GRANT UPDATE(updated_at) ON TABLE public.attendances TO waypost_app;
GRANT UPDATE(entered_in_error) ON TABLE public.attendances TO waypost_app;
GRANT SELECT ON TABLE public.code_activity_types TO waypost_app;
GRANT SELECT ON TABLE public.code_attempt_results TO waypost_app;
GRANT SELECT ON TABLE public.code_benefits TO waypost_app;
GRANT SELECT ON TABLE public.code_capacities TO waypost_app;
GRANT SELECT ON TABLE public.code_carers TO waypost_app;
GRANT SELECT ON TABLE public.code_closure_reasons TO waypost_app;
GRANT SELECT ON TABLE public.code_collectors TO waypost_app;
GRANT SELECT ON TABLE public.code_consent_decisions TO waypost_app;
GRANT SELECT ON TABLE public.code_consent_purposes TO waypost_app;
GRANT SELECT ON TABLE public.code_contact_kinds TO waypost_app;
GRANT SELECT ON TABLE public.code_contact_outcomes TO waypost_app;
GRANT SELECT ON TABLE public.code_contact_preferences TO waypost_app;
GRANT SELECT ON TABLE public.code_episode_statuses TO waypost_app;
GRANT SELECT ON TABLE public.code_ethnic_categories TO waypost_app;
GRANT SELECT ON TABLE public.code_follow_up_states TO waypost_app;
GRANT SELECT ON TABLE public.code_genders TO waypost_app;
GRANT SELECT ON TABLE public.code_helpers TO waypost_app;
GRANT SELECT ON TABLE public.code_loss_reasons TO waypost_app;
GRANT SELECT ON TABLE public.code_missing_codes TO waypost_app;
GRANT SELECT ON TABLE public.code_modes TO waypost_app;
GRANT SELECT ON TABLE public.code_move_reasons TO waypost_app;
GRANT SELECT ON TABLE public.code_needs TO waypost_app;
GRANT SELECT ON TABLE public.code_non_attendance_reasons TO waypost_app;
GRANT SELECT ON TABLE public.code_organisation_reasons TO waypost_app;
GRANT SELECT ON TABLE public.code_patient_reasons TO waypost_app;
GRANT SELECT ON TABLE public.code_referral_statuses TO waypost_app;
GRANT SELECT ON TABLE public.code_respondents TO waypost_app;
GRANT SELECT ON TABLE public.code_sides TO waypost_app;
GRANT SELECT ON TABLE public.code_sources TO waypost_app;
GRANT SELECT ON TABLE public.code_unused_reasons TO waypost_app;
GRANT SELECT ON TABLE public.code_uses TO waypost_app;
GRANT SELECT ON TABLE public.code_wait_bands TO waypost_app;
GRANT SELECT ON TABLE public.code_well_being_since TO waypost_app;
GRANT SELECT ON TABLE public.code_withdrawal_reasons TO waypost_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.contacts TO waypost_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.episodes TO waypost_app;
GRANT SELECT,INSERT ON TABLE public.events TO waypost_app;
GRANT UPDATE("position") ON TABLE public.events TO waypost_app;
GRANT UPDATE(told_organisation_id) ON TABLE public.events TO waypost_app;
GRANT USAGE ON SEQUENCE public.events_arrived TO waypost_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.external_ids TO waypost_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.figure_snapshots TO waypost_app;
GRANT SELECT,INSERT ON TABLE public.figures TO waypost_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.follow_up_answers TO waypost_app;
GRANT SELECT,INSERT ON TABLE public.follow_up_attempts TO waypost_app;
GRANT SELECT,INSERT ON TABLE public.follow_up_completions TO waypost_app;
GRANT SELECT,INSERT ON TABLE public.follow_up_links TO waypost_app;
GRANT UPDATE(ended_at) ON TABLE public.follow_up_links TO waypost_app;
GRANT SELECT,INSERT ON TABLE public.follow_up_services TO waypost_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.follow_ups TO waypost_app;
GRANT SELECT ON TABLE public.goose_db_version TO waypost_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.idempotency TO waypost_app;
GRANT SELECT,UPDATE ON TABLE public.installation TO waypost_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.instrument_wordings TO waypost_app;
GRANT SELECT,INSERT ON TABLE public.instruments TO waypost_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.link_workers TO waypost_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.mail_kinds TO waypost_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.organisations TO waypost_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.outbox TO waypost_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.patients TO waypost_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.projects TO waypost_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.referral_moves TO waypost_app;
GRANT SELECT,INSERT ON TABLE public.referral_questions TO waypost_app;
GRANT UPDATE(answered_at) ON TABLE public.referral_questions TO waypost_app;
GRANT UPDATE(answered_by_link_worker_id) ON TABLE public.referral_questions TO waypost_app;
GRANT UPDATE(updated_at) ON TABLE public.referral_questions TO waypost_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.referrals TO waypost_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.releases TO waypost_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.reply_links TO waypost_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.safeguarding_flags TO waypost_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.schedules TO waypost_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.services TO waypost_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.sites TO waypost_app;
GRANT SELECT ON TABLE public.standing_consents TO waypost_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.studies TO waypost_app;
GRANT SELECT,INSERT ON TABLE public.study_interviews TO waypost_app;
GRANT UPDATE(removed_at) ON TABLE public.study_interviews TO waypost_app;
GRANT SELECT,INSERT ON TABLE public.study_notes TO waypost_app;
GRANT UPDATE(removed_at) ON TABLE public.study_notes TO waypost_app;
GRANT SELECT,INSERT ON TABLE public.study_quotes TO waypost_app;
GRANT UPDATE(state) ON TABLE public.study_quotes TO waypost_app;
GRANT UPDATE(checked_by) ON TABLE public.study_quotes TO waypost_app;
GRANT UPDATE(checked_at) ON TABLE public.study_quotes TO waypost_app;
GRANT UPDATE(updated_at) ON TABLE public.study_quotes TO waypost_app;
GRANT SELECT,INSERT ON TABLE public.study_updates TO waypost_app;
GRANT UPDATE(token_hash) ON TABLE public.study_updates TO waypost_app;
GRANT UPDATE(expires_on) ON TABLE public.study_updates TO waypost_app;
GRANT UPDATE(withdrawn_at) ON TABLE public.study_updates TO waypost_app;
GRANT UPDATE(version) ON TABLE public.study_updates TO waypost_app;
GRANT UPDATE(updated_at) ON TABLE public.study_updates TO waypost_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.webhook_deliveries TO waypost_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.webhooks TO waypost_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE river.river_job TO waypost_app;
GRANT SELECT,USAGE ON SEQUENCE river.river_job_id_seq TO waypost_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE river.river_leader TO waypost_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE river.river_migration TO waypost_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE river.river_notification TO waypost_app;
GRANT SELECT,USAGE ON SEQUENCE river.river_notification_id_seq TO waypost_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE river.river_queue TO waypost_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA river GRANT SELECT,USAGE ON SEQUENCES  TO waypost_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA river GRANT SELECT,INSERT,DELETE,UPDATE ON TABLES  TO waypost_app;
INSERT INTO public.goose_db_version VALUES (1, 0, true, '2026-11-30 23:16:11.846234');
INSERT INTO public.goose_db_version VALUES (2, 1, true, '2026-11-30 23:16:11.878897');
INSERT INTO public.goose_db_version VALUES (3, 2, true, '2026-11-30 23:16:12.151342');
INSERT INTO public.goose_db_version VALUES (4, 3, true, '2026-11-30 23:16:12.221802');
INSERT INTO public.goose_db_version VALUES (5, 4, true, '2026-11-30 23:16:12.325887');
INSERT INTO public.goose_db_version VALUES (6, 5, true, '2026-11-30 23:16:12.348455');
INSERT INTO public.goose_db_version VALUES (7, 6, true, '2026-11-30 23:16:12.385565');
INSERT INTO public.goose_db_version VALUES (8, 7, true, '2026-11-30 23:16:12.414301');
INSERT INTO public.goose_db_version VALUES (9, 8, true, '2026-11-30 23:16:12.455028');
INSERT INTO public.goose_db_version VALUES (10, 9, true, '2026-11-30 23:16:12.464938');
INSERT INTO public.goose_db_version VALUES (11, 10, true, '2026-11-30 23:16:12.467168');
INSERT INTO public.goose_db_version VALUES (12, 11, true, '2026-11-30 23:16:12.492366');
INSERT INTO public.goose_db_version VALUES (13, 12, true, '2026-11-30 23:16:12.512206');
INSERT INTO public.goose_db_version VALUES (14, 13, true, '2026-11-30 23:16:12.519302');
INSERT INTO public.goose_db_version VALUES (15, 14, true, '2026-11-30 23:16:12.52053');
INSERT INTO public.goose_db_version VALUES (16, 15, true, '2026-11-30 23:16:12.537184');
INSERT INTO public.goose_db_version VALUES (17, 16, true, '2026-11-30 23:16:12.55369');
INSERT INTO public.goose_db_version VALUES (18, 17, true, '2026-11-30 23:16:12.64462');
INSERT INTO public.goose_db_version VALUES (19, 18, true, '2026-11-30 23:16:12.657802');
INSERT INTO public.goose_db_version VALUES (20, 19, true, '2026-11-30 23:16:12.679971');
INSERT INTO public.goose_db_version VALUES (21, 20, true, '2026-11-30 23:16:12.683384');
INSERT INTO public.goose_db_version VALUES (22, 21, true, '2026-11-30 23:16:12.695493');
INSERT INTO public.goose_db_version VALUES (23, 22, true, '2026-11-30 23:16:12.699318');
INSERT INTO public.goose_db_version VALUES (24, 23, true, '2026-11-30 23:16:12.754982');
INSERT INTO public.goose_db_version VALUES (25, 24, true, '2026-11-30 23:16:12.916195');
INSERT INTO public.goose_db_version VALUES (26, 25, true, '2026-11-30 23:16:12.921142');
INSERT INTO public.goose_db_version VALUES (27, 26, true, '2026-11-30 23:16:12.961331');
INSERT INTO public.goose_db_version VALUES (28, 27, true, '2026-11-30 23:16:12.966744');
INSERT INTO public.goose_db_version VALUES (29, 28, true, '2026-11-30 23:16:13.020219');
INSERT INTO public.goose_db_version VALUES (30, 29, true, '2026-11-30 23:16:13.034817');
INSERT INTO public.goose_db_version VALUES (31, 30, true, '2026-11-30 23:16:13.042542');
INSERT INTO public.goose_db_version VALUES (32, 31, true, '2026-11-30 23:16:13.045953');
INSERT INTO public.installation VALUES (true, false, false, 0, 0, NULL);
INSERT INTO river.river_migration VALUES ('main', 1, '2026-11-30 23:16:13.144256+00');
INSERT INTO river.river_migration VALUES ('main', 2, '2026-11-30 23:16:13.161352+00');
INSERT INTO river.river_migration VALUES ('main', 3, '2026-11-30 23:16:13.190259+00');
INSERT INTO river.river_migration VALUES ('main', 4, '2026-11-30 23:16:13.196248+00');
INSERT INTO river.river_migration VALUES ('main', 5, '2026-11-30 23:16:13.207105+00');
INSERT INTO river.river_migration VALUES ('main', 6, '2026-11-30 23:16:13.232615+00');
INSERT INTO river.river_migration VALUES ('main', 7, '2026-11-30 23:16:13.237736+00');
INSERT INTO river.river_migration VALUES ('main', 8, '2026-11-30 23:16:13.253517+00');
SELECT pg_catalog.setval('public.goose_db_version_id_seq', 32, true);
