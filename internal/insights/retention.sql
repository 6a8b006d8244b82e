-- Follow-ups whose windows count from a day of the period, by site, month, timepoint and facet, each in exactly one
-- state: the one that it has on the site's day, as the record's own list of follow-ups shows it. Whoever died after the
-- window had closed could have been asked: theirs stays missed. Quintile 1 is the most deprived fifth of neighbourhoods.
-- @of is f, @need is e.need_primary, @on is f.anchor_on
with state as materialized (
  select f.site_id, f.code, f.anchor_on, f.completed_on, f.opens_on, f.closes_on, f.lost_on, f.loss_reason,
    @facets as facets,
    exists (select from follow_up_attempts a where a.site_id = f.site_id and a.follow_up_id = f.id) as attempted,
    case
      when f.completed_on is not null then 'completed'
      when f.loss_reason = 'died' or f.lost_on is null and p.died_on <= f.closes_on then 'died'
      when f.lost_on is not null then 'lost'
      when coalesce(c.rules_out, false) then 'paused'
      when f.opens_on > t.day then 'not_yet_due'
      when f.closes_on >= t.day then 'due'
      else 'missed'
    end as state
  from follow_ups f
  join unnest(cast(@sites as uuid[]), cast(@days as date[])) t (site_id, day) on t.site_id = f.site_id
  join episodes e on e.site_id = f.site_id and e.id = f.episode_id
  join patients p on p.site_id = f.site_id and p.id = f.patient_id
  left join standing_consents c on c.site_id = f.site_id and c.patient_id = f.patient_id and c.purpose = 'follow_up_contact'
    and f.completed_on is null and f.lost_on is null
  where f.site_id = any(cast(@sites as uuid[])) and f.anchor_on >= @from and f.anchor_on < @until and @theirs(f.episode_id)
)
select site_id::text as site_id, month_number(anchor_on) as month, code as sub, facet,
  count(*) filter (where state = 'died') as died,
  count(*) filter (where state = 'not_yet_due') as not_yet_due,
  count(*) filter (where state = 'due') as due,
  count(*) filter (where state = 'paused') as paused,
  count(*) filter (where state = 'missed') as missed,
  count(*) filter (where state = 'completed' and completed_on between opens_on and closes_on) as in_window,
  count(*) filter (where state = 'completed' and completed_on > closes_on) as late,
  count(*) filter (where state = 'completed' and completed_on < opens_on) as early,
  count(*) filter (where state = 'lost' and loss_reason = 'could_not_contact') as could_not_contact,
  count(*) filter (where state = 'lost' and loss_reason = 'declined') as declined,
  count(*) filter (where state = 'lost' and loss_reason = 'withdrew') as withdrew,
  count(*) filter (where state = 'lost' and loss_reason = 'moved') as moved,
  count(*) filter (where state = 'lost' and loss_reason = 'too_unwell') as too_unwell,
  count(*) filter (where state = 'lost' and loss_reason = 'lacks_capacity') as lacks_capacity,
  count(*) filter (where state = 'lost' and loss_reason = 'not_attempted') as not_attempted,
  count(*) filter (where state = 'lost' and loss_reason = 'other') as other,
  count(*) filter (where state <> 'died' and attempted) as attempted,
  count(*) filter (where state in ('due', 'missed') and not attempted) as not_invited
from state, unnest(facets) facet
group by 1, 2, 3, 4
