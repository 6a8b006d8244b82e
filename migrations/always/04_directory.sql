-- The directory: it holds nothing about people, and everybody with a key reads all of it.

create or replace trigger services_need_codes before insert or update of needs on services
  for each row execute function check_codes('needs', 'needs');

-- An administrator reaches no person's record, but a notice of a referral holds a link that shows whose it is. So an
-- address that a key changed waits for somebody else to confirm it, for referrals that were sent before the change. A
-- trigger, so that imports keep the rule too. What is done on the server has no key.
create or replace function note_email_change() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if new.email is distinct from old.email then
    new.email_changed_by := acting_key();
    new.email_pending_since := case when new.email_changed_by is not null then new.updated_at end;
  end if;
  return new;
end $$;
create or replace trigger organisations_email before update of email on organisations
  for each row execute function note_email_change();
create or replace trigger services_email before update of email on services
  for each row execute function note_email_change();

-- Where notices of referrals to an organisation or its service go, and since when that address waits for a second person. A
-- service without an address uses its organisation's; to take a service's away is a change of where they go, too. No
-- machine writes to an address that is kept as it was written. It sets nothing, so that it becomes part of the query.
create or replace function notice_address(organisation uuid, service uuid) returns table (email text, pending_since timestamptz)
  language sql stable as $$
  select coalesce(v.email, o.email), greatest(v.email_pending_since, case when v.email is null then o.email_pending_since end)
  from (select case when not email_as_written then nullif(email, '') end as email, email_pending_since
    from organisations where id = organisation) o
  left join (select case when not email_as_written then nullif(email, '') end as email, email_pending_since
    from services where id = service) v on true $$;

grant select, insert, update on organisations, services to waypost_staff, waypost_jobs;
grant select on organisations, services to waypost_patients;
grant select, update on organisations, services to waypost_organisations; -- an organisation says whether its services have room
