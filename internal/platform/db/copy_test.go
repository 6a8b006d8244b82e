package db_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/fault"
)

// Rows with every kind of column that the house has: by SQL's names, since the areas are above this package.
type (
	patient struct {
		SiteID, ID            uuid.UUID
		NHSNumber             *string
		GivenName, FamilyName string
		PreferredName         *string
		BirthDate             day.Partial
		DiedOn                *day.Date
		IMDDecile             *int
		IMDVersion            *string
		NationalDataOptOut    *bool
		ExternalIDs           db.ExternalIDs
		RecordedVia           string
		CreatedAt, UpdatedAt  time.Time
		Warnings              []string `gorm:"-"`
		Paused                bool     `gorm:"->"` // read, and never written
	}
	service struct {
		ID, OrganisationID          uuid.UUID
		Name, ActivityType          string
		Needs                       db.Texts
		Latitude, Longitude         *float64
		CapacityAsOf                *time.Time
		NeedsSource, Status, Source string
		CreatedAt, UpdatedAt        time.Time
	}
	site struct {
		ID                   uuid.UUID
		Name, Code           string
		ChaseDays            db.Ints
		CreatedAt, UpdatedAt time.Time
	}
	note struct {
		ID                             uuid.UUID
		SiteID, ReferralID, ActorKeyID *uuid.UUID
		Type, SubjectType              string
		SubjectID                      uuid.UUID
		ActorRole                      actor.Role
		OnBehalf                       bool
		Side                           actor.Side
		OccurredAt, RecordedAt         time.Time
		Data                           db.JSON[map[string]any]
	}
)

func (note) TableName() string { return "events" }

var (
	site1 = uuid.MustParse("01938c2e-7a40-7000-8000-000000000001") // as in everyTable
	club  = uuid.MustParse("01938c2e-7a40-7000-8000-000000000003")
)

// A copy writes what an insert writes, whatever the values.
func TestCopyWritesWhatCreateWrites(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	fillEveryTable(t, d)
	rapid.Check(t, func(r *rapid.T) {
		undone := errors.New("undone")
		err := d.Do(actor.With(t.Context(), actor.Named("test")), func(tx *db.Tx) error {
			sameRows(r, tx, "patients", rapid.SliceOfN(rapid.Custom(drawPatient), 1, 5).Draw(r, "patients"))
			sameRows(r, tx, "services", rapid.SliceOfN(rapid.Custom(drawService), 1, 5).Draw(r, "services"))
			sameRows(r, tx, "sites", rapid.SliceOfN(rapid.Custom(drawSite), 1, 5).Draw(r, "sites"))
			sameRows(r, tx, "events", rapid.SliceOfN(rapid.Custom(drawNote), 1, 5).Draw(r, "events"))
			return undone
		})
		if !errors.Is(err, undone) {
			r.Fatal(err)
		}
	})
}

// sameRows writes the rows in both ways, and compares the table, and what its trigger keeps.
func sameRows[T any](r *rapid.T, tx *db.Tx, table string, rows []T) {
	written := func(write func() error) (digest string) {
		must(r, tx.Exec("savepoint before").Error)
		must(r, write())
		// but for the order in which events arrive, which goes on
		must(
			r,
			tx.Raw("select md5((select string_agg((to_jsonb(x) - 'arrived')::text, '|' order by id) from "+table+" x) "+
				"|| coalesce((select string_agg(e::text, '|' order by e::text) from external_ids e), ''))").
				Scan(&digest).
				Error,
		)
		must(r, tx.Exec("rollback to before").Error)
		return digest
	}
	created := written(func() error { return tx.Create(&rows).Error })
	if copied := written(func() error { return db.Copy(tx, rows) }); copied != created {
		r.Errorf("%s: a copy of %+v is not what an insert writes", table, rows)
	}
}

