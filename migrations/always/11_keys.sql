-- API keys: who one belongs to, its state, who confirmed it, and authenticate, which finds the actor of a credential.

-- Where a key stands at an instant. Only one that works is a credential. Its last day is one at the first of its sites, or
-- in London where it names none; that is asked only near its end.
create or replace function key_state(k api_keys, at_time timestamptz) returns text
  language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return case
    when k.revoked_at is not null then 'revoked'
    when k.expires_on <= (at_time at time zone 'UTC')::date + 1 and k.expires_on < (at_time at time zone
      coalesce((select s.time_zone from sites s where s.id = k.site_ids[1]), 'Europe/London'))::date then 'expired'
    when exists (select from link_workers w where w.id = k.link_worker_id and not w.active)
      or exists (select from organisations o where o.id = k.organisation_id and o.status = 'inactive') then 'inactive'
    when k.confirmed_at is null then 'pending'
    else 'works' end;
end $$;
call only_for('key_state(api_keys, timestamptz)', 'waypost_staff', 'waypost_organisations', 'waypost_jobs');

-- What those who see a key are told of the key that made or confirmed it.
create or replace function key_named(key uuid) returns jsonb
  language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('key_id', k.id, 'role', k.role, 'label', k.label) from api_keys k where k.id = key $$;
call only_for('key_named(uuid)', 'waypost_staff', 'waypost_jobs');

-- The key in whose hands another is as far as anybody has vouched: from each key to the one that made it, and no further
-- than one that somebody confirmed, or that was made on the server. Two keys of one origin may be one person's.
create or replace function key_origin(key uuid) returns uuid
  language sql stable security definer set search_path = public, pg_temp as $$
  with recursive chain as (
    select id, created_by, confirmed_by from api_keys where id = key
    union all
    select m.id, m.created_by, m.confirmed_by from chain c join api_keys m on m.id = c.created_by where c.confirmed_by is null)
  select id from chain where created_by is null or confirmed_by is not null $$;
call only_for('key_origin(uuid)', 'waypost_staff', 'waypost_jobs');

-- Keys that replace one another are one partner's.
create or replace function caller_partner() returns uuid
  language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return (select partner_id from api_keys where id = acting_key());
end $$;
call only_for('caller_partner()', 'waypost_staff', 'waypost_organisations', 'waypost_jobs');

-- The only way to a credential before anybody is known: by its hash. No row: no key has it, or the key does not work at
-- that instant. From here on the transaction acts as whoever it belongs to. The sites of a dashboard that names none are
-- all sites. worker_is tells of the link worker on whose behalf a partner system acts: active, inactive, or unknown (of
-- none of its sites). That the key was used is noted hourly, and only where that is possible at once: not on a read
-- replica, nor where the row is locked.
create or replace function authenticate(hash bytea, worker uuid, at_time timestamptz)
  returns table (id uuid, key_hash bytea, role text, label text, site_ids uuid[], organisation_id uuid, project_ids uuid[],
    link_worker_id uuid, expires_on date, worker_is text)
  language plpgsql security definer set search_path = public, pg_temp as $$
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
  perform set_actor(site_ids, role, id, organisation_id, projects => project_ids);
  if worker is not null then
    worker_is := coalesce((select case when w.active then 'active' else 'inactive' end
      from link_workers w where w.id = worker and w.site_id = any(site_ids)), 'unknown');
  end if;
  perform set_config('app.on_behalf_of', case when worker_is = 'active' then worker::text else '' end, true);
  if coalesce(k.last_used_at < at_time - interval '1 hour', true) and current_setting('transaction_read_only') = 'off' then
    begin
      update api_keys a set last_used_at = at_time
        where a.id = (select b.id from api_keys b where b.id = k.id for no key update skip locked);
    exception when others then
      null; -- a request does not fail for it
    end;
  end if;
  return next;
end $$;
call only_for('authenticate(bytea, uuid, timestamptz)', 'waypost_app');

call reset_access('api_keys');

grant select, insert, update on api_keys to waypost_staff, waypost_jobs;
create policy administrators on api_keys to waypost_staff using ((select acting_role()) = 'administrator');
-- A data steward sees all keys, and a manager those that reach their own sites alone: to confirm them. Neither can make one.
create policy stewards_see on api_keys for select to waypost_staff using ((select acting_role()) = 'data_steward');
create policy stewards_confirm on api_keys for update to waypost_staff using ((select acting_role()) = 'data_steward');
create policy managers_see on api_keys for select to waypost_staff
  using ((select acting_role()) = 'site_manager' and site_ids <> '{}' and site_ids <@ (select acting_sites())::uuid[]);
create policy managers_confirm on api_keys for update to waypost_staff
  using ((select acting_role()) = 'site_manager' and site_ids <> '{}' and site_ids <@ (select acting_sites())::uuid[]);
create policy jobs on api_keys to waypost_jobs using (true);
