-- Patients and what they agreed to.

-- +goose Up
-- What other systems call records of ours; kept by a trigger from the external_ids column of each record.
create table external_ids (
  site_id      uuid not null references sites,
  system       text not null,
  value        text not null,
  subject_type text not null,     -- patients, episodes, referrals, contacts
  subject_id   uuid not null,
  constraint external_ids_key primary key (site_id, system, value)
);
create index external_ids_subject on external_ids (site_id, subject_id);
alter table external_ids enable row level security;
create policy site_rows on external_ids
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy system_jobs on external_ids using (current_setting('app.role', true) = 'system');
grant select, insert, update, delete on external_ids to waypost_app;

-- +goose StatementBegin
create function keep_external_ids() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    delete from external_ids where site_id = new.site_id and subject_id = new.id;
  end if;
  insert into external_ids (site_id, system, value, subject_type, subject_id)
    select new.site_id, e->>'system', e->>'value', tg_table_name, new.id from jsonb_array_elements(new.external_ids) e;
  return null;
end $$;
-- +goose StatementEnd

create table patients (
  site_id             uuid not null references sites,
  id                  uuid not null,
  nhs_number          text check (nhs_number ~ '^[0-9]{10}$'), -- check digit verified when recorded
  given_name          text not null,
  family_name         text not null,
  preferred_name      text,
  pronouns            text,
  birth_date          date not null,
  gender              text not null default 'not_known' references code_genders,
  ethnic_category     text not null default '99' references code_ethnic_categories,
  carer               text not null default 'not_known' references code_carers,
  postcode            text,
  lsoa                text,
  imd_decile          int check (imd_decile between 1 and 10), -- deprivation of the home's neighbourhood
  imd_version         text check (imd_version in ('2019', '2025')),
  gp_practice_code    text check (gp_practice_code ~ '^[A-Z0-9]{3,10}$'), -- ODS code
  phone               text,
  email               text,
  contact_preference  text not null default 'not_known' references code_contact_preferences,
  language            text,           -- BCP 47
  access_needs        text,
  national_data_opt_out boolean,      -- null: not checked
  national_data_opt_out_checked_on date,
  died_on             date,
  merged_into_id      uuid,           -- reserved
  external_ids        jsonb not null default '[]',
  recorded_via        text not null check (recorded_via in ('api', 'link', 'import', 'demo')),
  version             int not null default 1,
  created_at          timestamptz not null,
  updated_at          timestamptz not null,
  primary key (site_id, id),
  check ((imd_decile is null) = (imd_version is null))
);
create unique index patients_nhs_number on patients (site_id, nhs_number) where nhs_number is not null and merged_into_id is null;
create index patients_family on patients (site_id, lower(family_name) text_pattern_ops, birth_date);
create index patients_given  on patients (site_id, lower(given_name) text_pattern_ops);
create trigger patients_external_ids after insert on patients
  for each row when (new.external_ids <> '[]') execute function keep_external_ids();
create trigger patients_external_ids_changed after update of external_ids on patients
  for each row when (old.external_ids <> new.external_ids) execute function keep_external_ids();
alter table patients enable row level security;
create policy site_rows on patients
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy system_jobs on patients using (current_setting('app.role', true) = 'system');
grant select, insert, update on patients to waypost_app;

create table consents (
  site_id     uuid not null,
  id          uuid not null,
  patient_id  uuid not null,
  purpose     text not null references code_consent_purposes,
  decision    text not null references code_consent_decisions,
  level       text check (level in ('codes_only', 'summary', 'full')),  -- report_to_gp: how much
  reason      text,                                                     -- not_obtained: why
  withdrawal  text check (withdrawal in ('stop_contact_keep_data', 'remove_my_data')), -- research withdrawn
  decided_on  date not null,
  method      text references code_modes,
  wording_version text,               -- of the words the person was shown or read
  created_at  timestamptz not null,
  updated_at  timestamptz not null,
  primary key (site_id, id),
  foreign key (site_id, patient_id) references patients (site_id, id)
);
create index consents_latest on consents (site_id, patient_id, purpose, decided_on desc, created_at desc, id desc);
alter table consents enable row level security;
create policy site_rows on consents
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy system_jobs on consents using (current_setting('app.role', true) = 'system');
grant select, insert on consents to waypost_app; -- a decision is never changed: a later one stands

-- The one rule of consent: the latest decision for a purpose stands, by its day, then as it was recorded.
create function consent_stands(site uuid, patient uuid, for_purpose text) returns boolean language sql stable as $$
  select coalesce((select c.decision in ('given', 'best_interests') from consents c
    where c.site_id = site and c.patient_id = patient and c.purpose = for_purpose
    order by c.decided_on desc, c.created_at desc, c.id desc limit 1), false) $$;
grant execute on function consent_stands(uuid, uuid, text) to waypost_app;

-- +goose Down
select 1;
