//go:build unix

package localpg

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// How long the children of a killed initdb get to end.
const halfPatience = 10 * time.Second

// ensureCluster makes the cluster unless it exists. It is made beside its place and renamed there when
// complete, so that whatever kills us leaves either no cluster or a whole one.
func (in *instance) ensureCluster(ctx context.Context) error {
	major, err := clusterMajor(in.pg)
	switch {
	case err != nil:
		return err
	case major == in.bin.major:
		return nil
	case major != 0: // made by another process since we looked for binaries
		return fmt.Errorf("the data in %s was made by PostgreSQL %d, not %d: start again", in.pg, major, in.bin.major)
	}
	half := filepath.Join(in.dir, "pg.init")
	if err := in.makeHalf(ctx, half); err != nil {
		return fmt.Errorf("the database cluster cannot be made in %s: %w", in.dir, advise(err))
	}
	// rename(2), since os.Rename refuses to replace even an empty folder; the kernel replaces no other.
	if err := syscall.Rename(half, in.pg); err != nil {
		return fmt.Errorf("the new cluster %s cannot be renamed to %s: %w", half, in.pg, advise(err))
	}
	return syncDir(in.dir)
}

// makeHalf leaves a whole cluster in the folder half, or nothing.
func (in *instance) makeHalf(ctx context.Context, half string) error {
	folder, err := takeHalf(half)
	if err != nil {
		return err
	}
	defer folder.Close()
	err = in.initdb(ctx, folder)
	if err != nil {
		_ = empty(folder)
	}
	return err
}

// takeHalf makes the folder of a cluster to be, or empties the one of a start that was killed: made anew it
// would have another inode, by which PostgreSQL finds the shared memory that killed processes left. It
// locks the folder, since the children of a killed initdb write there for a moment longer: they inherit the
// lock and hold it until the last has ended.
func takeHalf(half string) (*os.File, error) {
	if err := os.Mkdir(half, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	folder, err := os.OpenFile(half, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	err = lockWithRetry(folder, halfPatience)
	if err == nil {
		err = empty(folder)
	}
	if err != nil {
		folder.Close()
		return nil, fmt.Errorf("what a killed first start left in %s cannot be removed: %w", half, err)
	}
	return folder, nil
}

func empty(folder *os.File) error {
	if _, err := folder.Seek(0, io.SeekStart); err != nil {
		return err
	}
	names, err := folder.Readdirnames(-1)
	for _, name := range names {
		err = cmp.Or(err, os.RemoveAll(filepath.Join(folder.Name(), name)))
	}
	return err
}

func (in *instance) initdb(ctx context.Context, folder *os.File) error {
	if err := in.who.give(folder.Name()); err != nil {
		return err
	}
	// A file, not a pipe: after the change of user the child may not open /dev/fd/3 of root again.
	pwfile := filepath.Join(in.dir, "pg.pw")
	defer os.Remove(pwfile)
	if err := writeSynced(pwfile, []byte(in.secrets.Super+"\n")); err != nil {
		return err
	}
	if err := in.who.give(pwfile); err != nil {
		return err
	}
	return in.run(ctx, folder, in.initdbArguments(folder.Name(), pwfile)...)
}

func (in *instance) initdbArguments(into, pwfile string) []string {
	args := []string{
		"-D", into, "-U", superRole, "--pwfile=" + pwfile, "-k", "-E", "UTF8", "--locale=" + locale(),
		"--auth-local=scram-sha-256", "--auth-host=scram-sha-256",
	}
	if in.ephemeral {
		args = append(args, "--no-sync")
	}
	return args
}

func locale() string {
	if runtime.GOOS == "darwin" {
		return "en_US.UTF-8" // C.UTF-8 came late to macOS; there this sorts nearly alike
	}
	return "C.UTF-8"
}

// run waits for initdb, which is killed with us or with ctx. Its children are not: they end by themselves
// when it no longer feeds them, and take their shared memory with them.
func (in *instance) run(ctx context.Context, held *os.File, args ...string) error {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, in.bin.path("initdb"), args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = "/", environment(), &out, &out
	cmd.ExtraFiles = []*os.File{held}
	cmd.SysProcAttr = in.who.attributes(syscall.SIGKILL)
	cmd.WaitDelay = halfPatience
	p, err := start(cmd)
	if err != nil {
		return err
	}
	<-p.exited
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if p.err != nil {
		return in.explainInitdb(fmt.Errorf("initdb: %w: %s", p.err, initdbErrors(out.String())))
	}
	return nil
}

func (in *instance) explainInitdb(err error) error {
	if strings.Contains(err.Error(), "could not look up effective user ID") {
		return fmt.Errorf(
			"PostgreSQL cannot run as %s, who is not in /etc/passwd, add a user with that id there: %w",
			in.who.name,
			err,
		)
	}
	return advise(err)
}

// environment is all that PostgreSQL gets from ours: PGPORT, PGDATA, LC_ALL and others would change what it does.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=" + locale(), "TZ=UTC"}
}

// initdbErrors are the lines of initdb's output that say what went wrong, as one.
func initdbErrors(output string) string {
	var lines []string
	for line := range strings.Lines(output) {
		if strings.Contains(line, "error:") || strings.Contains(line, "FATAL:") || strings.Contains(line, "PANIC:") ||
			strings.Contains(line, "ERROR:") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	if len(lines) == 0 {
		return strings.Join(strings.Fields(output), " ")
	}
	return strings.Join(lines, "; ")
}
