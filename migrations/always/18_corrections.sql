-- What was recorded on the wrong record, and who has received it from there.

-- Who has received something that was recorded of a person at an instant: the practice by a message that was made since,
-- the organisation of a referral, partners that have read an event of it in the feed or were sent one, and releases of
-- projects that hold the site. Whether a release holds the person, nobody can tell from it.
create or replace function received_since(site uuid, patient uuid, subject uuid, referral uuid, since timestamptz)
  returns table (kind text, name text, received_at timestamptz)
  language sql stable security definer set search_path = public, pg_temp as $$
  with of_patient as (
    select patient union all select unnest(p.merged_ids) from patients p where p.site_id = site and p.id = patient
  )
  select r.* from (
  select 'practice', null::text, max(l.at) from access_log l
    where l.site_id = site and l.at >= since and l.operation = 'gp_message' and patient = any(l.patient_ids)
    having count(*) > 0
  union all
  select 'organisation', o.name, r.sent_at from referrals r join organisations o on o.id = r.organisation_id
    where r.site_id = site and r.id = referral and r.kind = 'referral' and r.sent_at is not null
  union all
  select 'partner_feed', max(k.label), f.read_at
    from feed_reads f
    join api_keys k on k.partner_id = f.partner_id
    where k.role = 'integration' and site = any(k.site_ids) and f.position >= (
      select min(e.position) from events e
      where e.site_id = site and e.patient_id in (select * from of_patient) and e.subject_id = subject and e.recorded_at >= since
    )
    group by f.partner_id
  union all
  select 'webhook', substring(w.url from '^[a-z]+://([^/:?#]+)'), max(d.delivered_at) -- its path may be a secret
    from webhook_deliveries d
    join webhooks w on w.id = d.webhook_id
    join events e on e.id = d.event_id
    where e.site_id = site and e.subject_id = subject and e.patient_id in (select * from of_patient) and d.state = 'delivered'
    group by w.id, w.url
  union all
  select 'release', p.title, r.as_of from releases r join projects p on p.id = r.project_id
    where r.state = 'ready' and r.as_of >= since and site = any(p.site_ids)
  ) r where site = any(acting_sites()) $$;
call only_for('received_since(uuid, uuid, uuid, uuid, timestamptz)', 'waypost_staff', 'waypost_jobs');

call reset_access('corrections');
grant select, insert, update (told_at, told_by, breach, note, updated_at) on corrections to waypost_staff, waypost_jobs;
create policy staff on corrections to waypost_staff
  using (site_id = any((select acting_sites())::uuid[]) and (select acting_role()) in ('link_worker', 'site_manager', 'integration'));
create policy jobs on corrections to waypost_jobs using (true);
