package api_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace/noop"

	"waypost/api"
	"waypost/api/wire"
	"waypost/internal/keys"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/leaktest"
	"waypost/internal/platform/outward"
	"waypost/internal/platform/telemetry"
	"waypost/internal/stores"
	"waypost/migrations"
)

// run runs the tests, and through makes their calls. Under the tag judges, a judge listens in (prism_test.go).
var (
	run     = dbtest.Run
	through = http.DefaultClient
)

// TestMain runs them as on a server with a time zone of its own, which no answer may show.
func TestMain(m *testing.M) {
	time.Local = time.FixedZone("IST", 5*3600+1800)
	os.Exit(run(m))
}

// pastJudges marks calls that no judge passes on as they are: with a forwarded address, or with more wrong
// than fits in its header.
const pastJudges = "Waypost-Test-Past-Judges"

// world is a server of a test's own, with one site, a second site to keep apart from, and a key for every role.
type world struct {
	t      *testing.T
	db     *db.DB
	url    string
	keys   map[string]string // by role; other_site_link_worker is at the second site
	site   string
	other  string
	worker string // the link worker behind the key link_worker
	org    string // the organisation behind the key organisation
	svc    string // an open service of it
}

var numbers atomic.Int64

// testMasterKey is the master key of every server of this process.
var testMasterKey = sync.OnceValue(newMasterKey)

func newMasterKey() tink.AEAD {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		panic(err)
	}
	key, err := aead.New(handle)
	if err != nil {
		panic(err)
	}
	return key
}

