-- How far each partner has read the feed, and when: so that whoever has received what was on the wrong record is known.

-- +goose Up
create table feed_reads (
  partner_id uuid primary key,
  position   bigint not null,       -- the furthest that was shown to it
  read_at    timestamptz not null   -- when a page with an event was shown to it last
);
alter table feed_reads enable row level security;

insert into feed_reads
select k.partner_id, max(e.position), max(k.last_used_at)
from api_keys k
cross join lateral (
  select max(position) as position from events where recorded_at <= k.last_used_at
) e
where k.role = 'integration' and e.position is not null
group by k.partner_id;
