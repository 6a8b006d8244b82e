-- Follow-ups whose window is open: those that GET /v1/follow-ups calls due or overdue. Nobody is asked who died or said no.
select f.site_id, 'follow_up' as subject_type, f.id as subject_id, f.patient_id, f.episode_id, e.link_worker_id, s.today, f.code, f.opens_on, f.target_on, f.closes_on,
  flagged.episode_id is not null as safeguarding, false as unsupported,
  (select count(*) from follow_up_attempts a where a.site_id = f.site_id and a.follow_up_id = f.id) as attempts,
  (select (max(a.at) at time zone s.time_zone)::date from follow_up_attempts a where a.site_id = f.site_id and a.follow_up_id = f.id) as attempted_on
from follow_ups f
join settings s on s.site_id = f.site_id
join episodes e on e.site_id = f.site_id and e.id = f.episode_id
join patients p on p.site_id = f.site_id and p.id = f.patient_id
@flagged
where f.site_id = any(cast(@sites as uuid[])) and f.completed_on is null and f.lost_on is null
  and f.opens_on <= s.today and f.closes_on >= s.today and p.died_on is null and not @said_no and f.episode_id @theirs
