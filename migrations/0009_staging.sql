-- Many rows at once: where COPY puts them, and what the planner knows of them afterwards.

-- +goose Up

-- COPY into a table is refused under row-level security. So rows are copied into a table that looks like their target, and
-- go on from there by an insert, which is held to policies, keys and triggers as any other. The table is a temporary one:
-- no other session can read it, so it needs no policy; two loaders cannot meet in it; it ends with the transaction.
-- The app's role may make no table of its own, temporary or not (one named like ours would come first wherever a
-- function looks for it), so the owner's right is lent here, for this one name.
-- +goose StatementBegin
create function stage(target name) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare staging text := format('pg_temp.%I', 'staged_' || target);
begin
  if to_regclass(staging) is null then
    execute format('create temp table %I on commit drop as select * from public.%I with no data', 'staged_' || target, target);
    execute format('grant select, insert, truncate on %s to waypost_app', staging);
  end if;
end $$;
-- +goose StatementEnd
revoke all on function stage(name) from public;
grant execute on function stage(name) to waypost_app;

-- After many rows the planner's statistics are of the few that were there before. Autovacuum mends that some minutes
-- later; this does at once. Only an owner may analyse, so the owner's right is lent for all of its tables.
-- +goose StatementBegin
create function refresh_statistics() returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare ours regclass;
begin
  for ours in select oid from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and pg_has_role(relowner, 'member') order by oid loop
    execute format('analyze %s', ours);
  end loop;
end $$;
-- +goose StatementEnd
revoke all on function refresh_statistics() from public;
grant execute on function refresh_statistics() to waypost_app;

-- +goose Down
select 1;
