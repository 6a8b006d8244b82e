-- A spell of support and the contacts within it.

-- +goose Up
create table episodes (
  site_id           uuid not null,
  id                uuid not null,
  patient_id        uuid not null,
  link_worker_id    uuid not null,
  source            text not null references code_sources,
  received_on       date not null,
  need_primary      text not null references code_needs,
  need_others       text[] not null default '{}',
  what_matters      text,  -- in the person's words
  risks             text,  -- null: not recorded; 'none_known' can be recorded
  first_contact_on  date,
  baseline_on       date,  -- day of the first baseline assessment
  status            text not null check (status in ('waiting', 'active', 'paused', 'closed')),
  paused_on         date,
  pause_reason      text,
  closed_on         date,
  closure_reason    text references code_closure_reasons,
  closure_note      text,
  external_ids      jsonb not null default '[]',
  recorded_via      text not null check (recorded_via in ('api', 'link', 'import', 'demo')),
  version           int not null default 1,
  created_at        timestamptz not null,
  updated_at        timestamptz not null,
  requested_actions text,  -- free text, in this row alone, so that erasure can blank it; null: no action is requested
  primary key (site_id, id),
  foreign key (site_id, patient_id) references patients (site_id, id),
  foreign key (site_id, link_worker_id) references link_workers (site_id, id),
  check ((status = 'closed') = (closed_on is not null and closure_reason is not null))
);
create index episodes_patient on episodes (site_id, patient_id);
create index episodes_caseload on episodes (site_id, link_worker_id, status, id);
-- Lists are asked for what changed since.
create index episodes_updated   on episodes (site_id, updated_at);
-- A link worker's people: few of their episodes are open.
create index episodes_open on episodes (site_id, link_worker_id, id) where status <> 'closed';

create table contacts (
  site_id      uuid not null,
  id           uuid not null,
  episode_id   uuid not null,
  contact_on   date not null,
  mode         text not null references code_modes,
  minutes      int check (minutes between 0 and 1440),
  kind         text not null references code_contact_kinds,
  outcome      text not null references code_contact_outcomes,
  referral_id  uuid,  -- what was attended, or what the person waits for
  attended     boolean,
  note         text,
  external_ids jsonb not null default '[]',
  recorded_via text not null check (recorded_via in ('api', 'link', 'import', 'demo')),
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  -- What is recorded of a contact can be put right.
  version      int not null default 1,
  primary key (site_id, id),
  foreign key (site_id, episode_id) references episodes (site_id, id)
);
create index contacts_episode on contacts (site_id, episode_id, contact_on, id);
-- When somebody was last reached, and last supported: read for each person of a list, from the index alone.
create index contacts_reached on contacts (site_id, episode_id, contact_on) include (kind, referral_id)
  where outcome in ('spoke', 'attended');
