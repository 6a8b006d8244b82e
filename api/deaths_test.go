package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"waypost/internal/platform/actor"
	"waypost/internal/referrals"
)

// dies records that the person died some days ago.
func (w *world) dies(patient string, daysAgo int) {
	w.t.Helper()
	lw := w.as("link_worker")
	lw.patch("/patients/"+patient, lw.get("/patients/"+patient).header.Get("ETag"), fmt.Sprintf(`{"died_on":%q}`, w.daysAgo(daysAgo))).
		want(200)
}

// at is an instant of noon, some days ago.
func (w *world) at(daysAgo int) string { return w.daysAgo(daysAgo) + "T12:00:00Z" }

// An organisation is not shown somebody who died and is not told of it; it says that nothing is left to do.
func TestWhoDiedIsOfferedToNobody(t *testing.T) {
	w := newWorld(t)
	patient, episode := w.supported()
	lw, org := w.as("link_worker"), w.as("organisation")
	referral := w.refer(episode)
	link := strings.TrimPrefix(lw.post("/referrals/"+referral+"/reply-link", "").want(201).text("url"), "/r/")
	byLink := w.anybody()
	if org.get("/referrals/"+referral).at("nothing_left") != false || byLink.get("/replies/"+link).at("person") == nil {
		t.Fatal("while the person lives there is nothing to do")
	}
	w.dies(patient, 3)
	secrets := []string{"Marigold", "07700 900001", "has died", "their death", "died_on"}
	list := org.get("/referrals").want(200).hides(secrets...)
	for what, a := range map[string]answer{"by key": org.get("/referrals/" + referral), "by link": byLink.get("/replies/" + link)} {
		if a.want(200).
			hides(secrets...); a.at("nothing_left") != true || a.at("person") != nil ||
			len(a.at("allowed_moves").([]any)) > 0 {
			t.Errorf("%s: %s", what, a.body)
		}
	}
	if len(list.items()) != 1 || list.at("items.0.nothing_left") != true {
		t.Errorf("listed: %s", list.body)
	}
	page := w.page("/r/"+link, 200)
	for _, secret := range append(secrets, "consent", "<button", "Sam Helper") {
		if strings.Contains(page, secret) {
			t.Errorf("the page holds %q", secret)
		}
	}
	if !strings.Contains(page, "Nothing is left to do") || !strings.Contains(page, "Please do not call the person") {
		t.Errorf("%s", page)
	}
	for _, to := range []string{
		`"accepted"`, `"waitlisted","reason":"not_known"`, `"declined","reason":"no_capacity"`, `"in_progress"`,
		`"completed"`,
	} {
		org.post("/referrals/"+referral+"/moves", `{"to":`+to+`}`).problem(409, "move_not_allowed", secrets...)
		byLink.post("/replies/"+link, `{"to":`+to+`}`).problem(409, "move_not_allowed", secrets...)
		lw.post("/referrals/"+referral+"/moves", `{"reported_by":"organisation","to":`+to+`}`).
			problem(409, "move_not_allowed")
	}
	org.post("/referrals/"+referral+"/moves", fmt.Sprintf(`{"to":"accepted","occurred_at":%q}`, w.at(2))).
		problem(409, "move_not_allowed", secrets...)
	came := fmt.Sprintf(`{"on":%q,"attended":true,"reported_by":"organisation"}`, w.daysAgo(2))
	org.post("/referrals/"+referral+"/attendances", came).problem(409, "conflict", secrets...)
	byLink.post("/replies/"+link, fmt.Sprintf(`{"on":%q,"attended":true}`, w.daysAgo(2))).
		problem(409, "conflict", secrets...)
	lw.post("/referrals/"+referral+"/attendances", came).problem(422, "invalid")
}

// What happened before the death can be recorded after it, and the referral be withdrawn or put right.
func TestWhatHappenedBeforeADeathIsRecorded(t *testing.T) {
	w := newWorld(t)
	patient, episode := w.supported()
	lw, org := w.as("link_worker"), w.as("organisation")
	one, two, draft := w.refer(episode), w.refer(episode), lw.post("/referrals", fmt.Sprintf(`{"episode_id":%q,
		"service_id":%q,"need":"food","draft":true}`, episode, w.svc)).made()
	w.dies(patient, 3)
	lw.post("/referrals/"+one+"/moves", fmt.Sprintf(`{"to":"accepted","reported_by":"organisation","occurred_at":%q}`, w.at(4))).
		want(200)
	org.post("/referrals/"+one+"/attendances", fmt.Sprintf(`{"on":%q,"attended":true,"reported_by":"organisation"}`, w.daysAgo(3))).
		want(201)
	if got := lw.get("/referrals/" + one).text("status"); got != "in_progress" {
		t.Errorf("it is %s", got)
	}
	lw.post("/referrals/"+draft+"/moves", `{"to":"sent"}`).problem(409, "move_not_allowed")
	send := func(kind, more string) answer {
		return lw.post(
			"/referrals",
			fmt.Sprintf(`{"episode_id":%q,"service_id":%q,"kind":%q,"need":"food"%s}`, episode, w.svc, kind, more),
		)
	}
	for _, kind := range []string{"referral", "signpost"} {
		send(kind, "").problem(409, "conflict")
		send(kind, fmt.Sprintf(`,"sent_at":%q`, w.at(2))).problem(409, "conflict")
		send(kind, fmt.Sprintf(`,"sent_at":%q`, w.at(5))).want(201)
	}
	lw.post("/referrals/"+two+"/reply-link", "").problem(409, "conflict")
	lw.post("/referrals/"+two+"/moves", `{"to":"withdrawn","reason":"patient_died"}`).want(200)
	lw.post("/referrals/"+draft+"/moves", `{"to":"entered_in_error"}`).want(200)
}

