package api_test

import (
	"fmt"
	"strings"
	"testing"
)

// The whole loop: patient, consent, episode, baseline, referral, the organisation's answer, attendance, follow-up
// when due, completion, paired change.
func TestTheWholeLoop(t *testing.T) {
	w := newWorld(t)
	lw, org := w.as("link_worker"), w.as("organisation")
	patient, episode := w.supported()
	if got := lw.get("/episodes/" + episode).want(200).text("status"); got != "waiting" {
		t.Fatalf("a new episode is %s", got)
	}
	scores := w.ons4(episode, "baseline", w.daysAgo(25), 4, 5, 3, 8).want(201)
	if scores.number("scores.3.value") != 8 || scores.text("scores.3.band") != "high" ||
		scores.text("scores.3.better") != "lower" {
		t.Fatalf("anxiety: %s", scores.body)
	}
	if got := lw.get("/episodes/" + episode).text("status"); got != "active" {
		t.Fatalf("after a baseline the episode is %s", got)
	}
	referral := w.refer(episode)

	seen := org.get("/referrals/" + referral).want(200)
	if seen.hides("Lives alone", "1950-04-01").text("person.name") == "" {
		t.Fatalf("what the organisation sees: %s", seen.body)
	}
	if got := org.post("/referrals/"+referral+"/moves", `{"to":"accepted"}`).
		want(200).
		text("status"); got != "accepted" {
		t.Fatalf("accepted is %s", got)
	}
	org.post("/referrals/"+referral+"/attendances", fmt.Sprintf(`{"on":%q,"attended":true,"reported_by":"organisation"}`, w.daysAgo(3))).
		want(201)
	after := lw.get("/referrals/" + referral).want(200)
	if after.text("status") != "in_progress" || after.text("first_attended_on") != w.daysAgo(3) {
		t.Fatalf("after attending: %s", after.body)
	}

	due := lw.get("/follow-ups?episode_id=" + episode).want(200)
	if due.text("items.0.state") != "upcoming" || due.text("items.0.code") != "m9_12" {
		t.Fatalf("follow-up: %s", due.body)
	}
	followUp := due.text("items.0.id")
	w.advance("P10M")
	if got := lw.get("/follow-ups/" + followUp).text("state"); got != "overdue" && got != "due" {
		t.Fatalf("ten months later the follow-up is %s", got)
	}
	completed := lw.post("/follow-ups/"+followUp+"/completion", fmt.Sprintf(`{"completed_on":%q,
		"mode":"telephone","respondent":"self","how_have_you_been":"better",
		"services":[{"referral_id":%q,"used":"still_using","benefit":"a_lot"}],"benefit":"a_lot",
			"narrative":"I go every week",
		"assessments":[{"instrument":"ons4","responses":{"life_satisfaction":7,"worthwhile":7,"happiness":6,
			"anxiety":3}}]}`, w.today(), referral)).want(201)
	if completed.text("state") != "completed" || completed.text("completion.services.0.used") != "still_using" {
		t.Fatalf("completed: %s", completed.body)
	}

	figures := w.as("site_manager").get("/insights/outcomes").want(200)
	if figures.number("rows.0.paired_n") != 1 || figures.number("rows.0.mean_change") != 3 {
		t.Fatalf("paired change: %s", figures.body)
	}
	timeline := string(lw.get("/patients/" + patient + "/timeline").want(200).body)
	for _, kind := range []string{
		"patient.recorded", "consent.given", "episode.opened", "assessment.recorded", "referral.sent",
		"referral.accepted", "attendance.attended", "referral.in_progress", "follow_up.completed",
		"referral.patient_reported",
	} {
		if !strings.Contains(timeline, `"`+kind+`"`) {
			t.Errorf("the timeline lacks %s", kind)
		}
	}
	if strings.Contains(timeline, "every week") || strings.Contains(timeline, "Lives alone") {
		t.Error("the timeline holds free text")
	}
}
