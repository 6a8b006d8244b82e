package demo

import "slices"

// plot is how a person's story stands today, by the state of their follow-up.
type plot struct {
	state          string // of the follow-up; waiting and turned_away have none
	share          int    // of a hundred people
	oldest, newest int    // how many days ago the baseline was taken
}

// plots make every state of a follow-up. How many of the missed were completed instead is the place's own,
// see plotsAt. The ages keep clear of the windows' ends, which depend on the lengths of months: 9 months
// are 273 to 276 days, 10 months and 15 days are 318 to 322, and 12 months 365 or 366.
var plots = []plot{
	{"waiting", 7, 0, 0},
	{"turned_away", 6, 0, 0},
	{"upcoming", 29, 268, 4},
	{"due", 4, 314, 278},
	{"overdue", 4, 362, 325},
	{"missed", 38, 765, 369},
	{"completed", 0, 765, 305},
	{"lost", 8, 765, 300},
	{"paused", 4, 600, 70},
}

// plotsAt are the plots of a place that follows up so many of a hundred people. Four stay missed at least, so that the
// smallest demo has some everywhere.
func plotsAt(followedUp int) []plot {
	at := slices.Clone(plots)
	for i, p := range at {
		switch p.state {
		case "missed":
			at[i].share -= followedUp
		case "completed":
			at[i].share += followedUp
		}
	}
	return at
}

// cast gives each of n people a plot, each plot its share.
func cast(d dice, plots []plot, n int) []plot {
	shares := make([]int, len(plots))
	for i, p := range plots {
		shares[i] = p.share
	}
	var out []plot
	for i, count := range divide(n, shares) {
		out = append(out, slices.Repeat([]plot{plots[i]}, count)...)
	}
	shuffle(d, out)
	return out
}

// divide deals n out by shares, whole, the largest remainders first.
func divide(n int, shares []int) []int {
	total, left := 0, n
	for _, s := range shares {
		total += s
	}
	counts, order := make([]int, len(shares)), make([]int, len(shares))
	for i, s := range shares {
		counts[i], order[i] = n*s/total, i
		left -= counts[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return n*shares[b]%total - n*shares[a]%total })
	for _, i := range order[:left] {
		counts[i]++
	}
	return counts
}

// ages spreads the people of one plot evenly over its range, so that not all windows open on one day.
type ages map[string]int

func (a ages) next(d dice, p plot, of int) int {
	slot := a[p.state]
	a[p.state]++
	width := float64(p.oldest - p.newest)
	return p.newest + int(width*(float64(slot)+d.Float64())/float64(of))
}
