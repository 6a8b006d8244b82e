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

// A first start on a disk of too little room, wherever it runs out: one line that says so, and nothing is
// left that would keep a later start from succeeding.
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
	await(t, time.Minute, "the refusal of a statement", func() bool { return w.refusals(diskFull) > 0 })
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

// Where its log has no room, PostgreSQL ends, and cannot recover: the supervisor tries again at its own
// pace for as long as it takes. Nothing that was acknowledged is lost.
func TestNoRoomForTheLog(t *testing.T) {
	t.Parallel()
	if !apart(t) {
		return
	}
	disk := smallDisk(t, "200m")
	var out syncBuffer
	t.Cleanup(func() { t.Logf("the log was:\n%s", out.String()) })
	s := startWith(t, Config{Dir: filepath.Join(disk, "data"), Logger: slog.New(slog.NewTextHandler(&out, nil))})
	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	must(t, os.Truncate(ballast, size(t, ballast)-20<<20))
	w := startWriters(t, s, 6, `with m as (select pg_logical_emit_message(true, '', repeat('x', 100000)) as lsn)
		insert into written select $1, '' from m`)
	await(
		t,
		2*time.Minute,
		"two ends of PostgreSQL",
		func() bool { return strings.Count(out.String(), "PostgreSQL died") >= 2 },
	)
	died := strings.Count(out.String(), "PostgreSQL died")
	if n := strings.Count(out.String(), errDiskFull.Error()); n < died {
		t.Errorf("%d of %d ends name the full disk", n, died)
	}
	before, began := w.acked.Load(), time.Now()
	must(t, os.Remove(ballast))
	w.await(t, 50)
	t.Logf("%d rows before, serves again after %v", before, time.Since(began).Round(time.Millisecond))
	w.check(t, s)
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	return info.Size()
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
