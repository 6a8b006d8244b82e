-- Follow-ups, what people then say, assessments and their scores, and concerns: answers that somebody must
-- look at soon.

call make_views_of_record('follow_ups');
call make_views_of_record('follow_up_attempts');
call make_views_of_record('follow_up_completions');
call make_views_of_record('follow_up_services');
call make_views_of_record('assessments');

-- The only way to a follow-up by a person's link: by the hash of its token. From here on the transaction acts as the
-- person; whether the link has expired is for the caller to decide, who has the clock. One that was ended is none.
create or replace function authenticate_by_follow_up_link(hash bytea)
  returns table (token_hash bytea, site_id uuid, follow_up_id uuid, patient_id uuid, expires_on date)
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  select l.token_hash, l.site_id, l.follow_up_id, f.patient_id, l.expires_on
    into token_hash, site_id, follow_up_id, patient_id, expires_on
    from follow_up_links l join follow_ups f on f.site_id = l.site_id and f.id = l.follow_up_id
    where l.token_hash = hash and l.ended_at is null;
  if not found then
    return;
  end if;
  perform set_actor(array[site_id], 'patient', null, patient => patient_id);
  return next;
end $$;
call only_for('authenticate_by_follow_up_link(bytea)', 'waypost_app');

-- Deletes unsent answers that can no longer be sent: the follow-up is completed or given up for a reason that rules
-- asking out, the person died or refused contact, no link works, or 30 days have passed since the last answer. Pass
-- site and person, or nulls for everyone the caller may see. Locks the person's episodes, as recording an answer does.
create or replace function delete_unsent_answers(of_site uuid, of_patient uuid, at_time timestamptz) returns void
  language plpgsql as $$
begin
  perform from episodes e where e.site_id = of_site and e.patient_id = of_patient order by e.id for no key update;
  delete from follow_up_answers a using follow_ups f, sites s
    where f.site_id = a.site_id and f.id = a.follow_up_id and s.id = f.site_id
      and (of_site is null or a.site_id = of_site) and (of_patient is null or f.patient_id = of_patient)
      and (f.completed_on is not null or f.loss_reason in ('declined', 'withdrew', 'died', 'lacks_capacity')
        or exists (select from follow_up_pauses h where h.site_id = f.site_id and h.patient_id = f.patient_id)
        or not exists (select from follow_up_links l
          where l.site_id = f.site_id and l.follow_up_id = f.id and l.ended_at is null
            and l.expires_on >= (at_time at time zone s.time_zone)::date)
        or (select max(o.updated_at) from follow_up_answers o where o.site_id = a.site_id and o.follow_up_id = a.follow_up_id)
          <= at_time - interval '30 days');
end $$;
call only_for('delete_unsent_answers(uuid, uuid, timestamptz)', 'waypost_staff', 'waypost_patients', 'waypost_jobs');

create or replace function answers_end_with_follow_up() returns trigger language plpgsql as $$
begin
  perform delete_unsent_answers(new.site_id, new.patient_id, new.updated_at);
  return null;
end $$;
create or replace trigger follow_ups_answers after update of completed_on, loss_reason on follow_ups_all
  for each row when (old.completed_on is distinct from new.completed_on or old.loss_reason is distinct from new.loss_reason)
  execute function answers_end_with_follow_up();

create or replace function answers_end_with_link() returns trigger language plpgsql as $$
begin
  perform delete_unsent_answers(f.site_id, f.patient_id, new.ended_at)
    from follow_ups f where f.site_id = new.site_id and f.id = new.follow_up_id;
  return null;
end $$;
create or replace trigger follow_up_links_answers after update of ended_at on follow_up_links
  for each row when (new.ended_at is not null) execute function answers_end_with_link();

-- Who may answer an instrument. Those that come with the program are written out here; a test compares them with its own
-- list.
create or replace function who_may_answer(site uuid, instrument text, version int)
  returns table (min_age int, self_only boolean) language sql stable set search_path = public, pg_temp as $$
  select 16, true where instrument = 'ons4'
  union all
  select coalesce((i.definition->>'min_age')::int, 0), coalesce((i.definition->>'self_only')::boolean, false)
  from instruments i
  where i.site_id = site and i.key = instrument and i.version = who_may_answer.version and i.key <> 'ons4' $$;

