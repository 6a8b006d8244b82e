//go:build unix

package localpg

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// step brings one thing about: do runs unless done already holds, and is one transaction or one statement that is its
// own, so that a start that is killed anywhere leaves the rest to the next.
type step struct{ what, done, do string }

func steps(s secrets) []step {
	return []step{
		{
			what: "role " + ownerRole,
			done: `select exists (select from pg_roles where rolname = 'waypost_owner' and rolcanlogin and not rolsuper)`,
			do:   createRole(ownerRole, s.Owner),
		},
		{
			what: "role " + appRole,
			done: `select exists (select from pg_roles where rolname = 'waypost_app' and rolcanlogin
				and not (rolsuper or rolbypassrls or rolcreatedb or rolcreaterole or rolreplication))`,
			do: createRole(appRole, s.App),
		},
		{
			// The roles that waypost_app becomes, by who acts: it has no right of theirs before
			// (migrations/setup/roles.sql).
			what: "roles of queries",
			done: `select count(*) = 4 and not (select rolinherit from pg_roles where rolname = 'waypost_app')
				from pg_roles where rolname in ('waypost_staff', 'waypost_organisations', 'waypost_patients',
				'waypost_jobs') and pg_has_role('waypost_app', oid, 'member')`,
			do: queryRoles,
		},
		{
			what: "database " + database,
			done: `select exists (select from pg_database where datname = 'waypost')`,
			do:   `create database waypost owner waypost_owner`,
		},
		{
			// By default everybody may enter every database and make temporary tables there.
			what: "privileges",
			done: `select has_database_privilege('waypost_app', 'waypost', 'connect')
				and not has_database_privilege('public', 'waypost', 'connect')
				and not has_database_privilege('public', 'waypost', 'temporary')
				and not has_database_privilege('public', 'postgres', 'connect')
				and not has_database_privilege('public', 'template1', 'connect')`,
			do: `revoke all on database waypost, postgres, template1 from public;
				grant connect on database waypost to waypost_app`,
		},
	}
}

const queryRoles = `do $$
	declare wanted name;
	begin
		alter role waypost_app noinherit;
		foreach wanted in array array['waypost_staff', 'waypost_organisations', 'waypost_patients', 'waypost_jobs'] loop
			if not exists (select from pg_roles where rolname = wanted) then
				execute format('create role %I nologin', wanted);
			end if;
			execute format('grant %I to waypost_app', wanted);
		end loop;
	end $$`

// createRole also mends a role that exists with other rights. The password is hex and needs no quoting.
func createRole(name, password string) string {
	return fmt.Sprintf(`do $$ begin
		if not exists (select from pg_roles where rolname = '%[1]s') then create role %[1]s; end if;
		alter role %[1]s with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password '%[2]s';
	end $$`, name, password)
}

// setUp makes the roles and the database, as far as an earlier start has not.
func setUp(ctx context.Context, db *pgx.Conn, s secrets) error {
	for _, step := range steps(s) {
		var done bool
		if err := db.QueryRow(ctx, step.done, pgx.QueryExecModeSimpleProtocol).Scan(&done); err != nil {
			return fmt.Errorf("look for %s: %w", step.what, err)
		}
		if done {
			continue
		}
		if _, err := db.Exec(ctx, step.do); err != nil {
			return fmt.Errorf("make %s: %w", step.what, err)
		}
	}
	return nil
}
