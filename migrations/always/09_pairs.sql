-- Pairs: each baseline score with the response that pairs with it at each follow-up of its episode. They are kept, since
-- finding them takes long, and follow what they are found from by triggers, whoever writes it.

-- The one rule of what pairs: of the same instrument version, within the analysis window, nearest the target, ties to the
-- earlier. No response: "after" is null. A pair came about when the later of its assessments was recorded, which their
-- ids hold. Columns are those of the table pairs, in its order. Who changes counted_scores changes a line here: this file
-- derives every pair anew whenever it is applied.
create or replace view derived_pairs with (security_invoker) as
  select e.site_id, e.id as episode_id, f.code, b.instrument, b.instrument_version as version, b.score,
    b.completed_on as baseline_on, b.value as before, a.value as after, b.assessment_id as baseline_id,
    a.assessment_id as response_id,
    to_timestamp(
      ('x' || substr(replace(greatest(b.assessment_id, a.assessment_id)::text, '-', ''), 1, 12))::bit(48)::bigint
        / 1000.0) as came_at
  from episodes e
  join follow_ups f on f.site_id = e.site_id and f.episode_id = e.id
  join counted_scores b on b.site_id = e.site_id and b.episode_id = e.id and b.timepoint = 'baseline'
  left join lateral (
    select r.value, r.assessment_id from counted_scores r
    where r.site_id = e.site_id and r.episode_id = e.id and r.timepoint <> 'baseline'
      and r.instrument = b.instrument and r.instrument_version = b.instrument_version and r.score = b.score
      and r.completed_on between f.analysis_from and f.analysis_to
    order by abs(r.completed_on - f.target_on), r.completed_on, r.assessment_id
    limit 1
  ) a on true;

-- Derives the pairs of some episodes, and writes what differs from those that are kept. Two who touch one episode wait
-- for each other: each would miss what the other is about to commit. Rows are found by indexes whatever the planner
-- knows: a load begins with empty tables, whose plan would be kept while they fill.
create or replace function derive_pairs(of_site uuid, of_episodes uuid[]) returns void
  language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off
  set enable_mergejoin = off as $$
declare
  kept pairs[];
  derived pairs[];
  gone pairs[];
  new pairs[];
begin
  perform from episodes_all e where e.site_id = of_site and e.id = any(of_episodes) order by e.id for no key update;
  kept := array(select p from pairs p where p.site_id = of_site and p.episode_id = any(of_episodes));
  derived := array(select row(d.*)::pairs from derived_pairs d where d.site_id = of_site and d.episode_id = any(of_episodes));
  gone := array(select row(g.*)::pairs from (select * from unnest(kept) except select * from unnest(derived)) g);
  new := array(select row(n.*)::pairs from (select * from unnest(derived) except select * from unnest(kept)) n);
  if gone <> '{}' then
    delete from pairs p using unnest(gone) g
      where p.site_id = of_site and p.episode_id = g.episode_id and p.code = g.code and p.baseline_id = g.baseline_id
        and p.score = g.score;
  end if;
  if new <> '{}' then
    insert into pairs select * from unnest(new);
  end if;
  if gone <> '{}' or new <> '{}' then
    with changed as materialized (
      select c.id, episode_changed_at(of_site, c.id) as at from unnest(of_episodes) c (id))
    insert into pair_changes (site_id, at, came, episode_id, code, instrument, version, score, baseline_on, before, after,
        baseline_id, response_id, came_at)
      select d.site_id, c.at, d.came, d.episode_id, d.code, d.instrument, d.version, d.score, d.baseline_on, d.before,
        d.after, d.baseline_id, d.response_id, d.came_at
      from (select false as came, g.* from unnest(gone) g union all select true, n.* from unnest(new) n) d
      join changed c on c.id = d.episode_id;
  end if;
end $$;

-- When anything that pairs follow from was changed last, by the program's clock. A follow-up that fell did so with its
-- baseline or its episode.
create or replace function episode_changed_at(of_site uuid, of_episode uuid) returns timestamptz
  language plpgsql stable as $$
