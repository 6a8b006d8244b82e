package api_test

import (
	"fmt"
	"strings"
	"testing"

	"waypost/internal/casework"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// colleague is another link worker of the first site, whose key is under the name.
func (w *world) colleague(name string) string {
	w.t.Helper()
	id := w.as("administrator").post("/link-workers", fmt.Sprintf(`{"site_id":%q,"name":%q,"email":%q,"phone":"01632 960001"}`,
		w.site, name, strings.ToLower(strings.Fields(name)[0])+"@example.org")).made()
	w.keys[name] = w.key("link_worker", fmt.Sprintf(`"site_ids":[%q],"link_worker_id":%q`, w.site, id))
	return id
}

// closed is an episode that was closed, and whatever was done to it before.
func (w *world) closedEpisode(before func(episode string)) string {
	w.t.Helper()
	_, episode := w.supported()
	before(episode)
	w.as("link_worker").post("/episodes/"+episode+"/closure", `{"reason":"plan_completed"}`).want(200)
	return episode
}

func (w *world) workerOf(episode string) string {
	w.t.Helper()
	return w.as("site_manager").get("/episodes/" + episode).want(200).text("link_worker_id")
}

// caseload is how many are on somebody's caseload.
func (w *world) caseload(who string) int {
	w.t.Helper()
	return int(w.as(who).get("/worklists/caseload").want(200).number("count"))
}

// A worker leaves: everything that is left to do goes to another, and nothing else does.
func TestAHandoverMovesWhatIsLeftToDo(t *testing.T) {
	w := newWorld(t)
	kim := w.colleague("Kim Other")
	manager := w.as("site_manager")
	patient, open := w.supported()
	referral := w.refer(open)
	_, second := w.supported()
	silent := w.closedEpisode(func(e string) { w.refer(e) })
	due := w.closedEpisode(func(e string) { w.ons4(e, "baseline", w.daysAgo(25), 4, 5, 3, 8).want(201) })
	done := w.closedEpisode(func(string) {})
	w.advance("P10M")
	later := w.closedEpisode(func(e string) { w.ons4(e, "baseline", w.daysAgo(1), 4, 5, 3, 8).want(201) })

	body := fmt.Sprintf(`{"from_link_worker_id":%q,"to_link_worker_id":%q,"reason":"Leaves the team"`, w.worker, kim)
	same := func(a answer) {
		t.Helper()
		for field, want := range map[string]float64{
			"episodes": 2, "referrals": 2, "follow_ups": 1, "concerns": 0, "follow_ups_to_come": 1,
		} {
			if a.number(field) != want {
				t.Errorf("%s: %s is %v, should be %v", a.call, field, a.number(field), want)
			}
		}
		if n := len(a.at("items").([]any)); n != 6 {
			t.Errorf("%s: %d items", a.call, n)
		}
		for _, i := range a.at("items").([]any) {
			if item := i.(object); item["to_link_worker_id"] != kim || item["episode_id"] == done || item["patient_id"] == nil {
				t.Errorf("%s: %v", a.call, item)
			}
		}
	}
	preview := manager.post("/handovers", body+`,"dry_run":true}`).want(200)
	same(preview)
	if preview.at("id") != nil || preview.header.Get("Location") != "" || w.workerOf(open) != w.worker ||
		w.caseload("Kim Other") != 0 {
		t.Errorf("a preview changed something: %s", preview.body)
	}
	made := manager.post("/handovers", body+`}`)
	id := made.made()
	same(made)
	read := manager.get("/handovers/" + id).want(200)
	same(read)
	if read.text("reason") != "Leaves the team" || read.text("by.role") != "site_manager" || read.at("until") != nil {
		t.Errorf("%s", read.body)
	}
	for _, moved := range []string{open, second, silent, due, later} {
		if w.workerOf(moved) != kim {
			t.Errorf("episode %s stays with the one who left", moved)
		}
	}
	if w.workerOf(done) != w.worker {
		t.Error("an episode with nothing left to do was moved")
	}
	timeline := string(manager.get("/patients/" + patient + "/timeline").want(200).body)
	for _, told := range []string{"episode.handed_over", `"from_link_worker_id":"` + w.worker, `"to_link_worker_id":"` + kim} {
		if !strings.Contains(timeline, told) {
			t.Errorf("the timeline does not tell %s", told)
		}
	}
	if strings.Contains(timeline, "Leaves the team") {
		t.Error("free text is in an event")
	}
	if name := w.as("organisation").get("/referrals/" + referral).want(200).text("person.link_worker_name"); name != "Kim Other" {
		t.Errorf("the organisation is told to ask %s", name)
	}
	if w.caseload("Kim Other") != 2 || w.caseload("link_worker") != 0 {
		t.Errorf("caseloads: %d and %d", w.caseload("Kim Other"), w.caseload("link_worker"))
	}
	if n := len(w.as("Kim Other").get("/worklists/follow_ups_due").want(200).items()); n != 1 {
		t.Errorf("%d follow-ups are due on the list", n)
	}
	if n := len(w.as("Kim Other").get("/worklists/awaiting_reply").want(200).items()); n != 2 {
		t.Errorf("%d referrals wait on the list", n)
	}
	if n := len(manager.get("/handovers").want(200).items()); n != 1 {
		t.Errorf("%d handovers are listed", n)
	}
	// nothing is left to hand over
	manager.post("/handovers", body+`}`).problem(409, "conflict")
	if again := manager.post("/handovers", body+`,"dry_run":true}`).want(200); len(again.at("items").([]any)) != 0 {
		t.Errorf("%s", again.body)
	}
	if n := len(manager.get("/handovers").want(200).items()); n != 1 {
		t.Errorf("%d handovers are listed", n)
	}
}

// Whoever makes a link worker inactive is told what is still theirs and where to hand it over, and their key ends.
func TestWhoLeavesIsToHandOver(t *testing.T) {
	w := newWorld(t)
	kim := w.colleague("Kim Other")
	_, episode := w.supported()
	w.refer(episode)
	manager := w.as("site_manager")
	etag := manager.get("/link-workers/" + w.worker).header.Get("ETag")
	left := manager.patch("/link-workers/"+w.worker, etag, `{"active":false}`).want(200)
	if left.number("still_theirs.episodes") != 1 || left.number("still_theirs.referrals") != 1 ||
		left.number("still_theirs.follow_ups") != 0 || left.text("hand_over_at") != "/v1/handovers" ||
		left.text("warnings.0.code") != "work_is_still_theirs" {
		t.Errorf("%s", left.body)
	}
	w.as("link_worker").get("/me").problem(401, "unauthenticated")
	manager.post(left.text("hand_over_at"), fmt.Sprintf(`{"from_link_worker_id":%q,"to_link_worker_id":%q,"reason":"Left"}`,
		w.worker, kim)).want(201)
	gone := manager.get("/link-workers/" + w.worker).want(200)
	if gone.number("still_theirs.episodes")+gone.number("still_theirs.referrals") != 0 || strings.Contains(string(gone.body), "warnings") {
		t.Errorf("%s", gone.body)
	}
	if w.workerOf(episode) != kim {
		t.Error("the episode is lost")
	}
}

// Several share the work; of a handover in which anything is wrong, nothing happens.
func TestAHandoverHappensWholeOrNotAtAll(t *testing.T) {
	w := newWorld(t)
	kim, ola := w.colleague("Kim Other"), w.colleague("Ola Third")
	gone := w.colleague("Gone Away")
	manager := w.as("site_manager")
	manager.patch("/link-workers/"+gone, manager.get("/link-workers/"+gone).header.Get("ETag"), `{"active":false}`).want(200)
	var mine []string
	for range 3 {
		_, e := w.supported()
		mine = append(mine, e)
	}
	finished := w.closedEpisode(func(string) {})
	foreignPatient := w.as("other_site_link_worker").post("/patients", `{"given_name":"Zinnia","birth_date":"1950-04-01"}`).made()
	foreign := w.as("other_site_link_worker").post("/episodes", fmt.Sprintf(`{"patient_id":%q,"source":"gp","received_on":%q,
		"needs":{"primary":"food"}}`, foreignPatient, w.today())).made()
	otherWorker := w.as("other_site_link_worker").get("/me").text("link_worker_id")

	from := fmt.Sprintf(`"from_link_worker_id":%q,"reason":"Leaves"`, w.worker)
	share := func(to string, ids ...string) string {
		return fmt.Sprintf(`{"link_worker_id":%q,"episode_ids":["%s"]}`, to, strings.Join(ids, `","`))
	}
	toKim := from + `,"to_link_worker_id":"` + kim + `"`
	for name, c := range map[string]struct{ body, at string }{
		"nobody to take it":      {from, "to_link_worker_id"},
		"both ways":              {toKim + `,"shares":[` + share(kim, mine[0]) + `]`, "shares"},
		"episodes beside shares": {from + `,"episode_ids":["` + mine[0] + `"],"shares":[` + share(kim, mine[0]) + `]`, "episode_ids"},
		"to oneself":             {from + `,"to_link_worker_id":"` + w.worker + `"`, "to_link_worker_id"},
		"to somebody inactive":   {from + `,"to_link_worker_id":"` + gone + `"`, "to_link_worker_id"},
		"to another site":        {from + `,"to_link_worker_id":"` + otherWorker + `"`, "to_link_worker_id"},
		"to nobody there is":     {from + `,"to_link_worker_id":"` + nobody() + `"`, "to_link_worker_id"},
		"a finished episode":     {toKim + `,"episode_ids":["` + mine[0] + `","` + finished + `"]`, "episode_ids[1]"},
		"another site's episode": {toKim + `,"episode_ids":["` + mine[0] + `","` + foreign + `"]`, "episode_ids[1]"},
		"an episode in two shares": {
			from + `,"shares":[` + share(kim, mine[0]) + `,` + share(ola, mine[1], mine[0]) + `]`, "shares[1].episode_ids[1]",
		},
		"one share is wrong": {
			from + `,"shares":[` + share(kim, mine[0]) + `,` + share(gone, mine[1]) + `]`, "shares[1].link_worker_id",
		},
		"cover until yesterday": {toKim + `,"until":"` + w.daysAgo(1) + `"`, "until"},
		"cover for years":       {toKim + `,"until":"` + w.daysAgo(-400) + `"`, "until"},
		"no reason":             {`"from_link_worker_id":"` + w.worker + `","to_link_worker_id":"` + kim + `","reason":" "`, "reason"},
	} {
		a := manager.post("/handovers", `{`+c.body+`}`).problem(422, "invalid", "Zinnia", foreign)
		if !strings.Contains(string(a.body), `"body.`+c.at+`"`) {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	manager.post("/handovers", `{"from_link_worker_id":"`+otherWorker+`","to_link_worker_id":"`+kim+`","reason":"Leaves"}`).
		problem(404, "not_found")
	for _, e := range mine {
		if w.workerOf(e) != w.worker {
			t.Fatal("something of a refused handover happened")
		}
	}
	if n := len(manager.get("/handovers").want(200).items()); n != 0 {
		t.Errorf("%d handovers stand", n)
	}
	manager.post("/handovers", `{`+from+`,"shares":[`+share(kim, mine[0])+`,`+share(ola, mine[1])+`]}`).want(201)
	for e, to := range map[string]string{mine[0]: kim, mine[1]: ola, mine[2]: w.worker} {
		if w.workerOf(e) != to {
			t.Errorf("episode %s is not with %s", e, to)
		}
	}
}

// While somebody is away, another stands in: both see the work, nothing moves, and it ends by itself.
func TestCoverShowsTheWorkToBoth(t *testing.T) {
	w := newWorld(t)
	kim := w.colleague("Kim Other")
	patient, episode := w.supported()
	referral := w.refer(episode)
	manager, own, other := w.as("site_manager"), w.as("link_worker"), w.as("Kim Other")
	body := fmt.Sprintf(`{"from_link_worker_id":%q,"to_link_worker_id":%q,"reason":"Leave","until":%q}`,
		w.worker, kim, w.daysAgo(-13))
	id := own.post("/handovers", body).made()
	manager.post("/handovers", body).problem(409, "conflict")

	// what comes while they are away is covered too
	newer := w.patient()
	w.consent(newer, "share_with_organisations", "given")
	arrived := manager.post("/episodes", fmt.Sprintf(`{"patient_id":%q,"link_worker_id":%q,"source":"gp","received_on":%q,
		"needs":{"primary":"food"}}`, newer, w.worker, w.daysAgo(30))).made()
	w.refer(arrived)

	covered := func(when string, n int) {
		t.Helper()
		for list, each := range map[string]int{"caseload": n, "awaiting_reply": n, "no_recent_contact": n} {
			if got := len(other.get("/worklists/" + list).want(200).items()); got != each {
				t.Errorf("%s: who stands in sees %d on %s, should see %d", when, got, list, each)
			}
		}
		for _, read := range []string{"/episodes", "/referrals"} {
			if got := len(other.get(read + "?link_worker_id=" + kim).want(200).items()); got != n {
				t.Errorf("%s: %d of %s", when, got, read)
			}
		}
		for _, l := range other.get("/worklists").want(200).items() {
			if e := l.(object); e["name"] == "caseload" && int(e["count"].(float64)) != n {
				t.Errorf("%s: the caseload counts %v", when, e["count"])
			}
		}
		if w.caseload("link_worker") != 2 || w.workerOf(episode) != w.worker {
			t.Errorf("%s: the work moved", when)
		}
	}
	covered("on the first day", 2)
	if row := other.get("/worklists/caseload").text("items.0.covered_by_link_worker_id"); row != kim {
		t.Errorf("a row says that %s stands in", row)
	}
	if row := own.get("/worklists/caseload").text("items.0.covered_by_link_worker_id"); row != kim {
		t.Errorf("the row of the one who is away says that %s stands in", row)
	}
	if name := w.as("organisation").get("/referrals/" + referral).text("person.link_worker_name"); name != "Kim Other, for Sam Helper" {
		t.Errorf("the organisation is told to ask %s", name)
	}
	if phone := w.as("organisation").get("/referrals/" + referral).text("person.link_worker_phone"); phone != "+441632960001" {
		t.Errorf("and to call %s", phone)
	}
	if timeline := string(own.get("/patients/" + patient + "/timeline").body); !strings.Contains(timeline, "episode.covered") {
		t.Error("the timeline tells of no cover")
	}
	// their own figures are of their own people
	if n := other.get("/me/summary").want(200).number("caseload.open"); n != 0 {
		t.Errorf("the summary of the one who stands in counts %v", n)
	}
	w.advance("P13D")
	covered("on the last day", 2)
	w.advance("P1D")
	covered("on the day after", 0)
	if name := w.as("organisation").get("/referrals/" + referral).text("person.link_worker_name"); name != "Sam Helper" {
		t.Errorf("after it, the organisation is told to ask %s", name)
	}
	own.do("POST", "/handovers/"+id+"/ending", "").problem(409, "conflict")
	for range 2 {
		job := db.Background(actor.With(t.Context(), actor.Named("test")))
		if err := (&casework.Store{DB: w.db}).TellEndedCovers(job); err != nil {
			t.Fatal(err)
		}
	}
	for _, person := range []string{patient, newer} {
		w.tells(person, "episode.covered", 1)
		w.tells(person, "episode.cover_ended", 1)
	}

	// and one that is ended early
	id = own.post("/handovers", fmt.Sprintf(`{"from_link_worker_id":%q,"to_link_worker_id":%q,"episode_ids":[%q],"reason":"Ill",
		"until":%q}`, w.worker, kim, episode, w.daysAgo(-5))).made()
	covered("of one episode", 1)
	w.colleague("Ola Third")
	w.as("Ola Third").do("POST", "/handovers/"+id+"/ending", "").problem(403, "forbidden")
	if a := other.do("POST", "/handovers/"+id+"/ending", "").want(200); a.at("ended_at") == nil {
		t.Errorf("%s", a.body)
	}
	covered("that was ended", 0)
	w.tells(patient, "episode.cover_ended", 2)
	w.tells(newer, "episode.cover_ended", 1)
}

// tells asks how often a person's timeline tells of something.
func (w *world) tells(patient, event string, times int) {
	w.t.Helper()
	timeline := string(w.as("site_manager").get("/patients/" + patient + "/timeline?limit=200").want(200).body)
	if n := strings.Count(timeline, `"`+event+`"`); n != times {
		w.t.Errorf("%s is told %d times, should be %d", event, n, times)
	}
}

// Who stands in and is made inactive stands in no longer: it is told, somebody else can, and it does not come back.
func TestACoverEndsWithWhoStandsIn(t *testing.T) {
	w := newWorld(t)
	kim, ola := w.colleague("Kim Other"), w.colleague("Ola Third")
	patient, episode := w.supported()
	manager := w.as("site_manager")
	ask := func(to string) answer {
		return manager.post("/handovers", fmt.Sprintf(`{"from_link_worker_id":%q,"to_link_worker_id":%q,"reason":"Leave","until":%q}`,
			w.worker, to, w.daysAgo(-13)))
	}
	id := ask(kim).made()
	set := func(by, body string) answer {
		c, at := w.as(by), "/link-workers/"+kim
		return c.patch(at, c.get(at).want(200).header.Get("ETag"), body).want(200)
	}
	gone := set("administrator", `{"active":false}`)
	if gone.text("warnings.0.code") != "cover_ended" {
		t.Errorf("%s", gone.body)
	}
	if h := manager.get("/handovers/" + id).want(200); h.at("ended_at") == nil {
		t.Errorf("%s", h.body)
	}
	w.tells(patient, "episode.cover_ended", 1)
	if back := set("site_manager", `{"active":true}`); back.at("warnings") != nil {
		t.Errorf("%s", back.body)
	}
	row := manager.get("/worklists/caseload").want(200)
	if row.at("items.0.covered_by_link_worker_id") != nil || row.text("items.0.episode_id") != episode {
		t.Errorf("%s", row.body)
	}
	ask(ola).want(201)
	if again := set("site_manager", `{"active":false}`); again.at("warnings") != nil {
		t.Errorf("one who stands in for nobody: %s", again.body)
	}
}

// A link worker hands over their own work, a manager and a partner system that of the site.
func TestWhoMayHandOver(t *testing.T) {
	w := newWorld(t)
	kim := w.colleague("Kim Other")
	_, episode := w.supported()
	body := func(from, to string) string {
		return fmt.Sprintf(`{"from_link_worker_id":%q,"to_link_worker_id":%q,"reason":"Swap"}`, from, to)
	}
	w.as("Kim Other").post("/handovers", body(w.worker, kim)).problem(403, "forbidden")
	w.as("link_worker").post("/handovers", body(w.worker, kim)).want(201)
	w.as("integration").post("/handovers", body(kim, w.worker)).want(201)
	id := w.as("site_manager").post("/handovers", body(w.worker, kim)).made()
	if w.workerOf(episode) != kim {
		t.Error("it was not moved")
	}
	stranger := w.as("other_site_link_worker")
	stranger.get("/handovers/"+id).problem(404, "not_found")
	stranger.do("POST", "/handovers/"+id+"/ending", "").problem(404, "not_found")
	stranger.post("/handovers", body(w.worker, kim)).problem(404, "not_found")
	if n := len(stranger.get("/handovers").want(200).items()); n != 0 {
		t.Errorf("another site sees %d handovers", n)
	}
	for _, role := range []string{"organisation", "dashboard", "researcher", "administrator", "data_steward"} {
		w.as(role).post("/handovers", body(w.worker, kim)).problem(403, "forbidden")
	}
}

// Who is made inactive is told of the same work as a handover would be about, and no list of episodes is no list of none.
func TestWhatIsStillTheirsIsWhatIsHandedOver(t *testing.T) {
	w := newWorld(t)
	w.checkIn()
	kim := w.colleague("Kim Other")
	w.closedEpisode(func(episode string) {
		w.ons4(episode, "baseline", w.daysAgo(25), 4, 5, 3, 8).made()
		w.as("link_worker").post("/assessments", w.checkedIn(episode, "review", `"feels_unsafe":2,"goes_hungry":0`)).made()
	})
	manager := w.as("site_manager")
	body := fmt.Sprintf(`{"from_link_worker_id":%q,"to_link_worker_id":%q,"reason":"Left","dry_run":true`, w.worker, kim)
	would := manager.post("/handovers", body+"}").want(200)
	if would.number("episodes") != 0 || would.number("concerns") != 1 || would.number("follow_ups_to_come") != 1 {
		t.Errorf("%s", would.body)
	}
	for _, nothing := range []string{`,"episode_ids":[]}`, `,"shares":[]}`} {
		manager.post("/handovers", body+nothing).problem(422, "invalid")
	}
	worker := "/link-workers/" + w.worker
	left := manager.patch(worker, manager.get(worker).header.Get("ETag"), `{"active":false}`).want(200)
	for _, name := range []string{"episodes", "referrals", "follow_ups", "concerns", "follow_ups_to_come"} {
		if left.number("still_theirs."+name) != would.number(name) {
			t.Errorf("%s: %s, but %s", name, left.body, would.body)
		}
	}
	if left.text("warnings.0.code") != "work_is_still_theirs" {
		t.Errorf("%s", left.body)
	}
}
