-- How organisations answer: a link to one referral that needs no login, and what came in by it; and why somebody was referred to a
-- service that is full.

-- +goose Up
create table reply_links (
  id          uuid primary key,      -- who acts by it, where an API key stands otherwise
  token_hash  bytea not null unique, -- SHA-256 of the token, which is 256 random bits and stored nowhere
  site_id     uuid not null,
  referral_id uuid not null,
  ends_at     timestamptz not null,  -- the end of its last day at the site, or when a newer link took its place
  created_at  timestamptz not null,
  foreign key (site_id, referral_id) references referrals (site_id, id)
);
create index reply_links_of on reply_links (site_id, referral_id);
alter table reply_links enable row level security;
create policy site_rows on reply_links
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy system_jobs on reply_links using (current_setting('app.role', true) = 'system');
grant select, insert, update on reply_links to waypost_app;

-- The only way to a referral by a link: by the hash of its token. From here on the transaction acts as the organisation, on that
-- referral alone; whether the link still works is for the caller to decide, who has the clock.
-- +goose StatementBegin
create function enter_by_reply_link(hash bytea)
  returns table (id uuid, token_hash bytea, ends_at timestamptz, referral_id uuid, organisation_id uuid)
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  select l.id, l.token_hash, l.ends_at, l.referral_id, r.organisation_id
    into id, token_hash, ends_at, referral_id, organisation_id
    from reply_links l join referrals r on r.site_id = l.site_id and r.id = l.referral_id
    where l.token_hash = hash;
  if not found then
    return;
  end if;
  perform act_as('{}'::uuid[], 'organisation', id, organisation_id), set_config('app.referral', referral_id::text, true);
  return next;
end $$;
-- +goose StatementEnd
revoke all on function enter_by_reply_link(bytea) from public;
grant execute on function enter_by_reply_link(bytea) to waypost_app;

-- Whoever came by a link reaches the moves and attendances of no other referral either: their policies ask this table. The first
-- half is asked once a query, not once a row.
create policy by_link on referrals as restrictive
  using ((select coalesce(current_setting('app.referral', true), '') = '') or id::text = current_setting('app.referral', true));

-- As it was; but a link reaches its own referral's person alone, and one that was withdrawn is no longer the organisation's to see.
create or replace function referred_person(referral uuid)
  returns table (patient_id uuid, name text, pronouns text, phone text, email text, contact_preference text, access_needs text, link_worker_name text, link_worker_email text)
  language sql stable security definer set search_path = public, pg_temp as $$
  select p.id, coalesce(p.preferred_name, p.given_name) || ' ' || p.family_name, p.pronouns, p.phone, p.email, p.contact_preference, p.access_needs, w.name, w.email
  from referrals r
  join episodes e on e.site_id = r.site_id and e.id = r.episode_id
  join patients p on p.site_id = r.site_id and p.id = r.patient_id
  join link_workers w on w.site_id = e.site_id and w.id = e.link_worker_id
  where r.id = referral and r.kind = 'referral' and r.status not in ('draft', 'withdrawn', 'entered_in_error')
    and r.organisation_id::text = current_setting('app.organisation', true)
    and coalesce(current_setting('app.referral', true), '') in ('', r.id::text)
    and consent_stands(p.site_id, p.id, 'share_with_organisations') $$;

-- Who referred, for the organisation it was sent to, which sees no site's row.
create function referring_site(referral uuid) returns text
  language sql stable security definer set search_path = public, pg_temp as $$
  select s.name from referrals r join sites s on s.id = r.site_id
  where r.id = referral and r.organisation_id::text = current_setting('app.organisation', true) $$;
revoke all on function referring_site(uuid) from public;
grant execute on function referring_site(uuid) to waypost_app;

-- How each step came in; job: Waypost's own, which alone lets a referral expire. What a demo told is marked as far as it can be told.
alter table referral_moves add column recorded_via text not null default 'api' check (recorded_via in ('api', 'link', 'import', 'demo', 'job'));
alter table attendances    add column recorded_via text not null default 'api' check (recorded_via in ('api', 'link', 'import', 'demo', 'job'));
update referral_moves m set recorded_via = 'demo' from referrals r
  where r.site_id = m.site_id and r.id = m.referral_id and r.recorded_via = 'demo' and m.actor_key_id is null;
update attendances a set recorded_via = 'demo' from referrals r
  where r.site_id = a.site_id and r.id = a.referral_id and r.recorded_via = 'demo';

-- Why somebody was referred to a service that is full: free text or a code of the caller's own, in this row alone.
alter table referrals add column override_reason text;

-- A notice to an organisation without an address waits for somebody to copy the link.
alter table outbox drop constraint outbox_channel_check,
  add constraint outbox_channel_check check (channel in ('email', 'text_message', 'by_hand'));

-- +goose Down
select 1;
