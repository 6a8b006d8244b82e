package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

var everyList = []string{
	"awaiting_reply",
	"caseload",
	"follow_ups_due",
	"no_recent_contact",
	"to_withdraw",
	"waiting_with_holding",
}

// on is which lists hold the episode, by name; each must count as many as it shows.
func (w *world) on(episode string) (names []string) {
	w.t.Helper()
	counts := map[string]int{}
	for _, l := range w.as("link_worker").get("/worklists").want(200).items() {
		counts[l.(object)["name"].(string)] = int(l.(object)["count"].(float64))
	}
	for _, name := range everyList {
		list := w.as("link_worker").get("/worklists/" + name + "?limit=200").want(200)
		if n := len(list.items()); n != int(list.number("count")) || n != counts[name] {
			w.t.Errorf("%s shows %d rows, counts %v, and is counted as %d", name, n, list.at("count"), counts[name])
		}
		if w.row(name, episode) != nil {
			names = append(names, name)
		}
	}
	return names
}

// row is the episode's row of a list, or nil.
func (w *world) row(list, episode string) object {
	w.t.Helper()
	for _, r := range w.as("link_worker").get("/worklists/" + list + "?limit=200").want(200).items() {
		if r.(object)["episode_id"] == episode {
			return r.(object)
		}
	}
	return nil
}

// due is what is due next in a row, and when.
func dueNext(row object) string {
	next, _ := row["next_due"].(object)
	if next == nil {
		return "nothing"
	}
	return fmt.Sprint(next["what"], " ", next["on"])
}

func (w *world) contact(episode, kind, outcome, more string) {
	w.t.Helper()
	w.as("link_worker").post("/episodes/"+episode+"/contacts", fmt.Sprintf(`{"on":%q,"mode":"telephone",
		"kind":%q,"outcome":%q%s}`, w.today(), kind, outcome, more)).want(201)
}

func (w *world) move(referral, body string) {
	w.t.Helper()
	w.as("organisation").post("/referrals/"+referral+"/moves", body).want(200)
}

