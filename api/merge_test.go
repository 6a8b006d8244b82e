package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const why = `"reason":"She was recorded twice."`

// merge merges one record into another.
func (w *world) merge(from, into string) answer {
	w.t.Helper()
	return w.as("link_worker").post("/patients/"+from+"/merge", fmt.Sprintf(`{"into_patient_id":%q,%s}`, into, why))
}

func (w *world) unmerge(id, assign string) answer {
	w.t.Helper()
	if assign != "" {
		assign = `,"assign":[` + assign + `]`
	}
	return w.as("link_worker").post("/patients/"+id+"/merge/undo", `{"reason":"They are mother and daughter."`+assign+`}`)
}

// decide records a decision of a day.
func (w *world) decideOn(patient, purpose, decision, on string) answer {
	w.t.Helper()
	return w.as("link_worker").post("/patients/"+patient+"/consents",
		fmt.Sprintf(`{"purpose":%q,"decision":%q,"decided_on":%q}`, purpose, decision, on)).want(201)
}

// standing is the decision that stands for a purpose.
func (w *world) standing(patient, purpose string) string {
	w.t.Helper()
	for _, item := range w.as("link_worker").get("/patients/" + patient + "/consents?limit=200").want(200).items() {
		if c := item.(map[string]any); c["stands"] == true && c["purpose"] == purpose {
			return c["decision"].(string)
		}
	}
	return ""
}

// idsOf are the ids of a list.
func (a answer) ids() (ids []string) {
	a.t.Helper()
	for _, item := range a.want(200).items() {
		ids = append(ids, item.(map[string]any)["id"].(string))
	}
	slices.Sort(ids)
	return ids
}

func (a answer) warned() (codes string) {
	a.t.Helper()
	list, _ := a.at("warnings").([]any)
	for _, warning := range list {
		codes += warning.(map[string]any)["code"].(string) + " "
	}
	return strings.TrimSpace(codes)
}

