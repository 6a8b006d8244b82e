-- Which organisations to ask now, at one site: of referrals that wait for an answer and were not asked about since
-- they were sent, and of those where a day to chase has come since they were last asked about. ordinal counts from 1.
-- One that a demo told of was sent long ago, to nobody. While one is held, none follows it. due_at is since when the
-- first could have gone.
select r.id as subject_id, coalesce(o.ordinal, 0) + 1 as ordinal,
  case when a.email is null then 'by_hand' else 'email' end as channel,
  case when o.ordinal is null or o.created_at < r.sent_at then greatest(r.sent_at, r.created_at) end as due_at
from referrals r
join organisations org on org.id = r.organisation_id
cross join lateral notice_address(r.organisation_id, r.service_id) a
left join lateral (
  select o.ordinal, o.created_at, o.state = 'waiting' and o.why = 'held' as held
  from outbox o
  where o.site_id = r.site_id and o.kind = :'kind' and o.subject_id = r.id
  order by o.ordinal desc limit 1
) o on true
where r.site_id = :'site' and r.status = 'sent' and r.recorded_via <> 'demo' and org.status <> 'inactive'
  and r.sent_at > :'silent' and o.held is not true
  and (o.ordinal is null or o.created_at < r.sent_at
    or exists (
      select from unnest(cast(:'chases' as int[])) as day
      where r.sent_at + make_interval(days => day) <= :'now' and r.sent_at + make_interval(days => day) > o.created_at
    ))
  and not exists (
    select from patients p where p.site_id = r.site_id and p.id = r.patient_id and p.died_on is not null
  )
  and consent_stands(r.site_id, r.patient_id, 'share_with_organisations')
order by r.sent_at, r.id
limit :'most'
