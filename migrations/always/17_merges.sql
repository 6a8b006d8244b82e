-- One person with two records: what moves when they are merged, and back; pairs that may be of one person.

-- Every column that names a patient, and what a merge does with it. moves: the row hangs on the person, goes over to the
-- one who is kept, and is journalled. follows: the row hangs on an episode, and has the person of that. stays: it says
-- what was, or is kept by a trigger or by the merge itself. A test compares this list with the catalogue. What was
-- entered in error moves as well.
create or replace function merge_columns()
  returns table (kind text, table_name text, column_name text, what text) language sql immutable as $$
  values
    ('consent', 'consents_all', 'patient_id', 'moves'),
    ('episode', 'episodes_all', 'patient_id', 'moves'),
    ('referral', 'referrals', 'patient_id', 'follows'),
    ('follow_up', 'follow_ups_all', 'patient_id', 'follows'),
    ('concern', 'safeguarding_flags', 'patient_id', 'follows'),
    (null, 'patients', 'merged_into_id', 'stays'),
    (null, 'voids', 'patient_id', 'stays'), -- has the person of what it is about: follow_subjects
    (null, 'corrections', 'from_patient_id', 'stays'), -- say on whose record something was and is
    (null, 'corrections', 'to_patient_id', 'stays'),
    (null, 'person_names', 'patient_id', 'stays'),
    (null, 'person_lookups', 'patient_id', 'stays'), -- those of who was merged away lead to who is kept; names too
    (null, 'person_lookups_due', 'patient_id', 'stays'),
    (null, 'merges', 'patient_id', 'stays'),
    (null, 'merges', 'into_patient_id', 'stays'),
    (null, 'moved_events', 'patient_id', 'stays'),
    (null, 'duplicate_pairs', 'patient_id', 'stays'),
    (null, 'duplicate_pairs', 'other_id', 'stays'),
    (null, 'duplicate_checks', 'patient_id', 'stays'),
    (null, 'not_duplicates', 'patient_id', 'stays'),
    (null, 'not_duplicates', 'other_id', 'stays'),
    (null, 'transfers', 'patient_id', 'stays'), -- an acceptance asks for the record that is kept
    (null, 'transfer_offers', 'patient_id', 'stays'),
    (null, 'events', 'patient_id', 'stays'),
    (null, 'cohort', 'patient_id', 'stays') $$;

-- The record that is kept of a person: the one that a record was merged into, and that in turn.
create or replace function kept_patient(patient uuid) returns uuid language sql stable as $$
  with recursive chain as (
    select p.id, p.merged_into_id from patients p where p.id = patient
    union all
    select n.id, n.merged_into_id from chain c join patients n on n.id = c.merged_into_id)
  select id from chain where merged_into_id is null $$;

-- A row that names a person is written by whoever read that person, or their episode, before: by then the two may have
-- been merged, or a merge may have been undone. The check of the foreign key has waited for that, so it shows here. The
-- whole is then tried again (serialization_failure), and reads what is so now.
create or replace function refuse_merged_person() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if exists (select from added a join patients p on p.site_id = a.site_id and p.id = a.patient_id
      where p.merged_into_id is not null or p.void_id is not null) then
    raise serialization_failure using message = 'the person was merged, or entered in error, meanwhile';
  end if;
  return null;
end $$;
call only_for('refuse_merged_person()');

create or replace function refuse_other_person() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if exists (select from added a join episodes_all e on e.site_id = a.site_id and e.id = a.episode_id
      where e.patient_id <> a.patient_id) then
    raise serialization_failure using message = 'the episode has another person now';
  end if;
  return null;
end $$;
call only_for('refuse_other_person()');

do $$
declare c record;
begin
  for c in select * from merge_columns() where what in ('moves', 'follows') loop
    execute format('create or replace trigger %I after insert on %I referencing new table as added for each statement '
      'execute function %I()', c.table_name || '_person', c.table_name,
      case c.what when 'moves' then 'refuse_merged_person' else 'refuse_other_person' end);
  end loop;
