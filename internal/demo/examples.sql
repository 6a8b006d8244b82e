-- Things that fit together, by what the document's examples call them, and when their episode was received: long enough
-- ago that most of what the examples tell of has passed.
with caller as (
  select site_ids[1] as site_id, link_worker_id
  from api_keys
  where role = 'link_worker' and label like 'Demo: %'
  order by id
  limit 1
), asked as (
  select organisation_id from api_keys where role = 'organisation' and label like 'Demo: %' order by id limit 1
), referral as (
  select r.*, e.link_worker_id, e.received_on
  from caller c
  join referrals r on r.site_id = c.site_id and r.kind = 'referral' and r.service_id is not null
  join episodes e on e.site_id = r.site_id and e.id = r.episode_id and e.status = 'active'
  join follow_ups f on f.site_id = e.site_id and f.episode_id = e.id and f.completed_on is null and f.lost_on is null
  left join asked on asked.organisation_id = r.organisation_id
  left join standing_consents g on g.site_id = r.site_id and g.patient_id = r.patient_id
    and g.purpose = 'report_to_gp' and g.decision = 'given'
  where r.status in ('sent', 'expired', 'accepted', 'waitlisted')
  order by
    e.received_on < (select max(received_on) from episodes) - 40 desc,
    r.sent_at::date <= e.received_on + 23 desc,
    g.patient_id is not null desc,
    e.link_worker_id = c.link_worker_id desc,
    asked.organisation_id is not null desc,
    r.id
  limit 1
), project as (
  select id from projects order by id limit 1
)
select 'site' as thing, site_id as id, received_on as "on" from referral
union all select 'link_worker', link_worker_id, null from referral
union all select 'organisation', organisation_id, null from referral
union all select 'service', service_id, null from referral
union all select 'patient', patient_id, null from referral
union all select 'episode', episode_id, null from referral
union all select 'referral', id, null from referral
union all (
  select 'consent', c.id, null
  from referral r join consents c on c.site_id = r.site_id and c.patient_id = r.patient_id order by c.id limit 1)
union all (
  select 'contact', c.id, null
  from referral r join contacts c on c.site_id = r.site_id and c.episode_id = r.episode_id
  order by c.version, c.id limit 1)
union all (
  select 'assessment', a.id, null
  from referral r join assessments a on a.site_id = r.site_id and a.episode_id = r.episode_id order by a.id limit 1)
union all (
  select 'follow_up', f.id, null
  from referral r join follow_ups f on f.site_id = r.site_id and f.episode_id = r.episode_id
  where f.completed_on is null and f.lost_on is null order by f.id limit 1)
union all (
  select 'attendance', a.id, null
  from referral r join attendances a on a.site_id = r.site_id and a.actor_role <> 'organisation' order by a.id limit 1)
union all select 'project', id, null from project
union all (select 'release', r.id, null from project p join releases r on r.project_id = p.id order by r.id limit 1)
union all (select 'note', n.id, null from project p join study_notes n on n.project_id = p.id order by n.id limit 1)
union all (
  select 'interview', i.id, null from project p join study_interviews i on i.project_id = p.id order by i.id limit 1)
union all (select 'api_key', k.id, null from api_keys k where k.role = 'researcher' order by k.id limit 1)
