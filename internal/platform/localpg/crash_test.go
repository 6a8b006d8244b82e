//go:build unix

package localpg

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestKilledPostmasterIsRelaunched(t *testing.T) {
	t.Parallel()
	s := startDurable(t, newDir(t))
	db := openDB(t, s.Conn().OwnerURL())
	exec1(t, db, `create table kept (n int); insert into kept values (1)`)
	// A backend that is busy does not notice that its postmaster is gone, and holds on to the shared memory.
	busy := openDB(t, s.Conn().SuperURL())
	ended := make(chan error)
	go func() {
		_, err := busy.Exec(t.Context(), `do $$ begin loop end loop; end $$`)
		ended <- err
	}()
	time.Sleep(50 * time.Millisecond)

	old, began := postmaster(s), time.Now()
	must(t, syscall.Kill(old, syscall.SIGKILL))
	if n := count(t, s.Conn().OwnerURL(), "kept"); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
	t.Logf("back after %v", time.Since(began).Round(time.Millisecond))
	if <-ended == nil {
		t.Error("an endless loop has come to its end")
	}
	if postmaster(s) == old {
		t.Error("the same postmaster")
	}
}

func TestKilledBackend(t *testing.T) {
	t.Parallel()
	var out syncBuffer
	s := startWith(t, Config{Dir: newDir(t), Logger: slog.New(slog.NewTextHandler(&out, nil))})
	db := openDB(t, s.Conn().OwnerURL())
	exec1(t, db, `create table kept (n int); insert into kept values (1)`)
	pid := db.PgConn().PID()
	must(t, syscall.Kill(int(pid), syscall.SIGKILL))
	await(t, time.Minute, "new start", func() bool { return strings.Contains(out.String(), "PostgreSQL runs again") })
	if n := count(t, s.Conn().OwnerURL(), "kept"); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
	if want := fmt.Sprintf(
		"(PID %d) was terminated by signal 9",
		pid,
	); !strings.Contains(
		out.String(),
		"PostgreSQL ended (exit status 1): LOG: server process "+want,
	) {
		t.Errorf("the log does not say %q:\n%s", want, out.String())
	}
}

// A server that cannot come back: a few tries, then one error that says why, and the directory is free for a start once
// the cause is mended.
func TestSupervisorGivesUp(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	var out syncBuffer
	s := startWith(t, Config{Dir: dir, Logger: slog.New(slog.NewTextHandler(&out, nil))})
	control := filepath.Join(s.in.pg, "global", "pg_control")
	must(t, os.Rename(control, control+".away"))
	must(t, syscall.Kill(postmaster(s), syscall.SIGKILL))
	select {
	case err := <-s.Failed():
		t.Log(err)
		for _, want := range []string{"5 times", "pg_control", s.in.pg} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("it does not say %q", want)
			}
		}
	case <-time.After(2 * time.Minute):
		t.Fatal("did not give up")
	}
	if n := strings.Count(out.String(), "starting it again"); n != maxFailures-1 {
		t.Errorf("%d tries, want %d", n, maxFailures-1)
	}
	stop(t, s)
	must(t, os.Rename(control+".away", control))
	startDurable(t, dir)
}

func TestFailures(t *testing.T) {
	t.Parallel()
	var f failures
	now, died := time.Now(), errors.New("it died")
	for i, want := range []time.Duration{100, 400, 1600, 6400} {
		if wait, again := f.add(now, died); wait != want*time.Millisecond || !again {
			t.Errorf("failure %d: wait %v, again %v", i+1, wait, again)
		}
	}
	for range 10 * maxFailures {
		if wait, again := f.add(now, fmt.Errorf("no start: %w", errDiskFull)); wait != fullWait || !again {
			t.Fatalf("a full disk: wait %v, again %v", wait, again)
		}
	}
	if wait, again := f.add(now.Add(2*failureWindow), died); wait != firstWait || !again {
		t.Error("old failures still count")
	}
	for range maxFailures - 2 {
		f.add(now.Add(2*failureWindow), died)
	}
	if _, again := f.add(now.Add(2*failureWindow), died); again {
		t.Error("does not give up")
	}
}

func TestKilledParent(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	for round := 1; round <= 3; round++ {
		cmd, out := spawnChild(t, dir)
		pid := awaitChild(t, out)
		must(t, cmd.Process.Kill())
		_ = cmd.Wait()
		if round == 2 {
			awaitGone(t, pid, time.Minute)
		} // and else the next one starts while the old one still closes down
	}
	if n := count(t, startDurable(t, dir).Conn().OwnerURL(), "kept"); n != 3 {
		t.Errorf("%d rows, want 3", n)
	}
}

// Both processes killed at once: neither could tidy up.
func TestKilledBoth(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	cmd, out := spawnChild(t, dir)
	pid := awaitChild(t, out)
	must(t, cmd.Process.Signal(syscall.SIGSTOP)) // no relaunch in between
	must(t, syscall.Kill(pid, syscall.SIGKILL))
	must(t, cmd.Process.Kill())
	if n := count(t, startDurable(t, dir).Conn().OwnerURL(), "kept"); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

func names(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
