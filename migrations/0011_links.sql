-- A person's own link to a follow-up: whoever holds it may answer that follow-up, and nothing else.

-- +goose Up
create table follow_up_links (
  token_hash   bytea primary key, -- SHA-256 of the token, which is 256 random bits and stored nowhere
  site_id      uuid not null,
  follow_up_id uuid not null,
  expires_on   date not null,     -- the last day it works, at the site
  created_at   timestamptz not null,
  foreign key (site_id, follow_up_id) references follow_ups (site_id, id)
);
create index follow_up_links_of on follow_up_links (site_id, follow_up_id);
alter table follow_up_links enable row level security;
create policy site_rows on follow_up_links
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy system_jobs on follow_up_links using (current_setting('app.role', true) = 'system');
grant select, insert on follow_up_links to waypost_app;

-- What a person has answered so far, one row a question, so that two windows of one link never undo each other. Gone
-- once the answers are sent: they are the follow-up's completion then.
create table follow_up_answers (
  site_id      uuid not null,
  follow_up_id uuid not null,
  question     text not null,     -- its name, such as ons4.anxiety
  answer       text not null,     -- a code, a number, or the person's own words
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  primary key (site_id, follow_up_id, question),
  foreign key (site_id, follow_up_id) references follow_ups (site_id, id)
);
alter table follow_up_answers enable row level security;
create policy site_rows on follow_up_answers
  using (site_id = any(string_to_array(nullif(current_setting('app.sites', true), ''), ',')::uuid[]));
create policy system_jobs on follow_up_answers using (current_setting('app.role', true) = 'system');
grant select, insert, update, delete on follow_up_answers to waypost_app;

-- Tells row-level security who acts, until the transaction ends; a person behind their own link acts for themselves alone.
drop function act_as(uuid[], text, uuid, uuid);
create function act_as(sites uuid[], role text, caller uuid, organisation uuid, patient uuid default null) returns void language sql as $$
  select set_config('app.sites', coalesce(array_to_string(sites, ','), ''), true),
         set_config('app.role', role, true),
         set_config('app.caller', coalesce(caller::text, ''), true),
         set_config('app.organisation', coalesce(organisation::text, ''), true),
         set_config('app.patient', coalesce(patient::text, ''), true) $$;
revoke all on function act_as(uuid[], text, uuid, uuid, uuid) from public;
grant execute on function act_as(uuid[], text, uuid, uuid, uuid) to waypost_app;

-- The only way to a follow-up by a link: by the hash of its token. From here on the transaction acts as the person; whether
-- the link still works is for the caller to decide, who has the clock.
-- +goose StatementBegin
create function enter_by_link(hash bytea)
  returns table (token_hash bytea, site_id uuid, follow_up_id uuid, patient_id uuid, expires_on date)
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  select l.token_hash, l.site_id, l.follow_up_id, f.patient_id, l.expires_on
    into token_hash, site_id, follow_up_id, patient_id, expires_on
    from follow_up_links l join follow_ups f on f.site_id = l.site_id and f.id = l.follow_up_id
    where l.token_hash = hash;
  if not found then
    return;
  end if;
  perform act_as(array[site_id], 'patient', null, null, patient_id);
  return next;
end $$;
-- +goose StatementEnd
revoke all on function enter_by_link(bytea) from public;
grant execute on function enter_by_link(bytea) to waypost_app;

-- A person behind their own link reaches no row about anybody else, whatever a query asks for.
create policy own_record on patients   as restrictive using (current_setting('app.role', true) is distinct from 'patient' or id::text = current_setting('app.patient', true));
create policy own_record on consents   as restrictive using (current_setting('app.role', true) is distinct from 'patient' or patient_id::text = current_setting('app.patient', true));
create policy own_record on episodes   as restrictive using (current_setting('app.role', true) is distinct from 'patient' or patient_id::text = current_setting('app.patient', true));
create policy own_record on contacts   as restrictive using (current_setting('app.role', true) is distinct from 'patient');
create policy own_record on referrals  as restrictive using (current_setting('app.role', true) is distinct from 'patient' or patient_id::text = current_setting('app.patient', true));
create policy own_record on follow_ups as restrictive using (current_setting('app.role', true) is distinct from 'patient' or patient_id::text = current_setting('app.patient', true));

-- Which instruments a follow-up asks, besides Waypost's own questions.
alter table schedules add column instruments text[] not null default '{ons4}';

-- How many attempts a site makes before it says that somebody could not be contacted. Fewer are told of, and never refused.
alter table sites add column attempts_wanted int not null default 3 check (attempts_wanted between 1 and 20);

-- +goose Down
select 1;
