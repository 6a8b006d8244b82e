-- What people and organisations are found by. Triggers keep it (always/16_search.sql), and that file fills it for what
-- was recorded before.

-- +goose Up
create table code_match_reasons (
  code       text primary key,
  code_group text,
  gloss      text not null,
  side       text,
  active     boolean not null default true,
  sort       int not null
);

create table person_names (
  site_id    uuid not null,
  patient_id uuid not null,
  names      text[] not null,    -- the words of all names, folded
  keys       bigint[] not null,  -- hashes of the site with each thing that the person is found by: see search_key
  primary key (site_id, patient_id),
  foreign key (site_id, patient_id) references patients (site_id, id)
);
-- Without a list of pending entries, which every search would read whole.
create index person_names_keys on person_names using gin (keys) with (fastupdate = off);

-- Names as they are compared (fold_name). Null until the triggers are there.
alter table organisations add name_folded text;
alter table services add name_folded text;
create index organisations_name_folded on organisations using gin (name_folded gin_trgm_ops);
drop index organisations_name;
