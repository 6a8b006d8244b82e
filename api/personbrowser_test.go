package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// said is what a script of the test's own says of the page that is shown.
func (p phone) said(script string) string {
	p.t.Helper()
	got, err := chromedp.Run(p.Context, chromedp.Evaluate[string](script))
	if err != nil {
		p.t.Fatal(script, err)
	}
	return got
}

// answered is a follow-up whose every question is answered and not sent.
func (p person) answered() {
	p.w.t.Helper()
	page := p.open("/respondent")
	for n := 0; page.at != "/check" && n < 30; n++ {
		page = p.answer(page, p.first(page))
	}
}

// A scale shows which of its boxes is chosen, and what its ends are called; it fits a narrow phone.
func TestAScaleShowsWhatIsChosen(t *testing.T) {
	w, _, _, followUp := asked(t)
	link := w.link(followUp)
	p := newPhone(t)
	p.do(chromedp.EmulateViewport(360, 640, chromedp.EmulateMobile), chromedp.Navigate(link.link+"/ons4.anxiety"))
	const borders = `[...document.querySelectorAll(".offer")].map(o => getComputedStyle(o).borderTopColor).
		filter((c, i, all) => all.indexOf(c) === i).length + " kinds of border, "
		+ [...document.querySelectorAll(".offer")].filter(o => getComputedStyle(o).borderTopWidth !== "2px").length + " odd, "
		+ (document.documentElement.scrollWidth > innerWidth ? "wider than the screen" : "fits")`
	if got := p.said(borders); got != "1 kinds of border, 0 odd, fits" {
		t.Errorf("nothing is chosen: %s", got)
	}
	p.do(chromedp.Click(`input[value="7"]`))
	if got := p.said(borders); got != "2 kinds of border, 0 odd, fits" {
		t.Errorf("7 is chosen: %s", got)
	}
	const ends = `["0", "5",
		"10"].map(v => document.querySelector("input[value='" + v + "']").parentElement.innerText.trim()).join("|")`
	if got := p.said(ends); got != "0: Not at all anxious|5|10: Completely anxious" {
		t.Errorf("the scale reads %s", got)
	}
}

// Once the answers are sent, going back shows none of them, whatever the browser kept, with scripts and without.
func TestBackShowsNoAnswers(t *testing.T) {
	for _, scripts := range []string{"on", "off"} {
		t.Run("scripts "+scripts, func(t *testing.T) {
			w, _, _, followUp := asked(t)
			link, p := w.link(followUp), newPhone(t)
			if scripts == "off" {
				p.withoutScript(w)
			}
			link.answered()
			p.do(
				chromedp.Navigate(link.link),
				chromedp.Navigate(link.link+"/how_have_you_been"),
				chromedp.Navigate(link.link+"/check"),
			)
			if !strings.Contains(p.html(), "Much better") {
				t.Fatalf("nothing to check: %s", p.html())
			}
			if got := p.follow("button"); got != "Thank you" {
				t.Fatalf("sent: %q", got)
			}
			time.Sleep(time.Second) // what the page loads besides has come
			for _, earlier := range []string{"the answers", "a question"} {
				// ends only with a page that is loaded anew: one from memory tells of no load
				p.do(chromedp.NavigateBack())
				if html := p.html(); strings.Contains(html, "Much better") ||
					strings.Contains(html, "I would rather not say") {
					t.Errorf("going back to %s shows %s", earlier, html)
				}
			}
		})
	}
}

func (p phone) html() string {
	p.t.Helper()
	html, err := chromedp.Run(p.Context, chromedp.OuterHTML("html"))
	if err != nil {
		p.t.Fatal(err)
	}
	return html
}

// Whoever leaves a page leaves no way back to it: the neutral page takes its place, and earlier pages of it
// lead away too.
func TestLeavingAPageAtOnce(t *testing.T) {
	w, _, _, followUp := asked(t)
	link := w.link(followUp)
	p := newPhone(t)
	neutral := w.url + "/docs/" // in place of a page of the internet
	p.do(chromedp.Navigate(w.url+"/livez"), chromedp.Navigate(link.link), chromedp.Navigate(link.link+"/respondent"))
	entries := p.said(`String(history.length)`)
	p.said(`document.querySelector(".leave a").href = "` + neutral + `"; ""`)
	p.follow(".leave a")
	if at := p.said(`location.href`); at != neutral {
		t.Fatalf("led to %s", at)
	}
	if now := p.said(`String(history.length)`); now != entries {
		t.Errorf("%s entries of the history were %s", now, entries)
	}
	if left := p.said(`sessionStorage.getItem("left")`); left != "1" {
		t.Errorf("the next page does not know that somebody left: %s", left)
	}
	// Without a script it is a link.
	p = newPhone(t).withoutScript(w)
	p.do(chromedp.Navigate(link.link))
	if !strings.Contains(
		p.html(),
		`<p class="leave"><a href="https://www.bbc.co.uk/weather" rel="noreferrer">Leave this page</a></p>`,
	) {
		t.Error("no link leads away")
	}
}
