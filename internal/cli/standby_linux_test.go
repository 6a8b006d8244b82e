package cli_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"waypost/docs"
	"waypost/internal/platform/clock"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"

	"gopkg.in/yaml.v3"
)

// apart is an installation of two processes: one on the leader, and one on a streaming standby that pg_basebackup made.
type apart struct {
	*testing.T
	s               *server
	leader, standby *instance
	there           func(address string) string // an address on the leader, on the standby
	keys            map[string]string
	log             *os.File // of the standby's process
	owner, login    string   // on the leader
}

func newApart(t *testing.T) *apart {
	t.Helper()
	a := &apart{T: t, s: newServer(t)}
	i := newInstance(t)
	a.owner, a.login = a.s.database(t, "apart")
	if out, err := i.on(a.owner).run("migrate", "up"); err != nil {
		t.Fatal(out, err)
	}
	shared := []string{
		"WAYPOST_MASTER_KEY_FILE=" + filepath.Join(filepath.Dir(i.dir), "shared.json"),
		"WAYPOST_FILES_URL=file://" + filepath.Join(filepath.Dir(i.dir), "releases"),
	}
	if err := os.Mkdir(filepath.Join(filepath.Dir(i.dir), "releases"), 0o700); err != nil {
		t.Fatal(err)
	}
	a.leader = i.on(a.login, "--demo", "--people", "300")
	a.leader.more = append(a.leader.more, shared...)
	a.leader.start()
	a.keys = a.leader.demoKeys()
	a.leader.makesARelease(a.keys["researcher"])
	eventually(t, "figures are made", func() bool {
		return query(t, a.on("apart"), "select count(*)::text from figure_snapshots where built_at is not null") > "0"
	})
	a.there = dbtest.Standby(t, a.s.admin)
	a.standby = i.on(a.there(a.login))
	a.standby.more = append(append(a.standby.more, shared...), "WAYPOST_LOG_LEVEL=info", "WAYPOST_STANDBY_LAG=10s")
	var err error
	if a.log, err = os.Create(filepath.Join(t.TempDir(), "log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.log.Close() })
	a.standby.log = a.log
	return a
}

// on is the address of a database of the leader for its administrator.
func (a *apart) on(name string) string {
	return strings.Replace(a.s.admin, "/postgres?", "/"+name+"?", 1)
}

func (a *apart) logged() string {
	text, err := os.ReadFile(a.log.Name())
	if err != nil {
		a.Fatal(err)
	}
	return string(text)
}

// A process on a standby serves what shows nobody, as the leader does and with its age, and refuses the rest without
// reading it. It says that it is too far behind, and becomes an ordinary process when the standby is promoted.
func TestServingFromAStandby(t *testing.T) {
	t.Parallel()
	a := newApart(t)
	a.standby.start()
	a.sameAsTheLeader()
	a.everyOperation()
	a.onlyWhatIsMarked()
	a.follows()
	a.tooFarBehind()
	if log := a.logged(); strings.Contains(log, `"level":"ERROR"`) || strings.Count(log, "the database is a standby") != 1 {
		t.Errorf("it logged: %s", errorsOf(log))
	}
	if n := a.metrics("waypost_jobs_total"); n > 0 {
		t.Errorf("%d jobs ran on a standby", n)
	}
	a.promoted()
}

// ask is a GET of the standby's process, or of the leader's.
func (a *apart) ask(of *instance, key, path string) (*http.Response, []byte) {
	a.Helper()
	req, err := http.NewRequestWithContext(a.Context(), "GET", "http://"+of.addr+path, http.NoBody)
	if err != nil {
		a.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		a.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		a.Fatal(err)
	}
	return answer, body
}

// metrics is how many lines of a name /metrics has.
func (a *apart) metrics(name string) (n int) {
	_, text := a.ask(a.standby, "", "/metrics")
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, name) {
			n++
		}
	}
	return n
}

