-- People whom one site passes to another. What a site does to the other's row, Waypost does for it (casework).

call reset_access('transfers', 'transfer_offers');

grant select, insert, update on transfers to waypost_staff, waypost_jobs;
create policy staff on transfers to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on transfers to waypost_jobs using (true);

grant select, update on transfer_offers to waypost_staff;
grant select, insert, update on transfer_offers to waypost_jobs;
create policy staff on transfer_offers to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on transfer_offers to waypost_jobs using (true);
