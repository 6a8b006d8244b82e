-- Takes away what the folder always makes anew: policies, triggers, views, functions and rights. Tables and their rows stay.
do $$
declare r record;
begin
  for r in select p.polname, p.polrelid::regclass as table_name from pg_policy p
      join pg_class c on c.oid = p.polrelid where c.relnamespace = 'public'::regnamespace loop
    execute format('drop policy %I on %s', r.polname, r.table_name);
  end loop;
  for r in select t.tgname, t.tgrelid::regclass as table_name from pg_trigger t
      join pg_class c on c.oid = t.tgrelid where c.relnamespace = 'public'::regnamespace and not t.tgisinternal loop
    execute format('drop trigger %I on %s', r.tgname, r.table_name);
  end loop;
  drop view standing_consents;
  for r in select p.oid::regprocedure as name from pg_proc p where p.pronamespace = 'public'::regnamespace
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e') loop
    execute format('drop function %s', r.name);
  end loop;
end $$;
revoke all on all tables in schema public from waypost_app;
revoke all on sequence events_arrived from waypost_app;
alter table api_keys alter column confirmed_at drop default;
