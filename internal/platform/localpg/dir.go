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
	systemDir  = "/var/lib/waypost"
	socketName = ".s.PGSQL." + port
	maxSocket  = len(syscall.RawSockaddrUnix{}.Path) - 1 // 107 on Linux, 103 on macOS
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
		return systemDir, fmt.Sprintf("PostgreSQL runs as user %s, who cannot enter %s: the data is in %s (set WAYPOST_DATA_DIR to choose)", who.name, blocked, systemDir), nil
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
			return "", fmt.Errorf("data directory %s: %w", abs, oneLine(err))
		}
		missing = filepath.Join(filepath.Base(dir), missing)
	}
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
		return fmt.Errorf("data directory %s cannot be made, set WAYPOST_DATA_DIR to a folder you may write: %w", dir, oneLine(err))
	}
	if at := blockedAt(dir, who); at != "" {
		return fmt.Errorf("PostgreSQL runs as user %s, who cannot enter %s: allow it with chmod o+x %s, or set WAYPOST_DATA_DIR to another folder such as %s", who.name, at, at, systemDir)
	}
	return nil
}

// mkdirAll sets the modes itself: a umask of 077 would shut the server's user out.
func mkdirAll(dir string, mode, parents fs.FileMode) error {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR}
		}
		return nil
	}
	if err := mkdirAll(filepath.Dir(dir), parents, parents); err != nil {
		return err
	}
	if err := os.Mkdir(dir, mode); err != nil {
		return err
	}
	return os.Chmod(dir, mode)
}

// makeSocketDir makes the private folder of the socket: run/ in the data directory, or a short one when that path is too
// long for a socket or has a character that ends a path in a list of socket folders.
func makeSocketDir(dir string, who runUser) (string, error) {
	run := socketDirFor(dir)
	err := os.Mkdir(run, 0o700)
	switch {
	case err == nil:
		return run, who.give(run)
	case !errors.Is(err, fs.ErrExist):
		return "", fmt.Errorf("socket folder %s: %w", run, oneLine(err))
	}
	return run, checkSocketDir(run, who)
}

func socketDirFor(dir string) string {
	run := filepath.Join(dir, "run")
	if len(filepath.Join(run, socketName)) <= maxSocket && !strings.ContainsAny(run, `,"`) {
		return run
	}
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join("/tmp", "waypost-"+hex.EncodeToString(sum[:8])) // not TMPDIR, which may be long itself
}

// checkSocketDir refuses a folder that somebody else made under a name that can be guessed. One of root's is our own
// from a start that was killed before it was given away.
func checkSocketDir(run string, who runUser) error {
	info, err := os.Lstat(run)
	if err != nil {
		return fmt.Errorf("socket folder: %w", oneLine(err))
	}
	owner := int(info.Sys().(*syscall.Stat_t).Uid)
	if !info.IsDir() || (owner != who.uid && owner != os.Geteuid()) {
		return fmt.Errorf("socket folder %s is not a folder of user %s: remove it, or set WAYPOST_DATA_DIR to another (shorter) path", run, who.name)
	}
	if err := os.Chmod(run, 0o700); err != nil {
		return fmt.Errorf("socket folder %s: %w", run, oneLine(err))
	}
	return who.give(run)
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

// oneLine says what to do for the errors of a file system that an operator can mend.
func oneLine(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("the disk is full, free some space and start again: %w", err)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("the file system is read-only: %w", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("no permission, start as the user who owns the data directory: %w", err)
	}
	return err
}
