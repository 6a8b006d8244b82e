//go:build unix

package localpg

import (
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// How long a postmaster gets to close down tidily, and then at once.
const (
	fastPatience      = 20 * time.Second
	immediatePatience = 10 * time.Second // it kills its own children after 5
)

// process is a child of ours.
type process struct {
	cmd    *exec.Cmd
	pid    int
	exited chan struct{} // closed when it has ended
	err    error         // how it ended; read after exited is closed
	log    *serverLog    // nil for initdb
}

// start keeps the thread that forked the child until the child has ended, because the signal of a parent's death comes
// when that thread ends, which the Go runtime is otherwise free to do at any time.
func start(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.exited)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("%s cannot be started: %w", cmd.Path, advise(err))
	}
	p.pid = cmd.Process.Pid
	return p, nil
}

// stop asks the postmaster to end its sessions and write what is in memory; when that takes too long, or hurry is
// closed, to end at once, from which the next start recovers.
func (p *process) stop(hurry <-chan struct{}) error {
	p.signal(syscall.SIGINT)
	select {
	case <-p.exited:
		return nil
	case <-hurry:
	case <-time.After(fastPatience):
	}
	p.signal(syscall.SIGQUIT)
	select {
	case <-p.exited:
		return nil
	case <-time.After(immediatePatience):
		return fmt.Errorf("PostgreSQL (process %d) did not stop: end it with kill -QUIT %d", p.pid, p.pid)
	}
}

// signal goes through os.Process, which knows when the pid is no longer ours to signal.
func (p *process) signal(sig syscall.Signal) { _ = p.cmd.Process.Signal(sig) }