// on is a server's configuration on a database.
func on(d *db.DB) api.Config {
	all := stores.New(d)
	all.Datasets.Software = api.Version
	all.Partners.Target = outward.New(outward.Config{AllowPrivate: true})
	all.People.TestNumbers = true
	if err := all.People.OpenLookups(actor.With(context.Background(), actor.Named("test")), testMasterKey()); err != nil {
		panic(err)
	}
	return api.Config{
		Stores:  all,
		Demo:    true,
		Ready:   func(ctx context.Context) error { return d.Ping(ctx, migrations.Newest()) },
		Metrics: telemetry.NewMetrics(d, telemetry.Build{Version: api.Version}),
		Tracing: noop.NewTracerProvider(),
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := serving(t, on(dbtest.New(t)))
	t.Cleanup(w.pairsAreKept)
	return w
}

func serving(t *testing.T, c api.Config) *world {
	t.Helper()
	w := &world{t: t, db: c.Stores.DB, url: listening(t, c), keys: map[string]string{}}
	w.keys["administrator"] = w.firstKey()
	admin := w.as("administrator")
	w.site = admin.post("/sites", `{"name":"First site","code":"first"}`).made()
	w.other = admin.post("/sites", `{"name":"Second site","code":"second"}`).made()
	w.worker = admin.post("/link-workers", fmt.Sprintf(`{"site_id":%q,"name":"Sam Helper","email":"sam@example.org"}`, w.site)).
		made()
	otherWorker := admin.post("/link-workers", fmt.Sprintf(`{"site_id":%q,"name":"Kim Helper","email":"kim@example.org"}`, w.other)).
		made()
	w.org = admin.post("/organisations", `{"name":"Example Lunch Club","description":"Lunch for people who live alone"}`).
		made()
	w.svc = admin.post("/organisations/"+w.org+"/services", `{"name":"Wednesday lunch",
		"activity_type":"food_practical","needs":["loneliness_isolation"],"latitude":53.48,"longitude":-2.24}`).made()
	for role, more := range map[string]string{
		"link_worker":  fmt.Sprintf(`"site_ids":[%q],"link_worker_id":%q`, w.site, w.worker),
		"site_manager": fmt.Sprintf(`"site_ids":[%q]`, w.site), "integration": fmt.Sprintf(`"site_ids":[%q]`, w.site),
		"organisation": fmt.Sprintf(`"organisation_id":%q`, w.org), "dashboard": "", "researcher": "", "data_steward": "",
	} {
		w.keys[role] = w.key(role, more)
	}
	w.keys["other_site_link_worker"] = w.key(
		"link_worker",
		fmt.Sprintf(`"site_ids":[%q],"link_worker_id":%q`, w.other, otherWorker),
	)
	return w
}

// listening is the address of a server.
func listening(t *testing.T, c api.Config) string {
	server := httptest.NewUnstartedServer(nil)
	server.Config = wire.NewServer(api.New(c))
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

func (w *world) firstKey() string { return w.key("administrator", "") }

// key makes a key that works, as the command line does on the server, and so that it outlasts a clock moved by years.
func (w *world) key(role, more string) string {
	w.t.Helper()
	if more != "" {
		more = "," + more
	}
	var n keys.NewKey
	if err := json.Unmarshal(
		fmt.Appendf(nil, `{"role":%q,"label":"test","expires_on":"2099-12-31"%s}`, role, more),
		&n,
	); err != nil {
		w.t.Fatal(err)
	}
	k, err := (&keys.Store{DB: w.db}).Add(actor.With(w.t.Context(), actor.Named("test")), n)
	if err != nil {
		w.t.Fatal(err)
	}
	return k.Secret
}

// client calls as one role.
type client struct {
	w      *world
	bearer string
	header map[string]string
}

func (w *world) as(role string) client {
	key, ok := w.keys[role]
	if !ok {
		w.t.Fatalf("no key for %s", role)
	}
	return client{w: w, bearer: key}
}

func (c client) with(header, value string) client {
	more := map[string]string{header: value}
	for k, v := range c.header {
		more[k] = v
	}
	c.header = more
	return c
}

func (c client) get(path string) answer        { return c.do("GET", path, "") }
func (c client) post(path, body string) answer { return c.do("POST", path, body) }
func (c client) put(path, body string) answer  { return c.do("PUT", path, body) }
func (c client) patch(path, etag, body string) answer {
	return c.with("If-Match", etag).do("PATCH", path, body)
}

// outsideV1 are the paths that stand as they are; every other is one of the API's.
var outsideV1 = regexp.MustCompile(`^/($|v1/|openapi|docs|dashboard|livez$|readyz$|nowhere$)`)

func (c client) do(method, path, body string) answer {
	c.w.t.Helper()
	if !outsideV1.MatchString(path) {
		path = "/v1" + path
	}
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(c.w.t.Context(), method, c.w.url+path, reader)
	if err != nil {
		c.w.t.Fatal(err)
	}
	if c.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	// so that ETags are the strong ones; compress_test.go tries the others
	req.Header.Set("Accept-Encoding", "identity")
	for k, v := range c.header {
		req.Header.Set(k, v)
	}
	res, err := through.Do(req)
	if err != nil {
		c.w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.w.t.Fatal(err)
	}
	a := answer{c.w.t, method + " " + path, res.StatusCode, res.Header, b}
	a.fits(c.w.t, method, path)
	return a
}

// answer is what came back.
type answer struct {
	t      *testing.T
	call   string
	status int
	header http.Header
	body   []byte
}

func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: status %d, want %d: %s", a.call, a.status, status, a.body)
	}
	return a
}

// problem asks for a problem document of this status and code, which holds none of the secrets.
func (a answer) problem(status int, code string, secrets ...string) answer {
	a.t.Helper()
	a.want(status)
	if kind := a.header.Get("Content-Type"); kind != "application/problem+json" {
		a.t.Fatalf("%s: content type %s", a.call, kind)
	}
	if got := a.text("code"); got != code {
		a.t.Fatalf("%s: code %s, want %s: %s", a.call, got, code, a.body)
	}
	var sent struct{ Errors []fault.Field }
	if err := json.Unmarshal(a.body, &sent); err != nil {
		a.t.Fatalf("%s: %v", a.call, err)
	}
	for _, f := range sent.Errors {
		known := func(m fault.Meaning) bool { return m.Code == f.Code }
		if !slices.ContainsFunc(fault.Meanings, known) {
			a.t.Errorf("%s: %s has the code %q, which is not of the list", a.call, f.Location, f.Code)
		}
	}
	return a.hides(secrets...)
}

