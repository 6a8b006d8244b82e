package localpg

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// serving lists the PostgreSQL processes of the cluster at pg, wherever they came from: their working directory is the
// cluster's.
func serving(pg, title string) ([]int, error) {
	home, err := os.Stat(pg)
	if err != nil {
		return nil, advise(err)
	}
	all, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, entry := range all {
		pid, err := strconv.Atoi(entry.Name())
		if err == nil && serves(filepath.Join("/proc", entry.Name()), home, pg, title) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

func serves(proc string, home fs.FileInfo, pg, title string) bool {
	if comm, err := os.ReadFile(proc + "/comm"); err != nil || strings.TrimSpace(string(comm)) != "postgres" {
		return false
	}
	cwd, err := os.Stat(proc + "/cwd")
	if errors.Is(err, fs.ErrPermission) {
		return titled(proc, pg, title)
	}
	return err == nil && os.SameFile(cwd, home) // a zombie has no working directory
}

// titled is for root in a container without CAP_SYS_PTRACE, who may not see where another user's process is: the
// postmaster keeps its arguments, a backend shows the cluster's name.
func titled(proc, pg, title string) bool {
	b, err := os.ReadFile(proc + "/cmdline")
	if err != nil {
		return false
	}
	line := string(b)
	return strings.Contains(line, "\x00-D\x00"+pg+"\x00") || strings.HasPrefix(line, "postgres: "+title+": ")
}
