-- The directory that all sites share: organisations and their services, in the shape of the Human Services Data
-- Specification. It holds nothing about people.

-- +goose Up
create table organisations (
  id                  uuid primary key,
  name                text not null,
  description         text not null default '',
  url                 text,
  email               text,
  phone               text,
  charity_number      text,
  status              text not null check (status in ('active', 'inactive', 'unverified')),
  -- who wrote it: api, demo, or an import's name; an import touches only its own rows
  source              text not null,
  source_ref          text,           -- its id in that source
  version             int not null default 1,
  created_at          timestamptz not null,
  updated_at          timestamptz not null,
  -- when a key changed the address that nobody else has confirmed since; null: it waits for nobody
  email_pending_since timestamptz,
  email_changed_by    uuid,           -- the key that changed the address last; null: an import, the server, or nobody
  phone_as_written    boolean not null default false,
  email_as_written    boolean not null default false
);
create unique index organisations_source on organisations (source, source_ref) where source_ref is not null;
create index organisations_name on organisations using gin (lower(name) gin_trgm_ops);

create table services (
  id                  uuid primary key,
  organisation_id     uuid not null references organisations,
  name                text not null,
  description         text not null default '',
  activity_type       text not null references code_activity_types,
  needs               text[] not null default '{}',  -- codes: which needs it serves
  needs_source        text not null check (needs_source in ('stated', 'inferred')),
  keywords            text not null default '',
  eligibility         text not null default '',
  fees                text not null default '',
  url                 text,
  email               text,
  phone               text,
  address             text,
  postcode            text,
  latitude            double precision check (latitude between -90 and 90),
  longitude           double precision check (longitude between -180 and 180),
  status              text not null check (status in ('active', 'inactive', 'unverified')),
  capacity            text not null default 'not_known' references code_capacities,
  wait_band           text references code_wait_bands,
  capacity_as_of      timestamptz,
  capacity_set_by     text check (capacity_set_by in ('organisation', 'link_worker', 'administrator', 'import')),
  source              text not null,
  source_ref          text,
  version             int not null default 1,
  created_at          timestamptz not null,
  updated_at          timestamptz not null,
  words               tsvector generated always as (
    setweight(to_tsvector('english', name), 'A') || setweight(to_tsvector('english', keywords), 'B') ||
    setweight(to_tsvector('english', left(description, 20000)), 'C')) stored,
  email_pending_since timestamptz,                   -- as of an organisation
  email_changed_by    uuid,                          -- as of an organisation
  phone_as_written    boolean not null default false,
  email_as_written    boolean not null default false,
  -- A sensitive service is never named where others may read: on the person's own page and in mail to them.
  sensitive           boolean not null default false,
  unique (organisation_id, id),
  check ((latitude is null) = (longitude is null))
);
create unique index services_source on services (source, source_ref) where source_ref is not null;
create index services_words on services using gin (words);
create index services_place on services (latitude, longitude) where latitude is not null;
create index services_needs on services using gin (needs);
