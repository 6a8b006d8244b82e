package api_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// elsewhere is somebody of the first site with what must not leave it before it is time.
func (w *world) elsewhere() (patient, episode, referral string) {
	w.t.Helper()
	lw := w.as("link_worker")
	patient = lw.post("/patients", `{"given_name":"Marigold","family_name":"Moving","birth_date":"1950-04-01",
		"nhs_number":"9434765919","phone":"07700 900123","postcode":"ZZ99 3WZ","access_needs":"Hears badly",
		"external_ids":[{"system":"emis","value":"Moving-1024"}]}`).made()
	w.consent(patient, "share_with_organisations", "given")
	w.consent(patient, "follow_up_contact", "declined")
	episode = lw.post("/episodes", fmt.Sprintf(`{"patient_id":%q,"source":"gp","received_on":%q,
		"needs":{"primary":"loneliness_isolation"},"what_matters":"Her garden","risks":"Falls often"}`, patient, w.daysAgo(30))).made()
	w.ons4(episode, "baseline", w.daysAgo(25), 4, 5, 3, 8).want(201)
	w.contact(episode, "support", "spoke", `,"note":"Cried on the phone"`)
	return patient, episode, w.refer(episode)
}

func (w *world) askTo(site, patient string) answer {
	w.t.Helper()
	return w.as("link_worker").post("/patients/"+patient+"/transfer", fmt.Sprintf(`{"site_id":%q,"reason":"Lives with her daughter now",
		"basis":"person_agreed","agreed_on":%q}`, site, w.today()))
}