// Two records of one person become one: everything is found under the one that is kept, and the other's id leads there.
func TestTwoRecordsOfOnePersonBecomeOne(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	kept, firstEpisode := w.supported()
	again := lw.post("/patients", `{"given_name":"Marigold","family_name":"Secondname","birth_date":"1950-04-01",
		"nhs_number":"9434765919","email":"marigold@example.org","gender":"female",
		"external_ids":[{"system":"emis","value":"A-77"}]}`).made()
	lw.patch("/patients/"+kept, `"1"`, `{"external_ids":[{"system":"emis","value":"A-11"}]}`).want(200)
	w.consent(again, "share_with_organisations", "given")
	w.consent(again, "follow_up_contact", "given")
	secondEpisode := w.episode(again)
	referral := w.refer(secondEpisode)
	reply := lw.post("/referrals/"+referral+"/reply-link", "").want(201).text("url")
	w.ons4(secondEpisode, "baseline", w.daysAgo(25), 4, 5, 3, 8).made()
	followUp := lw.get("/follow-ups?episode_id=" + secondEpisode).want(200).text("items.0.id")

	done := w.merge(again, kept).want(200)
	if done.text("id") != kept || done.text("merged_ids.0") != again || done.text("merge.state") != "done" ||
		done.warned() != "open_episode_exists" {
		t.Errorf("the answer: %s", done.body)
	}
	if done.text("nhs_number") != "9434765919" || done.text("email") != "marigold@example.org" ||
		done.text("gender") != "female" || done.text("phone") != "+447700900001" {
		t.Errorf("what the record lacked: %s", done.body)
	}
	if got := fmt.Sprint(done.at("merge.filled")); got != "[nhs_number gender email]" {
		t.Errorf("filled says %s", got)
	}
	read := lw.get("/patients/" + again).want(200)
	if read.text("id") != kept || read.header.Get("Content-Location") != "/v1/patients/"+kept {
		t.Errorf("the other id answers %s at %q", read.body, read.header.Get("Content-Location"))
	}
	if own := lw.get("/patients/" + kept).want(200); own.header.Get("Content-Location") != "" ||
		own.header.Get("ETag") != read.header.Get("ETag") {
		t.Errorf("the record itself: %v", own.header)
	}
	for name, got := range map[string]string{
		"episode":   lw.get("/episodes/" + secondEpisode).want(200).text("patient_id"),
		"referral":  lw.get("/referrals/" + referral).want(200).text("patient_id"),
		"follow-up": lw.get("/follow-ups/" + followUp).want(200).text("patient_id"),
	} {
		if got != kept {
			t.Errorf("the %s is %s's", name, got)
		}
	}
	both := []string{firstEpisode, secondEpisode}
	slices.Sort(both)
	for _, id := range []string{kept, again} {
		if got := lw.get("/episodes?patient_id=" + id).ids(); !slices.Equal(got, both) {
			t.Errorf("episodes of %s: %v", id, got)
		}
		timeline := string(lw.get("/patients/" + id + "/timeline?limit=200").want(200).body)
		for _, of := range []string{firstEpisode, secondEpisode, referral, kept, again, "patient.merged", "reply_link_ended"} {
			if !strings.Contains(timeline, of) {
				t.Errorf("the timeline of %s lacks %s", id, of)
			}
		}
		if n := len(lw.get("/patients/" + id + "/consents").want(200).items()); n != 3 {
			t.Errorf("%d consents of %s", n, id)
		}
	}
	for _, search := range []string{
		`{"external_id":{"system":"emis","value":"A-77"}}`, `{"external_id":{"system":"emis","value":"A-11"}}`,
		`{"nhs_number":"9434765919"}`, `{"q":"a-77"}`,
	} {
		if got := lw.post("/patients/search", search).ids(); !slices.Equal(got, []string{kept}) {
			t.Errorf("%s finds %v", search, got)
		}
	}
	for _, search := range []string{`{"q":"secondname"}`, `{"q":"marigold secondname 1/4/50"}`, `{"q":"marigold@example.org"}`,
		`{"family_name":"Secondname","birth_date":"1950-04-01"}`} {
		found := lw.post("/patients/search", search)
		found.hides(again + `","site_id`)
		former := strings.Contains(string(found.body), "former_record")
		if got := found.ids(); !slices.Equal(got, []string{kept}) || former != strings.Contains(strings.ToLower(search), "secondname") {
			t.Errorf("%s finds %s", search, found.body)
		}
	}
	if got := lw.get("/worklists/caseload?q=secondname").want(200).number("count"); got != 2 {
		t.Errorf("the caseload has %v by the other name", got)
	}
	alike := lw.post("/patients", `{"given_name":"Marigold","family_name":"Secondname","birth_date":"1950-04-01"}`).want(201)
	if alike.text("possible_duplicates.0.patient_id") != kept || len(alike.at("possible_duplicates").([]any)) != 1 ||
		!strings.Contains(string(alike.body), `"former_record"`) {
		t.Errorf("by the other name is proposed: %s", alike.body)
	}
	if got := lw.get(pairs).pairs(); !slices.Equal(got, []string{alike.text("id") + " " + kept}) {
		t.Errorf("the pairs: %v", got)
	}
	lw.patch("/patients/"+kept, done.header.Get("ETag"), `{"phone":"07700 900222"}`)
	w.compare()
	if got := lw.get(pairs).pairs(); !slices.Equal(got, []string{alike.text("id") + " " + kept}) {
		t.Errorf("the pairs after a change and the job: %v", got)
	}
	lw.post("/patients", `{"given_name":"Heather","birth_date":"1930-01-01","nhs_number":"9434765919"}`).
		problem(409, "conflict", "9434765919")
	if page := w.anybody().get(strings.TrimPrefix(reply, w.url)); strings.Contains(string(page.body), "Lives alone") {
		t.Errorf("the link still answers: %s", page.body)
	}
	feed := string(lw.get("/events?types=patient.merged").want(200).body)
	if !strings.Contains(feed, again) || strings.Contains(feed, "recorded twice") {
		t.Errorf("the feed: %s", feed)
	}
}

