-- Referrals: how they stand, and the doors through which an organisation sees one.

call make_views_of_record('attendances');

create or replace trigger referrals_external_ids after insert on referrals
  for each row when (new.external_ids <> '[]') execute function keep_external_ids();
create or replace trigger referrals_external_ids_changed after update of external_ids on referrals
  for each row when (old.external_ids <> new.external_ids) execute function keep_external_ids();

-- Keeps sent_on and responded_on.
create or replace function referral_days() returns trigger language plpgsql as $$
declare zone text := site_time_zone(new.site_id);
begin
  new.sent_on := (new.sent_at at time zone zone)::date;
  new.responded_on := (new.responded_at at time zone zone)::date;
  return new;
end $$;
create or replace trigger referrals_days before insert or update of sent_at, responded_at on referrals
  for each row execute function referral_days();

-- Keeps episode_link_worker_id. Whoever changes either has locked the episode.
create or replace function referral_worker() returns trigger language plpgsql as $$
begin
  new.episode_link_worker_id := (select e.link_worker_id from episodes_all e
    where e.site_id = new.site_id and e.id = new.episode_id);
  return new;
end $$;
create or replace trigger referrals_worker before insert on referrals for each row execute function referral_worker();
create or replace trigger referrals_worker_changed before update on referrals
  for each row when (old.episode_id <> new.episode_id) execute function referral_worker();

create or replace function episode_worker_changed() returns trigger language plpgsql as $$
begin
  update referrals r set episode_link_worker_id = new.link_worker_id
    where r.site_id = new.site_id and r.episode_id = new.id
      and r.episode_link_worker_id is distinct from new.link_worker_id;
  return null;
end $$;
create or replace trigger episodes_worker_changed after update of link_worker_id on episodes_all
  for each row when (old.link_worker_id is distinct from new.link_worker_id) execute function episode_worker_changed();

-- The one rule of which referrals and signposts count: those that were sent or given, and not in error. A draft may be
-- withdrawn without being sent.
create or replace function counts_as_sent(sent_at timestamptz, status text) returns boolean
  language sql immutable parallel safe as $$
  select sent_at is not null and status not in ('draft', 'entered_in_error') $$;

create or replace view sent_referrals with (security_invoker) as
  select site_id, id, episode_id, patient_id, organisation_id, service_id, kind, need, status, status_reason,
    sent_at, sent_on, responded_at, responded_on, taken, expected_wait, expected_start_on, first_attended_on, ended_on,
    recorded_via, created_at
  from referrals
  where counts_as_sent(sent_at, status);

-- Keeps the column taken.
create or replace function referrals_taken() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update referrals r set taken = not r.taken
  from (select distinct site_id, referral_id from changed) c
  where r.site_id = c.site_id and r.id = c.referral_id
    and r.taken <> exists (select from referral_moves m
      where m.site_id = r.site_id and m.referral_id = r.id and m.voided_at is null
        and m.to_status in ('accepted', 'in_progress', 'completed'));
  return null;
end $$;
create or replace trigger referral_moves_added after insert on referral_moves
  referencing new table as changed for each statement execute function referrals_taken();
create or replace trigger referral_moves_voided after update on referral_moves
  referencing new table as changed for each statement execute function referrals_taken();

-- The only way to a referral by a link: by the hash of its token. From here on the transaction acts as the organisation, on
-- that referral alone; whether the link still works is for the caller to decide, who has the clock.
create or replace function authenticate_by_reply_link(hash bytea)
  returns table (id uuid, token_hash bytea, ends_at timestamptz, referral_id uuid, organisation_id uuid, organisation_active boolean)
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  select l.id, l.token_hash, l.ends_at, l.referral_id, r.organisation_id, o.status <> 'inactive'
    into id, token_hash, ends_at, referral_id, organisation_id, organisation_active
    from reply_links l
    join referrals r on r.site_id = l.site_id and r.id = l.referral_id
    join organisations o on o.id = r.organisation_id
    where l.token_hash = hash;
  if not found then
    return;
  end if;
  perform set_actor('{}', 'organisation', id, organisation_id, referral => referral_id);
  return next;
end $$;
call only_for('authenticate_by_reply_link(bytea)', 'waypost_app');

-- The only way an organisation sees a person: for its own referral (by a link, for that one alone), while something is
-- expected of it, while the person lives, and while consent to share stands. The link worker is whom to ask then.
create or replace function referred_person(referral uuid, instant timestamptz)
  returns table (patient_id uuid, name text, pronouns text, phone text, email text, contact_preference text, access_needs text,
    link_worker_name text, link_worker_email text)
  language sql stable security definer set search_path = public, pg_temp as $$
  select p.id, concat_ws(' ', coalesce(p.preferred_name, p.given_name), p.family_name), p.pronouns, p.phone, p.email,
    p.contact_preference, p.access_needs, w.name, w.email
  from referrals r
  join episodes e on e.site_id = r.site_id and e.id = r.episode_id
  join patients p on p.site_id = r.site_id and p.id = r.patient_id
  cross join lateral link_worker_to_ask(e.site_id, e.id, instant) w
  where r.id = referral and r.organisation_id = acting_organisation() and coalesce(acting_referral(), r.id) = r.id
    and r.kind = 'referral' and r.status in ('sent', 'expired', 'accepted', 'waitlisted', 'in_progress')
    and p.died_on is null and consent_stands(p.site_id, p.id, 'share_with_organisations') $$;
