package api_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// The model of merges: who has which thing, by their places in lists.
type mergeModel struct {
	people  []string
	into    map[int]int // who was merged away: into whom
	merges  []modelMerge
	things  []modelThing
	refuses []modelRefusal
}

// modelThing is a consent, an episode, or a referral, which has the owner of its episode.
type modelThing struct {
	kind, id string
	owner    int
	episode  int // of a referral: the place of its episode
	decision string
	daysAgo  int
}

type modelMerge struct {
	from, into int
	had        map[int]int // who had each thing before
}

// modelRefusal is that one consent outweighs another, since a merge.
type modelRefusal struct{ refusal, agreed, merge int }

func (m *mergeModel) root(p int) int {
	for {
		next, merged := m.into[p]
		if !merged {
			return p
		}
		p = next
	}
}

func (m *mergeModel) roots() (list []int) {
	for p := range m.people {
		if m.root(p) == p {
			list = append(list, p)
		}
	}
	return list
}

func (m *mergeModel) owner(t modelThing) int {
	if t.kind == "referral" {
		return m.things[t.episode].owner
	}
	return t.owner
}

func (m *mergeModel) of(kind string, owner int) (places []int) {
	for i, t := range m.things {
		if t.kind == kind && m.owner(t) == owner {
			places = append(places, i)
		}
	}
	return places
}

// stands is the consent to research that stands for somebody; -1: none does. Of two of one day a refusal does, and else the
// one that was recorded later.
func (m *mergeModel) stands(owner int) int {
	best := -1
	for _, i := range m.of("consent", owner) {
		outweighed := slices.ContainsFunc(m.refuses, func(r modelRefusal) bool {
			return r.agreed == i && m.things[r.refusal].owner == owner
		})
		if outweighed {
			continue
		}
		if best < 0 || m.things[i].daysAgo < m.things[best].daysAgo ||
			m.things[i].daysAgo == m.things[best].daysAgo && (m.things[best].decision == "given" || m.things[i].decision != "given") {
			best = i
		}
	}
	return best
}

func (m *mergeModel) merge(from, into int) {
	number := len(m.merges)
	done := modelMerge{from, into, map[int]int{}}
	for _, side := range [][2]int{{from, into}, {into, from}} {
		standing := m.stands(side[0])
		for _, i := range m.of("consent", side[1]) {
			if standing >= 0 && m.things[standing].decision == "declined" && m.things[i].decision == "given" {
				m.refuses = append(m.refuses, modelRefusal{standing, i, number})
			}
		}
	}
	for i := range m.things {
		if t := &m.things[i]; t.kind != "referral" && (t.owner == from || t.owner == into) {
			done.had[i], t.owner = t.owner, into
		}
	}
	m.into[from] = into
	m.merges = append(m.merges, done)
}

// newest is the place of the newest merge into a root; -1: there is none.
func (m *mergeModel) newest(root int) int {
	for i := len(m.merges) - 1; i >= 0; i-- {
		if m.root(m.merges[i].into) == root && m.merges[i].from >= 0 {
			return i
		}
	}
	return -1
}

// since are the things that came after a merge and hang on the person.
func (m *mergeModel) since(merge int) (places []int) {
	for i, t := range m.things {
		if _, had := m.merges[merge].had[i]; !had && t.kind != "referral" && t.owner == m.merges[merge].into {
			places = append(places, i)
		}
	}
	return places
}

func (m *mergeModel) undo(merge int, gone []int) {
	done := &m.merges[merge]
	for i, owner := range done.had {
		m.things[i].owner = owner
	}
	for _, i := range gone {
		m.things[i].owner = done.from
	}
	m.refuses = slices.DeleteFunc(m.refuses, func(r modelRefusal) bool { return r.merge == merge })
	delete(m.into, done.from)
	done.from = -1 // undone
}

// Merges and undos in any order, with work in between: at every step each person has what a simple model says.
func TestMergesAndUndosAgreeWithAModel(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t)
			r := rand.New(rand.NewPCG(seed, 19))
			m := &mergeModel{into: map[int]int{}}
			for range 5 {
				m.people = append(m.people, w.patient())
			}
			for _, id := range m.people {
				w.consent(id, "share_with_organisations", "given")
			}
			counts := map[string]int{}
			for step := range 70 {
				did := w.modelStep(m, r)
				counts[did]++
				if did == "refused" || t.Failed() {
					continue
				}
				w.agrees(m, r.IntN(len(m.people)))
				if step%10 == 9 {
					for p := range m.people {
						w.agrees(m, p)
					}
				}
			}
			if counts["merge"] < 5 || counts["undo"] < 3 || counts["refused"] < 1 {
				t.Errorf("too little happened: %v", counts)
			}
		})
	}
}

