-- Referrals sent in the period, by site, month and facet: how far each came by the organisation's account, and what the
-- person last said of it at a follow-up. Undone moves and referrals entered in error count in nothing; signposts are apart.
-- @of is r, @need is r.need, @on is r.sent_on
with sent as materialized (
  select r.site_id, r.kind, r.sent_on, @facets as facets, r.status = 'completed' as completed, a.used, a.benefit,
    r.status = 'completed' or r.kind = 'referral' and exists (select from attendances t
      where t.site_id = r.site_id and t.referral_id = r.id and t.attended and t.entered_in_error is null and t.reported_by in ('organisation', 'link_worker')) as attended,
    r.taken as accepted
  from referrals r
  @people
  left join lateral (
    select u.code_group as used, s.benefit
    from follow_up_services s
    join code_uses u on u.code = s.used
    join follow_up_completions c on c.site_id = s.site_id and c.follow_up_id = s.follow_up_id
    where s.site_id = r.site_id and s.referral_id = r.id
    order by c.completed_on desc, c.created_at desc, c.id desc limit 1
  ) a on true
  where r.site_id = any(cast(@sites as uuid[])) and r.status not in ('draft', 'entered_in_error')
    and r.sent_on >= @from and r.sent_on < @until
)
select site_id::text as site_id, month_number(sent_on) as month, facet,
  count(*) filter (where kind = 'signpost') as signposts,
  count(*) filter (where kind = 'referral' and used is null) as not_asked,
  count(*) filter (where kind = 'referral' and (accepted or attended)) as accepted,
  count(*) filter (where kind = 'referral' and attended) as attended,
  count(*) filter (where kind = 'referral' and completed) as completed,
  count(*) filter (where kind = 'referral' and used = 'used' and attended) as both,
  count(*) filter (where kind = 'referral' and used = 'not_used' and not attended) as neither,
  count(*) filter (where kind = 'referral' and used = 'used' and not attended) as person_only,
  count(*) filter (where kind = 'referral' and used = 'not_used' and attended) as organisation_only,
  count(*) filter (where kind = 'referral' and used = 'not_known') as not_known,
  count(*) filter (where kind = 'referral' and used is not null and benefit in ('a_lot', 'some', 'a_little')) as benefited,
  count(*) filter (where kind = 'referral' and used is not null and benefit = 'not_at_all') as not_benefited,
  count(*) filter (where kind = 'referral' and used is not null and benefit = 'made_worse') as made_worse
from sent, unnest(facets) facet
group by 1, 2, 3
