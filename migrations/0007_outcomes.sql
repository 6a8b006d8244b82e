-- How people have been: assessments and their scores, follow-ups and what people then say.

-- +goose Up
create table follow_ups (
  site_id       uuid not null,
  id            uuid not null,
  episode_id    uuid not null,
  patient_id    uuid not null,
  code          text not null,     -- of the schedule it was made from
  anchor_on     date not null,     -- the day its windows count from
  opens_on      date not null,
  target_on     date not null,
  closes_on     date not null,
  analysis_from date not null,     -- a response outside these days never counts as change
  analysis_to   date not null,
  completed_on  date,              -- set with its completion
  lost_on       date,
  loss_reason   text references code_loss_reasons,
  loss_note     text,
  version       int not null default 1,
  created_at    timestamptz not null,
  updated_at    timestamptz not null,
  primary key (site_id, id),
  unique (site_id, episode_id, code),
  foreign key (site_id, episode_id) references episodes (site_id, id),
  foreign key (site_id, patient_id) references patients (site_id, id),
  check (completed_on is null or lost_on is null),
  check ((lost_on is null) = (loss_reason is null))
);
create index follow_ups_open on follow_ups (site_id, closes_on, id) where completed_on is null and lost_on is null;
alter table follow_ups enable row level security;
create policy site_rows on follow_ups
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy system_jobs on follow_ups using (current_setting('app.role', true) = 'system');
grant select, insert, update on follow_ups to waypost_app;

create table follow_up_attempts (
  site_id      uuid not null,
  id           uuid not null,
  follow_up_id uuid not null,
  at           timestamptz not null,
  channel      text not null references code_modes,
  result       text not null references code_attempt_results,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  primary key (site_id, id),
  foreign key (site_id, follow_up_id) references follow_ups (site_id, id)
);
create index follow_up_attempts_of on follow_up_attempts (site_id, follow_up_id, at);
alter table follow_up_attempts enable row level security;
create policy site_rows on follow_up_attempts
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy system_jobs on follow_up_attempts using (current_setting('app.role', true) = 'system');
grant select, insert on follow_up_attempts to waypost_app;

create table follow_up_completions (
  site_id           uuid not null,
  id                uuid not null,
  follow_up_id      uuid not null,
  completed_on      date not null,
  mode              text not null references code_modes,
  respondent        text not null references code_respondents,
  collected_by      text not null references code_collectors,
  language          text,
  how_have_you_been text not null references code_well_being_since,
  benefit           text not null references code_benefits,  -- of meeting a link worker
  narrative         text,                                    -- the person's own words; never in a dataset
  created_at        timestamptz not null,
  updated_at        timestamptz not null,
  primary key (site_id, id),
  constraint follow_up_completions_pk unique (site_id, follow_up_id),
  foreign key (site_id, follow_up_id) references follow_ups (site_id, id)
);
alter table follow_up_completions enable row level security;
create policy site_rows on follow_up_completions
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy system_jobs on follow_up_completions using (current_setting('app.role', true) = 'system');
grant select, insert on follow_up_completions to waypost_app;

-- What the person says of each service: kept apart from what the organisation says.
create table follow_up_services (
  site_id      uuid not null,
  id           uuid not null,
  follow_up_id uuid not null,
  referral_id  uuid,            -- a referral or a signpost,
  name         text,            -- or another service that the person names
  used         text not null references code_uses,
  reason       text references code_unused_reasons,  -- why not, or why they stopped
  benefit      text not null references code_benefits,
  primary key (site_id, id),
  foreign key (site_id, follow_up_id) references follow_ups (site_id, id),
  foreign key (site_id, referral_id) references referrals (site_id, id),
  check ((referral_id is null) <> (name is null))
);
create unique index follow_up_services_once on follow_up_services (site_id, follow_up_id, referral_id) where referral_id is not null;
create index follow_up_services_referral on follow_up_services (site_id, referral_id) where referral_id is not null;
alter table follow_up_services enable row level security;
create policy site_rows on follow_up_services
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy system_jobs on follow_up_services using (current_setting('app.role', true) = 'system');
grant select, insert on follow_up_services to waypost_app;

create table assessments (
  site_id      uuid not null,
  id           uuid not null,
  episode_id   uuid not null,
  instrument   text not null,
  instrument_version int not null,
  timepoint    text not null,      -- baseline, review, closure, or a schedule's code
  completed_on date not null,
  mode         text not null references code_modes,
  respondent   text not null references code_respondents,
  collected_by text not null references code_collectors,
  language     text,
  responses    jsonb not null,     -- item -> value or {"missing": code}
  scores       jsonb not null,     -- computed by the server; also a row each in assessment_scores
  follow_up_id uuid,               -- the completion it was taken with
  corrects_id  uuid,               -- the assessment it replaces
  corrected_by_id uuid,            -- and the one that replaces it; such a one counts in no figure
  recorded_via text not null check (recorded_via in ('api', 'link', 'import', 'demo')),
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  primary key (site_id, id),
  foreign key (site_id, episode_id) references episodes (site_id, id),
  foreign key (site_id, follow_up_id) references follow_ups (site_id, id),
  foreign key (site_id, corrects_id) references assessments (site_id, id)
);
create unique index assessments_once on assessments (site_id, episode_id, instrument, timepoint)
  where corrected_by_id is null and timepoint <> 'review';
create index assessments_episode on assessments (site_id, episode_id, completed_on, id);
alter table assessments enable row level security;
create policy site_rows on assessments
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy system_jobs on assessments using (current_setting('app.role', true) = 'system');
grant select, insert, update on assessments to waypost_app;

-- The scores that figures are made of; a missing score has no row. Rows of a corrected assessment are marked superseded.
create table assessment_scores (
  site_id       uuid not null,
  assessment_id uuid not null,
  episode_id    uuid not null,
  instrument    text not null,
  instrument_version int not null,
  score         text not null,
  timepoint     text not null,
  completed_on  date not null,
  value         double precision not null,
  superseded    boolean not null default false,
  primary key (site_id, assessment_id, score),
  foreign key (site_id, assessment_id) references assessments (site_id, id)
);
create index assessment_scores_pairs on assessment_scores (site_id, instrument, score, episode_id)
  include (timepoint, completed_on, value, instrument_version) where not superseded;
alter table assessment_scores enable row level security;
create policy site_rows on assessment_scores
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy system_jobs on assessment_scores using (current_setting('app.role', true) = 'system');
grant select, insert, update on assessment_scores to waypost_app;

-- +goose Down
select 1;
