-- A spell of support and the contacts within it.

-- +goose Up
create table episodes (
  site_id          uuid not null,
  id               uuid not null,
  patient_id       uuid not null,
  link_worker_id   uuid not null,
  source           text not null references code_sources,
  received_on      date not null,
  need_primary     text not null references code_needs,
  need_others      text[] not null default '{}',
  what_matters     text,                      -- in the person's words
  risks            text,                      -- null: not recorded; 'none_known' can be recorded
  first_contact_on date,
  baseline_on      date,                      -- day of the first baseline assessment
  status           text not null check (status in ('waiting', 'active', 'paused', 'closed')),
  paused_on        date,
  pause_reason     text,
  closed_on        date,
  closure_reason   text references code_closure_reasons,
  closure_note     text,
  external_ids     jsonb not null default '[]',
  recorded_via     text not null check (recorded_via in ('api', 'link', 'import', 'demo')),
  version          int not null default 1,
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  primary key (site_id, id),
  foreign key (site_id, patient_id) references patients (site_id, id),
  foreign key (site_id, link_worker_id) references link_workers (site_id, id),
  check ((status = 'closed') = (closed_on is not null and closure_reason is not null))
);
create index episodes_patient on episodes (site_id, patient_id);
create index episodes_caseload on episodes (site_id, link_worker_id, status, id);
create trigger episodes_need_codes before insert or update of need_others on episodes for each row execute function check_codes('needs', 'need_others');
create trigger episodes_external_ids after insert on episodes
  for each row when (new.external_ids <> '[]') execute function keep_external_ids();
create trigger episodes_external_ids_changed after update of external_ids on episodes
  for each row when (old.external_ids <> new.external_ids) execute function keep_external_ids();
alter table episodes enable row level security;
create policy site_rows on episodes
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy system_jobs on episodes using (current_setting('app.role', true) = 'system');
grant select, insert, update on episodes to waypost_app;

create table contacts (
  site_id      uuid not null,
  id           uuid not null,
  episode_id   uuid not null,
  contact_on   date not null,
  mode         text not null references code_modes,
  minutes      int check (minutes between 0 and 1440),
  kind         text not null references code_contact_kinds,
  outcome      text not null references code_contact_outcomes,
  referral_id  uuid,               -- what was attended, or what the person waits for
  attended     boolean,
  note         text,
  external_ids jsonb not null default '[]',
  recorded_via text not null check (recorded_via in ('api', 'link', 'import', 'demo')),
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  primary key (site_id, id),
  foreign key (site_id, episode_id) references episodes (site_id, id)
);
create index contacts_episode on contacts (site_id, episode_id, contact_on, id);
create trigger contacts_external_ids after insert on contacts
  for each row when (new.external_ids <> '[]') execute function keep_external_ids();
create trigger contacts_external_ids_changed after update of external_ids on contacts
  for each row when (old.external_ids <> new.external_ids) execute function keep_external_ids();
alter table contacts enable row level security;
create policy site_rows on contacts
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy system_jobs on contacts using (current_setting('app.role', true) = 'system');
grant select, insert, update on contacts to waypost_app;

-- +goose Down
select 1;