begin
  return greatest(
    (select e.updated_at from episodes_all e where e.site_id = of_site and e.id = of_episode),
    (select max(a.updated_at) from assessments_all a where a.site_id = of_site and a.episode_id = of_episode),
    (select max(f.updated_at) from follow_ups f where f.site_id = of_site and f.episode_id = of_episode));
end $$;
call only_for('derive_pairs(uuid, uuid[])');
call only_for('episode_changed_at(uuid, uuid)');

-- What many rows were written to by one statement is derived once.
create or replace function pairs_follow_added() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform derive_pairs(a.site_id, array_agg(distinct a.episode_id)) from added a group by a.site_id;
  return null;
end $$;

create or replace function pairs_follow_removed() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform derive_pairs(r.site_id, array_agg(distinct r.episode_id)) from removed r group by r.site_id;
  return null;
end $$;

-- An update may move a row to another episode.
create or replace function pairs_follow_changed() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform derive_pairs(c.site_id, array_agg(distinct c.episode_id))
    from (select site_id, episode_id from added union all select site_id, episode_id from removed) c group by c.site_id;
  return null;
end $$;

-- Rows of these are written for many other reasons, which the condition of the trigger leaves out.
create or replace function pairs_follow_window() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform derive_pairs(new.site_id, array(select distinct unnest(array[old.episode_id, new.episode_id])));
  return null;
end $$;

create or replace function pairs_follow_episode() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform derive_pairs(new.site_id, array[new.id]);
  return null;
end $$;
call only_for('pairs_follow_added()');
call only_for('pairs_follow_removed()');
call only_for('pairs_follow_changed()');
call only_for('pairs_follow_window()');
call only_for('pairs_follow_episode()');

create or replace trigger assessment_scores_pairs_added after insert on assessment_scores
  referencing new table as added for each statement execute function pairs_follow_added();
create or replace trigger assessment_scores_pairs_changed after update on assessment_scores
  referencing new table as added old table as removed for each statement execute function pairs_follow_changed();
create or replace trigger assessment_scores_pairs_removed after delete on assessment_scores
  referencing old table as removed for each statement execute function pairs_follow_removed();
create or replace trigger follow_ups_pairs_added after insert on follow_ups_all
  referencing new table as added for each statement execute function pairs_follow_added();
create or replace trigger follow_ups_pairs_changed after update on follow_ups_all for each row
  when ((old.site_id, old.episode_id, old.code, old.target_on, old.analysis_from, old.analysis_to, old.void_id)
    is distinct from (new.site_id, new.episode_id, new.code, new.target_on, new.analysis_from, new.analysis_to, new.void_id))
  execute function pairs_follow_window();
create or replace trigger follow_ups_pairs_removed after delete on follow_ups_all
  referencing old table as removed for each statement execute function pairs_follow_removed();
create or replace trigger episodes_pairs_changed after update on episodes_all for each row
  when (old.void_id is distinct from new.void_id) execute function pairs_follow_episode();

-- A changed rule holds for what is there, and a database of before gets its pairs.
do $$
declare
  of_site uuid;
  slice uuid[];
  last uuid;
begin
  for of_site in select id from sites order by id loop
    last := '00000000-0000-0000-0000-000000000000';
    loop
      slice := array(select e.id from episodes_all e where e.site_id = of_site and e.id > last order by e.id limit 5000);
      exit when slice = '{}';
      perform derive_pairs(of_site, slice);
      last := slice[cardinality(slice)];
    end loop;
  end loop;
end $$;

call reset_access('pairs', 'pair_changes');

-- Nobody writes them but the triggers above.
grant select on pairs to waypost_staff, waypost_jobs;
create policy staff on pairs for select to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on pairs for select to waypost_jobs using (true);
grant select on pair_changes to waypost_jobs;
create policy jobs on pair_changes for select to waypost_jobs using (true);
grant select on derived_pairs to waypost_jobs;
