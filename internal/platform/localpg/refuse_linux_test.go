package localpg

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestReadOnlyDataDirectory(t *testing.T) {
	t.Parallel()
	if !apart(t) {
		return
	}
	disk := smallDisk(t, "200m")
	made := filepath.Join(disk, "made")
	stop(t, startDurable(t, made))
	must(t, syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	for _, dir := range []string{disk, filepath.Join(disk, "absent"), made} {
		untouched(
			t,
			disk,
			Config{Dir: dir},
			dir,
			"the file system is read-only, mount it for writing or set WAYPOST_DATA_DIR",
		)
	}
	must(t, syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, ""))
	startDurable(t, made)
}

const ordinaryUser = 65534

// startAs is what a start says that another user makes.
func startAs(t *testing.T, uid uint32, program, dir string) string {
	t.Helper()
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Error("started, but must not")
	}
	t.Logf("%s", out)
	if strings.Count(string(out), "\n") != 1 {
		t.Error("not one line")
	}
	return string(out)
}

// copyOfUs is this program where other users may run it.
func copyOfUs(t *testing.T, folder string) string {
	t.Helper()
	from, err := os.Open(os.Args[0])
	must(t, err)
	defer from.Close()
	to, err := os.OpenFile(filepath.Join(folder, "us"), os.O_WRONLY|os.O_CREATE, 0o755)
	must(t, err)
	defer to.Close()
	_, err = io.Copy(to, from)
	must(t, err)
	return to.Name()
}

func TestNoPermission(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	base := filepath.Dir(newDir(t))
	program := copyOfUs(t, base)
	for name, mode := range map[string]os.FileMode{"read-only": 0o500, "closed": 0} {
		dir := filepath.Join(base, name)
		must(t, os.Mkdir(dir, mode))
		must(t, os.Chown(dir, ordinaryUser, ordinaryUser))
	}
	must(t, os.Mkdir(filepath.Join(base, "root's"), 0o755))
	for _, name := range []string{"read-only", "closed", "root's", "absent"} {
		said := startAs(t, ordinaryUser, program, filepath.Join(base, name))
		for _, want := range []string{filepath.Join(base, name), "no permission", "start as the user who owns", "WAYPOST_DATA_DIR"} {
			if !strings.Contains(said, want) {
				t.Errorf("%s: it does not say %q", name, want)
			}
		}
	}
	must(t, os.Chmod(base, 0o777))
	if said := startAs(t, 54321, program, filepath.Join(base, "absent")); !strings.Contains(said, "/etc/passwd") {
		t.Error("it does not say where the user is missing")
	}
}

// A cluster whose modes or owner a copy or a restore has changed.
func TestClusterOfWrongModes(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs another user")
	}
	dir := newDir(t)
	s := startDurable(t, dir)
	stop(t, s)
	chmod := func(path string, mode os.FileMode) { must(t, os.Chmod(filepath.Join(s.in.pg, path), mode)) }
	advice := "chown -R " + s.in.who.name + " " + s.in.pg

	chmod(".", 0o755)
	refused(t, Config{Dir: dir}, advice, "chmod 700 "+s.in.pg, "invalid permissions")
	chmod(".", 0o500)
	refused(t, Config{Dir: dir}, advice, "Permission denied")
	chmod(".", 0o700)
	chmod("global/pg_control", 0)
	refused(t, Config{Dir: dir}, advice, "Permission denied")
	chmod("global/pg_control", 0o600)
	must(t, os.Chown(s.in.pg, 0, 0))
	refused(t, Config{Dir: dir}, "belongs to root", "chown -R postgres "+s.in.pg)
	must(t, s.in.who.give(s.in.pg))
	startDurable(t, dir)
}

// instead puts another file in the place of one of the system's, for those apart.
func instead(t *testing.T, path, content string) string {
	t.Helper()
	ours := filepath.Join(t.TempDir(), "ours")
	writeFile(t, ours, content)
	must(t, syscall.Mount(ours, path, "", syscall.MS_BIND, ""))
	t.Cleanup(func() { must(t, syscall.Unmount(path, 0)) })
	return ours
}

// A machine whose root has no user postgres: nobody serves, and survives what postgres does.
func TestWithoutUserPostgres(t *testing.T) {
	t.Parallel()
	if !apart(t) {
		return
	}
	passwd := instead(t, "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
	instead(t, "/etc/nsswitch.conf", "passwd: files\n")
	dir := newDir(t)
	refused(t, Config{Dir: dir}, "no user postgres or nobody", "useradd --system postgres")
	if _, err := os.Stat(dir); err == nil {
		t.Error("the data directory was made all the same")
	}

	writeFile(t, passwd, "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n")
	s := startDurable(t, dir)
	exec1(t, openDB(t, s.Conn().OwnerURL()), `create table kept (n int); insert into kept values (1)`)
	must(t, syscall.Kill(postmaster(s), syscall.SIGKILL))
	if n := count(t, s.Conn().OwnerURL(), "kept"); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
	info, err := os.Stat(filepath.Join("/proc", strconv.Itoa(postmaster(s))))
	must(t, err)
	if uid := info.Sys().(*syscall.Stat_t).Uid; uid != 65534 {
		t.Errorf("PostgreSQL runs as %d", uid)
	}
	stop(t, s)
	checkModes(t, dir)
	startDurable(t, dir)
}
