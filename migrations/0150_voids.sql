-- What was entered in error. It stays in its table, marked by void_id; the plain name of the table is a view of what
-- stands (migrations/always), so that whoever reads it leaves mistakes out without having to think of them.

-- +goose Up
create table voids (
  site_id           uuid not null,
  id                uuid not null,
  subject_type      text not null,  -- contact, attendance, consent, assessment, completion, loss, attempt, episode, patient
  subject_id        uuid not null,  -- a loss: the follow-up
  patient_id        uuid not null,
  reason            text,           -- free text; null: an organisation took an attendance back and gave none
  at                timestamptz not null,
  by_role           text not null,
  by_link_worker_id uuid,
  by_on_behalf      boolean not null,
  loss              jsonb,          -- of a loss, which has no row of its own: what the follow-up said of it
  undone_at         timestamptz,    -- null: it is still in error
  undo_reason       text,
  undone_by_role           text,
  undone_by_link_worker_id uuid,
  undone_by_on_behalf      boolean,
  primary key (site_id, id),
  foreign key (site_id, patient_id) references patients (site_id, id),
  check ((undone_at is null) = (undone_by_role is null))
);
-- A follow-up may be lost in error more than once.
create unique index voids_standing on voids (site_id, subject_type, subject_id)
  where undone_at is null and subject_type <> 'loss';
create index voids_patient on voids (site_id, patient_id, at);

alter table consents              rename to consents_all;
alter table episodes              rename to episodes_all;
alter table contacts              rename to contacts_all;
alter table attendances           rename to attendances_all;
alter table assessments           rename to assessments_all;
alter table follow_ups            rename to follow_ups_all;
alter table follow_up_attempts    rename to follow_up_attempts_all;
alter table follow_up_completions rename to follow_up_completions_all;
alter table follow_up_services    rename to follow_up_services_all;

-- Null: it stands. Else the void it fell with, which may be that of something it belongs to: an episode takes everything
-- of it along. An undo brings back what has its void, and nothing else.
alter table consents_all              add column void_id uuid, add foreign key (site_id, void_id) references voids (site_id, id);
alter table episodes_all              add column void_id uuid, add foreign key (site_id, void_id) references voids (site_id, id);
alter table contacts_all              add column void_id uuid, add foreign key (site_id, void_id) references voids (site_id, id);
alter table attendances_all           add column void_id uuid, add foreign key (site_id, void_id) references voids (site_id, id);
alter table assessments_all           add column void_id uuid, add foreign key (site_id, void_id) references voids (site_id, id);
alter table follow_ups_all            add column void_id uuid, add foreign key (site_id, void_id) references voids (site_id, id);
alter table follow_up_attempts_all    add column void_id uuid, add foreign key (site_id, void_id) references voids (site_id, id);
alter table follow_up_completions_all add column void_id uuid, add foreign key (site_id, void_id) references voids (site_id, id);
alter table follow_up_services_all    add column void_id uuid, add foreign key (site_id, void_id) references voids (site_id, id);
alter table referral_moves            add column void_id uuid, add foreign key (site_id, void_id) references voids (site_id, id);

create index consents_voided              on consents_all (site_id, void_id) where void_id is not null;
create index episodes_voided              on episodes_all (site_id, void_id) where void_id is not null;
create index contacts_voided              on contacts_all (site_id, void_id) where void_id is not null;
create index attendances_voided           on attendances_all (site_id, void_id) where void_id is not null;
create index assessments_voided           on assessments_all (site_id, void_id) where void_id is not null;
create index follow_ups_voided            on follow_ups_all (site_id, void_id) where void_id is not null;
create index follow_up_attempts_voided    on follow_up_attempts_all (site_id, void_id) where void_id is not null;
create index follow_up_completions_voided on follow_up_completions_all (site_id, void_id) where void_id is not null;
create index follow_up_services_voided    on follow_up_services_all (site_id, void_id) where void_id is not null;
create index referral_moves_voided_with   on referral_moves (site_id, void_id) where void_id is not null;

-- What there may be one of, there may be one of that stands. And indexes that answer by themselves.
drop index assessments_once;
create unique index assessments_once on assessments_all (site_id, episode_id, instrument, timepoint)
  where corrected_by_id is null and timepoint <> 'review' and void_id is null;
alter table follow_up_completions_all drop constraint follow_up_completions_pk;
create unique index follow_up_completions_pk on follow_up_completions_all (site_id, follow_up_id) where void_id is null;
drop index follow_up_services_once;
create unique index follow_up_services_once on follow_up_services_all (site_id, follow_up_id, referral_id)
  where referral_id is not null and void_id is null;
alter table follow_ups_all drop constraint follow_ups_site_id_episode_id_code_key;
create unique index follow_ups_once on follow_ups_all (site_id, episode_id, code) where void_id is null;
drop index follow_ups_open;
create index follow_ups_open on follow_ups_all (site_id, closes_on, id)
  where completed_on is null and lost_on is null and void_id is null;
drop index contacts_reached;
create index contacts_reached on contacts_all (site_id, episode_id, contact_on) include (kind, referral_id)
  where outcome in ('spoke', 'attended') and void_id is null;

-- Attendances had a mark of their own.
insert into voids (site_id, id, subject_type, subject_id, patient_id, reason, at, by_role, by_link_worker_id, by_on_behalf)
  select a.site_id, gen_random_uuid(), 'attendance', a.id, r.patient_id, a.entered_in_error->>'reason',
    (a.entered_in_error->>'at')::timestamptz, a.entered_in_error->'by'->>'role',
    (a.entered_in_error->'by'->>'link_worker_id')::uuid, coalesce((a.entered_in_error->'by'->>'on_behalf')::boolean, false)
  from attendances_all a join referrals r on r.site_id = a.site_id and r.id = a.referral_id
  where a.entered_in_error is not null;
update attendances_all a set void_id = v.id
  from voids v where v.site_id = a.site_id and v.subject_type = 'attendance' and v.subject_id = a.id;
alter table attendances_all drop column entered_in_error;

-- Functions that return rows of what is a view now are made anew.
drop function if exists standing_consent(uuid, uuid, text, timestamptz);
