package api_test

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"testing"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// decide records a decision of some days ago; replaces may name an earlier one.
func (w *world) decide(patient, purpose, decision string, daysAgo int, replaces string) answer {
	w.t.Helper()
	more := ""
	switch {
	case decision == "not_obtained":
		more = `,"reason":"There was no time"`
	case decision == "withdrawn" && purpose == "research":
		more = `,"withdrawal":"stop_contact_keep_data"`
	}
	if replaces != "" {
		more += fmt.Sprintf(`,"replaces":%q`, replaces)
	}
	return w.as("link_worker").post("/patients/"+patient+"/consents",
		fmt.Sprintf(`{"purpose":%q,"decision":%q,"decided_on":%q%s}`, purpose, decision, w.daysAgo(daysAgo), more))
}

// Not asking is not an answer, and of one day a refusal stands, whatever was recorded first.
func TestWhichConsentStands(t *testing.T) {
	w := newWorld(t)
	type said struct {
		decision string
		daysAgo  int
		replaces int // which of the list before it, counted from 1
	}
	for _, c := range []struct {
		what   string
		said   []said
		stands int // which of them, counted from 1
		state  string
	}{
		{"not asked after given", []said{{"given", 3, 0}, {"not_asked", 1, 0}}, 1, "due"},
		{"not obtained after given", []said{{"given", 3, 0}, {"not_obtained", 1, 0}}, 1, "due"},
		{"not asked after declined", []said{{"declined", 3, 0}, {"not_asked", 1, 0}}, 1, "paused"},
		{"not obtained after withdrawn", []said{{"given", 3, 0}, {"withdrawn", 2, 0}, {"not_obtained", 1, 0}}, 2, "paused"},
		{"not obtained before given", []said{{"not_obtained", 3, 0}, {"given", 1, 0}}, 2, "due"},
		{"not obtained alone", []said{{"not_obtained", 1, 0}}, 1, "paused"},
		{"not asked after not obtained", []said{{"not_obtained", 2, 0}, {"not_asked", 1, 0}}, 1, "paused"},
		{"not asked alone", []said{{"not_asked", 1, 0}}, 1, "due"},
		{"not asked twice", []said{{"not_asked", 2, 0}, {"not_asked", 1, 0}}, 2, "due"},
		{"declined after given, of one day", []said{{"given", 1, 0}, {"declined", 1, 0}}, 2, "paused"},
		{"given after declined, of one day", []said{{"declined", 1, 0}, {"given", 1, 0}}, 1, "paused"},
		{"given after declined, of one day, naming it", []said{{"declined", 1, 0}, {"given", 1, 1}}, 2, "due"},
		{"given naming one of two refusals", []said{{"declined", 1, 0}, {"withdrawn", 1, 0}, {"given", 1, 2}}, 1, "paused"},
		{"declined after what named a refusal", []said{{"declined", 1, 0}, {"given", 1, 1}, {"declined", 1, 0}}, 3, "paused"},
		{"given on a later day", []said{{"declined", 2, 0}, {"given", 1, 0}}, 2, "due"},
		{"given, recorded late", []said{{"declined", 1, 0}, {"given", 2, 0}}, 1, "paused"},
		{"in their best interests", []said{{"declined", 2, 0}, {"best_interests", 1, 0}}, 2, "due"},
	} {
		patient, episode := w.supported()
		w.ons4(episode, "baseline", w.daysAgo(29), 4, 5, 3, 8).want(201)
		var ids []string
		var last answer
		for _, s := range c.said {
			replaces := ""
			if s.replaces > 0 {
				replaces = ids[s.replaces-1]
			}
			last = w.decide(patient, "follow_up_contact", s.decision, s.daysAgo, replaces)
			ids = append(ids, last.made())
		}
		if stands := last.at(
			"stands",
		) == true; stands != (c.stands == len(ids)) ||
			stands == strings.Contains(string(last.body), "does_not_stand") {
			t.Errorf("%s: the last answer is %s", c.what, last.body)
		}
		for _, i := range w.as("link_worker").get("/patients/" + patient + "/consents").want(200).items() {
			consent := i.(object)
			if consent["purpose"] == "follow_up_contact" &&
				consent["stands"].(bool) != (consent["id"] == ids[c.stands-1]) {
				t.Errorf(
					"%s: %s of %s: stands is %v",
					c.what,
					consent["decision"],
					consent["decided_on"],
					consent["stands"],
				)
			}
		}
		state := w.as("link_worker").get("/follow-ups?episode_id=" + episode).text("items.0.state")
		if want := strings.Replace(c.state, "due", "upcoming", 1); state != want {
			t.Errorf("%s: the follow-up is %s, want %s", c.what, state, want)
		}
	}
}

