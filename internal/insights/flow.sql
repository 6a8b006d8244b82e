-- Episodes received in the period, by site, month and facet, each at the last step that it reached of those in a row.
-- @of is e, @need is e.need_primary, @on is e.received_on
with sent as (
  select r.site_id, r.episode_id,
    bool_or(r.taken or r.first_attended_on is not null) as accepted,
    bool_or(r.first_attended_on is not null or r.status = 'completed') as attended
  from referrals r
  where r.site_id = any(cast(@sites as uuid[])) and r.kind = 'referral' and r.sent_on is not null and r.status not in ('draft', 'entered_in_error')
  group by r.site_id, r.episode_id
), asked as (
  select f.site_id, f.episode_id, bool_or(f.opens_on <= t.day or f.completed_on is not null) as due, bool_or(f.completed_on is not null) as completed
  from follow_ups f
  join unnest(cast(@sites as uuid[]), cast(@days as date[])) t (site_id, day) on t.site_id = f.site_id
  where f.site_id = any(cast(@sites as uuid[]))
  group by f.site_id, f.episode_id
), reached as (
  select e.site_id, e.received_on, @facets as facets,
    case
      when e.first_contact_on is null then 0
      when e.baseline_on is null then 1
      when r.episode_id is null then 2
      when not r.accepted then 3
      when not r.attended then 4
      when not coalesce(f.due, false) then 5
      when not f.completed then 6
      else 7
    end as step
  from episodes e
  @people
  left join sent r on r.site_id = e.site_id and r.episode_id = e.id
  left join asked f on f.site_id = e.site_id and f.episode_id = e.id
  where e.site_id = any(cast(@sites as uuid[])) and e.received_on >= @from and e.received_on < @until
)
select site_id::text as site_id, month_number(received_on) as month, facet,
  count(*) filter (where step = 0) as step0, count(*) filter (where step = 1) as step1, count(*) filter (where step = 2) as step2, count(*) filter (where step = 3) as step3,
  count(*) filter (where step = 4) as step4, count(*) filter (where step = 5) as step5, count(*) filter (where step = 6) as step6, count(*) filter (where step = 7) as step7
from reached, unnest(facets) facet
group by site_id, 2, 3