// hides asks for an answer that holds none of the secrets.
func (a answer) hides(secrets ...string) answer {
	a.t.Helper()
	leaktest.Hidden(a.t, a.call, string(a.body), secrets...)
	return a
}

func (a answer) made() string {
	a.t.Helper()
	a.want(201)
	if at := a.header.Get("Location"); !strings.HasPrefix(at, "/v1/") || strings.Contains(at, "{") {
		a.t.Fatalf("%s: Location %q", a.call, at)
	}
	return a.text("id")
}

// at follows a path such as items.0.id into the body.
func (a answer) at(path string) any {
	a.t.Helper()
	var v any
	if err := json.Unmarshal(a.body, &v); err != nil {
		a.t.Fatalf("%s: %v: %s", a.call, err, a.body)
	}
	for _, step := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(x) {
				a.t.Fatalf("%s: nothing at %s: %s", a.call, path, a.body)
			}
			v = x[i]
		default:
			a.t.Fatalf("%s: nothing at %s: %s", a.call, path, a.body)
		}
	}
	return v
}

func (a answer) text(path string) string {
	a.t.Helper()
	s, ok := a.at(path).(string)
	if !ok {
		a.t.Fatalf("%s: no text at %s: %s", a.call, path, a.body)
	}
	return s
}

func (a answer) number(path string) float64 {
	a.t.Helper()
	n, ok := a.at(path).(float64)
	if !ok {
		a.t.Fatalf("%s: no number at %s: %s", a.call, path, a.body)
	}
	return n
}

func (a answer) items() []any {
	a.t.Helper()
	list, _ := a.at("items").([]any)
	return list
}

// --- the usual things to start from

// today and daysAgo are days as the test's server sees them.
func (w *world) today() string { return w.daysAgo(0) }
func (w *world) daysAgo(n int) string {
	return w.db.Clock.Now().AddDate(0, 0, -n).Format(time.DateOnly)
}
func (w *world) advance(period string) {
	w.as("administrator").post("/demo/clock", fmt.Sprintf(`{"advance":%q}`, period)).want(200)
}

func (w *world) patient() string {
	w.t.Helper()
	return w.as("link_worker").post("/patients", fmt.Sprintf(`{"given_name":"Marigold",
		"family_name":"Example%d","birth_date":"1950-04-01","phone":"07700 900001"}`, numbers.Add(1))).made()
}

func (w *world) consent(patient, purpose, decision string) {
	w.t.Helper()
	w.as("link_worker").
		post("/patients/"+patient+"/consents", fmt.Sprintf(`{"purpose":%q,"decision":%q,"decided_on":%q}`, purpose, decision, w.today())).
		want(201)
}

func (w *world) episode(patient string) string {
	w.t.Helper()
	return w.as("link_worker").post("/episodes", fmt.Sprintf(`{"patient_id":%q,"source":"gp","received_on":%q,
		"needs":{"primary":"loneliness_isolation","others":["food"]}}`, patient, w.daysAgo(30))).made()
}

// supported is a person with consent to share, and an episode.
func (w *world) supported() (patient, episode string) {
	w.t.Helper()
	patient = w.patient()
	w.consent(patient, "share_with_organisations", "given")
	return patient, w.episode(patient)
}

func (w *world) refer(episode string) string {
	w.t.Helper()
	return w.as("link_worker").post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,
		"kind":"referral","need":"loneliness_isolation","reason":"Lives alone","sent_at":%q}`,
		episode, w.svc, w.db.Clock.Now().AddDate(0, 0, -20).Format(time.RFC3339))).made()
}

func (w *world) ons4(episode, timepoint, on string, life, worth, happy, anxious int) answer {
	w.t.Helper()
	return w.as("link_worker").post("/assessments", fmt.Sprintf(`{"episode_id":%q,"instrument":"ons4",
		"timepoint":%q,"completed_on":%q,"mode":"telephone","respondent":"self",
		"responses":{"life_satisfaction":%d,"worthwhile":%d,"happiness":%d,"anxiety":%d}}`,
		episode, timepoint, on, life, worth, happy, anxious))
}

func nobody() string { return uuid.NewString() }

func basicAuth(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
}
