-- The values that fields had before: apart from events, which hold no free text and no person's data, and for the site's
-- own staff alone.

-- Keeps one change. The link worker is the one whose key it is, or on whose behalf a system acts.
create or replace function keep_change(site uuid, subject text, id uuid, field text, was jsonb, now_is jsonb, at timestamptz)
  returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
  behalf uuid := nullif(current_setting('app.on_behalf_of', true), '')::uuid;
begin
  insert into record_changes (site_id, subject_type, subject_id, field, from_value, to_value, changed_at, by_role,
      by_link_worker_id, by_on_behalf)
    values (site, subject, id, field, was, now_is, at, acting_role(),
      coalesce(behalf, (select k.link_worker_id from api_keys k where k.id = acting_key())), behalf is not null);
end $$;
call only_for('keep_change(uuid, text, uuid, text, jsonb, jsonb, timestamptz)');

-- Keeps what an update changes, but for columns that follow from others: those listed, and one that the trigger names. What
-- belongs to a follow-up is kept in its history.
create or replace function keep_changes() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  follows constant text[] := array['updated_at', 'version', 'merged_into_id', 'family_key', 'given_key',
    'preferred_key', 'sent_on', 'responded_on', 'taken', 'nhs_number_unissued', 'phone_as_written', 'email_as_written',
    'email_changed_at', 'phone_changed_at', 'merge_undone', 'stands', 'not_counted'];
begin
  perform keep_change(new.site_id, tg_argv[0],
      case when tg_argv[0] = 'follow_up' then coalesce((to_jsonb(new)->>'follow_up_id')::uuid, new.id) else new.id end, n.key,
      nullif(o.value, 'null'), nullif(n.value, 'null'), new.updated_at)
    from jsonb_each(to_jsonb(new)) n
    join jsonb_each(to_jsonb(old)) o on o.key = n.key
    where n.value is distinct from o.value and n.key <> all(follows) and n.key is distinct from tg_argv[1];
  return null;
end $$;
call only_for('keep_changes()');

create or replace trigger patients_changes after update on patients
  for each row execute function keep_changes('patient');
create or replace trigger episodes_changes after update on episodes_all
  for each row execute function keep_changes('episode');
create or replace trigger referrals_changes after update on referrals -- the episode's history has its link worker
  for each row execute function keep_changes('referral', 'episode_link_worker_id');
create or replace trigger contacts_changes after update on contacts_all
  for each row execute function keep_changes('contact');
create or replace trigger follow_ups_changes after update on follow_ups_all
  for each row execute function keep_changes('follow_up');

create or replace trigger consents_changes after update of void_id on consents_all
  for each row execute function keep_changes('consent');
create or replace trigger assessments_changes after update of void_id, episode_id, corrected_by_id on assessments_all
  for each row execute function keep_changes('assessment');
create or replace trigger attendances_changes after update of void_id, referral_id on attendances_all
  for each row execute function keep_changes('attendance');

-- What was said at a follow-up, and who was tried when, is part of its history.
create or replace trigger follow_up_completions_changes after update on follow_up_completions_all
  for each row execute function keep_changes('follow_up');
create or replace trigger follow_up_attempts_changes after update of void_id on follow_up_attempts_all
  for each row execute function keep_changes('follow_up');

-- A loss has no row of its own that could be in error.
create or replace function keep_loss_in_error() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if new.undone_at is null then
    perform keep_change(new.site_id, 'follow_up', new.subject_id, 'void_id', null, to_jsonb(new.id), new.at);
  else
    perform keep_change(new.site_id, 'follow_up', new.subject_id, 'void_id', to_jsonb(new.id), null, new.undone_at);
  end if;
  return null;
end $$;
call only_for('keep_loss_in_error()');
create or replace trigger voids_of_losses after insert or update of undone_at on voids
  for each row when (new.subject_type = 'loss') execute function keep_loss_in_error();

-- What a person says of services at a follow-up, as the API shows it. A correction takes the place of all of it.
create or replace function services_said(site uuid, follow_up uuid) returns jsonb language sql stable as $$
  select coalesce(jsonb_agg(jsonb_build_object('referral_id', s.referral_id, 'name', s.name, 'used', s.used,
    'reason', s.reason, 'benefit', s.benefit) order by s.id), '[]')
  from follow_up_services s
  where s.site_id = site and s.follow_up_id = follow_up $$;

-- Keeps what a person says of services now, where it said something else before.
create or replace function keep_services(site uuid, follow_up uuid, was jsonb, at timestamptz) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  now_is jsonb := services_said(site, follow_up);
begin
  if site = any(acting_sites()) and now_is <> was then
    perform keep_change(site, 'follow_up', follow_up, 'services', was, now_is, at);
  end if;
end $$;
call only_for('keep_services(uuid, uuid, jsonb, timestamptz)', 'waypost_staff');

call reset_access('record_changes');
grant select on record_changes to waypost_staff, waypost_jobs;
create policy staff on record_changes to waypost_staff
  using (site_id = any((select acting_sites())::uuid[]) and (select acting_role()) in ('link_worker', 'site_manager', 'integration'));
create policy jobs on record_changes to waypost_jobs using (true);
