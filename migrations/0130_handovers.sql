-- Who takes over a link worker's work, for good or while they are away.

-- +goose Up
create table handovers (
  site_id             uuid not null references sites,
  id                  uuid not null,
  from_link_worker_id uuid not null,
  reason              text not null,  -- free text, in this row alone
  until_on            date,           -- the last day of cover; null: the episodes changed hands
  ended_at            timestamptz,    -- when somebody ended the cover before that day
  actor_role          text not null,  -- who recorded it
  actor_key_id        uuid,
  link_worker_id      uuid,
  on_behalf           boolean not null,
  created_at          timestamptz not null,
  updated_at          timestamptz not null,
  primary key (site_id, id),
  foreign key (site_id, from_link_worker_id) references link_workers (site_id, id)
);

-- What a handover moved, or what there was when a cover began. Whose it is follows from the episode.
create table handover_items (
  site_id        uuid not null,
  handover_id    uuid not null,
  kind           text not null check (kind in ('episode', 'referral', 'follow_up', 'concern', 'follow_up_to_come')),
  subject_id     uuid not null,
  episode_id     uuid not null,
  link_worker_id uuid not null,  -- to whom
  primary key (site_id, handover_id, kind, subject_id),
  foreign key (site_id, handover_id) references handovers (site_id, id),
  foreign key (site_id, episode_id) references episodes (site_id, id),
  foreign key (site_id, link_worker_id) references link_workers (site_id, id)
);

-- Who stands in for whom, on which days. Nothing moves: whose an episode is stays as it was.
create table covers (
  site_id             uuid not null,
  id                  uuid not null,
  handover_id         uuid not null,
  from_link_worker_id uuid not null,
  link_worker_id      uuid not null,  -- who stands in
  episode_id          uuid,           -- null: all that they have, and what comes to them meanwhile
  starts_on           date not null,
  ends_on             date not null,  -- the last day; one that was ended ends the day before
  primary key (site_id, id),
  foreign key (site_id, handover_id) references handovers (site_id, id),
  foreign key (site_id, from_link_worker_id) references link_workers (site_id, id),
  foreign key (site_id, link_worker_id) references link_workers (site_id, id),
  foreign key (site_id, episode_id) references episodes (site_id, id),
  check (from_link_worker_id <> link_worker_id)
);
create index covers_by on covers (site_id, link_worker_id, ends_on);
create index covers_of on covers (site_id, from_link_worker_id, ends_on);

-- They have a parameter more now.
drop function if exists referred_person(uuid);
drop function if exists referring_phone(uuid);
