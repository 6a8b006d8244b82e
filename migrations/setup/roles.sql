-- The roles that every query runs as (see always/01_acting.sql). waypost_app may become each of the other three, and has no
-- right of theirs before.
do $$
declare wanted name;
begin
  if not exists (select from pg_roles where rolname = 'waypost_app') then
    create role waypost_app nologin noinherit;
  end if;
  foreach wanted in array array['waypost_staff', 'waypost_organisations', 'waypost_patients', 'waypost_jobs'] loop
    if not exists (select from pg_roles where rolname = wanted) then
      execute format('create role %I nologin', wanted);
    end if;
    if (select rolinherit from pg_roles where rolname = 'waypost_app') then
      alter role waypost_app noinherit;
    end if;
    if not pg_has_role('waypost_app', wanted, 'member') then
      execute format('grant %I to waypost_app', wanted);
    end if;
  end loop;
exception when insufficient_privilege then
  raise exception 'a role of Waypost is missing, and this login may not make it';
end $$;

-- Where the server signs in as the owner, it becomes waypost_app at once, which owns nothing.
do $$
begin
  if not pg_has_role(current_user, 'waypost_app', 'member') then
    execute format('grant waypost_app to %I', current_user);
  end if;
exception when insufficient_privilege then null; -- then it signs in as a member of waypost_app
end $$;
