-- Referrals that no organisation has answered, those too that have expired: a late answer still counts. And referrals, answered or
-- not, about which an organisation has a question.
select r.site_id, 'referral' as subject_type, r.id as subject_id, r.patient_id, r.episode_id, e.link_worker_id, s.today, r.status, p.died_on, e.closed_on,
  flagged.episode_id is not null as safeguarding, p.died_on is not null or e.status = 'closed' as unsupported,
  (r.sent_at at time zone s.time_zone)::date as sent_on,
  (r.sent_at at time zone s.time_zone)::date + s.expiry_days as expiry_on,
  (select min((r.sent_at at time zone s.time_zone)::date + d) from unnest(s.chase_days) d where (r.sent_at at time zone s.time_zone)::date + d >= s.today) as chase_on,
  (q.asked_at at time zone s.time_zone)::date as question_on,
  consent_stands(r.site_id, r.patient_id, 'share_with_organisations') as shared,
  (select o.name from organisations o where o.id = r.organisation_id) as organisation
from referrals r
join settings s on s.site_id = r.site_id
join episodes e on e.site_id = r.site_id and e.id = r.episode_id
join patients p on p.site_id = r.site_id and p.id = r.patient_id
left join (select site_id, referral_id, min(asked_at) as asked_at from referral_questions
  where site_id = any(cast(@sites as uuid[])) and asked_at <= cast(@at as timestamptz) and coalesce(answered_at, 'infinity') > cast(@at as timestamptz) group by 1, 2) q
  on q.site_id = r.site_id and q.referral_id = r.id
@flagged
where r.site_id = any(cast(@sites as uuid[])) and r.kind = 'referral' and (r.status in ('sent', 'expired') or q.referral_id is not null and r.status not in ('withdrawn', 'entered_in_error')) and r.episode_id @theirs