-- Recomputes which answers count after a change of birth date. Answers given too young, or perhaps too young, or by a proxy where only the
-- person may answer, are kept but get no scores.
create or replace function recount_answers(site uuid, patient uuid, at_time timestamptz) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  -- flips those that are wrong
  update assessments a set not_counted = not a.not_counted, updated_at = greatest(a.updated_at, at_time)
    from episodes e, patients p
    where a.site_id = site and e.site_id = site and e.id = a.episode_id and e.patient_id = patient
      and p.site_id = site and p.id = patient
      and a.not_counted <> (
        select not surely_reached(p.birth_date, w.min_age, a.completed_on) or w.self_only and a.respondent = 'proxy'
        from who_may_answer(site, a.instrument, a.instrument_version) w where w.min_age > 0);
  delete from assessment_scores s using assessments a, episodes e
    where e.site_id = site and e.patient_id = patient and a.site_id = site and a.episode_id = e.id
      and a.not_counted and s.site_id = site and s.assessment_id = a.id;
  insert into assessment_scores (site_id, assessment_id, episode_id, instrument, instrument_version, score, timepoint,
      completed_on, value, superseded)
    select a.site_id, a.id, a.episode_id, a.instrument, a.instrument_version, r.score, a.timepoint,
      a.completed_on, r.value, a.corrected_by_id is not null
    from assessments a
    join episodes e on e.site_id = site and e.id = a.episode_id and e.patient_id = patient
    cross join lateral jsonb_to_recordset(a.scores) r (score text, value double precision)
    where a.site_id = site and not a.not_counted
    on conflict do nothing;
end $$;
call only_for('recount_answers(uuid, uuid, timestamptz)');

-- What is entered in error has no scores; an undo brings them back. What moves to another person is counted by that
-- person's age.
create or replace function assessment_void_changed() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if new.void_id is not null then
    delete from assessment_scores s where s.site_id = new.site_id and s.assessment_id = new.id;
  else
    perform recount_answers(e.site_id, e.patient_id, new.updated_at)
      from episodes e where e.site_id = new.site_id and e.id = new.episode_id;
  end if;
  return null;
end $$;
call only_for('assessment_void_changed()');
create or replace trigger assessments_void_changed after update of void_id, episode_id on assessments_all
  for each row when (old.void_id is distinct from new.void_id or old.episode_id <> new.episode_id)
  execute function assessment_void_changed();

create or replace function birth_date_changed() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform recount_answers(new.site_id, new.id, new.updated_at);
  return null;
end $$;
call only_for('birth_date_changed()');
create or replace trigger patients_birth_date_changed after update of birth_date on patients
  for each row when (old.birth_date is distinct from new.birth_date) execute function birth_date_changed();

-- Who said no to being contacted for follow-ups. Somebody who was never asked for consent is not among them: the link
-- worker sees them and can ask.
create or replace view contact_refusals with (security_invoker) as
  select site_id, patient_id from standing_consents where purpose = 'follow_up_contact' and rules_out;

-- What "paused" means: whose follow-ups nobody asks about, and why. Somebody who refused and then died has why =
-- 'said_no'. Figures and datasets do not use this view: they count deaths apart and join contact_refusals. One row a
-- person, and no union: PostgreSQL looks a person up by an index only where a view is a plain join.
create or replace view follow_up_pauses with (security_invoker) as
  select p.site_id, p.id as patient_id, case when c.patient_id is null then 'died' else 'said_no' end as why
  from patients p
  left join contact_refusals c on c.site_id = p.site_id and c.patient_id = p.id
  where p.died_on is not null or c.patient_id is not null;

-- The state of a follow-up on a day. paused: follow_up_pauses has the person.
create or replace function follow_up_state(completed_on date, lost_on date, paused boolean, opens_on date,
    target_on date, closes_on date, day date) returns text language sql immutable parallel safe as $$
  select case
    when completed_on is not null then 'completed'
    when lost_on is not null then 'lost'
    when paused then 'paused'
    when day < opens_on then 'upcoming'
    when day <= target_on then 'due'
    when day <= closes_on then 'overdue'
    else 'missed'
  end $$;

-- The same state as figures and datasets count it: a person who died is counted apart, and due and overdue are one
-- (closes_on stands in for target_on, so that follow_up_state never says overdue). died: before the person could answer,
-- which the caller decides.
create or replace function counted_follow_up_state(completed_on date, lost_on date, loss_reason text, died boolean,
    said_no boolean, opens_on date, closes_on date, day date) returns text
  language sql immutable parallel safe as $$
  select case
    when loss_reason = 'died' or completed_on is null and lost_on is null and died then 'died'
    else case follow_up_state(completed_on, lost_on, said_no, opens_on, closes_on, closes_on, day)
      when 'completed' then 'completed'
      when 'lost' then 'lost'
      when 'paused' then 'paused'
      when 'upcoming' then 'not_yet_due'
      when 'due' then 'due'
      else 'missed'
    end
  end $$;

-- The follow-ups that somebody should still ask about, or should have.
create or replace view open_follow_ups with (security_invoker) as
  select f.site_id, f.id, f.episode_id, f.patient_id, f.code, f.opens_on, f.target_on, f.closes_on, f.created_at
  from follow_ups f
  where f.completed_on is null and f.lost_on is null
    and not exists (select from follow_up_pauses p where p.site_id = f.site_id and p.patient_id = f.patient_id);

