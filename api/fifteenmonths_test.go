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

// TestFifteenMonths takes 160 people of one site through 65 weeks: they join, are called, answer, are lost, die, say no to
// contact and say yes again. The test works out by itself, by the rules of docs/follow-up.md and a calendar of its own,
// what each week should look like. The server's lists and figures must say the same to staff, and to a partner the same
// with small numbers protected.
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
		t.Errorf("too little happened to test anything: %v", y.seen)
	}
}

const (
	seed     = 20261123
	everyone = 160
)

// stages are the site's follow-ups: months from the baseline to the opening, the target and the closing, and days from the
// baseline to the first and the last day of the analysis window.
var stages = []struct {
	code                     string
	opens, target, closes    int
	analysisFrom, analysisTo int
}{{"m3", 2, 3, 4, 50, 135}, {"m6", 5, 6, 7, 140, 225}, {"m9_12", 9, 10, 12, 240, 400}}

// fifteenMonths is the test's own record of what the server should know.
type fifteenMonths struct {
	*world
	rand   *rand.Rand
	people []*walker
	seen   map[string]int // how often each thing happened
}

// walker is what the test expects of one person.
type walker struct {
	patient, episode, baseline string // ids
	anchor                     time.Time
	died                       bool
	diedOn                     time.Time
	refused                    bool // said no to being contacted, by the latest decision
	followUps                  []*followUp
}

// followUp is what the test expects of one follow-up of a person.
type followUp struct {
	id, code              string
	opens, target, closes time.Time
	answered              time.Time // zero: not answered
	lost                  string    // the reason; empty: not lost
	tried                 bool      // an attempt was recorded
}

func begin(t *testing.T) *fifteenMonths {
	y := &fifteenMonths{world: newWorld(t), rand: rand.New(rand.NewPCG(seed, 1)), seen: map[string]int{}}
	var list []string
	for _, s := range stages {
		list = append(list, fmt.Sprintf(`{"code":%q,"anchor":"baseline","opens_after":"P%dM",
			"target_after":"P%dM","closes_after":"P%dM","analysis_from":%d,"analysis_to":%d}`,
			s.code, s.opens, s.target, s.closes, s.analysisFrom, s.analysisTo))
	}
	etag := y.as("administrator").get("/sites/" + y.site).header.Get("ETag")
	y.as("administrator").patch("/sites/"+y.site, etag, `{"schedules":[`+strings.Join(list, ",")+`]}`).want(200)
	return y
}

// refreshStatistics has PostgreSQL analyse its tables. By itself it would do so minutes later, and plan until then as if
// the tables were empty.
func (y *fifteenMonths) refreshStatistics() {
	err := y.db.Do(
		actor.With(y.t.Context(), actor.Named("test")),
		func(tx *db.Tx) error { return tx.Exec("select refresh_statistics()").Error },
	)
	if err != nil {
		y.t.Fatal(err)
	}
}

func (y *fifteenMonths) chance(p float64) bool { return y.rand.Float64() < p }

func (y *fifteenMonths) now() time.Time { return dated(y.today()) }

func dated(day string) time.Time {
	d, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return d
}

// addMonths adds calendar months; 31 January and a month is the last day of February.
func addMonths(d time.Time, months int) time.Time {
	first := time.Date(d.Year(), d.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(d.Day(), last)-1)
}

func iso(d time.Time) string { return d.Format(time.DateOnly) }

// step lets a week's events happen.
func (y *fifteenMonths) step(week int) {
	for range min(everyone/8, everyone-len(y.people)) {
		y.join()
	}
	for _, p := range y.people {
		if !p.died {
			y.liveAWeek(p)
		}
		for _, f := range p.followUps {
			if !p.died && !p.refused && f.answered.IsZero() && f.lost == "" {
				y.answerOrTry(p, f)
			}
		}
	}
	if week > 12 && week%9 == 0 {
		y.correct(y.people[y.rand.IntN(len(y.people))])
	}
}

func (y *fifteenMonths) join() {
	c, p := y.as("link_worker"), &walker{anchor: y.now().AddDate(0, 0, -y.rand.IntN(7))}
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
		got := planned[i].(map[string]any)
		f := &followUp{id: got["id"].(string), code: s.code}
		p.followUps = append(p.followUps, f)
		f.plan(p.anchor, i)
		if got["code"] != s.code || got["opens_on"] != iso(f.opens) || got["target_on"] != iso(f.target) ||
			got["closes_on"] != iso(f.closes) {
			y.t.Fatalf("anchored on %s: %v", iso(p.anchor), got)
		}
	}
	y.people = append(y.people, p)
}

func (f *followUp) plan(anchor time.Time, stage int) {
	s := stages[stage]
	f.opens, f.target, f.closes = addMonths(anchor, s.opens), addMonths(anchor, s.target), addMonths(anchor, s.closes)
}

// liveAWeek lets a few people die, take their consent back, or give it again.
func (y *fifteenMonths) liveAWeek(p *walker) {
	switch {
	case y.chance(0.002):
		etag := y.as("link_worker").get("/patients/" + p.patient).header.Get("ETag")
		y.as("link_worker").patch("/patients/"+p.patient, etag, fmt.Sprintf(`{"died_on":%q}`, y.today())).want(200)
		p.died, p.diedOn = true, y.now()
		y.seen["died"]++
	case !p.refused && y.chance(0.003):
		y.decide(p, "withdrawn")
	case p.refused && y.chance(0.03):
		y.decide(p, "given")
	}
}

func (y *fifteenMonths) decide(p *walker, decision string) {
	y.consent(p.patient, "follow_up_contact", decision)
	p.refused = decision != "given"
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

// answerOrTry is what a link worker does about a follow-up in a week, or the person at their link.
func (y *fifteenMonths) answerOrTry(p *walker, f *followUp) {
	now := y.now()
	open, closed := !now.Before(f.opens) && !now.After(f.closes), now.After(f.closes)
	if open && y.chance(0.2) {
		y.as("link_worker").post("/follow-ups/"+f.id+"/attempts", `{"channel":"telephone","result":"no_answer"}`).made()
		f.tried = true
	}
	switch {
	case open && y.chance(0.005):
		y.byLink(f)
		y.seen["link"]++
	case open && y.chance(0.08),
		closed && now.Before(f.closes.AddDate(0, 0, 20)) && y.chance(0.03),
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
func (y *fifteenMonths) byLink(f *followUp) {
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
	y.t.Fatalf("20 answers, and the page still asks: %s", page.html)
}

// correct moves a baseline a week earlier. The windows of follow-ups that are neither answered nor lost move with it.
func (y *fifteenMonths) correct(p *walker) {
	moved := p.anchor.AddDate(0, 0, -7)
	made := y.as("link_worker").post("/assessments/"+p.baseline+"/correction", fmt.Sprintf(`{"completed_on":%q,
		"mode":"telephone","respondent":"self","responses":{"life_satisfaction":4}}`, iso(moved)))
	p.baseline, p.anchor = made.made(), moved
	for i, f := range p.followUps {
		if f.answered.IsZero() && f.lost == "" {
			f.plan(moved, i)
		}
	}
	y.seen["corrected"]++
}
