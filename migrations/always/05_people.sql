-- Patients, what they agreed to, and what other systems call records of ours.

create or replace function keep_external_ids() returns trigger language plpgsql as $$
declare
  subject text := replace(tg_table_name, '_all', '');
begin
  if tg_op = 'UPDATE' then
    delete from external_ids where site_id = new.site_id and subject_id = new.id;
  end if;
  insert into external_ids (site_id, system, value, subject_type, subject_id)
    select new.site_id, e->>'system', e->>'value', subject, new.id from jsonb_array_elements(new.external_ids) e;
  return null;
end $$;
create or replace trigger patients_external_ids after insert on patients
  for each row when (new.external_ids <> '[]') execute function keep_external_ids();
create or replace trigger patients_external_ids_changed after update of external_ids on patients
  for each row when (old.external_ids <> new.external_ids) execute function keep_external_ids();

-- What is entered in error gives its names in other systems free, for who was meant; an undo takes them back.
create or replace function external_ids_void_changed() returns trigger language plpgsql as $$
declare
  subject text := replace(tg_table_name, '_all', '');
begin
  if new.void_id is not null then
    delete from external_ids where site_id = new.site_id and subject_id = new.id;
  else
    insert into external_ids (site_id, system, value, subject_type, subject_id)
      select new.site_id, e->>'system', e->>'value', subject, new.id from jsonb_array_elements(new.external_ids) e;
  end if;
  return null;
end $$;
create or replace trigger patients_external_ids_void after update of void_id on patients
  for each row when (old.void_id is distinct from new.void_id) execute function external_ids_void_changed();

-- When an address of a person became another one: what happened to the one before says nothing of it.
create or replace function patient_address_changed() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if lower(trim(new.email)) is distinct from lower(trim(old.email)) then
    new.email_changed_at := new.updated_at;
  end if;
  if regexp_replace(new.phone, '[^0-9]', '', 'g') is distinct from regexp_replace(old.phone, '[^0-9]', '', 'g') then
    new.phone_changed_at := new.updated_at;
  end if;
  return new;
end $$;
create or replace trigger patients_address_changed before update of email, phone on patients
  for each row execute function patient_address_changed();

create or replace function answers_end_with_person() returns trigger language plpgsql as $$
begin
  perform delete_unsent_answers(new.site_id, new.id, new.updated_at);
  return null;
end $$;
create or replace trigger patients_answers after update of died_on on patients
  for each row when (old.died_on is null and new.died_on is not null) execute function answers_end_with_person();

call make_views_of_record('consents');

-- The first and the last day on which a person may have been born, of whom the day, the month or the year is known; null:
-- nothing is.
create or replace function born_from(born text) returns date language sql immutable parallel safe as $$
  select make_date(left(born, 4)::int, coalesce(nullif(substr(born, 6, 2), ''), '1')::int,
    coalesce(nullif(substr(born, 9, 2), ''), '1')::int) $$;
create or replace function born_until(born text) returns date language sql immutable parallel safe as $$
  select case length(born) when 4 then born_from(born) + interval '1 year' - interval '1 day'
    when 7 then born_from(born) + interval '1 month' - interval '1 day' else born_from(born) end::date $$;

-- Reports whether a person has reached an age on a day for certain: whoever may be younger, or whose birth date is not
-- known, has not.
create or replace function surely_reached(born text, years int, on_day date) returns boolean
  language sql immutable parallel safe as $$
  select coalesce(born_until(born) + make_interval(years => years) <= on_day, false) $$;

-- The one rule of consent: which row stands for a person and purpose, by what was recorded at an instant. The newest
-- decided_on wins. On one day a refusal wins, unless a later consent names it in replaces. Not asking, and not obtaining
-- an answer, replace no decision. Where two records of a person were merged, a refusal that stood on either outweighs what
-- the other had agreed to then, whichever is newer. The column stands keeps the result: after a change of this rule a
-- numbered file works it out anew for the rows that are there. A decision in somebody's best interests does not count for research: the
-- Mental Capacity Act 2005 (sections 30 to 34) asks for approved research there.
create or replace function standing_consent(site uuid, patient uuid, for_purpose text, known timestamptz default 'infinity')
  returns setof consents language sql stable as $$
  select c.* from consents c
  where c.site_id = site and c.patient_id = patient and c.purpose = for_purpose and c.created_at <= known
    and not (c.decision = 'best_interests' and c.purpose in ('research', 'recontact', 'share_my_words'))
    and not exists (select from consents r where r.site_id = c.site_id and r.patient_id = c.patient_id and r.purpose = c.purpose
      and r.replaces = c.id and r.created_at <= known)
    and not exists (select from outweighed_consents o
      join consents r on r.site_id = o.site_id and r.id = o.by_consent_id and r.patient_id = c.patient_id
      where o.site_id = c.site_id and o.consent_id = c.id and o.created_at <= known)
  order by case c.decision when 'not_asked' then 2 when 'not_obtained' then 1 else 0 end,
    c.decided_on desc, c.decision in ('declined', 'withdrawn') desc, c.created_at desc, c.id desc
  limit 1 $$;

