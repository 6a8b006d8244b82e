-- What there is to do with a link worker's people: their open episodes, and of all their episodes the referrals of
-- which something is expected or about which the organisation asks, the follow-ups to ask about now, and the open
-- concerns. Of closed episodes also the follow-ups whose day is still to come, which would come due on nobody's list.
with theirs as materialized (
  select e.site_id, e.id, e.patient_id, e.status from episodes e
  where e.site_id = :'site' and e.link_worker_id = :'worker'
)
select 'episode' as kind, e.id as subject_id, e.id as episode_id, e.patient_id
from theirs e
where e.status <> 'closed'
union all
select 'referral', r.id, e.id, e.patient_id
from theirs e
join referrals r on r.site_id = e.site_id and r.episode_id = e.id and r.kind = 'referral'
where r.status in ('sent', 'expired', 'accepted', 'waitlisted', 'in_progress')
  or r.status in ('completed', 'not_completed', 'declined') and exists (
    select from referral_questions q
    where q.site_id = r.site_id and q.referral_id = r.id and q.answered_at is null
  )
union all
select 'follow_up', f.id, e.id, e.patient_id
from theirs e
join open_follow_ups f on f.site_id = e.site_id and f.episode_id = e.id
where :'today' between f.opens_on and f.closes_on
union all
select 'concern', g.id, e.id, e.patient_id
from theirs e
join open_safeguarding_flags g on g.site_id = e.site_id and g.episode_id = e.id
union all
select 'follow_up_to_come', f.id, e.id, e.patient_id
from theirs e
join follow_ups f on f.site_id = e.site_id and f.episode_id = e.id
where e.status = 'closed' and f.completed_on is null and f.lost_on is null and f.closes_on >= :'today'
  and not exists (
    select from open_follow_ups o
    where o.site_id = f.site_id and o.id = f.id and :'today' between o.opens_on and o.closes_on
  )
order by episode_id, kind, subject_id
