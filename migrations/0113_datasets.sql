-- Datasets for research: projects and their frozen releases.

-- +goose Up
create table projects (
  id                      uuid primary key,
  title                   text not null,
  purpose                 text not null,
  legal_basis             text not null check (legal_basis in ('explicit_consent', 'anonymised', 'section_251')),
  setting                 text not null check (setting in ('safe_setting', 'outside')),
  -- why a small group is acceptable in the safe setting, in the steward's words
  setting_reason          text,
  site_ids                uuid[] not null,
  instruments             text[] not null,              -- whose answers and scores leave
  timepoints              text[] not null,              -- the schedules' codes whose follow-ups leave
  -- [{code, analysis_from, target, analysis_to}]: windows of its own, in days
  schedule                jsonb not null default '[]',
  quasi_identifiers       text[] not null,              -- what a person could be recognised by, together
  generalisation          text[] not null,              -- which of them is made coarser, a step each, in this order
  minimum_k               int not null check (minimum_k >= 5),  -- the fewest people who are alike in all of them
  -- people left out at most, before one more step is taken
  most_suppressed_percent int not null check (most_suppressed_percent between 0 and 50),
  expires_on              date not null,                -- the last day, in UTC, that releases are made and read
  state                   text not null check (state in ('draft', 'approved')),
  approved_by             uuid,                         -- the data steward's key
  approved_at             timestamptz,
  created_by              uuid,
  -- encrypted under the master key, which is not in the database
  pseudonym_key           bytea not null,
  version                 int not null default 1,
  created_at              timestamptz not null,
  updated_at              timestamptz not null
);

create table releases (
  id           uuid primary key,
  project_id   uuid not null references projects,
  number       int not null,                 -- counts up in its project
  state        text not null check (state in ('building', 'ready', 'refused', 'failed')),
  reason       text,                         -- the requester's, in words
  reasons      jsonb not null default '[]',  -- why it was refused or failed
  requested_by uuid,
  attempts     int not null default 0,       -- how often it was begun
  try_at       timestamptz,                  -- when it is begun, or begun again; null: it has ended
  as_of        timestamptz,                  -- of the one snapshot that it was read from
  finished_at  timestamptz,
  report       jsonb,                        -- n, k, what was generalised, the flow of participants
  files        jsonb not null default '[]',  -- [{name, bytes, sha256, rows}]
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  unique (project_id, number),
  check ((state = 'ready') = (as_of is not null and finished_at is not null and files <> '[]'))
);
create index releases_due on releases (try_at) where try_at is not null;

-- The people of a release, as they leave: filled in the transaction that reads it, in a temporary table of this form
-- (stage), and nowhere else. Nobody may write here.
create table cohort (
  site_id      uuid not null,
  patient_id   uuid not null,
  place        bigint not null,  -- the order of rows, which tells nothing of the order of recording
  until        date not null,    -- what lies after it does not leave; infinity: all may
  consent      text not null,
  site         text not null,    -- pseudonymous, or all
  age_band     text not null,
  gender       text not null,
  ethnic_group text not null,
  imd_quintile text not null
);
