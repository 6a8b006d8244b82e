-- People are found by name through an index under row-level security, which lets only leakproof functions and operators
-- look at a row before its policy has: lower() is not one, so what it makes stands in columns of its own.

-- +goose Up
alter table patients
  add column family_key    text generated always as (lower(family_name)) stored,
  add column given_key     text generated always as (lower(given_name)) stored,
  add column preferred_key text generated always as (lower(preferred_name)) stored;
drop index patients_family;
drop index patients_given;
create index patients_family    on patients (site_id, family_key text_pattern_ops, birth_date);
create index patients_given     on patients (site_id, given_key text_pattern_ops);
create index patients_preferred on patients (site_id, preferred_key text_pattern_ops) where preferred_key is not null;

-- +goose Down
select 1;
