-- Keys that open people's records wait until a second person has confirmed them, a key ends with who it is for, and it says when it
-- was last used. Links can be ended by themselves, and a repeated answer is noted in the log of reads.

-- +goose Up
alter table api_keys
  add column confirmed_at timestamptz           -- null: the key is pending; of one that needs no confirmation, when it was made
    default case when current_setting('app.role', true) = 'system' then now() end, -- for a process of an older version alone
  add column confirmed_by uuid,                 -- the key that confirmed it; null: nobody has, or it needed nobody
  add column last_used_at timestamptz;          -- written once an hour at most
update api_keys set confirmed_at = created_at;

-- Where a key stands at an instant. Only one that works is a credential.
create function key_state(k api_keys, at_time timestamptz) returns text
  language sql stable security definer set search_path = public, pg_temp as $$
  select case
    when k.revoked_at is not null then 'revoked'
    when k.expires_on < (at_time at time zone 'UTC')::date then 'expired'
    when exists (select from link_workers w where w.id = k.link_worker_id and not w.active)
      or exists (select from organisations o where o.id = k.organisation_id and o.status = 'inactive') then 'inactive'
    when k.confirmed_at is null then 'pending'
    else 'works' end $$;
revoke all on function key_state(api_keys, timestamptz) from public;
grant execute on function key_state(api_keys, timestamptz) to waypost_app;

-- What those who see a key are told of the key that made or confirmed it.
create function key_named(key uuid) returns jsonb
  language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('key_id', k.id, 'role', k.role, 'label', k.label) from api_keys k where k.id = key $$;
revoke all on function key_named(uuid) from public;
grant execute on function key_named(uuid) to waypost_app;

-- The key in whose hands another is as far as anybody has vouched: from each key to the one that made it, and no further than one that
-- somebody confirmed, or that was made on the server. Two keys of one origin may be one person's.
create function key_origin(key uuid) returns uuid
  language sql stable security definer set search_path = public, pg_temp as $$
  with recursive chain as (
    select id, created_by, confirmed_by from api_keys where id = key
    union all
    select m.id, m.created_by, m.confirmed_by from chain c join api_keys m on m.id = c.created_by where c.confirmed_by is null)
  select id from chain where created_by is null or confirmed_by is not null $$;
revoke all on function key_origin(uuid) from public;
grant execute on function key_origin(uuid) to waypost_app;

-- A data steward sees all keys, and a manager those that reach their own sites alone: to confirm them. Neither can make one.
create policy stewards_see on api_keys for select using ((select current_setting('app.role', true)) = 'data_steward');
create policy stewards_confirm on api_keys for update using ((select current_setting('app.role', true)) = 'data_steward');
create policy managers_see on api_keys for select
  using ((select current_setting('app.role', true)) = 'site_manager' and site_ids <> '{}'
    and site_ids <@ (select string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[])::uuid[]);
create policy managers_confirm on api_keys for update
  using ((select current_setting('app.role', true)) = 'site_manager' and site_ids <> '{}'
    and site_ids <@ (select string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[])::uuid[]);

-- The only way to a credential before anybody is known: by its hash. No row: no key has it, or the key does not work at that instant.
-- From here on the transaction acts as whoever it belongs to. The sites of a dashboard that names none are all sites. worker_is tells
-- of the link worker on whose behalf a partner system acts: active, inactive, or unknown (of none of its sites).
-- That the key was used is noted hourly, and only where that is possible at once: not on a read replica, nor where the row is held.
-- +goose StatementBegin
create function authenticate(hash bytea, worker uuid, at_time timestamptz)
  returns table (id uuid, key_hash bytea, role text, label text, site_ids uuid[], organisation_id uuid, project_ids uuid[], link_worker_id uuid, expires_on date, worker_is text)
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
-- +goose StatementEnd
revoke all on function authenticate(bytea, uuid, timestamptz) from public;
grant execute on function authenticate(bytea, uuid, timestamptz) to waypost_app;

-- As it was, for a process of an older version, which sees itself whether a key has expired; so a key that is pending, or whose link
-- worker or organisation is inactive, is none there either.
-- +goose StatementBegin
create or replace function enter(hash bytea, worker uuid)
  returns table (id uuid, key_hash bytea, role text, label text, site_ids uuid[], organisation_id uuid, project_ids uuid[], link_worker_id uuid, expires_on date, revoked_at timestamptz, worker_is text)
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return query select a.id, a.key_hash, a.role, a.label, a.site_ids, a.organisation_id, a.project_ids, a.link_worker_id, a.expires_on, null::timestamptz, a.worker_is
    from authenticate(hash, worker, '-infinity') a;
end $$;
-- +goose StatementEnd

-- The only way to a referral by a link: by the hash of its token. From here on the transaction acts as the organisation, on that
-- referral alone; whether the link still works is for the caller to decide, who has the clock.
-- +goose StatementBegin
create function authenticate_by_reply_link(hash bytea)
  returns table (id uuid, token_hash bytea, ends_at timestamptz, referral_id uuid, organisation_id uuid, organisation_active boolean)
  language plpgsql security definer set search_path = public, pg_temp as $$
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
-- +goose StatementEnd
revoke all on function authenticate_by_reply_link(bytea) from public;
grant execute on function authenticate_by_reply_link(bytea) to waypost_app;

-- As it was, for a process of an older version; the link of an organisation that is not active is none.
-- +goose StatementBegin
create or replace function enter_by_reply_link(hash bytea)
  returns table (id uuid, token_hash bytea, ends_at timestamptz, referral_id uuid, organisation_id uuid)
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return query select l.id, l.token_hash, l.ends_at, l.referral_id, l.organisation_id from authenticate_by_reply_link(hash) l where l.organisation_active;
end $$;
-- +goose StatementEnd

-- A person's own link can be ended before its last day; it is none from then on.
alter table follow_up_links add column ended_at timestamptz;
grant update (ended_at) on follow_up_links to waypost_app;
-- +goose StatementBegin
create or replace function enter_by_link(hash bytea)
  returns table (token_hash bytea, site_id uuid, follow_up_id uuid, patient_id uuid, expires_on date)
  language plpgsql security definer set search_path = public, pg_temp as $$
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
-- +goose StatementEnd

-- Who is shown by an answer that is kept for a repeat: [{site_id, patient_ids}]. A repeat is noted in the log of reads.
alter table idempotency add column people jsonb not null default '[]';

-- +goose Down
select 1;
