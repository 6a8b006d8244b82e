//go:build unix

package localpg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// runUser is the account that the server runs as.
type runUser struct {
	uid, gid int
	name     string
	drop     bool // we are root and must become this user: PostgreSQL refuses to run as root
}

// findUser chooses who runs the cluster at pg: its owner when it exists, ourselves, or as root an unprivileged account.
func findUser(euid int, pg string) (runUser, error) {
	owner, exists, err := ownerOf(pg)
	switch {
	case err != nil:
		return runUser{}, err
	case exists && owner.uid == 0:
		return runUser{}, fmt.Errorf(
			"%s belongs to root, and PostgreSQL does not run as root: give it back with chown -R postgres %s",
			pg,
			pg,
		)
	case exists && euid != 0 && owner.uid != euid:
		return runUser{}, fmt.Errorf("%s belongs to %s: start as that user or as root", pg, owner.name)
	case exists:
		owner.drop = euid == 0
		return owner, nil
	case euid != 0:
		return runUser{uid: euid, gid: os.Getegid(), name: nameOf(euid)}, nil
	}
	return unprivileged()
}

// ownerOf follows a symbolic link: a cluster may have been moved to a bigger disk.
func ownerOf(path string) (u runUser, exists bool, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return runUser{}, false, nil
	}
	if err != nil {
		return runUser{}, false, advise(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	return runUser{uid: int(st.Uid), gid: int(st.Gid), name: nameOf(int(st.Uid))}, true, nil
}

func unprivileged() (runUser, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 == nil && err2 == nil && uid != 0 {
			return runUser{uid: uid, gid: gid, name: name, drop: true}, nil
		}
	}
	return runUser{}, errors.New(
		"PostgreSQL does not run as root, and there is no user postgres or nobody: add one with useradd " +
			"--system postgres, or start as another user",
	)
}

func nameOf(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return "uid " + strconv.Itoa(uid)
}

// give makes the server's user the owner of one of our files; nothing to do when that is who we are.
func (u runUser) give(path string) error {
	if !u.drop {
		return nil
	}
	return advise(os.Lchown(path, u.uid, u.gid))
}

// attributes are what every child is started with. Its own process group keeps a Ctrl-C on the terminal from stopping
// the server before its parent has drained.
func (u runUser) attributes(onParentDeath syscall.Signal) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if u.drop {
		attr.Credential = &syscall.Credential{Uid: uint32(u.uid), Gid: uint32(u.gid)}
	}
	dieWithParent(attr, onParentDeath)
	return attr
}