end $$;

-- Refuses whoever may not merge people of the site: the functions below run with their owner's rights.
create or replace function may_merge(of_site uuid) returns void language plpgsql stable as $$
begin
  if acting_role() not in ('link_worker', 'site_manager', 'integration') or of_site <> all(acting_sites()) then
    raise insufficient_privilege;
  end if;
end $$;

-- What a row's update sets beside the person, so that lists by updated_since tell of it.
create or replace function merge_touches(of_table text) returns text language sql stable as $$
  select 'updated_at = greatest(t.updated_at, $1)' || coalesce((select ', version = t.version + 1' from pg_attribute
    where attrelid = of_table::regclass and attname = 'version' and not attisdropped), '') $$;

-- Gives what hangs on episodes the person of these.
create or replace function follow_episodes(of_site uuid, patients uuid[], at_time timestamptz) returns void
  language plpgsql as $$
declare c record;
begin
  for c in select * from merge_columns() where what = 'follows' loop
    execute format('update %1$I t set %2$I = e.patient_id, %3$s from episodes_all e where e.site_id = $2 and e.patient_id = any($3) '
      'and t.site_id = $2 and t.episode_id = e.id and t.%2$I <> e.patient_id', c.table_name, c.column_name,
      merge_touches(c.table_name)) using at_time, of_site, patients;
  end loop;
end $$;
call only_for('follow_episodes(uuid, uuid[], timestamptz)');

-- Whose a thing is, by what events and voids call it; null: it is of no such kind.
create or replace function subject_owner(of_site uuid, subject text, id uuid) returns uuid language sql stable as $$
  select case subject
    when 'patient' then subject_owner.id
    when 'consent' then (select c.patient_id from consents_all c where c.site_id = of_site and c.id = subject_owner.id)
    when 'episode' then (select e.patient_id from episodes_all e where e.site_id = of_site and e.id = subject_owner.id)
    when 'referral' then (select r.patient_id from referrals r where r.site_id = of_site and r.id = subject_owner.id)
    when 'safeguarding_flag' then
      (select f.patient_id from safeguarding_flags f where f.site_id = of_site and f.id = subject_owner.id)
    when 'contact' then (select e.patient_id from contacts_all c join episodes_all e on e.site_id = of_site and e.id = c.episode_id
      where c.site_id = of_site and c.id = subject_owner.id)
    when 'assessment' then (select e.patient_id from assessments_all a join episodes_all e on e.site_id = of_site and e.id = a.episode_id
      where a.site_id = of_site and a.id = subject_owner.id)
    when 'attendance' then (select r.patient_id from attendances_all a join referrals r on r.site_id = of_site and r.id = a.referral_id
      where a.site_id = of_site and a.id = subject_owner.id)
    when 'completion' then (select f.patient_id from follow_up_completions_all c
      join follow_ups_all f on f.site_id = of_site and f.id = c.follow_up_id
      where c.site_id = of_site and subject_owner.id in (c.id, c.follow_up_id) limit 1)
    when 'attempt' then (select f.patient_id from follow_up_attempts_all a
      join follow_ups_all f on f.site_id = of_site and f.id = a.follow_up_id
      where a.site_id = of_site and a.id = subject_owner.id)
    when 'follow_up' then (select f.patient_id from follow_ups_all f where f.site_id = of_site and f.id = subject_owner.id)
    when 'loss' then (select f.patient_id from follow_ups_all f where f.site_id = of_site and f.id = subject_owner.id)
  end $$;

-- Gives the marks of what was entered in error the person of what they are about.
create or replace function follow_subjects(of_site uuid, patients uuid[]) returns void language sql as $$
  update voids v set patient_id = subject_owner(v.site_id, v.subject_type, v.subject_id)
  where v.site_id = of_site and v.patient_id = any(patients)
    and subject_owner(v.site_id, v.subject_type, v.subject_id) <> v.patient_id $$;
