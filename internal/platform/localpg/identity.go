//go:build unix

package localpg

import (
	"fmt"
	"os"
	"syscall"
)

// identity is what a file that is put in another's place does not share with it; "" where there is no file.
func identity(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	st := info.Sys().(*syscall.Stat_t)
	return fmt.Sprint(st.Dev, st.Ino, info.Size(), info.ModTime().UnixNano())
}
