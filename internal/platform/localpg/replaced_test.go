//go:build unix

package localpg

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// privateCopy is a PostgreSQL of the test's own, as Debian lays it out, so that it can be replaced.
func privateCopy(t *testing.T) (bin string) {
	t.Helper()
	installed, err := searchPlaces("").find(t.Context(), 0)
	must(t, err)
	home := filepath.Dir(installed.dir)
	if !strings.HasPrefix(home, "/usr/lib/postgresql/") {
		t.Skip("PostgreSQL is not laid out as in Debian")
	}
	root := filepath.Dir(newDir(t))
	must(t, os.MkdirAll(filepath.Join(root, home), 0o755))
	must(t, os.MkdirAll(filepath.Join(root, "usr/share"), 0o755))
	must(t, os.Symlink("/usr/share/postgresql", filepath.Join(root, "usr/share/postgresql")))
	copyPrograms(t, home, filepath.Join(root, home))
	return filepath.Join(root, home, "bin")
}

func copyPrograms(t *testing.T, from, to string) {
	t.Helper()
	for _, part := range []string{"bin", "lib"} {
		out, err := exec.Command("cp", "-a", filepath.Join(from, part), filepath.Join(to, part)).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
}

// Programs that are removed leave the server running, and said so once; those that come in their place are
// changed over to.
func TestReplacedProgramsAreChangedOverTo(t *testing.T) {
	t.Parallel()
	bin := privateCopy(t)
	home := filepath.Dir(bin)
	var out syncBuffer
	s := startWith(t, Config{Dir: newDir(t), BinDir: bin, Logger: slog.New(slog.NewTextHandler(&out, nil))})
	exec1(t, openDB(t, s.Conn().OwnerURL()), `create table kept (n int); insert into kept values (1)`)
	old := postmaster(s)

	aside := filepath.Join(filepath.Dir(home), "aside")
	must(t, os.Rename(home, aside))
	const gone = "the running server goes on"
	await(
		t,
		time.Minute,
		"word that the programs are gone",
		func() bool { return strings.Contains(out.String(), gone) },
	)
	time.Sleep(3 * lookEvery)
	if n := strings.Count(out.String(), gone); n != 1 || postmaster(s) != old {
		t.Errorf("said %d times, process %d instead of %d", n, postmaster(s), old)
	}

	must(t, os.Mkdir(home, 0o755))
	copyPrograms(t, aside, home)
	await(
		t,
		time.Minute,
		"server of the new programs",
		func() bool { return strings.Contains(out.String(), "PostgreSQL runs again") },
	)
	if postmaster(s) == old {
		t.Error("the same process runs")
	}
	if n := count(t, s.Conn().OwnerURL(), "kept"); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
	db := openDB(t, s.Conn().OwnerURL())
	exec1(t, db, `do $$ begin perform 1; end $$`) // by the library that came with them
	_ = db.Close(context.Background())
	pid := postmaster(s)
	time.Sleep(3 * lookEvery)
	if postmaster(s) != pid {
		t.Error("it is restarted again, though nothing changed")
	}
}
