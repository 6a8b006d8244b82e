-- Referrals that no organisation has answered, those too that have expired: a late answer still counts.
select r.site_id, 'referral' as subject_type, r.id as subject_id, r.patient_id, r.episode_id, e.link_worker_id, s.today, r.status, p.died_on, e.closed_on,
  flagged.episode_id is not null as safeguarding, p.died_on is not null or e.status = 'closed' as unsupported,
  (r.sent_at at time zone s.time_zone)::date as sent_on,
  (r.sent_at at time zone s.time_zone)::date + s.expiry_days as expiry_on,
  (select min((r.sent_at at time zone s.time_zone)::date + d) from unnest(s.chase_days) d where (r.sent_at at time zone s.time_zone)::date + d >= s.today) as chase_on,
  consent_stands(r.site_id, r.patient_id, 'share_with_organisations') as shared,
  (select o.name from organisations o where o.id = r.organisation_id) as organisation
from referrals r
join settings s on s.site_id = r.site_id
join episodes e on e.site_id = r.site_id and e.id = r.episode_id
join patients p on p.site_id = r.site_id and p.id = r.patient_id
@flagged
where r.site_id = any(cast(@sites as uuid[])) and r.kind = 'referral' and r.status in ('sent', 'expired') and r.episode_id @theirs