-- follow_up_state as rows: every state of each follow-up, with the first and the last day of it; to_ask is due and
-- overdue in one. For queries that look for the follow-ups in a state on a day: each part is one scan of an index, and
-- the parts of other states fall away. A test compares it with follow_up_state.
create or replace view follow_up_states with (security_invoker) as
  select site_id, id, episode_id, patient_id, code, opens_on, target_on, closes_on, created_at,
    'completed' as state, date '-infinity' as starts_on, date 'infinity' as ends_on
  from follow_ups where completed_on is not null
  union all
  select site_id, id, episode_id, patient_id, code, opens_on, target_on, closes_on, created_at,
    'lost', '-infinity', 'infinity'
  from follow_ups where lost_on is not null
  union all
  select f.site_id, f.id, f.episode_id, f.patient_id, f.code, f.opens_on, f.target_on, f.closes_on, f.created_at,
    'paused', '-infinity', 'infinity'
  from follow_ups f
  where f.completed_on is null and f.lost_on is null
    and exists (select from follow_up_pauses p where p.site_id = f.site_id and p.patient_id = f.patient_id)
  union all
  select site_id, id, episode_id, patient_id, code, opens_on, target_on, closes_on, created_at,
    'upcoming', '-infinity', opens_on - 1
  from open_follow_ups
  union all
  select site_id, id, episode_id, patient_id, code, opens_on, target_on, closes_on, created_at,
    'due', opens_on, target_on
  from open_follow_ups
  union all
  select site_id, id, episode_id, patient_id, code, opens_on, target_on, closes_on, created_at,
    'overdue', target_on + 1, closes_on
  from open_follow_ups
  union all
  select site_id, id, episode_id, patient_id, code, opens_on, target_on, closes_on, created_at,
    'missed', closes_on + 1, 'infinity'
  from open_follow_ups
  union all
  select site_id, id, episode_id, patient_id, code, opens_on, target_on, closes_on, created_at,
    'to_ask', opens_on, closes_on
  from open_follow_ups;

-- The assessments that stand: no correction replaced them.
create or replace view standing_assessments with (security_invoker) as
  select site_id, id, episode_id, instrument, instrument_version, timepoint, completed_on, mode, respondent, collected_by,
    language, responses, scores, follow_up_id, corrects_id, corrected_by_id, recorded_via, created_at, updated_at, helper,
    context, not_counted
  from assessments
  where corrected_by_id is null;

-- Of those, the ones that figures count.
create or replace view counted_assessments with (security_invoker) as
  select site_id, id, episode_id, instrument, instrument_version, timepoint, completed_on, mode, respondent, collected_by,
    language, responses, scores, follow_up_id, corrects_id, corrected_by_id, recorded_via, created_at, updated_at, helper,
    context, not_counted
  from standing_assessments
  where not not_counted;

-- Their scores: assessments that are not counted have none.
create or replace view counted_scores with (security_invoker) as
  select site_id, assessment_id, episode_id, instrument, instrument_version, score, timepoint, completed_on, value
  from assessment_scores
  where not superseded;

-- The concerns that nobody has seen yet; and those that were open at an instant, which a cursor pins.
create or replace view open_safeguarding_flags with (security_invoker) as
  select site_id, id, episode_id, patient_id, assessment_id, instrument, item, raised_at, created_at, updated_at
  from safeguarding_flags
  where seen_at is null;

create or replace function safeguarding_flags_open_at(instant timestamptz) returns setof safeguarding_flags
  language sql stable parallel safe as $$
  select * from safeguarding_flags where raised_at <= instant and coalesce(seen_at, 'infinity') > instant $$;

call reset_access('follow_ups_all', 'follow_up_attempts_all', 'follow_up_completions_all', 'follow_up_services_all',
  'follow_up_links', 'follow_up_answers', 'assessments_all', 'assessment_scores', 'safeguarding_flags');

grant select, insert, update on follow_ups, follow_ups_all to waypost_staff, waypost_jobs;
grant select, update on follow_ups, follow_ups_all to waypost_patients;
create policy staff on follow_ups_all to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy patients on follow_ups_all to waypost_patients
  using (site_id = any((select acting_sites())::uuid[]) and patient_id = (select acting_patient()));
create policy jobs on follow_ups_all to waypost_jobs using (true);

