-- Whom to ask now at one site: the follow-up's window is open, the person lives, agreed to be contacted, and can be written
-- to; they were not asked yet, or the day to remind them has come, which counts from the first. ordinal counts from 1.
select f.id as subject_id, p.channel, coalesce(o.ordinal, 0) + 1 as ordinal
from follow_ups f
join lateral (
  select case
    when p.email is not null and not p.email_as_written and p.contact_preference in ('email', 'not_known') then 'email'
    when p.phone is not null and not p.phone_as_written and p.contact_preference = 'text_message' then 'text_message'
  end as channel
  from patients p
  where p.site_id = f.site_id and p.id = f.patient_id and p.died_on is null and p.merged_into_id is null
) p on p.channel is not null
join standing_consents c on c.site_id = f.site_id and c.patient_id = f.patient_id and c.purpose = 'follow_up_contact' and c.permits
left join lateral (
  select o.ordinal, o.state, first_value(o.sent_at) over (order by o.ordinal) as invited_at from outbox o
  where o.site_id = f.site_id and o.kind = @kind and o.subject_id = f.id
  order by o.ordinal desc limit 1
) o on true
where f.site_id = @site and f.completed_on is null and f.lost_on is null
  and f.opens_on <= @today and f.closes_on >= @today
  and (o.ordinal is null
    or o.state = 'sent' and o.invited_at + make_interval(days => (cast(@reminders as int[]))[o.ordinal]) <= @now)
  and not exists (select from follow_up_attempts a
    where a.site_id = f.site_id and a.follow_up_id = f.id and a.result in ('declined', 'wrong_details'))
order by f.target_on, f.id
limit @most
