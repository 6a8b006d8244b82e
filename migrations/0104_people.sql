-- Patients, and what they agreed to.

-- +goose Up
-- What other systems call records of ours; kept by a trigger from the external_ids column of each record.
create table external_ids (
  site_id      uuid not null references sites,
  system       text not null,
  value        text not null,
  subject_type text not null,  -- patients, episodes, referrals, contacts
  subject_id   uuid not null,
  constraint external_ids_key primary key (site_id, system, value)
);
create index external_ids_subject on external_ids (site_id, subject_id);

create table patients (
  site_id                          uuid not null references sites,
  id                               uuid not null,
  nhs_number                       text check (nhs_number ~ '^[0-9]{10}$'),  -- check digit verified when recorded
  given_name                       text,         -- it or family_name is there
  family_name                      text,
  preferred_name                   text,
  pronouns                         text,
  birth_date                       date not null,
  gender                           text not null default 'not_known' references code_genders,
  ethnic_category                  text not null default '99' references code_ethnic_categories,
  carer                            text not null default 'not_known' references code_carers,
  postcode                         text,
  lsoa                             text,
  -- deprivation of the home's neighbourhood
  imd_decile                       int check (imd_decile between 1 and 10),
  imd_version                      text check (imd_version in ('2019', '2025')),
  gp_practice_code                 text check (gp_practice_code ~ '^[A-Z0-9]{3,10}$'),  -- ODS code
  phone                            text,
  email                            text,
  contact_preference               text not null default 'not_known' references code_contact_preferences,
  language                         text,         -- BCP 47
  access_needs                     text,
  national_data_opt_out            boolean,      -- null: not checked
  national_data_opt_out_checked_on date,
  died_on                          date,
  merged_into_id                   uuid,         -- reserved
  external_ids                     jsonb not null default '[]',
  recorded_via                     text not null check (recorded_via in ('api', 'link', 'import', 'demo')),
  version                          int not null default 1,
  created_at                       timestamptz not null,
  updated_at                       timestamptz not null,
  family_key                       text generated always as (lower(family_name)) stored,
  given_key                        text generated always as (lower(given_name)) stored,
  preferred_key                    text generated always as (lower(preferred_name)) stored,
  -- outside the ranges known to be issued: nobody is found by it
  nhs_number_unissued              boolean not null default false,
  -- it could not be normalised: no machine dials or sends to it
  phone_as_written                 boolean not null default false,
  email_as_written                 boolean not null default false,  -- likewise
  -- When an address of a person became another one. What happened to the one before says nothing of it.
  email_changed_at                 timestamptz,  -- null: never since this column is here
  phone_changed_at                 timestamptz,  -- likewise
  primary key (site_id, id),
  check ((imd_decile is null) = (imd_version is null)),
  constraint patients_named check (given_name is not null or family_name is not null)
);
create index patients_family    on patients (site_id, family_key text_pattern_ops, birth_date);
create index patients_given     on patients (site_id, given_key text_pattern_ops);
create index patients_preferred on patients (site_id, preferred_key text_pattern_ops) where preferred_key is not null;
create unique index patients_nhs_number on patients (site_id, nhs_number)
  where nhs_number is not null and merged_into_id is null and not nhs_number_unissued;
-- Whose open referrals are to be withdrawn.
create index patients_died on patients (site_id, id) where died_on is not null;

create table consents (
  site_id         uuid not null,
  id              uuid not null,
  patient_id      uuid not null,
  purpose         text not null references code_consent_purposes,
  decision        text not null references code_consent_decisions,
  level           text check (level in ('codes_only', 'summary', 'full')),  -- report_to_gp: how much
  reason          text,                            -- not_obtained: why
  withdrawal      text check (withdrawal in ('stop_contact_keep_data', 'remove_my_data')),  -- research withdrawn
  decided_on      date not null,
  method          text references code_modes,
  wording_version text,                            -- of the words the person was shown or read
  created_at      timestamptz not null,
  updated_at      timestamptz not null,
  -- the consent of the same person and purpose that this one takes the place of
  replaces        uuid,
  stands          boolean not null default false,  -- of a person and purpose at most one does; kept by a trigger
  primary key (site_id, id),
  foreign key (site_id, patient_id) references patients (site_id, id),
  foreign key (site_id, replaces) references consents (site_id, id)
);
create index consents_latest on consents (site_id, patient_id, purpose, decided_on desc, created_at desc, id desc);
create index consents_replaced on consents (site_id, replaces) where replaces is not null;
create unique index consents_standing on consents (site_id, patient_id, purpose) where stands;
