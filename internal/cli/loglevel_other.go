//go:build !unix

package cli

import "os"

var levelSignals = map[os.Signal]int{} // the system has none to spare
