-- Mail: what had gathered before mail was turned on is held, a minute takes so many, one organisation gets one mail of what waits
-- for it, and an invitation is held back only by what happened to the address it would go to.

-- +goose Up
alter table outbox
  add column due_at      timestamptz,   -- when what it is about asked for it; null: when it was put here
  add column released_at timestamptz,   -- when somebody let it go that was held; null: nobody had to
  add column tried_at    timestamptz,   -- the last try
  add column mail_id     uuid;          -- of several that went as one mail, the first; null: never tried since this column is here
create index outbox_states on outbox (state);
create index outbox_tried on outbox (tried_at);

-- The kinds of message that mail was ever on for, and since when it is. What became due before is held (why: held) until somebody lets it go.
create table mail_kinds (
  kind  text primary key,
  since timestamptz           -- null: mail is off
);
alter table mail_kinds enable row level security;
create policy system_jobs on mail_kinds using ((select current_setting('app.role', true)) = 'system');
grant select, insert, update on mail_kinds to waypost_app;
insert into mail_kinds select distinct kind, timestamptz 'epoch' from outbox where state = 'sent'; -- mail of these kinds was on

-- When an address of a person became another one. What happened to the one before says nothing of it.
alter table patients
  add column email_changed_at timestamptz,  -- null: never since this column is here
  add column phone_changed_at timestamptz;  -- likewise
-- +goose StatementBegin
create function patient_address_changed() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  if lower(trim(new.email)) is distinct from lower(trim(old.email)) then
    new.email_changed_at := new.updated_at;
  end if;
  if regexp_replace(new.phone, '[^0-9]', '', 'g') is distinct from regexp_replace(old.phone, '[^0-9]', '', 'g') then
    new.phone_changed_at := new.updated_at;
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger patients_address_changed before update of email, phone on patients for each row execute function patient_address_changed();

-- What /metrics tells of the outbox, of which no row would be told to whoever scrapes. What is held counts apart from what waits.
create function mail_statistics(at_time timestamptz) returns table (state text, messages bigint, oldest_seconds double precision)
  language sql stable security definer set search_path = public, pg_temp as $$
  select case when o.state = 'waiting' and o.why = 'held' then 'held' else o.state end, count(*),
         coalesce(extract(epoch from at_time - min(o.created_at) filter (where o.state in ('waiting', 'sending'))), 0)::double precision
  from outbox o where o.channel = 'email' group by 1 $$;
revoke all on function mail_statistics(timestamptz) from public;
grant execute on function mail_statistics(timestamptz) to waypost_app;

-- +goose Down
select 1;