func must(r rapid.TB, err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

var (
	text = rapid.Map(
		rapid.String(),
		func(s string) string { return strings.ReplaceAll(s, "\x00", "") + "\t\\.\n\"{,}" },
	)
	texts   = rapid.Ptr(text, true)
	instant = rapid.Map(rapid.Int64Range(-4e18, 4e18), func(n int64) time.Time { return time.Unix(0, n) })
	date    = rapid.Map(
		rapid.IntRange(-700_000, 900_000),
		func(n int) day.Date { return day.New(2000, 1, 1).AddDays(n) },
	)
	id = rapid.Map(rapid.SliceOfN(rapid.Byte(), 16, 16), func(b []byte) uuid.UUID { return uuid.UUID(b) })
)

func drawPatient(r *rapid.T) patient {
	p := patient{
		SiteID:             site1,
		ID:                 db.IDAt(time.Now()),
		GivenName:          text.Draw(r, "given"),
		FamilyName:         text.Draw(r, "family"),
		PreferredName:      texts.Draw(r, "preferred"),
		BirthDate:          date.Draw(r, "birth").Whole(),
		DiedOn:             rapid.Ptr(date, true).Draw(r, "died"),
		NationalDataOptOut: rapid.Ptr(rapid.Bool(), true).Draw(r, "opt out"),
		RecordedVia:        "demo",
		CreatedAt:          instant.Draw(r, "created"),
		UpdatedAt:          instant.Draw(r, "updated"),
		Paused:             true,
	}
	if rapid.Bool().Draw(r, "known") {
		p.IMDDecile, p.IMDVersion = new(rapid.IntRange(1, 10).Draw(r, "decile")), new("2025")
		p.ExternalIDs = db.ExternalIDs{{System: text.Draw(r, "system"), Value: p.ID.String()}}
	}
	return p
}

func drawService(r *rapid.T) service {
	return service{
		ID: db.IDAt(
			time.Now(),
		),
		OrganisationID: club,
		Name:           text.Draw(r, "name"),
		ActivityType:   "other",
		Needs:          rapid.SliceOf(rapid.SampledFrom([]string{"food", "pain", "other"})).Draw(r, "needs"),
		Latitude: new(
			rapid.Float64Range(-90, 90).Draw(r, "latitude"),
		),
		Longitude:    new(rapid.Float64Range(-180, 180).Draw(r, "longitude")),
		CapacityAsOf: rapid.Ptr(instant, true).Draw(r, "as of"),
		NeedsSource:  "stated",
		Status:       "active",
		Source:       "test",
		CreatedAt:    instant.Draw(r, "created"),
		UpdatedAt:    instant.Draw(r, "updated"),
	}
}

func drawSite(r *rapid.T) site {
	at := instant.Draw(r, "at")
	return site{
		ID:        db.IDAt(time.Now()),
		Name:      text.Draw(r, "name"),
		Code:      db.IDAt(time.Now()).String(),
		ChaseDays: rapid.SliceOf(rapid.IntRange(-1<<31, 1<<31-1)).Draw(r, "days"),
		CreatedAt: at,
		UpdatedAt: at,
	}
}

func drawNote(r *rapid.T) note {
	return note{
		ID: db.IDAt(
			time.Now(),
		),
		SiteID:      rapid.Ptr(id, true).Draw(r, "site"),
		ReferralID:  rapid.Ptr(id, true).Draw(r, "referral"),
		ActorKeyID:  rapid.Ptr(id, true).Draw(r, "key"),
		Type:        "x",
		SubjectType: "y",
		SubjectID:   id.Draw(r, "subject"),
		ActorRole:   actor.System,
		OnBehalf:    rapid.Bool().Draw(r, "on behalf"),
		Side:        actor.SidePatient,
		OccurredAt: instant.Draw(
			r,
			"occurred",
		),
		RecordedAt: instant.Draw(r, "recorded"),
		Data:       db.JSON[map[string]any]{V: rapid.MapOf(text, rapid.Just[any](1.5)).Draw(r, "data")},
	}
}

func somebody(at uuid.UUID) patient {
	now := time.Now()
	return patient{
		SiteID:      at,
		ID:          db.IDAt(now),
		GivenName:   "Ann",
		FamilyName:  "Bee",
		BirthDate:   day.New(1950, 4, 1).Whole(),
		RecordedVia: "demo",
		CreatedAt:   now,
		UpdatedAt:   now,
	}
}

const people = "select given_name from patients order by id"

// What a copy brings is held to the policies of the table, its keys and its checks; of a refused one nothing is left.
func TestCopyIsHeldToTheRules(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	fillEveryTable(t, d)
	exec(
		t,
		d,
		"insert into sites (id, name, code, created_at, updated_at) values (?, 'Other', 'other', now(), now())",
		otherSite,
	)
	worker := actor.Actor{Role: actor.LinkWorker, Sites: db.IDs{site1}}
	numbered, tooBig, nowhere := somebody(site1), somebody(site1), somebody(site1)
	numbered.NHSNumber, tooBig.IMDDecile, nowhere.SiteID = new("9992000007"), new(3_000_000_001), uuid.New()
	again := numbered
	again.ID = db.IDAt(time.Now())
	for name, c := range map[string]struct {
		who  actor.Actor
		rows []patient
		want fault.Kind
	}{
		"a row of another site":          {worker, []patient{somebody(site1), somebody(otherSite)}, fault.NotFound},
		"rows of nobody's":               {actor.Actor{}, []patient{somebody(site1)}, ""}, // without any right
		"a number twice":                 {worker, []patient{numbered, again}, fault.Conflict},
		"a row of a site there is not":   {actor.Named("test"), []patient{nowhere}, fault.Invalid},
		"a value that fits in no column": {worker, []patient{tooBig}, ""},
	} {
		err := d.Do(actor.With(t.Context(), c.who), func(tx *db.Tx) error { return db.Copy(tx, c.rows) })
		var f *fault.Error
		if err == nil || errors.As(err, &f) && f.Kind != c.want || f == nil && c.want != "" {
			t.Errorf("%s: %v", name, err)
		} else if said := fmt.Sprint(err); strings.Contains(said, "3000000001") || strings.Contains(said, "Bee") {
			t.Errorf("%s: the error tells a value: %v", name, err)
		}
	}
	if left := ask(t, d, actor.Named("test"), people); len(left) != 2 {
		t.Errorf("left of what was refused: %v", left)
	}
	if err := d.Do(
		actor.With(t.Context(), worker),
		func(tx *db.Tx) error { return db.Copy(tx, []patient{somebody(site1)}) },
	); err != nil {
		t.Errorf("a link worker's own site: %v", err)
	}
}

// Two loaders have staging tables of their own, which end with their transactions.
func TestTwoCopiesDoNotMeet(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	fillEveryTable(t, d)
	job := actor.With(t.Context(), actor.Named("test"))
	err := d.Do(job, func(first *db.Tx) error {
		if err := db.Copy(first, []patient{somebody(site1)}); err != nil {
			return err
		}
		if err := d.Do(
			job,
			func(second *db.Tx) error { return db.Copy(second, []patient{somebody(site1), somebody(site1)}) },
		); err != nil {
			return err
		}
		return db.Copy(first, []patient{somebody(site1)})
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := ask(t, d, actor.Named("test"), people); len(n) != 6 { // two were there before
		t.Errorf("%d people", len(n))
	}
	if left := ask(
		t,
		d,
		actor.Named("test"),
		"select relname from pg_class where relname like 'staged%'",
	); len(
		left,
	) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// After refresh_statistics the planner knows of rows that came in a moment ago.
func TestStatisticsAreRefreshed(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	fillEveryTable(t, d)
	rows := make([]patient, 1000)
	for i := range rows {
		rows[i] = somebody(site1)
	}
	err := d.Do(actor.With(t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		if err := db.Copy(tx, rows); err != nil {
			return err
		}
		return tx.Exec("select refresh_statistics()").Error
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := ask(
		t,
		d,
		actor.Actor{},
		"select reltuples::bigint::text from pg_class where oid = 'patients'::regclass",
	); n[0] != "1002" {
		t.Errorf("the planner reckons with %s people", n[0])
	}
}

func exec(t *testing.T, d *db.DB, sql string, args ...any) {
	t.Helper()
	if err := d.Do(
		actor.With(t.Context(), actor.Named("test")),
		func(tx *db.Tx) error { return tx.Exec(sql, args...).Error },
	); err != nil {
		t.Fatal(err)
	}
}
