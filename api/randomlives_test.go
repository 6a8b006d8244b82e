package api_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// modelPerson is a person of the model of random lives.
type modelPerson struct {
	id, surname string
	inError     bool
	into        int   // who they were merged into; -1: nobody
	merged      []int // who was merged into them, in that order
	passed      bool  // to the other site
}

// modelEpisode is an episode of the model: what stands of it.
type modelEpisode struct {
	id, followUp, baseline string
	contacts               []modelContact
	person                 int
	worker                 int
	inError, fell          bool // by itself, or with the person
	closed                 bool
	lost                   bool // its follow-up, as it was closed
	noBaseline             bool // it is in error
	noFollowUp             bool // it fell with the baseline
	completed, wasWrong    bool // completed; the completion that was recorded last is in error
}

type modelContact struct {
	id      string
	inError bool
}

func (e *modelEpisode) stands() bool { return !e.inError && !e.fell }

// lifeMerge is a merge, with the places of the episodes that moved.
type lifeMerge struct {
	from, into int
	episodes   []int
}

// lives is a world with its model. Each operation changes both, where the model says that it may.
type lives struct {
	researchWorld
	project  string // of the releases
	rnd      *rand.Rand
	people   []modelPerson
	episodes []modelEpisode
	workers  []string // their ids
	merges   []lifeMerge
}

const because = `{"reason":"The wrong one"}`

func newLives(t *testing.T, seed uint64) *lives {
	w := newResearchWorld(t)
	l := &lives{researchWorld: w, rnd: rand.New(rand.NewPCG(seed, 19))}
	l.project = w.as("data_steward").post("/projects", strings.Replace(
		w.study(`,"setting_reason":"Nothing can be taken out"`), "outside", "safe_setting", 1)).made()
	l.workers = []string{w.worker, w.colleague("Kim Other")}
	lw := w.as("link_worker")
	for i := range 5 {
		surname := "Life" + strings.Repeat(string(rune('a'+i)), 5)
		p := lw.post("/patients", fmt.Sprintf(`{"given_name":"Marigold","family_name":%q,"birth_date":"19%d0-04-01"}`, surname, 4+i)).made()
		w.consent(p, "share_with_organisations", "given")
		w.consent(p, "research", "given")
		l.people = append(l.people, modelPerson{id: p, surname: surname, into: -1})
		for range 1 + i%2 {
			e := modelEpisode{id: w.episode(p), person: i}
			e.baseline = w.ons4(e.id, "baseline", w.daysAgo(25), 4, 5, 3, 8).made()
			w.refer(e.id)
			e.followUp = lw.get("/follow-ups?episode_id=" + e.id).want(200).text("items.0.id")
			l.episodes = append(l.episodes, e)
		}
	}
	w.advance("P10M")
	return l
}

// A list of lives in which anything can happen: mistakes and their undoing, merges, handovers, a transfer. After each step
// figures, lists and timelines say what a simple model says; now and then, and at last, a release of data does.
func TestRandomLivesAgreeWithAModel(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			l := newLives(t, seed)
			steps := []func() string{
				l.episodeInError, l.personInError, l.baselineInError, l.complete, l.completionInError, l.contact,
				l.contactInError, l.merge, l.unmerge, l.handOver, l.pass,
			}
			var done []string
			for i := range 50 {
				if what := steps[l.rnd.IntN(len(steps))](); what != "" {
					done = append(done, what)
					if !l.agrees() {
						t.Fatalf("after %s", strings.Join(done, ", "))
					}
				}
				if i%10 == 9 && !l.releaseAgrees() {
					t.Fatalf("the release after %s", strings.Join(done, ", "))
				}
			}
			if len(done) < 20 {
				t.Errorf("only %d steps were possible: %v", len(done), done)
			}
		})
	}
}

// pick is the place of a random one for which the condition holds; -1: there is none.
func pick[T any](l *lives, list []T, is func(*T) bool) int {
	var fit []int
	for i := range list {
		if is(&list[i]) {
			fit = append(fit, i)
		}
	}
	if len(fit) == 0 {
		return -1
	}
	return fit[l.rnd.IntN(len(fit))]
}

