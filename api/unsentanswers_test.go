package api_test

import (
	"fmt"
	"testing"

	"waypost/internal/outcomes"
	"waypost/internal/platform/actor"
)

// unsent is how many answers of a follow-up are kept that were not sent.
func (w *world) unsent(followUp string) string {
	w.t.Helper()
	return w.value("select count(*)::text from follow_up_answers where follow_up_id::text = ?", followUp)
}

// begun is somebody who has answered four questions by their link.
func (w *world) begun(followUp string) person {
	w.t.Helper()
	p := w.link(followUp)
	page := p.open("/respondent")
	for _, a := range []string{"self", "worse", "1", "1"} {
		page = p.answer(page, a)
	}
	if n := w.unsent(followUp); n != "4" {
		w.t.Fatalf("%s answers are kept, want 4", n)
	}
	return p
}

// clear runs the job.
func (w *world) clear() {
	w.t.Helper()
	if err := (&outcomes.Store{DB: w.db}).DeleteUnsent(actor.With(w.t.Context(), actor.Named("test"))); err != nil {
		w.t.Fatal(err)
	}
}

// What was not sent is deleted at once by whatever ends the asking, and by nothing else.
func TestUnsentAnswersEnd(t *testing.T) {
	w, patient, episode, followUp := asked(t)
	lw := w.as("link_worker")
	w.begun(followUp)
	w.clear()
	w.decide(patient, "follow_up_contact", "given", 0, "").want(201)
	w.decide(patient, "research", "declined", 0, "").want(201)
	lw.post("/follow-ups/"+followUp+"/loss", `{"reason":"could_not_contact"}`).want(200)
	lw.post("/episodes/"+episode+"/closure", `{"reason":"plan_completed"}`).want(200)
	if n := w.unsent(followUp); n != "4" {
		t.Errorf("%s answers are kept of somebody who can still send them, want 4", n)
	}
	for _, c := range []struct {
		what string
		ends func()
	}{
		{"the link was ended", func() { lw.do("DELETE", "/follow-ups/"+followUp+"/link", "").want(204) }},
		{"consent was withdrawn", func() { w.decide(patient, "follow_up_contact", "withdrawn", 0, "").want(201) }},
		{"the person died", func() { w.dies(patient, 0) }},
	} {
		w.begunAnew(patient, followUp)
		c.ends()
		if n := w.unsent(followUp); n != "0" {
			t.Errorf("%s: %s answers are kept", c.what, n)
		}
	}
}

// begunAnew is somebody who was asked again, and has begun to answer.
func (w *world) begunAnew(patient, followUp string) {
	w.t.Helper()
	if w.value("select count(*)::text from standing_consents where patient_id::text = ? and purpose = "+
		"'follow_up_contact' and rules_out", patient) == "1" {
		w.advance("P1D")
		w.decide(patient, "follow_up_contact", "given", 0, "").want(201)
	}
	if w.unsent(followUp) == "0" {
		w.begun(followUp)
	}
}

func TestUnsentAnswersEndWithTheFollowUp(t *testing.T) {
	for what, ends := range map[string]func(w *world, patient, followUp string){
		"completed by the link worker": func(w *world, _, f string) {
			w.as("link_worker").post("/follow-ups/"+f+"/completion", fmt.Sprintf(`{"completed_on":%q,
				"mode":"telephone","respondent":"self","how_have_you_been":"better","benefit":"a_lot"}`, w.today())).want(201)
		},
		"declined": func(w *world, _, f string) {
			w.as("link_worker").post("/follow-ups/"+f+"/loss", `{"reason":"declined"}`).want(200)
		},
		"refused to an older version": func(w *world, p, _ string) { w.recordAsBefore(p, "follow_up_contact", "declined") },
		"never obtained":              func(w *world, p, _ string) { w.decide(p, "follow_up_contact", "not_obtained", 0, "").want(201) },
	} {
		t.Run(what, func(t *testing.T) {
			w, patient, _, followUp := asked(t)
			w.begun(followUp)
			ends(w, patient, followUp)
			if n := w.unsent(followUp); n != "0" {
				t.Errorf("%s answers are kept", n)
			}
		})
	}
}

// Time ends them too: 30 days after the last one, and on the day after the last link's last.
func TestUnsentAnswersEndWithTime(t *testing.T) {
	w, _, _, followUp := asked(t)
	p := w.begun(followUp)
	w.advance("P29D")
	w.clear()
	if n := w.unsent(followUp); n != "4" {
		t.Errorf("after 29 days %s answers are kept", n)
	}
	w.advance("P1D")
	w.clear()
	if n := w.unsent(followUp); n != "0" {
		t.Errorf("after 30 days %s answers are kept", n)
	}
	closes := w.as("link_worker").get("/follow-ups/" + followUp).text("closes_on")
	for w.daysAgo(-5) < closes {
		w.advance("P1D")
	}
	p.answer(p.open("/respondent"), "self")
	w.advance("P5D")
	w.clear()
	if n := w.unsent(followUp); n != "1" || w.today() != closes {
		t.Errorf("on %s, while the link works until %s, %s answers are kept", w.today(), closes, n)
	}
	w.advance("P1D")
	w.clear()
	if n := w.unsent(followUp); n != "0" {
		t.Errorf("after the link's last day %s answers are kept", n)
	}
}
