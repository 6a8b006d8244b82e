-- The study update: what a project says of itself, what people said and let be shown, and updates that were published.

-- The time zone of a project's days: its first site's. Whoever reads an update by its link sees neither.
create or replace function project_time_zone(project uuid) returns text
  language sql stable security definer set search_path = public, pg_temp as $$
  select s.time_zone from projects p join sites s on s.id = p.site_ids[1] where p.id = project $$;
call only_for('project_time_zone(uuid)', 'waypost_app', 'waypost_staff', 'waypost_jobs');

-- Reports whether a person lets their words be shown, as part of a study: both consents stand, and nothing was withdrawn
-- since the words were chosen. What was withdrawn once does not come back by itself.
create or replace function words_may_show(site uuid, follow_up uuid, since timestamptz) returns boolean
  language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from follow_ups f where f.site_id = site and f.id = follow_up
    and consent_stands(f.site_id, f.patient_id, 'share_my_words') and consent_stands(f.site_id, f.patient_id, 'research')
    and exists (select from follow_up_completions c where c.site_id = f.site_id and c.follow_up_id = f.id
      and c.created_at <= since) -- else what was said is entered in error
    and not exists (select from consents c
      where c.site_id = f.site_id and c.patient_id = f.patient_id and c.purpose in ('share_my_words', 'research')
        and c.decision in ('declined', 'withdrawn') and c.created_at >= since)) $$;
call only_for('words_may_show(uuid, uuid, timestamptz)', 'waypost_app', 'waypost_staff', 'waypost_jobs');

-- What people of a project's sites said at follow-ups and let be shown: who and what stands nowhere in it. For a steward
-- alone.
create or replace function words_to_choose(project uuid, after uuid, most int)
  returns table (follow_up_id uuid, site_id uuid, patient_id uuid, completed_on date, narrative text)
  language sql stable security definer set search_path = public, pg_temp as $$
  select f.id, f.site_id, f.patient_id, c.completed_on, c.narrative
  from projects p
  join follow_ups f on f.site_id = any(p.site_ids) and f.code = any(p.timepoints) and f.completed_on is not null
  join follow_up_completions c on c.site_id = f.site_id and c.follow_up_id = f.id and c.narrative is not null
  where p.id = project and acting_role() = 'data_steward' and f.id > after
    and consent_stands(f.site_id, f.patient_id, 'share_my_words') and consent_stands(f.site_id, f.patient_id, 'research')
  order by f.id limit most $$;
call only_for('words_to_choose(uuid, uuid, int)', 'waypost_staff');

-- The words of chosen sentences that may be shown now, of those that are named.
create or replace function words_shown(project uuid, ids uuid[]) returns table (id uuid, words text)
  language sql stable security definer set search_path = public, pg_temp as $$
  select q.id, q.words from study_quotes q
  where q.project_id = project and q.id = any(ids) and q.state = 'approved' and words_may_show(q.site_id, q.follow_up_id, q.created_at)
  order by q.id $$;
call only_for('words_shown(uuid, uuid[])', 'waypost_app', 'waypost_staff', 'waypost_jobs');

-- The only way to an update for somebody without a key: by the hash of its link's token. Whether the link still works is
-- for the caller to decide, who has the clock.
create or replace function update_by_link(hash bytea)
  returns table (project_id uuid, token_hash bytea, content jsonb, expires_on date, withdrawn_at timestamptz)
  language sql stable security definer set search_path = public, pg_temp as $$
  select u.project_id, u.token_hash, u.content, u.expires_on, u.withdrawn_at from study_updates u where u.token_hash = hash $$;
call only_for('update_by_link(bytea)', 'waypost_app', 'waypost_jobs');

call reset_access('studies', 'study_notes', 'study_interviews', 'study_quotes', 'study_updates');

grant select, insert, update on studies to waypost_staff, waypost_jobs;
grant select, insert, update (removed_at) on study_notes, study_interviews to waypost_staff, waypost_jobs;
-- A published update never changes: where its link leads from and until when may be written, and no more.
grant select, insert, update (token_hash, expires_on, withdrawn_at, version, updated_at) on study_updates to waypost_staff, waypost_jobs;
create policy stewards on studies to waypost_staff using ((select acting_role()) = 'data_steward');
create policy stewards on study_notes to waypost_staff using ((select acting_role()) = 'data_steward');
create policy stewards on study_interviews to waypost_staff using ((select acting_role()) = 'data_steward');
create policy stewards on study_updates to waypost_staff using ((select acting_role()) = 'data_steward');
create policy members on studies for select to waypost_staff using (project_id = any((select acting_projects())::uuid[]));
create policy members on study_notes for select to waypost_staff using (project_id = any((select acting_projects())::uuid[]));
create policy members on study_interviews for select to waypost_staff using (project_id = any((select acting_projects())::uuid[]));
create policy members on study_updates for select to waypost_staff using (project_id = any((select acting_projects())::uuid[]));
create policy jobs on studies to waypost_jobs using (true);
create policy jobs on study_notes to waypost_jobs using (true);
create policy jobs on study_interviews to waypost_jobs using (true);
create policy jobs on study_updates to waypost_jobs using (true);

-- What people said is a steward's to choose, and to be checked by another, or by a manager of the person's own site.
grant select, insert, update (state, checked_by, checked_at, updated_at) on study_quotes to waypost_staff, waypost_jobs;
create policy stewards on study_quotes to waypost_staff using ((select acting_role()) = 'data_steward');
create policy managers on study_quotes to waypost_staff
  using ((select acting_role()) = 'site_manager' and site_id = any((select acting_sites())::uuid[]));
create policy jobs on study_quotes to waypost_jobs using (true);
