//go:build unix

package localpg

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// How long a start waits for the lock: a killed owner takes a moment to end, and other commands probe the lock.
const lockPatience = time.Second

// takeLock makes us the one process that runs the server in dir, until the file is closed or we end. Go opens files
// close-on-exec, so postgres does not inherit the lock and keep it after our death.
func takeLock(dir string) (*os.File, error) {
	f, err := os.OpenFile(lockPath(dir), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data directory %s cannot be locked: %w", dir, advise(err))
	}
	if err := lockWithRetry(f, lockPatience); err != nil {
		pid := readPid(f)
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf(
				"data directory %s is %w by process %s: stop that one, or set another WAYPOST_DATA_DIR",
				dir,
				ErrInUse,
				pid,
			)
		}
		return nil, fmt.Errorf(
			"data directory %s cannot be locked, it must be on a file system with flock: %w",
			dir,
			err,
		)
	}
	if err := writePid(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock of data directory %s: %w", dir, advise(err))
	}
	return f, nil
}

func lockWithRetry(f *os.File, patience time.Duration) error {
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		err := flock(f, syscall.LOCK_EX)
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(end) {
			return err
		}
	}
}

// running says whether a process holds the lock of dir.
func running(dir string) (bool, error) {
	f, err := os.OpenFile(lockPath(dir), os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, advise(err)
	}
	defer f.Close() // lets go of the lock if it was free
	err = flock(f, syscall.LOCK_SH)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

func lockPath(dir string) string { return filepath.Join(dir, "waypost.lock") }

func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		if err != syscall.EINTR {
			return err
		}
	}
}

func writePid(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

func readPid(f *os.File) string {
	b, _ := io.ReadAll(io.NewSectionReader(f, 0, 32))
	if pid := strings.TrimSpace(string(b)); pid != "" {
		return pid
	}
	return "(unknown)"
}
