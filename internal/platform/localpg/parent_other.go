//go:build unix && !linux

package localpg

import "syscall"

// dieWithParent has no equivalent here: a server left by a killed parent is stopped by the next Start.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}
