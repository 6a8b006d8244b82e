package api_test

import (
	"fmt"
	"strings"
	"testing"
)

// complete moves the clock ten months on and records what the person says of the services at their follow-up.
func (w *world) complete(episode, services, more string) {
	w.t.Helper()
	lw := w.as("link_worker")
	followUp := lw.get("/follow-ups?episode_id=" + episode).want(200).text("items.0.id")
	w.advance("P10M")
	lw.post("/follow-ups/"+followUp+"/completion", fmt.Sprintf(`{"completed_on":%q,"mode":"telephone",
		"respondent":"self","how_have_you_been":"worse","benefit":"a_little",
		"services":[%s]%s}`, w.today(), services, more)).want(201)
}

// The organisation says completed, the person says they never went: both stand, side by side.
func TestTwoAccountsOfOneReferral(t *testing.T) {
	w := newWorld(t)
	lw, org := w.as("link_worker"), w.as("organisation")
	_, episode := w.supported()
	w.ons4(episode, "baseline", w.daysAgo(25), 4, 5, 3, 8).want(201)
	referral := w.refer(episode)
	path := "/referrals/" + referral

	silent := lw.get(path).want(200)
	if silent.text("organisation_account.attended") != "not_said" || silent.at("organisation_account.status") != nil ||
		silent.at("patient_account") != nil {
		t.Errorf("nobody has said anything yet: %s", silent.body)
	}
	lw.post(path+"/attendances", fmt.Sprintf(`{"on":%q,"attended":true,"reported_by":"patient"}`, w.daysAgo(9))).
		want(201)
	if a := lw.get(path).
		want(200); a.text("organisation_account.attended") != "not_said" ||
		a.text("first_attended_on") != w.daysAgo(9) {
		t.Errorf("the person's word is taken for the organisation's: %s", a.body)
	}
	org.post(path+"/attendances", fmt.Sprintf(`{"on":%q,"attended":false,"reported_by":"organisation"}`, w.daysAgo(8))).
		want(201)
	if a := lw.get(path).
		want(200); a.text("organisation_account.attended") != "no" ||
		a.at("organisation_account.first_attended_on") != nil {
		t.Errorf("it says that nobody came: %s", a.body)
	}
	org.post(path+"/attendances", fmt.Sprintf(`{"on":%q,"attended":true,"reported_by":"organisation"}`, w.daysAgo(7))).
		want(201)
	org.post(path+"/moves", `{"to":"not_completed","reason":"no_capacity"}`).want(200)
	lw.post(path+"/undo", `{}`).want(200)
	if a := lw.get(path).
		want(200); a.at("organisation_account.status") != nil ||
		a.text("organisation_account.first_attended_on") != w.daysAgo(7) {
		t.Errorf("an undone answer stands: %s", a.body)
	}
	org.post(path+"/moves", `{"to":"completed"}`).want(200)
	w.complete(episode, fmt.Sprintf(`{"referral_id":%q,"used":"did_not_use","reason":"transport"}`, referral), "")

	both := lw.get(path).want(200)
	if both.text("organisation_account.attended") != "yes" || both.text("organisation_account.status") != "completed" ||
		!strings.HasSuffix(both.text("organisation_account.said_at"), "Z") {
		t.Errorf("the organisation's account: %s", both.body)
	}
	if both.text("patient_account.used") != "did_not_use" || both.text("patient_account.reason") != "transport" ||
		both.text("patient_account.benefit") != "not_applicable" ||
		both.text("patient_account.on") != w.today() ||
		both.text("patient_account.follow_up") != "m9_12" {
		t.Errorf("the person's account: %s", both.body)
	}
	for _, at := range []string{path, "/referrals"} {
		if seen := string(
			org.get(at).want(200).body,
		); strings.Contains(seen, "_account") || strings.Contains(seen, "did_not_use") ||
			strings.Contains(seen, "transport") {
			t.Errorf("the organisation sees what the person said: %s", seen)
		}
	}
	if list := string(lw.get("/referrals").want(200).body); strings.Contains(list, "_account") {
		t.Errorf("accounts are for one referral: %s", list)
	}
}

// What a link worker decides is not the organisation's word; what it says by telephone is.
func TestALinkWorkersMoveIsNotTheOrganisationsWord(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	_, episode := w.supported()
	path := "/referrals/" + w.refer(episode)
	lw.post(path+"/moves", `{"to":"accepted","reported_by":"organisation"}`).want(200)
	lw.post(path+"/moves", `{"to":"declined","reason":"stigma","reported_by":"patient"}`).want(200)
	a := lw.get(path).want(200)
	if a.text("status") != "declined" || a.text("organisation_account.status") != "accepted" ||
		a.at("organisation_account.reason") != nil {
		t.Errorf("accounts: %s", a.body)
	}
}
