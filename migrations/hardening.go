package migrations

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
)

// harden takes from everybody, the app's role among them, what a database gives by default: to make
// temporary tables, which would come first wherever a function looks for one of ours, and on older servers
// to make things in the schema. A dump does not hold this, so it is looked at each time. stage makes its
// temporary tables with the right of its owner, who keeps it.
func harden(ctx context.Context, owner *sql.DB) error {
	if _, err := owner.ExecContext(ctx, `do $$
declare
  here  constant name := current_database();
  owner constant regrole := (select datdba from pg_database where datname = here);
begin
  perform pg_advisory_xact_lock(hashtextextended('waypost hardening', 0)); -- two at once would write one row of the catalogue
  if has_database_privilege('waypost_app', here, 'temporary') and pg_has_role(owner, 'usage') then
    execute format('grant temporary on database %I to %s', here,
      (select proowner::regrole from pg_proc where oid = 'stage(name)'::regprocedure));
    execute format('revoke temporary on database %I from public, waypost_app', here);
  end if;
  if has_schema_privilege('waypost_app', 'public', 'create') and pg_has_role((select nspowner from pg_namespace
		where nspname = 'public'), 'usage') then
    revoke create on schema public from public, waypost_app;
  end if;
end $$`); err != nil {
		return fmt.Errorf("hardening: %w", err)
	}
	var soft bool
	err := owner.QueryRowContext(ctx, `select has_database_privilege('waypost_app', current_database(), 'temporary')
		or has_schema_privilege('waypost_app', 'public', 'create')`).Scan(&soft)
	if soft {
		slog.Warn("the role waypost_app may make tables in this database, which this login may not take away: let " +
			"its owner run waypost migrate up")
	}
	return err
}
