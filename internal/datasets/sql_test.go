package datasets

import (
	"slices"
	"testing"

	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/sqlfile"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func TestPostgreSQLTakesEveryTable(t *testing.T) {
	texts := map[string]sqlfile.Text{}
	for _, name := range []string{"flow", "left", "states", "missing"} {
		texts[name] = files.Render(name+".sql.tmpl", nil)
	}
	for _, table := range tables {
		texts["table "+table.Name] = table.query()
	}
	for level := range 3 {
		var values []string
		for _, q := range quasis {
			values = append(values, q.at(level))
		}
		texts["classes"+string(rune('0'+level))] = classesText(values)
		texts["gather"+string(rune('0'+level))] = gatherText(values, slices.Clone(values[:2]))
	}
	dbtest.Prepare(t, texts, "select stage('cohort')")
}
