-- What lets a site's own manager read figures of the record as it stands within a tenth of a second: what figures ask of each
-- referral is kept, and who asks is worked out once for a query, not once for each row that it looks at.

-- +goose Up

-- The days, at the site, on which a referral was sent and first answered: to work them out takes longer than to count.
alter table referrals
  add column sent_on      date,
  add column responded_on date;
-- +goose StatementBegin
create function referral_days() returns trigger language plpgsql as $$
declare zone text := site_time_zone(new.site_id);
begin
  new.sent_on := (new.sent_at at time zone zone)::date;
  new.responded_on := (new.responded_at at time zone zone)::date;
  return new;
end $$;
-- +goose StatementEnd
create trigger referrals_days before insert or update of sent_at, responded_at on referrals
  for each row execute function referral_days();
update referrals set sent_at = sent_at;

-- A site that moves to another time zone has its days worked out anew.
-- +goose StatementBegin
create function site_days() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update referrals set sent_at = sent_at where site_id = new.id;
  return null;
end $$;
-- +goose StatementEnd
create trigger sites_days after update of time_zone on sites
  for each row when (old.time_zone <> new.time_zone) execute function site_days();

-- The month of a day, counted since January of the year 0.
create function month_number(d date) returns int language sql immutable parallel safe as $$
  select (date_part('year', d) * 12 + date_part('month', d) - 1)::int $$;

-- Whether a referral was ever accepted, begun or completed, whatever became of it: by the moves that stand.
alter table referrals add column taken boolean not null default false;
create index referral_moves_taken on referral_moves (site_id, referral_id) where voided_at is null and to_status in ('accepted', 'in_progress', 'completed');
-- +goose StatementBegin
create function referrals_taken() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update referrals r set taken = not r.taken
  from (select distinct site_id, referral_id from changed) c
  where r.site_id = c.site_id and r.id = c.referral_id
    and r.taken <> exists (select from referral_moves m where m.site_id = r.site_id and m.referral_id = r.id and m.voided_at is null and m.to_status in ('accepted', 'in_progress', 'completed'));
  return null;
end $$;
-- +goose StatementEnd
create trigger referral_moves_added after insert on referral_moves
  referencing new table as changed for each statement execute function referrals_taken();
create trigger referral_moves_voided after update on referral_moves
  referencing new table as changed for each statement execute function referrals_taken();
update referrals r set taken = true
  where exists (select from referral_moves m where m.site_id = r.site_id and m.referral_id = r.id and m.voided_at is null and m.to_status in ('accepted', 'in_progress', 'completed'));

-- Every policy asks what who acts is in a subquery of its own, which PostgreSQL runs once for a query. New policies are written so.
-- +goose StatementBegin
do $$
declare
  p record;
  lists constant text := $r$\(string_to_array\(NULLIF\(current_setting\('app\.(\w+)'::text, true\), ''::text\), ','::text\)\)::uuid\[\]$r$;
  words constant text := $r$current_setting\('app\.(\w+)'::text, true\)$r$;
begin
  for p in select tablename, policyname, clause, regexp_replace(regexp_replace(condition, lists, '[\1]', 'g'), words, '{\1}', 'g') as condition
           from pg_policies, lateral (values ('using', qual), ('with check', with_check)) c (clause, condition)
           where schemaname = 'public' and condition like '%current_setting%' loop
    execute format('alter policy %I on %I %s (%s)', p.policyname, p.tablename, p.clause,
      regexp_replace(regexp_replace(p.condition,
        '\[(\w+)\]', $r$(select string_to_array(nullif(current_setting('app.\1', true), ''), ',')::uuid[])::uuid[]$r$, 'g'),
        '\{(\w+)\}', $r$(select current_setting('app.\1', true))$r$, 'g'));
  end loop;
end $$;
-- +goose StatementEnd

-- +goose Down
select 1;
