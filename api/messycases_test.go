package api_test

import (
	"fmt"
	"testing"
)

// The eight cases that docs/casework.md tells, each at a site of its own: what a team meets in a week.
func TestEightMessyCases(t *testing.T) {
	for name, play := range map[string]func(*testing.T, *world){
		"known last year":                knownLastYear,
		"no number, and only about 1961": aboutNineteenSixtyOne,
		"moves away and back":            movesAwayAndBack,
		"a duplicate with work on both":  workOnBothRecords,
		"an answer on the wrong person":  answerOnTheWrongPerson,
		"two of a household":             twoOfAHousehold,
		"a worker on leave with forty":   onLeaveWithForty,
		"closed, and not over":           closedAndNotOver,
	} {
		t.Run(name, func(t *testing.T) { play(t, newWorld(t)) })
	}
}

// find is the ids of the people whom a search finds, the best first.
func (w *world) find(role, q string) (ids []string) {
	w.t.Helper()
	for _, p := range w.as(role).post("/patients/search", fmt.Sprintf(`{"q":%q}`, q)).want(200).items() {
		ids = append(ids, p.(map[string]any)["id"].(string))
	}
	return ids
}

// Somebody whose case was closed a year ago is referred again: she is found, her past is there, and she is one person.
func knownLastYear(t *testing.T, w *world) {
	lw := w.as("link_worker")
	patient := lw.post("/patients", `{"given_name":"Siobhán","family_name":"O’Brien-Łuczak","birth_date":"1950-04-01"}`).made()
	first := w.episode(patient)
	lw.post("/episodes/"+first+"/closure", `{"reason":"plan_completed"}`).want(200)
	w.advance("P1Y")
	for _, q := range []string{"siobhan obrien", "OBRIEN LUCZAK 1/4/50", "Siobahn Obrien"} {
		if found := w.find("link_worker", q); len(found) != 1 || found[0] != patient {
			t.Errorf("%s finds %v", q, found)
		}
	}
	again := lw.post("/patients", `{"given_name":"Siobhan","family_name":"OBrien Luczak","birth_date":"1950-04-01",
		"on_possible_duplicate":"refuse"}`)
	again.problem(409, "conflict")
	if again.text("possible_duplicates.0.patient_id") != patient {
		t.Errorf("%s", again.body)
	}
	second := lw.post("/episodes", fmt.Sprintf(`{"patient_id":%q,"source":"gp","received_on":%q,"needs":{"primary":"food"}}`,
		patient, w.today())).want(201)
	second.lacks("open_episode_exists") // the first is closed
	if n := len(lw.get("/episodes?patient_id=" + patient).want(200).items()); n != 2 {
		t.Errorf("%d episodes", n)
	}
}

// Nobody knows her number or her birthday: she is recorded, found by the year, counted in her age band, and not taken for
// somebody of another year.
func aboutNineteenSixtyOne(t *testing.T, w *world) {
	lw := w.as("link_worker")
	made := lw.post("/patients", `{"given_name":"Marigold","family_name":"Nobody","birth_date":"1961"}`).want(201)
	patient := made.text("id")
	if p := lw.get("/patients/" + patient).want(200); p.text("birth_date") != "1961" || p.at("nhs_number") != nil {
		t.Errorf("%s", p.body)
	}
	for _, q := range []string{"marigold nobody 1961", "nobody 17/5/1961"} {
		if found := w.find("link_worker", q); len(found) != 1 || found[0] != patient {
			t.Errorf("%s finds %v", q, found)
		}
	}
	alike := lw.post("/patients", `{"given_name":"Marigold","family_name":"Nobody","birth_date":"1961-05-17"}`).want(201)
	if alike.text("possible_duplicates.0.patient_id") != patient {
		t.Errorf("%s", alike.body)
	}
	other := lw.post("/patients", `{"given_name":"Marigold","family_name":"Nobody","birth_date":"1984-05-17"}`).want(201)
	if list := other.at("possible_duplicates").([]any); len(list) != 0 {
		t.Errorf("%s", other.body)
	}
	w.ons4(w.episode(patient), "baseline", w.daysAgo(20), 4, 5, 3, 8).want(201)
	w.as("site_manager").get("/insights/outcomes?by=age_band").want(200).has(`"age_band"`)
}

