-- Answers of somebody who was younger than their instrument is for are kept, and are in no figure, as those of others for the person are:
-- a birth date that is put right later decides it anew.

-- +goose Up
-- Who may answer an instrument. Those that come with the program are written out here; a test compares them with its own list.
create function who_may_answer(site uuid, instrument text, version int) returns table (min_age int, self_only boolean)
  language sql stable set search_path = public, pg_temp as $$
  select 16, true where instrument = 'ons4'
  union all
  select coalesce((i.definition->>'min_age')::int, 0), coalesce((i.definition->>'self_only')::boolean, false)
  from instruments i where i.site_id = site and i.key = instrument and i.version = who_may_answer.version and i.key <> 'ons4' $$;

-- Whether each of a person's answers counts, by the birth date that stands. What does not count has no rows in assessment_scores.
-- +goose StatementBegin
create function recount_answers(site uuid, patient uuid, at_time timestamptz) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update assessments a set not_counted = not a.not_counted, updated_at = greatest(a.updated_at, at_time)
    from episodes e, patients p
    where a.site_id = site and e.site_id = site and e.id = a.episode_id and e.patient_id = patient and p.site_id = site and p.id = patient
      and a.not_counted <> (select p.birth_date + make_interval(years => w.min_age) > a.completed_on or w.self_only and a.respondent = 'proxy'
        from who_may_answer(site, a.instrument, a.instrument_version) w where w.min_age > 0);
  delete from assessment_scores s using assessments a, episodes e
    where e.site_id = site and e.patient_id = patient and a.site_id = site and a.episode_id = e.id and a.not_counted and s.site_id = site and s.assessment_id = a.id;
  insert into assessment_scores (site_id, assessment_id, episode_id, instrument, instrument_version, score, timepoint, completed_on, value, superseded)
    select a.site_id, a.id, a.episode_id, a.instrument, a.instrument_version, r.score, a.timepoint, a.completed_on, r.value, a.corrected_by_id is not null
    from assessments a
    join episodes e on e.site_id = site and e.id = a.episode_id and e.patient_id = patient
    cross join lateral jsonb_to_recordset(a.scores) r (score text, value double precision)
    where a.site_id = site and not a.not_counted
    on conflict do nothing;
end $$;

create function birth_date_changed() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform recount_answers(new.site_id, new.id, new.updated_at);
  return null;
end $$;
-- +goose StatementEnd
revoke all on function recount_answers(uuid, uuid, timestamptz) from public;
revoke all on function birth_date_changed() from public;
create trigger patients_birth_date_changed after update of birth_date on patients
  for each row when (old.birth_date <> new.birth_date) execute function birth_date_changed();

-- Those whose birth date was put right before this was here.
select recount_answers(p.site_id, p.id, now()) from patients p
where exists (select from episodes e join assessments a on a.site_id = e.site_id and a.episode_id = e.id
  where e.site_id = p.site_id and e.patient_id = p.id and p.birth_date + make_interval(years => 16) > a.completed_on);

-- +goose Down
select 1;
