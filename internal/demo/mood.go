package demo

import (
	"math"

	"waypost/internal/instruments"
)

// mood is how a person answers the four questions of ONS4: what they answered first, before rounding.
type mood map[string]float64

// measures: where answers lie at the baseline, how much they go with the person's mood, and the change
// months later. The national means are well above these; people are referred at a low point, so that some
// of the change is regression to the mean.
var measures = []struct {
	item                     string
	mean, sd, loading, gains float64
}{
	{"life_satisfaction", 4.8, 2.2, 0.8, 1.15},
	{"worthwhile", 5.3, 2.3, 0.75, 1.05},
	{"happiness", 5.0, 2.3, 0.7, 1.15},
	{"anxiety", 5.1, 2.7, -0.6, -1.15},
}

// feel draws how somebody is at the baseline.
func (d dice) feel() mood {
	m, shared := mood{}, d.NormFloat64()
	for _, q := range measures {
		own := d.NormFloat64() * math.Sqrt(1-q.loading*q.loading)
		m[q.item] = q.mean + q.sd*(q.loading*shared+own)
	}
	return m
}

// later is how they are some time on, with so much of the whole change.
func (m mood) later(d dice, part float64) mood {
	now, shared := mood{}, d.normal(0, 1.4)
	for _, q := range measures {
		drift := shared
		if q.gains < 0 {
			drift = -shared
		}
		now[q.item] = m[q.item] + part*q.gains + drift + d.normal(0, 1.5)
	}
	return now
}

// answers rounds to the scale; a few items are left without an answer.
func (m mood) answers(d dice) instruments.Responses {
	r := instruments.Responses{}
	for _, q := range measures {
		if d.chance(0.025) {
			r[q.item] = instruments.Answer{Missing: d.of(missingCodes)}
			continue
		}
		r[q.item] = instruments.Answer{Number: new(scale(m[q.item]))}
	}
	return r
}
