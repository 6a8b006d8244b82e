package db_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// ask runs a query that returns texts, as the actor given.
func ask(t *testing.T, d *db.DB, who actor.Actor, sql string, args ...any) (out []string) {
	t.Helper()
	err := d.Do(actor.With(t.Context(), who), func(tx *db.Tx) error { return tx.Raw(sql, args...).Scan(&out).Error })
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// count is how many rows of the table the actor reads; "none" where their role has no right to it.
func count(t *testing.T, d *db.DB, who actor.Actor, table string) string {
	t.Helper()
	var n string
	err := d.Do(actor.With(t.Context(), who), func(tx *db.Tx) error {
		return tx.Raw("select count(*)::text from " + table).Scan(&n).Error
	})
	switch {
	case err != nil && strings.Contains(err.Error(), "42501"): // permission denied
		return "none"
	case err != nil:
		t.Fatal(err)
	}
	return n
}

// roles are the actors' roles of the database, one actor each.
var roles = map[string]actor.Actor{
	"waypost_app": {}, "waypost_staff": {Role: actor.LinkWorker}, "waypost_organisations": {Role: actor.Organisation},
	"waypost_patients": {Role: actor.Patient},
	"waypost_jobs":     actor.Named("test"),
}

const siteTables = `select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'site_id'
	where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and not c.relispartition`

func TestEveryTableOfASiteHasRowLevelSecurityAndAPolicy(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	if n := len(ask(t, d, actor.Actor{}, siteTables)); n < 14 {
		t.Fatalf("only %d tables have a site_id: the test looks in the wrong place", n)
	}
	bare := ask(
		t,
		d,
		actor.Actor{},
		siteTables+` and not (c.relrowsecurity and exists (select from pg_policy p where p.polrelid = c.oid))`,
	)
	if len(bare) > 0 {
		t.Errorf("tables of a site without row-level security and a policy: %v", bare)
	}
}

func TestTheAppsRolesOwnNothingAndCannotBypass(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	const granted = "select table_name from information_schema.role_table_grants where grantee = current_user and " +
		"table_schema = 'public'"
	for role, who := range roles {
		if got := ask(t, d, who, "select current_user"); got[0] != role {
			t.Errorf("%s runs as %s", role, got[0])
		}
		if owned := ask(
			t,
			d,
			who,
			"select relname from pg_class where relowner = current_user::regrole",
		); len(
			owned,
		) > 0 {
			t.Errorf("%s owns %v", role, owned)
		}
		if strong := ask(t, d, who, `select rolname from pg_roles
			where rolname = current_user and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb)`); len(strong) > 0 {
			t.Errorf("%s may bypass row-level security", role)
		}
		if deletes := ask(
			t,
			d,
			who,
			granted+` and privilege_type = 'DELETE' and table_name not in ('idempotency', 'schedules',
			'external_ids', 'person_lookups', 'person_lookups_due',
			'follow_up_answers', 'figure_snapshots', 'webhooks', 'webhook_deliveries')`,
		); len(
			deletes,
		) > 0 {
			t.Errorf("%s may delete from %v", role, deletes)
		}
		if changes := ask(t, d, who, granted+` and privilege_type = 'UPDATE'
			and table_name in ('events', 'access_log', 'consents', 'attendances', 'instruments')`); len(changes) > 0 {
			t.Errorf("%s may change what only grows: %v", role, changes)
		}
		if writes := ask(t, d, who, granted+` and privilege_type <> 'SELECT'
			and table_name in ('pairs', 'pair_changes')`); len(writes) > 0 {
			t.Errorf("%s may write what triggers keep: %v", role, writes)
		}
	}
}

// Before it is known who acts, no record is read: what is granted to that role is no table of a site.
func TestNobodyYetReadsNoRecord(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	tables := ask(t, d, actor.Actor{}, `select distinct table_name from information_schema.role_table_grants
		where grantee = current_user and table_schema = 'public' and table_name !~ '^code_'`)
	if !slices.Equal(slices.Sorted(slices.Values(tables)), []string{"goose_db_version", "installation"}) {
		t.Errorf("waypost_app reads %v", tables)
	}
}

// Policies ask who acts in subqueries, which PostgreSQL runs once for a query and not once for each row
// that it looks at.
func TestPoliciesAskOnce(t *testing.T) {
	t.Parallel()
	asks := ask(t, dbtest.New(t), actor.Actor{}, `select tablename || '.' || policyname || ': ' ||
		concat_ws(' ', qual, with_check)
		from pg_policies where schemaname = 'public' and concat_ws(' ', qual, with_check) ~ 'acting_|caller_'`)
	if len(asks) < 40 {
		t.Fatalf("only %d policies: the test looks in the wrong place", len(asks))
	}
	once := regexp.MustCompile(`SELECT (acting|caller)_\w+\(\)`)
	each := regexp.MustCompile(`(acting|caller)_\w+\(\)|current_setting\(`)
	for _, policy := range asks {
		if each.MatchString(once.ReplaceAllString(policy, "")) {
			t.Errorf("asks for each row: %s", policy)
		}
	}
}

// Foreign keys between tables of a site carry the site: key checks bypass policies, so a bare id would reach across.
func TestForeignKeysBetweenTablesOfASiteCarryTheSite(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	bare := ask(t, d, actor.Actor{}, `select k.conrelid::regclass || '.' || k.conname from pg_constraint k
		where k.contype = 'f' and k.conrelid in (select oid from pg_class where relname in (`+siteTables+`))
		and k.confrelid in (select oid from pg_class where relname in (`+siteTables+`))
		and not exists (select from pg_attribute a where a.attrelid = k.conrelid and a.attname = 'site_id' and a.attnum = any(k.conkey))`)
	if len(bare) > 0 {
		t.Errorf("foreign keys that reach across sites: %v", bare)
	}
}

// With a row in every table of a site, an actor without sites sees none of them; nor does one of another site.
func TestNobodySeesNoRow(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	fillEveryTable(t, d)
	system := actor.Named("test")
	for _, table := range ask(t, d, actor.Actor{}, siteTables+" order by 1") {
		if table == "access_log" {
			continue // nobody but a job may read it, and its rows are tested where they are written
		}
		if ask(t, d, system, "select has_table_privilege('"+table+"', 'select')::text")[0] == "false" {
			if table != "cohort" {
				t.Errorf("%s: nobody may read it, so what is it for?", table)
			}
			continue // the form of a temporary table
		}
		if n := ask(t, d, system, "select count(*)::text from "+table); n[0] == "0" {
			t.Errorf("%s: the test has put no row into it, so it cannot tell", table)
		}
		for name, who := range map[string]actor.Actor{
			"nobody": {}, "a link worker of no site": {Role: actor.LinkWorker},
			"another site":         {Role: actor.LinkWorker, Sites: db.IDs{otherSite}},
			"another organisation": {Role: actor.Organisation, OrganisationID: &otherSite}, "a researcher": {Role: actor.Researcher},
		} {
			if n := count(t, d, who, table); n != "0" && n != "none" {
				t.Errorf("%s: %s sees %s rows", table, name, n)
			}
		}
		if n := count(t, d, actor.Actor{}, table); n != "none" {
			t.Errorf("%s: nobody reads %s rows", table, n)
		}
	}
	if n := count(t, d, actor.Actor{Role: actor.Administrator}, "patients"); n != "0" {
		t.Error("an administrator sees a person's record")
	}
}

// A person behind their own link sees rows about themselves, and of nobody else at their site.
func TestAPersonSeesTheirOwnRowsAlone(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	fillEveryTable(t, d)
	patient := uuid.MustParse(ask(t, d, actor.Named("test"), "select id::text from patients order by id")[0])
	site := uuid.MustParse(ask(t, d, actor.Named("test"), "select site_id::text from patients order by id")[0])
	own := actor.Actor{Role: actor.Patient, Sites: db.IDs{site}, PatientID: &patient}
	stranger := actor.Actor{Role: actor.Patient, Sites: db.IDs{site}, PatientID: &otherSite}
	for _, table := range []string{"patients", "consents", "episodes", "referrals", "follow_ups",
		"follow_up_attempts", "follow_up_completions", "follow_up_services", "follow_up_links", "follow_up_answers", "assessments",
		"assessment_scores"} {
		if n := count(t, d, own, table); n == "0" || n == "none" {
			t.Errorf("%s: the person does not see their own row", table)
		}
		if n := count(t, d, stranger, table); n != "0" {
			t.Errorf("%s: a person sees %s rows of another", table, n)
		}
	}
	for _, table := range []string{"contacts", "referral_moves", "attendances", "outbox", "events", "webhooks", "api_keys",
		"pairs", "pair_changes"} {
		if n := count(t, d, own, table); n != "none" {
			t.Errorf("%s: a person's link reads it", table)
		}
	}
	if n := count(t, d, own, "safeguarding_flags"); n != "0" {
		t.Error("a person's link reaches safeguarding flags")
	}
}

// A Do whose statement failed and was passed over is not taken for a commit.
func TestAPassedOverFailureIsNoCommit(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	err := d.Do(actor.With(t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		_ = tx.Exec("select 1/0").Error
		return nil
	})
	if err == nil {
		t.Fatal("a rolled-back transaction was reported as committed")
	}
	if strings.Contains(err.Error(), "password") {
		t.Error(err)
	}
}

// A function with its owner's rights must not be led astray by a table that a session makes.
func TestDefinerFunctionsLookIntoTemporaryTablesLast(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	const definers = "select proname from pg_proc where prosecdef and pronamespace = 'public'::regnamespace"
	if n := len(ask(t, d, actor.Actor{}, definers)); n < 5 {
		t.Fatalf("only %d functions: the test looks in the wrong place", n)
	}
	if astray := ask(
		t,
		d,
		actor.Actor{},
		definers+" and not coalesce('search_path=public, pg_temp' = any(proconfig), false)",
	); len(
		astray,
	) > 0 {
		t.Errorf("led astray: %v", astray)
	}
}

// A job reaches every site; by an id it reads the row of the sites it works for, and not the whole index.
func TestAJobFindsARowByItsIndex(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	job := actor.Named("test")
	job.Sites = db.IDs{site1, otherSite}
	for _, who := range []actor.Actor{job, {Role: actor.LinkWorker, Sites: job.Sites}, {Role: actor.LinkWorker, Sites: db.IDs{site1}}} {
		err := d.Do(actor.With(t.Context(), who), func(tx *db.Tx) error {
			var plan []string
			if err := tx.Exec("set local enable_seqscan = off").Error; err != nil {
				return err
			}
			err := tx.Raw("explain (?)", tx.InSites().Table("patients").Where("id = ?", otherSite)).Scan(&plan).Error
			if text := strings.Join(
				plan,
				"\n",
			); !regexp.MustCompile(`Index Cond: .*site_id = .*id = `).
				MatchString(text) {
				t.Errorf("%s of %d sites:\n%s", who.Role, len(who.Sites), text)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A function in SQL that reads a table and gives one value is planned at each call: what a request calls keeps its plans,
// in PL/pgSQL.
func TestFunctionsOfRequestsKeepTheirPlans(t *testing.T) {
	t.Parallel()
	rare := map[string]bool{ // once a query at most, or by jobs
		"age_band": true, "events_wait": true, "key_named": true, "key_origin": true, "kept_patient": true,
		"merge_touches": true, "partner_statistics": true, "project_time_zone": true,
		"projects_there": true, "referred_person_died_on": true, "referring_phone": true,
		"referring_site": true, "services_said": true, "subject_owner": true, "words_may_show": true,
	}
	found := ask(t, dbtest.New(t), actor.Actor{}, `select p.proname from pg_proc p join pg_language l on l.oid = p.prolang
		where p.pronamespace = 'public'::regnamespace and l.lanname = 'sql' and not p.proretset and p.prosrc ~* '\mfrom '
			and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')`)
	if len(found) < 5 {
		t.Fatalf("only %d functions: the test looks in the wrong place", len(found))
	}
	for _, name := range found {
		if !rare[name] {
			t.Errorf("%s is planned anew at each call", name)
		}
	}
}

// Whatever the server's default is: queries of figures are long and cheap, and PostgreSQL would compile them each time, which
// takes longer than they do.
func TestNoQueryIsCompiled(t *testing.T) {
	t.Parallel()
	const asked = "select setting || ' by ' || source from pg_settings where name = 'jit'"
	if jit := ask(t, dbtest.New(t), actor.Named("test"), asked); !slices.Equal(jit, []string{"off by client"}) {
		t.Errorf("jit is %v", jit)
	}
}