// Whatever would write to the record that was merged away is refused, and told where to write.
func TestWritingToAMergedRecordNamesTheOneThatIsKept(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	kept, away, third := w.patient(), w.patient(), w.patient()
	w.merge(away, kept).want(200)
	for name, refused := range map[string]answer{
		"change": lw.patch("/patients/"+away, `"1"`, `{"phone":null}`),
		"consent": lw.post("/patients/"+away+"/consents", fmt.Sprintf(
			`{"purpose":"research","decision":"given","decided_on":%q}`, w.today())),
		"episode": lw.post("/episodes", fmt.Sprintf(`{"patient_id":%q,"source":"gp","received_on":%q,
			"needs":{"primary":"food"}}`, away, w.today())),
		"intake": lw.post("/intakes", fmt.Sprintf(`{"patient_id":%q,"episode":{"source":"gp","received_on":%q,
			"needs":{"primary":"food"}}}`, away, w.today())),
		"merge of it":        w.merge(away, third),
		"merge into it":      w.merge(third, away),
		"a ring":             w.merge(kept, away),
		"the same again":     w.merge(away, kept),
		"not a duplicate":    lw.post("/patients/"+away+"/not-duplicate", fmt.Sprintf(`{"other_patient_id":%q}`, third)),
		"not a duplicate of": lw.post("/patients/"+third+"/not-duplicate", fmt.Sprintf(`{"other_patient_id":%q}`, away)),
	} {
		if got := refused.problem(409, "conflict", "Marigold", "recorded twice").text("merged_into_id"); got != kept {
			t.Errorf("%s names %s", name, got)
		}
	}
	w.merge(kept, third).want(200)
	if got := w.merge(away, kept).problem(409, "conflict").text("merged_into_id"); got != third {
		t.Errorf("after another merge it names %s", got)
	}
	if got := lw.get("/patients/" + away).want(200).text("id"); got != third {
		t.Errorf("after another merge it answers %s", got)
	}
	if got := fmt.Sprint(lw.get("/patients/" + third).at("merged_ids")); got != fmt.Sprint([]any{kept, away}) {
		t.Errorf("merged_ids are %s", got)
	}
}

func TestMergesThatCannotBe(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	here, other := w.patient(), w.patient()
	w.merge(here, here).problem(422, "invalid", here)
	w.merge(here, nobody()).problem(404, "not_found")
	w.merge(nobody(), here).problem(404, "not_found")
	away := w.as("other_site_link_worker").post("/patients", `{"given_name":"Marigold","birth_date":"1950-04-01"}`).made()
	w.merge(here, away).problem(404, "not_found", away)
	w.merge(away, here).problem(404, "not_found", away)
	w.keys["both"] = w.key("site_manager", fmt.Sprintf(`"site_ids":[%q,%q]`, w.site, w.other))
	w.as("both").post("/patients/"+here+"/merge", fmt.Sprintf(`{"into_patient_id":%q,%s}`, away, why)).problem(422, "invalid", away)
	w.as("both").post("/patients/"+here+"/not-duplicate", fmt.Sprintf(`{"other_patient_id":%q}`, away)).problem(422, "invalid", away)
	lw.post("/patients/"+here+"/merge", fmt.Sprintf(`{"into_patient_id":%q,"reason":" "}`, other)).problem(422, "invalid")
	lw.post("/patients/"+here+"/not-duplicate", fmt.Sprintf(`{"other_patient_id":%q}`, here)).problem(422, "invalid")
	w.unmerge(here, "").problem(409, "conflict")
	w.unmerge(nobody(), "").problem(404, "not_found")
	for _, role := range []string{"organisation", "dashboard", "researcher", "data_steward", "administrator"} {
		w.as(role).post("/patients/"+here+"/merge", fmt.Sprintf(`{"into_patient_id":%q,%s}`, other, why)).problem(403, "forbidden")
	}
	w.merge(here, other).want(200)
	w.as("other_site_link_worker").post("/patients/"+here+"/merge/undo", `{"reason":"No."}`).problem(404, "not_found")
	if n := len(w.as("other_site_link_worker").get("/merges").want(200).items()); n != 0 {
		t.Errorf("another site sees %d merges", n)
	}
	w.as("site_manager").post("/patients/"+here+"/merge/undo", `{"reason":"They are two."}`).want(200)
}

