-- A site's own instruments, and the words it has loaded. No update of an instrument is granted: a change is a new version,
-- and assessments stay scored by the one they were taken with.

call reset_access('instruments', 'instrument_wordings');

grant select, insert on instruments to waypost_staff, waypost_jobs;
grant select on instruments, instrument_wordings to waypost_patients, waypost_organisations; -- an organisation finds none
create policy staff on instruments to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy administrators on instruments to waypost_staff using ((select acting_role()) in ('administrator', 'data_steward'));
create policy patients on instruments for select to waypost_patients using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on instruments to waypost_jobs using (true);

grant select, insert, update on instrument_wordings to waypost_staff, waypost_jobs;
create policy staff on instrument_wordings to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy administrators on instrument_wordings to waypost_staff
  using ((select acting_role()) in ('administrator', 'data_steward'));
create policy patients on instrument_wordings for select to waypost_patients
  using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on instrument_wordings to waypost_jobs using (true);
