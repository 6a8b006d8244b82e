-- Which consent stands is kept in its row; who died is offered to nobody; answers that are not sent are deleted.

-- +goose Up
alter table consents
  add column replaces uuid,                        -- the consent of the same person and purpose that this one takes the place of
  add column stands boolean not null default false, -- of a person and purpose at most one does; kept by a trigger
  add foreign key (site_id, replaces) references consents (site_id, id);
create index consents_replaced on consents (site_id, replaces) where replaces is not null;

-- The one rule of consent: which row stands for a person and purpose, by what was recorded at an instant. The latest decision does, by
-- its day; of one day a refusal, unless a later one names it. Not asking, and not obtaining an answer, replace no decision. Deciding in
-- somebody's best interests is nothing for research: there the Mental Capacity Act 2005 (sections 30 to 34) asks for approved research.
create function standing_consent(site uuid, patient uuid, for_purpose text, known timestamptz default 'infinity')
  returns setof consents language sql stable as $$
  select c.* from consents c
  where c.site_id = site and c.patient_id = patient and c.purpose = for_purpose and c.created_at <= known
    and not (c.decision = 'best_interests' and c.purpose in ('research', 'recontact', 'share_my_words'))
    and not exists (select from consents r where r.site_id = c.site_id and r.patient_id = c.patient_id and r.purpose = c.purpose
      and r.replaces = c.id and r.created_at <= known)
  order by case c.decision when 'not_asked' then 2 when 'not_obtained' then 1 else 0 end,
    c.decided_on desc, c.decision in ('declined', 'withdrawn') desc, c.created_at desc, c.id desc
  limit 1 $$;
grant execute on function standing_consent(uuid, uuid, text, timestamptz) to waypost_app;

-- The person is locked, so that of two consents recorded at once the second is weighed against the first.
-- +goose StatementBegin
create function keep_standing_consents() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
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
-- +goose StatementEnd
revoke all on function keep_standing_consents() from public;

update consents c set stands = true
  from (select distinct site_id, patient_id, purpose from consents) a, lateral standing_consent(a.site_id, a.patient_id, a.purpose) s
  where c.site_id = s.site_id and c.id = s.id;
create unique index consents_standing on consents (site_id, patient_id, purpose) where stands;
create trigger consents_standing after insert on consents
  referencing new table as added for each statement execute function keep_standing_consents();

-- The consents that stand, and what each means for its purpose.
create view standing_consents with (security_invoker) as
  select *, decision in ('given', 'best_interests') as permits,
    decision in ('declined', 'withdrawn', 'not_obtained') as rules_out -- whoever was never asked may be asked
  from consents where stands;
grant select on standing_consents to waypost_app;

create or replace function consent_stands(site uuid, patient uuid, for_purpose text) returns boolean language sql stable as $$
  select exists (select from standing_consents c
    where c.site_id = site and c.patient_id = patient and c.purpose = for_purpose and c.permits) $$;

-- As it was; but what was not asked since takes nothing back.
create or replace function words_may_show(site uuid, follow_up uuid, since timestamptz) returns boolean
  language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from follow_ups f where f.site_id = site and f.id = follow_up
    and consent_stands(f.site_id, f.patient_id, 'share_my_words') and consent_stands(f.site_id, f.patient_id, 'research')
    and not exists (select from consents c where c.site_id = f.site_id and c.patient_id = f.patient_id and c.purpose in ('share_my_words', 'research')
      and c.decision in ('declined', 'withdrawn') and c.created_at >= since)) $$;

-- When the person of a referral died, for whoever may see the referral: an organisation sees no person's row, and is not told.
create function referred_person_died_on(referral uuid) returns date
  language sql stable security definer set search_path = public, pg_temp as $$
  select p.died_on from referrals r join patients p on p.site_id = r.site_id and p.id = r.patient_id
  where r.id = referral and (current_setting('app.role', true) = 'system'
    or r.site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[])
    or r.organisation_id::text = current_setting('app.organisation', true) and coalesce(current_setting('app.referral', true), '') in ('', r.id::text)) $$;
revoke all on function referred_person_died_on(uuid) from public;
grant execute on function referred_person_died_on(uuid) to waypost_app;

