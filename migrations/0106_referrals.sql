-- The closed loop: a referral or signpost, every move it made, who turned up, and what an organisation asks.

-- +goose Up
create table referrals (
  site_id                    uuid not null,
  id                         uuid not null,
  episode_id                 uuid not null,
  patient_id                 uuid not null,
  organisation_id            uuid not null references organisations,
  service_id                 uuid,
  -- a signpost gets no reply loop and is counted apart
  kind                       text not null check (kind in ('referral', 'signpost')),
  need                       text not null references code_needs,
  reason                     text,         -- free text; in this row alone, so that erasure can blank it
  follows_referral_id        uuid,         -- the referral this one replaces or continues
  status                     text not null check (status in ('draft', 'sent', 'accepted', 'waitlisted', 'in_progress',
                               'completed', 'not_completed', 'declined', 'withdrawn', 'expired', 'entered_in_error', 'signposted')),
  status_reason              text references code_move_reasons,
  sent_at                    timestamptz,  -- a signpost: when it was given
  responded_at               timestamptz,  -- the organisation's first answer
  expected_wait              text references code_wait_bands,
  expected_start_on          date,
  first_attended_on          date,
  ended_on                   date,
  recorded_by_link_worker_id uuid,         -- who recorded it, where a link worker did
  external_ids               jsonb not null default '[]',
  recorded_via               text not null check (recorded_via in ('api', 'link', 'import', 'demo')),
  version                    int not null default 1,
  created_at                 timestamptz not null,
  updated_at                 timestamptz not null,
  -- Why somebody was referred to a service that is full: free text or a code of the caller's own, in this row alone.
  override_reason            text,
  -- The days, at the site, on which a referral was sent and first answered, kept by a trigger: to work them out takes
  -- longer than to count.
  sent_on                    date,
  responded_on               date,
  -- Whether a referral was ever accepted, begun or completed, by the moves that stand; kept by a trigger.
  taken                      boolean not null default false,
  primary key (site_id, id),
  foreign key (site_id, episode_id) references episodes (site_id, id),
  foreign key (site_id, patient_id) references patients (site_id, id),
  foreign key (organisation_id, service_id) references services (organisation_id, id),
  constraint referral_follows foreign key (site_id, follows_referral_id) references referrals (site_id, id),
  check ((kind = 'signpost') = (status = 'signposted') or status = 'entered_in_error'),
  -- a draft may end without being sent
  check (sent_at is not null or status in ('draft', 'withdrawn', 'entered_in_error'))
);
create index referrals_episode on referrals (site_id, episode_id);
create index referrals_list    on referrals (site_id, id);
create index referrals_status  on referrals (site_id, status, id);
create index referrals_organisation on referrals (organisation_id, id);
create index referrals_awaiting on referrals (site_id, sent_at) where status = 'sent';
create index referrals_updated  on referrals (site_id, updated_at);
-- Referrals that wait, for an answer or for a place; few of a site's do.
create index referrals_waiting on referrals (site_id, episode_id, status)
  where status in ('sent', 'expired', 'waitlisted');

alter table contacts add foreign key (site_id, referral_id) references referrals (site_id, id);

-- Every move, in the order of sequence. Nothing is removed: undo marks the latest as voided.
create table referral_moves (
  site_id           uuid not null,
  id                uuid not null,
  referral_id       uuid not null,
  sequence          int not null,  -- the version of the referral that the move started from
  from_status       text not null,
  to_status         text not null,
  -- whose account
  side              text not null check (side in ('link_worker', 'organisation', 'patient', 'system')),
  reason            text references code_move_reasons,
  expected_start_on date,
  note              text,
  occurred_at       timestamptz not null,
  recorded_at       timestamptz not null,
  actor_role        text not null,
  actor_key_id      uuid,
  link_worker_id    uuid,
  voided_at         timestamptz,   -- undone then; figures ignore it
  void_note         text,
  -- how it came in; job: Waypost's own, which alone lets a referral expire
  recorded_via      text not null default 'api' check (recorded_via in ('api', 'link', 'import', 'demo', 'job')),
  primary key (site_id, id),
  foreign key (site_id, referral_id) references referrals (site_id, id)
);
create unique index referral_moves_order on referral_moves (site_id, referral_id, sequence);
create index referral_moves_taken on referral_moves (site_id, referral_id)
  where voided_at is null and to_status in ('accepted', 'in_progress', 'completed');

create table attendances (
  site_id          uuid not null,
  id               uuid not null,
  referral_id      uuid not null,
  attended_on      date not null,  -- the day it was about, attended or not
  attended         boolean not null,
  reason           text references code_non_attendance_reasons,
  reported_by      text not null check (reported_by in ('organisation', 'link_worker', 'patient')),
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  recorded_via     text not null default 'api' check (recorded_via in ('api', 'link', 'import', 'demo', 'job')),
  actor_role       text,           -- the role of the credential that recorded it; null: recorded before this was kept
  entered_in_error jsonb,          -- null: it stands. Else {at, by: {role, link_worker_id, on_behalf}, reason}
  primary key (site_id, id),
  foreign key (site_id, referral_id) references referrals (site_id, id)
);
create index attendances_referral on attendances (site_id, referral_id, attended_on, id);
create index attendances_id on attendances (id); -- an organisation names one without knowing the site

create table referral_questions (
  site_id                    uuid not null,
  id                         uuid not null,
  referral_id                uuid not null,
  question                   text not null,  -- free text, in this row alone
  contact                    text,           -- who asks, and how to reach them
  recorded_via               text not null check (recorded_via in ('api', 'link')),
  asked_at                   timestamptz not null,
  answered_at                timestamptz,    -- null: nobody has marked it as answered
  answered_by_link_worker_id uuid,           -- who marked it, where a link worker did
  updated_at                 timestamptz not null,
  primary key (site_id, id),
  foreign key (site_id, referral_id) references referrals (site_id, id)
);
create index referral_questions_of on referral_questions (site_id, referral_id, asked_at, id);

create table reply_links (
  id          uuid primary key,       -- who acts by it, where an API key stands otherwise
  token_hash  bytea not null unique,  -- SHA-256 of the token, which is 256 random bits and stored nowhere
  site_id     uuid not null,
  referral_id uuid not null,
  ends_at     timestamptz not null,   -- the end of its last day at the site, or when a newer link took its place
  created_at  timestamptz not null,
  foreign key (site_id, referral_id) references referrals (site_id, id)
);
create index reply_links_of on reply_links (site_id, referral_id);
