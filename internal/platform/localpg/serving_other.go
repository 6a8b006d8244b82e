//go:build unix && !linux

package localpg

import (
	"os/exec"
	"strconv"
	"strings"
)

// serving finds the postmaster only, by its arguments: there is no /proc to find backends in.
func serving(pg, _ string) ([]int, error) {
	pid := readPidFile(pg).pid
	if pid == 0 {
		return nil, nil
	}
	out, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil || !strings.Contains(string(out), "-D "+pg) {
		return nil, nil // no such process, or another program
	}
	return []int{pid}, nil
}
