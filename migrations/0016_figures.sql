-- What partners see: figures as they stood at the end of a day, made anew each night and swapped at once.

-- +goose Up
create table figure_snapshots (
  id        uuid primary key,
  day       date not null,            -- the last day that has ended at every site
  as_of     timestamptz not null,     -- the end of that day
  sites     uuid[] not null,          -- the sites there were
  threshold int not null,             -- the highest of theirs: the fewest people that a figure rests on
  made      text[] not null,          -- the metrics that are in it: one that is cut off goes on where it was
  built_at  timestamptz               -- null: not all are yet
);
grant select, insert, update, delete on figure_snapshots to waypost_app;
alter table figure_snapshots enable row level security;
create policy readers on figure_snapshots for select
  using (built_at is not null and current_setting('app.role', true) in ('dashboard', 'link_worker', 'site_manager'));
create policy system_jobs on figure_snapshots using (current_setting('app.role', true) = 'system');

-- A line of a table, over all stretches of time that may be told apart. Only what may be shown is here, before it is rounded.
create table figures (
  snapshot_id uuid not null references figure_snapshots on delete cascade,
  metric      text not null,
  dimension   text not null,          -- what the lines of the table are: nothing (all together, or a site), need_group, deprivation …
  site_id     uuid references sites,  -- null: all sites together
  value       text not null,          -- of the dimension
  sub         text not null,          -- what else a line is of: a timepoint, a score
  position    int not null default 0, -- in the order that such lines are answered in
  stretches   jsonb not null,         -- [{from, until, counts}]: months since January of the year 0; a null count is withheld
  means       jsonb,                  -- of a line with means: the row as it is published
  moves       jsonb,                  -- of movement between bands: the rows as they are published
  pairs       int,                    -- and whom it rests on, withheld or not; nobody reads these but the next night
  members     bigint,                 -- a digest that tells other people from the same ones
  since       timestamptz             -- and when it was worked out: a line is held until enough people have changed it
);
create index figures_line on figures (snapshot_id, metric, dimension, site_id);
grant select, insert on figures to waypost_app;
alter table figures enable row level security;
create policy readers on figures for select
  using (current_setting('app.role', true) in ('dashboard', 'link_worker', 'site_manager')
    and (site_id is null or site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[])));
create policy system_jobs on figures using (current_setting('app.role', true) = 'system');

-- A person's age on a day, in the bands that figures use. Nobody is told apart above 80.
create function age_band(born date, on_day date) returns text language sql immutable parallel safe as $$
  select case when years < 18 then 'under_18' when years < 35 then '18_34' when years < 50 then '35_49' when years < 65 then '50_64' when years < 80 then '65_79' else '80_over' end
  from (select extract(year from age(on_day, born)) as years) a $$;

-- Pairs are found from the follow-up's episode.
create index assessment_scores_episode on assessment_scores (site_id, episode_id) where not superseded;

-- +goose Down
select 1;
