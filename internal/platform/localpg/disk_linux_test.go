package localpg

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A first start on a disk of too little room, wherever it runs out: one line that says so, and nothing is left that would
// keep a later start from succeeding.
func TestFirstStartOnAFullDisk(t *testing.T) {
	t.Parallel()
	if !apart(t) {
		return
	}
	for _, size := range []string{"4k", "8k", "12k", "8m", "20m", "30m", "38m", "40m"} {
		disk := smallDisk(t, size)
		dir := filepath.Join(disk, "data")
		err := refused(t, Config{Dir: dir}, "the disk is full, free some space")
		if !errors.Is(err, errDiskFull) {
			t.Error("not errDiskFull")
		}
		left := strings.Join(names(t, dir), " ")
		t.Logf("%s: left on the disk: %s", size, left)
		must(t, syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=200m"))
		s := startDurable(t, dir)
		count(t, s.Conn().AppURL(), "pg_class")
		stop(t, s)
		if left := append(neighbours(t), sharedMemory(t)...); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	}
}

// A disk that fills up while the server serves. Where a table has no room to grow, PostgreSQL refuses the statement and
// serves on.
func TestNoRoomForData(t *testing.T) {
	t.Parallel()
	if !apart(t) {
		return
	}
	disk := smallDisk(t, "140m")
	s := startDurable(t, filepath.Join(disk, "data"))
	w := startWriters(t, s, 6, `insert into written values ($1, repeat('x', 2000))`)
	w.await(t, 100)
	before := postmaster(s)
	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	await(t, 10*time.Second, "the refusal of a statement", func() bool { return w.refusals(diskFull) > 0 })
	must(t, os.Remove(ballast))
	w.await(t, 1000)
	w.check(t, s)
	if postmaster(s) != before {
		t.Error("PostgreSQL was started again")
	}
	stop(t, s)
	fill(t, ballast)
	refused(t, Config{Dir: s.in.dir}, errDiskFull.Error())
	must(t, os.Remove(ballast))
	startDurable(t, s.in.dir)
}

// Where its log has no room, PostgreSQL ends all sessions, cannot recover, and ends: the supervisor tries again at its own
// pace for as long as it takes. Nothing that was acknowledged is lost.
func TestNoRoomForTheLog(t *testing.T) {
	t.Parallel()
	if !apart(t) {
		return
	}
	disk := smallDisk(t, "140m")
	dir := filepath.Join(disk, "data")
	var out syncBuffer
	s := startWith(t, Config{Dir: dir, Logger: slog.New(slog.NewTextHandler(&out, nil))})
	w := startWriters(t, s, 6, `with m as (select pg_logical_emit_message(true, '', repeat('x', 100000)) as lsn)
		insert into written select $1, lsn::text from m`)
	w.await(t, 100)
	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	died := func() int { return strings.Count(out.String(), "PostgreSQL died") }
	await(t, 20*time.Second, "two ends of PostgreSQL", func() bool { return died() >= 2 })
	began := time.Now()
	must(t, os.Remove(ballast))
	w.await(t, 100)
	t.Logf("serves again after %v; the log was:\n%s", time.Since(began).Round(time.Millisecond), out.String())
	w.check(t, s)
	if n := strings.Count(out.String(), errDiskFull.Error()); n < 2 {
		t.Errorf("%d of %d ends name the full disk", n, died())
	}
}

// fill takes all the room there is.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	for err = nil; err == nil; _, err = f.Write(make([]byte, 1<<20)) {
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}
