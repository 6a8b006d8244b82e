-- Everybody whose episode is not closed, each with the days of what comes next.
select e.site_id, 'episode' as subject_type, e.id as subject_id, e.patient_id, e.id as episode_id, e.link_worker_id, s.today, e.status, e.received_on, e.paused_on, e.baseline_on, least(e.first_contact_on, e.baseline_on) as met_on, p.died_on,
  flagged.episode_id is not null as safeguarding, false as unsupported,
  case when p.died_on is null and e.status = 'waiting' then e.received_on end as first_contact_on,
  case when p.died_on is null and e.status = 'active' then coalesce(@reached_on, e.received_on) + s.contact_days end as contact_on,
  (select min(f.target_on) from follow_ups f where f.site_id = e.site_id and f.episode_id = e.id
    and f.completed_on is null and f.lost_on is null and f.closes_on >= s.today and p.died_on is null and not @said_no) as follow_up_on,
  (select min((r.sent_at at time zone s.time_zone)::date + s.expiry_days) from referrals r where p.died_on is null
    and r.site_id = e.site_id and r.episode_id = e.id and r.kind = 'referral' and r.status = 'sent') as answer_on,
  (select count(*) from referrals r where r.site_id = e.site_id and r.episode_id = e.id and r.status in ('sent', 'expired', 'accepted', 'waitlisted', 'in_progress')) as open_referrals,
  @reached_on as reached_on
from episodes e
join settings s on s.site_id = e.site_id
join patients p on p.site_id = e.site_id and p.id = e.patient_id
@flagged
where e.site_id = any(cast(@sites as uuid[])) and e.status <> 'closed' and @whose
