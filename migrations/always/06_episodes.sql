-- Spells of support, and the contacts within them.

call make_views_of_record('episodes');
call make_views_of_record('contacts');

create or replace trigger episodes_need_codes before insert or update of need_others on episodes_all
  for each row execute function check_codes('needs', 'need_others');
create or replace trigger episodes_external_ids after insert on episodes_all
  for each row when (new.external_ids <> '[]') execute function keep_external_ids();
create or replace trigger episodes_external_ids_changed after update of external_ids on episodes_all
  for each row when (old.external_ids <> new.external_ids) execute function keep_external_ids();
create or replace trigger contacts_external_ids after insert on contacts_all
  for each row when (new.external_ids <> '[]') execute function keep_external_ids();
create or replace trigger contacts_external_ids_changed after update of external_ids on contacts_all
  for each row when (old.external_ids <> new.external_ids) execute function keep_external_ids();

-- Reports whether a contact reached the person: what was done on their behalf meets somebody else.
create or replace function reaches_person(kind text, outcome text) returns boolean language sql immutable parallel safe as $$
  select outcome in ('spoke', 'attended') and kind <> 'on_behalf' $$;

call reset_access('episodes_all', 'contacts_all');

grant select, insert, update on episodes, episodes_all to waypost_staff, waypost_jobs;
grant select, update on episodes, episodes_all to waypost_patients;
grant select on recorded_episodes, recorded_contacts to waypost_staff, waypost_jobs;
create policy staff on episodes_all to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy patients on episodes_all to waypost_patients
  using (site_id = any((select acting_sites())::uuid[]) and patient_id = (select acting_patient()));
create policy jobs on episodes_all to waypost_jobs using (true);

grant select, insert, update on contacts, contacts_all to waypost_staff, waypost_jobs;
create policy staff on contacts_all to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on contacts_all to waypost_jobs using (true);
