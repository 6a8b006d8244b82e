-- What is recorded means what people meant: a blank text is none, people of one name, NHS numbers that nobody has, and phones and
-- e-mail addresses that are kept as they were written.

-- +goose Up
alter table patients
  alter column given_name drop not null,  -- it or family_name is there
  alter column family_name drop not null,
  add column nhs_number_unissued boolean not null default false, -- outside the ranges known to be issued: nobody is found by it
  add column phone_as_written boolean not null default false,    -- it could not be normalised: no machine dials or sends to it
  add column email_as_written boolean not null default false,    -- likewise
  add constraint patients_named check (given_name is not null or family_name is not null);
alter table organisations
  add column phone_as_written boolean not null default false,
  add column email_as_written boolean not null default false;
alter table services
  add column phone_as_written boolean not null default false,
  add column email_as_written boolean not null default false;

-- Nothing of these is seen.
create function pg_temp.blank(t text) returns boolean language sql immutable as $$
  select t !~ '[^[:space:]\u00a0\u00ad\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u2800\u3000\u3164\ufeff]' $$;

-- A blank text that may be left out is none. Left alone are those that something else needs: the reason of not_obtained, and the name of
-- a service that a person named.
-- +goose StatementBegin
do $$
declare
  t text;
  c text;
begin
  for t, c in values
    ('patients', 'preferred_name'), ('patients', 'pronouns'), ('patients', 'postcode'), ('patients', 'lsoa'), ('patients', 'phone'), ('patients', 'email'),
    ('patients', 'language'), ('patients', 'access_needs'), ('organisations', 'url'), ('organisations', 'email'), ('organisations', 'phone'),
    ('organisations', 'charity_number'), ('services', 'url'), ('services', 'email'), ('services', 'phone'), ('services', 'address'), ('services', 'postcode'),
    ('episodes', 'what_matters'), ('episodes', 'risks'), ('episodes', 'requested_actions'), ('episodes', 'pause_reason'), ('episodes', 'closure_note'),
    ('contacts', 'note'), ('referrals', 'reason'), ('referrals', 'override_reason'), ('referral_moves', 'note'), ('referral_moves', 'void_note'),
    ('consents', 'wording_version'), ('follow_ups', 'loss_note'), ('follow_up_completions', 'language'), ('follow_up_completions', 'narrative'),
    ('assessments', 'language'), ('webhooks', 'description'), ('projects', 'setting_reason'), ('releases', 'reason'), ('studies', 'funder'),
    ('studies', 'funder_reference'), ('studies', 'contact'), ('studies', 'acknowledgements'), ('studies', 'disclaimer')
  loop
    execute format('update %I set %I = null where pg_temp.blank(%2$I)', t, c);
  end loop;
end $$;
-- +goose StatementEnd
update consents set reason = null where pg_temp.blank(reason) and decision <> 'not_obtained';

-- What stands there already is normalised as far as that can be done here; the rest stays as it was written.
create function pg_temp.grouped(t text) returns text language sql immutable as $$
  select regexp_replace(t, '[[:space:]\u00a0\u2010-\u2015().-]', '', 'g') $$;
-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['patients', 'organisations', 'services'] loop
    execute format($f$ update %I set phone = '+44' || substr(pg_temp.grouped(phone), 2) where pg_temp.grouped(phone) ~ '^0[1-9][0-9]{8,9}$' $f$, t);
    execute format($f$ update %I set phone = pg_temp.grouped(phone) where phone !~ '\(0\)' and pg_temp.grouped(phone) ~ '^\+[1-9][0-9]{6,14}$' $f$, t);
    execute format($f$ update %I set phone_as_written = true where phone !~ '^\+[1-9][0-9]{6,14}$' $f$, t);
    execute format($f$ update %I set email = split_part(btrim(email), '@', 1) || '@' || lower(split_part(btrim(email), '@', 2))
      where btrim(email) ~ '^[!-?A-~]+@[^@[:space:]]+$' $f$, t);
    execute format($f$ update %I set email_as_written = true where email !~ '^[!-?A-~]+@[^@[:space:]<>]+\.[^@[:space:]<>]+$' or email ~ '[<>,;]' $f$, t);
    if t <> 'organisations' then
      execute format($f$ update %I set postcode = regexp_replace(upper(regexp_replace(postcode, '[[:space:]]', '', 'g')), '(...)$', ' \1')
        where regexp_replace(postcode, '[[:space:]]', '', 'g') ~* '^([A-Z]{1,2}[0-9][A-Z0-9]?|ZZ99)[0-9][A-Z]{2}$' $f$, t);
    end if;
  end loop;
end $$;
-- +goose StatementEnd

-- The ranges of the day on which this was written; the program's own list may be newer. A number that was filled in for the sake of the
-- field makes two people one, so it stays, and nobody is found by it.
update patients set nhs_number_unissued = true
  where nhs_number ~ '^(\d)\1{9}$' or nhs_number in ('0123456789', '9876543210', '0000000019', '1000000001', '1231231238', '4000000004', '9000000009')
    or not (nhs_number between '0101000000' and '4999999999' or nhs_number between '6000000000' and '7999999999'
      or nhs_number like '999%' or nhs_number = '9434765919');
drop index patients_nhs_number;
create unique index patients_nhs_number on patients (site_id, nhs_number)
  where nhs_number is not null and merged_into_id is null and not nhs_number_unissued;

-- As it was; but no machine writes to an address that is kept as it was written.
create or replace function notice_address(organisation uuid, service uuid) returns table (email text, pending_since timestamptz)
  language sql stable set search_path = public, pg_temp as $$
  select coalesce(v.email, o.email), greatest(v.email_pending_since, case when v.email is null then o.email_pending_since end)
  from (select case when not email_as_written then nullif(email, '') end as email, email_pending_since from organisations where id = organisation) o
  left join (select case when not email_as_written then nullif(email, '') end as email, email_pending_since from services where id = service) v on true $$;

-- +goose Down
select 1;