-- What belongs to a follow-up or an episode is reached by the person whose it is.
grant select, insert on follow_up_attempts, follow_up_attempts_all to waypost_staff, waypost_jobs;
grant update (void_id, updated_at) on follow_up_attempts_all to waypost_staff, waypost_jobs;
grant select on follow_up_attempts, follow_up_attempts_all to waypost_patients;
create policy staff on follow_up_attempts_all to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy patients on follow_up_attempts_all to waypost_patients
  using (exists (select from follow_ups f where f.site_id = follow_up_attempts_all.site_id and f.id = follow_up_attempts_all.follow_up_id));
create policy jobs on follow_up_attempts_all to waypost_jobs using (true);

grant select, insert on follow_up_completions, follow_up_completions_all to waypost_staff, waypost_patients, waypost_jobs;
grant update (void_id, updated_at, follow_up_id, how_have_you_been, benefit, narrative) on follow_up_completions_all
  to waypost_staff, waypost_jobs;
grant update (updated_at, follow_up_id, how_have_you_been, benefit, narrative) on follow_up_completions to waypost_staff, waypost_jobs;
create policy staff on follow_up_completions_all to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy patients on follow_up_completions_all to waypost_patients
  using (exists (select from follow_ups f
    where f.site_id = follow_up_completions_all.site_id and f.id = follow_up_completions_all.follow_up_id));
create policy jobs on follow_up_completions_all to waypost_jobs using (true);

grant select, insert on follow_up_services, follow_up_services_all to waypost_staff, waypost_patients, waypost_jobs;
grant update (void_id, follow_up_id) on follow_up_services_all to waypost_staff, waypost_jobs;
grant update (follow_up_id) on follow_up_services to waypost_staff, waypost_jobs;
create policy staff on follow_up_services_all to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy patients on follow_up_services_all to waypost_patients
  using (exists (select from follow_ups f where f.site_id = follow_up_services_all.site_id and f.id = follow_up_services_all.follow_up_id));
create policy jobs on follow_up_services_all to waypost_jobs using (true);

grant select, insert, update (ended_at) on follow_up_links to waypost_staff, waypost_jobs;
grant select on follow_up_links to waypost_patients;
create policy staff on follow_up_links to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy patients on follow_up_links to waypost_patients
  using (exists (select from follow_ups f where f.site_id = follow_up_links.site_id and f.id = follow_up_links.follow_up_id));
create policy jobs on follow_up_links to waypost_jobs using (true);

grant select, insert, update, delete on follow_up_answers to waypost_staff, waypost_patients, waypost_jobs;
create policy staff on follow_up_answers to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy patients on follow_up_answers to waypost_patients
  using (exists (select from follow_ups f where f.site_id = follow_up_answers.site_id and f.id = follow_up_answers.follow_up_id));
create policy jobs on follow_up_answers to waypost_jobs using (true);

grant select, insert, update on assessments, assessments_all to waypost_staff, waypost_jobs;
grant select, insert on assessments, assessments_all to waypost_patients;
create policy staff on assessments_all to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy patients on assessments_all to waypost_patients
  using (exists (select from episodes e where e.site_id = assessments_all.site_id and e.id = assessments_all.episode_id));
create policy jobs on assessments_all to waypost_jobs using (true);

grant select, insert, update on assessment_scores to waypost_staff, waypost_jobs;
grant select, insert on assessment_scores to waypost_patients;
create policy staff on assessment_scores to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy patients on assessment_scores to waypost_patients
  using (exists (select from episodes e where e.site_id = assessment_scores.site_id and e.id = assessment_scores.episode_id));
create policy jobs on assessment_scores to waypost_jobs using (true);

-- Narrower than elsewhere: a dashboard has sites too, and no business here. Whoever records an answer raises the concern, also
-- somebody who may not read it back.
grant select, insert, update on safeguarding_flags to waypost_staff, waypost_jobs;
-- select is granted so that a query returns no rows instead of an error.
grant select, insert on safeguarding_flags to waypost_patients;
create policy staff on safeguarding_flags to waypost_staff
  using (site_id = any((select acting_sites())::uuid[]) and (select acting_role()) in ('link_worker', 'site_manager', 'integration'));
create policy staff_raise on safeguarding_flags for insert to waypost_staff
  with check (site_id = any((select acting_sites())::uuid[]));
create policy patients_raise on safeguarding_flags for insert to waypost_patients
  with check (site_id = any((select acting_sites())::uuid[]) and patient_id = (select acting_patient()));
create policy jobs on safeguarding_flags to waypost_jobs using (true);

grant select on recorded_follow_ups, recorded_follow_up_attempts, recorded_follow_up_completions,
    recorded_follow_up_services, recorded_assessments to waypost_staff, waypost_jobs;

-- Views are read with the reader's own rights.
grant select on contact_refusals, follow_up_pauses, open_follow_ups, follow_up_states, standing_assessments,
    counted_assessments, counted_scores, open_safeguarding_flags
  to waypost_staff, waypost_patients, waypost_jobs;