// One person's way through the lists, from being referred in to the end of support, as the clock moves.
func TestTheWayThroughTheWorklists(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	patient := w.patient()
	w.consent(patient, "share_with_organisations", "given")
	episode := lw.post("/episodes", fmt.Sprintf(`{"patient_id":%q,"source":"gp","received_on":%q,
		"needs":{"primary":"loneliness_isolation"}}`, patient, w.today())).made()
	is := func(when string, lists ...string) {
		t.Helper()
		if got := w.on(episode); !slices.Equal(got, lists) {
			t.Fatalf("%s: on %v, should be on %v", when, got, lists)
		}
	}
	says := func(list, why, due string) {
		t.Helper()
		r := w.row(list, episode)
		if !strings.Contains(r["why"].(string), why) || dueNext(r) != due {
			t.Errorf("%s: %q, due %q; should say %q, due %q", list, r["why"], dueNext(r), why, due)
		}
	}
	received := w.today()
	is("referred in today", "caseload")
	says("caseload", "Waits for a first contact; referred in today.", "first_contact "+received)
	w.advance("P27D")
	is("not reached for 27 days", "caseload")
	w.advance("P1D")
	is("not reached for 28 days", "caseload", "no_recent_contact")
	steward := w.as("data_steward")
	for _, days := range []int{29, 28} { // a site says how long is too long
		etag := steward.get("/sites/" + w.site).want(200).header.Get("ETag")
		steward.patch("/sites/"+w.site, etag, fmt.Sprintf(`{"contact_days":%d}`, days)).want(200)
		if listed := w.row("no_recent_contact", episode) != nil; listed != (days == 28) {
			t.Errorf("28 days, where %d are too long: listed %v", days, listed)
		}
	}
	for _, days := range []string{"0", "366"} {
		steward.patch("/sites/"+w.site, steward.get("/sites/"+w.site).header.Get("ETag"), `{"contact_days":`+days+`}`).
			problem(422, "invalid")
	}
	w.contact(episode, "first_contact", "no_answer", "")
	is("a call that reached nobody changes nothing", "caseload", "no_recent_contact")
	says("no_recent_contact", "Never reached; referred in 28 days ago; 1 attempt since.", "first_contact "+w.today())
	w.contact(episode, "first_contact", "spoke", "")
	is("reached", "caseload")
	says("caseload", "last reached today; no baseline yet.", "contact "+w.daysAgo(-28))

	w.ons4(episode, "baseline", w.today(), 4, 5, 3, 8).want(201)
	referral := lw.post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,
		"need":"loneliness_isolation","reason":"Lives alone"}`, episode, w.svc)).made()
	is("referred on", "awaiting_reply", "caseload")
	says("awaiting_reply", "Sent today to Example Lunch Club, which has not answered.", "chase "+w.daysAgo(-5))
	says("caseload", "1 open referral", "answer "+w.daysAgo(-14))
	w.advance("P6D")
	says("awaiting_reply", "Sent 6 days ago", "chase "+w.daysAgo(-4))
	w.advance("P5D")
	says("awaiting_reply", "Sent 11 days ago", "expiry "+w.daysAgo(-3))
	w.expire(referral)
	is("silence is not an answer", "awaiting_reply", "caseload")
	says("awaiting_reply", "it expired, which is no answer", "answer "+w.daysAgo(-3))

	w.move(referral, `{"to":"waitlisted","reason":"1_to_3_months"}`)
	is("a late answer counts", "caseload", "waiting_with_holding")
	says("waiting_with_holding", "expected wait: one to three months; not held since.", "holding "+w.daysAgo(-28))
	w.advance("P10D")
	w.contact(episode, "holding", "message_left", fmt.Sprintf(`,"referral_id":%q`, referral))
	says("waiting_with_holding", "not held since.", "holding "+w.daysAgo(-18))
	w.contact(episode, "holding", "spoke", fmt.Sprintf(`,"referral_id":%q`, referral))
	says("waiting_with_holding", "last held today.", "holding "+w.daysAgo(-28))
	w.move(referral, `{"to":"accepted"}`)
	is("a place came up", "caseload")

	w.advance("P8M")
	is("the window of the follow-up has not opened", "caseload", "no_recent_contact")
	for w.row("follow_ups_due", episode) == nil && lw.get("/follow-ups?episode_id="+episode).text("items.0.state") == "upcoming" {
		w.advance("P1D")
	}
	is("the follow-up is due", "caseload", "follow_ups_due", "no_recent_contact")
	followUp := lw.get("/follow-ups?episode_id=" + episode)
	says("follow_ups_due", "nobody has tried yet", "follow_up "+followUp.text("items.0.target_on"))
	lw.post("/episodes/"+episode+"/pause", `{"reason":"In hospital"}`).want(200)
	is("paused: nobody need keep in touch, and the follow-up stays due", "caseload", "follow_ups_due")
	lw.post("/episodes/"+episode+"/closure", `{"reason":"plan_completed"}`).want(200)
	is("closed: followed up all the same", "follow_ups_due")
	refusal := w.decide(patient, "follow_up_contact", "declined", 0, "").made()
	is("said no to being asked")
	w.decide(patient, "follow_up_contact", "given", 0, refusal).want(201)
	is("and yes again", "follow_ups_due")
	w.advance("P2M")
	says("follow_ups_due", "is overdue since", "follow_up_closes "+followUp.text("items.0.closes_on"))
	lw.post("/follow-ups/"+followUp.text("items.0.id")+"/attempts", fmt.Sprintf(`{"at":%q,"channel":"telephone",
		"result":"no_answer"}`, w.db.Clock.Now().Format(time.RFC3339))).want(201)
	says("follow_ups_due", "1 attempt, the last today.", "follow_up_closes "+followUp.text("items.0.closes_on"))
	w.followedUp(episode, "")
	is("answered")
}

// Somebody who died is called by no list, and stays where something must be put in order.
func TestWhoDiedIsNotCalled(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	patient, episode := w.supported()
	w.ons4(episode, "baseline", w.daysAgo(25), 4, 5, 3, 8).want(201)
	referral := w.refer(episode)
	w.advance("P10M")
	if got := w.on(
		episode,
	); !slices.Equal(
		got,
		[]string{"awaiting_reply", "caseload", "follow_ups_due", "no_recent_contact"},
	) {
		t.Fatalf("before: %v", got)
	}
	lw.patch("/patients/"+patient, lw.get("/patients/"+patient).header.Get("ETag"), fmt.Sprintf(`{"died_on":%q}`, w.daysAgo(2))).
		want(200)
	if got := w.on(episode); !slices.Equal(got, []string{"awaiting_reply", "caseload", "to_withdraw"}) {
		t.Fatalf("after: %v", got)
	}
	row := w.row("caseload", episode)
	if dueNext(row) != "closure "+w.daysAgo(2) || !strings.Contains(row["why"].(string), "Died on") ||
		!strings.Contains(row["why"].(string), "1 open referral is to be withdrawn") ||
		row["actions"].([]any)[0].(object)["operation"] != "close-episode" {
		t.Errorf("caseload: %v", row)
	}
	row = w.row("awaiting_reply", episode)
	if actions := row["actions"].([]any); len(actions) != 1 ||
		actions[0].(object)["href"] != "/v1/referrals/"+referral+"/moves" ||
		!strings.Contains(row["why"].(string), "the person died on") {
		t.Errorf("awaiting_reply: %v", row)
	}
}

// Whatever the day, the list holds exactly the follow-ups that are due or overdue by the record's own word.
func TestFollowUpsDueAreThoseOfTheRecord(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	for i := range 8 {
		patient, episode := w.supported()
		w.ons4(episode, "baseline", w.daysAgo(3*i), 4, 5, 3, 8).want(201)
		switch i {
		case 1:
			w.consent(patient, "follow_up_contact", "withdrawn")
		case 2:
			w.consent(patient, "follow_up_contact", "not_asked")
		case 3:
			lw.post(
				"/follow-ups/"+lw.get("/follow-ups?episode_id="+episode).text("items.0.id")+"/loss",
				fmt.Sprintf(`{"lost_on":%q,"reason":"moved"}`, w.today()),
			).want(200)
		}
	}
	most := 0
	for range 16 {
		var due, listed []string
		for _, state := range []string{"due", "overdue"} {
			for _, f := range lw.get("/follow-ups?limit=200&state=" + state).want(200).items() {
				due = append(due, f.(object)["id"].(string))
			}
		}
		for _, r := range lw.get("/worklists/follow_ups_due?limit=200").want(200).items() {
			listed = append(listed, r.(object)["subject"].(object)["id"].(string))
		}
		slices.Sort(due)
		slices.Sort(listed)
		if !slices.Equal(due, listed) {
			t.Fatalf("on %s: due are %v, listed %v", w.today(), due, listed)
		}
		most = max(most, len(due))
		w.advance("P25D")
	}
	if most != 6 {
		t.Errorf("at most %d were due: the walk does not walk", most)
	}
}

// A link worker sees their own people unless they say whose; others see everybody at their sites; another
// site sees nobody.
func TestWhoseWorklists(t *testing.T) {
	w := newWorld(t)
	_, mine := w.supported()
	colleague := w.as("administrator").post("/link-workers", fmt.Sprintf(`{"site_id":%q,"name":"Alex",
		"email":"alex@example.org"}`, w.site)).made()
	theirs := w.as("link_worker").post("/episodes", fmt.Sprintf(`{"patient_id":%q,"link_worker_id":%q,
		"source":"gp","received_on":%q,"needs":{"primary":"food"}}`, w.patient(), colleague, w.daysAgo(3))).made()
	for _, c := range []struct {
		who   client
		query string
		sees  []string
	}{
		{w.as("link_worker"), "", []string{mine}},
		{w.as("link_worker"), "?link_worker_id=" + colleague, []string{theirs}},
		{w.as("site_manager"), "", []string{mine, theirs}},
		{w.as("site_manager"), "?link_worker_id=" + colleague, []string{theirs}},
		{w.as("integration"), "", []string{mine, theirs}},
		{w.as("integration").with("Waypost-On-Behalf-Of", colleague), "", []string{theirs}},
		{w.as("other_site_link_worker"), "", nil},
		{w.as("other_site_link_worker"), "?link_worker_id=" + colleague, nil},
		{w.as("site_manager"), "?link_worker_id=" + nobody(), nil},
	} {
		a := c.who.get("/worklists/caseload" + c.query).want(200)
		var seen []string
		for _, r := range a.items() {
			seen = append(seen, r.(object)["episode_id"].(string))
		}
		slices.Sort(seen)
		slices.Sort(c.sees)
		if !slices.Equal(seen, c.sees) || int(a.number("count")) != len(c.sees) ||
			int(c.who.get("/worklists"+c.query).want(200).number("items.1.count")) != len(c.sees) {
			t.Errorf("%s: sees %v, should see %v: %s", c.query, seen, c.sees, a.body)
		}
	}
	for _, role := range []string{"organisation", "dashboard", "researcher", "data_steward", "administrator"} {
		w.as(role).get("/worklists/caseload").problem(403, "forbidden")
	}
}

// Rows say what a line needs and nothing more; reading them is logged with whom.
func TestWhatAWorklistShows(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	patient := lw.post("/patients", `{"given_name":"Margaret","preferred_name":"Peggy","family_name":"Shown",
		"birth_date":"1950-04-01","nhs_number":"9434765919","phone":"07700 900123","email":"peggy@example.org",
		"access_needs":"Hears badly"}`).made()
	w.consent(patient, "share_with_organisations", "given")
	episode := w.episode(patient)
	w.refer(episode)
	w.contact(episode, "support", "spoke", `,"note":"Cried on the phone"`)
	before := w.logged("worklist_caseload")
	a := lw.get("/worklists/caseload").want(200)
	if a.text("items.0.name") != "Peggy Shown" {
		t.Errorf("called %s", a.body)
	}
	for _, list := range everyList {
		lw.get("/worklists/"+list).
			want(200).
			hides(
				"Margaret", "1950-04-01", "9434765919", "peggy@",
				"Hears badly", "Cried on", "Lives alone",
			)
	}
	var who db.IDs
	err := w.db.Do(actor.With(t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		return tx.Raw("select patient_ids from access_log where operation = 'worklist_caseload' order by at limit 1").
			Row().
			Scan(&who)
	})
	if err != nil || before != 0 || !slices.Equal(who, db.IDs{uuid.MustParse(patient)}) {
		t.Errorf("the access log names %v (%v), and had %d entries before", who, err, before)
	}
}

// What can be done is there to be called.
func TestActionsOfWorklistsCanBeCalled(t *testing.T) {
	w := newWorld(t)
	w.checkIn()
	lw := w.as("link_worker")
	_, episode := w.supported()
	w.ons4(episode, "baseline", w.daysAgo(25), 4, 5, 3, 8).want(201)
	w.refer(episode)
	w.move(w.refer(episode), `{"to":"waitlisted","reason":"not_known"}`)
	w.supported()
	_, paused := w.supported()
	lw.post("/episodes/"+paused+"/pause", `{}`).want(200)
	dead, theirs := w.supported()
	w.refer(theirs)
	w.advance("P10M")
	w.dies(dead, 0)
	lw.post("/assessments", w.checkedIn(episode, "review", `"feels_unsafe":2`)).want(201)
	called := map[string]bool{}
	for _, list := range everyList {
		rows := lw.get("/worklists/" + list).want(200).items()
		if len(rows) == 0 {
			t.Errorf("%s is empty", list)
		}
		for _, r := range rows {
			for _, a := range r.(object)["actions"].([]any) {
				a := a.(object)
				called[a["operation"].(string)] = true
				// to answer by, or to be asked by: made of nothing
				body, link := "", strings.HasSuffix(a["href"].(string), "link")
				if a["method"] == "POST" && !link {
					body = `{"nonsense":1}`
				}
				got := lw.do(a["method"].(string), a["href"].(string), body)
				if got.status != 200 && got.status != 422 && !link {
					t.Errorf("%v: %d %s", a, got.status, got.body)
				}
			}
		}
	}
	if len(called) < 13 {
		t.Errorf("only %d operations were named: %v", len(called), called)
	}
}

// Whoever pages while others work sees each row that stays once, whatever leaves, comes and whichever day it becomes.
func TestPagingAWorklistWhileItChanges(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	var episodes []string
	for range 9 {
		_, e := w.supported()
		episodes = append(episodes, e)
	}
	tomorrow := lw.post("/episodes", fmt.Sprintf(`{"patient_id":%q,"source":"gp","received_on":%q,
		"needs":{"primary":"food"}}`, w.patient(), w.daysAgo(27))).made()
	path, seen := "/worklists/no_recent_contact?limit=2", map[string]int{}
	for page := 0; ; page++ {
		a := lw.get(path).want(200)
		for _, r := range a.items() {
			seen[r.(object)["episode_id"].(string)]++
		}
		if page == 0 && a.number("count") != 9 {
			t.Errorf("counts %v", a.at("count"))
		}
		if a.at("next_cursor") == nil {
			break
		}
		switch page {
		case 0: // one that was shown leaves, and one that was not; somebody comes, and midnight passes
			w.contact(episodes[0], "support", "spoke", "")
			w.contact(episodes[8], "support", "spoke", "")
			w.advance("P1D")
			w.supported()
		case 1:
			w.contact(episodes[1], "support", "spoke", "")
		}
		path = "/worklists/no_recent_contact?limit=2&cursor=" + a.text("next_cursor")
	}
	for _, e := range episodes[:8] {
		if seen[e] != 1 {
			t.Errorf("somebody who was there throughout was seen %d times", seen[e])
		}
	}
	if seen[episodes[8]] != 0 {
		t.Error("somebody who had left was seen")
	}
	if seen[tomorrow] != 0 || w.row("no_recent_contact", tomorrow) == nil {
		t.Error("a list that is read over midnight is not of one day")
	}
	cursor := lw.get("/worklists/caseload?limit=1").want(200).text("next_cursor")
	for _, path := range []string{
		"/worklists/no_recent_contact?limit=1&cursor=" + cursor,
		"/worklists/caseload?limit=1&link_worker_id=" + w.worker + "&cursor=" + cursor,
		"/worklists?cursor=" + cursor, "/worklists/caseload?cursor=" + cursor[1:],
		"/worklists/caseload?cursor=x",
	} {
		lw.get(path).problem(422, "invalid", cursor)
	}
	lw.get("/worklists/caseload?limit=1&cursor=" + cursor).want(200)
	lw.get("/worklists/nonsense").problem(404, "not_found", "nonsense")
	lw.get("/worklists/caseload?nonsense=1").problem(400, "invalid", "nonsense")
	lw.get("/worklists/caseload?link_worker_id=nonsense").problem(422, "invalid", "nonsense")
}

// The most urgent come first: a safeguarding concern, then the earliest day.
func TestTheUrgentLeadAWorklist(t *testing.T) {
	w := newWorld(t)
	w.checkIn()
	lw := w.as("link_worker")
	var episodes []string
	for _, days := range []int{40, 90, 60} {
		episodes = append(episodes, lw.post("/episodes", fmt.Sprintf(`{"patient_id":%q,"source":"gp",
			"received_on":%q,"needs":{"primary":"food"}}`, w.patient(), w.daysAgo(days))).made())
	}
	order := func() (out []string) {
		path := "/worklists/no_recent_contact?limit=1"
		for {
			a := lw.get(path).want(200)
			out = append(out, a.text("items.0.episode_id"))
			if a.at("next_cursor") == nil {
				return out
			}
			path = "/worklists/no_recent_contact?limit=1&cursor=" + a.text("next_cursor")
		}
	}
	if got := order(); !slices.Equal(got, []string{episodes[1], episodes[2], episodes[0]}) {
		t.Errorf("order %v of %v", got, episodes)
	}
	lw.post("/assessments", w.checkedIn(episodes[0], "review", `"feels_unsafe":2`)).want(201)
	if got := order(); !slices.Equal(got, []string{episodes[0], episodes[1], episodes[2]}) {
		t.Errorf("with a concern: %v of %v", got, episodes)
	}
}

// Referrals of people whom nobody supports any more wait at the end, page by page, however long they have been silent.
func TestWhomNobodySupportsComesLast(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	var episodes []string
	for range 3 {
		_, episode := w.supported()
		w.refer(episode)
		w.move(w.refer(episode), `{"to":"waitlisted","reason":"not_known"}`)
		episodes = append(episodes, episode)
	}
	lw.post("/episodes/"+episodes[0]+"/closure", `{"reason":"plan_completed"}`).want(200)
	for _, list := range []string{"awaiting_reply", "waiting_with_holding"} {
		path, order := "/worklists/"+list+"?limit=1", []string{}
		for {
			a := lw.get(path).want(200)
			order = append(order, a.text("items.0.episode_id"))
			if a.at("next_cursor") == nil {
				break
			}
			path = "/worklists/" + list + "?limit=1&cursor=" + a.text("next_cursor")
		}
		if !slices.Equal(order, []string{episodes[1], episodes[2], episodes[0]}) {
			t.Errorf("%s: %v of %v", list, order, episodes)
		}
	}
}

// listed is how many a worklist of the index has, whose path answers as many.
func (c client) listed(name string) int {
	c.w.t.Helper()
	for _, item := range c.get("/worklists?limit=200").want(200).items() {
		entry := item.(map[string]any)
		if entry["name"] != name {
			continue
		}
		n := int(entry["count"].(float64))
		path := strings.TrimPrefix(entry["href"].(string), "/v1")
		if list := c.get(path).want(200); len(list.items()) != n {
			c.w.t.Errorf("%s has %d by the index: %s", name, n, list.body)
		}
		return n
	}
	c.w.t.Fatalf("no worklist %s", name)
	return 0
}
