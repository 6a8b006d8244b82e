-- Follow-ups whose windows count from a day of the period, by site, month and facet: answered, come and gone without an answer,
-- or still open. Those of people who died before they could answer are left out. As the states of retention.
-- @of is f, @need is e.need_primary, @on is f.anchor_on, @band is (select x.code from jsonb_to_recordset(s.bands) x (code text, "from" float8) where x."from" <= b.value order by x."from" desc limit 1)
with turn as materialized (
  select f.site_id, f.anchor_on, @sub as sub, @facets as facets,
    case
      when f.completed_on is not null then 'completed'
      when f.lost_on is not null or f.closes_on < t.day or coalesce(c.rules_out, false) then 'without'
      else 'open'
    end as state
  from follow_ups f
  join unnest(cast(@sites as uuid[]), cast(@days as date[])) t (site_id, day) on t.site_id = f.site_id
  join episodes e on e.site_id = f.site_id and e.id = f.episode_id
  join patients p on p.site_id = f.site_id and p.id = f.patient_id
  @scores
  left join standing_consents c on c.site_id = f.site_id and c.patient_id = f.patient_id and c.purpose = 'follow_up_contact'
    and f.completed_on is null and f.lost_on is null
  where f.site_id = any(cast(@sites as uuid[])) and f.anchor_on >= @from and f.anchor_on < @until
    and (f.completed_on is not null or f.loss_reason is distinct from 'died' and (f.lost_on is not null or p.died_on is null or p.died_on > f.closes_on))
)
select site_id::text as site_id, month_number(anchor_on) as month, sub, facet,
  count(*) filter (where state = 'completed') as completed, count(*) filter (where state = 'without') as without, count(*) filter (where state = 'open') as open
from turn, unnest(facets) facet
group by 1, 2, 3, 4
