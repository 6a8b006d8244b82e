package localpg

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const inside = "LOCALPG_TEST_APART"

// apart runs the calling test again in a process with mounts and shared memory of its own, where it is true: what a test
// mounts there is gone with it, and what is left in shared memory is of nobody else. Outside it is false, and the caller
// returns.
func apart(t *testing.T) bool {
	t.Helper()
	if os.Getenv(inside) != "" {
		must(t, syscall.Mount("tmpfs", "/dev/shm", "tmpfs", 0, "mode=1777"))
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=10m")
	cmd.Env = append(os.Environ(), inside+"=1")
	// Unshare, since Go then keeps the mounts from spreading.
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWIPC, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, fs.ErrPermission) {
		t.Skip("needs mounts of its own, as root has: ", err)
	}
	t.Logf("apart:\n%s", bytes.TrimSpace(out))
	must(t, err)
	return false
}

// smallDisk is a disk of some size, such as 8m, in a data directory's place.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := newDir(t)
	must(t, os.Mkdir(dir, 0o755))
	must(t, syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=755,size="+size))
	t.Cleanup(func() { must(t, syscall.Unmount(dir, 0)) })
	return dir
}

// sharedMemory lists what there is of it in both kinds, for those apart.
func sharedMemory(t *testing.T) (left []string) {
	t.Helper()
	for _, name := range names(t, "/dev/shm") {
		if strings.HasPrefix(name, "PostgreSQL.") {
			left = append(left, name)
		}
	}
	for line := range strings.Lines(readFile(t, "/proc/sysvipc/shm")) {
		if key := strings.Fields(line)[0]; key != "key" {
			left = append(left, "System V "+key)
		}
	}
	return left
}

// neighbours lists the other processes that are apart with us: all that we started, and what those left.
func neighbours(t *testing.T) (left []string) {
	t.Helper()
	ours, err := os.Readlink("/proc/self/ns/ipc")
	must(t, err)
	for _, name := range names(t, "/proc") {
		pid, err := strconv.Atoi(name)
		if ns, _ := os.Readlink("/proc/" + name + "/ns/ipc"); err != nil || ns != ours || pid == os.Getpid() || zombie(pid) {
			continue
		}
		line, _ := os.ReadFile("/proc/" + name + "/cmdline")
		left = append(left, name+" "+strings.ReplaceAll(string(line), "\x00", " "))
	}
	return left
}