// modelStep does something that may happen, to the server and to the model.
func (w *world) modelStep(m *mergeModel, r *rand.Rand) string {
	w.t.Helper()
	roots := m.roots()
	who := roots[r.IntN(len(roots))]
	switch r.IntN(10) {
	case 0, 1:
		m.things = append(m.things, modelThing{kind: "episode", id: w.episode(m.people[who]), owner: who})
		return "episode"
	case 2, 3:
		c := modelThing{kind: "consent", owner: who, decision: []string{"given", "declined"}[r.IntN(2)], daysAgo: r.IntN(20)}
		c.id = w.decideOn(m.people[who], "research", c.decision, w.daysAgo(c.daysAgo)).text("id")
		m.things = append(m.things, c)
		return "consent"
	case 4:
		if episodes := m.of("episode", who); len(episodes) > 0 {
			at := episodes[r.IntN(len(episodes))]
			m.things = append(m.things, modelThing{kind: "referral", id: w.refer(m.things[at].id), episode: at})
		}
		return "referral"
	case 5, 6, 7:
		into := roots[r.IntN(len(roots))]
		if into == who {
			w.merge(m.people[who], m.people[who]).problem(422, "invalid")
			return "refused"
		}
		w.merge(m.people[who], m.people[into]).want(200)
		m.merge(who, into)
		return "merge"
	default:
		return w.modelUndo(m, r)
	}
}

func (w *world) modelUndo(m *mergeModel, r *rand.Rand) string {
	w.t.Helper()
	who := r.IntN(len(m.people))
	newest := m.newest(m.root(who))
	if newest >= 0 && r.IntN(3) > 0 { // most undos are in their turn
		who = m.merges[newest].from
	}
	if m.root(who) == who {
		w.unmerge(m.people[who], "").problem(409, "conflict")
		return "refused"
	}
	if from := m.merges[newest].from; from != who {
		if got := w.unmerge(m.people[who], "").problem(409, "conflict").text("undo_first_id"); got != m.people[from] {
			w.t.Errorf("it names %s", got)
		}
		return "refused"
	}
	since, assign, gone := m.since(newest), "", []int{}
	if len(since) > 0 {
		refused := w.unmerge(m.people[who], "").problem(409, "conflict")
		if n := len(refused.at("unassigned").([]any)); n != len(since) {
			w.t.Errorf("%d are to be assigned, and not %d", n, len(since))
		}
	}
	for _, i := range since {
		to := "survivor"
		if r.IntN(2) == 0 {
			to, gone = "merged", append(gone, i)
		}
		if assign != "" {
			assign += ","
		}
		assign += fmt.Sprintf(`{"kind":%q,"id":%q,"to":%q}`, m.things[i].kind, m.things[i].id, to)
	}
	w.unmerge(m.people[who], assign).want(200)
	m.undo(newest, gone)
	return "undo"
}

// agrees asks that the server says of somebody what the model does.
func (w *world) agrees(m *mergeModel, p int) {
	w.t.Helper()
	lw, root := w.as("link_worker"), m.root(p)
	if got := lw.get("/patients/" + m.people[p]).want(200).text("id"); got != m.people[root] {
		w.t.Errorf("person %d answers another one than %d", p, root)
	}
	var episodes, consents []string
	for _, i := range m.of("episode", root) {
		episodes = append(episodes, m.things[i].id)
	}
	for _, i := range m.of("consent", root) {
		consents = append(consents, m.things[i].id)
	}
	slices.Sort(episodes)
	slices.Sort(consents)
	if got := lw.get("/episodes?limit=200&patient_id=" + m.people[p]).ids(); !slices.Equal(got, episodes) {
		w.t.Errorf("episodes of %d: %v, and not %v", p, got, episodes)
	}
	standing, got := "", []string{}
	for _, item := range lw.get("/patients/" + m.people[p] + "/consents?limit=200").want(200).items() {
		if c := item.(map[string]any); c["purpose"] == "research" {
			got = append(got, c["id"].(string))
			if c["stands"] == true {
				standing += c["id"].(string)
			}
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, consents) {
		w.t.Errorf("consents of %d: %v, and not %v", p, got, consents)
	}
	want := ""
	if at := m.stands(root); at >= 0 {
		want = m.things[at].id
	}
	if standing != want {
		w.t.Errorf("of %d stands %q, and not %q", p, standing, want)
	}
	for _, i := range m.of("referral", root) {
		if got := lw.get("/referrals/" + m.things[i].id).want(200).text("patient_id"); got != m.people[root] {
			w.t.Errorf("a referral of %d is somebody else's", root)
		}
	}
}
