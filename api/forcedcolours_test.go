package api_test

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// media makes the browser show a page as for that medium ("" is the screen), with what a reader prefers.
func (p phone) media(medium string, features ...*emulation.MediaFeature) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(
			ctx,
			t,
			emulation.SetEmulatedMedia,
			emulation.SetEmulatedMediaParams{Media: medium, Features: features},
		)
		return err
	}))
}

// forcedFaults are buttons without an edge that is seen, and words of charts that cannot be read, in the
// colours that the reader forces.
const forcedFaults = `(() => {
  const found = [];
  const rgb = (colour) => { const m = colour.match(/[\d.]+/g).map(Number); return m.length > 3 && m[3] === 0 ? null : m.slice(0, 3); };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).
    map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).
    reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (a, b) => { const [x, y] = [light(a), light(b)]; return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05); };
  const ground = (e) => {
    for (let at = e; at; at = at.parentElement) {
      const c = rgb(getComputedStyle(at).backgroundColor);
      if (c) return c;
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255];
  };
  const seen = (e) => e.getClientRects().length > 0 && getComputedStyle(e).visibility === "visible";
  if (!matchMedia("(forced-colors: active)").matches) found.push("the colours are not forced");
  const buttons = [...document.querySelectorAll("button, a.button, input[type=submit]")].filter(seen);
  for (const b of buttons) {
    const s = getComputedStyle(b);
    for (const side of ["Top", "Right", "Bottom", "Left"]) {
      const colour = rgb(s["border" + side + "Color"]);
      if (parseFloat(s["border" + side + "Width"]) < 1 || s["border" + side + "Style"] === "none" || !colour ||
        contrast(colour, ground(b.parentElement)) < 3) {
        found.push("no edge: " + (b.textContent.trim() || b.getAttribute("aria-label") || b.className));
        break;
      }
    }
  }
  const words = [...document.querySelectorAll("svg text")].filter((t) => seen(t) && t.textContent.trim());
  for (const t of words) {
    const colour = rgb(getComputedStyle(t).fill);
    if (!colour || contrast(colour, ground(t.closest("svg"))) < 4.5) found.push("cannot be read: " + t.textContent);
  }
  return [buttons.length + " " + words.length, ...found.slice(0, 10)];
})()`

// forced judges the page that is shown in forced colours, light and dark.
func (p phone) forced(name string) {
	p.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		p.media(
			"",
			&emulation.MediaFeature{Name: "forced-colors", Value: "active"},
			&emulation.MediaFeature{Name: "prefers-color-scheme", Value: scheme},
		)
		faults := evaluate[[]string](p, forcedFaults)
		p.t.Logf("%s, %s: %s buttons and words", name, scheme, faults[0])
		for _, fault := range faults[1:] {
			p.t.Errorf("%s, %s: %s", name, scheme, fault)
		}
		p.picture("forced-" + name + "-" + scheme)
	}
	p.media("")
}

// In forced colours, light and dark, every button of every page has an edge, and every word of a chart can be read.
func TestPagesOfLinksInForcedColours(t *testing.T) {
	w, _, episode, followUp := asked(t)
	p, answering, asking := newPhone(t), w.link(followUp).link, w.replyLink(w.refer(episode)).link
	for name, url := range map[string]string{
		"follow-up": answering, "follow-up-question": answering + "/how_have_you_been",
		"follow-up-scale": answering + "/ons4.anxiety", "follow-up-words": answering + "/narrative",
		"reply": asking, "reply-no": asking + "/declined", "reply-question": asking + "/question",
	} {
		p.do(chromedp.Navigate(url))
		p.forced(name)
	}
	p.do(chromedp.Navigate(w.url + "/docs/index.html"))
	p.until(`document.querySelectorAll(".opblock-tag").length > 5`)
	p.forced("docs")
	p.do(evaluated(`document.querySelector(".opblock-tag").click(); 0`))
	p.until(`document.querySelectorAll(".opblock-summary").length > 1`)
	p.do(
		evaluated(
			`document.querySelectorAll(".opblock-summary-control")[1].click(); document.querySelector(".btn.authorize").click(); 0`,
		),
	)
	p.until(
		`document.querySelector(".opblock-body .try-out__btn") !== null && document.querySelector(".dialog-ux") !== null`,
	)
	p.forced("docs-open")
}

func TestTheUpdateInForcedColours(t *testing.T) {
	s, project := toldOf(t)
	_, link := s.published(project, `{}`)
	p := newPhone(t)
	p.do(chromedp.Navigate(link))
	p.forced("update")
}

func TestTheDashboardInForcedColours(t *testing.T) {
	w := demoWorld(t, 400)
	p := newPhone(t)
	p.do(chromedp.Navigate(w.url + "/dashboard/"))
	p.forced("dashboard-enter")
	p.enter(w, w.keys["dashboard"])
	p.until(`document.getElementById("status").textContent.startsWith("Shown: ")`)
	p.forced("dashboard")
}

// evaluated runs a script for what it does.
func evaluated(script string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Run(ctx, chromedp.Evaluate[int](script))
		return err
	})
}