// toggle enters a thing in error, or restores it.
func (l *lives) toggle(at string, inError bool) bool {
	if inError {
		l.as("site_manager").post(at+"/entered-in-error/undo", because).want(200)
	} else {
		l.as("site_manager").post(at+"/entered-in-error", because).want(200)
	}
	return !inError
}

func (l *lives) episodeInError() string {
	i := pick(l, l.episodes, func(e *modelEpisode) bool { return !e.fell })
	if i < 0 {
		return ""
	}
	e := &l.episodes[i]
	if l.people[e.person].inError {
		l.as("site_manager").post("/episodes/"+e.id+"/entered-in-error/undo", because).problem(409, "conflict")
		return ""
	}
	e.inError = l.toggle("/episodes/"+e.id, e.inError)
	return fmt.Sprintf("episode %d in error %v", i, e.inError)
}

func (l *lives) personInError() string {
	i := pick(l, l.people, func(p *modelPerson) bool {
		return p.into < 0 && len(p.merged) == 0 && (p.inError || l.rnd.IntN(3) == 0)
	})
	if i < 0 {
		return ""
	}
	p := &l.people[i]
	p.inError = l.toggle("/patients/"+p.id, p.inError)
	for k := range l.episodes {
		if e := &l.episodes[k]; e.person == i && !e.inError {
			e.fell = p.inError
		}
	}
	return fmt.Sprintf("person %d in error %v", i, p.inError)
}

func (l *lives) baselineInError() string {
	i := pick(l, l.episodes, (*modelEpisode).stands)
	if i < 0 {
		return ""
	}
	e := &l.episodes[i]
	e.noBaseline = l.toggle("/assessments/"+e.baseline, e.noBaseline)
	if e.noBaseline && !e.completed && !e.lost { // no attempt is recorded of any
		e.noFollowUp = true
	} else if !e.noBaseline {
		e.noFollowUp = false
	}
	return fmt.Sprintf("baseline of %d in error %v", i, e.noBaseline)
}

func (l *lives) complete() string {
	i := pick(l, l.episodes, func(e *modelEpisode) bool { return e.stands() && !e.noFollowUp && !e.completed && !e.closed })
	if i < 0 {
		return ""
	}
	e := &l.episodes[i]
	l.as("site_manager").post("/follow-ups/"+e.followUp+"/completion", fmt.Sprintf(`{"completed_on":%q,"mode":"telephone",
		"respondent":"self","how_have_you_been":"better","benefit":"a_lot","assessments":[{"instrument":"ons4",
		"responses":{%s}}]}`, l.today(), calm)).want(201)
	e.completed, e.wasWrong = true, false
	return fmt.Sprintf("%d completed", i)
}

func (l *lives) completionInError() string {
	i := pick(l, l.episodes, func(e *modelEpisode) bool { return e.stands() && !e.noFollowUp && (e.completed || e.wasWrong) })
	if i < 0 {
		return ""
	}
	e := &l.episodes[i]
	l.toggle("/follow-ups/"+e.followUp+"/completion", e.wasWrong)
	e.completed, e.wasWrong = e.wasWrong, e.completed
	return fmt.Sprintf("completion of %d in error %v", i, e.wasWrong)
}

func (l *lives) contact() string {
	i := pick(l, l.episodes, func(e *modelEpisode) bool { return e.stands() && !e.closed })
	if i < 0 {
		return ""
	}
	e := &l.episodes[i]
	id := l.as("site_manager").post("/episodes/"+e.id+"/contacts", fmt.Sprintf(
		`{"on":%q,"mode":"telephone","kind":"support","outcome":"spoke"}`, l.today())).made()
	e.contacts = append(e.contacts, modelContact{id: id})
	return fmt.Sprintf("contact of %d", i)
}

func (l *lives) contactInError() string {
	i := pick(l, l.episodes, func(e *modelEpisode) bool { return e.stands() && len(e.contacts) > 0 })
	if i < 0 {
		return ""
	}
	c := &l.episodes[i].contacts[l.rnd.IntN(len(l.episodes[i].contacts))]
	c.inError = l.toggle("/contacts/"+c.id, c.inError)
	return fmt.Sprintf("contact of %d in error %v", i, c.inError)
}

