//go:build unix

package localpg

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// How long the server of a killed Waypost gets to close down tidily, and then at once, before we give up.
const (
	tidyPatience  = 10 * time.Second
	crashPatience = 6 * time.Second
)

// pidFile is what we need of postmaster.pid.
type pidFile struct {
	pid       int
	socketDir string
	ready     bool
}

// readPidFile is all zero when there is no file, or not yet a whole one.
func readPidFile(pg string) pidFile {
	b, err := os.ReadFile(filepath.Join(pg, "postmaster.pid"))
	if err != nil {
		return pidFile{}
	}
	lines := strings.Split(string(b), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(lines[0]))
	pf := pidFile{pid: max(pid, -pid)} // negative for a single-user server
	if len(lines) >= 8 {
		pf.socketDir = lines[4]
		pf.ready = strings.TrimSpace(lines[7]) == "ready"
	}
	return pf
}

// prepareStart makes sure that nothing serves the cluster any more, and clears away what would keep postgres from starting.
// Holding the lock, we know that no living Waypost runs it; its server may still be closing down, though.
func (in *instance) prepareStart(ctx context.Context) error {
	if err := in.awaitOthers(ctx); err != nil {
		return err
	}
	// A dead process in postmaster.pid is for postgres to judge, which also checks the shared memory that
	// the file names. For ever it would refuse one that lives, though it got the pid by chance, and a file
	// that a crash left empty.
	if pid := readPidFile(in.pg).pid; pid != 0 && !alive(pid) {
		return in.removeSocket()
	}
	err := os.Remove(filepath.Join(in.pg, "postmaster.pid"))
	if err == nil {
		in.logger.Info("removed a stale postmaster.pid: it named no server of this data directory")
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("stale postmaster.pid: %w", advise(err))
	}
	return in.removeSocket()
}

// awaitOthers waits for processes of an earlier server of this cluster to end, and then ends them.
func (in *instance) awaitOthers(ctx context.Context) error {
	steps := []struct {
		patience time.Duration
		act      func(pids []int)
	}{
		{tidyPatience, in.askToStop},
		{crashPatience, func(pids []int) { signalAll(pids, syscall.SIGQUIT) }},
	}
	for _, step := range steps {
		for end, acted := time.Now().Add(step.patience), false; time.Now().Before(end); {
			pids, err := serving(in.pg, in.title())
			if err != nil || len(pids) == 0 {
				return err
			}
			if !acted {
				in.logger.Info("waiting for an earlier PostgreSQL of this data directory to end", "pids", pids)
				step.act(pids)
				acted = true
			}
			if err := pause(ctx, 10*time.Millisecond); err != nil {
				return err
			}
		}
	}
	pids, err := serving(in.pg, in.title())
	if err == nil && len(pids) > 0 {
		err = fmt.Errorf(
			"PostgreSQL process %d still serves %s: end it with kill %d, then start again",
			pids[0],
			in.pg,
			pids[0],
		)
	}
	return err
}

// askToStop lets a postmaster close down. Backends that lost theirs are ended at once: the idle ones go by themselves,
// but a busy one would hold up the next server for as long as its query takes, and its client is lost anyway.
func (in *instance) askToStop(pids []int) {
	if pid := readPidFile(in.pg).pid; slices.Contains(pids, pid) {
		signalAll([]int{pid}, syscall.SIGINT)
		return
	}
	signalAll(pids, syscall.SIGQUIT)
}

func signalAll(pids []int, sig syscall.Signal) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, sig)
	}
}

func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// title is this cluster's name in the titles of its backends.
func (in *instance) title() string {
	sum := sha256.Sum256([]byte(in.pg))
	return "waypost-" + hex.EncodeToString(sum[:6])
}
