package insights

import "context"

var equityEntry = Entry{
	ID:         "equity",
	Title:      "How far people came, by who they are",
	Definition: equityDefinition,
	Formula:    flow.Formula,
	Dimensions: []Dimension{},
	Filters:    countFilters,
	Version:    1,
}

const equityDefinition = "How far people came (as flow) beside one another: by deprivation of their neighbourhood, ethnic group, " +
	"gender and age. Every other figure can be divided in the same way, by its parameter by. " +
	"A group that is referred in less often, or lost on the way more often, shows here; why it is so does not."

var equal = []Dimension{ByDeprivation, ByEthnicGroup, ByGender, ByAgeBand}

// Equity is how far people came, by who they are: all together, and then each value of each of these dimensions.
func (s *Store) Equity(ctx context.Context, q Query) (out Figures[FlowRow], err error) {
	for i, by := range equal {
		q.By = by
		one, err := ask(ctx, s, flow, q)
		if err != nil {
			return one, err
		}
		if i == 0 {
			out = one
			out.Metric, out.Version, out.Definition = equityEntry.ID, equityEntry.Version, equityDefinition
		} else {
			out.Rows = append(out.Rows, one.Rows[1:]...)
		}
	}
	return out, nil
}
