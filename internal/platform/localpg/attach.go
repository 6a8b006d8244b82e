//go:build unix

package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"
)

// How long Attach waits for a server that is starting, or starting again.
const attachPatience = 10 * time.Second

// Attach is how commands other than serve reach the server that serve runs in dir. It starts nothing and makes nothing.
// The error is ErrNotRunning when nothing runs there.
func Attach(dir string) (Conn, error) {
	dir, err := resolve(dir)
	if err != nil {
		return Conn{}, err
	}
	for end := time.Now().Add(attachPatience); ; time.Sleep(50 * time.Millisecond) {
		up, err := running(dir)
		if err != nil {
			return Conn{}, fmt.Errorf("data directory %s: %w", dir, err)
		}
		if !up {
			return Conn{}, fmt.Errorf(
				"PostgreSQL is %w in %s: start waypost serve there first, or set WAYPOST_DATA_DIR or "+
					"WAYPOST_DATABASE_URL",
				ErrNotRunning,
				dir,
			)
		}
		conn, err := reach(dir)
		if err == nil {
			return conn, nil
		}
		if time.Now().After(end) || errors.Is(err, fs.ErrPermission) {
			return Conn{}, fmt.Errorf("the server in %s cannot be reached: %w", dir, err)
		}
	}
}

// reach connects as the owner, so that it succeeds only when the start has come to its end.
func reach(dir string) (Conn, error) {
	s, err := readSecrets(dir)
	if err != nil {
		return Conn{}, err
	}
	pf := readPidFile(filepath.Join(dir, "pg"))
	if !pf.ready {
		return Conn{}, errors.New("it is still starting")
	}
	conn := Conn{socketDir: pf.socketDir, secrets: s} // its own word: the folder may be the short one
	db, err := connect(context.Background(), conn.OwnerURL())
	if err != nil {
		return Conn{}, err
	}
	return conn, db.Close(context.Background())
}
