-- What a request asks before its work begins, in one round trip each.

-- +goose Up

-- Tells row-level security who acts, until the transaction ends.
create function act_as(sites uuid[], role text, caller uuid, organisation uuid) returns void language sql as $$
  select set_config('app.sites', coalesce(array_to_string(sites, ','), ''), true),
         set_config('app.role', role, true),
         set_config('app.caller', coalesce(caller::text, ''), true),
         set_config('app.organisation', coalesce(organisation::text, ''), true) $$;
revoke all on function act_as(uuid[], text, uuid, uuid) from public;
grant execute on function act_as(uuid[], text, uuid, uuid) to waypost_app;

-- The only way to a credential before anybody is known: by its hash. From here on the transaction acts as whoever it
-- belongs to; whether the key still works is for the caller to decide, who has the clock. The sites of a dashboard that
-- names none are all sites. worker_is tells of the link worker on whose behalf a partner system acts: active, inactive,
-- or unknown (of none of its sites).
-- +goose StatementBegin
create function enter(hash bytea, worker uuid)
  returns table (id uuid, key_hash bytea, role text, label text, site_ids uuid[], organisation_id uuid, link_worker_id uuid, expires_on date, revoked_at timestamptz, worker_is text)
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  select k.id, k.key_hash, k.role, k.label,
         case when k.role = 'dashboard' and k.site_ids = '{}' then array(select s.id from sites s) else k.site_ids end,
         k.organisation_id, k.link_worker_id, k.expires_on, k.revoked_at
    into id, key_hash, role, label, site_ids, organisation_id, link_worker_id, expires_on, revoked_at
    from api_keys k where k.key_hash = hash;
  if not found then
    return;
  end if;
  perform act_as(site_ids, role, id, organisation_id);
  if worker is not null then
    worker_is := coalesce((select case when w.active then 'active' else 'inactive' end from link_workers w where w.id = worker and w.site_id = any(site_ids)), 'unknown');
  end if;
  return next;
end $$;
-- +goose StatementEnd
revoke all on function enter(bytea, uuid) from public;
grant execute on function enter(bytea, uuid) to waypost_app;
drop function find_api_key(bytea);

-- Holds the caller's Idempotency-Key until the transaction ends, and finds what was answered under it since then. Volatile,
-- so that the search sees what a twin committed before it gave the key up.
-- +goose StatementBegin
create function claim_idempotency_key(name text, since timestamptz)
  returns table (claimed boolean, request bytea, authority bytea, status int, header jsonb, body bytea) language plpgsql volatile as $$
declare caller uuid := current_setting('app.caller')::uuid;
begin
  claimed := pg_try_advisory_xact_lock(hashtextextended(caller || '/' || name, 0));
  if claimed then
    select i.request, i.authority, i.status, i.header, i.body into request, authority, status, header, body
      from idempotency i where i.caller_id = caller and i.key = name and i.created_at > since;
  end if;
  return next;
end $$;
-- +goose StatementEnd
revoke all on function claim_idempotency_key(text, timestamptz) from public;
grant execute on function claim_idempotency_key(text, timestamptz) to waypost_app;

-- A function with its owner's rights looks into temporary tables last: else one that a session names like ours comes first.
alter function ensure_access_log_month(date) set search_path = public, pg_temp;
alter function site_time_zone(uuid) set search_path = public, pg_temp;
alter function referred_person(uuid) set search_path = public, pg_temp;

-- Lists are asked for what changed since.
create index episodes_updated   on episodes (site_id, updated_at);
create index referrals_updated  on referrals (site_id, updated_at);
create index follow_ups_updated on follow_ups (site_id, updated_at);

-- A key's label and last day can be changed.
alter table api_keys add column version int not null default 1;

-- What is recorded of a contact can be put right.
alter table contacts add column version int not null default 1;

-- +goose Down
select 1;
