package insights

import (
	"slices"

	"waypost/internal/instruments"
	"waypost/internal/platform/db"
)

// The scores and items of the instruments that come with Waypost. Those of a site's own are read from their table.
var (
	builtinScales = scalesOf(instruments.Builtin()) // without a timepoint: the sites' schedules name those
	builtinItems  = itemsOf(instruments.Builtin())
)

// item is a question that is answered with a number.
type item struct {
	Instrument string   `json:"instrument"`
	Code       string   `json:"item"`
	Best       *float64 `json:"best"` // the answer that nothing is better than; nil: neither end is said to be
}

func itemsOf(list []instruments.Instrument) (out []item) {
	for _, i := range list {
		for _, it := range i.Items {
			if it.Type == "number" && !i.Context {
				out = append(out, item{Instrument: i.Key, Code: it.Code, Best: best(i, it)})
			}
		}
	}
	return out
}

// best is the end of an item's range that makes the score better which it is summed up into.
func best(i instruments.Instrument, it instruments.Item) *float64 {
	for _, s := range i.Scores {
		switch {
		case !slices.Contains(s.Items, it.Code):
		case (s.Better == "higher") == slices.Contains(s.Reverse, it.Code):
			return it.Min
		default:
			return it.Max
		}
	}
	return nil
}

func scalesOf(list []instruments.Instrument) (out []Scale) {
	for _, i := range list {
		for _, s := range i.Scores {
			out = append(out, Scale{
				Instrument: i.Key,
				Version:    i.Version,
				Score:      s.Code,
				Better:     Better(s.Better),
				Resolution: s.Resolution,
				Responder:  s.ResponderThreshold,
				Bands:      db.JSON[[]Band]{V: bandsOf(s)},
			})
		}
	}
	return out
}

func bandsOf(s instruments.Score) (list []Band) {
	for _, b := range s.Bands {
		list = append(list, Band{Code: b.Code, From: b.From, To: b.To})
	}
	return list
}
