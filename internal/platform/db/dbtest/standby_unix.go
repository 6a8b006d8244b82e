//go:build unix

package dbtest

import (
	"fmt"
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

// Standby makes a hot standby, by pg_basebackup, of a server that its superuser reaches at an address by a socket, and
// returns how an address there leads to the standby.
func Standby(t testing.TB, super string) (there func(address string) string) {
	t.Helper()
	config, err := pgx.ParseConfig(super)
	if err != nil {
		t.Fatal(err)
	}
	_, socket := pgconn.NetworkAddress(config.Host, config.Port)
	info, err := os.Stat(socket)
	if err != nil {
		t.Fatal(err)
	}
	is := info.Sys().(*syscall.Stat_t)
	as := &syscall.SysProcAttr{}
	dir, err := os.MkdirTemp("", "waypost-standby-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if os.Geteuid() == 0 {
		as.Credential = &syscall.Credential{Uid: is.Uid, Gid: is.Gid}
		if err := os.Chown(dir, int(is.Uid), int(is.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	var most, bin string
	err = c.QueryRow(t.Context(), "select current_setting('max_connections'), setting from pg_config where name = 'BINDIR'").
		Scan(&most, &bin)
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	backup := exec.Command(filepath.Join(bin, "pg_basebackup"), "-h", config.Host, "-p", fmt.Sprint(config.Port), "-U", config.User,
		"-D", data, "-R", "-X", "stream", "--checkpoint=fast")
	backup.Env, backup.SysProcAttr = append(os.Environ(), "PGPASSWORD="+config.Password), as
	if out, err := backup.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	postgres := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-c", "listen_addresses=", "-c", "port=5432",
		"-c", "unix_socket_directories="+dir, "-c", "max_connections="+most, "-c", "fsync=off", "-c", "logging_collector=off")
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	postgres.Stderr, postgres.SysProcAttr = log, as
	if err := postgres.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = postgres.Process.Signal(syscall.SIGQUIT)
		_ = postgres.Wait()
		log.Close()
	})
	there = func(address string) string {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Set("host", dir)
		q.Set("port", "5432")
		u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
		return u.String()
	}
	for range 600 {
		if c, err := pgx.Connect(t.Context(), there(super)); err == nil {
			c.Close(t.Context())
			return there
		}
		time.Sleep(50 * time.Millisecond)
	}
	said, _ := os.ReadFile(log.Name())
	t.Fatalf("the standby does not answer: %s", said)
	return nil
}
