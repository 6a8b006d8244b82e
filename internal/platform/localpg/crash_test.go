package localpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
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
	if took := time.Since(began).Round(time.Millisecond); took > 3*time.Second {
		t.Errorf("back after %v", took)
	} else {
		t.Logf("back after %v", took)
	}
	if <-ended == nil {
		t.Error("an endless loop has come to its end")
	}
	if postmaster(s) == old {
		t.Error("the same postmaster")
	}
}

func TestKilledBackend(t *testing.T) {
	t.Parallel()
	s := startDurable(t, newDir(t))
	db := openDB(t, s.Conn().OwnerURL())
	exec1(t, db, `create table kept (n int); insert into kept values (1)`)
	before := postmaster(s)
	must(t, syscall.Kill(int(db.PgConn().PID()), syscall.SIGKILL))
	if n := count(t, s.Conn().OwnerURL(), "kept"); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
	if postmaster(s) != before {
		t.Error("another postmaster: it restarts its own backends")
	}
}

func TestSupervisorGivesUp(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	s := startDurable(t, dir)
	killed := map[int]bool{}
	for end := time.Now().Add(25 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		select {
		case err := <-s.Failed():
			t.Log(err)
			if !strings.Contains(err.Error(), "5 times") {
				t.Error("it does not say how often")
			}
			stop(t, s)
			startDurable(t, dir) // and the directory is free for another try
			return
		default:
		}
		if pid := postmaster(s); pid != 0 && !killed[pid] && alive(pid) {
			killed[pid] = true
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	t.Fatal("did not give up")
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
			awaitGone(t, pid, 2*time.Second)
		} // and else the next one starts while the old one still closes down
	}
	if n := count(t, startDurable(t, dir).Conn().OwnerURL(), "kept"); n != 3 {
		t.Errorf("%d rows, want 3", n)
	}
}

// A server that did not hear of its parent's death is told by the next start.
func TestServerThatOutlivedItsParent(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	s := startDurable(t, dir)
	exec1(t, openDB(t, s.Conn().OwnerURL()), `create table kept (n int); insert into kept values (1)`)
	stop(t, s)
	left := &instance{pg: s.in.pg, dir: s.in.dir, socketDir: s.in.socketDir, who: s.in.who, bin: s.in.bin, secrets: s.in.secrets, logger: quiet()}
	p, db, err := left.launch(t.Context())
	must(t, err)
	defer db.Close(t.Context())

	if n := count(t, startDurable(t, dir).Conn().OwnerURL(), "kept"); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
	select {
	case <-p.exited:
	default:
		t.Error("the old server still runs")
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

func TestCancelledStart(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	for _, limit := range []time.Duration{time.Millisecond, 100 * time.Millisecond, 300 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		s, err := Start(ctx, Config{Dir: dir, Logger: quiet()})
		cancel()
		if err == nil {
			stop(t, s)
			t.Errorf("started within %v", limit)
		}
		t.Log(err)
	}
	startDurable(t, dir)
}

func names(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestStalePidFile(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	s := startDurable(t, dir)
	exec1(t, openDB(t, s.Conn().OwnerURL()), `create table kept (n int); insert into kept values (1)`)
	content := readFile(t, filepath.Join(s.in.pg, "postmaster.pid"))
	stop(t, s)

	sleeper := exec.Command("sleep", "60")
	sleeper.SysProcAttr = s.in.who.attributes(syscall.SIGKILL)
	p, err := start(sleeper)
	must(t, err)
	defer p.signal(syscall.SIGKILL)

	lines := strings.SplitN(content, "\n", 2)
	for name, pid := range map[string]int{"of the same user": p.pid, "ourselves": os.Getpid(), "dead": 4194303, "root": 1} {
		stale := fmt.Sprintf("%d\n%s", pid, lines[1])
		for _, path := range []string{filepath.Join(s.in.pg, "postmaster.pid"), filepath.Join(s.in.socketDir, socketName+".lock")} {
			must(t, os.WriteFile(path, []byte(stale), 0o600))
			must(t, s.in.who.give(path))
		}
		again, err := Start(t.Context(), Config{Dir: dir, Logger: quiet()})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if n := count(t, again.Conn().OwnerURL(), "kept"); n != 1 {
			t.Errorf("%s: %d rows, want 1", name, n)
		}
		stop(t, again)
	}
	if !alive(p.pid) {
		t.Error("the other program was killed")
	}
}
