package insights

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Wilson is the 95 % confidence interval of a proportion, k of n, by Wilson's score: it stays within 0 and 1, and means
// something for 0 of n too. n is above zero.
func Wilson(k, n int) (low, high float64) {
	z := distuv.UnitNormal.Quantile((1 + confidence) / 2)
	p, size := float64(k)/float64(n), float64(n)
	middle := (p + z*z/(2*size)) / (1 + z*z/size)
	half := z / (1 + z*z/size) * math.Sqrt(p*(1-p)/size+z*z/(4*size*size))
	return max(0, middle-half), min(1, middle+half)
}

// Discordance is McNemar's test of two yes-or-no answers about the same things.
type Discordance struct {
	OnlyFirst, OnlySecond int      // yes by one alone
	P                     *float64 // two-sided; nil where they never differ
	// binomial, for fewer than 25 that differ; otherwise chi-squared with a correction for continuity
	Exact bool
}

const leastApproximate = 25

// McNemar tests whether one of two answers is yes more often than the other.
func McNemar(onlyFirst, onlySecond int) Discordance {
	d, n := Discordance{OnlyFirst: onlyFirst, OnlySecond: onlySecond}, onlyFirst+onlySecond
	switch {
	case n == 0:
	case n < leastApproximate:
		fair := distuv.Binomial{N: float64(n), P: 0.5}
		d.P, d.Exact = new(min(1, 2*fair.CDF(float64(min(onlyFirst, onlySecond))))), true
	default:
		off := max(0, math.Abs(float64(onlyFirst-onlySecond))-1)
		d.P = new(distuv.ChiSquared{K: 1}.Survival(off * off / float64(n)))
	}
	return d
}

// Group is what is known of some people's score.
type Group struct {
	N        int
	Mean, SD float64
}

// SMD is the standardised mean difference of two groups: the difference of their means over the root of
// their mean variance. It does not depend on how many they are; above 0.1 either way is taken as a
// difference. Nil where neither varies.
func SMD(a, b Group) *float64 {
	return standardised(a.Mean-b.Mean, (a.SD*a.SD+b.SD*b.SD)/2)
}

// SMDOfShares is the same of two proportions, 0 to 1.
func SMDOfShares(a, b float64) *float64 {
	return standardised(a-b, (a*(1-a)+b*(1-b))/2)
}

func standardised(difference, variance float64) *float64 {
	if variance <= 0 {
		return nil
	}
	return new(difference / math.Sqrt(variance))
}
