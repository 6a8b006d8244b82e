-- Figures as they stood at the end of a day, made anew each night and swapped at once.

-- +goose Up
create table figure_snapshots (
  id        uuid primary key,
  day       date not null,         -- the last day that has ended at every site
  as_of     timestamptz not null,  -- the end of that day
  sites     uuid[] not null,       -- the sites there were
  threshold int not null,          -- the highest of theirs: the fewest people that a figure rests on
  made      text[] not null,       -- the metrics that are in it: one that is cut off goes on where it was
  built_at  timestamptz            -- null: not all are yet
);

-- A line of a table, over all periods that may be told apart. Only what may be shown is here, before it is rounded.
create table figures (
  snapshot_id uuid not null references figure_snapshots on delete cascade,
  metric      text not null,
  -- what the lines of the table are: nothing (all together, or a site), need_group, deprivation …
  dimension   text not null,
  site_id     uuid references sites,   -- null: all sites together
  value       text not null,           -- of the dimension
  sub         text not null,           -- what else a line is of: a timepoint, a score
  position    int not null default 0,  -- in the order that such lines are answered in
  -- [{from, until, counts}]: months since January of the year 0; a null count is withheld
  stretches   jsonb not null,
  means       jsonb,                   -- of a line with means: the row as it is published
  moves       jsonb,                   -- of movement between bands: the rows as they are published
  pairs       int,                     -- and whom it rests on, withheld or not; nobody reads these but the next night
  members     bigint,                  -- a digest that tells other people from the same ones
  -- and when it was worked out: a line is held until enough people have changed it
  since       timestamptz
);
create index figures_line on figures (snapshot_id, metric, dimension, site_id);
