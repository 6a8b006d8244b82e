package datasets

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/clock"
	"waypost/internal/platform/db"
	"waypost/internal/platform/sqlfile"
	"waypost/internal/platform/vault"
)

// TestSpeed is a part of make bench: the table of referrals of a project's release as CSV and as Parquet,
// pseudonyms included, beside psql's COPY of the same query under the same role, in turn. It needs a demo's
// database, and says so where there is none.
func TestSpeed(t *testing.T) {
	app, owner, master := os.Getenv("BENCH_APP_URL"), os.Getenv("BENCH_OWNER_URL"), os.Getenv("BENCH_MASTER_KEY")
	if app == "" {
		t.Skip("make bench runs this on a demo's database")
	}
	d, err := db.Open(db.Config{URL: app, Clock: &clock.Clock{}})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	cipher, err := vault.Open(master)
	if err != nil {
		t.Fatal(err)
	}
	s := &Store{DB: d, Cipher: cipher}
	ctx := actor.With(t.Context(), actor.Named("bench"))
	var p Project
	if err := d.Do(ctx, func(tx *db.Tx) error { return tx.Order("id").Take(&p).Error }); err != nil {
		t.Fatal(err)
	}
	err = d.Do(reading(ctx, "bench"), func(tx *db.Tx) error {
		if err := unlimited(tx); err != nil {
			return err
		}
		_, args, _, names, err := s.prepare(tx, p, uuid.Nil)
		if err != nil {
			return err
		}
		text := referrals.query()
		sql := tx.ToSQL(func(q *gorm.DB) *gorm.DB { return q.Raw(text.SQL, text.Values(args)...) })
		copied := copying{t, app, lend(t, tx, owner), sql}
		ways := []struct {
			name string
			run  func() int64
		}{
			{"psql COPY", copied.run},
			{"CSV", func() int64 { return extracted(t, tx, args, names, newCSV(io.Discard, referrals)) }},
			{"Parquet", func() int64 { return extracted(t, tx, args, names, newParquet(io.Discard, referrals)) }},
		}
		rates := map[string][]float64{}
		for range 3 {
			for _, w := range ways {
				began := time.Now()
				n := w.run()
				rates[w.name] = append(rates[w.name], float64(n)/time.Since(began).Seconds())
			}
		}
		for _, w := range ways {
			slices.Sort(rates[w.name])
			fmt.Printf("RESULT\t%s\t%.0f\n", w.name, rates[w.name][1])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func extracted(t *testing.T, tx *db.Tx, args map[string]any, names *pseudonyms, sink Sink) int64 {
	n, err := extract(tx, referrals, args, names, sink)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// lend puts the people of the transaction where another session sees them.
func lend(t *testing.T, tx *db.Tx, owner string) string {
	const name = "bench_cohort"
	conn, err := pgx.Connect(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(
		t.Context(),
		"drop table if exists "+name+"; create table "+name+" as select * from cohort with no data; "+
			"grant select on "+name+" to waypost_jobs",
	); err != nil {
		t.Fatal(err)
	}
	from, to := io.Pipe()
	go func() {
		w := csv.NewWriter(to)
		err := tx.Stream(sqlfile.Parse("select * from pg_temp.staged_cohort"), nil, func(values [][]byte) error {
			line := make([]string, len(values))
			for i, v := range values {
				line[i] = string(v)
			}
			return w.Write(line)
		})
		w.Flush()
		to.CloseWithError(err)
	}()
	if _, err := conn.PgConn().CopyFrom(t.Context(), from, "copy "+name+" from stdin csv"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "analyze "+name); err != nil {
		t.Fatal(err)
	}
	return name
}

// copying runs the query by psql.
type copying struct {
	t          *testing.T
	app, table string
	sql        string
}

func (c copying) run() int64 {
	sql := strings.ReplaceAll(c.sql, "pg_temp.staged_cohort", c.table)
	psql := exec.CommandContext(
		context.WithoutCancel(c.t.Context()),
		"psql",
		"-X",
		"-q",
		"-v",
		"ON_ERROR_STOP=1",
		c.app,
	)
	psql.Stdin = strings.NewReader(
		"begin; set local statement_timeout = 0; " + joinWhole + "; " +
			"select act_as('{}', 'system', null) \\g /dev/null\n" +
			"copy (" + sql + ") to stdout csv header;\ncommit;\n",
	)
	lines := &counter{}
	psql.Stdout, psql.Stderr = lines, os.Stderr
	if err := psql.Run(); err != nil {
		c.t.Fatal(err)
	}
	return lines.n - 1
}

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	for _, b := range p {
		if b == '\n' {
			c.n++
		}
	}
	return len(p), nil
}