func (l *lives) merge() string {
	may := func(p *modelPerson) bool { return !p.inError && p.into < 0 && !p.passed }
	from, into := pick(l, l.people, may), pick(l, l.people, may)
	if from < 0 || from == into || l.rnd.IntN(2) == 0 {
		return ""
	}
	l.as("site_manager").post("/patients/"+l.people[from].id+"/merge",
		fmt.Sprintf(`{"into_patient_id":%q,"reason":"One person"}`, l.people[into].id)).want(200)
	m := lifeMerge{from: from, into: into}
	for k := range l.episodes {
		if e := &l.episodes[k]; e.person == from {
			e.person, m.episodes = into, append(m.episodes, k)
		}
	}
	l.people[from].into, l.merges = into, append(l.merges, m)
	l.people[into].merged = append(l.people[into].merged, from)
	return fmt.Sprintf("%d merged into %d", from, into)
}

// unmerge undoes a merge: the newest one into its record, as the rule is.
func (l *lives) unmerge() string {
	i := pick(l, l.merges, func(m *lifeMerge) bool {
		into := &l.people[m.into]
		return into.into < 0 && into.merged[len(into.merged)-1] == m.from && !into.passed
	})
	if i < 0 {
		return ""
	}
	m := l.merges[i]
	l.as("site_manager").post("/patients/"+l.people[m.from].id+"/merge/undo", `{"reason":"Two people"}`).want(200)
	for _, k := range m.episodes {
		l.episodes[k].person = m.from
	}
	into := &l.people[m.into]
	into.merged = into.merged[:len(into.merged)-1]
	l.people[m.from].into = -1
	l.merges = slices.Delete(l.merges, i, i+1)
	return fmt.Sprintf("merge of %d into %d undone", m.from, m.into)
}

// handOver gives all work of one worker to the other.
func (l *lives) handOver() string {
	from := l.rnd.IntN(2)
	if len(l.of(from)) == 0 {
		return ""
	}
	a := l.as("site_manager").post("/handovers", fmt.Sprintf(
		`{"from_link_worker_id":%q,"to_link_worker_id":%q,"reason":"On leave"}`, l.workers[from], l.workers[1-from])).want(201)
	if n := int(a.number("episodes")); n != len(l.of(from)) {
		l.t.Errorf("%d episodes are handed over, should be %d", n, len(l.of(from)))
	}
	for k := range l.episodes {
		if e := &l.episodes[k]; e.worker == from && e.stands() { // closed ones have a referral without an answer
			e.worker = 1 - from
		}
	}
	return fmt.Sprintf("work of %d handed over", from)
}

// pass passes a person to the other site.
func (l *lives) pass() string {
	i := pick(l, l.people, func(p *modelPerson) bool {
		return !p.inError && !p.passed && p.into < 0 && len(p.merged) == 0 && l.rnd.IntN(4) == 0
	})
	if i < 0 || !slices.ContainsFunc(l.episodes, func(e modelEpisode) bool { return e.person == i && e.stands() && !e.closed }) {
		return ""
	}
	p := &l.people[i]
	id := l.askTo(l.other, p.id).made()
	l.as("other_site_link_worker").post("/transfers/"+id+"/acceptance", `{}`).want(200)
	p.passed = true
	for k := range l.episodes {
		if e := &l.episodes[k]; e.person == i && e.stands() && !e.closed {
			e.closed, e.lost = true, !e.completed && !e.noFollowUp
		}
	}
	return fmt.Sprintf("person %d passed on", i)
}

// of is the open episodes of a worker that stand.
func (l *lives) of(worker int) (list []string) {
	for _, e := range l.episodes {
		if e.worker == worker && e.stands() && !e.closed {
			list = append(list, e.id)
		}
	}
	return list
}

