-- Credentials.

-- +goose Up
-- The key itself is never stored: key_hash is its SHA-256, which is enough for 256 random bits.
create table api_keys (
  id              uuid primary key,
  key_hash        bytea not null unique,
  hint            text not null,             -- its last four characters, to tell keys apart
  label           text not null,
  role            text not null check (role in ('link_worker', 'site_manager', 'integration', 'organisation', 'dashboard',
                    'researcher', 'data_steward', 'administrator')),
  site_ids        uuid[] not null default '{}',
  organisation_id uuid,
  project_ids     uuid[] not null default '{}',
  link_worker_id  uuid,
  expires_on      date,
  revoked_at      timestamptz,
  created_by      uuid,                      -- the key that made it; null: made on the command line
  created_at      timestamptz not null,
  updated_at      timestamptz not null,
  -- A key's label and last day can be changed.
  version         int not null default 1,
  -- Keys that replace one another are one partner's: they share its webhooks and its cursors.
  partner_id      uuid not null,
  replaces        uuid references api_keys,  -- the key whose place it takes
  -- null: the key is pending; of one that needs no confirmation, when it was made
  confirmed_at    timestamptz,
  confirmed_by    uuid,                      -- the key that confirmed it; null: nobody has, or it needed nobody
  last_used_at    timestamptz                -- written once an hour at most
);
create index api_keys_partner on api_keys (partner_id);
