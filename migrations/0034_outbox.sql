-- What looks at the outbox every minute reads what is open, and not all that was ever sent.

-- +goose Up
create index outbox_open_ids on outbox (id) where state in ('waiting', 'sending');
-- Notices that were taken back for want of an address to write to, which come back when there is one.
create index outbox_without_address on outbox (site_id, subject_id)
  where kind = 'reply_notice' and state = 'cancelled' and why in ('address_unconfirmed', 'no_address');

-- As it was, of what is open or failed: what was sent or taken back only grows, and was counted anew at each scrape.
create or replace function mail_statistics(at_time timestamptz) returns table (state text, messages bigint, oldest_seconds double precision)
  language sql stable security definer set search_path = public, pg_temp as $$
  select case when o.state = 'waiting' and o.why = 'held' then 'held' else o.state end, count(*),
         extract(epoch from at_time - min(o.created_at))::double precision
  from outbox o where o.channel = 'email' and o.state in ('waiting', 'sending') group by 1
  union all
  select 'failed', count(*), 0 from outbox o where o.channel = 'email' and o.state = 'failed' having count(*) > 0 $$;

-- +goose Down
select 1;
