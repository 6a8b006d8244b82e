package api_test

import (
	"html"
	"regexp"
	"strings"
	"testing"
)

// The first page says who asks, who sees and holds the answers, what they are for, how long they are kept,
// and where to complain; the last one whom to call.
func TestThePersonIsToldWhoSeesTheirAnswers(t *testing.T) {
	w, patient, _, followUp := asked(t)
	p := w.link(followUp)
	text := func(page shownPage) string {
		return html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page.html, ""))
	}
	start := text(p.open(""))
	for _, part := range []string{
		"Your link worker is Sam Helper.", "the others of the team at First site and its manager",
		"the computer systems that work for the team", "First site is responsible for them by law",
		"The privacy notice says how long we keep them.", "What they are used for:",
		"ico.org.uk/make-a-complaint", "0303 123 1113", "Read the privacy notice",
	} {
		if !strings.Contains(start, part) {
			t.Errorf("the first page does not say %q: %s", part, start)
		}
	}
	if strings.Contains(start, "GP practice") || strings.Contains(start, "Researchers") {
		t.Errorf("it names who sees nothing: %s", start)
	}
	w.consent(patient, "report_to_gp", "given")
	w.consent(patient, "research", "given")
	w.change(`{"controller":"Example Trust","kept_for":"for 8 years after your support ends","phone":"01632 960001"}`)
	start = text(p.open(""))
	for _, part := range []string{
		"Your GP practice is told how you are", "Researchers get your answers without your name",
		"Example Trust is responsible", "We keep your answers for 8 years after your support ends.",
		"01632 960001",
	} {
		if !strings.Contains(start, part) {
			t.Errorf("the first page does not say %q: %s", part, start)
		}
	}
	p.answered()
	sent := p.call("POST", "/check", nil)
	if said := text(
		sent,
	); !strings.Contains(said, "call 01632 960001 and ask for Sam Helper") ||
		!strings.Contains(sent.html, `href="tel:&#43;441632960001"`) {
		t.Errorf("the last page: %s", said)
	}
	if sent.header.Get("Clear-Site-Data") != `"cache"` {
		t.Errorf("the browser may keep the pages before: %v", sent.header)
	}
	w.consent(patient, "follow_up_contact", "withdrawn")
	if said := text(p.open("/thanks")); strings.Contains(said, "Sam Helper") || strings.Contains(said, "01632 960001") {
		t.Errorf("a link that has ended still tells: %s", said)
	}
}

// Every page of a person, whether the link works or not, can be left at once, and says when somebody reads
// it and who helps now.
func TestEveryPageOfAPersonHelps(t *testing.T) {
	w, _, _, followUp := asked(t)
	p := w.link(followUp)
	check := func(name string, page shownPage) {
		t.Helper()
		for _, part := range []string{
			"Leave this page", `src="/assets/leave.js"`, "which can take some days", `href="tel:999"`,
			`href="tel:111"`, "choose option 2", `href="tel:116123"`, "Samaritans",
		} {
			if !strings.Contains(page.html, part) {
				t.Errorf("%s lacks %q: %s", name, part, page.html)
			}
		}
	}
	for _, path := range []string{"", "/respondent", "/ons4.anxiety", "/narrative"} {
		check(path, p.open(path))
	}
	check("a wrong answer", p.answer(p.open("/respondent"), ""))
	check("an unknown link", person{w, w.url + "/f/nobody"}.open(""))
	p.answered()
	check("to check", p.open("/check"))
	check("sent", p.call("POST", "/check", nil))
	check("answered", p.open(""))
	script := person{w, w.url + "/assets/leave.js"}.open("")
	if script.status != 200 || !strings.HasPrefix(script.header.Get("Content-Type"), "text/javascript") ||
		!strings.Contains(script.html, "location.replace") ||
		!strings.Contains(script.html, "persisted") {
		t.Errorf("%d %v: %s", script.status, script.header, script.html)
	}
}

// How many questions there are is said once and for all: it never grows, whatever is answered.
func TestTheNumberOfQuestionsNeverGrows(t *testing.T) {
	w, _, _, followUp := asked(t)
	p := w.link(followUp)
	number := regexp.MustCompile(`Question (\d+) of at most (\d+)`)
	page, most, last := p.open("/respondent"), "", ""
	for n := 0; page.at != "/check" && n < 30; n++ {
		said := number.FindStringSubmatch(page.html)
		if said == nil || most != "" && said[2] != most {
			t.Fatalf("%s: %v, after at most %s", page.at, said, most)
		}
		most, last = said[2], said[1]
		answer := p.first(page)
		if strings.HasSuffix(page.at, ".used") {
			answer = "used_stopped" // which asks the most
		}
		page = p.answer(page, answer)
	}
	if last != most {
		t.Errorf("the last of at most %s is %s, where all was asked", most, last)
	}
}
