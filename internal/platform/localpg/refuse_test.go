//go:build unix

package localpg

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// pgOwned gives a hand-made cluster folder to the user that would run it.
func pgOwned(t *testing.T, dir string) {
	t.Helper()
	who, err := findUser(os.Geteuid(), filepath.Join(dir, "absent"))
	must(t, err)
	must(t, who.give(filepath.Join(dir, "pg")))
}

// tree is everything below dir: names, modes, owners, times, content.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		must(t, err)
		info, err := d.Info()
		must(t, err)
		content := ""
		if info.Mode().IsRegular() {
			content = readFile(t, path)
		}
		st := info.Sys().(*syscall.Stat_t)
		all[path] = fmt.Sprintf(
			"%v %d %d %v %x",
			info.Mode(),
			st.Uid,
			st.Gid,
			info.ModTime(),
			sha256.Sum256([]byte(content)),
		)
		return nil
	}))
	return all
}

// untouched checks that a start is refused and changes nothing below dir.
func untouched(t *testing.T, dir string, c Config, want ...string) {
	t.Helper()
	before := tree(t, dir)
	refused(t, c, want...)
	same(t, before, tree(t, dir))
}

func same(t *testing.T, before, after map[string]string) {
	t.Helper()
	for path := range after {
		if before[path] != after[path] {
			t.Errorf("%s was %q and is %q", path, before[path], after[path])
		}
	}
	if len(before) != len(after) {
		t.Errorf("%d files were there, now %d", len(before), len(after))
	}
}

