//go:build unix

package localpg

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"syscall"
)

// errDiskFull is in the chain of every error of a full disk, whether we met it or PostgreSQL did.
var errDiskFull = errors.New("the disk is full, free some space")

// advise says what to do about the errors of a file system that an operator can mend.
func advise(err error) error {
	switch {
	case err == nil || errors.Is(err, errDiskFull):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), fullDisk.MatchString(err.Error()):
		return fmt.Errorf("%w: %w", errDiskFull, err)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf(
			"the file system is read-only, mount it for writing or set WAYPOST_DATA_DIR to a folder elsewhere: %w",
			err,
		)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf(
			"no permission, start as the user who owns the data directory or set WAYPOST_DATA_DIR to a folder "+
				"that you may write: %w",
			err,
		)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("a file is in the way, set WAYPOST_DATA_DIR to a folder: %w", err)
	}
	return err
}

// fullDisk is how PostgreSQL's programs say it, which we run in English. The last two are of a page of
// which only the first part had room.
var fullDisk = regexp.MustCompile(
	`No space left on device|Disk quota exceeded|wrote only \d+ of \d+ bytes|could not write init file`,
)