call only_for('follow_subjects(uuid, uuid[])');

-- Works out anew which consents of a person stand. None of them does before.
create or replace function set_standing_consents(of_site uuid, patient uuid, at_time timestamptz) returns void
  language plpgsql as $$
declare for_purpose text;
begin
  for for_purpose in select distinct purpose from consents_all where site_id = of_site and patient_id = patient order by 1 loop
    perform set_standing_consent(of_site, patient, for_purpose, at_time);
  end loop;
end $$;
call only_for('set_standing_consents(uuid, uuid, timestamptz)');

-- Moves everything of one person to another, and journals it. Both are locked. Returns whose links ended with it: the
-- referrals and the follow-ups.
create or replace function merge_rows(of_merge uuid, of_site uuid, from_patient uuid, into_patient uuid, at_time timestamptz)
  returns table (subject text, subject_id uuid)
  language plpgsql security definer set search_path = public, pg_temp as $$
declare c record;
begin
  perform may_merge(of_site);
  perform from episodes_all e where e.site_id = of_site and e.patient_id in (from_patient, into_patient) order by e.id for update;
  insert into outweighed_consents (site_id, consent_id, by_consent_id, merge_id, created_at)
    select r.site_id, g.id, r.id, of_merge, at_time
    from consents_all r join consents_all g on g.site_id = r.site_id and g.purpose = r.purpose and g.patient_id <> r.patient_id
    where r.site_id = of_site and r.patient_id in (from_patient, into_patient) and r.stands
      and r.decision in ('declined', 'withdrawn')
      and g.patient_id in (from_patient, into_patient) and g.decision in ('given', 'best_interests')
    on conflict do nothing;
  update consents_all set stands = false where site_id = of_site and patient_id in (from_patient, into_patient) and stands;
  for c in select * from merge_columns() where what = 'moves' loop
    execute format('insert into merge_items (site_id, merge_id, kind, item_id, moved) select site_id, $1, $2, id, %2$I = $4 '
      'from %1$I where site_id = $3 and %2$I in ($4, $5)', c.table_name, c.column_name)
      using of_merge, c.kind, of_site, from_patient, into_patient;
    execute format('update %1$I t set %2$I = $2, %3$s where t.site_id = $3 and t.%2$I = $4', c.table_name, c.column_name,
      merge_touches(c.table_name)) using at_time, into_patient, of_site, from_patient;
  end loop;
  perform follow_episodes(of_site, array[into_patient], at_time);
  perform follow_subjects(of_site, array[from_patient]);
  perform set_standing_consents(of_site, into_patient, at_time);
  perform recount_answers(of_site, into_patient, at_time);
  delete from duplicate_pairs d where d.site_id = of_site and from_patient in (d.patient_id, d.other_id);
  delete from duplicate_checks d where d.site_id = of_site and d.patient_id = from_patient;
  -- Whoever is not the one is not the other either.
  insert into not_duplicates (site_id, patient_id, other_id, said_by, said_by_key, merge_id, created_at)
    select n.site_id, least(o.id, into_patient), greatest(o.id, into_patient), n.said_by, n.said_by_key, of_merge, n.created_at
    from not_duplicates n
    cross join lateral (select case n.patient_id when from_patient then n.other_id else n.patient_id end as id) o
    where n.site_id = of_site and from_patient in (n.patient_id, n.other_id) and o.id <> into_patient
    on conflict do nothing;
  delete from duplicate_pairs d using not_duplicates n
    where d.site_id = of_site and n.site_id = of_site and n.merge_id = of_merge
      and d.patient_id = n.patient_id and d.other_id = n.other_id;
  update merges m set state = 'given_up', updated_at = at_time
    where m.site_id = of_site and m.state = 'pending' and from_patient in (m.patient_id, m.into_patient_id);
  update merges m set state = 'done', ordinal = nextval('merges_made'), merged_at = at_time, updated_at = at_time
    where m.site_id = of_site and m.id = of_merge;
  return query
    with ended as (
      update reply_links l set ends_at = at_time from referrals r
        where l.site_id = of_site and l.ends_at > at_time and r.site_id = of_site and r.id = l.referral_id
          and r.patient_id = into_patient
        returning l.referral_id)
    select distinct 'referral', e.referral_id from ended e;
  return query
    with ended as (
      update follow_up_links l set ended_at = at_time from follow_ups_all f
        where l.site_id = of_site and l.ended_at is null and f.site_id = of_site and f.id = l.follow_up_id
          and f.patient_id = into_patient
        returning l.follow_up_id)
    select distinct 'follow_up', e.follow_up_id from ended e;