// A refusal on either record stands until the person is asked again, however old it is, and each has their own back after
// an undo.
func TestARefusalOutlivesAMerge(t *testing.T) {
	w := newWorld(t)
	for _, refusedBySurvivor := range []bool{false, true} {
		agreed, refused := w.patient(), w.patient()
		w.decideOn(agreed, "research", "given", w.daysAgo(5))
		w.decideOn(agreed, "recontact", "given", w.daysAgo(9))
		w.decideOn(refused, "research", "declined", w.daysAgo(40))
		w.decideOn(refused, "recontact", "given", w.daysAgo(8))
		w.decideOn(refused, "follow_up_contact", "not_asked", w.daysAgo(3))
		w.decideOn(agreed, "follow_up_contact", "given", w.daysAgo(30))
		from, into := refused, agreed
		if refusedBySurvivor {
			from, into = agreed, refused
		}
		w.merge(from, into).want(200)
		for purpose, want := range map[string]string{"research": "declined", "recontact": "given", "follow_up_contact": "given"} {
			if got := w.standing(into, purpose); got != want {
				t.Errorf("%s after the merge: %q", purpose, got)
			}
		}
		late := w.decideOn(into, "research", "given", w.daysAgo(60)) // before the refusal, and recorded only now
		if w.standing(into, "research") != "declined" || late.warned() != "does_not_stand" {
			t.Error("an agreement from before the refusal stands")
		}
		asked := w.decideOn(into, "research", "given", w.today())
		if got := w.standing(into, "research"); got != "given" {
			t.Errorf("after the person was asked again: %q", got)
		}
		w.unmerge(from, fmt.Sprintf(`{"kind":"consent","id":%q,"to":"survivor"},{"kind":"consent","id":%q,"to":"merged"}`,
			late.text("id"), asked.text("id"))).want(200)
		wantOf := map[string]string{agreed: "given", refused: "declined"}
		wantOf[from] = "given" // who was asked
		for id, want := range wantOf {
			if got := w.standing(id, "research"); got != want {
				t.Errorf("after the undo, of %s: %q and not %q", id, got, want)
			}
		}
	}
}