func (a *apart) sameAsTheLeader() {
	a.Helper()
	_, body := a.ask(a.leader, a.keys["researcher"], "/v1/projects")
	project := regexp.MustCompile(`"id":"([^"]+)"`).FindSubmatch(body)[1]
	releases := fmt.Sprintf("/v1/projects/%s/releases", project)
	_, body = a.ask(a.leader, a.keys["researcher"], releases)
	release := regexp.MustCompile(`"id":"([^"]+)"`).FindSubmatch(body)[1]
	for path, role := range map[string]string{
		"/v1/insights": "dashboard", "/v1/insights/flow": "dashboard", "/v1/insights/outcomes": "dashboard",
		"/v1/insights/referrals?by=month":       "link_worker",
		releases:                                "researcher",
		fmt.Sprintf("/v1/releases/%s", release): "researcher",
		fmt.Sprintf("/v1/releases/%s/files/participants.csv", release): "researcher",
		"/v1/organisations": "link_worker", "/v1/services?q=lunch": "organisation",
		"/v1/events?limit=5": "administrator", "/v1/code-lists": "researcher", "/v1/me": "site_manager",
		"/docs/": "", "/docs/guides/figures": "", "/openapi.json": "", "/dashboard/": "",
	} {
		eventually(a.T, "it is not too far behind", func() bool { return a.standby.probe("/readyz") == http.StatusOK })
		want, whole := a.ask(a.leader, a.keys[role], path)
		got, body := a.ask(a.standby, a.keys[role], path)
		same := bytes.Equal(whole, body) || path == "/openapi.json" // whose examples are of the leader's people
		if path != "/openapi.json" && want.StatusCode != http.StatusOK || got.StatusCode != http.StatusOK || !same {
			a.Errorf("%s: %d, and %d of the leader: %.300s", path, got.StatusCode, want.StatusCode, body)
		}
		lag, err := strconv.Atoi(got.Header.Get("Waypost-Standby-Lag"))
		if strings.HasPrefix(path, "/v1") && (err != nil || lag < 0 || lag > 10) || want.Header.Get("Waypost-Standby-Lag") != "" {
			a.Errorf("%s: it may be %q behind, the leader %q", path, got.Header.Get("Waypost-Standby-Lag"),
				want.Header.Get("Waypost-Standby-Lag"))
		}
	}
}

// everyOperation of the document is asked for by every key. What does not say that it is served from a standby is refused,
// and no table that has rows of people is read for any. Of assessments it is only asked which instruments are in use at all:
// partners' figures of change have a row for each.
func (a *apart) everyOperation() {
	a.Helper()
	var doc struct {
		Paths map[string]map[string]struct{ Description string }
	}
	if err := yaml.Unmarshal(docs.OpenAPI, &doc); err != nil {
		a.Fatal(err)
	}
	const ofPeople = `select string_agg(coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0) || ' ' || s.relname, ' '
			order by coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0) desc)
		from pg_stat_user_tables s where s.schemaname = 'public' and (s.relname in ('patients', 'voids')
		or exists (select from information_schema.columns c where c.table_name = s.relname
			and c.column_name in ('patient_id', 'episode_id', 'referral_id', 'follow_up_id'))
		and s.relname not in ('events', 'access_log', 'outbox', 'assessment_scores'))`
	served, refused := 0, 0
	for path, operations := range doc.Paths {
		for method, o := range operations {
			if !regexp.MustCompile("^(get|post|put|patch|delete)$").MatchString(method) {
				continue
			}
			marked := strings.Contains(o.Description, "It is served from a standby of the database too")
			for role, key := range a.keys {
				at := regexp.MustCompile(`\{[^}]+\}`).ReplaceAllString(strings.TrimPrefix(path, "/v1"),
					"01938c2e-7a40-7000-8000-000000000009")
				status, body := a.standby.call(key, strings.ToUpper(method), at, "", "{}")
				is := status == http.StatusServiceUnavailable && bytes.Contains(body, []byte("standby of the database"))
				live := role == "site_manager" && strings.HasPrefix(path, "/v1/insights/") ||
					role == "integration" && path == "/v1/events"
				if is == (marked && !live) || status >= 500 && !is {
					a.Errorf("%s %s by %s: %d %s", method, path, role, status, body)
				}
				if marked {
					served++
				} else {
					refused++
				}
			}
		}
	}
	for _, path := range []string{"/f/abc", "/r/abc", "/u/abc"} {
		if answer, _ := a.ask(a.standby, "", path); answer.StatusCode != http.StatusServiceUnavailable {
			a.Errorf("%s: %d", path, answer.StatusCode)
		}
	}
	query(a.T, a.there(a.on("apart")), // a connection that ends tells what it has counted
		"select count(pg_terminate_backend(pid))::text from pg_stat_activity where usename = 'apart_login'")
	time.Sleep(time.Second)
	if scans := query(a.T, a.there(a.on("apart")), ofPeople); !strings.HasPrefix(scans, "0 ") {
		a.Errorf("tables of people were scanned so often, the most often scanned first: %s", scans)
	}
	if served < 150 || refused < 1000 {
		a.Errorf("only %d calls were served and %d refused", served, refused)
	}
}

