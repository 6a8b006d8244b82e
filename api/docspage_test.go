package api

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// axe-core finds nothing to mend on the API's page: as it opens, with an operation, and with the dialog for a key.
func TestTheAPIsPageIsAccessible(t *testing.T) {
	w := newWorld(t)
	p, axe, judge := judgedPhone(t)
	p.do(chromedp.Navigate(w.url+"/docs/"), chromedp.WaitVisible("button.authorize"))
	judge("as it opens")
	if !evaluate[bool](
		p,
		`document.querySelectorAll("main").length == 1 && document.querySelectorAll("h1").length == 1`,
	) {
		t.Error("not one main landmark with one h1")
	}
	p.do(
		chromedp.Navigate("about:blank"),
		chromedp.Navigate(w.url+"/docs/#/patients/record-patient"),
		chromedp.WaitVisible(".try-out__btn"),
	)
	judge("an operation")
	p.do(chromedp.Click(".try-out__btn"), chromedp.WaitVisible("textarea"))
	judge("an operation that is tried out")
	p.do(chromedp.Click("button.authorize"), chromedp.WaitVisible(".auth-container input"))
	judge("the dialog for a key")
	if evaluate[bool](
		p,
		`[document.querySelector("#servers").removeAttribute("aria-label")].length == 1`,
	); len(
		p.violations(axe),
	) == 0 {
		t.Error("axe-core finds nothing wrong with a control without a name")
	}
}