func TestWhatAConsentMayReplace(t *testing.T) {
	w := newWorld(t)
	patient, other := w.patient(), w.patient()
	refusal := w.decide(patient, "research", "declined", 2, "").made()
	for what, made := range map[string]answer{
		"somebody else's":      w.decide(other, "research", "given", 1, refusal),
		"of another purpose":   w.decide(patient, "recontact", "given", 1, refusal),
		"of a later day":       w.decide(patient, "research", "given", 3, refusal),
		"by not asking":        w.decide(patient, "research", "not_asked", 1, refusal),
		"by an answer not had": w.decide(patient, "research", "not_obtained", 1, refusal),
		"nothing":              w.decide(patient, "research", "given", 1, nobody()),
	} {
		if made.problem(422, "invalid").text("errors.0.location") != "body.replaces" {
			t.Errorf("%s: %s", what, made.body)
		}
	}
	if made := w.decide(
		patient,
		"research",
		"given",
		2,
		refusal,
	); made.text("replaces") != refusal ||
		made.at("stands") != true {
		t.Errorf("%s", made.body)
	}
}

// Nobody decides for somebody else on research. What an older version took counts as not asked.
func TestBestInterestsAreNotForResearch(t *testing.T) {
	s := newResearchWorld(t)
	patients := s.people(12)
	patient := patients[0]
	for _, purpose := range []string{"research", "recontact", "share_my_words"} {
		s.decide(patient, purpose, "best_interests", 0, "").problem(422, "invalid")
	}
	s.decide(patient, "share_with_organisations", "best_interests", 0, "").want(201)
	never := s.as("link_worker").post("/patients", `{"given_name":"Marigold","family_name":"Example",
		"birth_date":"1950-04-01"}`).made()
	s.ons4(s.episode(never), "baseline", s.today(), 4, 5, 5, 5).want(201)
	enrolled := func() string {
		return s.value(
			"select string_agg(c.patient_id::text, ',') from standing_consents c where c.purpose = 'research' "+
				"and c.permits and c.patient_id::text in (?, ?)",
			patient,
			never,
		)
	}
	for _, p := range []string{patient, never} {
		s.recordAsBefore(p, "research", "best_interests")
	}
	if got := enrolled(); got != patient {
		t.Errorf("those who agreed to research are %q, want %q", got, patient)
	}
	dry := s.as("data_steward").post("/projects/"+s.project("")+"/releases", `{"dry_run":true}`).want(200)
	if dry.number("report.n") != 12 {
		t.Errorf("%v people are in the release, want 12: %s", dry.number("report.n"), dry.body)
	}
}

// recordAsBefore writes a consent as a process of an older version does during an upgrade.
func (w *world) recordAsBefore(patient, purpose, decision string) {
	w.t.Helper()
	err := w.db.Do(actor.With(w.t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		return tx.Exec(`insert into consents (site_id, id, patient_id, purpose, decision, decided_on,
			created_at, updated_at)
			values (?, ?, ?, ?, ?, ?, ?, ?)`, w.site, tx.NewID(), patient, purpose, decision, w.today(), tx.Now, tx.Now).Error
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// Of many consents recorded at once exactly one stands, and no one is refused for it.
func TestConsentsRecordedAtOnce(t *testing.T) {
	w := newWorld(t)
	patient := w.patient()
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			if i%3 == 0 {
				w.recordAsBefore(patient, "recontact", "given")
				return
			}
			w.decide(patient, "recontact", []string{"", "given", "declined"}[i%3], 0, "").want(201)
		})
	}
	all.Wait()
	count := "select count(*)::text || ' ' || min(decision) from consents where stands and purpose = 'recontact' " +
		"and patient_id::text = ?"
	if got := cmp.Or(w.value(count, patient), "none"); got != "1 declined" {
		t.Errorf("%s stand, want 1 declined", got)
	}
}

// A release counts who left since the one before it by what was known then: not asking again makes nobody
// leave, a refusal of the same day does.
func TestNobodyLeavesAReleaseByNotBeingAsked(t *testing.T) {
	s := newResearchWorld(t)
	patients := s.people(13)
	project := s.project("")
	s.release(project)
	s.decide(patients[0], "research", "not_asked", 0, "").want(201)
	s.decide(patients[1], "research", "not_obtained", 0, "").want(201)
	s.decide(patients[2], "research", "declined", 0, "").want(201)
	second := s.release(project)
	if second.number("report.n") != 12 || second.number("report.left") != 1 {
		t.Errorf("%s", second.body)
	}
}

// Of two consents that one intake holds, its answer says which one stands.
func TestAnIntakeSaysWhichConsentStands(t *testing.T) {
	w := newWorld(t)
	on := w.daysAgo(5)
	a := w.as("link_worker").post("/intakes", fmt.Sprintf(`{"patient":{"given_name":"Marigold",
		"family_name":"Example","birth_date":"1950-04-01"},
		"consents":[{"purpose":"share_with_organisations","decision":"given","decided_on":%q},
			{"purpose":"share_with_organisations","decision":"declined","decided_on":%q}],
		"episode":{"source":"gp","received_on":%q,"needs":{"primary":"food"}}}`, on, on, on)).want(201)
	if a.at("consents.0.stands") != false || a.at("consents.1.stands") != true ||
		!strings.Contains(string(a.body), "does_not_stand") {
		t.Errorf("%s", a.body)
	}
}
