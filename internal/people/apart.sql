-- What tells people apart: when somebody was last in touch, and the episode that is open or was the last.
select p.id as patient_id, e.last_contact_on, w.name as link_worker_name,
  case when e.status <> 'closed' then e.id end as open_episode_id
from patients p
left join lateral (
  select e.id, e.status, e.link_worker_id, (
      select max(c.contact_on) from contacts c join episodes o on o.site_id = c.site_id and o.id = c.episode_id
      where o.site_id = p.site_id and o.patient_id = p.id
    ) as last_contact_on
  from episodes e
  where e.site_id = p.site_id and e.patient_id = p.id
  order by e.status = 'closed', e.received_on desc, e.id desc
  limit 1
) e on true
left join link_workers w on w.site_id = p.site_id and w.id = e.link_worker_id
where p.id = any(cast(:'patients' as uuid[]))
