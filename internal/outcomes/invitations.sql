-- Whom to ask now at one site: the follow-up's window is open, the person lives, agreed to be contacted, and can be
-- written to; they were not asked yet, or the day to remind them has come, which counts from the first that went, or
-- what stood against the last one stands no more. ordinal counts from 1; due_at is since when the first could have
-- gone.
select f.id as subject_id, p.channel, coalesce(o.ordinal, 0) + 1 as ordinal,
  case when o.ordinal is null then greatest(f.opens_on::timestamptz, f.created_at) end as due_at
from follow_up_states f
join lateral (
  select
    case
      when p.email is not null and not p.email_as_written
        and p.contact_preference in ('email', 'not_known') then 'email'
      when p.phone is not null and not p.phone_as_written and p.contact_preference = 'text_message' then 'text_message'
    end as channel,
    case p.contact_preference when 'text_message' then p.phone_changed_at else p.email_changed_at end as changed_at
  from patients p
  where p.site_id = f.site_id and p.id = f.patient_id and p.merged_into_id is null
) p on p.channel is not null
join standing_consents c on c.site_id = f.site_id and c.patient_id = f.patient_id
  and c.purpose = 'follow_up_contact' and c.permits
left join lateral (
  select o.ordinal, o.state, o.why, o.updated_at,
    min(o.sent_at) over all_of as invited_at, count(o.sent_at) over all_of as invited
  from outbox o
  where o.site_id = f.site_id and o.kind = :'kind' and o.subject_id = f.id
  window all_of as (order by o.ordinal rows between unbounded preceding and unbounded following)
  order by o.ordinal desc limit 1
) o on true
where f.site_id = :'site' and f.state = 'to_ask' and :'today' between f.starts_on and f.ends_on
  and (o.ordinal is null
    or o.state = 'sent'
      and o.invited_at + make_interval(days => (cast(:'reminders' as int[]))[o.invited::int]) <= :'now'
    or o.state = 'failed' and o.why = 'refused' and p.changed_at > o.updated_at
    -- which is the server's doing
    or o.state = 'failed' and o.why = 'unreachable' and o.updated_at + interval '7 days' <= :'now'
    or o.state = 'cancelled' and o.why = 'no_address' and p.changed_at > o.updated_at
    or o.state = 'cancelled' and o.why = 'no_consent' and c.created_at > o.updated_at)
  and not exists (
    select from follow_up_attempts a
    where a.site_id = f.site_id and a.follow_up_id = f.id
      and (a.result = 'declined'
        or a.result = 'wrong_details' and (a.channel = 'email') = (p.channel = 'email')
          and a.channel in ('email', 'text_message', 'telephone') and a.at >= coalesce(p.changed_at, '-infinity'))
  )
order by f.target_on, f.id
limit :'most'