-- Sets the column stands of a person's consents for a purpose. The person is locked, so that of two consents recorded at
-- once the second is weighed against the first. It takes stands from a consent that was entered in error, too.
create or replace function set_standing_consent(site uuid, patient uuid, for_purpose text, at_time timestamptz) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  winner uuid;
begin
  perform from patients p where p.site_id = site and p.id = patient for no key update;
  select s.id into winner from standing_consent(site, patient, for_purpose) s;
  update consents_all c set stands = false, updated_at = greatest(c.updated_at, at_time)
    where c.site_id = site and c.patient_id = patient and c.purpose = for_purpose and c.stands and c.id is distinct from winner;
  update consents_all c set stands = true, updated_at = greatest(c.updated_at, at_time)
    where c.site_id = site and c.patient_id = patient and c.purpose = for_purpose and c.id = winner and not c.stands;
  if for_purpose = 'follow_up_contact' then
    perform delete_unsent_answers(site, patient, at_time);
  end if;
end $$;
call only_for('set_standing_consent(uuid, uuid, text, timestamptz)');

create or replace function consent_void_changed() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_standing_consent(new.site_id, new.patient_id, new.purpose, new.updated_at);
  return null;
end $$;
call only_for('consent_void_changed()');
create or replace trigger consents_void_changed after update of void_id on consents_all
  for each row when (old.void_id is distinct from new.void_id) execute function consent_void_changed();

-- Keeps the column stands of what is recorded.
create or replace function keep_standing_consents() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  a record;
begin
  for a in select site_id, patient_id, purpose, max(created_at) as at_time from added group by 1, 2, 3 order by 1, 2, 3 loop
    perform set_standing_consent(a.site_id, a.patient_id, a.purpose, a.at_time);
  end loop;
  return null;
end $$;
call only_for('keep_standing_consents()');
create or replace trigger consents_standing after insert on consents_all
  referencing new table as added for each statement execute function keep_standing_consents();

-- The consents that stand, and what each means for its purpose.
create or replace view standing_consents with (security_invoker) as
  select *, decision in ('given', 'best_interests') as permits,
    decision in ('declined', 'withdrawn', 'not_obtained') as rules_out -- whoever was never asked may be asked
  from consents where stands;

-- Reports whether a person permits something now.
create or replace function consent_stands(site uuid, patient uuid, for_purpose text) returns boolean
  language plpgsql stable as $$
begin
  return exists (select from standing_consents c
    where c.site_id = site and c.patient_id = patient and c.purpose = for_purpose and c.permits);
end $$;

call reset_access('external_ids', 'patients', 'consents_all', 'voids');

grant select, insert, update, delete on external_ids to waypost_staff, waypost_jobs;
create policy staff on external_ids to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on external_ids to waypost_jobs using (true);

grant select, insert, update on patients to waypost_staff, waypost_jobs;
grant select on patients to waypost_patients;
create policy staff on patients to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy patients on patients to waypost_patients
  using (site_id = any((select acting_sites())::uuid[]) and id = (select acting_patient()));
create policy jobs on patients to waypost_jobs using (true);

-- A decision is never changed: a later one stands.
grant select, insert on consents, consents_all to waypost_staff, waypost_jobs;
grant update (void_id, updated_at) on consents_all to waypost_staff, waypost_jobs;
grant select on consents, consents_all to waypost_patients;
grant select on recorded_consents to waypost_staff, waypost_jobs;
grant select on standing_consents to waypost_staff, waypost_patients, waypost_jobs;
create policy staff on consents_all to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy patients on consents_all to waypost_patients
  using (site_id = any((select acting_sites())::uuid[]) and patient_id = (select acting_patient()));
create policy jobs on consents_all to waypost_jobs using (true);

-- What was entered in error. An organisation takes back what it said of its own referrals' attendance.
grant select, insert on voids to waypost_staff, waypost_organisations, waypost_jobs;
grant update (undone_at, undo_reason, undone_by_role, undone_by_link_worker_id, undone_by_on_behalf) on voids
  to waypost_staff, waypost_organisations, waypost_jobs;
create policy staff on voids to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy organisations on voids to waypost_organisations
  using (subject_type = 'attendance' and exists (select from attendances_all a
    where a.site_id = voids.site_id and a.id = voids.subject_id));
create policy jobs on voids to waypost_jobs using (true);
