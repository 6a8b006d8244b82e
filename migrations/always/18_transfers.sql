-- People whom one site passes to another. What a site does to the other's row, Waypost does for it (casework).

-- The names of all sites, for whoever may pass people on: a person is passed to a site by its name.
create or replace function site_names() returns table (id uuid, code text, name text)
  language sql stable security definer set search_path = public, pg_temp as $$
  select s.id, s.code, s.name from sites s where acting_role() in ('link_worker', 'site_manager', 'integration') $$;
call only_for('site_names()', 'waypost_staff');

-- What a site sees of a person while it is asked: the name and the need as the other site has them now.
create or replace function offered(of_transfer uuid) returns table (name text, need text)
  language sql stable security definer set search_path = public, pg_temp as $$
  select concat_ws(' ', coalesce(p.preferred_name, p.given_name), p.family_name), (
      select e.need_primary from episodes e where e.site_id = p.site_id and e.patient_id = p.id and e.status <> 'closed'
      order by e.received_on desc, e.id desc limit 1)
  from transfer_offers o
  join transfers t on t.site_id = o.from_site_id and t.id = o.id
  join patients p on p.site_id = t.site_id and p.id = t.patient_id
  where o.id = of_transfer and o.state = 'pending' and o.site_id = any(acting_sites())
    and acting_role() in ('link_worker', 'site_manager', 'integration') $$;
call only_for('offered(uuid)', 'waypost_staff');

call reset_access('transfers', 'transfer_offers');

grant select, insert, update on transfers to waypost_staff, waypost_jobs;
create policy staff on transfers to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on transfers to waypost_jobs using (true);

grant select, update on transfer_offers to waypost_staff;
grant select, insert, update on transfer_offers to waypost_jobs;
create policy staff on transfer_offers to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on transfer_offers to waypost_jobs using (true);