end $$;
call only_for('merge_rows(uuid, uuid, uuid, uuid, timestamptz)', 'waypost_staff');

-- What the one who is kept has since a merge: nobody can tell whose it is but those who recorded it.
create or replace function recorded_since_merge(of_merge uuid, of_site uuid, into_patient uuid)
  returns table (kind text, id uuid) language plpgsql stable as $$
declare c record;
begin
  for c in select * from merge_columns() m where m.what = 'moves' loop
    return query execute format('select $1, t.id from %1$I t where t.site_id = $2 and t.%2$I = $3 and not exists (select from '
      'merge_items i where i.site_id = $2 and i.merge_id = $4 and i.kind = $1 and i.item_id = t.id) order by t.id',
      c.table_name, c.column_name) using c.kind, of_site, into_patient, of_merge;
  end loop;
end $$;

-- Gives back what merge_rows moved, and of what came later what is named in kinds and ids. Both people are locked.
create or replace function unmerge_rows(of_merge uuid, of_site uuid, from_patient uuid, into_patient uuid,
    kinds text[], ids uuid[], at_time timestamptz) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
declare c record;
begin
  perform may_merge(of_site);
  perform from episodes_all e where e.site_id = of_site and e.patient_id = into_patient order by e.id for update;
  update consents_all set stands = false where site_id = of_site and patient_id = into_patient and stands;
  for c in select * from merge_columns() where what = 'moves' loop
    execute format('update %1$I t set %2$I = $2, %3$s where t.site_id = $3 and t.%2$I = $4 and (exists (select from merge_items i '
      'where i.site_id = $3 and i.merge_id = $5 and i.kind = $6 and i.item_id = t.id and i.moved) '
      'or exists (select from unnest($7, $8) a (kind, id) where a.kind = $6 and a.id = t.id))',
      c.table_name, c.column_name, merge_touches(c.table_name))
      using at_time, from_patient, of_site, into_patient, of_merge, c.kind, kinds, ids;
  end loop;
  delete from outweighed_consents o where o.site_id = of_site and o.merge_id = of_merge;
  perform follow_episodes(of_site, array[from_patient, into_patient], at_time);
  perform follow_subjects(of_site, array[into_patient]);
  perform set_standing_consents(of_site, from_patient, at_time);
  perform set_standing_consents(of_site, into_patient, at_time);
  perform recount_answers(of_site, from_patient, at_time);
  perform recount_answers(of_site, into_patient, at_time);
  insert into moved_events (site_id, event_id, patient_id)
    select e.site_id, e.id, from_patient from events e
    where e.site_id = of_site
      and (e.patient_id = into_patient
        or e.id = any(array(select m.event_id from moved_events m where m.site_id = of_site and m.patient_id = into_patient)))
      and subject_owner(of_site, case when e.referral_id is null then e.subject_type else 'referral' end,
        coalesce(e.referral_id, e.subject_id)) = from_patient
    on conflict (site_id, event_id) do update set patient_id = excluded.patient_id;
  delete from not_duplicates n where n.site_id = of_site and n.merge_id = of_merge;
  update merges m set state = 'undone', undone_at = at_time, updated_at = at_time
    where m.site_id = of_site and m.id = of_merge;
