package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	devtools "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// toldOf is a study with everything that an update can show.
func toldOf(t *testing.T) (s researchWorld, project string) {
	s, project, followUps := studied(t, 10)
	steward, path := s.as("data_steward"), "/projects/"+project
	steward.patch(path+"/study", `"0"`, fmt.Sprintf(`{"funder":"Example Fund","funder_reference":"EF-1",
		"contact":"The study team, study@example.org","acknowledgements":"We thank everybody who answered.",
		"disclaimer":"This is what the team thinks.",
		"work_packages":[{"code":"WP1","title":"Talking with people at the start","status":"completed",
			"starts_on":"2025-01-01","ends_on":"2025-09-30"},{"code":"WP2","title":"Asking them again",
			"status":"under_way"}],"targets":[{"site_id":%q,"people":40},{"site_id":%q,"people":20}]}`, s.site, s.other)).want(200)
	for kind, text := range map[string]string{
		"progress": "Both places have joined.", "challenge": "Many phone numbers had changed.",
		"meeting": "The group met.", "feedback": "The first letter was hard to read.",
		"change_made": "We wrote it anew.",
	} {
		steward.post(path+"/notes", fmt.Sprintf(`{"on":%q,"kind":%q,"group":"ppi","text":%q}`, s.daysAgo(10), kind, text)).
			want(201)
	}
	steward.post(path+"/interviews", fmt.Sprintf(`{"work_package":"WP1","participant_kind":"link_worker",
		"site":%q,"on":%q,"mode":"telephone"}`, s.site, s.daysAgo(5))).want(201)
	quote := steward.post(path+"/quotes", fmt.Sprintf(`{"follow_up_id":%q,"words":"I go to the choir now."}`, followUps[0])).
		want(201).
		text("id")
	s.as("site_manager").post("/quotes/"+quote+"/check", `{"decision":"approved"}`).want(200)
	return s, project
}

// The public update on a phone without script, and on paper: axe-core finds nothing, nothing is cut off,
// its picture is there, and it prints on at most two sheets.
func TestTheUpdateOnAPhoneAndOnPaper(t *testing.T) {
	s, project := toldOf(t)
	_, link := s.published(project, `{}`)
	p, _, judge := judgedPhone(t)
	p.do(chromedp.Navigate(link))
	judge("on a phone")
	shown := p.look()
	for _, words := range []string{
		"In short", "Where we are", "What people told us", "What made collecting the answers hard",
		"Who advised us, and what changed because of it", "What these figures cannot say", "About this study",
		"I go to the choir now.",
	} {
		if !strings.Contains(shown, words) {
			t.Errorf("a phone does not show %q", words)
		}
	}
	over, err := chromedp.Run(
		p.Context,
		chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`),
	)
	if err != nil || over > 0 {
		t.Errorf("the page is %d pixels wider than a phone (%v)", over, err)
	}
	drawn, err := chromedp.Run(
		p.Context,
		chromedp.Evaluate[int](`document.querySelectorAll("svg.change circle.after").length`),
	)
	if err != nil || drawn != 3 {
		t.Errorf("%d scores are drawn (%v)", drawn, err)
	}
	p.picture("phone")
	if sheets := len(
		regexp.MustCompile(`/Type\s*/Page\b[^s]`).FindAll(p.printed("paper"), -1),
	); sheets < 1 ||
		sheets > 2 {
		t.Errorf("it prints on %d sheets", sheets)
	}
	p.do(chromedp.Navigate(s.url + "/u/nobody"))
	judge("gone")
	q := newPhone(t).withoutScript(s.world)
	q.do(chromedp.Navigate(link))
	if !strings.Contains(q.title(), "A study: update to") {
		t.Errorf("without script: %s", q.title())
	}
}

// look is the text that the page shows.
func (p phone) look() string {
	p.t.Helper()
	text, err := chromedp.Run(p.Context, chromedp.Evaluate[string](`document.body.innerText`))
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

// picture keeps what the page looks like, where PICTURES names a folder, for somebody to look at.
func (p phone) picture(name string) {
	p.t.Helper()
	folder := os.Getenv("PICTURES")
	if folder == "" {
		return
	}
	image, err := chromedp.Run(p.Context, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), image, 0o600)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// printed is the page on A4 paper, as PDF.
func (p phone) printed(name string) (pdf []byte) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		made, err := cdp.Call(
			ctx,
			target,
			devtools.PrintToPDF,
			devtools.PrintToPDFParams{
				PaperWidth:   8.27,
				PaperHeight:  11.69,
				MarginTop:    new(0.5),
				MarginBottom: new(0.5),
				MarginLeft:   new(0.6),
				MarginRight:  new(0.6),
			},
		)
		if err == nil {
			pdf = made.Data
		}
		return err
	}))
	if folder := os.Getenv("PICTURES"); folder != "" {
		if err := os.WriteFile(filepath.Join(folder, name+".pdf"), pdf, 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
	return pdf
}

// Everything that Waypost itself says in an update is read at an age of about twelve: the seventh school
// year of the United States, by Flesch and Kincaid, as another's program reckons it; and no sentence is
// long.
func TestAnUpdateIsReadAtTwelve(t *testing.T) {
	if _, err := os.Stat("judges/node_modules/text-readability"); err != nil {
		t.Skip("no text-readability here (make test brings it by npm): nothing was measured")
	}
	for name, of := range map[string]func(*testing.T) (researchWorld, string){
		"everything": toldOf,
		"one site":   func(t *testing.T) (researchWorld, string) { s, _, _ := studied(t, 0); return s, s.project("") },
		"few people": func(t *testing.T) (researchWorld, string) {
			s := newResearchWorld(t)
			s.takingPart("link_worker", "better")
			return s, s.project("")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, project := of(t)
			read := readingOf(t, prose(t, s.member(project).get("/projects/"+project+"/update").want(200)))
			t.Logf("grade %.1f, at most %d words in a sentence", read.Grade, read.Longest)
			if read.Grade > 7 || read.Grade < 1 || read.Longest > 25 {
				t.Errorf("grade %.1f; %d words in: %s", read.Grade, read.Longest, read.Sentence)
			}
		})
	}
	if read := readingOf(
		t,
		"Uncontrolled comparisons of standardised measurements notwithstanding, statistically significant "+
			"improvement necessitates consideration of regression.",
	); read.Grade < 12 {
		t.Errorf("a measure that cannot fail: %v", read)
	}
}

type reading struct {
	Grade    float64
	Longest  int
	Sentence string
}

// readingOf is how hard a text is to read.
func readingOf(t *testing.T, text string) (r reading) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", "reading.mjs")
	cmd.Dir, cmd.Stdin = "judges", strings.NewReader(text)
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// prose is every sentence of an update that Waypost wrote.
func prose(t *testing.T, a answer) string {
	t.Helper()
	var all []string
	for _, path := range []string{
		"in_short", "where_we_are.words", "what_people_told_us.words", "what_made_it_hard.words",
		"what_this_cannot_say",
	} {
		for _, w := range a.at(path).([]any) {
			all = append(all, w.(string))
		}
	}
	for _, f := range a.at("what_people_told_us.follow_ups").([]any) {
		for _, w := range f.(map[string]any)["words"].([]any) {
			all = append(all, w.(string))
		}
	}
	for _, c := range a.at("what_people_told_us.changes").([]any) {
		all = append(all, c.(map[string]any)["says"].(string))
	}
	return strings.Join(append(all, a.text("introduction"), a.text("notice")), " ")
}
