package api_test

import (
	"fmt"
	"testing"
	"time"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// A key that is made without a last day has one, in a year.
func TestAKeyEndsInAYear(t *testing.T) {
	w := newWorld(t)
	in := w.db.Clock.Now().AddDate(1, 0, 0).Format("2006-01-02")
	for _, more := range []string{"", `"expires_on":null`} {
		if made := w.ask("administrator", "dashboard", more); made.text("expires_on") != in {
			t.Errorf("%s", made.body)
		}
	}
	if made := w.ask(
		"administrator",
		"dashboard",
		`"expires_on":"2098-01-01"`,
	); made.text(
		"expires_on",
	) != "2098-01-01" {
		t.Errorf("%s", made.body)
	}
}

func (w *world) later(d time.Duration) { w.db.Clock.SetOffset(w.db.Clock.Offset() + d) }

// When a key was last used is written once an hour, and only for what was not refused.
func TestAKeySaysWhenItWasUsed(t *testing.T) {
	w := newWorld(t)
	made := w.ask("administrator", "dashboard", "")
	used := func() any {
		return w.as("administrator").get("/api-keys/" + made.text("id")).want(200).at("last_used_at")
	}
	w.bearing(made).get("/patients/"+nobody()).problem(403, "forbidden")
	if at := used(); at != nil {
		t.Errorf("never used for anything, and last at %v", at)
	}
	w.bearing(made).get("/me").want(200)
	first := used()
	if first == nil {
		t.Error("it was used, and does not say so")
	}
	w.later(50 * time.Minute)
	w.bearing(made).get("/me").want(200)
	if at := used(); at != first {
		t.Errorf("within the hour: %v, then %v", first, at)
	}
	w.later(11 * time.Minute)
	w.bearing(made).get("/me").want(200)
	if at := used(); at == first {
		t.Errorf("after the hour: still %v", at)
	}
}

// That a key was used is not written where it cannot be, and no request waits or fails for it.
func TestARequestDoesNotWaitForWhenAKeyWasUsed(t *testing.T) {
	w := newWorld(t)
	made := w.ask("administrator", "dashboard", "")
	err := w.db.Do(actor.With(t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		if err := tx.Exec("select from api_keys where id = ? for update", made.text("id")).Error; err != nil {
			return err
		}
		w.bearing(made).get("/me").want(200)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A manager's key may name who it is: they are told, events name them, and their lists stay those of the whole site.
func TestAManagerIsSomebody(t *testing.T) {
	w := newWorld(t)
	named := fmt.Sprintf(`"site_ids":[%q,%q],"link_worker_id":%q`, w.other, w.site, w.worker)
	w.keys["named"] = w.key("site_manager", named)
	if me := w.as("named").get("/me").want(200); me.text("link_worker_id") != w.worker {
		t.Errorf("%s", me.body)
	}
	patient := w.as("named").post("/patients", fmt.Sprintf(`{"site_id":%q,"given_name":"Marigold",
		"family_name":"Example","birth_date":"1950-04-01"}`, w.site)).made()
	if event := w.as("named").
		get("/patients/" + patient + "/timeline").
		want(200); event.text("items.0.link_worker_id") != w.worker ||
		event.text("items.0.actor_role") != "site_manager" {
		t.Errorf("%s", event.body)
	}
	another := w.as("administrator").post("/link-workers", fmt.Sprintf(`{"site_id":%q,"name":"Jo",
		"email":"jo@example.org"}`, w.site)).made()
	w.as("named").post("/episodes", fmt.Sprintf(`{"patient_id":%q,"link_worker_id":%q,"source":"gp",
		"received_on":%q,"needs":{"primary":"food"}}`, patient, another, w.daysAgo(3))).made()
	if n := len(w.as("named").get("/worklists/caseload").want(200).items()); n != 1 {
		t.Errorf("a manager's caseload has %d rows", n)
	}
	if sum := w.as("named").
		get("/me/summary").
		want(200); sum.number("caseload.open") != 1 ||
		sum.at("link_worker_id") != nil {
		t.Errorf("%s", sum.body)
	}
	w.as("administrator").post("/api-keys", fmt.Sprintf(`{"role":"site_manager","label":"x","site_ids":[%q],
		"link_worker_id":%q}`, w.other, w.worker)).problem(422, "invalid")
	w.as("administrator").
		post("/api-keys", fmt.Sprintf(`{"role":"integration","label":"x",%s}`, named)).
		problem(422, "invalid")
}

// Who is shown somebody by an answer that is given again is in the log of reads.
func TestAReplayIsInTheLogOfReads(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker").with("Idempotency-Key", "first")
	body := `{"given_name":"Marigold","family_name":"Replayed","birth_date":"1950-04-01"}`
	patient := lw.post("/patients", body).made()
	reads := func(operation string) (n int) {
		err := w.db.Do(actor.With(t.Context(), actor.Named("test")), func(tx *db.Tx) error {
			return tx.Raw("select count(*) from access_log where operation = ? and site_id = ? and patient_ids = "+
				"array[?::uuid] and actor_role = 'link_worker' and link_worker_id = ?",
				operation, w.site, patient, w.worker).Scan(&n).Error
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := reads("replay_record_patient"); n != 0 {
		t.Errorf("the first answer is noted as a replay %d times", n)
	}
	for range 2 {
		if again := lw.post("/patients", body).
			want(201); again.header.Get("Idempotency-Replayed") != "true" ||
			again.text("id") != patient {
			t.Errorf("%s", again.body)
		}
	}
	if n := reads("replay_record_patient"); n != 2 {
		t.Errorf("two replays are noted %d times", n)
	}
	w.consent(patient, "share_with_organisations", "given")
	referral := w.refer(w.episode(patient))
	for range 2 {
		w.as("link_worker").
			with("Idempotency-Key", "move").
			post("/referrals/"+referral+"/moves", `{"to":"accepted"}`).
			want(200)
	}
	if n := reads("replay_move_referral"); n != 1 {
		t.Errorf("a replay of a move is noted %d times", n)
	}
}