end $$;
call only_for('unmerge_rows(uuid, uuid, uuid, uuid, text[], uuid[], timestamptz)', 'waypost_staff');

-- Keeps the pairs that somebody is in: these and no others. checked: by the job, after which they need no further look.
create or replace function keep_duplicate_pairs(of_site uuid, patient uuid, pairs jsonb, checked boolean, at_time timestamptz)
  returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if acting_role() <> 'system' and of_site <> all(acting_sites()) then
    raise insufficient_privilege;
  end if;
  with now_found as (
    select least(f.patient_id, patient) as patient_id, greatest(f.patient_id, patient) as other_id, f.score, f.reasons
    from jsonb_to_recordset(pairs) f (patient_id uuid, score double precision, reasons text[])
  ), gone as (
    delete from duplicate_pairs d where d.site_id = of_site and patient in (d.patient_id, d.other_id)
      and not exists (select from now_found n where n.patient_id = d.patient_id and n.other_id = d.other_id)
  )
  insert into duplicate_pairs (site_id, patient_id, other_id, score, reasons, created_at)
    select of_site, n.patient_id, n.other_id, n.score, n.reasons, at_time from now_found n
    on conflict (site_id, patient_id, other_id) do update set score = excluded.score, reasons = excluded.reasons;
  if checked then
    delete from duplicate_checks c where c.site_id = of_site and c.patient_id = patient;
  end if;
end $$;
call only_for('keep_duplicate_pairs(uuid, uuid, jsonb, boolean, timestamptz)', 'waypost_staff', 'waypost_jobs');

-- The pairs that nobody has judged.
create or replace view duplicates_to_judge with (security_invoker) as
  select d.site_id, d.patient_id, d.other_id, d.score, d.reasons, d.created_at from duplicate_pairs d
  where not exists (select from not_duplicates n
    where n.site_id = d.site_id and n.patient_id = d.patient_id and n.other_id = d.other_id);

call reset_access('merges', 'merge_items', 'outweighed_consents', 'moved_events', 'duplicate_pairs', 'duplicate_checks',
  'not_duplicates');

-- Narrower than elsewhere: a dashboard has sites too, and no business here.
grant select, insert, update on merges to waypost_staff;
create policy staff on merges to waypost_staff
  using (site_id = any((select acting_sites())::uuid[]) and (select acting_role()) in ('link_worker', 'site_manager', 'integration'));

grant select, insert on merges to waypost_jobs;
create policy jobs on merges to waypost_jobs using (true);

grant select on merge_items to waypost_staff;
grant select, insert on merge_items to waypost_jobs;
create policy staff on merge_items to waypost_staff
  using (site_id = any((select acting_sites())::uuid[]) and (select acting_role()) in ('link_worker', 'site_manager', 'integration'));
create policy jobs on merge_items to waypost_jobs using (true);

grant select on outweighed_consents to waypost_staff;
grant select, insert on outweighed_consents to waypost_jobs;
create policy staff on outweighed_consents to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on outweighed_consents to waypost_jobs using (true);

grant select on moved_events to waypost_staff;
grant select, insert on moved_events to waypost_jobs;
create policy staff on moved_events to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on moved_events to waypost_jobs using (true);

grant select on duplicate_pairs to waypost_staff;
grant select, insert on duplicate_pairs to waypost_jobs;
create policy staff on duplicate_pairs to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on duplicate_pairs to waypost_jobs using (true);

grant select, update on duplicate_checks to waypost_jobs; -- update: to lock a row
create policy jobs on duplicate_checks to waypost_jobs using (true);

grant select, insert on not_duplicates to waypost_staff, waypost_jobs;
create policy staff on not_duplicates to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on not_duplicates to waypost_jobs using (true);

grant select on duplicates_to_judge to waypost_staff;