// She moves to another town and comes back: each site has a record of its own, and learns nothing of the other's.
func movesAwayAndBack(t *testing.T, w *world) {
	lw, other := w.as("link_worker"), w.as("other_site_link_worker")
	patient, episode, _ := w.elsewhere()
	id := w.askTo(w.other, patient).made()
	taken := other.post("/transfers/"+id+"/acceptance", `{}`).want(200)
	there, theirs := taken.text("patient_id"), taken.text("episode_ids.0")
	if e := lw.get("/episodes/" + episode).want(200); e.text("status") != "closed" {
		t.Errorf("%s", e.body)
	}
	other.patch("/patients/"+there, other.get("/patients/"+there).want(200).header.Get("ETag"), `{"phone":"07700 900999"}`).want(200)
	lw.get("/patients/"+patient).want(200).hides("07700 900999", "+447700900999", there, theirs)
	back := other.post("/patients/"+there+"/transfer", fmt.Sprintf(`{"site_id":%q,"reason":"Moves back"}`, w.site)).made()
	lw.get("/transfers/"+back).want(200).hides("+447700900999", there)
	known := lw.post("/transfers/"+back+"/acceptance", `{}`)
	known.problem(409, "conflict")
	if known.text("possible_duplicates.0.patient_id") != patient {
		t.Errorf("her first record is not named: %s", known.body)
	}
	home := lw.post("/transfers/"+back+"/acceptance", fmt.Sprintf(`{"patient_id":%q}`, patient)).want(200)
	home.hides(there, theirs)
	if home.text("patient_id") != patient {
		t.Errorf("%s", home.body)
	}
	if n := len(lw.get("/episodes?patient_id=" + patient).want(200).items()); n != 2 {
		t.Errorf("%d episodes", n)
	}
}

// She was recorded twice, and both records have work: one is merged into the other, and nothing is lost or counted twice.
func workOnBothRecords(t *testing.T, w *world) {
	lw := w.as("link_worker")
	record := func(surname string) (patient, episode, referral string) {
		patient = lw.post("/patients", fmt.Sprintf(`{"given_name":"Marigold","family_name":%q,"birth_date":"1950-04-01"}`, surname)).made()
		w.consent(patient, "share_with_organisations", "given")
		episode = w.episode(patient)
		return patient, episode, w.refer(episode)
	}
	kept, first, r1 := record("Twice")
	away, second, r2 := record("Twice")
	lw.get("/worklists/possible_duplicates").want(200).has(kept, away)
	m := w.merge(away, kept).want(200)
	if m.text("id") != kept || m.text("merged_ids.0") != away {
		t.Errorf("%s", m.body)
	}
	for _, e := range []string{first, second} {
		if got := lw.get("/episodes/" + e).want(200).text("patient_id"); got != kept {
			t.Errorf("episode %s is of %s", e, got)
		}
	}
	if rows := w.as("site_manager").get("/insights/referrals").want(200); rows.number("rows.0.referrals") != 2 {
		t.Errorf("%s", rows.body)
	}
	lw.get("/worklists/awaiting_reply").want(200).has(r1, r2)
	lw.get("/worklists/possible_duplicates").want(200).lacks(away)
	if p := lw.get("/patients/" + away).want(200); p.text("id") != kept {
		t.Errorf("%s", p.body)
	}
	lw.post("/patients/"+away+"/merge/undo", `{"reason":"They are sisters"}`).want(200)
	if got := lw.get("/episodes/" + second).want(200).text("patient_id"); got != away {
		t.Errorf("after the undo the second episode is of %s", got)
	}
}

