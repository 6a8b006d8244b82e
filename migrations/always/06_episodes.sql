-- Spells of support, the contacts within them, and who stands in for whom.

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

create or replace trigger episodes_external_ids_void after update of void_id on episodes_all
  for each row when (old.void_id is distinct from new.void_id) execute function external_ids_void_changed();
create or replace trigger contacts_external_ids_void after update of void_id on contacts_all
  for each row when (old.void_id is distinct from new.void_id) execute function external_ids_void_changed();

-- Reports whether a contact reached the person: what was done on their behalf meets somebody else.
create or replace function reaches_person(kind text, outcome text) returns boolean language sql immutable parallel safe as $$
  select outcome in ('spoke', 'attended') and kind <> 'on_behalf' $$;

-- The covers that run on the day of an instant, at each site's own time. Nobody stands in who is not active.
create or replace function covers_at(instant timestamptz)
  returns table (site_id uuid, from_link_worker_id uuid, link_worker_id uuid, episode_id uuid, ends_on date)
  language sql stable parallel safe as $$
  select c.site_id, c.from_link_worker_id, c.link_worker_id, c.episode_id, c.ends_on
  from covers c
  join sites s on s.id = c.site_id
  join link_workers w on w.site_id = c.site_id and w.id = c.link_worker_id and w.active
  where (instant at time zone s.time_zone)::date between c.starts_on and c.ends_on $$;

-- The one rule of whose work an episode is beside the link worker whose it is: the episodes that somebody stands in for.
create or replace function covered_episodes(worker uuid, instant timestamptz)
  returns table (site_id uuid, episode_id uuid) language sql stable parallel safe as $$
  select e.site_id, e.id
  from covers_at(instant) c
  join episodes e on e.site_id = c.site_id and e.link_worker_id = c.from_link_worker_id
    and (c.episode_id is null or e.id = c.episode_id)
  where c.link_worker_id = worker $$;

-- Whom a person or an organisation is to ask about an episode: its link worker, or who stands in for them, named with
-- both names, since the person knows the one and the other answers.
create or replace function link_worker_to_ask(site uuid, episode uuid, instant timestamptz)
  returns table (name text, email text, phone text) language sql stable parallel safe as $$
  select case when k.name is null then w.name else k.name || ', for ' || w.name end,
    case when k.name is null then w.email else k.email end,
    case when k.name is null then w.phone else k.phone end
  from episodes e
  join link_workers w on w.site_id = e.site_id and w.id = e.link_worker_id
  left join lateral (
    select i.name, i.email, i.phone
    from covers_at(instant) c
    join link_workers i on i.site_id = c.site_id and i.id = c.link_worker_id
    where c.site_id = e.site_id and c.from_link_worker_id = e.link_worker_id
      and (c.episode_id is null or c.episode_id = e.id)
    limit 1
  ) k on true
  where e.site_id = site and e.id = episode $$;

call reset_access('episodes_all', 'contacts_all', 'handovers', 'handover_items', 'covers', 'episode_reopenings');

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

grant select, insert, update (ended_at, updated_at) on handovers to waypost_staff, waypost_jobs;
create policy staff on handovers to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on handovers to waypost_jobs using (true);

grant select, insert on handover_items to waypost_staff, waypost_jobs;
create policy staff on handover_items to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on handover_items to waypost_jobs using (true);

grant select, insert, update (ends_on, end_told) on covers to waypost_staff, waypost_jobs;
grant select on covers to waypost_patients;
create policy staff on covers to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy patients on covers for select to waypost_patients
  using (exists (select from episodes e where e.site_id = covers.site_id and e.link_worker_id = covers.from_link_worker_id
    and (covers.episode_id is null or covers.episode_id = e.id)));
create policy jobs on covers to waypost_jobs using (true);

grant select, insert on episode_reopenings to waypost_staff, waypost_jobs;
create policy staff on episode_reopenings to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on episode_reopenings to waypost_jobs using (true);
