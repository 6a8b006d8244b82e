-- One person with two records: who was merged into whom, and what moved; pairs of records that may be of one person.

-- +goose Up
-- The records of the same person that were merged into this one, and into those in turn.
alter table patients add merged_ids uuid[] not null default '{}';
-- A merge with this one was undone: events of the time in between may belong to the other (moved_events).
alter table patients add merge_undone boolean not null default false;
alter table patients add foreign key (site_id, merged_into_id) references patients (site_id, id);

create sequence merges_made;
create table merges (
  site_id              uuid not null references sites,
  id                   uuid not null,
  patient_id           uuid not null,           -- who is merged away
  into_patient_id      uuid not null,           -- who is kept
  reason               text not null,           -- free text, in this row alone
  state                text not null check (state in ('pending', 'done', 'undone', 'given_up')),
  ordinal              bigint,                  -- the order in which merges were made; null: it was not
  requested_at         timestamptz not null,
  requested_by         jsonb not null,          -- {role, link_worker_id, on_behalf}
  requested_by_key     uuid,
  requested_by_partner uuid,                    -- keys that replace one another are one partner's
  merged_at            timestamptz,
  confirmed_by         jsonb,                   -- the second person, where there had to be one
  confirmed_by_key     uuid,
  filled               text[] not null default '{}',  -- details that were empty and took the other's value
  external_ids         jsonb not null default '[]',   -- those that the one who is kept took over
  undone_at            timestamptz,
  undone_by            jsonb,
  undone_by_key        uuid,
  undo_reason          text,                    -- free text, in this row alone
  created_at           timestamptz not null,
  updated_at           timestamptz not null,
  primary key (site_id, id),
  foreign key (site_id, patient_id) references patients (site_id, id),
  foreign key (site_id, into_patient_id) references patients (site_id, id),
  check (patient_id <> into_patient_id),
  check ((ordinal is null) = (state in ('pending', 'given_up')))
);
create unique index merges_done on merges (site_id, patient_id) where state = 'done';
create index merges_into on merges (site_id, into_patient_id);
create unique index merges_pending on merges (site_id, patient_id, into_patient_id) where state = 'pending';

-- What both people had when they were merged. Whatever the one who is kept has besides came later.
create table merge_items (
  site_id  uuid not null,
  merge_id uuid not null,
  kind     text not null,     -- as in merge_columns
  item_id  uuid not null,
  moved    boolean not null,  -- it was the other's
  primary key (site_id, merge_id, kind, item_id),
  foreign key (site_id, merge_id) references merges (site_id, id)
);

-- A refusal that stood for one of the two when they were merged outweighs what the other had agreed to, also later:
-- until the person is asked again.
create table outweighed_consents (
  site_id       uuid not null,
  consent_id    uuid not null,  -- what was agreed to
  by_consent_id uuid not null,  -- the refusal
  merge_id      uuid not null,
  created_at    timestamptz not null,
  primary key (site_id, consent_id, by_consent_id),
  foreign key (site_id, consent_id) references consents (site_id, id),
  foreign key (site_id, by_consent_id) references consents (site_id, id),
  foreign key (site_id, merge_id) references merges (site_id, id)
);

-- Events of the time of a merge that was undone, which belong to another person than they say: an event is never changed.
create table moved_events (
  site_id    uuid not null,
  event_id   uuid not null,
  patient_id uuid not null,
  primary key (site_id, event_id),
  foreign key (site_id, patient_id) references patients (site_id, id)
);
create index moved_events_of on moved_events (site_id, patient_id);

-- Records that may be of one person: the smaller id first.
create table duplicate_pairs (
  site_id    uuid not null,
  patient_id uuid not null,
  other_id   uuid not null,
  score      double precision not null,
  reasons    text[] not null,  -- codes of match_reasons
  created_at timestamptz not null,
  primary key (site_id, patient_id, other_id),
  foreign key (site_id, patient_id) references patients (site_id, id),
  foreign key (site_id, other_id) references patients (site_id, id),
  check (patient_id < other_id)
);
create index duplicate_pairs_other on duplicate_pairs (site_id, other_id);

-- Who is still to be compared with everybody else: recorded or changed lately.
create table duplicate_checks (
  site_id    uuid not null,
  patient_id uuid not null,
  primary key (site_id, patient_id),
  foreign key (site_id, patient_id) references patients (site_id, id)
);
insert into duplicate_checks select site_id, id from patients;

-- Two records of which somebody said that they are not of one person.
create table not_duplicates (
  site_id    uuid not null,
  patient_id uuid not null,
  other_id   uuid not null,
  said_by    jsonb not null,  -- {role, link_worker_id, on_behalf}
  said_by_key uuid,
  merge_id   uuid,            -- it was said of somebody who was then merged into one of the two; null: of these two
  created_at timestamptz not null,
  primary key (site_id, patient_id, other_id),
  foreign key (site_id, patient_id) references patients (site_id, id),
  foreign key (site_id, other_id) references patients (site_id, id),
  foreign key (site_id, merge_id) references merges (site_id, id),
  check (patient_id < other_id)
);
create index not_duplicates_other on not_duplicates (site_id, other_id);
