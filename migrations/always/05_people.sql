-- Patients, what they agreed to, and what other systems call records of ours.

create or replace function keep_external_ids() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    delete from external_ids where site_id = new.site_id and subject_id = new.id;
  end if;
  insert into external_ids (site_id, system, value, subject_type, subject_id)
    select new.site_id, e->>'system', e->>'value', tg_table_name, new.id from jsonb_array_elements(new.external_ids) e;
  return null;
end $$;
create or replace trigger patients_external_ids after insert on patients
  for each row when (new.external_ids <> '[]') execute function keep_external_ids();
create or replace trigger patients_external_ids_changed after update of external_ids on patients
  for each row when (old.external_ids <> new.external_ids) execute function keep_external_ids();

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

-- The one rule of consent: which row stands for a person and purpose, by what was recorded at an instant. The newest
-- decided_on wins. On one day a refusal wins, unless a later consent names it in replaces. Not asking, and not obtaining
-- an answer, replace no decision. The column stands keeps the result: after a change of this rule a numbered file works
-- it out anew for the rows that are there. A decision in somebody's best interests does not count for research: the
-- Mental Capacity Act 2005 (sections 30 to 34) asks for approved research there.
create or replace function standing_consent(site uuid, patient uuid, for_purpose text, known timestamptz default 'infinity')
  returns setof consents language sql stable as $$
  select c.* from consents c
  where c.site_id = site and c.patient_id = patient and c.purpose = for_purpose and c.created_at <= known
    and not (c.decision = 'best_interests' and c.purpose in ('research', 'recontact', 'share_my_words'))
    and not exists (select from consents r where r.site_id = c.site_id and r.patient_id = c.patient_id and r.purpose = c.purpose
      and r.replaces = c.id and r.created_at <= known)
  order by case c.decision when 'not_asked' then 2 when 'not_obtained' then 1 else 0 end,
    c.decided_on desc, c.decision in ('declined', 'withdrawn') desc, c.created_at desc, c.id desc
  limit 1 $$;

-- Keeps the column stands. The person is locked, so that of two consents recorded at once the second is weighed against
-- the first.
create or replace function keep_standing_consents() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
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
call only_for('keep_standing_consents()');
create or replace trigger consents_standing after insert on consents
  referencing new table as added for each statement execute function keep_standing_consents();

-- The consents that stand, and what each means for its purpose.
create or replace view standing_consents with (security_invoker) as
  select *, decision in ('given', 'best_interests') as permits,
    decision in ('declined', 'withdrawn', 'not_obtained') as rules_out -- whoever was never asked may be asked
  from consents where stands;

-- Reports whether a person permits something now.
create or replace function consent_stands(site uuid, patient uuid, for_purpose text) returns boolean language sql stable as $$
  select exists (select from standing_consents c
    where c.site_id = site and c.patient_id = patient and c.purpose = for_purpose and c.permits) $$;

call reset_access('external_ids', 'patients', 'consents');

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
grant select, insert on consents to waypost_staff, waypost_jobs;
grant select on consents to waypost_patients;
grant select on standing_consents to waypost_staff, waypost_patients, waypost_jobs;
create policy staff on consents to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy patients on consents to waypost_patients
  using (site_id = any((select acting_sites())::uuid[]) and patient_id = (select acting_patient()));
create policy jobs on consents to waypost_jobs using (true);
