package migrations_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"waypost/internal/platform/db/dbtest"
	"waypost/migrations"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// tables is what there is of tables: columns, constraints and indexes.
const tables = `
	select concat_ws(' | ', 'column', a.attrelid::regclass, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
		a.attnotnull, a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
	from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on d.adrelid = c.oid and
		d.adnum = a.attnum
	where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
	union all
	select concat_ws(' | ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid))
	from pg_constraint where connamespace = 'public'::regnamespace
	union all
	select concat_ws(' | ', 'index', indexname, indexdef) from pg_indexes where schemaname = 'public'`

// rest is everything else that a query meets: functions, views, triggers, policies and rights.
const rest = `
	select concat_ws(' | ', 'function', pg_get_functiondef(p.oid), p.proacl) from pg_proc p
	where p.pronamespace = 'public'::regnamespace and not exists (select from pg_depend d where d.objid = p.oid
		and d.deptype = 'e')
	union all
	select concat_ws(' | ', 'view', viewname, definition) from pg_views where schemaname = 'public'
	union all
	select concat_ws(' | ', 'trigger', pg_get_triggerdef(t.oid)) from pg_trigger t join pg_class c on c.oid = t.tgrelid
	where c.relnamespace = 'public'::regnamespace and not t.tgisinternal
	union all
	select concat_ws(' | ', 'policy', tablename, policyname, permissive, roles, cmd, qual, with_check)
	from pg_policies where schemaname = 'public'
	union all
	select concat_ws(' | ', 'rights', relname, relrowsecurity, relacl) from pg_class
	where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'S')
	union all
	select concat_ws(' | ', 'rights', attrelid::regclass, attname, attacl) from pg_attribute
	where attacl is not null and attrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)`

func structure(t *testing.T, owner *sql.DB, query string) (lines []string) {
	t.Helper()
	rows, err := owner.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

// without is what the first has and the second has not.
func without(first, second []string) (left []string) {
	for _, line := range first {
		if _, found := slices.BinarySearch(second, line); !found {
			left = append(left, line)
		}
	}
	return left
}

func up(t *testing.T, owner *sql.DB) {
	t.Helper()
	if err := migrations.Up(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
}

// The files that say the structure an area at a time say what those numbered up to 31 said: later files
// apart, the tables of a new database are those of one that was made by them.
func TestTheTablesAreThoseOfBefore(t *testing.T) {
	t.Parallel()
	older := dbtest.OlderOwner(t)
	before := structure(t, older, tables)
	if len(before) < 800 {
		t.Fatalf("only %d lines: the test looks in the wrong place", len(before))
	}
	_, address := dbtest.URLs(t)
	now := structure(t, open(t, address), tables)
	for i, line := range now { // 0150 renames tables
		now[i] = strings.ReplaceAll(line, "_all", "")
	}
	slices.Sort(now)
	changed := []string{
		"column | api_keys | 18 | confirmed_at |", // its default was for processes of an older program alone
		"column | figures | 6 | sub |",            // 0118 renames both
		"column | figures | 8 | stretches |",
		"index | organisations_name |", // 0120 has one of folded names
		"column | attendances | 12 | entered_in_error |",
		// 0150: there may be one of each that stands
		"constraint | follow_up_completions | follow_up_completions_pk |",
		"constraint | follow_ups | follow_ups_site_id_episode_id_code_key |",
		"index | assessments_once |",
		"index | contacts_reached |",
		"index | follow_up_completions_pk |",
		"index | follow_up_services_once |",
		"index | follow_ups_open |",
		"index | follow_ups_site_id_episode_id_code_key |",
		"index | referrals_list |",             // 0155: the primary key says the same
		"index | patients_nhs_number |",        // 0153: nobody who is entered in error has it
		"column | patients | 8 | birth_date |", // 0140 makes it a text, known in part
	}
	for _, line := range without(before, now) {
		if !slices.ContainsFunc(changed, func(start string) bool { return strings.HasPrefix(line, start) }) {
			t.Errorf("gone: %s", line)
		}
	}
}

// A database of before that is adopted is the same as a new one, in everything that a query meets; its rows stay.
func TestAnAdoptedDatabaseIsAsANewOne(t *testing.T) {
	t.Parallel()
	older := dbtest.OlderOwner(t)
	const site = "insert into sites (id, name, code, created_at, updated_at) values (gen_random_uuid(), 'First site', " +
		"'first', now(), now())"
	if _, err := older.ExecContext(t.Context(), site); err != nil {
		t.Fatal(err)
	}
	up(t, older)
	up(t, older) // and again, which changes nothing
	_, address := dbtest.URLs(t)
	fresh := open(t, address)
	for _, query := range []string{tables, rest} {
		adopted, made := structure(t, older, query), structure(t, fresh, query)
		for _, line := range without(adopted, made) {
			t.Errorf("only in the adopted one: %s", line)
		}
		for _, line := range without(made, adopted) {
			t.Errorf("only in the new one: %s", line)
		}
	}
	var name string
	if err := older.QueryRowContext(t.Context(), "select name from sites").
		Scan(&name); err != nil ||
		name != "First site" {
		t.Errorf("%q, %v", name, err)
	}
}

// A database of any other version of before is refused in one line that says what to do, and nothing is changed.
func TestOtherOldVersionsAreRefused(t *testing.T) {
	t.Parallel()
	older := dbtest.OlderOwner(t)
	if _, err := older.ExecContext(t.Context(), "delete from goose_db_version where version_id = 31"); err != nil {
		t.Fatal(err)
	}
	before := structure(t, older, tables+" union all "+rest)
	err := migrations.Up(t.Context(), older)
	if err == nil || !strings.Contains(err.Error(), "is at version 30") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	if after := structure(t, older, tables+" union all "+rest); !slices.Equal(before, after) {
		t.Errorf("changed: %v %v", without(after, before), without(before, after))
	}
}

// A file of the folder always is applied when its text has changed, and then says the whole of what it is
// about: a policy and a right that it does not list are gone.
func TestAChangedFileIsAppliedAgain(t *testing.T) {
	t.Parallel()
	_, address := dbtest.URLs(t)
	owner := open(t, address)
	before := structure(t, owner, rest)
	const strange = `create policy strange on patients to waypost_patients using (true); grant delete on
		patients to waypost_patients;
		drop policy staff on patients;`
	if _, err := owner.ExecContext(t.Context(), strange); err != nil {
		t.Fatal(err)
	}
	up(t, owner)
	if after := structure(t, owner, rest); slices.Equal(before, after) {
		t.Error("a file was applied though its text had not changed")
	}
	if _, err := owner.ExecContext(
		t.Context(),
		"update applied_files set sha256 = '' where name like '%people%'",
	); err != nil {
		t.Fatal(err)
	}
	up(t, owner)
	if after := structure(t, owner, rest); !slices.Equal(before, after) {
		t.Errorf("left: %v, lost: %v", without(after, before), without(before, after))
	}
}

func open(t *testing.T, address string) *sql.DB {
	t.Helper()
	owner, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { owner.Close() })
	return owner
}
