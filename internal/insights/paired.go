// Package insights answers how things stand over time: figures for dashboards, correct and safe to publish.
//
// It only reads. Statistics are computed from true values in full precision; what leaves goes through
// package disclosure, and is rounded for the wire, in one place for each insight.
package insights

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Pair is one person's score at the baseline and at the follow-up: the same episode, instrument version and
// score, the follow-up being the response in the analysis window nearest the target (ties to the earlier).
// A person is in a sample once.
type Pair struct{ Before, After float64 }

// Change is how the scores of n pairs changed, before against after. Change is always follow-up minus
// baseline in points of the score, whichever way is better. A nil figure does not exist for so few pairs.
//
// It is an uncontrolled before-after comparison: people referred at a low point regress to the mean.
type Change struct {
	N int
	// of the pairs' own baselines, never of people without a follow-up; nil below 1 pair
	BaselineMean, FollowUpMean *float64
	BaselineSD, FollowUpSD     *float64 // with n−1; nil below 2 pairs, as all that follows but the mean
	MeanChange, SDChange       *float64 // of the differences
	// 95 % confidence interval of the mean change, by Student's t with n−1 degrees of freedom
	CILow, CIHigh *float64
	T, P          *float64 // paired t and its two-sided p; nil too when all differences are equal
	DZ            *float64 // standardised mean change: mean over SD of the differences; nil as T
	GZ            *float64 // DZ with Hedges' small-sample factor 1 − 3/(4(n−1) − 1); nil as T
}

const confidence = 0.95

// Compare computes the change from pairs, in any order.
func Compare(pairs []Pair) Change {
	before, after, change := columns(pairs)
	c := Change{N: len(pairs)}
	c.BaselineMean, c.BaselineSD = meanSD(before)
	c.FollowUpMean, c.FollowUpSD = meanSD(after)
	c.MeanChange, c.SDChange = meanSD(change)
	if c.SDChange == nil {
		return c
	}
	c.infer(*c.MeanChange, *c.SDChange)
	return c
}

// infer fills in what rests on the distribution of the mean change, from two pairs up.
func (c *Change) infer(mean, sd float64) {
	df := float64(c.N - 1)
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}
	se := sd / math.Sqrt(float64(c.N))
	half := student.Quantile((1+confidence)/2) * se
	c.CILow, c.CIHigh = new(mean-half), new(mean+half)
	if sd == 0 {
		return
	}
	c.T, c.P = new(mean/se), new(2*student.Survival(math.Abs(mean/se)))
	c.DZ, c.GZ = new(mean/sd), new(mean/sd*(1-3/(4*df-1)))
}

func columns(pairs []Pair) (before, after, change []float64) {
	for _, p := range pairs {
		before, after, change = append(before, p.Before), append(after, p.After), append(change, p.After-p.Before)
	}
	return before, after, change
}

func meanSD(x []float64) (mean, sd *float64) {
	switch len(x) {
	case 0:
		return nil, nil
	case 1:
		return &x[0], nil
	}
	m, s := stat.MeanStdDev(x, nil)
	return &m, &s
}

// Better is the direction in which a score improves.
type Better string

const (
	Higher Better = "higher"
	Lower  Better = "lower"
)

// ONS4Responder is the least change of an ONS4 score, in points, that counts as improved or worse. It is a
// convention: there is no official minimal important change, and one point is the least an answer can move.
const ONS4Responder = 1.0

// Movement counts people by whether their score changed by the responder threshold or more, and which way.
type Movement struct{ Improved, Same, Worse int }

// Move sorts pairs by a responder threshold, in points, above zero.
func Move(pairs []Pair, better Better, threshold float64) (m Movement) {
	// Scores converted by table have decimals, and 19.98 − 16.98 must reach a threshold of 3.
	const slack = 1e-9
	for _, p := range pairs {
		gain := p.After - p.Before
		if better == Lower {
			gain = -gain
		}
		switch {
		case gain >= threshold-slack:
			m.Improved++
		case gain <= -threshold+slack:
			m.Worse++
		default:
			m.Same++
		}
	}
	return m
}
