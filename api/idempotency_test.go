package api_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestARepeatedPostHappensOnce(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	body := `{"given_name":"Onceonly","family_name":"Example","birth_date":"1950-01-01"}`
	once := lw.with("Idempotency-Key", "key-1")
	first := once.post("/patients", body).want(201)
	again := once.post("/patients", body).want(201)
	if again.header.Get("Idempotency-Replayed") != "true" || string(again.body) != string(first.body) ||
		again.header.Get("Location") != first.header.Get("Location") ||
		again.header.Get("ETag") != first.header.Get("ETag") {
		t.Errorf("the replay differs: %s and %s", first.body, again.body)
	}
	if n := len(lw.post("/patients/search", `{"q":"onceonly"}`).items()); n != 1 {
		t.Errorf("%d patients", n)
	}
	once.post("/patients", strings.Replace(body, "Onceonly", "Twiceonly", 1)).
		problem(422, "idempotency_mismatch", "Twiceonly")
	once.post("/organisations", `{"name":"X"}`).problem(422, "idempotency_mismatch")
	lw.with("Idempotency-Key", strings.Repeat("k", 256)).post("/patients", body).problem(422, "invalid")
	lw.with("Idempotency-Key", "with space").post("/patients", body).problem(422, "invalid")
	// The key belongs to its caller: another's is another request.
	if a := w.as("integration").
		with("Idempotency-Key", "key-1").
		post("/patients", body).
		want(201); a.text(
		"id",
	) == first.text(
		"id",
	) {
		t.Error("one caller got another's answer")
	}
	// What failed was not stored: the same key works once the request is right.
	lw.with("Idempotency-Key", "key-2").post("/patients", `{"given_name":"A"}`).problem(422, "invalid")
	lw.with("Idempotency-Key", "key-2").post("/patients", body).want(201)
	// The same body to another thing under the same key is another request.
	one, two := w.patient(), w.patient()
	consent := fmt.Sprintf(`{"purpose":"research","decision":"given","decided_on":%q}`, w.today())
	lw.with("Idempotency-Key", "key-3").post("/patients/"+one+"/consents", consent).want(201)
	lw.with("Idempotency-Key", "key-3").post("/patients/"+two+"/consents", consent).problem(422, "idempotency_mismatch")
}

func TestASecretIsNotReplayed(t *testing.T) {
	w := newWorld(t)
	admin := w.as("administrator").with("Idempotency-Key", "make-a-key")
	body := `{"role":"dashboard","label":"once"}`
	secret := admin.post("/api-keys", body).want(201).text("key")
	again := admin.post("/api-keys", body).want(201)
	if strings.Contains(string(again.body), secret) || again.at("key") != nil {
		t.Errorf("the replay holds the secret: %s", again.body)
	}
	w.as("administrator").get("/api-keys/" + again.text("id")).want(200)
}

// Twins in flight: one does the work; the others are told to try again, or get its answer.
func TestTwinsHappenOnce(t *testing.T) {
	w := newWorld(t)
	c := w.as("link_worker").with("Idempotency-Key", "twins")
	var all sync.WaitGroup
	got := make(chan answer, 16)
	for range 16 {
		all.Go(func() {
			got <- c.post("/patients", `{"given_name":"Twin","family_name":"Only","birth_date":"1950-01-01"}`)
		})
	}
	all.Wait()
	close(got)
	made := map[string]bool{}
	for a := range got {
		switch a.status {
		case 201:
			made[a.text("id")] = true
		case 409:
			a.problem(409, "conflict")
		default:
			t.Errorf("status %d: %s", a.status, a.body)
		}
	}
	if len(made) != 1 || len(w.as("link_worker").post("/patients/search", `{"q":"twin"}`).items()) != 1 {
		t.Errorf("twins made %d patients", len(made))
	}
}

// Two who change the same referral at once: the lifecycle holds, whoever comes first.
func TestTwoMovesAtOnce(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	referral := w.refer(episode)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			w.as("link_worker").post("/referrals/"+referral+"/moves", `{"to":"withdrawn","reason":"sent_in_error"}`)
		})
		all.Go(func() { w.as("organisation").post("/referrals/"+referral+"/moves", `{"to":"completed"}`) })
	}
	all.Wait()
	moves := w.as("link_worker").get("/referrals/" + referral + "/moves").want(200).items()
	if len(moves) != 1 {
		t.Errorf("%d moves out of sent into an end", len(moves))
	}
}

// A replay is authorised again: what the caller may no longer see does not come back.
func TestAReplayIsAuthorisedAgain(t *testing.T) {
	w := newWorld(t)
	c := w.as("integration").with("Idempotency-Key", "k")
	body := `{"given_name":"Marigold","family_name":"Once","birth_date":"1950-01-01"}`
	c.post("/patients", body).want(201)
	// On behalf of somebody else is another authority.
	c.with("Waypost-On-Behalf-Of", w.worker).post("/patients", body).problem(404, "not_found", "Marigold")
	w.as("administrator").do("DELETE", "/api-keys/"+w.keyID("integration"), "").want(204)
	c.post("/patients", body).problem(401, "unauthenticated", "Marigold")
}
