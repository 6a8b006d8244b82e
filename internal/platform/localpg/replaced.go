//go:build unix

package localpg

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	lookEvery = time.Second // how often the programs on the disk are looked at
	sameLooks = 2           // so many looks in a row must find the same, before a replacement counts as complete
)

// programs are the files that a running server is made of and goes on reading: an upgrade replaces them
// under it, and new sessions may then fail for want of a library that fits.
type programs struct {
	files   []string
	running []string // what identified them when the server was launched
	seen    []string // and at the last look
	same    int      // how many looks in a row found what is in seen
	warned  bool     // that they are gone, or are no server
}

// notePrograms remembers which files the server that was just launched is made of. launched is the identity
// of its program, which recovery may have left behind long ago.
func (in *instance) notePrograms(ctx context.Context, db *pgx.Conn, launched string) error {
	var libraries string
	if err := db.QueryRow(ctx, `select setting from pg_config where name = 'PKGLIBDIR'`).Scan(&libraries); err != nil {
		return err
	}
	p := programs{
		files: []string{
			in.bin.path("postgres"),
			filepath.Join(libraries, "plpgsql.so"),
			filepath.Join(libraries, "pg_trgm.so"),
		},
	}
	p.seen = p.identify()
	p.running = append([]string{launched}, p.seen[1:]...)
	in.programs = p
	return nil
}

// identify tells the files from any that replace them, also by ones of the same content; a file that is not
// there has no identity.
func (p *programs) identify() (found []string) {
	for _, path := range p.files {
		found = append(found, identity(path))
	}
	return found
}

// replaced looks at the files, and reports whether they are others than those that run, all there, and not
// being written any more.
func (p *programs) replaced() bool {
	now := p.identify()
	if !slices.Equal(now, p.seen) {
		p.seen, p.same, p.warned = now, 0, false
	}
	p.same++
	return p.same > sameLooks && !slices.Equal(now, p.running)
}

// renew stops the server and launches the one that replaced its programs. It goes on with the old one while
// there is none of the same major version.
func (s *Server) renew(p *process) *process {
	in := s.in
	found, err := in.places.find(s.ctx, in.bin.major)
	if err == nil && found == in.bin {
		_, err = os.Stat(in.programs.files[1]) // without it no session works
	}
	if err != nil {
		if !in.programs.warned && s.ctx.Err() == nil {
			in.logger.Warn("PostgreSQL's programs were replaced or removed, and there is none to change over to: the "+
				"running server goes on", "error", err)
			in.programs.warned = true
		}
		return p
	}
	in.logger.Info("PostgreSQL's programs were replaced: restarting it")
	if err := p.stop(s.hurry); err != nil {
		in.logger.Warn("PostgreSQL was to be restarted", "error", err)
		return p
	}
	in.bin = found
	next, db, err := in.launch(s.ctx)
	if err != nil {
		return s.relaunch(&failures{}, fmt.Errorf("after its programs were replaced: %w", err))
	}
	return s.resumed(next, db)
}
