//go:build unix

package localpg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	systemDir = "/var/lib/waypost"
	maxDir    = 900 // bytes; PostgreSQL cuts its own paths off at 1023, without a word
)

// DefaultDir is the data directory when none is configured: .waypost in the working directory, or /var/lib/waypost when
// we are root and the unprivileged user of the server cannot reach the former. The note, when not empty, says so to the
// operator. It makes nothing.
func DefaultDir(getuid func() int) (dir, note string, err error) {
	wd, err := os.Getwd()
	if err != nil {
		return "", "", fmt.Errorf("the working directory cannot be read, set WAYPOST_DATA_DIR: %w", err)
	}
	return defaultDir(wd, getuid())
}

func defaultDir(wd string, uid int) (dir, note string, err error) {
	local, err := resolve(filepath.Join(wd, ".waypost"))
	if err != nil {
		return "", "", err
	}
	if uid != 0 {
		return local, "", nil
	}
	who, err := findUser(uid, filepath.Join(local, "pg"))
	if err != nil {
		return local, "", nil // Start reports it
	}
	if blocked := blockedAt(local, who); blocked != "" {
		return systemDir, fmt.Sprintf(
			"PostgreSQL runs as user %s, who cannot enter %s: the data is in %s (set WAYPOST_DATA_DIR to choose)",
			who.name,
			blocked,
			systemDir,
		), nil
	}
	return local, "", nil
}

// resolve makes a path absolute and free of symbolic links, though its last parts may not exist yet.
func resolve(path string) (string, error) {
	if path == "" {
		return "", errors.New("no data directory given: set WAYPOST_DATA_DIR")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	missing := ""
	for dir := abs; ; dir = filepath.Dir(dir) {
		real, err := filepath.EvalSymlinks(dir)
		if err == nil {
			return filepath.Join(real, missing), nil
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return "", fmt.Errorf("data directory %s: %w", abs, advise(err))
		}
		missing = filepath.Join(filepath.Base(dir), missing)
	}
}

// checkDir refuses what can never be a data directory, before anything is made there.
func checkDir(dir string) error {
	switch info, err := os.Stat(dir); {
	case len(dir) > maxDir:
		return fmt.Errorf(
			"the path of the data directory has %d bytes, and PostgreSQL takes %d: set WAYPOST_DATA_DIR to a shorter one",
			len(dir),
			maxDir,
		)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("data directory %s: %w", dir, advise(err))
	case !info.IsDir():
		return fmt.Errorf("data directory %s is a file, not a directory: set WAYPOST_DATA_DIR to a folder", dir)
	}
	if _, err := os.Lstat(filepath.Join(dir, "PG_VERSION")); err == nil {
		return fmt.Errorf(
			"data directory %s is a PostgreSQL cluster already, nothing was touched: set WAYPOST_DATA_DIR to a "+
				"folder for Waypost alone, or WAYPOST_DATABASE_URL to that PostgreSQL",
			dir,
		)
	}
	return nil
}

// blockedAt is the first existing folder on the way to path that the user cannot enter, or "". Only for a user that we
// drop to: for ourselves the kernel answers soon enough.
func blockedAt(path string, who runUser) string {
	if !who.drop {
		return ""
	}
	at := "/"
	for _, part := range strings.Split(path, "/") {
		at = filepath.Join(at, part)
		info, err := os.Stat(at)
		if err != nil {
			return ""
		}
		if info.IsDir() && !canEnter(info, who) {
			return at
		}
	}
	return ""
}

// canEnter reads the classic mode bits: the user is started without supplementary groups.
func canEnter(info fs.FileInfo, who runUser) bool {
	st := info.Sys().(*syscall.Stat_t)
	switch {
	case int(st.Uid) == who.uid:
		return info.Mode()&0o100 != 0
	case int(st.Gid) == who.gid:
		return info.Mode()&0o010 != 0
	}
	return info.Mode()&0o001 != 0
}

// makeDir makes the data directory when it is absent and checks that the server's user can reach it.
func makeDir(dir string, who runUser) error {
	mode, parents := fs.FileMode(0o700), fs.FileMode(0o755)
	if who.drop {
		mode = 0o711 // the server's user passes through; what is inside has modes of its own
	}
	if err := mkdirAll(dir, mode, parents); err != nil {
		return fmt.Errorf(
			"data directory %s cannot be made: %w; set WAYPOST_DATA_DIR to a folder that can be written",
			dir,
			advise(err),
		)
	}
	if at := blockedAt(dir, who); at != "" {
		return fmt.Errorf("PostgreSQL runs as user %s, who cannot enter %s: allow it with chmod o+x %s, or set "+
			"WAYPOST_DATA_DIR to another folder such as %s", who.name, at, at, systemDir)
	}
	return nil
}

// mkdirAll sets the modes itself: a umask of 077 would shut the server's user out. It syncs, so that no
// power cut takes a folder away from under data that was synced.
func mkdirAll(dir string, mode, parents fs.FileMode) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := mkdirAll(filepath.Dir(dir), parents, parents); err != nil {
		return err
	}
	if err := os.Mkdir(dir, mode); err != nil {
		return err
	}
	if err := os.Chmod(dir, mode); err != nil {
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// syncDir makes a rename in dir survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
