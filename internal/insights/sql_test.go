package insights

import (
	"fmt"
	"slices"
	"testing"

	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/sqlfile"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// inAllWays adds the queries of a metric: by each of its dimensions, by several at once, of everybody and
// of one link worker.
func inAllWays(texts map[string]sqlfile.Text, name string, all []Dimension, text func([]Dimension, bool) sqlfile.Text) {
	for _, oneWorker := range []bool{false, true} {
		texts[fmt.Sprintf("%s by all at once, one link worker %t", name, oneWorker)] = text(
			append([]Dimension{Together}, all...),
			oneWorker,
		)
		for _, by := range append([]Dimension{Together, BySite, ByMonth}, all...) {
			texts[fmt.Sprintf("%s by %s, one link worker %t", name, by, oneWorker)] = text([]Dimension{by}, oneWorker)
		}
	}
}

func TestPostgreSQLTakesEveryMetric(t *testing.T) {
	texts := map[string]sqlfile.Text{"scales": files.SQL("scales.sql")}
	for _, m := range contents {
		if q, counts := m.(interface {
			query([]Dimension, bool) sqlfile.Text
			tableDimensions() []Dimension
		}); counts {
			inAllWays(texts, m.name(), q.tableDimensions(), q.query)
		}
	}
	for _, snapshot := range []bool{false, true} {
		inAllWays(
			texts,
			fmt.Sprintf("pairs, snapshot %t", snapshot),
			slices.Concat(ofPeople, []Dimension{ByService, ByPopulation}),
			func(by []Dimension, oneWorker bool) sqlfile.Text { return pairsText(by, oneWorker, snapshot) },
		)
	}
	dbtest.Prepare(t, texts)
}
