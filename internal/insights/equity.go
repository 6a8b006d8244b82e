package insights

import "context"

const equityDefinition = "How far people came (as flow) beside one another: by deprivation of their neighbourhood, ethnic group, " +
	"gender and age. Every other figure can be divided in the same way, by its parameter by. " +
	"A group that is referred in less often, or lost on the way more often, shows here; why it is so does not."

// equity is flow by each of several dimensions. It has no tables of its own in a snapshot.
var equity = Metric{
	Entry: Entry{
		ID:         "equity",
		Title:      "How far people came, by who they are",
		Definition: equityDefinition,
		Formula:    flow.Formula,
		Version:    2,
	},
	Operation: Operation{
		ID:      "get-equity",
		Summary: "How far people came, by who they are",
		About: "Returns how far people came by deprivation, ethnic group, gender and age, beside all together. " +
			"For partners it is of all time.",
	},
}

func init() { register(equity, askEquity) }

// askEquity answers for all together, and then for each value of each of these dimensions.
func askEquity(ctx context.Context, s *Store, q Query) (out Figures[FlowRow], err error) {
	for i, by := range []Dimension{ByDeprivation, ByEthnicGroup, ByGender, ByAgeBand} {
		q.By = by
		one, err := ask(ctx, s, flow, q)
		if err != nil {
			return one, err
		}
		if i == 0 {
			out = one
			out.Metric, out.Version, out.Definition = equity.ID, equity.Version, equityDefinition
		} else {
			out.Rows = append(out.Rows, one.Rows[1:]...)
		}
	}
	return out, nil
}
