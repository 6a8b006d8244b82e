//go:build unix

package localpg

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestLongAndOddPaths(t *testing.T) {
	t.Parallel()
	for name, part := range map[string]string{
		"long":            strings.Repeat("long", 30),
		"very long":       strings.Repeat(strings.Repeat("long", 50)+"/", 4),
		"comma and quote": `a,b"c'd e`,
		"space":           "a b%c",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(newDir(t), part)
			if name == "space" { // and through a symbolic link
				must(t, os.MkdirAll(filepath.Join(dir, "real"), 0o755))
				must(t, os.Symlink("real", filepath.Join(dir, "link")))
				dir = filepath.Join(dir, "link", "data")
			}
			s := startIn(t, dir)
			conn, err := Attach(dir)
			must(t, err)
			if count(t, conn.AppURL(), "pg_class"); conn != s.Conn() {
				t.Error("Attach found another server")
			}
			short := s.in.socketDir
			stop(t, s)
			if _, err := os.Stat(short); name != "space" && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s was left behind", short)
			}
		})
	}
}

// The short folder of the socket: no other user can enter it, it is gone after a stop, and a start takes it over from a
// server that was killed.
func TestShortSocketDir(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(newDir(t), strings.Repeat("long", 30))
	s := startIn(t, dir)
	run := s.in.socketDir
	socket := filepath.Join(run, socketName)
	if len(socket) > maxSocket || filepath.Dir(run) != "/tmp" {
		t.Errorf("the socket is %s", socket)
	}
	info, err := os.Stat(run)
	must(t, err)
	if owner := int(info.Sys().(*syscall.Stat_t).Uid); info.Mode().Perm() != 0o700 || owner != s.in.who.uid {
		t.Errorf("%s has mode %o and belongs to %d", run, info.Mode().Perm(), owner)
	}
	if os.Geteuid() == 0 {
		ls := exec.Command("ls", socket)
		ls.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 12345, Gid: 12345}}
		if out, err := ls.CombinedOutput(); err == nil || !strings.Contains(string(out), "ermission denied") {
			t.Errorf("another user sees the socket: %s", out)
		}
	}
	stop(t, s)

	must(t, os.Mkdir(run, 0o777)) // as a start that was killed leaves it
	must(t, os.WriteFile(socket+".lock", []byte("1\n"), 0o600))
	again := startIn(t, dir)
	must(t, syscall.Kill(postmaster(again), syscall.SIGKILL)) // so that it cannot remove its socket itself
	must(t, again.Stop(context.Background()))
	if _, err := os.Lstat(run); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s was left behind", run)
	}
	startIn(t, dir) // so that its stop frees the shared memory that the killed server held
}

// The short folder's name can be guessed. If another user makes it first, or puts a link there, the start is refused and
// nothing of theirs is changed.
func TestSocketDirOfSomebodyElse(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder to another user")
	}
	dir := filepath.Join(newDir(t), strings.Repeat("long", 30))
	run := socketDirFor(dir)
	t.Cleanup(func() { _ = os.Remove(run) })
	must(t, os.Mkdir(run, 0o777))
	must(t, os.Chown(run, 12345, 12345))
	refused(t, Config{Dir: dir, Ephemeral: true}, run, "remove it", "uid 12345")
	must(t, os.Remove(run)) // fails if the refused start removed it

	theirs := t.TempDir()
	before, err := os.Stat(theirs)
	must(t, err)
	must(t, os.Symlink(theirs, run))
	refused(t, Config{Dir: dir, Ephemeral: true}, run, "remove it")
	if after, err := os.Stat(theirs); err != nil || after.Mode() != before.Mode() {
		t.Errorf("what the link names was changed: %v, %v", after.Mode(), err)
	}
	must(t, os.Remove(run))
	startIn(t, dir)
}
