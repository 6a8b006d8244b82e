package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Killed with -9 again and again while its jobs ask organisations and let silent referrals expire, Waypost
// asks about each referral once, and lets each expire once.
func TestKilledWhileItNoticesSilence(t *testing.T) {
	t.Parallel()
	i := newInstance(t, "--demo", "--people", "40")
	i.start()
	worker := i.demoKeys()["link_worker"]
	const many = 60
	var referrals []string
	episode := i.agreed(worker)
	_, body := i.call(worker, "GET", "/organisations?limit=1", "", "")
	var page struct{ Items []struct{ ID string } }
	if err := json.Unmarshal(body, &page); err != nil || len(page.Items) != 1 {
		t.Fatalf("%s", body)
	}
	for range many {
		status, body := i.call(worker, "POST", "/referrals", "", fmt.Sprintf(`{"episode_id":%q,
			"organisation_id":%q,"need":"food"}`, episode, page.Items[0].ID))
		referrals = append(referrals, idOf(t, status, body))
	}
	i.killedUntil("notices", func() bool { return i.count(worker, "/outbox?kind=reply_notice") >= many })
	if n := i.count(worker, "/outbox?kind=reply_notice"); n != many {
		t.Errorf("%d notices of %d referrals", n, many)
	}
	if status, body := i.call(worker, "POST", "/demo/clock", "", `{"advance":"P15D"}`); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	i.killedUntil("expiry", func() bool { return i.count(worker, "/referrals?status=sent") == 0 })
	for _, id := range referrals {
		_, body := i.call(worker, "GET", "/referrals/"+id+"/moves", "", "")
		var moves struct {
			Items []struct{ To, Side string }
		}
		if err := json.Unmarshal(
			body,
			&moves,
		); err != nil || len(moves.Items) != 1 || moves.Items[0].To != "expired" ||
			moves.Items[0].Side != "system" {
			t.Errorf("%s: %s", id, body)
		}
	}
	for _, job := range []string{"notices", "expiry", "outbox"} {
		i.tells(`waypost_jobs_total{job="` + job + `",outcome="done"}`)
	}
}

// tells waits until /metrics has a line: since the last kill a job may not have had its turn.
func (i *instance) tells(line string) {
	i.t.Helper()
	for range 600 {
		if answer, err := http.Get("http://" + i.addr + "/metrics"); err == nil {
			text, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			if strings.Contains(string(text), line) {
				return
			}
		}
		time.Sleep(500 * time.Millisecond)
	}
	i.t.Errorf("/metrics tells nothing of %s", line)
}

// killedUntil kills the server some times soon after its jobs began, and then waits until the work is done.
func (i *instance) killedUntil(what string, done func() bool) {
	i.t.Helper()
	for range 4 {
		time.Sleep(time.Duration(i.rand.IntN(1500)) * time.Millisecond)
		i.signal(syscall.SIGKILL)
		i.start()
	}
	for deadline := time.Now().Add(3 * time.Minute); !done(); time.Sleep(time.Second) {
		if time.Now().After(deadline) {
			i.t.Fatalf("%s: not done in three minutes", what)
		}
	}
}

// count is how many items a list of one page or two has.
func (i *instance) count(key, path string) (n int) {
	i.t.Helper()
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	status, body := i.call(key, "GET", path+separator+"limit=200", "", "")
	var page struct{ Items []json.RawMessage }
	if err := json.Unmarshal(body, &page); err != nil || status != http.StatusOK {
		i.t.Fatalf("%s: %d %s", path, status, body)
	}
	return len(page.Items)
}

// agreed is an episode of somebody who agreed to be referred.
func (i *instance) agreed(key string) string {
	i.t.Helper()
	today := time.Now().UTC().Format(time.DateOnly)
	status, body := i.call(
		key,
		"POST",
		"/patients",
		"",
		`{"given_name":"A","family_name":"B","birth_date":"1950-01-01"}`,
	)
	patient := idOf(i.t, status, body)
	if status, body := i.call(
		key,
		"POST",
		"/patients/"+patient+"/consents",
		"",
		fmt.Sprintf(`{"purpose":"share_with_organisations","decision":"given","decided_on":%q}`, today),
	); status != http.StatusCreated {
		i.t.Fatalf("%d %s", status, body)
	}
	status, body = i.call(key, "POST", "/episodes", "", fmt.Sprintf(`{"patient_id":%q,"source":"gp",
		"received_on":%q,"needs":{"primary":"food"}}`, patient, today))
	return idOf(i.t, status, body)
}
