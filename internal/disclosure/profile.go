// Package disclosure decides which figures about people may leave Waypost, and how exactly.
//
// It is the one choke point: an area that publishes figures computes the true ones, hands their counts
// to a Profile, and shows what comes back. The package knows nothing of databases, sites or instruments.
package disclosure

// A rule is what a profile does to a count.
type rule struct {
	name      string
	threshold int // fewest people a figure may rest on; a count from 1 to one below is withheld
	rounding  int // other counts go to the nearest multiple
}

type kind int

const (
	nhsEngland kind = iota // first, so that a Profile nobody filled in still protects
	none
)

// rules are the profiles as data. NHS England's rule for sub-national figures (HES, SRHAD; since 2018): counts
// of 1 to 7 withheld, the others rounded, means only of 8 or more, percentages from rounded counts, totals from
// true counts and then rounded. The nearest 5 is also what OpenSAFELY's "7 and below, then round" goes to.
// That zero stays zero is Waypost's reading of it.
var rules = [...]rule{
	nhsEngland: {name: "nhs_england", threshold: 8, rounding: 5},
	none:       {name: "internal_none", threshold: 1, rounding: 1},
}

// Profile is how one answer's figures are protected. Its fields are closed: a profile with a threshold
// below its rule's cannot be made, and the zero Profile is NHS England's rule as it stands.
type Profile struct {
	kind      kind
	threshold int // a site's own; counts when it is the higher
}

// NHSEngland returns the profile for every figure that leaves a site. A threshold below 8 is raised to 8.
func NHSEngland(threshold int) Profile { return Profile{kind: nhsEngland, threshold: threshold} }

// None returns the profile of unprotected live figures, which a manager may see of their own site only.
func None() Profile { return Profile{kind: none} }

// Name is the profile's code: nhs_england or internal_none.
func (p Profile) Name() string { return rules[p.kind].name }

// Threshold is the fewest people a figure may rest on: 8 or more, and 1 for none.
func (p Profile) Threshold() int { return max(rules[p.kind].threshold, p.threshold) }

// Rounding is what published counts are multiples of: 5, and 1 for none.
func (p Profile) Rounding() int { return rules[p.kind].rounding }

// Notice tells the readers of an answer how its figures were protected.
type Notice struct {
	// The rule the figures were protected by; internal_none: unprotected, unrounded live figures, for
	// the site's own manager.
	Profile string `json:"profile" enum:"nhs_england,internal_none"`
	// Fewest people a figure may rest on; counts from 1 to one below are withheld (null). Zero stays
	// zero.
	Threshold int `json:"threshold" minimum:"1" example:"8"`
	// Counts are rounded to the nearest multiple of this, each from its true value, so that parts may
	// not add up to their total.
	Rounding int `json:"rounding" minimum:"1" example:"5"`
}

// Notice describes the profile.
func (p Profile) Notice() Notice {
	return Notice{Profile: p.Name(), Threshold: p.Threshold(), Rounding: p.Rounding()}
}

// Count protects a count that no other published figure can be taken from; counts that add up go through Table.
func (p Profile) Count(n int) *int {
	if !p.safe(n) {
		return nil
	}
	return new(p.round(n))
}

// Safe reports whether every count is nobody or enough people, so that it may be known.
func (p Profile) Safe(counts ...int) bool { return p.safe(counts...) }

// safe reports whether every count is zero or at least the threshold. A negative one is a mistake of the
// caller and is withheld.
func (p Profile) safe(counts ...int) bool {
	for _, n := range counts {
		if n != 0 && n < p.Threshold() {
			return false
		}
	}
	return true
}

// round returns the nearest multiple of the rounding, halves up, but for a count that is not zero never one
// below the threshold: under a site's own threshold of 11, eleven people are shown as 15, not as a 10 that
// the answer itself says cannot be.
func (p Profile) round(n int) int {
	if n == 0 {
		return 0
	}
	r := p.Rounding()
	least := (p.Threshold() + r - 1) / r * r
	return max((n+r/2)/r*r, least)
}