// A person is passed on: the other site sees a name, a need and a reason, takes the record over, and each site knows
// nothing more of the other's.
func TestAPersonIsPassedToAnotherSite(t *testing.T) {
	w := newWorld(t)
	lw, other := w.as("link_worker"), w.as("other_site_link_worker")
	patient, episode, referral := w.elsewhere()
	before := len(lw.get("/episodes/" + episode + "/contacts").want(200).items())
	made := w.askTo(w.other, patient)
	id := made.made()
	if made.text("state") != "pending" || made.text("direction") != "out" || made.text("patient_id") != patient {
		t.Errorf("%s", made.body)
	}
	secrets := []string{patient, episode, referral, "9434765919", "1950-04-01", "+447700900123", "ZZ99 3WZ", "Hears badly", "Her garden",
		"Falls often", "Cried on", "Moving-1024", w.worker}
	for _, seen := range []answer{other.get("/transfers/" + id), other.get("/transfers"), other.get("/transfers?state=pending,refused")} {
		seen.want(200).hides(secrets...)
	}
	offered := other.get("/transfers").want(200)
	if offered.text("items.0.name") != "Marigold Moving" || offered.text("items.0.need") != "loneliness_isolation" ||
		offered.text("items.0.reason") != "Lives with her daughter now" || offered.text("items.0.direction") != "in" ||
		offered.at("items.0.patient_id") != nil || offered.text("items.0.agreed_on") != w.today() {
		t.Errorf("%s", offered.body)
	}
	if other.listed("transfers_to_answer") != 1 || lw.listed("transfers_to_answer") != 0 {
		t.Error("the transfer is not on the list of who is asked")
	}
	other.get("/events").want(200).hides(secrets...)
	lw.post("/transfers/"+id+"/acceptance", `{}`).problem(404, "not_found") // it is for the other site
	other.post("/transfers/"+id+"/cancellation", "").problem(404, "not_found")
	w.askTo(w.other, patient).problem(409, "conflict")

	// the other site has somebody like her
	other.post("/patients", `{"given_name":"Marigold","family_name":"Moving","birth_date":"1950-04-01"}`).made()
	other.post("/transfers/"+id+"/acceptance", `{"on_possible_duplicate":"refuse"}`).problem(409, "conflict")
	keyed := other.with("Idempotency-Key", "take-her-on")
	taken := keyed.post("/transfers/"+id+"/acceptance", `{}`).want(200)
	if again := keyed.post("/transfers/"+id+"/acceptance", `{}`).want(200); string(again.body) != string(taken.body) {
		t.Errorf("a repeat is answered otherwise: %s", again.body)
	}
	taken.hides(patient, episode, referral, w.worker)
	if taken.text("state") != "accepted" || len(taken.at("possible_duplicates").([]any)) != 1 {
		t.Errorf("%s", taken.body)
	}
	hers, opened := taken.text("patient_id"), taken.text("episode_ids.0")
	person := other.get("/patients/" + hers).want(200)
	for at, want := range map[string]string{
		"given_name": "Marigold", "nhs_number": "9434765919", "phone": "+447700900123", "access_needs": "Hears badly",
		"site_id": w.other,
	} {
		if person.text(at) != want {
			t.Errorf("%s: %s", at, person.body)
		}
	}
	person.hides("Moving-1024")
	spell := other.get("/episodes/" + opened).want(200)
	if spell.text("status") != "waiting" || spell.text("what_matters") != "Her garden" || spell.text("risks") != "Falls often" ||
		spell.text("received_on") != w.today() || spell.at("baseline_on") != nil {
		t.Errorf("%s", spell.body)
	}
	stands := map[string]string{}
	for _, c := range other.get("/patients/" + hers + "/consents").want(200).items() {
		stands[c.(object)["purpose"].(string)] = c.(object)["decision"].(string)
	}
	if stands["share_with_organisations"] != "given" || stands["follow_up_contact"] != "declined" {
		t.Errorf("consents: %v", stands)
	}
	other.get("/patients/"+patient).problem(404, "not_found")
	other.get("/episodes/"+episode).problem(404, "not_found")

	// what the other site learns stays there
	etag := person.header.Get("ETag")
	other.patch("/patients/"+hers, etag, `{"phone":"07700 900456","postcode":"LS1 4AP"}`).want(200)
	theirs := []string{hers, opened, "+447700900456", "LS1 4AP", other.get("/me").text("link_worker_id")}
	for _, path := range []string{
		"/transfers", "/transfers/" + id, "/patients/" + patient, "/patients/" + patient + "/timeline", "/episodes/" + episode,
		"/patients/" + patient + "/consents", "/events?limit=200", "/worklists/caseload",
	} {
		lw.get(path).want(200).hides(theirs...)
		w.as("integration").get(path).want(200).hides(theirs...)
	}
	w.as("organisation").get("/referrals/" + referral).want(200).hides(theirs...)
	if state := lw.get("/transfers/" + id).text("state"); state != "accepted" {
		t.Errorf("the site that sent sees it as %s", state)
	}

	// the old record closes, and keeps what was done
	old := lw.get("/episodes/" + episode).want(200)
	if old.text("status") != "closed" || old.text("closure_reason") != "transferred_site" || old.at("baseline_on") == nil {
		t.Errorf("%s", old.body)
	}
	if n := len(lw.get("/episodes/" + episode + "/contacts").want(200).items()); n != before {
		t.Errorf("%d contacts are left of %d", n, before)
	}
	for _, f := range lw.get("/follow-ups?episode_id=" + episode).want(200).items() {
		if f.(object)["state"] != "lost" || f.(object)["loss_reason"] != "moved" {
			t.Errorf("a follow-up that nobody will ask about: %v", f)
		}
	}
	other.post("/transfers/"+id+"/acceptance", `{}`).problem(409, "conflict")
	other.post("/transfers/"+id+"/refusal", `{"reason":"Late"}`).problem(409, "conflict")
	lw.post("/transfers/"+id+"/cancellation", "").problem(409, "conflict")

	// and back again: the first site knows her
	back := other.post("/patients/"+hers+"/transfer", fmt.Sprintf(`{"site_id":%q,"reason":"Moves back"}`, w.site)).made()
	lw.post("/transfers/"+back+"/acceptance", `{}`).problem(409, "conflict", hers, opened)
	home := lw.post("/transfers/"+back+"/acceptance", fmt.Sprintf(`{"patient_id":%q}`, patient)).want(200)
	if home.text("patient_id") != patient {
		t.Errorf("%s", home.body)
	}
	home.hides(hers, opened)
	lw.get("/patients/"+patient).want(200).hides("+447700900456", "LS1 4AP")
}

