package cli

import (
	"errors"
	"log/slog"
	"time"

	"waypost/internal/platform/db"
)

// errLeaderFirst refuses a standby of a database that no server has begun to serve.
var errLeaderFirst = errors.New("the database is a standby, where a server's first start cannot write what it needs: start one " +
	"on the leader first")

const standbyEvery = time.Second // how often a standby is looked at

// awaitLeader waits until the database is no standby: none of a server's own work is done there. It tells the log of what
// changes, and reports false when the server ends before.
func (s *surroundings) awaitLeader(d *db.DB) bool {
	standby, behind := false, false
	for {
		is, err := d.Standby(s)
		switch {
		case s.Err() != nil:
			return false
		case err != nil: // the database is away, which requests tell
		case !is.Is:
			if standby {
				slog.Warn("the standby was promoted: this process serves everything from now on, and runs jobs")
			}
			return true
		default:
			if !standby {
				slog.Info("the database is a standby: what shows nobody is served from it, and no job runs",
					"may_be_behind", s.StandbyLag.String())
			}
			standby = true
			if now := d.Behind(is); now != behind {
				behind = now
				if behind {
					slog.Warn("the standby is further behind its leader than is allowed, or does not know how far: nothing is " +
						"served from it")
				} else {
					slog.Info("the standby has caught up", "seconds_behind", is.Lag.Seconds())
				}
			}
		}
		select {
		case <-s.Done():
			return false
		case <-time.After(standbyEvery):
		}
	}
}
