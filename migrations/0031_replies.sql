-- What an organisation can say besides an answer: that it has a question, and that a day it reported was wrong. And how it reaches
-- the link worker by telephone.

-- +goose Up
alter table link_workers add column phone text; -- at work; shown to organisations

alter table attendances
  add column actor_role       text,   -- the role of the credential that recorded it; null: recorded before this was kept
  add column entered_in_error jsonb;  -- null: it stands. Else {at, by: {role, link_worker_id, on_behalf}, reason}
create index attendances_id on attendances (id); -- an organisation names one without knowing the site
grant update (entered_in_error, updated_at) on attendances to waypost_app;

create table referral_questions (
  site_id      uuid not null,
  id           uuid not null,
  referral_id  uuid not null,
  question     text not null,        -- free text, in this row alone
  contact      text,                 -- who asks, and how to reach them
  recorded_via text not null check (recorded_via in ('api', 'link')),
  asked_at     timestamptz not null,
  answered_at  timestamptz,          -- null: nobody has marked it as answered
  answered_by_link_worker_id uuid,   -- who marked it, where a link worker did
  updated_at   timestamptz not null,
  primary key (site_id, id),
  foreign key (site_id, referral_id) references referrals (site_id, id)
);
create index referral_questions_of on referral_questions (site_id, referral_id, asked_at, id);
alter table referral_questions enable row level security;
create policy site_rows on referral_questions
  using (site_id = any((select string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[])::uuid[]));
create policy system_jobs on referral_questions using ((select current_setting('app.role', true)) = 'system');
-- An organisation sees what was asked of its own referrals; by a link, of that one alone.
create policy organisation_reads on referral_questions for select using (exists (select from referrals r
  where r.site_id = referral_questions.site_id and r.id = referral_questions.referral_id and r.organisation_id::text = (select current_setting('app.organisation', true))));
create policy organisation_asks on referral_questions for insert with check (exists (select from referrals r
  where r.site_id = referral_questions.site_id and r.id = referral_questions.referral_id and r.organisation_id::text = (select current_setting('app.organisation', true))));
create policy own_record on referral_questions as restrictive using ((select current_setting('app.role', true)) is distinct from 'patient');
grant select, insert on referral_questions to waypost_app;
grant update (answered_at, answered_by_link_worker_id, updated_at) on referral_questions to waypost_app;

-- The link worker's telephone, to whoever is shown whom they referred.
create function referring_phone(referral uuid) returns text
  language sql stable security definer set search_path = public, pg_temp as $$
  select nullif(btrim(w.phone), '') from referrals r
  join episodes e on e.site_id = r.site_id and e.id = r.episode_id
  join link_workers w on w.site_id = e.site_id and w.id = e.link_worker_id
  where r.id = referral and exists (select from referred_person(referral)) $$;
revoke all on function referring_phone(uuid) from public;
grant execute on function referring_phone(uuid) to waypost_app;

-- +goose Down
select 1;
