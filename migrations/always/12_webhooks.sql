-- Webhooks, and how far the feed was read: a partner sees its own; administrators see all webhooks.

-- What /metrics tells of the feed and of webhooks, which no row of it would tell to whoever scrapes.
create or replace function partner_statistics(at_time timestamptz,
    out feed_position bigint, out feed_lag double precision, out deliveries_pending bigint)
  language sql stable security definer set search_path = public, pg_temp as $$
  select i.feed_position,
         coalesce((select extract(epoch from at_time - e.recorded_at) from events e
                   where e.position is null order by e.arrived limit 1), 0),
         (select count(*) from webhook_deliveries d where d.state = 'pending')
  from installation i $$;
call only_for('partner_statistics(timestamptz)', 'waypost_app', 'waypost_jobs');

call reset_access('webhooks', 'webhook_deliveries', 'feed_reads');

grant select, insert, update on feed_reads to waypost_staff;
create policy own on feed_reads to waypost_staff using (partner_id = (select caller_partner()));

grant select, insert, update, delete on webhooks, webhook_deliveries to waypost_staff, waypost_organisations, waypost_jobs;
create policy own on webhooks to waypost_staff, waypost_organisations using (partner_id = (select caller_partner()));
create policy administrators on webhooks to waypost_staff using ((select acting_role()) = 'administrator');
create policy jobs on webhooks to waypost_jobs using (true);
create policy of_webhook on webhook_deliveries to waypost_staff, waypost_organisations
  using (exists (select from webhooks w where w.id = webhook_id));
create policy jobs on webhook_deliveries to waypost_jobs using (true);
