package insights

import (
	"cmp"
	"context"
	"reflect"
	"slices"

	"waypost/internal/platform/db"
)

// Metric is one kind of figures, declared once: the catalogue, the API's operation, its document and the
// nightly snapshot are made of the declaration.
type Metric struct {
	Entry
	Operation Operation
	Answer    reflect.Type // Figures of the metric's rows

	ask func(ctx context.Context, s *Store, q Query) (Answer, error)
}

// Operation is what the API's document says of the operation that answers with a metric.
type Operation struct {
	ID, Summary string
	About       string // what it returns, in sentences
	By          string // what to know of its parameter by, after what holds for all
	Population  bool   // takes the parameter population
}

// Answer is Figures of any rows.
type Answer interface{ Mark() string }

// Entry is a metric in the catalogue.
type Entry struct {
	// The metric, and the last part of its path.
	ID string `json:"id" example:"retention"`
	// What it asks.
	Title string `json:"title" example:"Who was followed up"`
	// What it is, in words.
	Definition string `json:"definition"`
	// How its shares are worked out.
	Formula string `json:"formula"`
	// What by takes.
	Dimensions []Dimension `json:"dimensions"`
	// The other parameters.
	Filters []string `json:"filters"`
	// Version of the definition. Figures of two versions are not comparable.
	Version int `json:"version" example:"1"`
}

var (
	metrics  []Metric // by id
	contents []tables // of a snapshot
)

// tables are what a snapshot holds of one metric.
type tables interface {
	name() string
	columnNames() []string // of its counts, in the order in which a snapshot keeps them
	build(tx *db.Tx, next snapshot) ([]figure, error)
}

// register adds a metric that answers with rows R.
func register[R any](m Metric, ask func(context.Context, *Store, Query) (Figures[R], error)) {
	m.Answer = reflect.TypeFor[Figures[R]]()
	m.ask = func(ctx context.Context, s *Store, q Query) (Answer, error) { return ask(ctx, s, q) }
	m.Filters = countFilters
	if m.Operation.Population {
		m.Filters = append(slices.Clone(countFilters), "population")
	}
	if m.Dimensions == nil {
		m.Dimensions = []Dimension{}
	}
	metrics = append(metrics, m)
	slices.SortFunc(metrics, func(a, b Metric) int { return cmp.Compare(a.ID, b.ID) })
}

// Metrics lists the metrics by id.
func Metrics() []Metric { return slices.Clone(metrics) }

// Catalogue lists the metrics by id, as callers read them.
func Catalogue() (list []Entry) {
	for _, m := range metrics {
		list = append(list, m.Entry)
	}
	return list
}

// Ask answers with the metric's figures.
func (s *Store) Ask(ctx context.Context, m Metric, q Query) (Answer, error) { return m.ask(ctx, s, q) }

// What there is to know of the parameter by, beside what holds for all.
const (
	allTimeNote = "By anything but sites and months, a partner's figures are of all time: for a shorter period " +
		"they are withheld."
	ofPeopleNote = "deprivation: fifths of neighbourhoods. " + allTimeNote
)

var countFilters = []string{"from", "to", "site_id", "format"}
