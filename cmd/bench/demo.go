package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// loaded are the tables that a demo fills.
var loaded = []string{
	"patients",
	"consents",
	"episodes",
	"contacts",
	"referrals",
	"referral_moves",
	"attendances",
	"assessments",
	"assessment_scores",
	"follow_ups",
	"follow_up_attempts",
	"follow_up_completions",
	"follow_up_services",
	"events",
}

// loadDemo fills a demo, and then measures the limit: COPY of the same rows into empty tables with the same
// columns, checks and indexes.
func (s settings) loadDemo(ctx context.Context, t *table) (*waypost, error) {
	began := time.Now()
	w, err := s.start(ctx, filepath.Join(s.dir, "demo"), "--demo", "--people", strconv.Itoa(s.people))
	if err != nil {
		return nil, err
	}
	ours := time.Since(began)
	t.fact("peak memory of Waypost while loading the demo", w.memory("VmHWM"), "")
	if err := w.readKey(); err != nil {
		return nil, err
	}
	began = time.Now() // the snapshot begins when the demo is there
	if err := w.untilDone(ctx, "figures"); err != nil {
		return nil, err
	}
	t.fact(
		"the snapshot of all figures, made anew",
		fmt.Sprintf(
			"%s, peak memory since the start %s",
			time.Since(began).Round(100*time.Millisecond),
			w.memory("VmHWM"),
		),
		"",
	)
	if err := w.untilDone(ctx, "feed"); err != nil {
		return nil, err
	}
	t.fact(
		"the event feed, published from its beginning",
		time.Since(began).Round(100*time.Millisecond).String()+" beside the snapshot",
		"",
	)
	conn, err := w.database()
	if err != nil {
		return nil, err
	}
	db, err := pgx.Connect(ctx, strings.Replace(conn.SuperURL(), "/postgres?", "/waypost?", 1))
	if err != nil {
		return nil, err
	}
	defer db.Close(ctx)
	if s.only == "" {
		rows, limit, err := s.copyLimit(ctx, db)
		if err != nil {
			return nil, err
		}
		t.fact(
			fmt.Sprintf("load of the demo: %d people, %d rows, from an empty folder", s.people, rows),
			fmt.Sprintf(
				"%s, %.0f rows/s; COPY of the same rows %.0f rows/s: ratio %.2f",
				ours.Round(100*time.Millisecond),
				float64(rows)/ours.Seconds(),
				float64(rows)/limit.Seconds(),
				limit.Seconds()/ours.Seconds(),
			),
			"",
		)
	}
	if _, err := db.Exec(ctx, "vacuum analyze"); err != nil {
		return nil, err
	}
	key, keys := w.key, w.keys
	if err := w.stop(); err != nil {
		return nil, err
	}
	// afresh, so that its peak of memory is that of serving
	if w, err = s.start(ctx, filepath.Join(s.dir, "demo")); err != nil {
		return nil, err
	}
	w.key, w.keys = key, keys
	return w, nil
}

func (s settings) copyLimit(ctx context.Context, db *pgx.Conn) (rows int64, took time.Duration, err error) {
	dir := filepath.Join(s.dir, "copy")
	if err := errors.Join(mkdir(dir), os.Chmod(dir, 0o777)); err != nil { // PostgreSQL's own user writes there
		return rows, took, err
	}
	defer os.RemoveAll(dir)
	for _, name := range loaded {
		var n int64
		file := filepath.Join(dir, name)
		if err := db.QueryRow(ctx, "select count(*) from "+name).Scan(&n); err != nil {
			return rows, took, err
		}
		if _, err := db.Exec(
			ctx,
			fmt.Sprintf(
				"create table bench_copy (like %s including all); copy %s to '%s' (format binary)",
				name,
				name,
				file,
			),
		); err != nil {
			return rows, took, err
		}
		began := time.Now()
		if _, err := db.Exec(ctx, fmt.Sprintf("copy bench_copy from '%s' (format binary)", file)); err != nil {
			return rows, took, err
		}
		took, rows = took+time.Since(began), rows+n
		if _, err := db.Exec(ctx, "drop table bench_copy"); err != nil {
			return rows, took, err
		}
		if err := os.Remove(file); err != nil {
			return rows, took, err
		}
	}
	return rows, took, nil
}
