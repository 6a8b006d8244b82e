package cli_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"waypost/internal/partners/partnertest"
	"waypost/internal/platform/db/dbtest"
)

// The whole loop goes through PgBouncer in transaction mode, as Debian brings it: a demo is loaded, the guide's forty calls
// answer what the guide says (a worklist, a release and a study's update among them), figures are made, a webhook is told.
// Restarted again and again under load it loses nothing and doubles nothing; and the process ends tidily.
func TestTheWholeLoopThroughAPooler(t *testing.T) {
	t.Parallel()
	walk, err := os.ReadFile("../../docs/walkthrough.md")
	if err != nil {
		t.Fatal(err)
	}
	s, i := newServer(t), newInstance(t)
	owner, login := s.database(t, "pooled")
	if out, err := i.on(owner).run("migrate", "up"); err != nil {
		t.Fatal(out, err)
	}
	pooler, url := dbtest.Pool(t, login, "default_pool_size = 6")
	w := i.on(url, "--demo", "--people", "300")
	w.more = append(w.more, "WAYPOST_LOG_LEVEL=info", "WAYPOST_DB_CONNECTIONS=12")
	w.rand = i.rand
	var log bytes.Buffer
	w.log = &log
	if out, err := w.run("migrate", "up"); err == nil || !strings.Contains(err.Error(), "pooler: migrations need the server") {
		t.Errorf("migrations through a pooler: %s %v", out, err)
	}
	w.start()
	w.paste("", string(walk)).check(t, 20)
	keys := w.demoKeys()
	eventually(t, "figures of the night", func() bool {
		return query(t, s.as(t, "pooled_owner", "hunter2", "pooled"),
			"select count(*)::text from figure_snapshots where built_at is not null") > "0"
	})
	if status, body := w.call(keys["dashboard"], "GET", "/insights/flow", "", ""); status != http.StatusOK {
		t.Errorf("figures: %d %s", status, body)
	}
	receiver := partnertest.Start(t)
	status, body := w.call(keys["integration"], "POST", "/webhooks", "", `{"url":"`+receiver.URL+`pooled","events":["*"]}`)
	receiver.Set("pooled", "", field(t, body, "secret"))
	if idOf(t, status, body); len(receiver.Got("pooled")) > 0 {
		t.Error("told before anything happened")
	}
	w.agreed(keys["link_worker"])
	if told := receiver.Wait("pooled", 1); !told[0].Verified {
		t.Errorf("told: %+v", told)
	}
	w.stop(t)
	quiet := log.String()
	if n := strings.Count(quiet, "through a pooler"); n != 1 || strings.Contains(quiet, `"level":"ERROR"`) {
		t.Errorf("the log speaks %d times of the pooler: %s", n, errorsOf(quiet))
	}

	w.start()
	load := &writers{i: w, key: keys["link_worker"]}
	for range 6 {
		load.all.Go(load.write)
	}
	for range 4 {
		time.Sleep(time.Duration(300+w.rand.IntN(400)) * time.Millisecond)
		pooler.Stop()
		time.Sleep(time.Duration(w.rand.IntN(300)) * time.Millisecond)
		pooler.Start()
	}
	for late := time.Now().Add(time.Minute); load.acknowledged() < fewestWrites && time.Now().Before(late); {
		time.Sleep(50 * time.Millisecond) // a busy machine
	}
	load.stop.Store(true)
	load.all.Wait()
	load.verify()
	w.stop(t)
	if n := query(t, s.admin, "select count(*)::text from pg_locks where locktype = 'advisory'"); n != "0" {
		t.Errorf("%s advisory locks are left on connections that others use", n)
	}
}

// stop ends serve by SIGTERM, which must be tidy.
func (i *instance) stop(t *testing.T) {
	t.Helper()
	began, process := time.Now(), i.cmd
	i.cmd = nil
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := process.Wait(); err != nil || time.Since(began) > 20*time.Second {
		t.Errorf("SIGTERM: %v after %s", err, time.Since(began))
	}
}

// errorsOf are the lines of a log that are no requests.
func errorsOf(log string) (lines string) {
	for line := range strings.Lines(log) {
		if !strings.Contains(line, `"msg":"request"`) {
			lines += fmt.Sprintln(strings.TrimSpace(line))
		}
	}
	return lines
}
