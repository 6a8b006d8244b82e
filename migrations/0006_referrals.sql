-- The closed loop: a referral or signpost, every move it made, and who turned up.

-- +goose Up
create table referrals (
  site_id           uuid not null,
  id                uuid not null,
  episode_id        uuid not null,
  patient_id        uuid not null,
  organisation_id   uuid not null references organisations,
  service_id        uuid,
  kind              text not null check (kind in ('referral', 'signpost')), -- a signpost gets no reply loop and is counted apart
  need              text not null references code_needs,
  reason            text,                        -- free text; in this row alone, so that erasure can blank it
  follows_referral_id uuid,                      -- the referral this one replaces or continues
  status            text not null check (status in ('draft', 'sent', 'accepted', 'waitlisted', 'in_progress', 'completed',
                      'not_completed', 'declined', 'withdrawn', 'expired', 'entered_in_error', 'signposted')),
  status_reason     text references code_move_reasons,
  sent_at           timestamptz,                 -- a signpost: when it was given
  responded_at      timestamptz,                 -- the organisation's first answer
  expected_wait     text references code_wait_bands,
  expected_start_on date,
  first_attended_on date,
  ended_on          date,
  recorded_by_link_worker_id uuid,               -- who recorded it, where a link worker did
  external_ids      jsonb not null default '[]',
  recorded_via      text not null check (recorded_via in ('api', 'link', 'import', 'demo')),
  version           int not null default 1,
  created_at        timestamptz not null,
  updated_at        timestamptz not null,
  primary key (site_id, id),
  foreign key (site_id, episode_id) references episodes (site_id, id),
  foreign key (site_id, patient_id) references patients (site_id, id),
  foreign key (organisation_id, service_id) references services (organisation_id, id),
  constraint referral_follows foreign key (site_id, follows_referral_id) references referrals (site_id, id),
  check ((kind = 'signpost') = (status = 'signposted') or status = 'entered_in_error'),
  check (sent_at is not null or status in ('draft', 'withdrawn', 'entered_in_error')) -- a draft may end without being sent
);
create index referrals_episode on referrals (site_id, episode_id);
create index referrals_list    on referrals (site_id, id);
create index referrals_status  on referrals (site_id, status, id);
create index referrals_organisation on referrals (organisation_id, id);
create index referrals_awaiting on referrals (site_id, sent_at) where status = 'sent';
create trigger referrals_external_ids after insert on referrals
  for each row when (new.external_ids <> '[]') execute function keep_external_ids();
create trigger referrals_external_ids_changed after update of external_ids on referrals
  for each row when (old.external_ids <> new.external_ids) execute function keep_external_ids();
alter table referrals enable row level security;
create policy site_rows on referrals
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy system_jobs on referrals using (current_setting('app.role', true) = 'system');
-- An organisation sees what was sent to it: no draft, no signpost, nothing entered in error.
create policy organisation_reads on referrals for select
  using (organisation_id::text = current_setting('app.organisation', true) and kind = 'referral' and sent_at is not null and status not in ('draft', 'entered_in_error'));
create policy organisation_answers on referrals for update
  using (organisation_id::text = current_setting('app.organisation', true) and kind = 'referral' and status not in ('draft', 'entered_in_error'));
grant select, insert, update on referrals to waypost_app;

alter table contacts add foreign key (site_id, referral_id) references referrals (site_id, id);

-- Every move, in the order of sequence. Nothing is removed: undo marks the latest as voided.
create table referral_moves (
  site_id      uuid not null,
  id           uuid not null,
  referral_id  uuid not null,
  sequence     int not null,               -- the version of the referral that the move started from
  from_status  text not null,
  to_status    text not null,
  side         text not null check (side in ('link_worker', 'organisation', 'patient', 'system')), -- whose account
  reason       text references code_move_reasons,
  expected_start_on date,
  note         text,
  occurred_at  timestamptz not null,
  recorded_at  timestamptz not null,
  actor_role   text not null,
  actor_key_id uuid,
  link_worker_id uuid,
  voided_at    timestamptz,       -- undone then; figures ignore it
  void_note    text,
  primary key (site_id, id),
  foreign key (site_id, referral_id) references referrals (site_id, id)
);
create unique index referral_moves_order on referral_moves (site_id, referral_id, sequence);
alter table referral_moves enable row level security;
create policy site_rows on referral_moves
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy system_jobs on referral_moves using (current_setting('app.role', true) = 'system');
create policy organisation on referral_moves using (exists (select from referrals r
  where r.site_id = referral_moves.site_id and r.id = referral_moves.referral_id and r.organisation_id::text = current_setting('app.organisation', true)));
grant select, insert, update on referral_moves to waypost_app;

create table attendances (
  site_id     uuid not null,
  id          uuid not null,
  referral_id uuid not null,
  attended_on date not null,               -- the day it was about, attended or not
  attended    boolean not null,
  reason      text references code_non_attendance_reasons,
  reported_by text not null check (reported_by in ('organisation', 'link_worker', 'patient')),
  created_at  timestamptz not null,
  updated_at  timestamptz not null,
  primary key (site_id, id),
  foreign key (site_id, referral_id) references referrals (site_id, id)
);
create index attendances_referral on attendances (site_id, referral_id, attended_on, id);
alter table attendances enable row level security;
create policy site_rows on attendances
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy system_jobs on attendances using (current_setting('app.role', true) = 'system');
create policy organisation on attendances using (exists (select from referrals r
  where r.site_id = attendances.site_id and r.id = attendances.referral_id and r.organisation_id::text = current_setting('app.organisation', true)));
grant select, insert on attendances to waypost_app;

-- The only way an organisation sees a person: for its own referral, and only while consent to share stands.
create function referred_person(referral uuid)
  returns table (patient_id uuid, name text, pronouns text, phone text, email text, contact_preference text, access_needs text, link_worker_name text, link_worker_email text)
  language sql stable security definer set search_path = public as $$
  select p.id, coalesce(p.preferred_name, p.given_name) || ' ' || p.family_name, p.pronouns, p.phone, p.email, p.contact_preference, p.access_needs, w.name, w.email
  from referrals r
  join episodes e on e.site_id = r.site_id and e.id = r.episode_id
  join patients p on p.site_id = r.site_id and p.id = r.patient_id
  join link_workers w on w.site_id = e.site_id and w.id = e.link_worker_id
  where r.id = referral and r.kind = 'referral' and r.status not in ('draft', 'entered_in_error')
    and r.organisation_id::text = current_setting('app.organisation', true)
    and consent_stands(p.site_id, p.id, 'share_with_organisations') $$;
revoke all on function referred_person(uuid) from public;
grant execute on function referred_person(uuid) to waypost_app;

-- +goose Down
select 1;
