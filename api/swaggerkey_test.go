package api_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// The API's page keeps a key while it is open, and leaves none in the browser: the next who opens it must
// give their own.
func TestTheSwaggerPageKeepsNoKey(t *testing.T) {
	w := newWorld(t)
	p := newPhone(t)
	open := func() {
		p.do(chromedp.Navigate(w.url+"/docs/index.html"), chromedp.WaitVisible("button.authorize"))
	}
	given := func() bool {
		return evaluate[bool](p, `document.querySelector("button.authorize").classList.contains("locked")`)
	}
	open()
	p.do(chromedp.Click("button.authorize"), chromedp.SendKeys(".auth-container input", w.keys["dashboard"]))
	p.do(chromedp.Click(".auth-btn-wrapper button[type=submit]"), chromedp.WaitVisible("button.authorize.locked"))
	kept := func() string {
		return evaluate[string](p, `JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie`)
	}
	if k := kept(); k != "{}{}" {
		t.Errorf("the browser keeps %s", k)
	}
	if open(); given() {
		t.Error("the page that is opened again has the key")
	}
}
