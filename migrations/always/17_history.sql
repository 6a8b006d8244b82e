-- The values that fields had before: apart from events, which hold no free text and no person's data, and for the site's
-- own staff alone.

-- Keeps what an update changes, but for columns that follow from others: those listed, and one that the trigger names. The
-- link worker is the one whose key it is, or on whose behalf a system acts.
create or replace function keep_changes() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  behalf uuid := nullif(current_setting('app.on_behalf_of', true), '')::uuid;
  follows constant text[] := array['updated_at', 'version', 'merged_into_id', 'family_key', 'given_key',
    'preferred_key', 'sent_on', 'responded_on', 'taken', 'nhs_number_unissued', 'phone_as_written', 'email_as_written',
    'email_changed_at', 'phone_changed_at', 'merge_undone'];
begin
  insert into record_changes (site_id, subject_type, subject_id, field, from_value, to_value, changed_at, by_role,
      by_link_worker_id, by_on_behalf)
    select new.site_id, tg_argv[0], coalesce((to_jsonb(new)->>'follow_up_id')::uuid, new.id), n.key,
      nullif(o.value, 'null'), nullif(n.value, 'null'), new.updated_at,
      acting_role(), coalesce(behalf, (select k.link_worker_id from api_keys k where k.id = acting_key())),
      behalf is not null
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
create or replace trigger referrals_changes after update on referrals
  for each row execute function keep_changes('referral', 'link_worker_id'); -- it is the episode's, whose history has it
create or replace trigger contacts_changes after update on contacts_all
  for each row execute function keep_changes('contact');
create or replace trigger follow_ups_changes after update on follow_ups_all
  for each row execute function keep_changes('follow_up');

-- What was said at a follow-up is part of its history.
create or replace trigger follow_up_completions_changes after update on follow_up_completions_all
  for each row execute function keep_changes('follow_up');

call reset_access('record_changes');
grant select on record_changes to waypost_staff, waypost_jobs;
create policy staff on record_changes to waypost_staff
  using (site_id = any((select acting_sites())::uuid[]) and (select acting_role()) in ('link_worker', 'site_manager', 'integration'));
create policy jobs on record_changes to waypost_jobs using (true);
