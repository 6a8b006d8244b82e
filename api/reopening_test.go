package api_test

import (
	"fmt"
	"strings"
	"testing"
)

// A closed episode that was not over is opened again: it stands where it stood, and everything says that it happened.
func TestAClosedEpisodeIsOpenedAgain(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	patient, episode := w.supported()
	w.ons4(episode, "baseline", w.daysAgo(25), 4, 5, 3, 8).want(201)
	followUps := string(lw.get("/follow-ups?episode_id=" + episode).want(200).body)
	open := func() answer {
		return lw.post("/episodes/"+episode+"/reopening", `{"reason":"Rang up in tears, Zinnia"}`)
	}
	open().problem(409, "move_not_allowed", "Zinnia")
	lw.post("/episodes/"+episode+"/closure", `{"reason":"plan_completed","note":"All well"}`).want(200)
	if w.caseload("link_worker") != 0 {
		t.Error("it is on the caseload while it is closed")
	}
	for _, body := range []string{`{}`, `{"reason":" "}`, `{"reason":"` + strings.Repeat("x", 1001) + `"}`} {
		lw.post("/episodes/"+episode+"/reopening", body).problem(422, "invalid")
	}
	a := open().want(200)
	if a.text("status") != "active" || a.at("closed_on") != nil || a.at("closure_reason") != nil || a.at("closure_note") != nil {
		t.Errorf("%s", a.body)
	}
	read := lw.get("/episodes/" + episode).want(200)
	for at, want := range map[string]string{
		"reopenings.0.reason": "Rang up in tears, Zinnia", "reopenings.0.closure_reason": "plan_completed",
		"reopenings.0.closure_note": "All well", "reopenings.0.closed_on": w.today(),
		"reopenings.0.by.role": "link_worker", "reopenings.0.by.link_worker_id": w.worker,
	} {
		if got := read.text(at); got != want {
			t.Errorf("%s is %q, should be %q", at, got, want)
		}
	}
	timeline := lw.get("/patients/"+patient+"/timeline").want(200).hides("Zinnia", "All well")
	if !strings.Contains(string(timeline.body), `"episode.reopened"`) {
		t.Error("the timeline does not tell of it")
	}
	if string(lw.get("/follow-ups?episode_id="+episode).want(200).body) != followUps {
		t.Error("a follow-up changed")
	}
	if w.caseload("link_worker") != 1 {
		t.Error("it is not on the caseload again")
	}
	w.contact(episode, "support", "spoke", "")
	w.refer(episode)
	open().problem(409, "move_not_allowed")
}

// Opened again, an episode whose person nobody has met waits; another that is open is warned of, and one whose link worker
// left; and nobody supports the dead.
func TestOpeningAgainKnowsThePerson(t *testing.T) {
	w := newWorld(t)
	lw, manager := w.as("link_worker"), w.as("site_manager")
	patient, episode := w.supported()
	closing := func() { lw.post("/episodes/"+episode+"/closure", `{"reason":"plan_completed"}`).want(200) }
	open := func() answer { return manager.post("/episodes/"+episode+"/reopening", `{"reason":"Not over"}`) }
	closing()
	if a := open().want(200); a.text("status") != "waiting" {
		t.Errorf("%s", a.body)
	}
	closing()
	w.episode(patient)
	if a := open().want(200); a.text("warnings.0.code") != "open_episode_exists" {
		t.Errorf("%s", a.body)
	}
	closing()
	etag := lw.get("/patients/" + patient).header.Get("ETag")
	etag = lw.patch("/patients/"+patient, etag, fmt.Sprintf(`{"died_on":%q}`, w.today())).want(200).header.Get("ETag")
	open().problem(409, "conflict")
	lw.patch("/patients/"+patient, etag, `{"died_on":null}`).want(200)
	etag = manager.get("/link-workers/" + w.worker).header.Get("ETag")
	manager.patch("/link-workers/"+w.worker, etag, `{"active":false}`).want(200)
	if a := open().want(200); a.text("warnings.1.code") != "link_worker_not_active" {
		t.Errorf("%s", a.body)
	}
	w.as("other_site_link_worker").post("/episodes/"+episode+"/reopening", `{"reason":"Not over"}`).problem(404, "not_found")
	w.as("organisation").post("/episodes/"+episode+"/reopening", `{"reason":"Not over"}`).problem(403, "forbidden")
}
