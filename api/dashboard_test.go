package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	devtools "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"waypost/internal/demo"
	"waypost/internal/insights"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db/dbtest"
)

// demoWorld is a server with a demo of that many people, and its keys.
func demoWorld(t *testing.T, people int) *world {
	t.Helper()
	t.Parallel()
	d := dbtest.New(t)
	w := &world{t: t, db: d, keys: map[string]string{}}
	if _, err := demo.Load(t.Context(), d, demo.Config{People: people, Seed: 5}, func(k demo.Keys) error {
		w.keys["dashboard"], w.keys["site_manager"], w.keys["link_worker"] = k.Dashboard, k.SiteManager, k.LinkWorker
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := (&insights.Store{DB: d}).MakeSnapshot(
		actor.With(t.Context(), actor.Named("figures")),
	); err != nil { // as the job does
		t.Fatal(err)
	}
	w.url = listening(t, on(d))
	return w
}

// enter opens the dashboard with a key.
func (p phone) enter(w *world, key string) {
	p.t.Helper()
	p.do(chromedp.Navigate(w.url+"/dashboard/"), chromedp.SendKeys("#key", key), chromedp.Click("#enter button"))
}

// until waits until a script says so.
func (p phone) until(script string) {
	p.t.Helper()
	for range 1200 {
		if is, err := chromedp.Run(p.Context, chromedp.Evaluate[bool](script)); err == nil && is {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	p.t.Fatalf("it never came: %s", script)
}

func evaluate[T any](p phone, script string) (v T) {
	p.t.Helper()
	text, err := chromedp.Run(p.Context, chromedp.Evaluate[string]("JSON.stringify("+script+")"))
	if err == nil {
		err = json.Unmarshal([]byte(text), &v)
	}
	if err != nil {
		p.t.Fatal(script, err)
	}
	return v
}

const drawn = `document.querySelectorAll("#flow figure svg, #change figure svg, #retention figure svg, " +
	"#uptake figure svg, #equity figure svg").length >= 6 && document.getElementById("status").textContent.startsWith("Shown: ")`

// faults of the charts: words outside their picture or over one another, pictures wider than the page.
const chartFaults = `(() => {
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push("the page scrolls sideways");
  for (const svg of document.querySelectorAll("section figure svg:not(.legend-swatch svg)")) {
    if (svg.closest(".legend-swatch")) continue;
    const frame = svg.getBoundingClientRect();
    const where = svg.closest("section").id;
    if (frame.width > innerWidth || frame.width < 200) found.push(where + ": a chart of " + frame.width);
    const texts = [...svg.querySelectorAll("text")].filter((t) => t.textContent).map((t) => [t.textContent, t.getBoundingClientRect()]);
    for (const [text, box] of texts) if (box.left < frame.left - 1 || box.right > frame.right + 1 ||
      box.bottom > frame.bottom + 1 || box.top < frame.top - 1) found.push(where + ": cut off: " + text);
    for (let i = 0; i < texts.length; i++) for (let j = 0; j < i; j++) {
      const [a, b] = [texts[i][1], texts[j][1]];
      if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 &&
        Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1)
        found.push(where + ": over one another: " + texts[i][0] + " and " + texts[j][0]);
    }
  }
  return found;
})()`

// The dashboard shows the API's figures, as charts that are whole at every size, with a table behind each,
// and on paper.
func TestTheDashboard(t *testing.T) {
	w := demoWorld(t, 1500)
	axe, err := os.ReadFile("judges/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Log("no axe-core here (make test brings it by npm): the page was not judged")
	}
	p := newPhone(t)
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		// for the judge's own script
		_, err := cdp.Call(ctx, t, devtools.SetBypassCSP, devtools.SetBypassCSPParams{Enabled: axe != nil})
		return err
	}))
	p.enter(w, w.keys["dashboard"])
	p.until(drawn)
	for _, size := range []struct {
		name          string
		width, height int64
	}{
		{"a page at 400 %", 320, 256}, {"a small phone", 360, 640}, {"a phone", 390, 844},
		{"a tablet", 768, 1024}, {"a laptop", 1280, 800}, {"a wall", 1920, 1080}, {"paper", 700, 1000},
	} {
		p.do(chromedp.EmulateViewport(size.width, size.height))
		p.until(
			fmt.Sprintf(
				`innerWidth === %d && document.querySelector("#flow svg").getBoundingClientRect().width > Math.min(600, innerWidth * 0.8)`,
				size.width,
			),
		)
		p.picture("dashboard-" + strings.ReplaceAll(size.name, " ", "-"))
		for _, fault := range evaluate[[]string](p, chartFaults) {
			t.Errorf("%s: %s", size.name, fault)
		}
		if axe != nil {
			for _, v := range p.violations(string(axe)) {
				t.Errorf("%s: %s", size.name, v)
			}
		}
	}
	// Behind the charts stand the API's figures.
	c := w.as("dashboard")
	flow, outcomes := c.get("/insights/flow").want(200), c.get("/insights/outcomes").want(200)
	table := strings.Join(
		evaluate[[]string](
			p,
			`[...document.querySelectorAll("#flow tbody td:nth-child(2)")].map(td => td.textContent)`,
		),
		" ",
	)
	var want []string
	for _, step := range []string{
		"received_in", "contacted", "baseline_taken", "referral_sent", "referral_accepted", "referral_attended",
		"follow_up_due", "follow_up_answered",
	} {
		want = append(want, grouped(flow.number("rows.0."+step)))
	}
	if table != strings.Join(want, " ") {
		t.Errorf("the table says %s, the API %s", table, strings.Join(want, " "))
	}
	if bars := evaluate[int](
		p,
		`document.querySelectorAll("#flow svg [aria-label=bar] rect").length`,
	); bars != len(
		want,
	) {
		t.Errorf("%d bars", bars)
	}
	marks := evaluate[[]string](
		p,
		`[...document.querySelectorAll("#change svg [aria-label=text] text")].map(t => t.textContent)`,
	)
	if len(marks) != 4 ||
		!strings.Contains(strings.Join(marks, " "), fmt.Sprintf("+%.2f", outcomes.number("rows.0.mean_change"))) {
		t.Errorf("changes: %q beside %s", marks, outcomes.body)
	}
	if said := evaluate[string](
		p,
		`document.querySelector("#change figure").getAttribute("aria-label")`,
	); !strings.Contains(
		said,
		"9 to 12 months",
	) {
		t.Errorf("said to those who do not see it: %q", said)
	}
	// Nothing remains of the key, and a wrong one is told so.
	p.do(chromedp.Click("#leave"))
	if rest := evaluate[string](
		p,
		`document.querySelector("#flow").innerHTML + JSON.stringify(sessionStorage) + location.href`,
	); strings.Contains(rest, "wp_") ||
		strings.Contains(rest, "svg") {
		t.Errorf("left behind: %s", rest)
	}
	p.do(chromedp.SendKeys("#key", "wp_wrong"), chromedp.Click("#enter button"))
	p.until(`document.getElementById("wrong").textContent.length > 10 && !document.getElementById("enter").hidden`)
}

// The dashboard says what was asked, on paper too; who pressed Show is at the first heading of it. Nothing
// on it is said in the names of fields, nor is a mistake.
func TestTheDashboardSaysWhatIsShown(t *testing.T) {
	w := demoWorld(t, 400)
	p := newPhone(t)
	p.enter(w, w.keys["dashboard"])
	p.until(`document.getElementById("status").textContent === "Shown: All sites together, all months."`)
	const focused = `document.activeElement === document.querySelector("h2") &&
		document.activeElement.textContent === "How far people came"`
	p.until(focused)
	for from, want := range map[string]string{"2026-03": "March 2026", "2025-11": "November 2025"} {
		p.do(
			evaluated(
				fmt.Sprintf(
					`{ const s = document.getElementById("site_id"); s.selectedIndex = 1;
						document.getElementById("from").value = %q; document.getElementById("to").value = "2026-09";
						document.getElementById("from").focus(); } 0`,
					from,
				),
			),
		)
		p.do(chromedp.Click("#view-form button"))
		site := evaluate[string](p, `document.getElementById("site_id").selectedOptions[0].textContent`)
		p.until(
			fmt.Sprintf(
				`document.getElementById("status").textContent === %q`,
				"Shown: "+site+", "+want+" to September 2026.",
			),
		)
		p.until(focused)
		if said := evaluate[string](
			p,
			`document.querySelector("#change .said").textContent`,
		); !strings.HasPrefix(said, "How people's scores changed is shown for all months together") ||
			!strings.Contains(said, "Leave From month and To month empty") {
			t.Errorf("of wellbeing: %s", said)
		}
		if title := p.title(); !strings.Contains(title, site) || !strings.Contains(title, want) {
			t.Errorf("the title is %q", title)
		}
	}
	p.media("print")
	if shown := evaluate[[]string](p, `["status",
		"view-form"].map((id) => getComputedStyle(document.getElementById(id)).display)`); shown[0] != "block" || shown[1] != "none" {
		t.Errorf("on paper: %v", shown)
	}
	p.do(chromedp.EmulateViewport(700, 1000))
	p.picture("dashboard-on-paper")
	p.printed("dashboard-on-paper")
	p.media("")
	if named := evaluate[[]string](
		p,
		`document.getElementById("view").textContent.match(/[a-z]+_[a-z_]+/g) ?? []`,
	); len(
		named,
	) > 0 {
		t.Errorf("names of fields: %q", named)
	}
	p.do(evaluated(`document.getElementById("from").value = "2026-10"; 0`), chromedp.Click("#view-form button"))
	p.until(
		`document.getElementById("wrong").textContent === "The query is not right. To month lies before From month."`,
	)
	if status := evaluate[string](
		p,
		`document.getElementById("status").textContent`,
	); !strings.HasSuffix(
		status,
		" to September 2026.",
	) {
		t.Errorf("what stays is said to be %q", status)
	}
	p.do(chromedp.Navigate(w.url + "/dashboard/?site_id=" + nobody()))
	p.until(`document.getElementById("status").textContent === "Shown: All sites together, all months."`)
}

// A group that is withheld stands in its chart as withheld, and those that have enough people to be shown
// are those that are drawn.
func TestAWithheldGroupStandsInItsChart(t *testing.T) {
	w := demoWorld(t, 400)
	p := newPhone(t)
	p.enter(w, w.keys["dashboard"])
	p.until(`document.getElementById("status").textContent.startsWith("Shown: ")`)
	p.picture("dashboard-withheld")
	drawn, all, without, empty, partly := 0, 0, 0, 0, false
	for _, row := range w.as("dashboard").get("/insights/equity").want(200).at("rows").([]any)[1:] {
		r := row.(map[string]any)
		shown, missing := false, false
		for _, step := range []string{"contacted", "referral_sent", "referral_attended", "follow_up_answered"} {
			received, known := r["received_in"].(float64)
			_, reached := r[step].(float64)
			shown = shown || known && received > 0 && reached && r["suppressed"] != true
			missing = missing || !reached
		}
		partly = partly || shown && missing
		all++
		switch {
		case shown:
			drawn++
		case r["received_in"] == 0.0 && r["suppressed"] != true:
			empty++
		default:
			without++
		}
	}
	if drawn == 0 || without == 0 {
		t.Fatalf("nothing to see: %d drawn, %d not", drawn, without)
	}
	said := evaluate[string](p, `document.querySelector("#equity .said").textContent`)
	if want := fmt.Sprintf(
		" %d of %d groups have enough people to be shown",
		drawn,
		all,
	); !strings.Contains(
		said,
		want,
	) {
		t.Errorf("%q, want%s", said, want)
	}
	if got := strings.HasSuffix(said, "; for some of them, not every step is shown."); got != partly || !partly {
		t.Errorf("a step is missing of some: %v, and it says %q", partly, said)
	}
	if n := evaluate[int](
		p,
		`[...document.querySelectorAll("#equity svg text")].filter((e) => e.textContent === "withheld").length`,
	); n != without {
		t.Errorf("%d groups stand as withheld, and %d are", n, without)
	}
	if n := evaluate[int](
		p,
		`[...document.querySelectorAll("#equity svg text")].filter((e) => e.textContent === "nobody").length`,
	); n != empty {
		t.Errorf("%d groups stand as empty, and %d are", n, empty)
	}
	if names := evaluate[int](
		p,
		`[...document.querySelectorAll('#equity svg [aria-label="y-axis tick label"] text')].length`,
	); names != all {
		t.Errorf("%d of %d groups stand in a chart", names, all)
	}
}

// grouped is a count as the page writes it.
func grouped(n float64) string {
	text := fmt.Sprintf("%.0f", n)
	if len(text) > 3 {
		text = text[:len(text)-3] + "," + text[len(text)-3:]
	}
	return text
}

// Few people: the page says so in words, and draws nothing that is not there but the groups, as withheld.
func TestTheDashboardOfFew(t *testing.T) {
	w := newWorld(t)
	w.walk("link_worker", []walked{{5, 5}, {5, 6}, {4, 7}})
	p := newPhone(t)
	p.enter(w, w.keys["dashboard"])
	p.until(`document.querySelector("#flow .said") !== null`)
	if said := evaluate[string](
		p,
		`document.querySelector("#flow .said").textContent + document.querySelector("#change .said").textContent`,
	); strings.Count(
		said,
		"Too few to show safely.",
	) != 2 {
		t.Errorf("%s", said)
	}
	// What is withheld stands in its chart all the same, in every section, and has no mark.
	for _, section := range []string{"flow", "change", "retention", "equity"} {
		const named = `'svg [aria-label="y-axis tick label"] text'`
		const withheld = `[...document.querySelectorAll("#%[1]s svg text")].filter((e) => e.textContent === "withheld").length`
		if n := evaluate[int](
			p,
			fmt.Sprintf(`document.getElementById(%q).querySelectorAll(`+named+`).length`, section),
		); n == 0 ||
			n != evaluate[int](p, fmt.Sprintf(withheld, section)) {
			t.Errorf("%s: %d groups, %d of them withheld", section, n, evaluate[int](p, fmt.Sprintf(withheld, section)))
		}
		if n := evaluate[int](
			p,
			fmt.Sprintf(
				`document.querySelectorAll("#%[1]s svg [aria-label=bar] rect, #%[1]s svg [aria-label=dot] *").length`,
				section,
			),
		); n != 0 {
			t.Errorf("%s: %d marks of nothing", section, n)
		}
	}
	for _, width := range []int64{360, 768} {
		p.do(chromedp.EmulateViewport(width, 800))
		p.until(fmt.Sprintf(`innerWidth === %d`, width))
		time.Sleep(time.Second) // it is drawn anew
		p.picture(fmt.Sprintf("dashboard-of-few-%d", width))
		for _, fault := range evaluate[[]string](p, chartFaults) {
			t.Errorf("%d: %s", width, fault)
		}
	}
	p.do(chromedp.Click("#leave"))
	p.do(chromedp.SendKeys("#key", w.keys["site_manager"]), chromedp.Click("#enter button"))
	p.until(`document.getElementById("protection").textContent.includes("do not publish")`)
	if said := evaluate[string](
		p,
		`document.querySelector("#change .said").textContent`,
	); !strings.Contains(
		said,
		"3 of 3 people",
	) {
		t.Errorf("a manager reads %s", said)
	}
}

// What is withheld is left out of the sentences, which else would be none.
func TestTheDashboardSaysWhatItCan(t *testing.T) {
	w := newWorld(t)
	w.walk(
		"link_worker",
		[]walked{
			{5, 5},
			{5, 6},
			{4, 7},
			{5, -1},
			{5, -1},
			{5, -1},
			{5, -1},
			{5, -1},
			{5, -1},
			{5, -1},
			{5, -1},
			{5, -1},
		},
	)
	p := newPhone(t)
	p.enter(w, w.keys["dashboard"])
	p.until(`document.querySelector("#uptake .said") !== null`)
	if said := evaluate[string](
		p,
		`[...document.querySelectorAll(".said")].map((e) => e.textContent).join(" | ")`,
	); strings.Contains(said, "withheld") ||
		!strings.Contains(said, "10 people were referred in.") {
		t.Error(said)
	}
}

// The dashboard's files come from this server, run nothing from elsewhere, and are what their sources make.
func TestTheDashboardsFiles(t *testing.T) {
	w := newWorld(t)
	page := w.anybody().do("GET", "/dashboard/", "").want(200)
	if policy := page.header.Get(
		"Content-Security-Policy",
	); strings.Contains(policy, "unsafe") ||
		!strings.HasPrefix(policy, "default-src 'none'") {
		t.Errorf("policy: %s", policy)
	}
	if strings.Contains(string(page.body), "http://") || strings.Contains(string(page.body), "https://") {
		t.Error("the page points elsewhere")
	}
	w.anybody().with("If-None-Match", page.header.Get("ETag")).do("GET", "/dashboard/", "").want(304)
	for _, path := range []string{
		"/dashboard/src/main.js", "/dashboard/package.json", "/dashboard/%2e%2e/pages.go",
		"/dashboard/nothing.js",
	} {
		w.anybody().do("GET", path, "").problem(404, "not_found")
	}
	if _, err := os.Stat("pages/dashboard/node_modules/esbuild"); err != nil {
		t.Skip("no esbuild here (make test brings it by npm): the script was not made anew")
	}
	made := t.TempDir() + "/dashboard.js"
	build := exec.CommandContext(t.Context(), "node", "build.js", made)
	build.Dir = "pages/dashboard"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	fresh, _ := os.ReadFile(made)
	if kept, _ := os.ReadFile("pages/dashboard/dashboard.js"); string(kept) != string(fresh) {
		t.Error("dashboard.js is not what its sources make: run make dashboard")
	}
}

// The page in docs/dashboards.md works as it stands there: from an origin that is allowed, and from no other.
func TestAPageOfYourOwn(t *testing.T) {
	guide, err := os.ReadFile("../docs/dashboards.md")
	if err != nil {
		t.Fatal(err)
	}
	_, page, _ := strings.Cut(string(guide), "```html\n")
	page, _, _ = strings.Cut(page, "```")
	if lines := strings.Count(page, "\n"); lines < 30 || lines > 50 {
		t.Fatalf("a page of %d lines", lines)
	}
	t.Parallel()
	var asks string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, strings.Replace(page, "http://127.0.0.1:8080", asks, 1))
	}))
	t.Cleanup(elsewhere.Close)
	for name, c := range map[string]struct {
		origins []string
		says    string
	}{
		"allowed": {[]string{elsewhere.URL}, "As of "}, "not allowed": {[]string{"https://board.example.org"}, "does not allow this page"},
	} {
		configured := on(dbtest.New(t))
		configured.CORSOrigins = c.origins
		w := serving(t, configured)
		w.walk("link_worker", []walked{{3, 5}, {4, 6}, {5, 7}, {3, 5}, {4, 6}, {5, 7}, {3, 5}, {4, 6}, {5, 7}})
		asks = w.url
		p := newPhone(t)
		p.do(chromedp.Navigate(elsewhere.URL), chromedp.SendKeys("#key", w.keys["dashboard"]), chromedp.Click("button"))
		p.until(fmt.Sprintf(`document.getElementById("said").textContent.includes(%q)`, c.says))
		if rows := evaluate[[]string](
			p,
			`[...document.querySelectorAll("tbody tr")].map(tr => tr.textContent)`,
		); name == "allowed" && (len(rows) != 4 || rows[0] != "life_satisfaction1022 to 2") ||
			name != "allowed" && len(rows) > 0 {
			t.Errorf("%s: %q", name, rows)
		}
	}
}
