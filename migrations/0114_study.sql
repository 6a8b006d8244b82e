-- The study update: what a project says of itself as a study, what happened in it, and the updates that were published.

-- +goose Up
create table studies (
  project_id       uuid primary key references projects,
  funder           text,
  funder_reference text,
  contact          text,                         -- whom a reader may ask
  acknowledgements text,
  disclaimer       text,
  work_packages    jsonb not null default '[]',  -- [{code, title, starts_on, ends_on, status}]
  targets          jsonb not null default '[]',  -- [{site_id, people}]: how many are to join
  version          int not null default 1,
  created_at       timestamptz not null,
  updated_at       timestamptz not null
);

-- What happened in a study, in a steward's words, which are published as they stand.
create table study_notes (
  id         uuid primary key,
  project_id uuid not null references projects,
  noted_on   date not null,
  kind       text not null check (kind in ('progress', 'challenge', 'meeting', 'feedback', 'change_made')),
  board      text not null check (board in ('steering', 'advisory', 'ppi', 'team')),  -- group on the wire
  text       text not null,
  removed_at timestamptz,  -- taken away: no later update tells of it
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index study_notes_of on study_notes (project_id, id);

-- That somebody was interviewed; never what they said.
create table study_interviews (
  id               uuid primary key,
  project_id       uuid not null references projects,
  work_package     text not null,
  participant_kind text not null check (participant_kind in ('patient', 'link_worker', 'health_professional',
                     'voluntary_sector', 'manager')),
  site_id          uuid not null references sites,
  held_on          date not null,
  mode             text not null references code_modes,
  removed_at       timestamptz,
  created_at       timestamptz not null,
  updated_at       timestamptz not null
);
create index study_interviews_of on study_interviews (project_id, id);

-- A sentence that a person said at a follow-up, chosen to be shown.
create table study_quotes (
  id           uuid primary key,
  project_id   uuid not null references projects,
  site_id      uuid not null,
  follow_up_id uuid not null,
  words        text not null,
  said_on      date not null,
  chosen_by    uuid not null,  -- the key; another one checks
  state        text not null check (state in ('waiting', 'approved', 'refused', 'taken_back')),
  checked_by   uuid,
  checked_at   timestamptz,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  foreign key (site_id, follow_up_id) references follow_ups (site_id, id),
  check (checked_by is distinct from chosen_by)
);
create index study_quotes_of on study_quotes (project_id, id);
create index study_quotes_waiting on study_quotes (site_id, id);
create index study_quotes_follow_up on study_quotes (site_id, follow_up_id);

-- An update as it was published. Its content never changes.
create table study_updates (
  id           uuid primary key,
  project_id   uuid not null references projects,
  number       int not null,           -- counts up in its project
  up_to        text not null,          -- the month, YYYY-MM; to on the wire
  as_of        timestamptz not null,   -- of its figures
  corrects_id  uuid references study_updates,
  content      jsonb not null,         -- all of its words and figures; of quotes, their ids alone
  sha256       text not null,          -- of the content, in hexadecimal
  token_hash   bytea not null unique,  -- SHA-256 of its link's token, which is 256 random bits and stored nowhere
  expires_on   date not null,          -- the link's last day, in UTC
  withdrawn_at timestamptz,
  published_by uuid,
  version      int not null default 1,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  unique (project_id, number)
);
