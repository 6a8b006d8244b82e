-- Periodic work, and what is sent to people.

-- +goose Up
-- River's tables have a schema of their own; River's own migrations fill it, right after these (see platform/jobs).
create schema river;
grant usage on schema river to waypost_app;
alter default privileges in schema river grant select, insert, update, delete on tables to waypost_app;
alter default privileges in schema river grant usage, select on sequences to waypost_app;

-- What is to be sent, and what became of it. It holds no address, no name and no words: they are read at the moment of
-- sending, when consent is asked for again.
create table outbox (
  site_id     uuid not null references sites,
  id          uuid not null,
  kind        text not null,              -- what it is, and so who writes it: follow_up_invitation
  subject_id  uuid not null,              -- what it is about: of an invitation, the follow-up
  ordinal     int not null,               -- 1: the first of its kind about the subject; 2 and more remind of it
  channel     text not null check (channel in ('email', 'text_message')),
  state       text not null check (state in ('waiting', 'sending', 'sent', 'failed', 'cancelled')),
  why         text,                       -- a code: why it waits, failed, or was cancelled
  tries       int not null default 0,
  next_try_at timestamptz not null,       -- not sent before; of one that is being sent: when it is taken for lost and tried again
  sent_at     timestamptz,
  created_at  timestamptz not null,
  updated_at  timestamptz not null,
  primary key (site_id, id),
  constraint outbox_once unique (site_id, kind, subject_id, ordinal),
  check ((sent_at is not null) = (state = 'sent'))
);
create index outbox_open on outbox (next_try_at, id) where state in ('waiting', 'sending');
alter table outbox enable row level security;
create policy site_rows on outbox
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy system_jobs on outbox using (current_setting('app.role', true) = 'system');
grant select, insert, update on outbox to waypost_app;

-- Days after the invitation to a follow-up when somebody who has not answered is reminded, once each.
alter table sites add column reminder_days int[] not null default '{14}';

-- +goose Down
select 1;
