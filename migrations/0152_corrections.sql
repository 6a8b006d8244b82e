-- What was recorded on the wrong record and moved to the right one: who has received it meanwhile, and whether they were
-- told.

-- +goose Up
create table corrections (
  site_id           uuid not null,
  id                uuid not null,
  subject_type      text not null check (subject_type in ('contact', 'assessment', 'referral', 'attendance', 'completion')),
  subject_id        uuid not null,
  from_patient_id   uuid not null,
  to_patient_id     uuid not null,
  reason            text not null,   -- free text, in this row alone
  received_by       jsonb not null,  -- [{kind, name, received_at}]
  at                timestamptz not null,
  by                jsonb not null,  -- {role, link_worker_id, on_behalf}
  told_at           timestamptz,     -- when somebody said that whoever received it was told; null: nobody has
  told_by           jsonb,
  breach            text check (breach in ('none', 'not_reportable', 'reported')),
  note              text,            -- free text, in this row alone
  updated_at        timestamptz not null,
  primary key (site_id, id),
  foreign key (site_id, from_patient_id) references patients (site_id, id),
  foreign key (site_id, to_patient_id) references patients (site_id, id),
  check ((told_at is null) = (breach is null))
);
create index corrections_open on corrections (site_id, id) where told_at is null;