// One that is refused, cancelled or not answered leaves no name behind, and everything as it was.
func TestATransferThatIsNotAccepted(t *testing.T) {
	w := newWorld(t)
	lw, other := w.as("link_worker"), w.as("other_site_link_worker")
	patient, episode, _ := w.elsewhere()
	is := func(id, state string) {
		t.Helper()
		for _, by := range []client{lw, other} {
			if got := by.get("/transfers/" + id).want(200).text("state"); got != state {
				t.Errorf("it is %s, should be %s", got, state)
			}
		}
		other.get("/transfers/"+id).hides("Marigold", "loneliness_isolation", "Lives with her daughter")
		if len(other.get("/patients/search").body) == 0 || w.workerOf(episode) != w.worker ||
			lw.get("/episodes/"+episode).text("status") == "closed" {
			t.Error("something changed")
		}
	}
	first := w.askTo(w.other, patient).made()
	other.post("/transfers/"+first+"/refusal", `{"reason":" "}`).problem(422, "invalid")
	if a := other.post("/transfers/"+first+"/refusal", `{"reason":"Not of our practices"}`).want(200); a.at("name") != nil {
		t.Errorf("%s", a.body)
	}
	is(first, "refused")
	if a := lw.get("/transfers/" + first); a.text("refusal_reason") != "Not of our practices" {
		t.Errorf("%s", a.body)
	}
	second := w.askTo(w.other, patient).made()
	if a := lw.post("/transfers/"+second+"/cancellation", "").want(200); a.text("state") != "cancelled" {
		t.Errorf("%s", a.body)
	}
	is(second, "cancelled")
	other.post("/transfers/"+second+"/acceptance", `{}`).problem(409, "conflict")
	third := w.askTo(w.other, patient).made()
	w.advance("P28D")
	is(third, "lapsed")
	other.post("/transfers/"+third+"/acceptance", `{}`).problem(409, "conflict", "Marigold")
	w.askTo(w.other, patient).made() // and it can be asked again
	is(third, "lapsed")
	var states []string
	for _, item := range lw.get("/transfers?limit=200").want(200).items() {
		states = append(states, item.(object)["state"].(string))
	}
	if !slices.Equal(states, []string{"refused", "cancelled", "lapsed", "pending"}) {
		t.Errorf("%v", states)
	}
	if n := len(lw.get("/transfers?state=lapsed,refused").want(200).items()); n != 2 {
		t.Errorf("%d lapsed or refused", n)
	}
}

