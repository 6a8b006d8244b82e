-- What organisations and partners are told: nobody's name once a referral is over, and what happens now before what is replayed.

-- +goose Up

-- As it was; but a person is shown while something is expected of the organisation, and not once it is over: by key and by link alike.
create or replace function referred_person(referral uuid)
  returns table (patient_id uuid, name text, pronouns text, phone text, email text, contact_preference text, access_needs text, link_worker_name text, link_worker_email text)
  language sql stable security definer set search_path = public, pg_temp as $$
  select p.id, coalesce(p.preferred_name, p.given_name) || ' ' || p.family_name, p.pronouns, p.phone, p.email, p.contact_preference, p.access_needs, w.name, w.email
  from referrals r
  join episodes e on e.site_id = r.site_id and e.id = r.episode_id
  join patients p on p.site_id = r.site_id and p.id = r.patient_id
  join link_workers w on w.site_id = e.site_id and w.id = e.link_worker_id
  where r.id = referral and r.kind = 'referral' and r.status in ('sent', 'expired', 'accepted', 'waitlisted', 'in_progress')
    and r.organisation_id::text = current_setting('app.organisation', true)
    and coalesce(current_setting('app.referral', true), '') in ('', r.id::text)
    and consent_stands(p.site_id, p.id, 'share_with_organisations') $$;

-- A replay has a place in the feed of its own, so that what happens meanwhile does not wait for it.
alter table webhooks
  add column replay_position bigint, -- deliveries are made anew up to here; null: nothing is replayed
  add column replay_until    bigint, -- and to here: what came after was not sent before
  add check ((replay_position is null) = (replay_until is null));
alter table webhook_deliveries add column replayed boolean not null default false; -- it is sent when nothing else is due
create index webhook_deliveries_turn on webhook_deliveries (webhook_id, replayed, next_try_at) where state = 'pending';

-- +goose Down
select 1;