func TestOtherMajorIsRefusedAndUntouched(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	s := startDurable(t, dir)
	version := filepath.Join(s.in.pg, "PG_VERSION")
	exec1(t, openDB(t, s.Conn().OwnerURL()), `create table kept (n int); insert into kept values (1)`)
	own := readFile(t, version)
	stop(t, s)
	for major, want := range map[string][]string{
		"99":  {"made by PostgreSQL 99", "apt-get install postgresql-99", "untouched"},
		"14":  {"made by PostgreSQL 14", "needs 15 or newer", "pg_upgrade", "untouched"},
		"9.6": {"made by PostgreSQL 9,", "needs 15 or newer", "untouched"},
		"":    {"PG_VERSION is damaged", "nothing was touched", "backup"},
	} {
		writeFile(t, version, major+"\n")
		untouched(t, dir, Config{Dir: dir}, want...)
		untouched(t, dir, Config{Dir: dir, BinDir: s.in.bin.dir}, want...)
	}
	writeFile(t, version, own)
	if n := count(t, startDurable(t, dir).Conn().OwnerURL(), "kept"); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

func TestForeignFolderIsRefusedAndUntouched(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	writeFile(t, filepath.Join(dir, "pg", "marker"), "precious")
	pgOwned(t, dir)
	untouched(t, dir, Config{Dir: dir}, "no PG_VERSION", "move it away")
	must(t, os.RemoveAll(filepath.Join(dir, "pg")))
	must(t, os.Symlink("/nonexistent/disk", filepath.Join(dir, "pg")))
	untouched(t, dir, Config{Dir: dir}, "link to nothing")
}

// A data directory that is itself a cluster, such as one of the system's own PostgreSQL.
func TestClusterAsDataDirectory(t *testing.T) {
	t.Parallel()
	s := startIn(t, newDir(t))
	stop(t, s)
	untouched(
		t,
		s.in.pg,
		Config{Dir: s.in.pg},
		"is a PostgreSQL cluster already",
		"WAYPOST_DATA_DIR",
		"WAYPOST_DATABASE_URL",
	)
}

// Other files in the data directory are somebody's, and stay.
func TestOtherFilesStay(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	writeFile(t, filepath.Join(dir, "lost+found", "marker"), "precious")
	must(t, os.Chmod(dir, 0o755))
	before := tree(t, filepath.Join(dir, "lost+found"))
	startIn(t, dir)
	same(t, before, tree(t, filepath.Join(dir, "lost+found")))
}

func TestLeftoversOfAKilledFirstStart(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	must(t, os.MkdirAll(filepath.Join(dir, "pg"), 0o700)) // an empty folder holds nothing to lose
	pgOwned(t, dir)
	must(t, os.Chmod(dir, 0o711))
	writeFile(t, filepath.Join(dir, "pg.init", "base", "1", "junk"), "junk")
	writeFile(t, filepath.Join(dir, "pg.pw"), "junk")
	writeFile(t, filepath.Join(dir, "pg-secrets.json.tmp"), "{")
	s := startIn(t, dir)
	count(t, s.Conn().AppURL(), "pg_class")
	for _, name := range []string{"pg.init", "pg.pw", "pg-secrets.json.tmp"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
}

func TestSecretsLostOrWrong(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	stop(t, startIn(t, dir))
	must(t, os.Rename(secretsPath(dir), secretsPath(dir)+".away"))
	refused(t, Config{Dir: dir, Ephemeral: true}, "is missing", "backup")

	writeFile(t, secretsPath(dir), `{"super": ""}`)
	refused(t, Config{Dir: dir, Ephemeral: true}, "is damaged")

	other := fmt.Sprintf(`{"super":%q,"owner":%[1]q,"app":%[1]q}`, newPassword())
	writeFile(t, secretsPath(dir), other)
	refused(t, Config{Dir: dir, Ephemeral: true}, "is not the one of the cluster")

	must(t, os.Rename(secretsPath(dir)+".away", secretsPath(dir)))
	startIn(t, dir)
}

func TestNoBinaries(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	dir := newDir(t)
	refused(t, Config{Dir: dir, BinDir: empty}, "no usable PostgreSQL in "+empty)
	if _, err := os.Stat(dir); err == nil {
		t.Error("the data directory was made all the same")
	}
	_, err := places{path: []string{empty}, patterns: []string{empty + "/*/bin"}}.find(t.Context(), 0)
	for _, want := range []string{"PATH, " + empty + "/*/bin", "apt-get install postgresql", "postgresql-server",
		"brew install postgresql@16"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, v := range []string{"9.6", "14", "15", "16", "17"} {
		fakeBinaries(t, filepath.Join(root, "postgresql", v, "bin"), v+".1 (Debian "+v+".1-1)")
	}
	must(t, os.Remove(filepath.Join(root, "postgresql/17/bin/initdb"))) // only a part of it is installed
	fakeBinaries(t, filepath.Join(root, "real/bin"), "18beta1")
	must(t, os.Mkdir(filepath.Join(root, "path"), 0o755))
	must(t, os.Symlink(filepath.Join(root, "real/bin/postgres"), filepath.Join(root, "path/postgres")))

	debian := []string{filepath.Join(root, "postgresql/*/bin")}
	for _, c := range []struct {
		name  string
		in    places
		want  int
		major int
		dir   string
	}{
		{"the newest", places{patterns: debian}, 0, 16, "postgresql/16/bin"},
		{"the pinned one", places{patterns: debian}, 15, 15, "postgresql/15/bin"},
		{"PATH first, through its link", places{path: []string{root + "/path"}, patterns: debian}, 0, 18, "real/bin"},
		{"the pin before PATH", places{path: []string{root + "/path"}, patterns: debian}, 15, 15, "postgresql/15/bin"},
		{"given", places{given: root + "/postgresql/15/bin", patterns: debian}, 0, 15, "postgresql/15/bin"},
		{"given, but too old", places{given: root + "/postgresql/14/bin", patterns: debian}, 0, 0, ""},
		{"given, but not the pinned one", places{given: root + "/postgresql/15/bin"}, 16, 0, ""},
		{"pinned to none", places{patterns: debian}, 13, 0, ""},
	} {
		got, err := c.in.find(t.Context(), c.want)
		if got.major != c.major || (c.major != 0 && got.dir != filepath.Join(root, c.dir)) ||
			(err == nil) != (c.major != 0) {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

func fakeBinaries(t *testing.T, dir, version string) {
	t.Helper()
	writeFile(t, filepath.Join(dir, "initdb"), "")
	writeFile(t, filepath.Join(dir, "postgres"), "#!/bin/sh\necho 'postgres (PostgreSQL) "+version+"'\n")
	must(t, os.Chmod(filepath.Join(dir, "postgres"), 0o755))
}

func TestDefaultDir(t *testing.T) {
	t.Parallel()
	open := filepath.Dir(newDir(t))
	if dir, note, err := defaultDir(open, 1000); err != nil || note != "" || dir != filepath.Join(open, ".waypost") {
		t.Error(dir, note, err)
	}
	if os.Geteuid() != 0 {
		t.Skip("the rest needs root")
	}
	if dir, note, err := defaultDir(open, 0); err != nil || note != "" || dir != filepath.Join(open, ".waypost") {
		t.Error(dir, note, err)
	}
	must(t, os.Chmod(open, 0o700))
	dir, note, err := defaultDir(open, 0)
	if err != nil || dir != systemDir || !strings.Contains(note, open) || !strings.Contains(note, systemDir) {
		t.Error(dir, note, err)
	}
	if dir, _, err := DefaultDir(func() int { return 1000 }); err != nil || filepath.Base(dir) != ".waypost" {
		t.Error(dir, err)
	}
}

func TestUnreachableFolder(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root drops to another user")
	}
	dir := newDir(t)
	must(t, os.Chmod(filepath.Dir(dir), 0o700))
	refused(
		t,
		Config{Dir: dir, Ephemeral: true},
		"cannot enter "+filepath.Dir(dir)+":",
		"chmod o+x",
		"WAYPOST_DATA_DIR",
	)
}

func TestNoSuchDataDirectory(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	writeFile(t, dir, "a file")
	refused(t, Config{Dir: dir}, dir+" is a file", "set WAYPOST_DATA_DIR")
	refused(t, Config{Dir: filepath.Join(dir, "below")}, "a file is in the way", "set WAYPOST_DATA_DIR")
	refused(
		t,
		Config{Dir: filepath.Join(filepath.Dir(dir), strings.Repeat("long/", 200))},
		"set WAYPOST_DATA_DIR to a shorter one",
	)
	refused(t, Config{}, "set WAYPOST_DATA_DIR")
}
