package datasets

import "waypost/internal/instruments"

// builtinItems and builtinScores are those of the instruments that come with Waypost.
var builtinItems, builtinScores = itemsAndScores(instruments.Builtin())

// item is a question whose answer is a number or a code. What is answered in words does not leave.
type item struct {
	Instrument string
	Version    int
	Code       string
}

type score struct {
	Instrument string
	Version    int
	Code       string
	Better     string   // higher or lower
	Responder  *float64 // a change of so much counts as one; nil: no threshold is known
}

func itemsAndScores(list []instruments.Instrument) (items []item, scores []score) {
	for _, i := range list {
		for _, it := range i.Items {
			if it.Type != "text" {
				items = append(items, item{Instrument: i.Key, Version: i.Version, Code: it.Code})
			}
		}
		for _, s := range i.Scores {
			scores = append(scores, score{
				Instrument: i.Key,
				Version:    i.Version,
				Code:       s.Code,
				Better:     s.Better,
				Responder:  s.ResponderThreshold,
			})
		}
	}
	return items, scores
}
