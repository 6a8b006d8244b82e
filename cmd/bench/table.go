package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// table is what is printed at the end.
type table struct {
	facts  [][3]string // what, figure, target
	things []thing
}

func (t *table) fact(what, figure, target string) {
	t.facts = append(t.facts, [3]string{what, figure, target})
	fmt.Printf("%s: %s\n", what, figure)
}

func (t *table) print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\n%d connections, figures 1\tWaypost/s\tp50 ms\tp99 ms\tpgbench/s\tp50 ms\tp99 "+
		"ms\tratio\ttarget\tstatements\tround trips\n", clients)
	for _, g := range t.things {
		m := g.median()
		target := ""
		if g.target > 0 {
			target = fmt.Sprintf("≥ %.1f", g.target)
		}
		fmt.Fprintf(
			w,
			"%s\t%.0f\t%.2f\t%.2f\t%.0f\t%.2f\t%.2f\t%.2f\t%s\t%d\t%d\n",
			g.name,
			m.ours.rate,
			m.ours.p50,
			m.ours.p99,
			m.limit.rate,
			m.limit.p50,
			m.limit.p99,
			m.ratio(),
			target,
			g.scripts[0].statements,
			g.scripts[0].trips,
		)
	}
	fmt.Fprintln(w)
	for _, f := range t.facts {
		fmt.Fprintf(w, "%s\t%s\t%s\n", f[0], f[1], f[2])
	}
	w.Flush()
}

// median is the round whose ratio lies in the middle.
func (g thing) median() round {
	ratios := make([]float64, len(g.rounds))
	for i, r := range g.rounds {
		ratios[i] = r.ratio()
	}
	m := median(ratios)
	for _, r := range g.rounds {
		if r.ratio() == m {
			return r
		}
	}
	return round{}
}
