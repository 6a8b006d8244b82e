package localpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"waypost/internal/platform/randtest"
)

func TestKilledDuringFirstStart(t *testing.T) {
	t.Parallel()
	if canBeApart() && !apart(t) {
		return
	}
	killRounds(t, func(cmd *exec.Cmd) { must(t, cmd.Process.Kill()) })
	if left := sharedMemory(t); len(left) > 0 {
		t.Errorf("left in memory: %v", left)
	}
}

// As when a machine runs out of memory, or a container is killed: nobody is left to tidy up, and the next
// start does. It cannot find what PostgreSQL made an instant before and had not noted yet.
func TestAllKilledDuringFirstStart(t *testing.T) {
	t.Parallel()
	if !apart(t) {
		return
	}
	rounds := killRounds(t, func(*exec.Cmd) {
		for range 3 { // since a list is already old when it is read
			for _, line := range neighbours(t) {
				pid, _ := strconv.Atoi(strings.Fields(line)[0])
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	})
	if left := sharedMemory(t); len(left) > rounds/3 {
		t.Errorf("left in memory after %d rounds: %v", rounds, left)
	}
}

// killRounds: whatever moment of its first start a Waypost is killed at, and however often, the next start
// succeeds, and no process is left. LOCALPG_TEST_KILLS asks for more rounds than the ordinary few.
func killRounds(t *testing.T, kill func(*exec.Cmd)) (rounds int) {
	t.Helper()
	dice, began := randtest.New(t), time.Now()
	stop(t, startDurable(t, newDir(t)))
	part := time.Since(began) / 3
	rounds, err := strconv.Atoi(os.Getenv("LOCALPG_TEST_KILLS"))
	if err != nil {
		rounds = 10
	}
	// What a first start makes, in its order: on a busy machine, the time alone would not tell how far it is.
	parts := []string{".", "pg.init", "pg.init/base/1", "pg.init/base/4", "pg"}
	for i := range rounds {
		dir := newDir(t)
		for range 1 + i%3 {
			cmd, _ := spawnChild(t, dir)
			awaitPart(t, dir, parts[i%len(parts)])
			time.Sleep(time.Duration(dice.Int64N(int64(part))))
			kill(cmd)
			_ = cmd.Wait()
		}
		t.Logf("killed with %v on the disk", names(t, dir))
		startAfterKill(t, dir)
	}
	return rounds
}

// awaitPart also ends when the start is past it.
func awaitPart(t *testing.T, dir, part string) {
	t.Helper()
	await(
		t,
		time.Minute,
		part,
		func() bool { return exists(filepath.Join(dir, part)) || exists(filepath.Join(dir, "pg")) },
	)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func startAfterKill(t *testing.T, dir string) {
	t.Helper()
	s := startDurable(t, dir)
	count(t, s.Conn().AppURL(), "pg_class")
	stop(t, s)
	for _, name := range []string{"pg.init", "pg.pw"} {
		if exists(filepath.Join(dir, name)) {
			t.Errorf("%s is still there", name)
		}
	}
	if left := neighbours(t); len(left) > 0 {
		t.Errorf("left running: %v", left)
	}
}

// The children of a killed initdb may outlive it, and write: they hold a lock, for which the next start waits.
func TestChildrenOfAKilledInitdb(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	half := filepath.Join(dir, "pg.init")
	cmd, _ := spawnChild(t, dir)
	await(t, time.Minute, "child of initdb with the lock", func() bool {
		pids, _ := serving(half, "")
		return slices.ContainsFunc(pids, func(pid int) bool {
			held, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/3", pid))
			return err == nil && held == half
		})
	})
	must(t, cmd.Process.Kill())
	_ = cmd.Wait()

	folder, err := os.Open(half) // now we are such a child
	must(t, err)
	must(t, lockWithRetry(folder, halfPatience))
	marker := filepath.Join(half, "marker")
	writeFile(t, marker, "")
	go func() {
		time.Sleep(500 * time.Millisecond)
		if !exists(marker) {
			t.Error("the folder is emptied already")
		}
		folder.Close()
	}()
	count(t, startDurable(t, dir).Conn().AppURL(), "pg_class")
}

func TestCancelledStart(t *testing.T) {
	t.Parallel()
	if canBeApart() && !apart(t) {
		return
	}
	dir := newDir(t)
	for limit := time.Millisecond; limit < 500*time.Millisecond; limit = 2*limit + 20*time.Millisecond {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		s, err := Start(ctx, Config{Dir: dir, Logger: quiet()})
		cancel()
		if err == nil {
			stop(t, s)
		} else if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		t.Logf("%v: %v", limit, err)
	}
	startAfterKill(t, dir)
	if left := sharedMemory(t); len(left) > 0 {
		t.Errorf("left in memory: %v", left)
	}
}
