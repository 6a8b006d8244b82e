//go:build !unix

package localpg

import (
	"context"
	"errors"
	"path/filepath"
)

var errNotHere = errors.New(
	"Waypost's own PostgreSQL is not to be had on this system: set WAYPOST_DATABASE_URL to a PostgreSQL 15 or newer",
)

// Server is never running here: the server is run on Unix alone.
type Server struct{}

// Start fails here.
func Start(context.Context, Config) (*Server, error) { return nil, errNotHere }

// Attach fails here.
func Attach(string) (Conn, error) { return Conn{}, errNotHere }

// DefaultDir is the data directory when none is configured: .waypost in the working directory.
func DefaultDir(func() int) (dir, note string, err error) {
	dir, err = filepath.Abs(".waypost")
	return dir, "", err
}

// Conn, Failed and Stop are those of a Server that is never started.
func (*Server) Conn() Conn                 { return Conn{} }
func (*Server) Failed() <-chan error       { return nil }
func (*Server) Stop(context.Context) error { return nil }
