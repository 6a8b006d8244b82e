-- Episodes received in the period, by site, month and facet, each at the last step that it reached of those in a row.
-- @of is e, @need is e.need_primary, @on is e.received_on
with reached as materialized (
  select e.site_id, e.received_on, @facets as facets,
    case
      when e.first_contact_on is null then 0
      when e.baseline_on is null then 1
      when not coalesce(r.sent, false) then 2
      when not r.accepted then 3
      when not r.attended then 4
      when not coalesce(f.due, false) then 5
      when not f.completed then 6
      else 7
    end as step
  from episodes e
  join unnest(cast(@sites as uuid[]), cast(@days as date[])) t (site_id, day) on t.site_id = e.site_id
  @people
  left join lateral (
    select true as sent, bool_or(r.status in ('accepted', 'in_progress', 'completed') or r.first_attended_on is not null
        or exists (select from referral_moves m where m.site_id = r.site_id and m.referral_id = r.id and m.voided_at is null and m.to_status in ('accepted', 'in_progress', 'completed'))) as accepted,
      bool_or(r.first_attended_on is not null or r.status = 'completed') as attended
    from referrals r
    where r.site_id = e.site_id and r.episode_id = e.id and r.kind = 'referral' and r.sent_at is not null and r.status not in ('draft', 'entered_in_error')
    having count(*) > 0
  ) r on true
  left join lateral (
    select bool_or(f.opens_on <= t.day or f.completed_on is not null) as due, bool_or(f.completed_on is not null) as completed
    from follow_ups f where f.site_id = e.site_id and f.episode_id = e.id
  ) f on true
  where e.site_id = any(cast(@sites as uuid[])) and e.received_on >= @from and e.received_on < @until
)
select site_id::text as site_id, (extract(year from received_on) * 12 + extract(month from received_on) - 1)::int as month, facet,
  count(*) filter (where step = 0) as step0, count(*) filter (where step = 1) as step1, count(*) filter (where step = 2) as step2, count(*) filter (where step = 3) as step3,
  count(*) filter (where step = 4) as step4, count(*) filter (where step = 5) as step5, count(*) filter (where step = 6) as step6, count(*) filter (where step = 7) as step7
from reached, unnest(facets) facet
group by 1, 2, 3
