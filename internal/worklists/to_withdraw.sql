-- Referrals of which something is still expected, of people who died. Nobody is to be called about them.
select r.site_id, 'referral' as subject_type, r.id as subject_id, r.patient_id, r.episode_id, e.link_worker_id, s.today, r.status, p.died_on, e.closed_on,
  flagged.episode_id is not null as safeguarding, true as unsupported,
  (select o.name from organisations o where o.id = r.organisation_id) as organisation
from patients p
join settings s on s.site_id = p.site_id
join episodes e on e.site_id = p.site_id and e.patient_id = p.id
join referrals r on r.site_id = e.site_id and r.episode_id = e.id
@flagged
where p.site_id = any(cast(@sites as uuid[])) and p.died_on is not null
  and r.kind = 'referral' and r.status in ('sent', 'expired', 'accepted', 'waitlisted', 'in_progress') and r.episode_id @theirs
