package localpg

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

const inside = "LOCALPG_TEST_APART"

// apart runs the calling test again in a process with mounts and shared memory of its own, where it is
// true: what a test mounts there is gone with it, and what is left in shared memory is of nobody else.
// Outside it is false, and the caller returns.
func apart(t *testing.T) bool {
	t.Helper()
	if os.Getenv(inside) != "" {
		must(t, syscall.Mount("tmpfs", "/dev/shm", "tmpfs", 0, "mode=1777"))
		return true
	}
	if !canBeApart() {
		t.Skip("needs mounts of its own, which this user or container may not make")
	}
	cmd := apartCommand(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=10m")
	cmd.Env = append(os.Environ(), inside+"=1")
	out, err := cmd.CombinedOutput()
	t.Logf("apart:\n%s", bytes.TrimSpace(out))
	must(t, err)
	return false
}

var canBeApart = sync.OnceValue(func() bool { return apartCommand("true").Run() == nil })

func apartCommand(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	// Unshare and not clone, since Go then keeps the mounts from spreading.
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWIPC}
	return cmd
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
	if os.Getenv(inside) == "" {
		return nil
	}
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
	if os.Getenv(inside) == "" {
		return nil
	}
	ours, err := os.Readlink("/proc/self/ns/ipc")
	must(t, err)
	for _, name := range names(t, "/proc") {
		pid, err := strconv.Atoi(name)
		if ns, _ := os.Readlink(
			"/proc/" + name + "/ns/ipc",
		); err != nil || ns != ours || pid == os.Getpid() ||
			zombie(pid) {
			continue
		}
		line, _ := os.ReadFile("/proc/" + name + "/cmdline")
		left = append(left, name+" "+strings.ReplaceAll(string(line), "\x00", " "))
	}
	return left
}
