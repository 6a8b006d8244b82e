-- People whose consent to research stands now, by site, the month in which they first gave it, and timepoint: how far each came, and
-- what they said at that follow-up. Whoever has more than one such follow-up counts once, by the one that was answered, or else the
-- newest. Whoever died before a window closed, and had not answered, does not count as due.
-- @of is f, @need is null, @on is f.joined_on
with joined as materialized (
  select c.site_id, c.patient_id, min(c.decided_on) filter (where c.decision = 'given') as joined_on
  from consents c
  where c.site_id = any(cast(@sites as uuid[])) and c.purpose = 'research'
  group by c.site_id, c.patient_id
  having consent_stands(c.site_id, c.patient_id, 'research')
), started as materialized (
  select distinct e.site_id, e.patient_id
  from assessments a join episodes e on e.site_id = a.site_id and e.id = a.episode_id
  where a.site_id = any(cast(@sites as uuid[])) and a.timepoint = 'baseline' and a.corrected_by_id is null and not a.not_counted
), asked as materialized (
  select distinct on (f.site_id, f.patient_id, f.code) f.*
  from follow_ups f
  where f.site_id = any(cast(@sites as uuid[]))
  order by f.site_id, f.patient_id, f.code, f.completed_on is null, f.anchor_on desc, f.id
), services as materialized (
  select s.site_id, s.follow_up_id, bool_or(u.code_group = 'used') as used,
    bool_or(u.code_group = 'used' and s.benefit in ('a_lot', 'some', 'a_little')) as helped,
    bool_or(u.code_group = 'used' and s.benefit = 'made_worse') as made_worse,
    bool_or(u.code_group = 'used' and s.benefit = 'not_at_all') as no_help
  from follow_up_services s join code_uses u on u.code = s.used
  where s.site_id = any(cast(@sites as uuid[]))
  group by s.site_id, s.follow_up_id
), scales as materialized (
  select a.site_id, a.follow_up_id, bool_and(not exists (select from jsonb_each(a.responses) r where jsonb_typeof(r.value) = 'object')) as whole
  from assessments a
  where a.site_id = any(cast(@sites as uuid[])) and a.follow_up_id is not null and a.corrected_by_id is null and not a.not_counted
  group by a.site_id, a.follow_up_id
), attempts as materialized (
  select t.site_id, t.follow_up_id, count(*) as n from follow_up_attempts t where t.site_id = any(cast(@sites as uuid[])) group by t.site_id, t.follow_up_id
), participant as materialized (
  select f.site_id, f.patient_id, f.joined_on, t.code, @facets as facets,
    b.patient_id is not null as baseline, coalesce(n.n, 0) as attempts,
    case
      when a.id is null then 'later'
      when a.completed_on is not null then 'answered'
      when a.loss_reason = 'died' or a.lost_on is null and p.died_on <= a.closes_on then 'later'
      when a.lost_on is not null then 'lost'
      when coalesce(c.rules_out, false) then 'paused'
      when a.opens_on > d.day then 'later'
      when a.closes_on >= d.day then 'open'
      else 'missed'
    end as state,
    q.how_have_you_been as been, q.benefit as met, s.used, s.helped, s.made_worse, s.no_help, w.whole
  from joined f
  join unnest(cast(@sites as uuid[]), cast(@days as date[])) d (site_id, day) on d.site_id = f.site_id
  join patients p on p.site_id = f.site_id and p.id = f.patient_id
  cross join (select distinct code from schedules where site_id = any(cast(@sites as uuid[]))) t
  left join started b on b.site_id = f.site_id and b.patient_id = f.patient_id
  left join asked a on a.site_id = f.site_id and a.patient_id = f.patient_id and a.code = t.code
  left join attempts n on n.site_id = a.site_id and n.follow_up_id = a.id
  left join follow_up_completions q on q.site_id = a.site_id and q.follow_up_id = a.id
  left join services s on s.site_id = a.site_id and s.follow_up_id = a.id
  left join scales w on w.site_id = a.site_id and w.follow_up_id = a.id
  left join standing_consents c on c.site_id = f.site_id and c.patient_id = f.patient_id and c.purpose = 'follow_up_contact'
    and a.completed_on is null and a.lost_on is null
  where f.joined_on >= @from and f.joined_on < @until
)
select site_id::text as site_id, month_number(joined_on) as month, code as sub, facet,
  count(*) filter (where not baseline) as no_baseline,
  count(*) filter (where state = 'later') as later,
  count(*) filter (where state = 'open') as open,
  count(*) filter (where state = 'missed') as missed,
  count(*) filter (where state = 'lost') as lost,
  count(*) filter (where state = 'paused') as paused,
  count(*) filter (where state <> 'later' and attempts = 0) as never_tried,
  count(*) filter (where state <> 'later' and attempts = 1) as tried_once,
  count(*) filter (where state = 'answered' and been in ('much_better', 'better')) as better,
  count(*) filter (where state = 'answered' and been = 'same') as same,
  count(*) filter (where state = 'answered' and been in ('worse', 'much_worse')) as worse,
  count(*) filter (where state = 'answered' and been in ('dont_know', 'prefer_not_to_say')) as been_not_said,
  count(*) filter (where state = 'answered' and used and helped) as helped,
  count(*) filter (where state = 'answered' and used and not helped and made_worse) as made_worse,
  count(*) filter (where state = 'answered' and used and not helped and not made_worse and no_help) as no_help,
  count(*) filter (where state = 'answered' and used and not helped and not made_worse and not no_help) as help_not_said,
  count(*) filter (where state = 'answered' and met in ('a_lot', 'some', 'a_little')) as met_helped,
  count(*) filter (where state = 'answered' and met = 'made_worse') as met_worse,
  count(*) filter (where state = 'answered' and whole) as whole
from participant, unnest(facets) facet
group by 1, 2, 3, 4
