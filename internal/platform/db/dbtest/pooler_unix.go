//go:build unix

package dbtest

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Pooler is a PgBouncer in transaction mode in front of one login of one database, as Debian brings it.
type Pooler struct {
	t       testing.TB
	path    string // of its program
	file    string // of its configuration
	listens string
	owner   *syscall.Credential
	running *exec.Cmd
}

// Pool puts a PgBouncer in front of a database, and returns it with the address that leads there through it. More lines of
// its configuration may be given. The test is skipped where there is none.
func Pool(t testing.TB, address string, settings ...string) (*Pooler, string) {
	t.Helper()
	p := &Pooler{t: t}
	var err error
	if p.path, err = exec.LookPath("pgbouncer"); err != nil {
		if p.path, err = exec.LookPath("/usr/sbin/pgbouncer"); err != nil { // which Debian leaves out of most people's path
			t.Skip("no PgBouncer here (make test installs it by apt): nothing was tried through a pooler")
		}
	}
	config, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.listens = l.Addr().String()
	_, port, _ := net.SplitHostPort(p.listens)
	l.Close()
	dir := t.TempDir()
	users, log := filepath.Join(dir, "users.txt"), filepath.Join(dir, "log")
	p.file = filepath.Join(dir, "pgbouncer.ini")
	lines := append([]string{
		"[databases]",
		fmt.Sprintf("%s = host=%s port=%d dbname=%s", config.Database, config.Host, config.Port, config.Database),
		"[pgbouncer]", "listen_addr = 127.0.0.1", "listen_port = " + port, "unix_socket_dir =",
		"auth_type = trust", "auth_file = " + users, "admin_users = " + config.User, "logfile = " + log,
		"pool_mode = transaction",
	}, settings...)
	for path, text := range map[string]string{
		p.file: strings.Join(lines, "\n") + "\n",
		users:  fmt.Sprintf("%q %q\n", config.User, config.Password),
		log:    "",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.giveAway(config, dir, p.file, users, log)
	t.Cleanup(p.Stop)
	p.Start()
	u := url.URL{Scheme: "postgres", User: url.UserPassword(config.User, config.Password), Host: p.listens,
		Path: "/" + config.Database, RawQuery: "sslmode=disable"}
	return p, u.String()
}

// giveAway has the files belong to whom the server belongs to, where the tests run as root, which PgBouncer refuses to.
func (p *Pooler) giveAway(config *pgx.ConnConfig, paths ...string) {
	p.t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	_, socket := pgconn.NetworkAddress(config.Host, config.Port)
	as := &syscall.Credential{Uid: 65534, Gid: 65534} // nobody, to whom a server by TCP is as near as to all
	if info, err := os.Stat(socket); err == nil {
		is := info.Sys().(*syscall.Stat_t)
		as = &syscall.Credential{Uid: is.Uid, Gid: is.Gid}
	}
	for _, path := range paths {
		if err := os.Chown(path, int(as.Uid), int(as.Gid)); err != nil {
			p.t.Fatal(err)
		}
	}
	for dir := filepath.Dir(paths[0]); dir != filepath.Clean(os.TempDir()) && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o711); err != nil { // it passes through
			p.t.Fatal(err)
		}
	}
	p.owner = as
}

// Start starts it, and waits until it listens.
func (p *Pooler) Start() {
	p.t.Helper()
	p.running = exec.Command(p.path, p.file)
	p.running.SysProcAttr = &syscall.SysProcAttr{Credential: p.owner}
	if err := p.running.Start(); err != nil {
		p.t.Fatal(err)
	}
	for range 200 {
		if c, err := net.Dial("tcp", p.listens); err == nil {
			c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	said, _ := os.ReadFile(filepath.Join(filepath.Dir(p.file), "log"))
	p.t.Fatalf("PgBouncer does not listen: %s", said)
}

// Stop drops every connection at once.
func (p *Pooler) Stop() {
	if p.running != nil {
		_, _ = p.running.Process.Kill(), p.running.Wait()
		p.running = nil
	}
}
