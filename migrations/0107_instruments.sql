-- A site's own instruments, and the words a site has loaded for instruments whose words do not come with Waypost.

-- +goose Up
-- No update is granted: a change is a new version, and assessments stay scored by the one they were taken with.
create table instruments (
  site_id    uuid not null references sites,  -- whose own it is
  key        text not null check (key ~ '^[a-z][a-z0-9_]{1,49}$'),
  version    int not null check (version >= 1),
  definition jsonb not null,                  -- its items and how it is scored, checked as a whole when it came in
  created_at timestamptz not null,
  primary key (site_id, key, version)
);
-- A key is one site's in the installation, so that no figure mixes two definitions. Unlike a policy, an index sees all
-- rows.
create unique index instruments_key on instruments (key) where version = 1;

-- Licensed words are shown to the site that may use them, and to nobody else. Loading them again replaces them.
create table instrument_wordings (
  site_id    uuid not null references sites,
  instrument text not null,
  version    int not null,    -- of the instrument
  licence    text not null,   -- on which terms the site may use these words
  items      jsonb not null,  -- [{code, wording, options}], an entry for every item
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (site_id, instrument, version)
);