// agrees compares figures, lists, timelines and searches with the model.
func (l *lives) agrees() bool {
	l.t.Helper()
	manager := l.as("site_manager")
	ok := true
	same := func(what string, got, want any) {
		l.t.Helper()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			ok = false
			l.t.Errorf("%s: %v, by the model %v", what, got, want)
		}
	}
	pairs, referrals := 0, 0
	for _, e := range l.episodes {
		if e.stands() {
			referrals++
			if !e.noBaseline && e.completed {
				pairs++
			}
		}
	}
	paired := 0.0
	if rows, _ := manager.get("/insights/outcomes").want(200).at("rows").([]any); len(rows) > 0 {
		paired = rows[0].(map[string]any)["paired_n"].(float64)
	}
	same("paired", paired, pairs)
	sent := 0.0
	if rows, _ := manager.get("/insights/referrals").want(200).at("rows").([]any); len(rows) > 0 {
		sent = rows[0].(map[string]any)["referrals"].(float64)
	}
	same("referrals", sent, referrals)
	for i, id := range l.workers {
		list := manager.get("/worklists/caseload?limit=200&link_worker_id=" + id).want(200)
		same(fmt.Sprintf("caseload of %d", i), list.number("count"), len(l.of(i)))
		for _, e := range l.of(i) {
			list.has(e)
		}
	}
	l.eachPerson(same)
	l.nothingIsLeftBehind()
	return ok && !l.t.Failed()
}

func (l *lives) eachPerson(same func(what string, got, want any)) {
	manager := l.as("site_manager")
	for i, p := range l.people {
		found := slices.Contains(l.find("site_manager", "Marigold "+p.surname), p.id)
		same(fmt.Sprintf("person %d is found", i), found, !p.inError && p.into < 0)
		if p.into >= 0 {
			continue
		}
		standing, all := 0, 0
		for _, e := range l.episodes {
			if e.person == i {
				all++
				if e.stands() {
					standing++
				}
			}
		}
		if !p.inError {
			same(fmt.Sprintf("episodes of %d", i), len(manager.get("/episodes?patient_id="+p.id).want(200).items()), standing)
		}
		timeline := string(manager.get("/patients/" + p.id + "/timeline?limit=200").want(200).body)
		if len(p.merged) == 0 && len(l.merges) == 0 && strings.Count(timeline, `"type"`) < 200 {
			same(fmt.Sprintf("episodes on the timeline of %d", i), strings.Count(timeline, `"episode.opened"`), all)
		}
	}
}

// releaseAgrees compares a release of data with the model.
func (l *lives) releaseAgrees() bool {
	l.t.Helper()
	const scores, rows = 4, 8 // of an assessment: a score for each of its four items; a row for each item and score
	want := map[string]int{}
	people := map[int]bool{}
	for _, e := range l.episodes {
		if !e.stands() {
			continue
		}
		people[e.person] = true
		want["episodes"]++
		want["referrals"]++
		if !e.noBaseline {
			want["assessments_long"] += rows
		}
		if e.noFollowUp {
			continue
		}
		want["follow_ups"]++
		if e.completed {
			want["assessments_long"] += rows
		}
		if !e.noBaseline {
			want["outcomes_paired"] += scores
			if e.completed {
				want["pairs"] += scores
			}
		}
	}
	want["participants"] = len(people)
	made := l.release(l.project)
	if made.text("state") != "ready" {
		if made.text("state") != "refused" || len(people) > 0 {
			l.t.Errorf("the release of %d people: %s", len(people), made.body)
		}
		return !l.t.Failed()
	}
	for _, name := range []string{"participants", "episodes", "referrals", "follow_ups", "outcomes_paired", "assessments_long"} {
		table := l.table(made, name)
		if len(table) != want[name] {
			l.t.Errorf("%s: %d rows, by the model %d", name, len(table), want[name])
		}
		if name == "outcomes_paired" {
			table = slices.DeleteFunc(table, func(row map[string]string) bool { return row["change"] == "" })
			if len(table) != want["pairs"] {
				l.t.Errorf("%d changes, by the model %d", len(table), want["pairs"])
			}
		}
	}
	return !l.t.Failed()
}