// An undo gives back what moved, with what hangs on it since, and asks whose the rest is.
func TestAnUndoGivesBackAndAsks(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	kept, ownEpisode := w.supported()
	away := lw.post("/patients", `{"given_name":"Primrose","family_name":"Example","birth_date":"1980-01-01",
		"nhs_number":"9434765919","external_ids":[{"system":"emis","value":"A-77"}]}`).made()
	w.consent(away, "share_with_organisations", "given")
	theirs := w.episode(away)
	w.merge(away, kept).want(200)

	referral := w.refer(theirs)
	contact := lw.post("/episodes/"+theirs+"/contacts", fmt.Sprintf(`{"on":%q,"mode":"telephone","kind":"support",
		"outcome":"spoke"}`, w.today())).made()
	later := w.episode(kept)
	consent := w.decideOn(kept, "research", "given", w.today()).text("id")

	refused := w.unmerge(away, "").problem(409, "conflict", "Primrose")
	if got := fmt.Sprint(refused.at("unassigned")); !strings.Contains(got, later) || !strings.Contains(got, consent) ||
		strings.Contains(got, theirs) || strings.Contains(got, ownEpisode) {
		t.Errorf("to be assigned: %s", got)
	}
	give := func(kind, id, to string) string { return fmt.Sprintf(`{"kind":%q,"id":%q,"to":%q}`, kind, id, to) }
	left := w.unmerge(away, give("episode", later, "merged")).problem(409, "conflict")
	if got := fmt.Sprint(left.at("unassigned")); strings.Contains(got, later) || !strings.Contains(got, consent) {
		t.Errorf("left to be assigned: %s", got)
	}
	for _, bad := range []string{
		give("episode", later, "merged") + "," + give("episode", later, "survivor") + "," + give("consent", consent, "merged"),
		give("episode", theirs, "merged") + "," + give("episode", later, "merged") + "," + give("consent", consent, "merged"),
		give("consent", later, "merged") + "," + give("consent", consent, "merged"),
		give("episode", later, "nobody"),
	} {
		w.unmerge(away, bad).problem(422, "invalid", later, theirs)
	}
	if got := lw.get("/patients/" + away).want(200).text("id"); got != kept {
		t.Fatal("something was undone that was refused")
	}

	back := w.unmerge(away, give("episode", later, "merged")+","+give("consent", consent, "survivor")).want(200)
	if back.text("id") != away || back.text("nhs_number") != "9434765919" || back.text("external_ids.0.value") != "A-77" ||
		back.text("merge.state") != "undone" {
		t.Errorf("who is back: %s", back.body)
	}
	survivor := lw.get("/patients/" + kept).want(200)
	if survivor.at("nhs_number") != nil || len(survivor.at("external_ids").([]any)) != 0 ||
		len(survivor.at("merged_ids").([]any)) != 0 {
		t.Errorf("who was kept: %s", survivor.body)
	}
	if got := lw.get("/episodes?patient_id=" + kept).ids(); !slices.Equal(got, []string{ownEpisode}) {
		t.Errorf("episodes of who was kept: %v", got)
	}
	if got := lw.get("/episodes?patient_id=" + away).ids(); len(got) != 2 {
		t.Errorf("episodes of who is back: %v", got)
	}
	if got := lw.get("/referrals/" + referral).want(200).text("patient_id"); got != away {
		t.Errorf("the referral is %s's", got)
	}
	if w.standing(kept, "research") != "given" || w.standing(away, "research") != "" {
		t.Error("the consent went to the other")
	}
	own := string(lw.get("/patients/" + kept + "/timeline?limit=200").want(200).body)
	others := string(lw.get("/patients/" + away + "/timeline?limit=200").want(200).body)
	for _, id := range []string{referral, contact, later} {
		if strings.Contains(own, id) || !strings.Contains(others, id) {
			t.Errorf("%s stands on the wrong timeline", id)
		}
	}
	for _, id := range []string{ownEpisode, consent} {
		if !strings.Contains(own, id) || strings.Contains(others, id) {
			t.Errorf("%s stands on the wrong timeline", id)
		}
	}
	if got := lw.post("/patients/search", `{"q":"primrose"}`).ids(); !slices.Equal(got, []string{away}) {
		t.Errorf("a search finds %v", got)
	}
	if got := lw.get("/events?types=patient.unmerged").want(200).items(); len(got) != 1 {
		t.Errorf("the feed has %d", len(got))
	}
	w.merge(away, kept).want(200)
}

func TestTheNewestMergeIsUndoneFirst(t *testing.T) {
	w := newWorld(t)
	a, b, c, d := w.patient(), w.patient(), w.patient(), w.patient()
	w.merge(a, b).want(200)
	w.merge(b, c).want(200)
	w.merge(d, c).want(200)
	for _, step := range []struct{ undo, first string }{{a, d}, {b, d}, {d, ""}, {a, b}, {b, ""}, {a, ""}} {
		got := w.unmerge(step.undo, "")
		if step.first == "" {
			got.want(200)
		} else if named := got.problem(409, "conflict").text("undo_first_id"); named != step.first {
			t.Errorf("it names %s", named)
		}
	}
	w.unmerge(a, "").problem(409, "conflict")
}

