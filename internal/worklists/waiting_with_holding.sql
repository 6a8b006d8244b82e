-- Referrals on a waiting list, and when the person was last held: reached by a holding contact about this wait, or about none in
-- particular. A wait begins with the latest move to waitlisted that stands.
select r.*, greatest(r.held_on, r.waiting_since) + r.contact_days as contact_on from (
  select r.site_id, 'referral' as subject_type, r.id as subject_id, r.patient_id, r.episode_id, e.link_worker_id, s.today, s.contact_days, p.died_on, e.closed_on, w.waiting_since, r.expected_start_on,
    flagged.episode_id is not null as safeguarding, p.died_on is not null or e.status = 'closed' as unsupported,
    (select b.gloss from code_wait_bands b where b.code = r.expected_wait and b.code <> 'not_known') as expected_wait,
    (select o.name from organisations o where o.id = r.organisation_id) as organisation,
    (select max(c.contact_on) from contacts c where c.site_id = r.site_id and c.episode_id = r.episode_id and c.kind = 'holding' and c.outcome in ('spoke', 'attended')
      and c.contact_on between w.waiting_since and s.today and coalesce(c.referral_id, r.id) = r.id) as held_on
  from referrals r
  join settings s on s.site_id = r.site_id
  join episodes e on e.site_id = r.site_id and e.id = r.episode_id
  join patients p on p.site_id = r.site_id and p.id = r.patient_id
  @flagged
  cross join lateral (select coalesce(
    (select (m.occurred_at at time zone s.time_zone)::date from referral_moves m where m.site_id = r.site_id and m.referral_id = r.id and m.to_status = 'waitlisted' and m.voided_at is null order by m.sequence desc limit 1),
    (r.sent_at at time zone s.time_zone)::date) as waiting_since) w
  where r.site_id = any(cast(@sites as uuid[])) and r.status = 'waitlisted' and r.episode_id @theirs
) r
