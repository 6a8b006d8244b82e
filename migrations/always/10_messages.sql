-- Messages to people and organisations.

-- What /metrics tells of the outbox, of which no row would be told to whoever scrapes: of what is open or failed, since
-- what was sent or taken back only grows. What is held counts apart from what waits.
create or replace function mail_statistics(at_time timestamptz)
  returns table (state text, messages bigint, oldest_seconds double precision)
  language sql stable security definer set search_path = public, pg_temp as $$
  select case when o.state = 'waiting' and o.why = 'held' then 'held' else o.state end, count(*),
    extract(epoch from at_time - min(o.created_at))::double precision
  from outbox o where o.channel = 'email' and o.state in ('waiting', 'sending') group by 1
  union all
  select 'failed', count(*), 0 from outbox o where o.channel = 'email' and o.state = 'failed' having count(*) > 0 $$;
call only_for('mail_statistics(timestamptz)', 'waypost_app', 'waypost_jobs');

call reset_access('outbox', 'mail_kinds');

grant select, insert, update on outbox to waypost_staff, waypost_jobs;
create policy staff on outbox to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on outbox to waypost_jobs using (true);

grant select, insert, update on mail_kinds to waypost_jobs;
create policy jobs on mail_kinds to waypost_jobs using (true);
