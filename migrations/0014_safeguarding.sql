-- Who helped a person to answer, answers that somebody must look at soon, and the use of health services as context.

-- +goose Up
create table code_helpers (
  code       text primary key,
  code_group text,                          -- what the code rolls up to
  gloss      text not null,                 -- what it means
  side       text,                          -- whose reason it is; helpers have none
  active     boolean not null default true, -- false: old records hold it, new ones may not
  sort       int not null                   -- the order in which people see it
);
grant select on code_helpers to waypost_app;

alter table assessments
  add column helper  text references code_helpers, -- who helped, or answered for the person; null: nobody, or not said
  add column context boolean not null default false, -- of an instrument of context, such as the use of health services: no outcome
  add constraint assessments_helper check (helper is null or respondent <> 'self');
alter table follow_up_completions
  add column helper text references code_helpers, -- as of assessments
  add constraint follow_up_completions_helper check (helper is null or respondent <> 'self');

-- An assessment at a follow-up's timepoint belongs to it, also when it was recorded by itself.
update assessments a set follow_up_id = f.id
  from follow_ups f where f.site_id = a.site_id and f.episode_id = a.episode_id and f.code = a.timepoint and a.follow_up_id is null;

alter table sites add column health_service_use boolean not null default false; -- whether assessments may ask about the use of health services

-- An answer that somebody must look at soon. A flag is closed by a person who has seen it, by nothing else.
create table safeguarding_flags (
  site_id       uuid not null,
  id            uuid not null,
  episode_id    uuid not null,
  patient_id    uuid not null,
  assessment_id uuid not null,         -- whose answer raised it
  instrument    text not null,
  item          text not null,         -- of the instrument; the answer itself stands in the assessment alone
  raised_at     timestamptz not null,
  seen_at       timestamptz,           -- when somebody said that they have seen it and acted; null: it is open
  seen_by_role  text,                  -- their role,
  seen_by_key_id uuid,                 -- API key,
  seen_by_link_worker_id uuid,         -- and link worker, where it was one
  seen_note     text,                  -- what they did; free text, shown only to those who may read the record
  created_at    timestamptz not null,
  updated_at    timestamptz not null,
  primary key (site_id, id),
  unique (site_id, assessment_id, item),
  foreign key (site_id, episode_id) references episodes (site_id, id),
  foreign key (site_id, patient_id) references patients (site_id, id),
  foreign key (site_id, assessment_id) references assessments (site_id, id),
  check ((seen_at is null) = (seen_by_role is null))
);
create index safeguarding_flags_episode on safeguarding_flags (site_id, episode_id, id);
-- Lists ask which were open at an instant, which a cursor pins.
create index safeguarding_flags_open on safeguarding_flags (site_id, coalesce(seen_at, 'infinity'), episode_id);
alter table safeguarding_flags enable row level security;
-- Narrower than elsewhere: a dashboard has sites too, and no business here.
create policy site_rows on safeguarding_flags
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[])
         and current_setting('app.role', true) in ('link_worker', 'site_manager', 'integration'));
-- Whoever records an answer raises the flag, also somebody who may not read it back.
create policy raised on safeguarding_flags for insert
  with check (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy own_record on safeguarding_flags as restrictive
  using (current_setting('app.role', true) is distinct from 'patient' or patient_id::text = current_setting('app.patient', true));
create policy system_jobs on safeguarding_flags using (current_setting('app.role', true) = 'system');
grant select, insert, update on safeguarding_flags to waypost_app;

-- +goose Down
select 1;
