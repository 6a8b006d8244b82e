package api_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// After the link worker took it back the link shows nothing; an answer is told why it comes too late, and
// so is one given twice.
func TestAnAnswerThatComesTooLate(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	referral := w.refer(episode)
	p := w.replyLink(referral)
	path := "/replies/" + p.token()
	w.anybody().post(path, `{"to":"accepted"}`).want(200)
	if again := w.anybody().
		post(path, `{"to":"accepted"}`).
		problem(409, "move_not_allowed"); !strings.Contains(
		string(again.body),
		"the referral is accepted",
	) {
		t.Errorf("%s", again.body)
	}
	if page := p.reply("accepted", "sent"); page.status != 200 || page.at != "/thanks" { // pressed twice
		t.Errorf("%d %s", page.status, page.at)
	}
	if page := p.reply(
		"declined",
		"sent",
		"reason",
		"no_capacity",
	); page.status != 409 || !strings.Contains(page.html, "You can take this person") ||
		!strings.Contains(page.html, "was not recorded") {
		t.Errorf("from a page that is out of date: %d %s", page.status, page.html)
	}
	w.as("link_worker").
		post("/referrals/"+referral+"/moves", `{"to":"withdrawn","reason":"patient_changed_mind"}`).
		want(200)
	w.anybody().get(path).problem(404, "not_found", "Marigold")
	late := w.anybody().
		post(path, `{"to":"in_progress"}`).
		problem(409, "move_not_allowed", "Marigold", "patient_changed_mind")
	if !strings.Contains(string(late.body), "the referral is withdrawn") {
		t.Errorf("%s", late.body)
	}
	w.anybody().post(path, fmt.Sprintf(`{"attended":true,"on":%q}`, w.today())).problem(409, "move_not_allowed")
	for name, page := range map[string]shownPage{
		"looked at": p.open(""), "a page for more": p.open("/attended"),
		"answered": p.reply("completed", "accepted"),
	} {
		if page.status != 404 || page.title() != "This referral was taken back" ||
			strings.Contains(page.html, "Marigold") {
			t.Errorf("%s: %d %s", name, page.status, page.html)
		}
	}
	if a := w.as("organisation").get("/referrals/" + referral).want(200); a.at("person") != nil {
		t.Errorf("a key still sees who it was: %s", a.body)
	}
	w.as("link_worker").post("/referrals/"+referral+"/reply-link", "").problem(409, "conflict")
}

// Two at the same instant: one wins, and the other is told how it stands.
func TestAcceptedAndWithdrawnAtOnce(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	won := map[string]int{}
	for range 12 {
		referral := w.refer(episode)
		path := "/replies/" + w.replyLink(referral).token()
		var answers [2]answer
		var all sync.WaitGroup
		all.Go(func() { answers[0] = w.anybody().post(path, `{"to":"accepted","from":"sent"}`) })
		all.Go(func() {
			answers[1] = w.as("link_worker").post("/referrals/"+referral+"/moves", `{"to":"withdrawn",
				"reason":"sent_in_error","from":"sent"}`)
		})
		all.Wait()
		now := w.as("link_worker").get("/referrals/" + referral).text("status")
		won[now]++
		for i, to := range []string{"accepted", "withdrawn"} {
			if now == to {
				answers[i].want(200)
				if lost := answers[1-i].problem(
					409,
					"move_not_allowed",
				); !strings.Contains(
					string(lost.body),
					"the referral is "+now,
				) {
					t.Errorf("%s", lost.body)
				}
			}
		}
		if n := len(w.as("link_worker").get("/referrals/" + referral + "/moves").items()); n != 1 {
			t.Errorf("%d moves", n)
		}
	}
	if won["accepted"]+won["withdrawn"] != 12 {
		t.Errorf("%v", won)
	}
	t.Logf("%v", won)
}

// Whoever waits for another's move is told of it, though the lifecycle would let theirs follow: they
// decided on what they saw.
func TestTheSecondOfTwoDecidesAnew(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	referral := w.refer(episode)
	token := w.replyLink(referral).token()
	done := make(chan answer)
	err := w.db.Do(actor.With(t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		if err := tx.Exec(
			"update referrals set status = 'accepted', responded_at = ?, version = version + 1 where id = ?",
			tx.Now,
			referral,
		).Error; err != nil {
			return err
		}
		go func() {
			done <- w.as("link_worker").post("/referrals/"+referral+"/moves", `{"to":"withdrawn",
				"reason":"sent_in_error"}`)
		}()
		return awaitBlocked(tx)
	})
	if err != nil {
		t.Fatal(err)
	}
	(<-done).problem(409, "move_not_allowed")
	w.anybody().get("/replies/" + token).want(200)
	w.as("link_worker").post("/referrals/"+referral+"/moves", `{"to":"withdrawn","reason":"sent_in_error"}`).want(200)
}

// awaitBlocked waits until somebody waits for a lock of the transaction's.
func awaitBlocked(tx *db.Tx) error {
	for range 1200 {
		var waits bool
		if err := tx.Raw("select exists (select from pg_locks where not granted and pg_backend_pid() = " +
			"any(pg_blocking_pids(pid)))").Scan(&waits).Error; err != nil || waits {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.New("nobody waits for a lock of this transaction")
}
