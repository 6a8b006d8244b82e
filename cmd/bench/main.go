// Command bench measures Waypost beside its limit, in one run on one PostgreSQL with the same settings: each figure of
// Waypost over HTTP stands next to pgbench running the very statements that Waypost sends for the same request.
//
// It prints a table. Read the ratios: absolute figures depend on the machine, whose cores the load's client shares.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

type settings struct {
	binary  string
	people  int
	rounds  int
	seconds int
	dir     string
	only    string
}

const clients = 8 // connections of every measurement, as many as Waypost's own pool has

func main() {
	var s settings
	flag.StringVar(&s.binary, "binary", "bin/waypost", "the program to measure")
	flag.IntVar(
		&s.people,
		"people",
		100_000,
		"people of the demo: some two referrals each, so that 500,000 are a million",
	)
	flag.IntVar(&s.rounds, "rounds", 3, "rounds of each measurement; the median counts")
	flag.IntVar(&s.seconds, "seconds", 5, "seconds of each measurement")
	flag.StringVar(
		&s.dir,
		"dir",
		"",
		"an empty folder on a real disk, for the databases; a temporary one when left out",
	)
	flag.StringVar(&s.only, "only", "", "figures or releases: only these")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := s.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (s settings) run(ctx context.Context) (err error) {
	if s.dir == "" {
		if s.dir, err = os.MkdirTemp("/var/tmp", "waypost-bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(s.dir)
		if err := os.Chmod(s.dir, 0o755); err != nil { // PostgreSQL's own user passes through
			return err
		}
	}
	if s.binary, err = filepath.Abs(s.binary); err != nil {
		return err
	}
	var t table
	if s.only == "" {
		if err := s.starts(ctx, &t); err != nil {
			return err
		}
	}
	w, err := s.loadDemo(ctx, &t)
	if err != nil {
		return err
	}
	defer func() { w.stop() }()
	if s.only != "releases" {
		if err := s.served(ctx, w, &t); err != nil {
			return err
		}
	}
	if s.only != "figures" {
		if err := s.releases(ctx, w, &t); err != nil {
			return err
		}
	}
	t.print(os.Stdout)
	return nil
}

// served measures requests.
func (s settings) served(ctx context.Context, w *waypost, t *table) error {
	if err := s.requests(ctx, w, t); err != nil {
		return err
	}
	site, err := w.referrals(ctx)
	if err != nil {
		return err
	}
	t.fact("referrals of the site that figures are asked about", fmt.Sprintf("some %d", site), "")
	for i := len(t.things) - 6; i < len(t.things); i += 2 {
		frozen, live := t.things[i].median(), t.things[i+1].median()
		t.fact(t.things[i].name+", 99 of 100 answers", fmt.Sprintf("%.1f ms", frozen.ours.p99), "< 20 ms")
		t.fact(
			t.things[i+1].name+", half of the answers",
			fmt.Sprintf("%.1f ms", live.ours.p50),
			"< 100 ms, of a site of 40,000",
		)
		t.fact(
			t.things[i].name+", beside the raw SQL of the same question for one site",
			fmt.Sprintf("%.0f times as fast", frozen.ours.rate/live.limit.rate),
			"≥ 10",
		)
	}
	t.fact("peak memory of Waypost under load", w.memory("VmHWM"), "")
	return nil
}

// starts measures a first start with its own PostgreSQL, warm starts, and the memory of an idle Waypost.
func (s settings) starts(ctx context.Context, t *table) error {
	dir := filepath.Join(s.dir, "empty")
	var warm []time.Duration
	for i := range 6 {
		w, err := s.start(ctx, dir)
		if err != nil {
			return err
		}
		if i == 0 {
			t.fact("first start, until ready", w.took.Round(time.Millisecond).String(), "≤ 2.5 s")
		} else {
			warm = append(warm, w.took)
		}
		if i == 5 {
			time.Sleep(2 * time.Second)
			t.fact("idle memory of Waypost", w.memory("VmRSS"), "≤ 40 MB")
		}
		if err := w.stop(); err != nil {
			return err
		}
	}
	t.fact("warm start, until ready (median of 5)", median(warm).Round(time.Millisecond).String(), "≤ 0.5 s")
	return nil
}

func (s settings) requests(ctx context.Context, w *waypost, t *table) error {
	things, err := w.things(ctx)
	if err != nil {
		return err
	}
	if s.only == "figures" {
		things = things[len(things)-6:]
	}
	for i := range things {
		if err := s.capture(ctx, w, &things[i]); err != nil {
			return fmt.Errorf("%s: %w", things[i].name, err)
		}
	}
	for round := range s.rounds {
		for i := range things {
			if err := s.measure(ctx, w, &things[i], round); err != nil {
				return fmt.Errorf("%s: %w", things[i].name, err)
			}
		}
	}
	t.things = things
	return nil
}
