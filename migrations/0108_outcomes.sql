-- How people have been: follow-ups and what people then say, assessments and their scores, and answers that somebody must
-- look at soon.

-- +goose Up
create table follow_ups (
  site_id       uuid not null,
  id            uuid not null,
  episode_id    uuid not null,
  patient_id    uuid not null,
  code          text not null,  -- of the schedule it was made from
  anchor_on     date not null,  -- the day its windows count from
  opens_on      date not null,
  target_on     date not null,
  closes_on     date not null,
  analysis_from date not null,  -- a response outside these days never counts as change
  analysis_to   date not null,
  completed_on  date,           -- set with its completion
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
create index follow_ups_updated on follow_ups (site_id, updated_at);

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
  narrative         text,                          -- the person's own words; never in a dataset
  created_at        timestamptz not null,
  updated_at        timestamptz not null,
  helper            text references code_helpers,  -- as of assessments
  primary key (site_id, id),
  constraint follow_up_completions_pk unique (site_id, follow_up_id),
  foreign key (site_id, follow_up_id) references follow_ups (site_id, id),
  constraint follow_up_completions_helper check (helper is null or respondent <> 'self')
);

-- What the person says of each service: kept apart from what the organisation says.
create table follow_up_services (
  site_id      uuid not null,
  id           uuid not null,
  follow_up_id uuid not null,
  referral_id  uuid,                                 -- a referral or a signpost,
  name         text,                                 -- or another service that the person names
  used         text not null references code_uses,
  reason       text references code_unused_reasons,  -- why not, or why they stopped
  benefit      text not null references code_benefits,
  primary key (site_id, id),
  foreign key (site_id, follow_up_id) references follow_ups (site_id, id),
  foreign key (site_id, referral_id) references referrals (site_id, id),
  check ((referral_id is null) <> (name is null))
);
create unique index follow_up_services_once on follow_up_services (site_id, follow_up_id, referral_id)
  where referral_id is not null;
create index follow_up_services_referral on follow_up_services (site_id, referral_id) where referral_id is not null;

create table follow_up_links (
  token_hash   bytea primary key,  -- SHA-256 of the token, which is 256 random bits and stored nowhere
  site_id      uuid not null,
  follow_up_id uuid not null,
  expires_on   date not null,      -- the last day it works, at the site
  created_at   timestamptz not null,
  -- A person's own link can be ended before its last day; it is none from then on.
  ended_at     timestamptz,
  foreign key (site_id, follow_up_id) references follow_ups (site_id, id)
);
create index follow_up_links_of on follow_up_links (site_id, follow_up_id);

-- What a person has answered so far, one row a question, so that two windows of one link never undo each other. Gone
-- once the answers are sent: they are the follow-up's completion then.
create table follow_up_answers (
  site_id      uuid not null,
  follow_up_id uuid not null,
  question     text not null,  -- its name, such as ons4.anxiety
  answer       text not null,  -- a code, a number, or the person's own words
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  primary key (site_id, follow_up_id, question),
  foreign key (site_id, follow_up_id) references follow_ups (site_id, id)
);

create table assessments (
  site_id            uuid not null,
  id                 uuid not null,
  episode_id         uuid not null,
  instrument         text not null,
  instrument_version int not null,
  timepoint          text not null,                   -- baseline, review, closure, or a schedule's code
  completed_on       date not null,
  mode               text not null references code_modes,
  respondent         text not null references code_respondents,
  collected_by       text not null references code_collectors,
  language           text,
  responses          jsonb not null,                  -- item -> value or {"missing": code}
  scores             jsonb not null,                  -- computed by the server; also a row each in assessment_scores
  follow_up_id       uuid,                            -- the completion it was taken with
  corrects_id        uuid,                            -- the assessment it replaces
  corrected_by_id    uuid,                            -- and the one that replaces it; such a one counts in no figure
  recorded_via       text not null check (recorded_via in ('api', 'link', 'import', 'demo')),
  created_at         timestamptz not null,
  updated_at         timestamptz not null,
  -- who helped, or answered for the person; null: nobody, or not said
  helper             text references code_helpers,
  -- of an instrument of context, such as the use of health services: no outcome
  context            boolean not null default false,
  -- Somebody else answered what the person alone may answer. It is kept, and is in no figure: it has no rows in
  -- assessment_scores.
  not_counted        boolean not null default false,
  primary key (site_id, id),
  foreign key (site_id, episode_id) references episodes (site_id, id),
  foreign key (site_id, follow_up_id) references follow_ups (site_id, id),
  foreign key (site_id, corrects_id) references assessments (site_id, id),
  constraint assessments_helper check (helper is null or respondent <> 'self')
);
create unique index assessments_once on assessments (site_id, episode_id, instrument, timepoint)
  where corrected_by_id is null and timepoint <> 'review';
create index assessments_episode on assessments (site_id, episode_id, completed_on, id);

-- The scores that figures are made of; a missing score has no row. Rows of a corrected assessment are marked superseded.
create table assessment_scores (
  site_id            uuid not null,
  assessment_id      uuid not null,
  episode_id         uuid not null,
  instrument         text not null,
  instrument_version int not null,
  score              text not null,
  timepoint          text not null,
  completed_on       date not null,
  value              double precision not null,
  superseded         boolean not null default false,
  primary key (site_id, assessment_id, score),
  foreign key (site_id, assessment_id) references assessments (site_id, id)
);
create index assessment_scores_pairs on assessment_scores (site_id, instrument, score, episode_id)
  include (timepoint, completed_on, value, instrument_version) where not superseded;
-- Pairs are found from the follow-up's episode.
create index assessment_scores_episode on assessment_scores (site_id, episode_id) where not superseded;

-- An answer that somebody must look at soon. A flag is closed by a person who has seen it, by nothing else.
create table safeguarding_flags (
  site_id                uuid not null,
  id                     uuid not null,
  episode_id             uuid not null,
  patient_id             uuid not null,
  assessment_id          uuid not null,  -- whose answer raised it
  instrument             text not null,
  item                   text not null,  -- of the instrument; the answer itself stands in the assessment alone
  raised_at              timestamptz not null,
  seen_at                timestamptz,    -- when somebody said that they have seen it and acted; null: it is open
  seen_by_role           text,           -- their role,
  seen_by_key_id         uuid,           -- API key,
  seen_by_link_worker_id uuid,           -- and link worker, where it was one
  seen_note              text,           -- what they did; free text, shown only to those who may read the record
  created_at             timestamptz not null,
  updated_at             timestamptz not null,
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
