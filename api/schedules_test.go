package api_test

import (
	"fmt"
	"testing"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// scheduled gives the world's site one schedule of these offsets and instruments.
func (w *world) scheduled(opens, target, closes, instruments string) answer {
	admin := w.as("administrator")
	schedule := fmt.Sprintf(`{"code":"later","anchor":"baseline","opens_after":%q,"target_after":%q,
		"closes_after":%q,"analysis_from":1,"analysis_to":400,"instruments":%s}`, opens, target, closes, instruments)
	return admin.patch("/sites/"+w.site, admin.get("/sites/"+w.site).header.Get("ETag"), `{"schedules":[`+schedule+`]}`)
}

// Two of a schedule's days may be one: people are asked best at once, or until the target and no longer.
func TestAScheduleWhoseDaysMeet(t *testing.T) {
	for _, at := range [][3]string{{"P1M", "P1M", "P2M"}, {"P1M", "P2M", "P2M"}, {"P0D", "P0D", "P0D"}} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			w := newWorld(t)
			w.scheduled(at[0], at[1], at[2], `["ons4"]`).want(200)
			_, episode := w.supported()
			w.ons4(episode, "baseline", w.today(), 4, 5, 4, 6).want(201)
			got := w.as("link_worker").get("/follow-ups?episode_id=" + episode).want(200)
			opens, target, closes := got.text(
				"items.0.opens_on",
			), got.text(
				"items.0.target_on",
			), got.text(
				"items.0.closes_on",
			)
			if (opens == target) != (at[0] == at[1]) || (target == closes) != (at[1] == at[2]) || opens == "" ||
				closes == "" {
				t.Errorf("opens %s, target %s, closes %s", opens, target, closes)
			}
		})
	}
}

// A window that is in order after one day and not after another would be missed before it opens.
func TestAScheduleHoldsForEveryDay(t *testing.T) {
	w := newWorld(t)
	for _, at := range [][3]string{{"P31D", "P31D", "P1M"}, {"P1M", "P30D", "P2M"}, {"P366D", "P366D", "P1Y"}, {"P3M", "P2M", "P4M"}} {
		w.scheduled(at[0], at[1], at[2], `["ons4"]`).problem(422, "invalid")
	}
	w.scheduled("P28D", "P1M", "P31D", `["ons4"]`).want(200)
}

// A key that is misspelt would never be asked, and nobody would see it; one that stands twice could never be sent.
func TestAScheduleAsksWhatThereIs(t *testing.T) {
	w := newWorld(t)
	w.as("site_manager").post("/instruments", inJSON(t, allotment(t))).want(201)
	for asks, at := range map[string]string{`["ons4","ons_nonsense"]`: "[1]", `["ons4","swemwbs","ons4"]`: ""} {
		got := w.scheduled("P9M", "P10M", "P12M", asks)
		got.problem(422, "invalid", "ons_nonsense")
		if place := got.text("errors.0.location"); place != "body.schedules[0].instruments"+at {
			t.Errorf("%s is told at %s", asks, place)
		}
	}
	w.scheduled("P9M", "P10M", "P12M", `["ons4","swemwbs","allotment_confidence"]`).want(200)
	admin := w.as("administrator")
	m := `{"code":"m6","anchor":"baseline","opens_after":"P5M","target_after":"P6M","closes_after":"P7M",
		"analysis_from":1,"analysis_to":400}`
	got := admin.post("/sites", `{"name":"S","code":"twice","schedules":[`+m+`,`+m+`]}`)
	got.problem(422, "invalid")
	if place := got.text("errors.0.location"); place != "body.schedules[1].code" {
		t.Errorf("a code that stands twice is told at %s", place)
	}
	// Another site's instrument is no more known here than one that is not there.
	admin.post("/sites", `{"name":"S","code":"strange","schedules":[`+m[:len(m)-1]+`,"instruments":["allotment_confidence"]}]}`).
		problem(422, "invalid")
	if n := len(admin.get("/sites").want(200).items()); n != 2 {
		t.Errorf("a refused site is there: %d", n)
	}
}

// What a schedule names twice is asked once, and the answers can be sent.
func TestALinkAsksOnce(t *testing.T) {
	w, _, _, followUp := asked(t)
	err := w.db.Do(actor.With(t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		return tx.Exec("update schedules set instruments = '{ons4,ons4}' where site_id = ?", w.site).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	p := w.link(followUp)
	page := p.answer(p.open("/respondent"), "self")
	for range 20 {
		if page.at == "/check" {
			break
		}
		page = p.answer(page, map[bool]string{true: "", false: "prefer_not_to_say"}[page.at == "/narrative"])
	}
	if page = p.answer(page, ""); page.at != "/thanks" {
		t.Errorf("sending leads to %s", page.at)
	}
	if state := w.as("link_worker").get("/follow-ups/" + followUp).text("state"); state != "completed" {
		t.Errorf("it is %s", state)
	}
}

// A follow-up that was planned goes on as it was when the site gives its schedule another name.
func TestAPlannedFollowUpOutlivesItsSchedule(t *testing.T) {
	w, _, episode, followUp := asked(t)
	w.scheduled("P9M", "P10M", "P12M", `["ons4"]`).want(200)
	p := w.link(followUp)
	if page := p.answer(p.answer(p.open("/respondent"), "self"), "better"); page.at != "/ons4.life_satisfaction" {
		t.Errorf("then asked %s", page.at)
	}
	w.ons4(episode, "m9_12", w.today(), 6, 6, 6, 3).want(201)
	if got := w.as("link_worker").get("/follow-ups/" + followUp); got.text("assessments.0.follow_up_id") != followUp {
		t.Errorf("%s", got.body)
	}
	w.ons4(episode, "m3", w.today(), 6, 6, 6, 3).problem(422, "invalid")
}
