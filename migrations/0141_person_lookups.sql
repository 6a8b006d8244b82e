-- Exact look-ups of people by a number or an address go by keys that say nothing to whoever has the database alone.

-- +goose Up
alter table installation
  -- the key of person_lookups, encrypted under the master key; null until a process that has one has started
  add lookup_key    bytea,
  add lookup_key_id uuid;

create table person_lookups (
  site_id    uuid not null,
  kind       text not null check (kind in ('n', 't', 'e', 'c', 'r')),  -- as of search_key
  key        bytea not null,  -- HMAC-SHA-256 of the site, the kind and the value as it is compared
  patient_id uuid not null,
  primary key (site_id, kind, key, patient_id),
  foreign key (site_id, patient_id) references patients (site_id, id)
);
create index person_lookups_patient on person_lookups (site_id, patient_id);

-- People whose look-ups are not what is recorded of them: they were written by something that has no key. A trigger adds
-- them, and whoever writes their look-ups takes them away. Until then a search compares what is recorded.
create table person_lookups_due (
  site_id    uuid not null,
  patient_id uuid not null,
  primary key (site_id, patient_id),
  foreign key (site_id, patient_id) references patients (site_id, id)
);
insert into person_lookups_due (site_id, patient_id) select site_id, id from patients;
