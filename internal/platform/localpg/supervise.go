//go:build unix

package localpg

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// So many ends within this time, and the supervisor gives up. The waits between are four times as long each, so that
// what takes a moment to pass does not use up the tries.
const (
	maxFailures   = 5
	failureWindow = time.Minute
	firstWait     = 100 * time.Millisecond
)

// How long to wait between tries while the disk is full. They have no end: only a person can make room, and nothing is
// gained by ending the program meanwhile.
const fullWait = 5 * time.Second

// supervise keeps a server running until Stop, or until it dies too often.
func (s *Server) supervise(p *process) {
	defer close(s.done)
	defer s.in.close()
	var f failures
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for p != nil {
		select {
		case <-look.C:
			if s.in.programs.replaced() {
				p = s.renew(p)
			}
		case <-s.ctx.Done():
			s.stopErr = p.stop(s.hurry)
			return
		case <-p.exited:
			p = s.relaunch(&f, s.in.whyEnded(p))
		}
	}
}

// relaunch is nil when there is no server any more: Stop was called, or we have given up.
func (s *Server) relaunch(f *failures, cause error) *process {
	for {
		wait, again := f.add(time.Now(), cause)
		if !again {
			s.in.logger.Error("PostgreSQL keeps dying: giving up", "error", cause)
			s.failed <- fmt.Errorf("PostgreSQL in %s died %d times within %v, see its log: %w", s.in.dir, maxFailures, failureWindow, cause)
			return nil
		}
		s.in.logger.Warn("PostgreSQL died: starting it again", "error", cause, "after", wait)
		if pause(s.ctx, wait) != nil {
			return nil
		}
		p, db, err := s.in.launch(s.ctx)
		if err == nil {
			return s.resumed(p, db)
		}
		if s.ctx.Err() != nil {
			return nil
		}
		cause = err
	}
}

func (s *Server) resumed(p *process, db *pgx.Conn) *process {
	_ = db.Close(context.Background())
	s.in.logger.Info("PostgreSQL runs again", "pid", p.pid)
	return p
}

// failures are the times of the latest ends.
type failures []time.Time

// add notes a failure and tells how long to wait before the next try, if there should be one.
func (f *failures) add(now time.Time, cause error) (wait time.Duration, again bool) {
	if errors.Is(cause, errDiskFull) {
		return fullWait, true
	}
	recent := (*f)[:0]
	for _, t := range *f {
		if now.Sub(t) < failureWindow {
			recent = append(recent, t)
		}
	}
	*f = append(recent, now)
	n := len(*f)
	return firstWait << (2 * (n - 1)), n < maxFailures
}
