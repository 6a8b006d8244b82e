package api_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// TestFifteenMonths walks 160 people of one site through 65 weeks: they join, are tried, answer, are lost,
// die, say no and say yes again. What each week should look like is reckoned here, by the rules of
// docs/follow-up.md and this file's own calendar; the server's lists and figures must say the same, for
// staff as it is, and for a partner protected.
func TestFifteenMonths(t *testing.T) {
	y := begin(t)
	for week := range 66 {
		if week > 0 {
			y.advance("P1W")
		}
		y.step(week)
		if week%10 == 1 {
			y.refreshStatistics()
		}
		if y.check(week); t.Failed() {
			t.Fatalf("week %d, seed %d", week, seed)
		}
	}
	y.outcomes()
	if y.seen["link"] < 5 || len(y.seen) < 20 {
		t.Errorf("the walk is too tame: %v", y.seen)
	}
}

const (
	seed     = 20261123
	everyone = 160
)

// stages are the site's follow-ups: months to the opening, the target and the closing, and days of the analysis window.
var stages = []struct {
	code                   string
	opens, target, closes  int
	analysisFrom, analysis int
}{{"m3", 2, 3, 4, 50, 135}, {"m6", 5, 6, 7, 140, 225}, {"m9_12", 9, 10, 12, 240, 400}}

type months struct {
	*world
	rand   *rand.Rand
	people []*follower
	seen   map[string]int // what happened how often
}

// follower is one person, as reckoned.
type follower struct {
	patient, episode, baseline string // ids
	anchor                     time.Time
	died                       bool
	diedOn                     time.Time
	no                         bool // the latest decision on being contacted
	turns                      []*turn
}

// turn is one follow-up of a person, as reckoned.
type turn struct {
	id, code              string
	opens, target, closes time.Time
	answered              time.Time // zero: not
	lost                  string
	tried                 bool
}

func begin(t *testing.T) *months {
	y := &months{world: newWorld(t), rand: rand.New(rand.NewPCG(seed, 1)), seen: map[string]int{}}
	var list []string
	for _, s := range stages {
		list = append(list, fmt.Sprintf(`{"code":%q,"anchor":"baseline","opens_after":"P%dM",
			"target_after":"P%dM","closes_after":"P%dM","analysis_from":%d,"analysis_to":%d}`, s.code, s.opens, s.target, s.closes, s.analysisFrom, s.analysis))
	}
	etag := y.as("administrator").get("/sites/" + y.site).header.Get("ETag")
	y.as("administrator").patch("/sites/"+y.site, etag, `{"schedules":[`+strings.Join(list, ",")+`]}`).want(200)
	return y
}

// refreshStatistics spares the walk the minutes that PostgreSQL takes to do so by itself: without them it
// plans for no rows.
func (y *months) refreshStatistics() {
	err := y.db.Do(
		actor.With(y.t.Context(), actor.Named("test")),
		func(tx *db.Tx) error { return tx.Exec("select refresh_statistics()").Error },
	)
	if err != nil {
		y.t.Fatal(err)
	}
}

func (y *months) chance(p float64) bool { return y.rand.Float64() < p }

func (y *months) now() time.Time { return dated(y.today()) }

func dated(day string) time.Time {
	d, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return d
}

// later adds months, kept within the month that they end in.
func later(d time.Time, months int) time.Time {
	first := time.Date(d.Year(), d.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(d.Day(), last)-1)
}

func iso(d time.Time) string { return d.Format(time.DateOnly) }

// step is what happens in a week.
func (y *months) step(week int) {
	for range min(everyone/8, everyone-len(y.people)) {
		y.join()
	}
	for _, p := range y.people {
		if !p.died {
			y.live(p)
		}
		for _, f := range p.turns {
			if !p.died && !p.no && f.answered.IsZero() && f.lost == "" {
				y.follow(p, f)
			}
		}
	}
	if week > 12 && week%9 == 0 {
		y.correct(y.people[y.rand.IntN(len(y.people))])
	}
}

func (y *months) join() {
	c, p := y.as("link_worker"), &follower{anchor: y.now().AddDate(0, 0, -y.rand.IntN(7))}
	p.patient = c.post("/patients", `{"given_name":"P","family_name":"Walker","birth_date":"1950-04-01",
		"imd_decile":3,"imd_version":"2025"}`).made()
	p.episode = c.post("/episodes", fmt.Sprintf(`{"patient_id":%q,"source":"gp","received_on":%q,
		"needs":{"primary":"food"}}`, p.patient, iso(p.anchor.AddDate(0, 0, -30)))).made()
	if y.chance(0.8) {
		y.decide(p, "given")
	} else if y.chance(0.3) {
		y.decide(p, "declined")
	}
	p.baseline = c.post("/assessments", fmt.Sprintf(`{"episode_id":%q,"instrument":"ons4",
		"timepoint":"baseline","completed_on":%q,"mode":"telephone","respondent":"self",
		"responses":{"life_satisfaction":4}}`, p.episode, iso(p.anchor))).made()
	planned := c.get("/follow-ups?episode_id=" + p.episode).items()
	for i, s := range stages {
		f := planned[i].(map[string]any)
		turn := &turn{id: f["id"].(string), code: s.code}
		p.turns = append(p.turns, turn)
		turn.plan(p.anchor, i)
		if f["code"] != s.code || f["opens_on"] != iso(turn.opens) || f["target_on"] != iso(turn.target) ||
			f["closes_on"] != iso(turn.closes) {
			y.t.Fatalf("anchored on %s: %v", iso(p.anchor), f)
		}
	}
	y.people = append(y.people, p)
}

