-- Webhooks of partner systems, and the deliveries to them.

-- +goose Up
create table webhooks (
  id               uuid primary key,
  -- whose: it is told what that partner's newest key may see, while one works
  partner_id       uuid not null,
  url              text not null,
  description      text,
  events           text[] not null,         -- types, such as referral.sent, referral.* or *
  enabled          boolean not null,
  disabled_reason  text check (disabled_reason in ('by_hand', 'gone', 'failing')),
  disabled_at      timestamptz,
  secret           bytea not null,          -- signs; encrypted where sealed
  old_secret       bytea,                   -- signs too, until then
  old_secret_until timestamptz,
  -- the secrets are encrypted under the master key, which is not in the database
  sealed           boolean not null,
  position         bigint not null,         -- in the feed: deliveries are made up to here
  failing_since    timestamptz,             -- nothing has got through since; null: the last attempt did
  failures         int not null default 0,  -- rounds in a row in which nothing got through
  rest_until       timestamptz,             -- it is left alone so long
  version          int not null default 1,
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  -- A replay has a place in the feed of its own, so that what happens meanwhile does not wait for it.
  replay_position  bigint,                  -- deliveries are made anew up to here; null: nothing is replayed
  replay_until     bigint,                  -- and to here: what came after was not sent before
  check (enabled = (disabled_reason is null) and enabled = (disabled_at is null)),
  check ((replay_position is null) = (replay_until is null))
);
create index webhooks_partner on webhooks (partner_id, id);

-- One event on its way to one webhook. Its body is made of the event when it is sent.
create table webhook_deliveries (
  id           uuid primary key,
  webhook_id   uuid not null references webhooks on delete cascade,
  event_id     uuid not null,                   -- the webhook-id that the receiver sees: the same whenever it is sent
  event_type   text not null,
  state        text not null check (state in ('pending', 'delivered', 'failed')),
  tries        int not null default 0,          -- since it was made, or asked for again
  -- not sent before; of one that is being sent: when it is taken for lost
  next_try_at  timestamptz not null,
  delivered_at timestamptz,
  attempts     jsonb not null default '[]',     -- the latest ones: {at, status, milliseconds, outcome}
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  replayed     boolean not null default false,  -- it is sent when nothing else is due
  constraint webhook_deliveries_once unique (webhook_id, event_id)
);
create index webhook_deliveries_due  on webhook_deliveries (webhook_id, next_try_at) where state = 'pending';
create index webhook_deliveries_list on webhook_deliveries (webhook_id, id);
create index webhook_deliveries_age  on webhook_deliveries (updated_at) where state <> 'pending';
create index webhook_deliveries_turn on webhook_deliveries (webhook_id, replayed, next_try_at) where state = 'pending';
