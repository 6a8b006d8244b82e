//go:build unix

package localpg

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// bystander is a process of the server's own user that is none of its servers.
func bystander(t *testing.T, who runUser, folder string) int {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	cmd.Dir, cmd.SysProcAttr = folder, who.attributes(syscall.SIGKILL)
	p, err := start(cmd)
	must(t, err)
	t.Cleanup(func() { p.signal(syscall.SIGKILL); <-p.exited })
	return p.pid
}

// A postmaster.pid and a socket's lock that name a process which has got the pid since: the start succeeds,
// and nobody is harmed.
func TestStalePidFile(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	s := startDurable(t, dir)
	exec1(t, openDB(t, s.Conn().OwnerURL()), `create table kept (n int); insert into kept values (1)`)
	_, rest, _ := strings.Cut(readFile(t, filepath.Join(s.in.pg, "postmaster.pid")), "\n")
	stop(t, s)

	other := startIn(t, newDir(t))
	named := map[string]int{
		"of the same user":                          bystander(t, s.in.who, "/"),
		"of the same user, standing in the cluster": bystander(t, s.in.who, s.in.pg),
		"another cluster's postmaster":              postmaster(other),
		"ourselves":                                 os.Getpid(),
		"root":                                      1,
	}
	for name, pid := range named {
		stale(t, s.in, fmt.Sprintf("%d\n%s", pid, rest))
		startsWithItsRow(t, dir, name)
	}
	for name, pid := range named {
		if !alive(pid) || zombie(pid) {
			t.Errorf("%s was killed", name)
		}
	}
	count(t, other.Conn().AppURL(), "pg_class")
	for name, content := range map[string]string{"dead": "4194303\n" + rest, "empty": "", "junk": "junk\n\n\n"} {
		stale(t, s.in, content)
		startsWithItsRow(t, dir, name)
	}
}

func stale(t *testing.T, in *instance, content string) {
	t.Helper()
	for _, path := range []string{filepath.Join(in.pg, "postmaster.pid"), filepath.Join(in.socketDir, socketName+".lock")} {
		must(t, os.WriteFile(path, []byte(content), 0o600))
		must(t, in.who.give(path))
	}
}

func startsWithItsRow(t *testing.T, dir, name string) {
	t.Helper()
	s, err := Start(t.Context(), Config{Dir: dir, Logger: quiet()})
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if n := count(t, s.Conn().OwnerURL(), "kept"); n != 1 {
		t.Errorf("%s: %d rows, want 1", name, n)
	}
	stop(t, s)
}

// A server that did not hear of its parent's death, and is at work still, is told by the next start. It does not matter
// whether its pid file is there.
func TestServerThatOutlivedItsParent(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"with its pid file", "without"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := newDir(t)
			s := startDurable(t, dir)
			stop(t, s)
			left := &Server{
				in: &instance{
					pg:        s.in.pg,
					dir:       s.in.dir,
					socketDir: s.in.socketDir,
					who:       s.in.who,
					bin:       s.in.bin,
					secrets:   s.in.secrets,
					logger:    quiet(),
				},
			}
			p, db, err := left.in.launch(t.Context())
			must(t, err)
			defer db.Close(t.Context())
			w := startWriters(t, left, 2, `insert into written values ($1, '')`)
			w.await(t, 50)
			if name == "without" {
				must(t, os.Remove(filepath.Join(s.in.pg, "postmaster.pid")))
			}

			s = startDurable(t, dir)
			w.check(t, s)
			select {
			case <-p.exited:
			default:
				t.Error("the old server still runs")
			}
		})
	}
}
