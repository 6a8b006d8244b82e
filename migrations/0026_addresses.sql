-- An administrator alone reaches no person's record: a notice of a referral holds a link that shows whose it is, so that an
-- address which a key changed waits for somebody else, for referrals that were sent before the change.

-- +goose Up
alter table organisations
  add column email_pending_since timestamptz, -- when a key changed the address that nobody else has confirmed since; null: it waits for nobody
  add column email_changed_by uuid;           -- the key that changed the address last; null: an import, the server, or nobody
alter table services
  add column email_pending_since timestamptz, -- as of an organisation
  add column email_changed_by uuid;           -- as of an organisation

-- A trigger, so that a process of an older version and imports keep the rule too. What is done on the server has no key.
-- +goose StatementBegin
create function note_email_change() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if new.email is distinct from old.email then
    new.email_changed_by := nullif(current_setting('app.caller', true), '')::uuid;
    new.email_pending_since := case when new.email_changed_by is not null then new.updated_at end;
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger organisations_email before update of email on organisations for each row execute function note_email_change();
create trigger services_email before update of email on services for each row execute function note_email_change();

-- Where notices of referrals to an organisation or its service go, and since when that address waits for a second person. A service
-- without an address uses its organisation's; to take a service's away is a change of where they go, too.
create function notice_address(organisation uuid, service uuid) returns table (email text, pending_since timestamptz)
  language sql stable set search_path = public, pg_temp as $$
  select coalesce(nullif(v.email, ''), nullif(o.email, '')),
         greatest(v.email_pending_since, case when nullif(v.email, '') is null then o.email_pending_since end)
  from organisations o left join services v on v.id = service
  where o.id = organisation $$;
revoke all on function notice_address(uuid, uuid) from public;
grant execute on function notice_address(uuid, uuid) to waypost_app;

-- A data steward reads what happened to keys, projects and the directory: events of no site. They see nothing of a person.
create policy stewards_read on events for select
  using ((select current_setting('app.role', true)) = 'data_steward' and site_id is null);
create index events_of_no_site on events (position) where position is not null and site_id is null;

-- +goose Down
select 1;