// What cannot be passed on is refused, with nothing done; and each may do what is theirs.
func TestWhatCannotBePassedOn(t *testing.T) {
	w := newWorld(t)
	lw, other := w.as("link_worker"), w.as("other_site_link_worker")
	patient, episode, _ := w.elsewhere()
	for at, body := range map[string]string{
		"site_id":   fmt.Sprintf(`{"site_id":%q,"reason":"Moves"}`, w.site),
		"site_id ":  fmt.Sprintf(`{"site_id":%q,"reason":"Moves"}`, nobody()),
		"reason":    fmt.Sprintf(`{"site_id":%q,"reason":" "}`, w.other),
		"agreed_on": fmt.Sprintf(`{"site_id":%q,"reason":"Moves","basis":"person_agreed"}`, w.other),
		"basis":     fmt.Sprintf(`{"site_id":%q,"reason":"Moves","basis":"hearsay"}`, w.other),
	} {
		a := lw.post("/patients/"+patient+"/transfer", body).problem(422, "invalid")
		if !strings.Contains(string(a.body), `"body.`+strings.TrimSpace(at)+`"`) {
			t.Errorf("%s: %s", at, a.body)
		}
	}
	other.post("/patients/"+patient+"/transfer", fmt.Sprintf(`{"site_id":%q,"reason":"Moves"}`, w.other)).problem(404, "not_found")
	if n := len(other.get("/transfers").want(200).items()) + len(lw.get("/transfers").want(200).items()); n != 0 {
		t.Errorf("%d transfers stand", n)
	}
	id := w.askTo(w.other, patient).made()
	for _, role := range []string{"organisation", "dashboard", "researcher", "administrator", "data_steward"} {
		w.as(role).get("/transfers").problem(403, "forbidden")
		w.as(role).post("/transfers/"+id+"/acceptance", `{}`).problem(403, "forbidden")
	}
	// whoever is no link worker says who supports the person, and nobody of the other site can
	manager := client{w: w, bearer: w.key("site_manager", fmt.Sprintf(`"site_ids":[%q]`, w.other))}
	manager.post("/transfers/"+id+"/acceptance", `{}`).problem(422, "invalid")
	manager.post("/transfers/"+id+"/acceptance", fmt.Sprintf(`{"link_worker_id":%q}`, w.worker)).problem(422, "invalid")
	other.post("/transfers/"+id+"/acceptance", fmt.Sprintf(`{"patient_id":%q}`, patient)).problem(404, "not_found")
	if lw.get("/episodes/"+episode).text("status") == "closed" || other.get("/transfers/"+id).text("state") != "pending" {
		t.Error("something of a refused acceptance happened")
	}
	etag := lw.get("/patients/" + patient).header.Get("ETag")
	lw.patch("/patients/"+patient, etag, fmt.Sprintf(`{"died_on":%q}`, w.today())).want(200)
	other.post("/transfers/"+id+"/acceptance", `{}`).problem(409, "conflict")
	lw.post("/transfers/"+id+"/cancellation", "").want(200)
	w.askTo(w.other, patient).problem(409, "conflict")
}

// Who is in error, or has nothing open but mistakes, is passed to nobody: the site that was asked sees no name any more.
func TestAMistakeIsNotPassedOn(t *testing.T) {
	w := newWorld(t)
	lw, other := w.as("link_worker"), w.as("other_site_link_worker")
	patient, episode, _ := w.elsewhere()
	second := lw.post("/episodes", fmt.Sprintf(`{"patient_id":%q,"source":"gp","received_on":%q,"needs":{"primary":"food"}}`,
		patient, w.daysAgo(2))).made()
	for _, thing := range []string{"/patients/" + patient, "/episodes/" + episode} {
		asked := w.askTo(w.other, patient).made()
		if thing == "/episodes/"+episode {
			lw.post("/episodes/"+second+"/entered-in-error", because).want(200)
			if a := other.get("/transfers/" + asked).want(200); a.text("state") != "pending" {
				t.Errorf("one of two in error: %s", a.body)
			}
		}
		lw.post(thing+"/entered-in-error", because).want(200)
		for _, by := range []client{lw, other} {
			a := by.get("/transfers/" + asked).want(200)
			if a.text("state") != "cancelled" || by.bearer == other.bearer && a.at("name") != nil {
				t.Errorf("%s: %s", thing, a.body)
			}
			if told := string(by.get("/events?limit=200&types=transfer.cancelled").want(200).body); !strings.Contains(told, asked) {
				t.Errorf("%s: nobody is told: %s", thing, told)
			}
		}
		other.post("/transfers/"+asked+"/acceptance", `{}`).problem(409, "conflict")
		lw.post(thing+"/entered-in-error/undo", because).want(200)
		if a := other.get("/transfers/" + asked).want(200); a.text("state") != "cancelled" {
			t.Errorf("%s restored: %s", thing, a.body)
		}
	}
	timeline := lw.get("/patients/" + patient + "/timeline?limit=200").want(200)
	if strings.Count(string(timeline.body), "transfer.cancelled") != 2 {
		t.Errorf("%s", timeline.body)
	}
}

