package worklists

import (
	"testing"

	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/sqlfile"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func TestPostgreSQLTakesEveryList(t *testing.T) {
	texts := map[string]sqlfile.Text{}
	for who, of := range map[string]scope{
		"everybody":              {},
		"a link worker":          {Worker: true},
		"somebody who stands in": {Worker: true, Covers: true},
	} {
		texts["counts of "+who] = counts(of, of.Worker)
		texts["pairs of "+who] = sqlfile.Parse(pairScope{Worker: of.Worker, Rows: true}.sql())
		texts["pairs of "+who+", next page"] = sqlfile.Parse(pairScope{of.Worker, true, true}.sql())
		for _, l := range lists {
			texts[l.Name+" of "+who] = l.page(of, false)
			texts[l.Name+" of "+who+", next page"] = l.page(of, true)
		}
	}
	for sort := range sorts {
		l, err := lists[1].by(Narrow{Sort: sort})
		if err != nil || l.Name != "caseload" {
			t.Fatal(l.Name, err)
		}
		narrowed := scope{Worker: true, Covers: true, Words: true, Needs: true, Statuses: true}
		texts["caseload narrowed, by "+sort] = l.page(narrowed, false)
		texts["caseload narrowed, by "+sort+", next page"] = l.page(narrowed, true)
	}
	dbtest.Prepare(t, texts)
}