func (f *turn) plan(anchor time.Time, stage int) {
	s := stages[stage]
	f.opens, f.target, f.closes = later(anchor, s.opens), later(anchor, s.target), later(anchor, s.closes)
}

// live is what becomes of a person: some die, some take their consent back, some give it again.
func (y *months) live(p *follower) {
	switch {
	case y.chance(0.002):
		etag := y.as("link_worker").get("/patients/" + p.patient).header.Get("ETag")
		y.as("link_worker").patch("/patients/"+p.patient, etag, fmt.Sprintf(`{"died_on":%q}`, y.today())).want(200)
		p.died, p.diedOn = true, y.now()
		y.seen["died"]++
	case !p.no && y.chance(0.003):
		y.decide(p, "withdrawn")
	case p.no && y.chance(0.03):
		y.decide(p, "given")
	}
}

func (y *months) decide(p *follower, decision string) {
	y.consent(p.patient, "follow_up_contact", decision)
	p.no = decision != "given"
	y.seen[decision]++
}

var reasons = []string{
	"could_not_contact",
	"declined",
	"withdrew",
	"moved",
	"too_unwell",
	"lacks_capacity",
	"not_attempted",
	"other",
	"died",
}

// follow is what a link worker does about a follow-up in a week, or the person does by their link.
func (y *months) follow(p *follower, f *turn) {
	now := y.now()
	open, late := !now.Before(f.opens) && !now.After(f.closes), now.After(f.closes)
	if open && y.chance(0.2) {
		y.as("link_worker").post("/follow-ups/"+f.id+"/attempts", `{"channel":"telephone","result":"no_answer"}`).made()
		f.tried = true
	}
	switch {
	case open && y.chance(0.005):
		y.byLink(f)
		y.seen["link"]++
	case open && y.chance(0.08),
		late && now.Before(f.closes.AddDate(0, 0, 20)) && y.chance(0.03),
		now.After(f.opens.AddDate(0, 0, -10)) && y.chance(0.005):
		y.as("link_worker").post("/follow-ups/"+f.id+"/completion", fmt.Sprintf(`{"completed_on":%q,
			"mode":"telephone","respondent":"self","how_have_you_been":"better","benefit":"some",
			"assessments":[{"instrument":"ons4","responses":{"life_satisfaction":6}}]}`, y.today())).want(201)
	case open && y.chance(0.03):
		f.lost = reasons[y.rand.IntN(len(reasons))]
		y.as("link_worker").post("/follow-ups/"+f.id+"/loss", fmt.Sprintf(`{"reason":%q}`, f.lost)).want(200)
		y.seen["lost "+f.lost]++
		return
	default:
		return
	}
	f.answered = now
	y.seen["answered "+f.code]++
}

// byLink answers as the person does, whatever the page asks.
func (y *months) byLink(f *turn) {
	p := y.link(f.id)
	page := p.open("/respondent")
	for range 20 {
		answer := "prefer_not_to_say"
		switch title := page.title(); {
		case page.at == "/thanks":
			return
		case title == "Who is answering?":
			answer = "self"
		case strings.HasPrefix(title, "Overall, how satisfied"):
			answer = "6"
		case page.at == "/check", strings.Contains(page.html, "<textarea"):
			answer = ""
		}
		page = p.answer(page, answer)
	}
	y.t.Fatalf("no end: %s", page.html)
}

// correct moves a baseline back by a week, and with it the windows that are no history yet.
func (y *months) correct(p *follower) {
	moved := p.anchor.AddDate(0, 0, -7)
	made := y.as("link_worker").post("/assessments/"+p.baseline+"/correction", fmt.Sprintf(`{"completed_on":%q,
		"mode":"telephone","respondent":"self","responses":{"life_satisfaction":4}}`, iso(moved)))
	p.baseline, p.anchor = made.made(), moved
	for i, f := range p.turns {
		if f.answered.IsZero() && f.lost == "" {
			f.plan(moved, i)
		}
	}
	y.seen["corrected"]++
}
