-- Sites, their link workers, and when they follow people up.

-- +goose Up
create table sites (
  id                   uuid primary key,
  name                 text not null,
  code                 text not null constraint sites_code unique,
  ods_code             text check (ods_code ~ '^[A-Z0-9]{3,10}$'),  -- of the practice or network
  time_zone            text not null default 'Europe/London',  -- days of records are days here
  -- days after sending when a silent organisation is asked again
  chase_days           int[] not null default '{5,10}',
  expiry_days          int not null default 14 check (expiry_days between 1 and 365),
  -- smallest number of people a figure may rest on
  disclosure_threshold int not null default 8 check (disclosure_threshold >= 8),
  version              int not null default 1,
  created_at           timestamptz not null,
  updated_at           timestamptz not null,
  -- How many attempts a site makes before it says that somebody could not be contacted. Fewer are warned of, and never
  -- refused.
  attempts_wanted      int not null default 3 check (attempts_wanted between 1 and 20),
  -- whether assessments may ask about the use of health services
  health_service_use   boolean not null default false,
  -- Days after the invitation to a follow-up when somebody who has not answered is reminded, once each.
  reminder_days        int[] not null default '{14}',
  -- days after which somebody who was not reached is on a worklist
  contact_days         int not null default 28 check (contact_days between 1 and 365),
  -- What a person is told before they answer by their own link.
  privacy_notice_url   text,                             -- null: no link to a person's own page can be made
  -- who is responsible for the record by law; null: the site, by its name
  controller           text,
  -- how long answers are kept, in words; null: the privacy notice says so
  kept_for             text,
  phone                text                              -- of the team, for the people it supports
);

-- When a site follows people up. Offsets are ISO 8601 periods from the anchor's day.
create table schedules (
  site_id       uuid not null references sites,
  code          text not null check (code ~ '^[a-z][a-z0-9_]{0,29}$'),
  anchor        text not null check (anchor in ('baseline', 'first_contact', 'received_on', 'enrolled_on')),
  opens_after   text not null,                            -- the contact window: from here people are asked,
  target_after  text not null,                            -- best here,
  closes_after  text not null,                            -- and no later than here
  analysis_from int not null check (analysis_from >= 0),  -- the analysis window, in days after the anchor:
  analysis_to   int not null check (analysis_to >= analysis_from),  -- a response outside it never counts as change
  -- Which instruments a follow-up asks, besides Waypost's own questions.
  instruments   text[] not null default '{ons4}',
  primary key (site_id, code)
);

create table link_workers (
  site_id    uuid not null references sites,
  id         uuid not null unique,
  name       text not null,
  email      text not null,
  active     boolean not null default true,  -- inactive: keeps their records, takes no new episode
  version    int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  phone      text,                           -- at work; shown to organisations
  primary key (site_id, id)
);
create unique index link_workers_email on link_workers (site_id, lower(email));
