-- The study update: what a project says of itself as a study, what happened in it, and the updates that were published.

-- +goose Up
create table studies (
  project_id       uuid primary key references projects,
  funder           text,
  funder_reference text,
  contact          text,                       -- whom a reader may ask
  acknowledgements text,
  disclaimer       text,
  work_packages    jsonb not null default '[]', -- [{code, title, starts_on, ends_on, status}]
  targets          jsonb not null default '[]', -- [{site_id, people}]: how many are to join
  version          int not null default 1,
  created_at       timestamptz not null,
  updated_at       timestamptz not null
);

-- What happened in a study, in a steward's words, which are published as they stand.
create table study_notes (
  id         uuid primary key,
  project_id uuid not null references projects,
  noted_on   date not null,
  kind       text not null check (kind in ('progress', 'challenge', 'meeting', 'feedback', 'change_made')),
  board      text not null check (board in ('steering', 'advisory', 'ppi', 'team')), -- group on the wire
  text       text not null,
  removed_at timestamptz,        -- taken away: no later update tells of it
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index study_notes_of on study_notes (project_id, id);

-- That somebody was interviewed; never what they said.
create table study_interviews (
  id               uuid primary key,
  project_id       uuid not null references projects,
  work_package     text not null,
  participant_kind text not null check (participant_kind in ('patient', 'link_worker', 'health_professional', 'voluntary_sector', 'manager')),
  site_id          uuid not null references sites,
  held_on          date not null,
  mode             text not null references code_modes,
  removed_at       timestamptz,
  created_at       timestamptz not null,
  updated_at       timestamptz not null
);
create index study_interviews_of on study_interviews (project_id, id);

-- A sentence that a person said at a follow-up, chosen to be shown.
create table study_quotes (
  id           uuid primary key,
  project_id   uuid not null references projects,
  site_id      uuid not null,
  follow_up_id uuid not null,
  words        text not null,
  said_on      date not null,
  chosen_by    uuid not null,  -- the key; another one checks
  state        text not null check (state in ('waiting', 'approved', 'refused', 'taken_back')),
  checked_by   uuid,
  checked_at   timestamptz,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  foreign key (site_id, follow_up_id) references follow_ups (site_id, id),
  check (checked_by is distinct from chosen_by)
);
create index study_quotes_of on study_quotes (project_id, id);
create index study_quotes_waiting on study_quotes (site_id, id);
create index study_quotes_follow_up on study_quotes (site_id, follow_up_id);

-- An update as it was published. Its content never changes: the app may write where its link leads from and until when, and no more.
create table study_updates (
  id           uuid primary key,
  project_id   uuid not null references projects,
  number       int not null,       -- counts up in its project
  up_to        text not null,      -- the month, YYYY-MM; to on the wire
  as_of        timestamptz not null, -- of its figures
  corrects_id  uuid references study_updates,
  content      jsonb not null,     -- all of its words and figures; of quotes, their ids alone
  sha256       text not null,      -- of the content, in hexadecimal
  token_hash   bytea not null unique, -- SHA-256 of its link's token, which is 256 random bits and stored nowhere
  expires_on   date not null,      -- the link's last day, in UTC
  withdrawn_at timestamptz,
  published_by uuid,
  version      int not null default 1,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  unique (project_id, number)
);

alter table studies enable row level security;
alter table study_notes enable row level security;
alter table study_interviews enable row level security;
alter table study_updates enable row level security;
create policy stewards on studies using (current_setting('app.role', true) in ('data_steward', 'system'));
create policy stewards on study_notes using (current_setting('app.role', true) in ('data_steward', 'system'));
create policy stewards on study_interviews using (current_setting('app.role', true) in ('data_steward', 'system'));
create policy stewards on study_updates using (current_setting('app.role', true) in ('data_steward', 'system'));
create policy members on studies for select using (project_id = any(string_to_array(nullif(current_setting('app.projects', true), ''), ',')::uuid[]));
create policy members on study_notes for select using (project_id = any(string_to_array(nullif(current_setting('app.projects', true), ''), ',')::uuid[]));
create policy members on study_interviews for select using (project_id = any(string_to_array(nullif(current_setting('app.projects', true), ''), ',')::uuid[]));
create policy members on study_updates for select using (project_id = any(string_to_array(nullif(current_setting('app.projects', true), ''), ',')::uuid[]));
grant select, insert, update on studies to waypost_app;
grant select, insert, update (removed_at) on study_notes to waypost_app;
grant select, insert, update (removed_at) on study_interviews to waypost_app;
grant select, insert, update (token_hash, expires_on, withdrawn_at, version, updated_at) on study_updates to waypost_app;

-- What people said is a steward's to choose, and to be checked by another, or by a manager of the person's own site.
alter table study_quotes enable row level security;
create policy stewards on study_quotes using (current_setting('app.role', true) in ('data_steward', 'system'));
create policy managers on study_quotes
  using (current_setting('app.role', true) = 'site_manager' and site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
grant select, insert, update (state, checked_by, checked_at, updated_at) on study_quotes to waypost_app;

-- Whether a person lets their words be shown, as part of a study: both consents stand, and did all the time since the words were
-- chosen. What was withdrawn once does not come back by itself.
create function words_may_show(site uuid, follow_up uuid, since timestamptz) returns boolean
  language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from follow_ups f where f.site_id = site and f.id = follow_up
    and consent_stands(f.site_id, f.patient_id, 'share_my_words') and consent_stands(f.site_id, f.patient_id, 'research')
    and not exists (select from consents c where c.site_id = f.site_id and c.patient_id = f.patient_id and c.purpose in ('share_my_words', 'research')
      and c.decision not in ('given', 'best_interests') and c.created_at >= since)) $$;
revoke all on function words_may_show(uuid, uuid, timestamptz) from public;
grant execute on function words_may_show(uuid, uuid, timestamptz) to waypost_app;

-- What people of a project's sites said at follow-ups and let be shown: who and what stands nowhere in it. For a steward alone.
create function words_to_choose(project uuid, after uuid, most int)
  returns table (follow_up_id uuid, site_id uuid, patient_id uuid, completed_on date, narrative text)
  language sql stable security definer set search_path = public, pg_temp as $$
  select f.id, f.site_id, f.patient_id, c.completed_on, c.narrative
  from projects p
  join follow_ups f on f.site_id = any(p.site_ids) and f.code = any(p.timepoints) and f.completed_on is not null
  join follow_up_completions c on c.site_id = f.site_id and c.follow_up_id = f.id and c.narrative is not null
  where p.id = project and current_setting('app.role', true) = 'data_steward' and f.id > after
    and consent_stands(f.site_id, f.patient_id, 'share_my_words') and consent_stands(f.site_id, f.patient_id, 'research')
  order by f.id limit most $$;
revoke all on function words_to_choose(uuid, uuid, int) from public;
grant execute on function words_to_choose(uuid, uuid, int) to waypost_app;

-- The words of chosen sentences that may be shown now, of those that are named.
create function words_shown(project uuid, ids uuid[]) returns table (id uuid, words text)
  language sql stable security definer set search_path = public, pg_temp as $$
  select q.id, q.words from study_quotes q
  where q.project_id = project and q.id = any(ids) and q.state = 'approved' and words_may_show(q.site_id, q.follow_up_id, q.created_at)
  order by q.id $$;
revoke all on function words_shown(uuid, uuid[]) from public;
grant execute on function words_shown(uuid, uuid[]) to waypost_app;

-- The only way to an update for somebody without a key: by the hash of its link's token. Whether the link still works is for the
-- caller to decide, who has the clock.
create function update_by_link(hash bytea)
  returns table (project_id uuid, token_hash bytea, content jsonb, expires_on date, withdrawn_at timestamptz)
  language sql stable security definer set search_path = public, pg_temp as $$
  select u.project_id, u.token_hash, u.content, u.expires_on, u.withdrawn_at from study_updates u where u.token_hash = hash $$;
revoke all on function update_by_link(bytea) from public;
grant execute on function update_by_link(bytea) to waypost_app;

-- +goose Down
select 1;