// Of an acceptance and a mistake at the same moment one comes first, and the other follows.
func TestAnAcceptanceRacesWithAMistake(t *testing.T) {
	w := newWorld(t)
	other := w.as("other_site_link_worker")
	for round := range 10 {
		patient, episode := w.supported()
		asked := w.askTo(w.other, patient).made()
		thing := []string{"/patients/" + patient, "/episodes/" + episode}[round%2]
		var all sync.WaitGroup
		var taken answer
		all.Go(func() { taken = other.post("/transfers/"+asked+"/acceptance", `{}`) })
		all.Go(func() { w.as("site_manager").post(thing+"/entered-in-error", because).want(200) })
		all.Wait()
		state := other.get("/transfers/" + asked).want(200).text("state")
		if taken.status == 200 && (state != "accepted" || taken.text("episode_ids.0") == "") ||
			taken.status != 200 && (taken.status != 409 || state != "cancelled") {
			t.Errorf("round %d: %d, and %s: %s", round, taken.status, state, taken.body)
		}
	}
}

// A transfer is accepted onto the record of the same person alone, whose own decisions stand.
func TestATransferIsTakenOnBySomebodyElsesRecordNever(t *testing.T) {
	w := newWorld(t)
	lw, other := w.as("link_worker"), w.as("other_site_link_worker")
	patient, _, _ := w.elsewhere()
	id := w.askTo(w.other, patient).made()
	for name, body := range map[string]string{
		"another number": `{"given_name":"Marigold","family_name":"Moving","birth_date":"1950-04-01","nhs_number":"9991000003"}`,
		"another person": `{"given_name":"Zebedee","family_name":"Moving","birth_date":"1999-04-01"}`,
		"whoever died": fmt.Sprintf(`{"given_name":"Marigold","family_name":"Moving","birth_date":"1950-04-01",
			"died_on":%q}`, w.today()),
		"another's twin":  `{"given_name":"Primrose","family_name":"Moving","birth_date":"1950-04-01","phone":"07700 900123"}`,
		"only her family": `{"family_name":"Moving","birth_date_unknown":true}`,
	} {
		z := other.post("/patients", body).made()
		a := other.post("/transfers/"+id+"/acceptance", fmt.Sprintf(`{"patient_id":%q}`, z)).
			problem(409, "conflict", "9434765919", "1950-04-01")
		consents := other.get("/patients/" + z + "/consents").want(200).items()
		if len(consents) != 0 || other.get("/transfers/"+id).text("state") != "pending" {
			t.Errorf("%s: %d consents, %s", name, len(consents), a.body)
		}
	}
	hers := other.post("/patients", `{"given_name":"Marigold","family_name":"Moving","birth_date":"1950-04-01"}`).made()
	refused := fmt.Sprintf(`{"purpose":"share_with_organisations","decision":"declined","decided_on":%q}`, w.daysAgo(200))
	agreed := fmt.Sprintf(`{"purpose":"follow_up_contact","decision":"given","decided_on":%q}`, w.daysAgo(300))
	other.post("/patients/"+hers+"/consents", refused).want(201)
	other.post("/patients/"+hers+"/consents", agreed).want(201)
	taken := other.post("/transfers/"+id+"/acceptance", fmt.Sprintf(`{"patient_id":%q}`, hers)).want(200)
	if taken.text("patient_id") != hers {
		t.Errorf("%s", taken.body)
	}
	for _, c := range other.get("/patients/" + hers + "/consents").want(200).items() {
		if c := c.(object); c["stands"] == true && c["decision"] != "declined" {
			t.Errorf("a refusal is overruled: %v", c)
		}
	}
	lw.get("/transfers/" + id).want(200).hides(hers)
}

// What was passed on is not opened again, and nobody is passed on who has nothing open.
func TestWhatWasPassedOnStaysClosed(t *testing.T) {
	w := newWorld(t)
	lw, other := w.as("link_worker"), w.as("other_site_link_worker")
	patient, episode, _ := w.elsewhere()
	id := w.askTo(w.other, patient).made()
	other.post("/transfers/"+id+"/acceptance", `{}`).want(200)
	lw.post("/episodes/"+episode+"/reopening", because).problem(409, "conflict")
	if lw.get("/episodes/"+episode).text("status") != "closed" {
		t.Error("it is open again")
	}
	w.askTo(w.other, patient).problem(409, "conflict")
	w.askTo(w.other, w.patient()).problem(409, "conflict")
}