// On the day of the death nothing of now is taken either, whatever the hour.
func TestOnTheDayOfADeath(t *testing.T) {
	w := newWorld(t)
	patient, episode := w.supported()
	referral := w.refer(episode)
	w.dies(patient, 0)
	w.as("organisation").post("/referrals/"+referral+"/moves", `{"to":"accepted"}`).problem(409, "move_not_allowed")
	w.as("link_worker").post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,"kind":"signpost",
		"need":"food"}`, episode, w.svc)).problem(409, "conflict")
	w.as("link_worker").post("/referrals/"+referral+"/attendances", fmt.Sprintf(`{"on":%q,"attended":true,
		"reported_by":"organisation"}`, w.today())).want(201)
}

// The link worker's list names every open referral of somebody who died, also once the episode is closed,
// until it is withdrawn.
func TestWhatIsToBeWithdrawnIsListed(t *testing.T) {
	w := newWorld(t)
	patient, episode := w.supported()
	lw := w.as("link_worker")
	accepted, sent := w.refer(episode), w.refer(episode)
	lw.post("/referrals/"+accepted+"/moves", `{"to":"accepted","reported_by":"organisation"}`).want(200)
	if n := lw.get("/worklists/to_withdraw").number("count"); n != 0 {
		t.Errorf("%v are to be withdrawn of somebody who lives", n)
	}
	w.dies(patient, 1)
	if why := w.row("caseload", episode)["why"].(string); !strings.Contains(
		why,
		"2 open referrals are to be withdrawn",
	) {
		t.Errorf("caseload: %s", why)
	}
	lw.post("/episodes/"+episode+"/closure", `{"reason":"died"}`).want(200)
	var found []string
	for _, r := range lw.get("/worklists/to_withdraw").want(200).items() {
		row := r.(object)
		found = append(found, row["subject"].(object)["id"].(string))
		if !strings.Contains(row["why"].(string), "the person died on "+w.daysAgo(1)+": it is to be withdrawn") ||
			row["actions"].([]any)[0].(object)["operation"] != "move-referral" {
			t.Errorf("%v", row)
		}
	}
	slices.Sort(found)
	if want := []string{accepted, sent}; !slices.Equal(found, want) {
		t.Errorf("to be withdrawn are %v, want %v", found, want)
	}
	for _, r := range found {
		lw.post("/referrals/"+r+"/moves", `{"to":"withdrawn","reason":"patient_died"}`).want(200)
	}
	if n := lw.get("/worklists/to_withdraw").number("count"); n != 0 {
		t.Errorf("%v are still to be withdrawn", n)
	}
}

// Silence about somebody who died says nothing of the organisation: the referral does not expire, and no
// notice of it waits.
func TestSilenceAboutWhoDied(t *testing.T) {
	w := newWorld(t)
	patient, episode := w.supported()
	referral := w.as("link_worker").
		post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,"need":"food"}`, episode, w.svc)).
		made()
	loop := &referrals.Store{DB: w.db}
	job := actor.With(w.t.Context(), actor.Named("test"))
	if err := loop.Ask(job); err != nil {
		t.Fatal(err)
	}
	waiting := "select count(*)::text from outbox where state = 'waiting' and subject_id::text = ?"
	if n := w.value(waiting, referral); n != "1" {
		t.Fatalf("%s notices wait", n)
	}
	w.dies(patient, 0)
	w.db.Clock.SetOffset(time.Until(w.db.Clock.Now().AddDate(0, 6, 0)))
	for _, work := range []func() error{func() error { return loop.Ask(job) }, func() error { return loop.Expire(job) }} {
		if err := work(); err != nil {
			t.Fatal(err)
		}
	}
	if n, status := w.value(
		waiting,
		referral,
	), w.as("link_worker").
		get("/referrals/"+referral).
		text("status"); n != "0" ||
		status != "sent" {
		t.Errorf("%s notices wait, and the referral is %s", n, status)
	}
}

// Nobody is reached and nobody agrees after their death; what is done on their behalf, and what they said
// before, can be recorded.
func TestNobodyIsReachedOrAgreesAfterTheirDeath(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	patient, episode := w.supported()
	w.contact(episode, "support", "spoke", "")
	contact := lw.get("/episodes/" + episode + "/contacts").want(200).text("items.0.id")
	lw.patch("/patients/"+patient, lw.get("/patients/"+patient).header.Get("ETag"), fmt.Sprintf(`{"died_on":%q}`, w.daysAgo(3))).
		want(200)
	reached := func(kind string, days int) answer {
		return lw.post("/episodes/"+episode+"/contacts", fmt.Sprintf(`{"on":%q,"mode":"telephone","kind":%q,
			"outcome":"spoke"}`, w.daysAgo(days), kind))
	}
	reached("support", 2).problem(422, "invalid")
	reached("support", 3).want(201)
	reached("on_behalf", 1).want(201)
	lw.patch("/contacts/"+contact, lw.get("/contacts/"+contact).header.Get("ETag"), fmt.Sprintf(`{"on":%q}`, w.daysAgo(1))).
		problem(422, "invalid")
	decide := func(decision string, days int) answer {
		return lw.post("/patients/"+patient+"/consents", fmt.Sprintf(`{"purpose":"recontact","decision":%q,
			"decided_on":%q}`, decision, w.daysAgo(days)))
	}
	decide("given", 2).problem(422, "invalid")
	decide("given", 3).want(201)
	decide("declined", 1).want(201)
}
