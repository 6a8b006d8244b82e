//go:build unix

package localpg

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// writers commit rows for as long as the test runs, each with a connection of its own that it makes again
// when it breaks.
type writers struct {
	url   string
	sql   string       // commits row $1
	acked atomic.Int64 // how many commits were acknowledged
	mu    sync.Mutex
	rows  []int64 // which
	codes map[string]int
	stop  context.CancelFunc
	ended sync.WaitGroup
}

func startWriters(t *testing.T, s *Server, clients int, sql string) *writers {
	t.Helper()
	exec1(t, openDB(t, s.Conn().OwnerURL()), `create table written (n bigint primary key, filler text)`)
	ctx, stop := context.WithCancel(context.Background())
	w := &writers{url: s.Conn().OwnerURL(), sql: sql, codes: map[string]int{}, stop: stop}
	var next atomic.Int64
	for range clients {
		w.ended.Go(func() {
			for ctx.Err() == nil {
				w.write(ctx, &next)
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	t.Cleanup(func() { stop(); w.ended.Wait() })
	return w
}

// write goes on until the connection breaks.
func (w *writers) write(ctx context.Context, next *atomic.Int64) {
	db, err := connect(ctx, w.url)
	if err != nil {
		return
	}
	defer db.Close(context.Background())
	for ctx.Err() == nil && !db.IsClosed() {
		n := next.Add(1)
		_, err := db.Exec(ctx, w.sql, n)
		w.note(n, err)
	}
}

func (w *writers) note(n int64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var pgErr *pgconn.PgError
	switch {
	case err == nil:
		w.rows = append(w.rows, n)
		w.acked.Add(1)
	case errors.As(err, &pgErr):
		w.codes[pgErr.Code]++
	}
}

// refusals tells how many statements were answered with a SQLSTATE.
func (w *writers) refusals(code string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.codes[code]
}

// await waits for so many more rows.
func (w *writers) await(t *testing.T, more int64) {
	t.Helper()
	began, from := time.Now(), w.acked.Load()
	for w.acked.Load() < from+more {
		if time.Since(began) > 2*time.Minute {
			t.Fatalf("%d rows after two minutes, want %d", w.acked.Load()-from, more)
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Logf("%d more rows after %v", more, time.Since(began).Round(time.Millisecond))
}

// check ends the writing and looks for every row that was acknowledged.
func (w *writers) check(t *testing.T, s *Server) {
	t.Helper()
	w.stop()
	w.ended.Wait()
	db := openDB(t, s.Conn().OwnerURL())
	var lost int
	must(t, db.QueryRow(t.Context(), `select count(*) from unnest($1::bigint[]) as a (n) where not exists
		(select from written where written.n = a.n)`, w.rows).Scan(&lost))
	if lost > 0 || len(w.rows) == 0 {
		t.Errorf("%d of %d acknowledged rows are lost", lost, len(w.rows))
	}
}

func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	s := startDurable(t, newDir(t))
	w := startWriters(t, s, 6, `insert into written values ($1, repeat('x', 2000))`)
	for range 3 {
		w.await(t, 200)
		old := postmaster(s)
		must(t, syscall.Kill(old, syscall.SIGKILL))
		awaitAnother(t, s, old)
	}
	w.await(t, 200)
	w.check(t, s)
}

func awaitAnother(t *testing.T, s *Server, old int) {
	t.Helper()
	await(t, time.Minute, "another postmaster", func() bool {
		pf := readPidFile(s.in.pg)
		return pf.ready && pf.pid != old
	})
}
