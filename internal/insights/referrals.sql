-- Referrals sent in the period, by site, month and facet: where they stand, and how soon they were answered. Signposts are
-- apart; referrals entered in error count in nothing.
-- @of is r, @need is r.need, @on is r.sent_on
with sent as (
  select r.site_id, r.kind, r.status, r.sent_on, @facets as facets,
    r.responded_on - r.sent_on as days
  from referrals r
  @people
  where r.site_id = any(cast(@sites as uuid[])) and r.status not in ('draft', 'entered_in_error')
    and r.sent_on >= @from and r.sent_on < @until
)
select site_id::text as site_id, month_number(sent_on) as month, facet,
  count(*) filter (where kind = 'signpost') as signposts,
  count(*) filter (where status = 'sent') as sent,
  count(*) filter (where status = 'accepted') as accepted,
  count(*) filter (where status = 'waitlisted') as waitlisted,
  count(*) filter (where status = 'in_progress') as in_progress,
  count(*) filter (where status = 'completed') as completed,
  count(*) filter (where status = 'not_completed') as not_completed,
  count(*) filter (where status = 'declined') as declined,
  count(*) filter (where status = 'withdrawn') as withdrawn,
  count(*) filter (where status = 'expired') as expired,
  count(*) filter (where kind = 'referral' and days <= 7) as within7,
  count(*) filter (where kind = 'referral' and days between 8 and 14) as within14,
  count(*) filter (where kind = 'referral' and days between 15 and 28) as within28,
  count(*) filter (where kind = 'referral' and days > 28) as later
from sent, unnest(facets) facet
group by site_id, 2, 3
