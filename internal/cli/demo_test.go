package cli_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"waypost/internal/cli"
)

// A demo killed while it loads starts again cleanly, and a loaded one starts as it is, its moved clock too.
func TestADemoSurvivesBeingKilled(t *testing.T) {
	t.Parallel()
	i := newInstance(t, "--demo", "--people", "300")
	cut := *i
	cut.launch()
	cut.listens()
	time.Sleep(200 * time.Millisecond) // into the loading, which begins then
	cut.signal(syscall.SIGKILL)
	i.start()
	keys := i.demoKeys()
	for role, key := range keys {
		if status, body := i.call(key, "GET", "/me", "", ""); status != 200 {
			t.Errorf("%s: %d %s", role, status, body)
		}
	}
	if info, err := os.Stat(filepath.Join(i.dir, "demo-keys.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("demo-keys.json: %v %v", info, err)
	}
	if status, body := i.call(keys["link_worker"], "POST", "/demo/clock", "", `{"advance":"P10M"}`); status != 200 {
		t.Errorf("moving the clock: %d %s", status, body)
	}
	i.signal(syscall.SIGKILL)
	i.start()
	if again := i.demoKeys(); again["administrator"] != keys["administrator"] {
		t.Error("a loaded demo was loaded again")
	}
	status, body := i.call(keys["link_worker"], "POST", "/demo/clock", "", `{"advance":"P1D"}`)
	var now struct{ Now time.Time }
	if err := json.Unmarshal(body, &now); err != nil || status != 200 || now.Now.Before(time.Now().AddDate(0, 10, 0)) {
		t.Errorf("after a restart the clock says %s (%d)", body, status)
	}
}

func (i *instance) demoKeys() map[string]string {
	i.t.Helper()
	text, err := os.ReadFile(filepath.Join(i.dir, "demo-keys.json"))
	if err != nil {
		i.t.Fatal(err)
	}
	var keys map[string]string
	if err := json.Unmarshal(text, &keys); err != nil || len(keys) != 9 {
		i.t.Fatalf("%d keys: %v", len(keys), err)
	}
	return keys
}

// listens waits until serve answers at all: a demo is loaded from then on.
func (i *instance) listens() {
	i.t.Helper()
	for range 12_000 {
		if answer, err := http.Get("http://" + i.addr + "/livez"); err == nil {
			answer.Body.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	i.t.Fatal("never listened")
}

// More people than a demo takes are refused in one line, before anything is started.
func TestTooManyPeople(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	for _, people := range []string{"600001", "0", "-1"} {
		var out, errs strings.Builder
		code := cli.Main([]string{"serve", "--demo", "--data-dir", dir, "--people=" + people}, &out, &errs)
		if said := errs.String(); code != 2 || strings.Count(said, "\n") != 1 ||
			!strings.Contains(said, "1 to 600000") {
			t.Errorf("%s people: code %d, %q", people, code, said)
		}
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("something was started: %v", err)
	}
}
