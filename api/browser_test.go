package api_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	devtools "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// phone is a real browser of a phone's size.
type phone struct {
	t *testing.T
	context.Context
}

func newPhone(t *testing.T) phone {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no Chromium here (make test installs it by apt): the page was not looked at")
	}
	profile, err := os.MkdirTemp("", "waypost-phone-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(profile) }) // no TempDir: a browser may still write there when it was ended
	flags := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path),
		chromedp.NoFirstRun,
		chromedp.NoSandbox,
		chromedp.Headless,
		chromedp.DisableGPU,
		chromedp.UserDataDir(profile),
	}
	for _, name := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync"} {
		flags = append(flags, chromedp.Flag(name, true))
	}
	ctx, _ := chromedp.NewExecAllocator(t.Context(), flags...)
	ctx, _ = chromedp.NewContext(ctx)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx) })
	p := phone{t, ctx}
	p.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
	return p
}

const patience = 90 * time.Second

func (p phone) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx := p.Context
	if chromedp.FromContext(ctx).Target != nil { // a limit on the first steps would be one on the browser
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, patience)
		defer stop()
	}
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// follow taps what leads to another page, and waits for it.
func (p phone) follow(selector string) string {
	p.t.Helper()
	ctx, stop := context.WithTimeout(p.Context, patience)
	defer stop()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(selector)); err != nil {
		p.t.Fatal(selector, err)
	}
	return p.title()
}

// answer taps an answer, and Continue.
func (p phone) answer(code string) string {
	p.t.Helper()
	p.do(chromedp.Click(`input[value="` + code + `"]`))
	return p.follow("button")
}

// number is what an expression of the page comes to.
func (p phone) number(expression string) float64 {
	p.t.Helper()
	n, err := chromedp.Run(p.Context, chromedp.Evaluate[float64](expression))
	if err != nil {
		p.t.Fatal(expression, err)
	}
	return n
}

func (p phone) title() string {
	p.t.Helper()
	title, err := chromedp.Run(p.Context, chromedp.Title())
	if err != nil {
		p.t.Fatal(err)
	}
	return title
}

// withoutScript makes the browser run none, and sees that it does.
func (p phone) withoutScript(w *world) phone {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(
			ctx,
			t,
			emulation.SetScriptExecutionDisabled,
			emulation.SetScriptExecutionDisabledParams{Value: true},
		)
		return err
	}), chromedp.Navigate(w.url+"/docs/index.html"))
	if html, err := chromedp.Run(
		p.Context,
		chromedp.OuterHTML("html"),
	); err != nil ||
		strings.Contains(html, "Authorize") {
		p.t.Fatalf("this browser runs scripts, or shows nothing: %v", err)
	}
	return p
}

// A person completes a follow-up on a phone whose browser runs no script, stopping half way; it is scored,
// paired, and counted.
func TestAPhoneWithoutScript(t *testing.T) {
	w, _, episode, followUp := asked(t)
	link := w.link(followUp).link
	p := newPhone(t).withoutScript(w)
	p.do(chromedp.Navigate(link))
	if got := p.follow("a.button"); got != "Who is answering?" {
		t.Fatalf("begins with %q", got)
	}
	p.answer("self")
	p.answer("much_better")
	p.answer("9")
	if got := p.follow(
		"button",
	); got != "Error: Overall, to what extent do you feel that the things you do in your life are worthwhile?" {
		t.Fatalf("without an answer: %q", got)
	}
	// Half way: another browser, later.
	p = newPhone(t).withoutScript(w)
	p.do(chromedp.Navigate(link))
	if got := p.follow(
		"a.button",
	); got != "Overall, to what extent do you feel that the things you do in your life are worthwhile?" {
		t.Fatalf("goes on with %q", got)
	}
	for _, code := range []string{"8", "7", "dont_know", "still_using", "a_lot", "some"} {
		p.answer(code)
	}
	p.do(chromedp.SendKeys("#answer", "Thank you all"))
	if got := p.follow("button"); got != "Check your answers" {
		t.Fatalf("at the end: %q", got)
	}
	if got := p.follow("button"); got != "Thank you" {
		t.Fatalf("sent: %q", got)
	}
	f := w.as("link_worker").get("/follow-ups/" + followUp).want(200)
	if f.text("state") != "completed" || f.text("completion.narrative") != "Thank you all" ||
		f.text("completion.services.0.used") != "still_using" {
		t.Errorf("%s", f.body)
	}
	if scored := w.as("link_worker").
		get("/episodes/" + episode + "/assessments"); scored.number("items.1.scores.0.value") != 9 ||
		scored.text("items.1.scores.0.band") != "very_high" {
		t.Errorf("%s", scored.body)
	}
	if rows := w.as("site_manager").
		get("/insights/outcomes"); rows.number("rows.0.paired_n") != 1 ||
		rows.number("rows.0.mean_change") != 5 {
		t.Errorf("%s", rows.body)
	}
}

// axe-core finds nothing to mend on any of the pages, as a phone shows them.
func TestPagesAreAccessible(t *testing.T) {
	w, _, _, followUp := asked(t)
	link := w.link(followUp).link
	p, axe, judge := judgedPhone(t)
	for _, path := range []string{"", "/how_have_you_been", "/ons4.anxiety", "/narrative"} {
		p.do(chromedp.Navigate(link + path))
		judge("page " + path)
	}
	p.do(chromedp.Navigate(link + "/benefit"))
	p.follow("button")
	judge("without an answer")
	shown := person{w, link}.open("/respondent")
	for _, a := range []string{"self", "same", "5", "5", "5", "5", "not_yet", "never_heard_back", "some", ""} {
		shown = person{w, link}.answer(shown, a)
	}
	p.do(chromedp.Navigate(link + "/check"))
	judge("check")
	p.follow("button")
	judge("thanks")
	p.do(chromedp.Navigate(w.url + "/f/nobody"))
	judge("gone")
	if _, err := chromedp.Run(
		p.Context,
		chromedp.Evaluate[int](`document.querySelector("main").innerHTML += "<img src=x>"; 0`),
	); err != nil {
		t.Fatal(err)
	}
	if len(p.violations(axe)) == 0 {
		t.Error("axe-core finds nothing wrong with a picture without words")
	}
}

// violations are what axe-core finds on the page that is shown.
func (p phone) violations(axe string) (found []string) {
	p.t.Helper()
	const judge = `; axe.run().then(r => JSON.stringify(r.violations.map(
		v => v.id + ": " + v.help + " " + v.nodes.map(n => n.target).join(" "))))`
	result, err := chromedp.Run(p.Context, chromedp.Evaluate[string](axe+judge, chromedp.EvalAwaitPromise))
	if err == nil {
		err = json.Unmarshal([]byte(result), &found)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return found
}

// judgedPhone is a phone, axe-core's script, and what says of its page what that finds to mend.
func judgedPhone(t *testing.T) (p phone, axe string, judge func(page string)) {
	t.Helper()
	script, err := os.ReadFile("judges/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Skip("no axe-core here (make test brings it by npm): the pages were not judged")
	}
	axe, p = string(script), newPhone(t)
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		// for the judge's own script
		_, err := cdp.Call(ctx, t, devtools.SetBypassCSP, devtools.SetBypassCSPParams{Enabled: true})
		return err
	}))
	return p, axe, func(name string) {
		t.Helper()
		for _, v := range p.violations(axe) {
			t.Errorf("%s: %s", name, v)
		}
	}
}
