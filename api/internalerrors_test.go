package api_test

import (
	"bytes"
	"database/sql"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"waypost/internal/platform/clock"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/leaktest"
)

// lines is a log that may be read while others write to it.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) with(word string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, word) {
			return line
		}
	}
	return ""
}

// The log's line of an internal error names the operation, the store's method and PostgreSQL's code, and nothing of
// what was sent. It is not parallel, since the log is the whole process's.
func TestTheLogSaysWhereAnErrorCameAbout(t *testing.T) {
	app, owner := dbtest.URLs(t)
	d, err := db.Open(db.Config{URL: app, Clock: &clock.Clock{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	w := serving(t, on(d))
	asOwner, err := sql.Open("pgx", owner)
	if err != nil {
		t.Fatal(err)
	}
	defer asOwner.Close()
	for _, broken := range []string{
		"alter table patients rename column family_name to another_name",
		// it says what it was given, as PostgreSQL's own messages do
		`create function refuse() returns trigger language plpgsql as $$ begin
			raise exception 'no person is called: %', new.given_name using errcode = 'P0001'; end $$;
		alter table patients rename column another_name to family_name;
		create trigger refuse before insert on patients for each row execute function refuse()`,
	} {
		if _, err := asOwner.ExecContext(t.Context(), broken); err != nil {
			t.Fatal(err)
		}
		var log lines
		before := slog.Default()
		slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
		answer := w.as("link_worker").
			post("/patients", `{"given_name":"Marigold","family_name":"Walkinghame","birth_date":"1950-04-01"}`)
		time.Sleep(10 * time.Millisecond) // the line of the request comes after its answer
		slog.SetDefault(before)
		answer.problem(500, "internal")
		line := log.with("request failed")
		for _, want := range []string{`"operation":"record-patient"`, `people.(*Store).Record: postgres `} {
			if !strings.Contains(line, want) {
				t.Errorf("the log lacks %s: %s", want, line)
			}
		}
		if !strings.Contains(line, "42703") && !strings.Contains(line, "P0001") {
			t.Errorf("the log lacks PostgreSQL's code: %s", line)
		}
		leaktest.Hidden(t, "the log", log.text.String(), "Marigold", "Walkinghame", "1950-04-01", w.keys["link_worker"])
		leaktest.Hidden(t, "the answer", string(answer.body), "people.(*Store)", "postgres ")
	}
}
