-- Referrals sent in the period, by site, month and facet: how far each came, whoever says so, and how long people
-- waited for the first time they came.
-- @of is r, @need is r.need, @on is r.sent_on, @service is r.service_id
with sent as materialized (
  select r.site_id, r.sent_on, @facets as facets, r.status = 'completed' as completed,
    r.first_attended_on - r.sent_on as days,
    r.first_attended_on is not null or r.status = 'completed' as attended,
    r.taken as accepted
  from referrals r
  @people
  where r.site_id = any(cast(@sites as uuid[])) and r.kind = 'referral' and r.status not in ('draft', 'entered_in_error')
    and r.sent_on >= @from and r.sent_on < @until
)
select site_id::text as site_id, month_number(sent_on) as month, facet,
  count(*) as sent,
  count(*) filter (where accepted or attended) as accepted,
  count(*) filter (where attended) as attended,
  count(*) filter (where completed) as completed,
  count(*) filter (where days <= 14) as within14,
  count(*) filter (where days between 15 and 42) as within42,
  count(*) filter (where days > 42) as later
from sent, unnest(facets) facet
group by 1, 2, 3
