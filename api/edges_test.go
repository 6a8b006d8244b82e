package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"waypost/api"
	"waypost/internal/platform/db/dbtest"
)

func TestKeysExpireAndAreRevoked(t *testing.T) {
	w := newWorld(t)
	admin := w.as("administrator")
	until := admin.post("/api-keys", fmt.Sprintf(`{"role":"dashboard","label":"t","expires_on":%q}`, w.today())).
		want(201)
	c := client{w: w, bearer: until.text("key")}
	if got := c.get("/me").want(200).text("expires_on"); got != w.today() {
		t.Errorf("expires on %s", got)
	}
	w.advance("P1D")
	c.get("/me").problem(401, "unauthenticated", c.bearer)
	revoked := admin.post("/api-keys", `{"role":"dashboard","label":"t"}`).want(201)
	c = client{w: w, bearer: revoked.text("key")}
	c.get("/me").want(200)
	admin.do("DELETE", "/api-keys/"+revoked.text("id"), "").want(204)
	c.get("/me").problem(401, "unauthenticated")
	if list := string(
		admin.get("/api-keys?limit=200").want(200).body,
	); strings.Contains(list, revoked.text("key")) ||
		strings.Contains(list, "key_hash") {
		t.Error("a list of keys holds a secret")
	}
	for what, body := range map[string]string{
		"a link worker of no site": `{"role":"link_worker","label":"t"}`, "a manager of no site": `{"role":"site_manager","label":"t"}`,
		"an organisation that is none": `{"role":"organisation","label":"t"}`,
		"an end in the past":           `{"role":"dashboard","label":"t","expires_on":"2001-01-01"}`,
		"a site that does not exist":   fmt.Sprintf(`{"role":"integration","label":"t","site_ids":[%q]}`, nobody()),
		"no such role":                 `{"role":"system","label":"t"}`,
		"a link worker of another site": fmt.Sprintf(`{"role":"link_worker","label":"t","site_ids":[%q],
			"link_worker_id":%q}`, w.other, w.worker),
	} {
		if a := admin.post("/api-keys", body); a.status != 422 {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
}

func TestAPartnerActsForALinkWorker(t *testing.T) {
	w := newWorld(t)
	partner := w.as("integration").with("Waypost-On-Behalf-Of", w.worker)
	if got := partner.get("/me").want(200).text("link_worker_id"); got != w.worker {
		t.Errorf("acting for %s", got)
	}
	patient := partner.post("/patients", `{"given_name":"A","family_name":"B","birth_date":"1950-01-01"}`).made()
	episode := partner.post("/episodes", fmt.Sprintf(`{"patient_id":%q,"source":"self","received_on":%q,
		"needs":{"primary":"food"}}`, patient, w.today())).want(201)
	if episode.text("link_worker_id") != w.worker {
		t.Errorf("the episode is %s's", episode.text("link_worker_id"))
	}
	timeline := partner.get("/patients/" + patient + "/timeline").want(200)
	if timeline.text("items.0.actor_role") != "integration" || timeline.text("items.0.link_worker_id") != w.worker {
		t.Errorf("both are kept: %s", timeline.body)
	}
	w.as("integration").with("Waypost-On-Behalf-Of", nobody()).get("/me").problem(422, "invalid")
	w.as("integration").with("Waypost-On-Behalf-Of", "nonsense").get("/me").problem(422, "invalid", "nonsense")
	w.as("integration").with("Waypost-On-Behalf-Of", "").get("/me").problem(422, "invalid")
	w.as("link_worker").with("Waypost-On-Behalf-Of", w.worker).get("/me").problem(403, "forbidden")
	w.as("integration").post("/episodes", fmt.Sprintf(`{"patient_id":%q,"source":"self","received_on":%q,
		"needs":{"primary":"food"}}`, patient, w.today())).problem(422, "invalid")
}

func TestAPanicIsAProblemThatTellsNothing(t *testing.T) {
	t.Parallel()
	e := api.New(on(dbtest.New(t)))
	e.GET("/panics", func(echo.Context) error { panic("Marigold Example, 9434765919") })
	r := httptest.NewRecorder()
	e.ServeHTTP(r, httptest.NewRequest(http.MethodGet, "/panics", nil))
	if r.Code != 500 || !strings.Contains(r.Body.String(), `"code":"internal"`) ||
		strings.Contains(r.Body.String(), "Marigold") ||
		r.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s", r.Code, r.Body)
	}
}

func TestProbesAndHeaders(t *testing.T) {
	w := newWorld(t)
	w.anybody().do("GET", "/livez", "").want(200)
	w.anybody().do("GET", "/readyz", "").want(200)
	a := w.as("link_worker").get("/me").want(200)
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := w.anybody().
		with("Origin", "https://elsewhere.example").
		get("/me").
		header.Get(
		"Access-Control-Allow-Origin",
	); got != "" {
		t.Errorf("CORS is on: %s", got)
	}
	for _, path := range []string{"/openapi.json", "/openapi.yaml"} {
		if doc := w.anybody().do("GET", path, "").want(200); !strings.Contains(string(doc.body), "3.1.0") {
			t.Errorf("%s is no 3.1 document", path)
		}
	}
	var m http.Client
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/v1/me", nil)
	req.Header.Set("Authorization", "Bearer a")
	res, err := m.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.Header.Get("WWW-Authenticate") == "" {
		t.Error("401 without WWW-Authenticate")
	}
}

func TestCodeListsAndMe(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	if got := lw.get("/code-lists/needs").
		want(200); got.text("codes.0.code") != "loneliness_isolation" ||
		got.text("codes.0.group") == "" {
		t.Errorf("needs: %.200s", got.body)
	}
	lw.get("/code-lists/nonsense").problem(404, "not_found", "nonsense")
	if n := len(lw.get("/code-lists?limit=200").want(200).items()); n < 25 {
		t.Errorf("%d code lists", n)
	}
	lw.get("/instruments/ons4").want(200)
	lw.get("/instruments/nonsense").problem(404, "not_found", "nonsense")
}

// What an outside reading once broke.
func TestOddRequestsAreRefused(t *testing.T) {
	w := newWorld(t)
	lw, admin := w.as("link_worker"), w.as("administrator")
	_, episode := w.supported()
	w.refer(episode)
	for _, far := range []string{"P293Y", "P585Y", "P36500D"} {
		admin.post("/demo/clock", fmt.Sprintf(`{"advance":%q}`, far)).problem(422, "invalid")
	}
	admin.post("/sites", `{"name":"S","code":"reserved","schedules":[{"code":"baseline","anchor":"baseline",
		"opens_after":"P1M","target_after":"P2M","closes_after":"P3M","analysis_from":1,"analysis_to":99}]}`).problem(422, "invalid")
	lw.get("/episodes?limit=1;patient_id=x").problem(400, "invalid")
	lw.get("/episodes?limit=1&%zz=1").problem(400, "invalid")
	lw.get("/services?near=51,0&within_km=NaN").problem(422, "invalid")
	lw.post("/patients/search", `{"q":"   "}`).problem(422, "invalid")
	if n := len(w.as("organisation").get("/referrals?episode_id=" + nobody()).want(200).items()); n != 0 {
		t.Errorf("a filter was passed over: %d", n)
	}
	w.ons4(episode, "review", w.daysAgo(20), 4, 4, 4, 4).want(201)
	w.ons4(episode, "baseline", w.daysAgo(10), 4, 4, 4, 4).problem(422, "invalid")
}
