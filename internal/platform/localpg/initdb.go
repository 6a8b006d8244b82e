package localpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// ensureCluster makes the cluster unless it exists. It is made beside its place and renamed there when complete, so that
// whatever kills us leaves either no cluster or a whole one.
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
	if err := removeHalfMade(half); err != nil {
		return fmt.Errorf("what a killed first start left in %s cannot be removed: %w", half, oneLine(err))
	}
	if err := in.initdb(ctx, half); err != nil {
		_ = removeHalfMade(half)
		return fmt.Errorf("the database cluster cannot be made in %s: %w", in.dir, err)
	}
	// rename(2), since os.Rename refuses to replace even an empty folder; the kernel replaces no other.
	if err := syscall.Rename(half, in.pg); err != nil {
		return fmt.Errorf("the new cluster %s cannot be renamed to %s: %w", half, in.pg, oneLine(err))
	}
	return syncDir(in.dir)
}

// removeHalfMade tries for a while: a child of a killed initdb may still be writing.
func removeHalfMade(half string) error {
	var err error
	for range 50 {
		if err = os.RemoveAll(half); !errors.Is(err, syscall.ENOTEMPTY) {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

func (in *instance) initdb(ctx context.Context, into string) error {
	if err := os.Mkdir(into, 0o700); err != nil {
		return oneLine(err)
	}
	if err := in.who.give(into); err != nil {
		return err
	}
	// A file, not a pipe: after the change of user the child may not open /dev/fd/3 of root again.
	pwfile := filepath.Join(in.dir, "pg.pw")
	defer os.Remove(pwfile)
	if err := writeSynced(pwfile, []byte(in.secrets.Super+"\n")); err != nil {
		return oneLine(err)
	}
	if err := in.who.give(pwfile); err != nil {
		return err
	}
	return in.run(ctx, in.bin.path("initdb"), in.initdbArguments(into, pwfile)...)
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

// run waits for a short-lived child, which is killed with us, or with ctx together with its own children.
func (in *instance) run(ctx context.Context, program string, args ...string) error {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = "/", environment(), &out, &out
	cmd.SysProcAttr = in.who.attributes(syscall.SIGKILL)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 2 * time.Second
	p, err := start(cmd)
	if err != nil {
		return err
	}
	<-p.exited
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if p.err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(program), p.err, complaints(out.String()))
	}
	return nil
}

// environment is all that PostgreSQL gets from ours: PGPORT, PGDATA, LC_ALL and others would change what it does.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=" + locale(), "TZ=UTC"}
}

// complaints are the lines of initdb's output that say what went wrong, as one.
func complaints(output string) string {
	var lines []string
	for line := range strings.Lines(output) {
		if strings.Contains(line, "error:") || strings.Contains(line, "FATAL:") || strings.Contains(line, "PANIC:") || strings.Contains(line, "ERROR:") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	if len(lines) == 0 {
		return strings.Join(strings.Fields(output), " ")
	}
	return strings.Join(lines, "; ")
}
