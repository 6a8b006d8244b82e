//go:build unix

package localpg

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	socketName = ".s.PGSQL." + port
	maxSocket  = len(syscall.RawSockaddrUnix{}.Path) - 1 // 107 on Linux, 103 on macOS
)

// makeSocketDir makes the private folder of the socket: run/ in the data directory, or a short one when
// that path is too long for a socket or has a character that ends a path in a list of socket folders.
func makeSocketDir(dir string, who runUser) (string, error) {
	run := socketDirFor(dir)
	if err := os.Mkdir(run, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("socket folder %s: %w", run, advise(err))
	}
	if err := ownSocketDir(run, who); err != nil {
		return "", fmt.Errorf(
			"socket folder %s is not one of user %s, remove it or set WAYPOST_DATA_DIR to another (shorter) path: %w",
			run,
			who.name,
			err,
		)
	}
	return run, nil
}

func socketDirFor(dir string) string {
	run := filepath.Join(dir, "run")
	if len(filepath.Join(run, socketName)) <= maxSocket && !strings.ContainsAny(run, `,"`) {
		return run
	}
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join("/tmp", "waypost-"+hex.EncodeToString(sum[:8])) // not TMPDIR, which may be long itself
}

// ownSocketDir refuses a folder, or a link to one, that somebody else made under a name that can be
// guessed. One of root's is our own, from a start that was killed before it was given away.
func ownSocketDir(run string, who runUser) error {
	folder, err := os.OpenFile(run, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer folder.Close()
	info, err := folder.Stat()
	if err != nil {
		return err
	}
	if owner := int(info.Sys().(*syscall.Stat_t).Uid); owner != who.uid && owner != os.Geteuid() {
		return fmt.Errorf("it belongs to %s", nameOf(owner))
	}
	if err := folder.Chmod(0o700); err != nil {
		return err
	}
	return who.give(run)
}

// removeSocket removes the socket and its lock file, which names a pid, when their server left them.
func (in *instance) removeSocket() error {
	for _, name := range []string{socketName, socketName + ".lock"} {
		if err := os.Remove(filepath.Join(in.socketDir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("stale socket: %w", advise(err))
		}
	}
	return nil
}