// Two different NHS numbers are two people but for a mistake: a second person must say so too.
func TestTwoNumbersNeedASecondPerson(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	kept := lw.post("/patients", `{"given_name":"Marigold","birth_date":"1950-04-01","nhs_number":"9991000003"}`).made()
	away := lw.post("/patients", `{"given_name":"Marigold","birth_date":"1950-04-01","nhs_number":"9434765919"}`).made()
	asked := w.merge(away, kept).want(200)
	merge := asked.text("merge.id")
	if n := w.as("link_worker").listed("merges_to_confirm"); n != 1 {
		t.Errorf("%d merges wait", n)
	}
	if asked.text("merge.state") != "pending" || asked.text("id") != kept || len(asked.at("merged_ids").([]any)) != 0 ||
		asked.warned() != "needs_second_person" {
		t.Errorf("the answer: %s", asked.body)
	}
	if lw.get("/patients/"+away).want(200).text("id") != away {
		t.Error("something moved before the second person")
	}
	if again := w.merge(away, kept).want(200).text("merge.id"); again != merge {
		t.Error("asking twice makes two merges")
	}
	w.merge(kept, away).problem(409, "conflict")
	lw.post("/merges/"+merge+"/confirmation", "").problem(403, "forbidden")
	system := w.as("integration")
	system.with("Waypost-On-Behalf-Of", w.worker).post("/merges/"+merge+"/confirmation", "").problem(403, "forbidden")
	w.as("other_site_link_worker").post("/merges/"+merge+"/confirmation", "").problem(404, "not_found")
	w.as("other_site_link_worker").get("/merges/"+merge).problem(404, "not_found")
	w.as("administrator").post("/merges/"+merge+"/confirmation", "").problem(403, "forbidden")
	if got := lw.get("/merges?state=pending").ids(); !slices.Equal(got, []string{merge}) {
		t.Errorf("waiting: %v", got)
	}

	lw.post("/patients/"+kept+"/not-duplicate", fmt.Sprintf(`{"other_patient_id":%q}`, away)).want(200)
	w.as("site_manager").post("/merges/"+merge+"/confirmation", "").problem(409, "conflict")
	if got := lw.get("/merges/" + merge).want(200).text("state"); got != "given_up" {
		t.Errorf("said to be two people, it is %s", got)
	}

	merge = w.merge(away, kept).want(200).text("merge.id")
	done := w.as("site_manager").post("/merges/"+merge+"/confirmation", "").want(200)
	if done.text("id") != kept || done.text("merged_ids.0") != away || done.text("nhs_number") != "9991000003" ||
		done.text("merge.confirmed_by.role") != "site_manager" {
		t.Errorf("confirmed: %s", done.body)
	}
	w.as("site_manager").post("/merges/"+merge+"/confirmation", "").problem(409, "conflict")
	if got := lw.post("/patients/search", `{"nhs_number":"9434765919"}`).ids(); !slices.Equal(got, []string{kept}) {
		t.Errorf("the other number finds %v", got)
	}
	named := lw.post("/patients", `{"given_name":"Heather","birth_date":"1930-01-01","nhs_number":"9434765919"}`).
		problem(409, "conflict", "9434765919")
	if named.text("possible_duplicates.0.patient_id") != kept {
		t.Errorf("the other number names %s", named.body)
	}
	other := w.patient()
	named = lw.patch("/patients/"+other, `"1"`, `{"nhs_number":"9434765919"}`).problem(409, "conflict", "9434765919")
	if named.text("possible_duplicates.0.patient_id") != kept {
		t.Errorf("giving it to somebody else names %s", named.body)
	}
	w.unmerge(away, "").want(200)
	if got := lw.get("/patients/" + away).want(200).text("nhs_number"); got != "9434765919" {
		t.Errorf("the number after the undo: %s", got)
	}

	// one system that acts for two link workers acts for two people
	colleague := w.as("administrator").post("/link-workers",
		fmt.Sprintf(`{"site_id":%q,"name":"Kim Other","email":"other@example.org"}`, w.site)).made()
	merge = system.with("Waypost-On-Behalf-Of", w.worker).post("/patients/"+away+"/merge",
		fmt.Sprintf(`{"into_patient_id":%q,%s}`, kept, why)).want(200).text("merge.id")
	system.post("/merges/"+merge+"/confirmation", "").problem(403, "forbidden")
	lw.post("/merges/"+merge+"/confirmation", "").problem(403, "forbidden")
	done = system.with("Waypost-On-Behalf-Of", colleague).post("/merges/"+merge+"/confirmation", "").want(200)
	if done.text("merge.requested_by.link_worker_id") != w.worker || done.text("merge.confirmed_by.link_worker_id") != colleague {
		t.Errorf("who asked, and who confirmed: %s", done.body)
	}
}

