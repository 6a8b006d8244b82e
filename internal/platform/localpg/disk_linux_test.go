package localpg

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	must(t, os.Mkdir(dir, 0o755))
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Skip("needs a small disk of its own: ", err)
	}
	t.Cleanup(func() { must(t, syscall.Unmount(dir, 0)) })
	refused(t, Config{Dir: filepath.Join(dir, "data"), Ephemeral: true}, "No space left on device")
	if got := strings.Join(names(t, filepath.Join(dir, "data")), " "); got != "pg-secrets.json waypost.lock" {
		t.Errorf("left on the disk: %s", got)
	}
}