call only_for('referred_person(uuid, timestamptz)', 'waypost_organisations');

-- The link worker's telephone, to whoever is shown whom they referred.
create or replace function referring_phone(referral uuid, instant timestamptz) returns text
  language sql stable security definer set search_path = public, pg_temp as $$
  select nullif(btrim(w.phone), '') from referrals r
  cross join lateral link_worker_to_ask(r.site_id, r.episode_id, instant) w
  where r.id = referral and exists (select from referred_person(referral, instant)) $$;
call only_for('referring_phone(uuid, timestamptz)', 'waypost_organisations');

-- When the person of a referral died, for whoever may see the referral: an organisation sees no person's row, and is not told.
create or replace function referred_person_died_on(referral uuid) returns date
  language sql stable security definer set search_path = public, pg_temp as $$
  select p.died_on from referrals r join patients p on p.site_id = r.site_id and p.id = r.patient_id
  where r.id = referral and (acting_role() = 'system' or r.site_id = any(acting_sites())
    or r.organisation_id = acting_organisation() and coalesce(acting_referral(), r.id) = r.id) $$;
call only_for('referred_person_died_on(uuid)', 'waypost_staff', 'waypost_organisations', 'waypost_jobs');

-- Who referred, for the organisation it was sent to, which sees no site's row.
create or replace function referring_site(referral uuid) returns text
  language sql stable security definer set search_path = public, pg_temp as $$
  select s.name from referrals r join sites s on s.id = r.site_id
  where r.id = referral and r.organisation_id = acting_organisation() $$;
call only_for('referring_site(uuid)', 'waypost_organisations');

call reset_access('referrals', 'referral_moves', 'attendances_all', 'referral_questions', 'reply_links');

grant select, insert, update on referrals to waypost_staff, waypost_jobs;
grant select, update on referrals to waypost_organisations;
grant select on referrals to waypost_patients;
create policy staff on referrals to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy patients on referrals to waypost_patients
  using (site_id = any((select acting_sites())::uuid[]) and patient_id = (select acting_patient()));
-- An organisation sees what was sent to it: no draft, no signpost, nothing entered in error; by a link, that one alone.
create policy organisations on referrals for select to waypost_organisations
  using (organisation_id = (select acting_organisation()) and kind = 'referral' and counts_as_sent(sent_at, status)
    and ((select acting_referral()) is null or id = (select acting_referral())));
create policy organisations_answer on referrals for update to waypost_organisations
  using (organisation_id = (select acting_organisation()) and kind = 'referral' and counts_as_sent(sent_at, status)
    and ((select acting_referral()) is null or id = (select acting_referral())));
create policy jobs on referrals to waypost_jobs using (true);
grant select on sent_referrals to waypost_staff, waypost_organisations, waypost_patients, waypost_jobs;

-- What belongs to a referral is seen by whoever sees the referral.
grant select, insert, update on referral_moves to waypost_staff, waypost_organisations, waypost_jobs;
create policy staff on referral_moves to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy organisations on referral_moves to waypost_organisations
  using (exists (select from referrals r where r.site_id = referral_moves.site_id and r.id = referral_moves.referral_id));
create policy jobs on referral_moves to waypost_jobs using (true);

grant select, insert on attendances, attendances_all to waypost_staff, waypost_organisations, waypost_jobs;
grant update (void_id, updated_at, referral_id) on attendances_all to waypost_staff, waypost_organisations, waypost_jobs;
grant update (referral_id, updated_at) on attendances to waypost_staff, waypost_organisations, waypost_jobs;
grant select on recorded_attendances to waypost_staff, waypost_organisations, waypost_jobs;
create policy staff on attendances_all to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy organisations on attendances_all to waypost_organisations
  using (exists (select from referrals r where r.site_id = attendances_all.site_id and r.id = attendances_all.referral_id));
create policy jobs on attendances_all to waypost_jobs using (true);

grant select, insert, update (answered_at, answered_by_link_worker_id, updated_at) on referral_questions to waypost_staff, waypost_jobs;
grant select, insert on referral_questions to waypost_organisations;
create policy staff on referral_questions to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy organisations on referral_questions to waypost_organisations
  using (exists (select from referrals r where r.site_id = referral_questions.site_id and r.id = referral_questions.referral_id));
create policy jobs on referral_questions to waypost_jobs using (true);

grant select, insert, update on reply_links to waypost_staff, waypost_jobs;
create policy staff on reply_links to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on reply_links to waypost_jobs using (true);
