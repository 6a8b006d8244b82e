//go:build unix

package localpg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	stillStarting = "57P03" // cannot_connect_now
	shutDown      = "57P01" // admin_shutdown
	badPassword   = "28P01"
	diskFull      = "53100"

	pollEvery      = 5 * time.Millisecond
	maxDeaf        = 100              // tries of a server that says it is ready, 0.1 s apart, without an answer
	memoryPatience = 10 * time.Second // for backends whose postmaster was killed
)

// errMemoryInUse is a start refused because backends of a killed postmaster have not all ended.
var errMemoryInUse = errors.New("a killed server's processes still run")

// launch starts postgres and waits until it takes connections; the one it returns is the superuser's.
func (in *instance) launch(ctx context.Context) (*process, *pgx.Conn, error) {
	for end := time.Now().Add(memoryPatience); ; {
		if err := in.prepareStart(ctx); err != nil {
			return nil, nil, err
		}
		p, db, err := in.launchOnce(ctx)
		if !errors.Is(err, errMemoryInUse) || time.Now().After(end) {
			return p, db, err
		}
		if err := pause(ctx, 250*time.Millisecond); err != nil {
			return nil, nil, err
		}
	}
}

func (in *instance) launchOnce(ctx context.Context) (*process, *pgx.Conn, error) {
	program := identity(in.bin.path("postgres"))
	p, err := in.spawn()
	if err != nil {
		return nil, nil, err
	}
	db, err := in.awaitReady(ctx, p)
	if err == nil {
		err = in.notePrograms(ctx, db, program)
	}
	if err != nil {
		_ = p.stop(nil) // the next prepareStart deals with one that would not end
		return nil, nil, err
	}
	return p, db, nil
}

func (in *instance) spawn() (*process, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	cmd := exec.Command(in.bin.path("postgres"), in.arguments()...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = "/", environment(), w, w
	cmd.SysProcAttr = in.who.attributes(syscall.SIGINT)
	p, err := start(cmd)
	if err != nil {
		r.Close()
		return nil, err
	}
	p.log = readLog(r, in.logger)
	return p, nil
}

// arguments go before whatever is in postgresql.conf or was set by ALTER SYSTEM.
func (in *instance) arguments() []string {
	settings := []string{
		"listen_addresses=", "port=" + port, "unix_socket_directories=" + in.socketDir, "unix_socket_permissions=0700",
		"ssl=off", "password_encryption=scram-sha-256", "cluster_name=" + in.title(),
		"timezone=UTC", "log_timezone=UTC", "lc_messages=C", "jit=off",
		// After a crash of one of its processes postgres ends, and the supervisor sets the pace: by itself
		// it would try again without a pause for as long as, say, the disk is full.
		"restart_after_crash=off",
		// The log may reach places where personal data must not be: no statements, no parameters, no details.
		"logging_collector=off", "log_destination=stderr", "log_line_prefix=" + linePrefix, "log_min_messages=warning",
		"log_statement=none", "log_min_error_statement=panic", "log_error_verbosity=terse", "log_duration=off",
		"log_min_duration_statement=-1", "log_min_duration_sample=-1", "log_transaction_sample_rate=0",
		"log_parameter_max_length=0", "log_parameter_max_length_on_error=0",
	}
	if in.ephemeral {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off",
			"wal_level=minimal", "max_wal_senders=0", "shared_buffers=32MB", "max_connections=200")
	} else {
		settings = append(settings, "fsync=on", "synchronous_commit=on", "full_page_writes=on",
			"shared_buffers=128MB", "max_connections=100")
	}
	args := []string{"-D", in.pg}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	return args
}

// awaitReady has no limit of its own: after a crash, recovery takes as long as there is log to replay.
func (in *instance) awaitReady(ctx context.Context, p *process) (*pgx.Conn, error) {
	patience := time.After(10 * time.Second)
	wait, deaf := pollEvery, 0
	for {
		select {
		case <-p.exited:
			return nil, in.whyEnded(p)
		case <-ctx.Done():
			return nil, fmt.Errorf("PostgreSQL was not ready in time: %w", context.Cause(ctx))
		case <-patience:
			in.logger.Warn("PostgreSQL is not ready yet: after a crash it recovers first", "pid", p.pid)
		case <-time.After(wait):
		}
		if pf := readPidFile(in.pg); pf.pid != p.pid || !pf.ready {
			continue
		}
		// In a container, pids repeat: the file may be an old one that names our pid. Only a connection is proof.
		db, err := connect(ctx, in.conn().SuperURL())
		if err == nil || !worthRetrying(err) || deaf == maxDeaf {
			return db, in.explain(err)
		}
		wait = 20 * pollEvery
		if !recovering(err) {
			deaf++
		}
	}
}

func connect(ctx context.Context, url string) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return pgx.Connect(ctx, url)
}

// recovering: it answers, and says that it is starting.
func recovering(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == stillStarting
}

// worthRetrying: the server is recovering or not there yet.
func worthRetrying(err error) bool {
	return recovering(err) || errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED) ||
		errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, context.DeadlineExceeded)
}

func (in *instance) explain(err error) error {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == badPassword {
		return fmt.Errorf(
			"%s is not the one of the cluster beside it: put the right one back from a backup",
			secretsPath(in.dir),
		)
	}
	return advise(err)
}

// whyEnded is how postgres ended, and what it said about that.
func (in *instance) whyEnded(p *process) error {
	select {
	case <-p.log.ended:
	case <-time.After(200 * time.Millisecond): // an orphan may hold the pipe open
	}
	if !p.cmd.ProcessState.Exited() { // killed: whatever it said was about something else
		return fmt.Errorf("PostgreSQL ended (%v)", p.cmd.ProcessState)
	}
	said := cmp.Or(p.log.fatal(), "it did not say why")
	err := fmt.Errorf("PostgreSQL ended (%v): %s", p.cmd.ProcessState, said)
	switch {
	case strings.Contains(said, "pre-existing shared memory block"):
		return fmt.Errorf("%w: %s", errMemoryInUse, said)
	case strings.Contains(said, "Permission denied"),
		strings.Contains(said, "invalid permissions"),
		strings.Contains(said, "wrong ownership"):
		return fmt.Errorf(
			"give %s back to its user with chown -R %s %s and chmod 700 %s: %w",
			in.pg,
			in.who.name,
			in.pg,
			in.pg,
			err,
		)
	}
	return advise(err)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
