package localpg

import "syscall"

// dieWithParent sends sig to the child when we end in any way, kill -9 included. The kernel means the
// thread that forked, not the process: see start.
func dieWithParent(attr *syscall.SysProcAttr, sig syscall.Signal) { attr.Pdeathsig = sig }
