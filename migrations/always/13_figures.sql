-- Figures: what counting them needs, and who reads the snapshot of a night.

-- A person's age on a day, in the bands that figures use. Nobody is told apart above 80. Who was born in a year counts as
-- of 1 July, and in a month as of its 16th: as many are older as are younger.
create or replace function age_band(born text, on_day date) returns text language sql immutable parallel safe as $$
  select case when years is null then 'not_known' when years < 18 then 'under_18' when years < 35 then '18_34' when years < 50 then '35_49'
    when years < 65 then '50_64' when years < 80 then '65_79' else '80_over' end
  from (
    select extract(year from age(on_day,
      (case length(born) when 4 then born || '-07-01' when 7 then born || '-16' else born end)::date)) as years) a $$;

-- The month of a day, counted since January of the year 0.
create or replace function month_number(d date) returns int language sql immutable parallel safe as $$
  select (date_part('year', d) * 12 + date_part('month', d) - 1)::int $$;

call reset_access('figure_snapshots', 'figures');

grant select on figure_snapshots, figures to waypost_staff;
grant select, insert, update, delete on figure_snapshots to waypost_jobs;
grant select, insert on figures to waypost_jobs;
create policy readers on figure_snapshots for select to waypost_staff
  using (built_at is not null and (select acting_role()) in ('dashboard', 'link_worker', 'site_manager'));
create policy jobs on figure_snapshots to waypost_jobs using (true);
create policy readers on figures for select to waypost_staff
  using ((select acting_role()) in ('dashboard', 'link_worker', 'site_manager')
    and (site_id is null or site_id = any((select acting_sites())::uuid[])));
create policy jobs on figures to waypost_jobs using (true);
