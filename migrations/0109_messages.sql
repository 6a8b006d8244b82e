-- What is to be sent to people and organisations, and what became of it.

-- +goose Up
-- What is to be sent, and what became of it. It holds no address, no name and no words: they are read at the moment of
-- sending, when consent is asked for again.
create table outbox (
  site_id     uuid not null references sites,
  id          uuid not null,
  kind        text not null,         -- what it is, and so who writes it: follow_up_invitation
  subject_id  uuid not null,         -- what it is about: of an invitation, the follow-up
  ordinal     int not null,          -- 1: the first of its kind about the subject; 2 and more remind of it
  channel     text not null check (channel in ('email', 'text_message', 'by_hand')),
  state       text not null check (state in ('waiting', 'sending', 'sent', 'failed', 'cancelled')),
  why         text,                  -- a code: why it waits, failed, or was cancelled
  tries       int not null default 0,
  -- not sent before; of one that is being sent: when it is taken for lost and tried again
  next_try_at timestamptz not null,
  sent_at     timestamptz,
  created_at  timestamptz not null,
  updated_at  timestamptz not null,
  due_at      timestamptz,           -- when what it is about asked for it; null: when it was put here
  released_at timestamptz,           -- when somebody let it go that was held; null: nobody had to
  tried_at    timestamptz,           -- the last try
  -- of several that went as one mail, the first; null: never tried since this column is here
  mail_id     uuid,
  primary key (site_id, id),
  constraint outbox_once unique (site_id, kind, subject_id, ordinal),
  check ((sent_at is not null) = (state = 'sent'))
);
create index outbox_open on outbox (next_try_at, id) where state in ('waiting', 'sending');
create index outbox_states on outbox (state);
create index outbox_tried on outbox (tried_at);

-- The kinds of message that mail was ever on for, and since when it is. What became due before is held (why: held) until
-- somebody lets it go.
create table mail_kinds (
  kind  text primary key,
  since timestamptz  -- null: mail is off
);
