//go:build unix

package localpg

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// Whatever goes wrong with a statement, nothing of what it carries is logged, even at the debug level.
func TestLogHoldsNoPersonalData(t *testing.T) {
	t.Parallel()
	var out syncBuffer
	logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := startWith(t, Config{Dir: newDir(t), Ephemeral: true, Logger: logger})
	db := openDB(t, s.Conn().OwnerURL())
	exec1(t, db, `create table people (name text primary key, born date)`)
	exec1(t, db, `insert into people values ('Ada Secret', null)`)
	for _, sql := range []string{
		`insert into people values ('Ada Secret', null)`,
		`select 'Ada Secret'::date`,
		`select no_such_column from people where name = 'Ada Secret'`,
		`do $$ begin raise exception E'Ada\nSecret'; end $$`,
		`do $$ begin raise warning 'Ada Secret'; raise log 'Ada Secret'; end $$`,
		`set log_statement = 'all'; select 'Ada Secret'`, // refused: not a superuser
	} {
		_, _ = db.Exec(t.Context(), sql)
	}
	for _, arg := range []any{"Ada Secret", "1900-01-01\nAda Secret"} {
		_, _ = db.Exec(t.Context(), `insert into people values ('x', $1::text::date)`, arg)
	}
	stop(t, s)
	log := out.String()
	for _, bad := range []string{"Ada", "Secret", s.in.secrets.App, s.in.secrets.Owner, s.in.secrets.Super} {
		if strings.Contains(log, bad) {
			t.Errorf("the log holds %q:\n%s", bad, log)
		}
	}
	for _, want := range []string{"sqlstate=23505", "sqlstate=22007", "ready to accept connections"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not hold %q:\n%s", want, log)
		}
	}
}

// A full pipe would bring postgres to a stand, so a line of any length is read to its end.
func TestLogReadsLongLines(t *testing.T) {
	t.Parallel()
	long := "00000|postmaster|LOG:  " + strings.Repeat("x", 1<<20) + "\n53100|checkpointer|FATAL:  the last\n"
	l := readLog(io.NopCloser(strings.NewReader(long)), quiet())
	<-l.ended
	if got := l.fatal(); got != "FATAL: the last" {
		t.Errorf("%q", got)
	}
}
