package cli_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"waypost/internal/platform/localpg"
	"waypost/internal/platform/vault"
)

// refuses starts serve, which must end in one line that says what is wanted.
func (i *instance) refuses(want string) {
	i.t.Helper()
	ctx, cancel := context.WithTimeout(i.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, i.bin, "serve")
	cmd.Env, cmd.Cancel = i.environ(), func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Run(); err == nil || ctx.Err() != nil {
		i.t.Errorf("it served, and was to say %q", want)
		return
	}
	if said := strings.TrimSpace(
		errs.String(),
	); !strings.HasPrefix(said, "waypost: ") || !strings.Contains(said, want) ||
		strings.Contains(said, "\n") {
		i.t.Errorf("it says %s, not %s", said, want)
	}
}

func move(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// A key that is missing, or another, is refused and never replaced, also where an older Waypost has not
// noted which one it is; the right one is taken, and another only when somebody asks for it.
func TestAnotherMasterKeyIsNeverTakenUnasked(t *testing.T) {
	t.Parallel()
	i := newInstance(t, "--demo", "--people", "50") // with a project, whose key is encrypted
	i.start()
	key, kept := filepath.Join(i.dir, "master-key.json"), filepath.Join(filepath.Dir(i.dir), "kept.json")
	forget := func() {
		t.Helper()
		conn, err := localpg.Attach(i.dir)
		if err != nil {
			t.Fatal(err)
		}
		if noted := query(
			t,
			conn.OwnerURL(),
			"select (master_key_check is not null)::text from installation",
		); noted != "true" {
			t.Error("the key is not noted")
		}
		query(t, conn.OwnerURL(), "update installation set master_key_check = null")
	}
	for _, before := range []func(){func() {}, forget} { // as it is, and as an older Waypost left it
		before()
		i.signal(syscall.SIGTERM)
		move(t, key, kept)
		i.refuses("there is no master key at " + key)
		if _, err := os.Stat(key); err == nil {
			t.Fatal("a key was made")
		}
		if _, err := vault.Open(key); err != nil { // makes another
			t.Fatal(err)
		}
		i.refuses("is another than the one")
		move(t, kept, key)
		i.start()
	}
	i.signal(syscall.SIGTERM)
	move(t, key, kept)
	i.args = append(i.args, "--replace-master-key")
	i.start()
	i.signal(syscall.SIGTERM)
	i.args = i.args[:len(i.args)-1]
	i.start()
	i.signal(syscall.SIGTERM)
	move(t, kept, key)
	i.refuses("is another than the one")
}

// Of two that start at once on one database, with different places for the key, one makes it and the other refuses.
func TestOneMasterKeyIsMade(t *testing.T) {
	t.Parallel()
	s, i := newServer(t), newInstance(t)
	owner, login := s.database(t, "keyless")
	if out, err := i.on(owner).run("migrate", "up"); err != nil {
		t.Fatal(out, err)
	}
	type ended struct {
		which int
		said  string
	}
	both, ends := []*instance{i.on(login), i.on(login)}, make(chan ended, 2)
	for n, one := range both {
		var errs bytes.Buffer
		cmd := exec.Command(one.bin, "serve")
		cmd.Env, cmd.Stderr = one.environ(), &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		go func() {
			_ = cmd.Wait()
			ends <- ended{n, errs.String()}
		}()
	}
	select {
	case refused := <-ends:
		if !strings.Contains(refused.said, "there is no master key at") {
			t.Errorf("it says %s", refused.said)
		}
		both[1-refused.which].ready()
		if _, err := os.Stat(filepath.Join(both[refused.which].dir, "master-key.json")); err == nil {
			t.Error("the one that is refused has made a key")
		}
	case <-time.After(time.Minute):
		t.Error("both serve")
	}
}
