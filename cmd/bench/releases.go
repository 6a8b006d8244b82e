package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// releases measures datasets: a whole release of about so many rows of referrals, and the table of
// referrals alone beside psql.
func (s settings) releases(ctx context.Context, w *waypost, t *table) error {
	for _, rows := range []int{100_000, 1_000_000} {
		if err := s.release(ctx, w, t, rows); err != nil {
			return fmt.Errorf("a release of %d rows: %w", rows, err)
		}
	}
	return nil
}

func (s settings) release(ctx context.Context, old *waypost, t *table, rows int) error {
	if err := old.more(ctx, rows); err != nil {
		return err
	}
	w, err := s.again(ctx, old)
	if err != nil {
		return err
	}
	began := time.Now()
	n, err := w.makeRelease(ctx)
	if err != nil {
		return err
	}
	t.fact(
		fmt.Sprintf("a release of %d rows of referrals, six tables, CSV and Parquet", n),
		time.Since(began).Round(100*time.Millisecond).String(),
		"",
	)
	t.fact("peak memory of Waypost making it", w.memory("VmHWM"), "≤ 100 MB")
	rates, err := s.extracts(ctx, w)
	if err != nil {
		return err
	}
	for _, way := range []struct{ name, target string }{{"CSV", "≥ 1.0"}, {"Parquet", "≥ 0.5"}} {
		t.fact(
			"its referrals as "+way.name+", pseudonyms included, beside psql COPY of the same query",
			fmt.Sprintf(
				"%.0f rows/s, %.0f rows/s: ratio %.2f",
				rates[way.name],
				rates["psql COPY"],
				rates[way.name]/rates["psql COPY"],
			),
			way.target,
		)
	}
	return nil
}

// again starts the program anew, so that its peak of memory is that of what comes.
func (s settings) again(ctx context.Context, w *waypost) (*waypost, error) {
	if err := w.stop(); err != nil {
		return nil, err
	}
	started, err := s.start(ctx, w.dir)
	if err != nil {
		return nil, err
	}
	started.key, started.keys = w.key, w.keys
	*w = *started
	return w, nil
}

// more copies referrals of people who consent to research until there are so many.
func (w *waypost) more(ctx context.Context, rows int) error {
	conn, err := w.database()
	if err != nil {
		return err
	}
	db, err := pgx.Connect(ctx, strings.Replace(conn.SuperURL(), "/postgres?", "/waypost?", 1))
	if err != nil {
		return err
	}
	defer db.Close(ctx)
	var columns string
	if err := db.QueryRow(ctx, "select string_agg(column_name, ', ') from information_schema.columns where table_name = 'referrals' "+
		"and column_name not in ('id', 'external_ids')").
		Scan(&columns); err != nil {
		return err
	}
	const of = `from referrals
		where patient_id in (select patient_id from consents where purpose = 'research' and decision = 'given')
			and status not in ('draft', 'entered_in_error')`
	var there int
	if err := db.QueryRow(ctx, "select count(*) "+of).Scan(&there); err != nil || there >= rows {
		return err
	}
	_, err = db.Exec(
		ctx,
		fmt.Sprintf(
			"set session_replication_role = replica; insert into referrals (id, %[1]s) select gen_random_uuid(), "+
				"%[1]s from (select %[1]s %[2]s) r, generate_series(1, %[3]d) limit %[4]d; analyze referrals",
			columns,
			of,
			rows/there+1,
			rows-there,
		),
	)
	return err
}

// makeRelease asks for a release of the demo's project and waits for it.
func (w *waypost) makeRelease(ctx context.Context) (rows int64, err error) {
	as := *w
	as.key = w.keys.DataSteward
	var projects struct{ Items []struct{ ID string } }
	if err := as.call(ctx, get("/v1/projects"), &projects); err != nil || len(projects.Items) == 0 {
		return 0, errors.Join(err, errors.New("the demo has no project"))
	}
	var r struct {
		ID, State string
		Reasons   []struct{ Detail string }
		Files     []struct {
			Name string
			Rows int64
		}
	}
	if err := as.call(
		ctx,
		request{"POST", "/v1/projects/" + projects.Items[0].ID + "/releases", "{}"},
		&r,
	); err != nil {
		return 0, err
	}
	for r.State == "building" && ctx.Err() == nil {
		time.Sleep(100 * time.Millisecond)
		if err := as.call(ctx, get("/v1/releases/"+r.ID), &r); err != nil {
			return 0, err
		}
	}
	for _, f := range r.Files {
		if f.Name == "referrals.csv" {
			rows = f.Rows
		}
	}
	if r.State != "ready" {
		return 0, fmt.Errorf("it is %s: %v", r.State, r.Reasons)
	}
	return rows, ctx.Err()
}

// extracts are rows a second of each way to write the referrals of the project, measured in turn by a test
// of the package that writes them.
func (s settings) extracts(ctx context.Context, w *waypost) (map[string]float64, error) {
	conn, err := w.database()
	if err != nil {
		return nil, err
	}
	test := exec.CommandContext(
		ctx,
		"go",
		"test",
		"./internal/datasets",
		"-run",
		"^TestSpeed$",
		"-count=1",
		"-v",
		"-timeout",
		"60m",
	)
	test.Env = append(
		os.Environ(),
		"BENCH_APP_URL="+conn.AppURL(),
		"BENCH_OWNER_URL="+conn.OwnerURL(),
		"BENCH_MASTER_KEY="+filepath.Join(w.dir, "master-key.json"),
	)
	out, err := test.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, lastLines(string(out)))
	}
	rates := map[string]float64{}
	for line := range strings.Lines(string(out)) {
		if f := strings.Split(strings.TrimSpace(line), "\t"); len(f) == 3 && f[0] == "RESULT" {
			rates[f[1]], _ = strconv.ParseFloat(f[2], 64)
		}
	}
	return rates, nil
}
