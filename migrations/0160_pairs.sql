-- Pairs are kept: each baseline score with the response that pairs with it at each follow-up. What they are is said in
-- always/09_pairs.sql, which fills the tables too. Nothing else refers to them, and what they name is held by triggers.

-- +goose Up
create table pairs (
  site_id     uuid not null,
  episode_id  uuid not null,
  code        text not null,  -- of the follow-up
  instrument  text not null,
  version     int not null,   -- of the instrument
  score       text not null,
  baseline_on date not null,
  before      double precision not null,
  after       double precision,          -- null: nobody answered within the analysis window
  baseline_id uuid not null,             -- the two assessments
  response_id uuid,
  came_at     timestamptz not null,      -- when the later of the two was recorded
  primary key (site_id, episode_id, code, baseline_id, score)
);
-- Figures count pairs by it alone.
create index pairs_counted on pairs (site_id, code, instrument, version, score, before, after, baseline_on);

-- Each pair that came or went, in order. It is only added to.
create table pair_changes (
  site_id     uuid not null,
  position    bigint generated always as identity,
  at          timestamptz not null,      -- when what the pair follows from was changed
  came        boolean not null,          -- false: it went
  episode_id  uuid not null,
  code        text not null,
  instrument  text not null,
  version     int not null,
  score       text not null,
  baseline_on date not null,
  before      double precision not null,
  after       double precision,
  baseline_id uuid not null,
  response_id uuid,
  came_at     timestamptz not null,
  primary key (site_id, position)
);
