package cli_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// An upgrade of PostgreSQL's package replaces the programs of Waypost's own server while it runs. Callers
// may be refused for a moment, are never answered 500, and are then served by the new programs.
func TestPostgreSQLIsReplacedUnderLoad(t *testing.T) {
	t.Parallel()
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(installed) == 0 {
		t.Skip("PostgreSQL is not laid out as in Debian")
	}
	i := newInstance(t)
	home := filepath.Dir(installed[len(installed)-1])
	root := filepath.Dir(i.dir)
	for _, dir := range []string{filepath.Join(root, home), filepath.Join(root, "usr/share")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/usr/share/postgresql", filepath.Join(root, "usr/share/postgresql")); err != nil {
		t.Fatal(err)
	}
	shell(t, "cp", "-a", home+"/bin", home+"/lib", filepath.Join(root, home))
	i.more = []string{"WAYPOST_POSTGRES_BIN=" + filepath.Join(root, home, "bin")}
	i.start()
	before := i.postmaster()
	key, err := i.run("keys", "create", "--role", "administrator", "--label", "test")
	if err != nil {
		t.Fatal(err)
	}
	var statuses [600]atomic.Int64
	var stop atomic.Bool
	var all sync.WaitGroup
	for client := range 6 {
		all.Go(func() {
			for n := 0; !stop.Load(); n++ {
				var status int
				if name := fmt.Sprintf("site_%d_%d", client, n); client%2 == 0 {
					status, _ = i.call(key, "POST", "/sites", name, fmt.Sprintf(`{"name":"S","code":%q}`, name))
				} else {
					status, _ = i.call(key, "GET", "/sites?limit=5", "", "")
				}
				statuses[status].Add(1)
			}
		})
	}
	served := func() int64 { return statuses[http.StatusOK].Load() }
	eventually(t, "there is load", func() bool { return served() > 20 })
	lib := filepath.Join(root, home, "lib")
	if err := os.Rename(lib, lib+".old"); err != nil { // a new session finds no library
		t.Fatal(err)
	}
	eventually(t, "it is not ready", func() bool { return i.probe("/readyz") == http.StatusServiceUnavailable })
	shell(
		t,
		"sh",
		"-ec",
		`cp -a "$1/bin" "$2/bin.new"; cp -a "$1/lib" "$2/lib"; for f in "$2"/bin.new/*; do mv -f "$f" "$2/bin/"; done`,
		"sh",
		home,
		filepath.Join(root, home),
	)
	eventually(t, "the new server runs", func() bool { pid := i.postmaster(); return pid != "" && pid != before })
	eventually(t, "it is ready", func() bool { return i.probe("/readyz") == http.StatusOK })
	so := served()
	eventually(t, "callers are served again", func() bool { return served() > so+20 })
	refused := statuses[http.StatusServiceUnavailable].Load()
	time.Sleep(2 * time.Second)
	stop.Store(true)
	all.Wait()
	if n := statuses[http.StatusServiceUnavailable].Load() - refused; n > 0 {
		t.Errorf("%d callers refused after the restart", n)
	}
	for status := range statuses {
		n := statuses[status].Load()
		if n > 0 {
			t.Logf("%d: %d", status, n)
		}
		if n > 0 && status != http.StatusOK && status != http.StatusCreated && status != http.StatusServiceUnavailable {
			t.Errorf("%d callers answered %d", n, status)
		}
	}
}

// postmaster is the process of the own PostgreSQL, or "".
func (i *instance) postmaster() string {
	text, _ := os.ReadFile(filepath.Join(i.dir, "pg", "postmaster.pid"))
	first, _, _ := strings.Cut(string(text), "\n")
	return first
}
