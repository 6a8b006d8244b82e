-- People whom one site passes to another. Each site has a row of its own, with what it may know: no policy has to tell two
-- sites apart in one row.

-- +goose Up
-- At the site that sends.
create table transfers (
  site_id        uuid not null references sites,
  id             uuid not null,
  patient_id     uuid not null,
  to_site_id     uuid not null references sites,
  reason         text not null,  -- free text, here and in the offer
  basis          text not null check (basis in ('person_agreed', 'direct_care', 'best_interests')),
  agreed_on      date,           -- the day on which the person agreed
  state          text not null check (state in ('pending', 'accepted', 'refused', 'cancelled')),
  lapses_at      timestamptz not null,  -- from then on, one that is pending has lapsed
  answered_at    timestamptz,
  refusal_reason text,           -- free text
  actor_role     text not null,  -- who asked
  actor_key_id   uuid,
  link_worker_id uuid,
  on_behalf      boolean not null,
  created_at     timestamptz not null,
  updated_at     timestamptz not null,
  primary key (site_id, id),
  foreign key (site_id, patient_id) references patients (site_id, id),
  check (site_id <> to_site_id)
);
create unique index transfers_pending on transfers (site_id, patient_id) where state = 'pending';

-- At the site that is asked: what it sees before it accepts, and then the record it made.
create table transfer_offers (
  site_id        uuid not null references sites,
  id             uuid not null,         -- that of the transfer
  from_site_id   uuid not null references sites,
  name           text,                  -- of the person; null: it was not accepted
  need           text references code_needs,
  reason         text not null,
  basis          text not null check (basis in ('person_agreed', 'direct_care', 'best_interests')),
  agreed_on      date,
  state          text not null check (state in ('pending', 'accepted', 'refused', 'cancelled')),
  lapses_at      timestamptz not null,
  answered_at    timestamptz,
  refusal_reason text,
  patient_id     uuid,                  -- of this site, once it accepted
  episode_ids    uuid[] not null default '{}',
  actor_role     text,                  -- who answered
  actor_key_id   uuid,
  link_worker_id uuid,
  on_behalf      boolean,
  created_at     timestamptz not null,
  updated_at     timestamptz not null,
  primary key (site_id, id),
  foreign key (site_id, patient_id) references patients (site_id, id)
);