// onlyWhatIsMarked begins on a standby at all, directly and through a pooler.
func (a *apart) onlyWhatIsMarked() {
	a.Helper()
	_, pooled := dbtest.Pool(a.T, a.there(a.login))
	for name, address := range map[string]string{"directly": a.there(a.login), "through a pooler": pooled} {
		d, err := db.Open(db.Config{URL: address, Clock: &clock.Clock{}})
		if err != nil {
			a.Fatal(err)
		}
		defer d.Close()
		for range 3 {
			nothing := func(*db.Tx) error { return nil }
			if err := d.Do(a.Context(), nothing); !errors.Is(err, db.ErrStandby) {
				a.Errorf("%s, not marked: %v", name, err)
			}
			if err := d.Do(db.Apart(db.FromStandby(a.Context())), nothing); !errors.Is(err, db.ErrStandby) {
				a.Errorf("%s, apart from what is marked: %v", name, err)
			}
			err := d.Do(db.FromStandby(a.Context()), func(tx *db.Tx) error {
				if !tx.Standby.Is || tx.Standby.Lag > time.Minute {
					a.Errorf("%s it knows %+v", name, tx.Standby)
				}
				return nil
			})
			if err != nil {
				a.Errorf("%s, marked: %v", name, err)
			}
		}
	}
}

// follows the leader: an event comes, and a key that is revoked there ends.
func (a *apart) follows() {
	a.Helper()
	_, body := a.leader.call(a.keys["administrator"], "POST", "/api-keys", "", `{"role":"dashboard","label":"short"}`)
	key, id := field(a.T, body, "key"), field(a.T, body, "id")
	eventually(a.T, "a key that was made on the leader works", func() bool {
		answer, _ := a.ask(a.standby, key, "/v1/insights/flow")
		return answer.StatusCode == http.StatusOK
	})
	if status, body := a.leader.call(a.keys["administrator"], "DELETE", "/api-keys/"+id, "", ""); status >= 300 {
		a.Fatalf("%d %s", status, body)
	}
	eventually(a.T, "a key that was revoked on the leader ends", func() bool {
		answer, _ := a.ask(a.standby, key, "/v1/insights/flow")
		return answer.StatusCode == http.StatusUnauthorized
	})
}

// tooFarBehind is a standby that does not go on: it serves nothing, says so to a balancer and once in the log, and then
// serves again.
func (a *apart) tooFarBehind() {
	a.Helper()
	query(a.T, a.there(a.on("apart")), "select pg_wal_replay_pause()::text")
	eventually(a.T, "it is too far behind, and says so", func() bool {
		return a.standby.probe("/readyz") == http.StatusServiceUnavailable && strings.Contains(a.logged(), "further behind its leader")
	})
	for _, path := range []string{"/readyz", "/v1/insights/flow"} {
		answer, body := a.ask(a.standby, a.keys["dashboard"], path)
		if answer.StatusCode != http.StatusServiceUnavailable || !bytes.Contains(body, []byte("further behind its leader")) {
			a.Errorf("%s: %d %s", path, answer.StatusCode, body)
		}
	}
	query(a.T, a.there(a.on("apart")), "select pg_wal_replay_resume()::text")
	eventually(a.T, "it has caught up", func() bool { return a.standby.probe("/readyz") == http.StatusOK })
	eventually(a.T, "the log says so", func() bool { return strings.Contains(a.logged(), "has caught up") })
}

// promoted becomes an ordinary process by itself: it records, and its jobs run.
func (a *apart) promoted() {
	a.Helper()
	a.leader.stop(a.T)
	if err := a.s.Stop(a.Context()); err != nil {
		a.Fatal(err)
	}
	query(a.T, a.there(a.on("apart")), "select pg_promote()::text")
	eventually(a.T, "it records", func() bool {
		status, body := a.standby.call(a.keys["link_worker"], "POST", "/patients", "", `{"given_name":"A","family_name":"B",
			"birth_date":"1950-01-01"}`)
		return status == http.StatusCreated && json.Valid(body)
	})
	eventually(a.T, "jobs run", func() bool { return a.metrics("waypost_jobs_total") > 0 })
	if answer, _ := a.ask(a.standby, a.keys["dashboard"], "/v1/insights/flow"); answer.Header.Get("Waypost-Standby-Lag") != "" {
		a.Error("a leader says that it may be behind")
	}
	if log := a.logged(); strings.Count(log, "was promoted") != 1 {
		a.Errorf("it logged: %s", errorsOf(log))
	}
	a.standby.stop(a.T)
}
