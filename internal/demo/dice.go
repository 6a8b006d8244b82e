package demo

import (
	"math"
	"math/rand/v2"

	"waypost/internal/platform/day"
)

// dice draw everything that is left to chance. The same seed draws the same.
type dice struct{ *rand.Rand }

// roll starts the dice of one thing, such as a person, so that none depends on how many were drawn before it.
func roll(seed uint64, of int) dice { return dice{rand.New(rand.NewPCG(seed, uint64(of)))} }

func (d dice) chance(p float64) bool { return d.Float64() < p }

// between draws a whole number, both ends included; the lower one where there is no room.
func (d dice) between(lo, hi int) int {
	if hi <= lo {
		return lo
	}
	return lo + d.IntN(hi-lo+1)
}

func (d dice) normal(mean, sd float64) float64 { return mean + sd*d.NormFloat64() }

// day draws a day between two, both included, and mostly no weekend's.
func (d dice) day(from, to day.Date) day.Date {
	on := from.AddDays(d.between(0, to.DaysSince(from)))
	for range 2 {
		if weekend(on) && on.Before(to) {
			on = on.AddDays(1)
		}
	}
	return on
}

// monday is a Monday, from which days of the week are counted.
var monday = day.New(2001, 1, 1)

func weekend(d day.Date) bool { return ((d.DaysSince(monday)%7)+7)%7 >= 5 }

func pick[T any](d dice, list []T) T { return list[d.IntN(len(list))] }

// maybe draws one of a list with the probability, or none.
func maybe(d dice, p float64, list []string) *string {
	if !d.chance(p) {
		return nil
	}
	return new(pick(d, list))
}

// mix is codes, each with how often it is drawn.
type mix []struct {
	code  string
	share float64
}

func (d dice) of(m mix) string {
	total := 0.0
	for _, c := range m {
		total += c.share
	}
	x := d.Float64() * total
	for _, c := range m {
		if x -= c.share; x < 0 {
			return c.code
		}
	}
	return m[0].code // rounding
}

// shuffle mixes a list in place.
func shuffle[T any](d dice, list []T) {
	d.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

// scale rounds and keeps within 0 to 10, as answers of a well-being scale are.
func scale(x float64) float64 { return math.Round(min(10, max(0, x))) }

func earlier(a, b day.Date) day.Date {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b day.Date) day.Date {
	if a.Before(b) {
		return b
	}
	return a
}