// Whoever passes a person on finds the sites by name, and each side is told who asks; a partner system is not told where to.
func TestWhoAsksAndWhereToIsToldByName(t *testing.T) {
	w := newWorld(t)
	lw, other, system := w.as("link_worker"), w.as("other_site_link_worker"), w.as("integration")
	patient, _, _ := w.elsewhere()
	sites := lw.get("/transfer-sites").want(200)
	if len(sites.items()) != 1 || sites.text("items.0.id") != w.other || sites.text("items.0.name") == "" ||
		sites.text("items.0.code") == "" ||
		len(sites.at("items.0").(object)) != 3 {
		t.Errorf("%s", sites.body)
	}
	for _, role := range []string{"organisation", "dashboard", "researcher", "administrator"} {
		w.as(role).get("/transfer-sites").problem(403, "forbidden")
	}
	made := w.askTo(w.other, patient).want(201)
	id := made.text("id")
	for _, by := range []client{lw, other} {
		a := by.get("/transfers/" + id).want(200)
		if a.text("requested_by.role") != "link_worker" ||
			a.text("requested_by.link_worker_name") != lw.get("/link-workers/"+w.worker).text("name") ||
			a.text("to_site_name") != sites.text("items.0.name") || a.text("from_site_name") == "" || a.text("to_site_id") != w.other {
			t.Errorf("%s", a.body)
		}
	}
	for range 2 {
		a := system.get("/transfers/" + id).want(200)
		a.hides(w.other, sites.text("items.0.name"))
		system.get("/transfers").want(200).hides(w.other, sites.text("items.0.name"))
		if !strings.Contains(string(a.body), `"to_site_id":null`) {
			t.Errorf("%s", a.body)
		}
		other.post("/transfers/"+id+"/acceptance", `{}`)
	}
}

// While a person is asked for, the name is the one of now, and no merge or undo makes another record of theirs.
func TestAPersonWhoIsAskedForStaysWhoTheyAre(t *testing.T) {
	w := newWorld(t)
	lw, other := w.as("link_worker"), w.as("other_site_link_worker")
	patient, _, _ := w.elsewhere()
	second := lw.post("/patients", `{"given_name":"Marigold","family_name":"Movin","birth_date":"1950-04-01"}`).made()
	id := w.askTo(w.other, patient).made()
	w.merge(patient, second).problem(409, "conflict")
	w.merge(second, patient).problem(409, "conflict")
	etag := lw.get("/patients/" + patient).header.Get("ETag")
	lw.patch("/patients/"+patient, etag, `{"family_name":"Renamed"}`).want(200)
	if got := other.get("/transfers/" + id).want(200).text("name"); got != "Marigold Renamed" {
		t.Errorf("asked for as %s", got)
	}
	lw.post("/transfers/"+id+"/cancellation", "").want(200)
	w.merge(second, patient).want(200)
	id = w.askTo(w.other, patient).made()
	w.unmerge(second, "").problem(409, "conflict")
	hers := other.post("/patients", `{"given_name":"Marigold","family_name":"Renamed","birth_date":"1950-04-01"}`).made()
	mergedAway := other.post("/transfers/"+id+"/acceptance", `{}`).want(200)
	if mergedAway.text("name") != "Marigold Renamed" {
		t.Errorf("%s", mergedAway.body)
	}
	back := mergedAway.text("patient_id")
	other.post("/patients/"+back+"/merge", fmt.Sprintf(`{"into_patient_id":%q,%s}`, hers, why)).want(200)
	if got := other.get("/transfers/" + id).text("patient_id"); got != hers {
		t.Errorf("after a merge: %s", got)
	}
	other.post("/patients/"+back+"/merge/undo", because).want(200)
	if got := other.get("/transfers/" + id).text("patient_id"); got != back {
		t.Errorf("after its undo: %s", got)
	}
	etag = lw.get("/patients/" + patient).header.Get("ETag")
	lw.patch("/patients/"+patient, etag, `{"family_name":"Later"}`).want(200)
	if got := other.get("/transfers/" + id).text("name"); got != "Marigold Renamed" {
		t.Errorf("after the answer: %s", got)
	}
}