-- As it was; but nobody is shown who has died.
create or replace function referred_person(referral uuid)
  returns table (patient_id uuid, name text, pronouns text, phone text, email text, contact_preference text, access_needs text, link_worker_name text, link_worker_email text)
  language sql stable security definer set search_path = public, pg_temp as $$
  select p.id, concat_ws(' ', coalesce(p.preferred_name, p.given_name), p.family_name), p.pronouns, p.phone, p.email, p.contact_preference, p.access_needs, w.name, w.email
  from referrals r
  join episodes e on e.site_id = r.site_id and e.id = r.episode_id
  join patients p on p.site_id = r.site_id and p.id = r.patient_id
  join link_workers w on w.site_id = e.site_id and w.id = e.link_worker_id
  where r.id = referral and r.kind = 'referral' and r.status in ('sent', 'expired', 'accepted', 'waitlisted', 'in_progress') and p.died_on is null
    and r.organisation_id::text = current_setting('app.organisation', true)
    and coalesce(current_setting('app.referral', true), '') in ('', r.id::text)
    and consent_stands(p.site_id, p.id, 'share_with_organisations') $$;

-- Whether a contact reached the person: what was done on their behalf meets somebody else.
create function reaches_person(kind text, outcome text) returns boolean language sql immutable parallel safe as $$
  select outcome in ('spoke', 'attended') and kind <> 'on_behalf' $$;

create index patients_died on patients (site_id, id) where died_on is not null; -- whose open referrals are to be withdrawn

-- Answers at a person's own link that were not sent stay no longer than they can be sent: until the follow-up is completed or given up
-- for a reason that rules asking out, the person dies or says no to being contacted, or no link works; and for 30 days after the last
-- one. Of one person, or with nulls of everybody whom the caller's policies show. The episodes are locked, as by whoever answers.
-- +goose StatementBegin
create function delete_unsent_answers(of_site uuid, of_patient uuid, at_time timestamptz) returns void language plpgsql as $$
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
-- +goose StatementEnd
-- +goose StatementBegin
create function answers_end_with_person() returns trigger language plpgsql as $$
begin
  perform delete_unsent_answers(new.site_id, new.id, new.updated_at);
  return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function answers_end_with_follow_up() returns trigger language plpgsql as $$
begin
  perform delete_unsent_answers(new.site_id, new.patient_id, new.updated_at);
  return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function answers_end_with_link() returns trigger language plpgsql as $$
begin
  perform delete_unsent_answers(f.site_id, f.patient_id, new.ended_at) from follow_ups f where f.site_id = new.site_id and f.id = new.follow_up_id;
  return null;
end $$;
-- +goose StatementEnd
revoke all on function delete_unsent_answers(uuid, uuid, timestamptz), answers_end_with_person(), answers_end_with_follow_up(), answers_end_with_link() from public;
grant execute on function delete_unsent_answers(uuid, uuid, timestamptz) to waypost_app;
create trigger patients_answers after update of died_on on patients
  for each row when (old.died_on is null and new.died_on is not null) execute function answers_end_with_person();
create trigger follow_ups_answers after update of completed_on, loss_reason on follow_ups
  for each row when (old.completed_on is distinct from new.completed_on or old.loss_reason is distinct from new.loss_reason)
  execute function answers_end_with_follow_up();
create trigger follow_up_links_answers after update of ended_at on follow_up_links
  for each row when (new.ended_at is not null) execute function answers_end_with_link();

-- As it was; but a key's last day is one at the first of its sites, or in London where it names none. That is asked only near its end.
create or replace function key_state(k api_keys, at_time timestamptz) returns text
  language sql stable security definer set search_path = public, pg_temp as $$
  select case
    when k.revoked_at is not null then 'revoked'
    when k.expires_on <= (at_time at time zone 'UTC')::date + 1 and k.expires_on < (at_time at time zone
      coalesce((select s.time_zone from sites s where s.id = k.site_ids[1]), 'Europe/London'))::date then 'expired'
    when exists (select from link_workers w where w.id = k.link_worker_id and not w.active)
      or exists (select from organisations o where o.id = k.organisation_id and o.status = 'inactive') then 'inactive'
    when k.confirmed_at is null then 'pending'
    else 'works' end $$;

-- The time zone of a project's days: its first site's. Whoever reads an update by its link sees neither.
create function project_time_zone(project uuid) returns text
  language sql stable security definer set search_path = public, pg_temp as $$
  select s.time_zone from projects p join sites s on s.id = p.site_ids[1] where p.id = project $$;
revoke all on function project_time_zone(uuid) from public;
grant execute on function project_time_zone(uuid) to waypost_app;

-- +goose Down
select 1;
