//go:build unix

package localpg

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
)

// instance is one data directory, locked by us, with all that is needed to run its server.
type instance struct {
	dir, pg   string
	socketDir string
	who       runUser
	places    places
	bin       binaries
	programs  programs
	secrets   secrets
	ephemeral bool
	logger    *slog.Logger
	lock      *os.File
}

// Server is a running PostgreSQL and the supervisor that keeps it running.
type Server struct {
	in     *instance
	ctx    context.Context // ends when Stop is called
	cancel context.CancelFunc

	hurry     chan struct{} // closed when a Stop runs out of patience
	hurryOnce sync.Once
	done      chan struct{} // closed when the server has ended for good
	stopErr   error         // read after done is closed
	failed    chan error
}

// Start runs the server of c.Dir and returns when it takes connections. It makes the cluster, the roles and
// the database when they are absent, and finishes what a killed start left. The context limits the start,
// not the server's life. An error says what to do about it; it is ErrInUse when another process runs the
// server of this directory.
func Start(ctx context.Context, c Config) (*Server, error) {
	in, err := open(ctx, c)
	if err != nil {
		return nil, err
	}
	p, err := in.bringUp(ctx)
	if err != nil {
		in.close()
		return nil, err
	}
	s := &Server{in: in, hurry: make(chan struct{}), done: make(chan struct{}), failed: make(chan error, 1)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	go s.supervise(p)
	return s, nil
}

// Conn is how to reach the server; it stays valid over relaunches.
func (s *Server) Conn() Conn { return s.in.conn() }

// Failed receives once, when the server died so often that the supervisor gave up: Stop, and end the program.
func (s *Server) Failed() <-chan error { return s.failed }

// Stop ends all sessions and the server, tidily within 20 seconds or else at once, as it does when ctx
// ends; no committed data is lost either way. Later calls wait for the same end. It is an error when the
// server would not end.
func (s *Server) Stop(ctx context.Context) error {
	s.cancel()
	select {
	case <-s.done:
	case <-ctx.Done():
		s.hurryOnce.Do(func() { close(s.hurry) })
		<-s.done
	}
	return s.stopErr
}

// open finds everything before it makes anything: with no binaries or the wrong ones, the disk is left as it was.
func open(ctx context.Context, c Config) (*instance, error) {
	dir, err := resolve(c.Dir)
	if err != nil {
		return nil, err
	}
	if err := checkDir(dir); err != nil {
		return nil, err
	}
	in := &instance{dir: dir, pg: filepath.Join(dir, "pg"), ephemeral: c.Ephemeral, logger: c.Logger}
	if in.logger == nil {
		in.logger = slog.Default()
	}
	major, err := clusterMajor(in.pg)
	if err != nil {
		return nil, err
	}
	in.places = searchPlaces(c.BinDir)
	if in.bin, err = in.places.find(ctx, major); err != nil {
		return nil, err
	}
	if in.who, err = findUser(os.Geteuid(), in.pg); err != nil {
		return nil, err
	}
	if at := blockedAt(in.bin.dir, in.who); at != "" {
		return nil, fmt.Errorf(
			"PostgreSQL in %s would run as user %s, who cannot enter %s: allow it with chmod o+x %s",
			in.bin.dir,
			in.who.name,
			at,
			at,
		)
	}
	if err := makeDir(dir, in.who); err != nil {
		return nil, err
	}
	if in.lock, err = takeLock(dir); err != nil {
		return nil, err
	}
	return in, nil
}

// bringUp does what needs the lock.
func (in *instance) bringUp(ctx context.Context) (*process, error) {
	major, err := clusterMajor(in.pg)
	if err != nil {
		return nil, err
	}
	if in.secrets, err = ensureSecrets(in.dir, major != 0); err != nil {
		return nil, err
	}
	if err := in.ensureCluster(ctx); err != nil {
		return nil, err
	}
	if in.socketDir, err = makeSocketDir(in.dir, in.who); err != nil {
		return nil, err
	}
	p, db, err := in.launch(ctx)
	if err != nil {
		return nil, err
	}
	defer db.Close(ctx)
	if err := setUp(ctx, db, in.secrets); err != nil {
		_ = p.stop(nil)
		return nil, fmt.Errorf("data directory %s: %w", in.dir, advise(err))
	}
	return p, nil
}

func (in *instance) conn() Conn { return Conn{socketDir: in.socketDir, secrets: in.secrets} }

// close lets go of the data directory. The lock file stays: removing it would let two starts hold two locks.
func (in *instance) close() {
	if in.socketDir != "" && filepath.Dir(in.socketDir) != in.dir {
		_ = in.removeSocket()
		_ = os.Remove(in.socketDir)
	}
	_ = in.lock.Close()
}
