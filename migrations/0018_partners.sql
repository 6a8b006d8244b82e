-- What partner systems are told: the feed of events, and webhooks.

-- +goose Up

-- The order in which events were written. Whoever holds a referral writes after whoever held it before, so that its own
-- events are in their order here whatever their clocks said. (A default and not an identity, which a staged copy would lack.)
create sequence events_arrived;
grant usage on sequence events_arrived to waypost_app;
alter table events
  add column arrived  bigint default nextval('events_arrived'),
  add column position bigint,             -- its place in the feed; null: it has none yet
  add column told_organisation_id uuid;   -- the organisation that sees it there; set with the position
alter sequence events_arrived owned by events.arrived;
drop index events_feed;
create index events_unpublished on events (arrived) where position is null;
create unique index events_position on events (position) where position is not null;
create index events_of_site on events (site_id, position) where position is not null;
create index events_of_organisation on events (told_organisation_id, position) where told_organisation_id is not null;
create policy publish on events for update using (current_setting('app.role', true) = 'system');
create policy organisation_is_told on events for select
  using (told_organisation_id::text = current_setting('app.organisation', true));
grant update (position, told_organisation_id) on events to waypost_app; -- the rest is append-only still

alter table installation add column feed_position bigint not null default 0; -- of the newest event that has one

-- Tells whoever reads the feed whether anything waits for its position.
create function events_wait() returns boolean language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from events where position is null) $$;
revoke all on function events_wait() from public;
grant execute on function events_wait() to waypost_app;

-- Keys that replace one another are one partner's: they share its webhooks and its cursors.
alter table api_keys
  add column partner_id uuid,
  add column replaces   uuid references api_keys; -- the key whose place it takes
update api_keys set partner_id = id;
alter table api_keys alter column partner_id set not null;
create index api_keys_partner on api_keys (partner_id);

create function caller_partner() returns uuid language sql stable security definer set search_path = public, pg_temp as $$
  select partner_id from api_keys where id = nullif(current_setting('app.caller', true), '')::uuid $$;
revoke all on function caller_partner() from public;
grant execute on function caller_partner() to waypost_app;

create table webhooks (
  id               uuid primary key,
  partner_id       uuid not null,            -- whose: it is told what that partner's newest key may see, while one works
  url              text not null,
  description      text,
  events           text[] not null,          -- types, such as referral.sent, referral.* or *
  enabled          boolean not null,
  disabled_reason  text check (disabled_reason in ('by_hand', 'gone', 'failing')),
  disabled_at      timestamptz,
  secret           bytea not null,           -- signs; encrypted where sealed
  old_secret       bytea,                    -- signs too, until then
  old_secret_until timestamptz,
  sealed           boolean not null,         -- the secrets are encrypted under the master key, which is not in the database
  position         bigint not null,          -- in the feed: deliveries are made up to here
  failing_since    timestamptz,              -- nothing has got through since; null: the last attempt did
  failures         int not null default 0,   -- rounds in a row in which nothing got through
  rest_until       timestamptz,              -- it is left alone so long
  version          int not null default 1,
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  check (enabled = (disabled_reason is null) and enabled = (disabled_at is null))
);
create index webhooks_partner on webhooks (partner_id, id);
alter table webhooks enable row level security;
create policy own on webhooks using (partner_id = (select caller_partner()));
create policy administrators on webhooks using (current_setting('app.role', true) in ('administrator', 'system'));
grant select, insert, update, delete on webhooks to waypost_app;

-- One event on its way to one webhook. Its body is made of the event when it is sent.
create table webhook_deliveries (
  id           uuid primary key,
  webhook_id   uuid not null references webhooks on delete cascade,
  event_id     uuid not null,                -- the webhook-id that the receiver sees: the same whenever it is sent
  event_type   text not null,
  state        text not null check (state in ('pending', 'delivered', 'failed')),
  tries        int not null default 0,       -- since it was made, or asked for again
  next_try_at  timestamptz not null,         -- not sent before; of one that is being sent: when it is taken for lost
  delivered_at timestamptz,
  attempts     jsonb not null default '[]',  -- the latest ones: {at, status, milliseconds, outcome}
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  constraint webhook_deliveries_once unique (webhook_id, event_id)
);
create index webhook_deliveries_due  on webhook_deliveries (webhook_id, next_try_at) where state = 'pending';
create index webhook_deliveries_list on webhook_deliveries (webhook_id, id);
create index webhook_deliveries_age  on webhook_deliveries (updated_at) where state <> 'pending';
alter table webhook_deliveries enable row level security;
create policy of_webhook on webhook_deliveries using (exists (select from webhooks w where w.id = webhook_id));
create policy system_jobs on webhook_deliveries using (current_setting('app.role', true) = 'system');
grant select, insert, update, delete on webhook_deliveries to waypost_app;

-- What /metrics tells of the feed and of webhooks, which no row of it would tell to whoever scrapes.
create function partner_statistics(at_time timestamptz, out feed_position bigint, out feed_lag double precision, out deliveries_pending bigint)
  language sql stable security definer set search_path = public, pg_temp as $$
  select i.feed_position,
         coalesce((select extract(epoch from at_time - e.recorded_at) from events e where e.position is null order by e.arrived limit 1), 0),
         (select count(*) from webhook_deliveries d where d.state = 'pending')
  from installation i $$;
revoke all on function partner_statistics(timestamptz) from public;
grant execute on function partner_statistics(timestamptz) to waypost_app;

-- +goose Down
select 1;
