//go:build unix

package cli

import (
	"os"
	"syscall"
)

var levelSignals = map[os.Signal]int{syscall.SIGUSR1: -1, syscall.SIGUSR2: 1}