// An answer was typed into the wrong record: it moves, and both figures and lists follow.
func answerOnTheWrongPerson(t *testing.T, w *world) {
	lw := w.as("link_worker")
	asked := func() (episode, followUp string) {
		_, episode = w.supported()
		w.ons4(episode, "baseline", w.daysAgo(25), 4, 5, 3, 8).want(201)
		return episode, lw.get("/follow-ups?episode_id=" + episode).want(200).text("items.0.id")
	}
	wrong, f1 := asked()
	_, f2 := asked()
	w.complete(wrong, "", `,"assessments":[{"instrument":"ons4","responses":{`+calm+`}}]`)
	lw.get("/worklists/follow_ups_due").want(200).has(f2)
	lw.post("/follow-ups/"+f1+"/completion/reassignment", fmt.Sprintf(`{"follow_up_id":%q,"reason":"It was her neighbour"}`, f2)).want(200)
	due := lw.get("/worklists/follow_ups_due").want(200)
	due.has(f1)
	due.lacks(f2)
	if rows := w.as("site_manager").get("/insights/outcomes").want(200); rows.number("rows.0.paired_n") != 1 {
		t.Errorf("%s", rows.body)
	}
}

// Two sisters share a house, a telephone and a birthday: neither is proposed as the other.
func twoOfAHousehold(t *testing.T, w *world) {
	lw := w.as("link_worker")
	const home = `"family_name":"Household","birth_date":"1950-04-01","postcode":"ZZ99 3WZ","phone":"07700 900123"`
	lw.post("/patients", `{"given_name":"Jane",`+home+`}`).made()
	june := lw.post("/patients", `{"given_name":"June",`+home+`,"on_possible_duplicate":"refuse"}`).want(201)
	if list := june.at("possible_duplicates").([]any); len(list) != 0 {
		t.Errorf("%s", june.body)
	}
	if n := len(lw.get("/worklists/possible_duplicates").want(200).items()); n != 0 {
		t.Errorf("%d pairs", n)
	}
	if found := w.find("link_worker", "june household"); len(found) == 0 || found[0] != june.text("id") {
		t.Errorf("%v", found)
	}
}

// A worker goes on leave with forty open cases: a colleague stands in until she is back, and both see them meanwhile.
func onLeaveWithForty(t *testing.T, w *world) {
	kim := w.colleague("Kim Other")
	for range 40 {
		w.supported()
	}
	body := fmt.Sprintf(`{"from_link_worker_id":%q,"to_link_worker_id":%q,"reason":"On leave","until":%q`, w.worker, kim, w.daysAgo(-14))
	manager := w.as("site_manager")
	preview := manager.post("/handovers", body+`,"dry_run":true}`).want(200)
	if preview.number("episodes") != 40 || preview.at("id") != nil {
		t.Errorf("%s", preview.body)
	}
	if n := w.caseload("Kim Other"); n != 0 {
		t.Errorf("a preview gives %d", n)
	}
	if done := manager.post("/handovers", body+`}`).want(201); done.number("episodes") != 40 {
		t.Errorf("%s", done.body)
	}
	if mine, theirs := w.caseload("link_worker"), w.caseload("Kim Other"); mine != 40 || theirs != 40 {
		t.Errorf("%d and %d", mine, theirs)
	}
	w.advance("P15D")
	if mine, theirs := w.caseload("link_worker"), w.caseload("Kim Other"); mine != 40 || theirs != 0 {
		t.Errorf("after the leave: %d and %d", mine, theirs)
	}
}

// A case was closed too early: it is opened again, takes contacts and referrals, and what its closure said stays known.
func closedAndNotOver(t *testing.T, w *world) {
	lw := w.as("link_worker")
	_, episode := w.supported()
	w.ons4(episode, "baseline", w.daysAgo(25), 4, 5, 3, 8).want(201)
	lw.post("/episodes/"+episode+"/closure", `{"reason":"plan_completed"}`).want(200)
	lw.post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,"kind":"referral","need":"food"}`, episode, w.svc)).
		problem(409, "conflict")
	if e := lw.post("/episodes/"+episode+"/reopening", `{"reason":"She rang again"}`).want(200); e.text("status") != "active" ||
		e.at("closed_on") != nil {
		t.Errorf("%s", e.body)
	}
	w.refer(episode)
	lw.get("/worklists/caseload").want(200).has(episode)
	lw.get("/episodes/" + episode + "/history").want(200).has(`"closed_on"`)
}