// Somebody who died is merged as anybody, and both records say so from then on; an undo gives each their own back.
func TestWhoDiedIsMergedWithAWarning(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	kept, _ := w.supported()
	away := lw.post("/patients", `{"given_name":"Marigold","birth_date":"1951"}`).made()
	lw.patch("/patients/"+away, `"1"`, fmt.Sprintf(`{"died_on":%q}`, w.daysAgo(2))).want(200)
	done := w.merge(away, kept).want(200)
	if done.warned() != "person_died birth_dates_differ" || done.text("died_on") != w.daysAgo(2) ||
		done.text("birth_date") != "1950-04-01" {
		t.Errorf("the answer: %s", done.body)
	}
	list := lw.get("/worklists/caseload").want(200)
	if got := list.text("items.0.next_due.what"); got != "closure" {
		t.Errorf("the caseload says %s", got)
	}
	w.unmerge(away, "").want(200)
	if a, b := lw.get("/patients/"+kept).at("died_on"), lw.get("/patients/"+away).at("died_on"); a != nil || b == nil {
		t.Errorf("after the undo: %v, %v", a, b)
	}
	year := lw.post("/patients", `{"given_name":"Marigold","birth_date":"1950"}`).made()
	if got := w.merge(year, kept).want(200).warned(); got != "" {
		t.Errorf("a year that fits: %s", got)
	}
	w.unmerge(year, "").want(200)
	unknown := lw.post("/patients", `{"given_name":"Marigold","birth_date_unknown":true}`).made()
	if got := w.merge(kept, unknown).want(200).text("birth_date"); got != "1950-04-01" {
		t.Errorf("the date of birth that was not known: %s", got)
	}
	w.unmerge(kept, "").want(200)
	if got := lw.get("/patients/" + unknown).want(200); got.at("birth_date") != nil || got.at("birth_date_unknown") != true {
		t.Errorf("after the undo: %s", got.body)
	}
}

// The second person is not got around by taking a number away, before or while the merge waits.
func TestAFormerNumberNeedsASecondPerson(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	kept := lw.post("/patients", `{"given_name":"Marigold","birth_date":"1950-04-01","nhs_number":"9991000003"}`).made()
	away := lw.post("/patients", `{"given_name":"Marigold","birth_date":"1950-04-01","nhs_number":"9434765919"}`).made()
	merge := w.merge(away, kept).want(200).text("merge.id")
	for _, id := range []string{away, kept} {
		for _, number := range []string{`null`, `"9434765870"`} {
			lw.patch("/patients/"+id, `"1"`, `{"nhs_number":`+number+`}`).problem(409, "conflict", "9434765919")
		}
	}
	lw.patch("/patients/"+away, `"1"`, `{"phone":"07700 900123"}`).want(200)
	lw.post("/patients/"+kept+"/not-duplicate", fmt.Sprintf(`{"other_patient_id":%q}`, away)).want(200)
	lw.patch("/patients/"+away, `"2"`, `{"nhs_number":null}`).want(200)
	for from, into := range map[string]string{away: kept, kept: away} {
		asked := w.merge(from, into).want(200)
		if asked.text("merge.state") != "pending" || asked.warned() != "needs_second_person" {
			t.Errorf("with a former number: %s", asked.body)
		}
		merge = asked.text("merge.id")
		lw.post("/patients/"+kept+"/not-duplicate", fmt.Sprintf(`{"other_patient_id":%q}`, away)).want(200)
	}
	// of a record that was merged into it, too
	third := lw.post("/patients", `{"given_name":"Marigold","birth_date":"1950-04-01"}`).made()
	if done := w.merge(away, third).want(200); done.text("merge.state") != "done" {
		t.Errorf("one number alone: %s", done.body)
	}
	if asked := w.merge(third, kept).want(200); asked.text("merge.state") != "pending" {
		t.Errorf("the number of a record that was merged: %s", asked.body)
	} else {
		merge = asked.text("merge.id")
	}
	lw.post("/patients/"+kept+"/entered-in-error", because).want(200)
	if got := lw.get("/merges/" + merge).want(200).text("state"); got != "given_up" {
		t.Errorf("one of the two in error, it is %s", got)
	}
}
