package db

import (
	"context"
	"errors"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"waypost/internal/platform/fault"
)

// check is a question to the database whose answer is shared: whoever asks while it is on its way, or
// within a second after it came, gets the same one.
type check struct {
	mu   sync.Mutex
	came time.Time
	err  error
}

func (c *check) ask(limit time.Duration, question func(context.Context) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.came) < time.Second {
		return c.err
	}
	ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), optionKey{}, option{check: true}), limit)
	defer cancel()
	c.err = question(ctx)
	c.came = time.Now()
	return c.err
}

// readyLimit is the longest that Ready takes: who looks after processes gives them some seconds.
const readyLimit = 4 * time.Second

// Ready reports whether a request would be answered now. It makes one, on a connection that is opened for it,
// since those of the pools may work where no new one would; and it holds the database to be at this
// program's newest migration, or a newer one. It asks once a second at most.
func (d *DB) Ready(newest int64, request func(context.Context) error) error {
	return d.ready.ask(readyLimit, func(ctx context.Context) error {
		ctx = FromStandby(ctx)
		err := d.Do(ctx, func(tx *Tx) error {
			var applied int64
			if err := tx.Raw(appliedMigration).Scan(&applied).Error; err != nil {
				return err
			}
			return notBehind(applied, newest)
		})
		if err == nil {
			err = request(ctx)
		}
		if fault.Is(err, fault.Conflict) { // something is locked for a while, as during a migration
			return nil
		}
		return err
	})
}

const (
	// how long a statement runs before it is asked whether the server answers anybody, and again
	hangAfter = 2 * time.Second
	// how long a statement of a request may outlast its time limit, which the server should have kept
	overtime  = 2 * time.Second
	tolerated = 10 // how often in a row it may not, before background work is given up; a request, at once
)

// watch gives a statement a context that ends, though its caller's does not, when the server has stopped
// answering. A statement that is only slow goes on: a server that is asked on another connection answers
// then. But where one outlasts the limit that the server keeps for it, its connection is stuck; the others
// that were open by then may be too, and are not used again. stop ends the watch.
func (d *DB) watch(ctx context.Context) (_ context.Context, stop func()) {
	opt, _ := ctx.Value(optionKey{}).(option)
	ctx, cancel := context.WithCancel(ctx)
	began := time.Now()
	timer := time.AfterFunc(hangAfter, func() {
		for silent := 0; ctx.Err() == nil; {
			if !opt.background && time.Since(began) > d.statement+overtime {
				d.requests.renew()
				d.outside.renew()
				cancel()
			} else if d.answers() {
				silent = 0
			} else if silent++; !opt.background || silent == tolerated {
				cancel()
			}
			select {
			case <-ctx.Done():
			case <-time.After(hangAfter):
			}
		}
	})
	return ctx, func() {
		timer.Stop()
		cancel()
	}
}

// answers reports whether the server answers anything on a newly opened connection, be it a refusal.
func (d *DB) answers() bool {
	err := d.alive.ask(d.wait*2/3, func(ctx context.Context) error {
		_, err := d.checks.sql.ExecContext(ctx, "select 1")
		return err
	})
	var refused *pgconn.PgError
	return err == nil || errors.As(err, &refused) || errors.Is(err, syscall.EAGAIN) // its queue of connections is full
}
