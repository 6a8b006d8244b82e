-- People who are supported, or wait to be, and whom nobody has reached for as long as the site says. A message left reaches nobody.
select e.site_id, 'episode' as subject_type, e.id as subject_id, e.patient_id, e.id as episode_id, e.link_worker_id, s.today, e.status, e.received_on,
  flagged.episode_id is not null as safeguarding, false as unsupported,
  @reached_on as reached_on,
  coalesce(@reached_on, e.received_on) + s.contact_days as contact_on,
  (select count(*) from contacts c where c.site_id = e.site_id and c.episode_id = e.id and c.contact_on > coalesce(@reached_on, date '0001-01-01') and c.outcome not in ('spoke', 'attended')) as attempts
from episodes e
join settings s on s.site_id = e.site_id
join patients p on p.site_id = e.site_id and p.id = e.patient_id
@flagged
where e.site_id = any(cast(@sites as uuid[])) and e.status in ('waiting', 'active') and p.died_on is null
  and coalesce(@reached_on, e.received_on) + s.contact_days <= s.today and @whose
