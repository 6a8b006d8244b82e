package api_test

import (
	"fmt"
	"testing"
)

// An attendance that was taken back can be restored by the side that recorded it, unless that side has said something of
// the day since.
func TestAnAttendanceIsRestored(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	referral := w.refer(episode)
	lw, org := w.as("link_worker"), w.as("organisation")
	came := fmt.Sprintf(`{"on":%q,"attended":true,"reported_by":"organisation"}`, w.today())
	id := org.post("/referrals/"+referral+"/attendances", came).made()
	at := "/attendances/" + id
	why := `{"reason":"` + secret + `"}`
	org.post(at+"/entered-in-error/undo", why).problem(409, "conflict", secret)
	org.post(at+"/entered-in-error", why).want(200)
	if r := lw.get("/referrals/" + referral).want(200); r.text("status") != "sent" {
		t.Errorf("%s", r.body)
	}
	if a := lw.get(at).want(200); a.text("entered_in_error.reason") != secret || a.text("entered_in_error.by.role") != "organisation" {
		t.Errorf("%s", a.body)
	}
	w.as("other_site_link_worker").get(at).problem(404, "not_found")
	lw.post(at+"/entered-in-error/undo", why).problem(403, "forbidden", secret)
	if a := org.post(at+"/entered-in-error/undo", why).want(200); a.at("entered_in_error") != nil {
		t.Errorf("%s", a.body)
	}
	if r := lw.get("/referrals/" + referral).want(200); r.text("status") != "in_progress" || r.text("first_attended_on") != w.today() {
		t.Errorf("%s", r.body)
	}
	if rows := w.as("site_manager").get("/insights/uptake").want(200); rows.number("rows.0.organisation_says_attended") != 1 {
		t.Errorf("%s", rows.body)
	}
	org.post(at+"/entered-in-error", why).want(200)
	org.post("/referrals/"+referral+"/attendances", came).want(201)
	org.post(at+"/entered-in-error/undo", why).problem(409, "conflict", secret)
}
