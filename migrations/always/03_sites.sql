-- Sites, their link workers and schedules.

-- Which day it is at a site is asked by everybody who records there, an organisation too, which sees no site's row.
create or replace function site_time_zone(site uuid) returns text
  language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return (select time_zone from sites where id = site);
end $$;
call only_for('site_time_zone(uuid)', 'waypost_app', 'waypost_staff', 'waypost_organisations',
  'waypost_patients', 'waypost_jobs');

-- A site that moves to another time zone has the days of its referrals worked out anew.
create or replace function site_days() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update referrals set sent_at = sent_at where site_id = new.id;
  return null;
end $$;
create or replace trigger sites_days after update of time_zone on sites
  for each row when (old.time_zone <> new.time_zone) execute function site_days();

call reset_access('sites', 'schedules', 'link_workers');

grant select, insert, update on sites to waypost_staff, waypost_jobs;
grant select on sites to waypost_patients;
create policy staff on sites for select to waypost_staff using (id = any((select acting_sites())::uuid[]));
create policy administrators on sites to waypost_staff using ((select acting_role()) in ('administrator', 'data_steward'));
create policy patients on sites for select to waypost_patients using (id = any((select acting_sites())::uuid[]));
create policy jobs on sites to waypost_jobs using (true);

grant select, insert, update, delete on schedules to waypost_staff, waypost_jobs;
grant select on schedules to waypost_patients;
create policy staff on schedules for select to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy administrators on schedules to waypost_staff using ((select acting_role()) in ('administrator', 'data_steward'));
create policy patients on schedules for select to waypost_patients using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on schedules to waypost_jobs using (true);

grant select, insert, update on link_workers to waypost_staff, waypost_jobs;
grant select on link_workers to waypost_patients;
create policy staff on link_workers to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy administrators on link_workers to waypost_staff using ((select acting_role()) = 'administrator');
create policy patients on link_workers for select to waypost_patients using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on link_workers to waypost_jobs using (true);
