//go:build judges

package judges

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// operation is what the document says of one operation, as far as the judges need it.
type operation struct {
	ID          string   `yaml:"operationId"`
	Roles       []string `yaml:"x-roles"`
	RequestBody struct {
		Content map[string]struct {
			Example fields
			Schema  struct {
				Ref string `yaml:"$ref"`
			}
		}
	} `yaml:"requestBody"`
	Responses map[string]any

	method, path string
	required     []string // fields of its body
}

func operations(t *testing.T) map[string]operation {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths      map[string]map[string]operation
		Components struct {
			Schemas map[string]struct{ Required []string }
		}
	}
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	all := map[string]operation{}
	for at, methods := range doc.Paths {
		for method, o := range methods {
			o.method, o.path = strings.ToUpper(method), at
			for _, m := range o.RequestBody.Content {
				o.required = doc.Components.Schemas[path.Base(m.Schema.Ref)].Required
			}
			all[o.ID] = o
		}
	}
	return all
}

// request is a good request: one that is answered with success.
type request struct {
	operation string // its id
	role      string // whose key it takes; empty: none, as by a link
	method    string
	at        string // its path, with what is in {}
	header    map[string]string
	body      fields
	required  []string
	status    int // of a good answer
}

// caller makes good requests, and the things they are about. Each is about things of its own, so that none
// spoils another.
type caller struct {
	demo
	t   *testing.T
	all map[string]operation

	unreported string // a referral of which a completed follow-up says nothing yet
}

// requests is a good request for every operation.
func (d demo) requests(t *testing.T) []request {
	t.Helper()
	c := &caller{demo: d, t: t, all: operations(t)}
	var good []request
	for _, id := range slices.Sorted(maps.Keys(c.all)) {
		good = append(good, c.request(id))
	}
	return good
}

// request is the operation's own example, about a thing that is there.
func (c *caller) request(operation string) request {
	c.t.Helper()
	about := ""
	if strings.Contains(c.all[operation].path, "{") {
		about = c.thing(operation)
	}
	c.prepare(operation, about)
	return c.requestAbout(operation, about)
}

// prepare does to the thing what must have happened before the operation, and before that.
func (c *caller) prepare(operation, about string) {
	c.t.Helper()
	if before := first[operation]; before != "" {
		c.prepare(before, about)
		c.do(c.requestAbout(before, about))
	}
}

func (c *caller) requestAbout(operation, about string) request {
	c.t.Helper()
	o := c.all[operation]
	r := request{operation: operation, method: o.method, at: c.at(o.path, about), header: map[string]string{}}
	// first who reaches all sites, and no person's record
	for _, role := range []string{"administrator", "site_manager", "data_steward"} {
		if slices.Contains(o.Roles, role) {
			r.role = role
			break
		}
	}
	if operation == "ask-referral-question" { // others may call it, and are told that only an organisation asks
		r.role = "organisation"
	}
	for _, status := range []int{http.StatusOK, http.StatusCreated, http.StatusNoContent} {
		if o.Responses[strconv.Itoa(status)] != nil {
			r.status = status
		}
	}
	for _, m := range o.RequestBody.Content {
		r.body, r.required = maps.Clone(m.Example), o.required
	}
	for name, value := range c.instead(operation) {
		if r.body[name] = value; value == nil {
			delete(r.body, name)
		}
	}
	if o.method == http.MethodPatch {
		_, header := c.call(c.t, request{role: r.role, method: http.MethodGet, at: r.at})
		r.header["If-Match"] = header.Get("ETag")
	}
	return r
}

var braces = regexp.MustCompile(`\{\w+\}`)

// at is where the operation finds what it is about; some things lie further in: a flag on an episode, a
// delivery on a webhook, a member and a release on a project.
func (c *caller) at(template, about string) string {
	c.t.Helper()
	if strings.Contains(template, "{flag_id}") {
		template = strings.ReplaceAll(template, "{flag_id}", c.flag(about))
	}
	if strings.Contains(template, "{delivery_id}") {
		test := c.do(request{role: "administrator", method: http.MethodPost, at: "/v1/webhooks/" + about + "/test"})
		template = strings.ReplaceAll(template, "{delivery_id}", test["id"].(string))
	}
	if strings.Contains(template, "{api_key_id}") {
		member := c.do(c.requestAbout("add-project-member", about))
		template = strings.ReplaceAll(template, "{api_key_id}", member["api_key_id"].(string))
	}
	for part, make := range map[string]string{"{note_id}": "add-note", "{interview_id}": "add-interview"} {
		if strings.Contains(template, part) {
			template = strings.ReplaceAll(template, part, c.do(c.requestAbout(make, about))["id"].(string))
		}
	}
	template = strings.ReplaceAll(template, "/files/{name}", "/files/datapackage.json")
	return braces.ReplaceAllString(template, about)
}

// read is the list that a data steward is answered.
func (c *caller) read(at string) []any {
	c.t.Helper()
	answer, _ := c.call(c.t, request{role: "data_steward", method: http.MethodGet, at: at})
	return answer["items"].([]any)
}

// project is the demo's own, which alone has people.
func (c *caller) project() string {
	c.t.Helper()
	return c.read("/v1/projects?limit=1")[0].(fields)["id"].(string)
}

// quote is what somebody said whose words no request chooses yet: at the manager's own site, or at another.
func (c *caller) quote(own bool) fields {
	c.t.Helper()
	for _, n := range c.read("/v1/projects/" + c.project() + "/narratives?limit=200") {
		said := n.(fields)
		if own != (said["site_id"] == c.site()) {
			continue
		}
		if _, taken := quoted.LoadOrStore(said["follow_up_id"], true); !taken {
			return fields{"follow_up_id": said["follow_up_id"], "words": said["narrative"]}
		}
	}
	c.t.Fatal("nobody is left whose words could be chosen")
	return nil
}

var quoted sync.Map // follow-ups by id

// release is the demo's own, once it is ready: the only one that is made without waiting for people.
func (c *caller) release() string {
	c.t.Helper()
	for range 120 {
		if r := c.read("/v1/projects/" + c.project() + "/releases?limit=1")[0].(fields); r["state"] == "ready" {
			return r["id"].(string)
		}
		time.Sleep(500 * time.Millisecond)
	}
	c.t.Fatal("the demo's release was not ready within a minute")
	return ""
}

// flag is the id of a safeguarding flag on an episode, which an answer to a site's own instrument raises.
func (c *caller) flag(episode string) string {
	c.t.Helper()
	key := numbered("check_in_%d")
	item := fields{
		"code":      "feels_unsafe",
		"type":      "number",
		"min":       0,
		"max":       3,
		"flag_from": 1,
		"wording":   "How often do you feel unsafe?",
	}
	c.call(
		c.t,
		request{
			role:   "site_manager",
			method: http.MethodPost,
			at:     "/v1/instruments",
			body: fields{
				"key":             key,
				"title":           "Check-in",
				"licence":         "Our own",
				"wording_shipped": true,
				"items":           []any{item},
			},
		},
	)
	answer := c.request("record-assessment")
	answer.body["episode_id"], answer.body["instrument"], answer.body["responses"] = episode, key, fields{
		"feels_unsafe": 3,
	}
	c.do(answer)
	e, _ := c.call(c.t, request{role: "site_manager", method: http.MethodGet, at: "/v1/episodes/" + episode})
	return e["safeguarding"].([]any)[0].(fields)["id"].(string)
}

func (c *caller) do(r request) fields {
	c.t.Helper()
	answer, _ := c.call(c.t, r)
	return answer
}

// make makes a thing by the operation, and is its id.
func (c *caller) make(operation string) string {
	c.t.Helper()
	return c.do(c.request(operation))["id"].(string)
}

// thing is the id of a thing that the operation can be called on, by the first segment of its path.
func (c *caller) thing(operation string) string {
	c.t.Helper()
	segment := strings.Split(c.all[operation].path, "/")[2]
	switch operation {
	case "ask-referral-question":
		return c.received()
	case "mark-question-answered":
		return c.do(c.requestAbout("ask-referral-question", c.received()))["id"].(string)
	case "confirm-organisation-email":
		return c.moved("change-organisation", c.make("add-organisation"))
	case "confirm-service-email":
		return c.moved("change-service", c.make("add-service"))
	case "record-follow-up-service", "get-completion", "change-completion", "move-completion",
		"mark-completion-in-error", "restore-completion":
		return c.completed()
	case "cancel-transfer":
		return c.make("request-transfer")
	case "accept-transfer", "refuse-transfer", "get-transfer": // of somebody of another site, for the manager's
		person := c.request("record-patient")
		person.role = "other_site_link_worker"
		return c.do(request{
			role:   person.role,
			method: http.MethodPost,
			at:     "/v1/patients/" + c.do(person)["id"].(string) + "/transfer",
			body:   fields{"site_id": c.site(), "reason": "Moves"},
		})["id"].(string)
	case "close-cover":
		cover := c.request("create-handover")
		cover.body["until"] = time.Now().UTC().AddDate(0, 0, 7).Format(time.DateOnly)
		return c.do(cover)["id"].(string)
	}
	if segment == "follow-ups" { // a baseline makes them
		episode := c.do(c.request("record-assessment"))["episode_id"].(string)
		list, _ := c.call(
			c.t,
			request{role: "site_manager", method: http.MethodGet, at: "/v1/follow-ups?episode_id=" + episode},
		)
		return list["items"].([]any)[0].(fields)["id"].(string)
	}
	switch operation { // what moves goes to another episode, or to what there is in it
	case "close-correction":
		return c.do(c.request("move-referral-record"))["correction_id"].(string)
	}
	if segment == "merges" {
		return c.pendingMerge()
	}
	if segment == "replies" { // the token that a link ends with
		return path.Base(c.do(c.request("create-reply-link"))["url"].(string))
	}
	if segment == "releases" {
		return c.release()
	}
	if slices.Contains([]string{"add-interview", "remove-interview", "add-quote"}, operation) {
		return c.project()
	}
	if operation == "check-quote" { // by the manager of the person's site
		chosen := c.request("add-quote")
		chosen.body = c.quote(true)
		return c.do(chosen)["id"].(string)
	}
	if operation == "confirm-api-key" { // one that waits, of the manager's site
		key := fields{"role": "integration", "label": "A partner", "site_ids": []any{c.site()}}
		return c.do(request{role: "administrator", method: http.MethodPost, at: "/v1/api-keys", body: key})["id"].(string)
	}
	if operation == "get-gp-message" {
		return c.agreed("report_to_gp")
	}
	if fixed := named[segment]; fixed != "" {
		return fixed
	}
	if makes[segment] == "" {
		c.t.Fatalf("%s: nobody has said how one of the %s comes to be: add it to requests_test.go", operation, segment)
	}
	return c.make(makes[segment])
}

// makes says which operation makes a thing, by the segment it is found under.
var makes = map[string]string{
	"api-keys":      "add-api-key",
	"assessments":   "record-assessment",
	"attempts":      "record-attempt",
	"attendances":   "record-attendance",
	"consents":      "record-consent",
	"contacts":      "record-contact",
	"episodes":      "open-episode",
	"handovers":     "create-handover",
	"link-workers":  "add-link-worker",
	"organisations": "add-organisation",
	"patients":      "record-patient",
	"projects":      "add-project",
	"quotes":        "add-quote",
	"referrals":     "record-referral",
	"services":      "add-service",
	"sites":         "add-site",
	"updates":       "publish-update",
	"webhooks":      "add-webhook",
}

// named are things that are there and have a name.
var named = map[string]string{"code-lists": "needs", "instruments": "mycaw", "worklists": "caseload"}

// first says what must have happened to a thing before the operation can be called on it.
var first = map[string]string{
	"resume-episode":      "pause-episode",
	"open-closed-episode": "close-episode",
	"undo-referral-move":  "move-referral",
	"undo-merge":          "merge-patients",
	"restore-attendance":  "mark-attendance-in-error",
	"restore-assessment":  "mark-assessment-in-error",
	"restore-attempt":     "mark-attempt-in-error",
	"restore-completion":  "mark-completion-in-error",
	"restore-consent":     "mark-consent-in-error",
	"restore-contact":     "mark-contact-in-error",
	"restore-episode":     "mark-episode-in-error",
	"restore-loss":        "mark-loss-in-error",
	"restore-patient":     "mark-patient-in-error",
	"mark-loss-in-error":  "record-follow-up-loss",
	"get-loss":            "record-follow-up-loss",
}

// instead is what replaces fields of the operation's example; nil takes one out.
func (c *caller) instead(operation string) fields {
	c.t.Helper()
	switch operation {
	case "record-patient", "change-patient":
		return fields{"nhs_number": nil} // nobody else's
	case "merge-patients":
		return fields{"into_patient_id": c.make("record-patient")}
	case "record-not-duplicate":
		return fields{"other_patient_id": c.make("record-patient")}
	case "open-episode":
		return fields{"patient_id": c.make("record-patient"), "link_worker_id": c.make("add-link-worker")}
	case "record-assessment": // the first of an episode, which makes its follow-ups
		return fields{"episode_id": c.make("open-episode"), "timepoint": "baseline"}
	case "record-referral": // lately: one that nobody answered for long expires meanwhile
		return fields{
			"episode_id":      c.agreed("share_with_organisations"),
			"organisation_id": c.make("add-organisation"),
			"sent_at":         time.Now().UTC().AddDate(0, 0, -1).Format(time.RFC3339),
		}
	case "move-contact", "move-assessment":
		return fields{"episode_id": c.make("open-episode")}
	case "move-referral-record":
		return fields{"episode_id": c.agreed("share_with_organisations")}
	case "move-attendance":
		return fields{"referral_id": c.make("record-referral")}
	case "move-completion":
		return fields{"follow_up_id": c.thing("get-follow-up")}
	case "record-attendance":
		return fields{"on": time.Now().UTC().Format(time.DateOnly)}
	case "create-intake":
		return fields{
			"episode": fields{
				"source":         "gp",
				"received_on":    "2026-01-12",
				"needs":          fields{"primary": "loneliness_isolation"},
				"link_worker_id": c.make("add-link-worker"),
			},
			"referrals": []any{fields{"organisation_id": c.make("add-organisation"), "need": "loneliness_isolation"}},
		}
	case "request-transfer":
		return fields{"site_id": c.make("add-site")}
	case "create-handover":
		return fields{
			"from_link_worker_id": c.make("add-link-worker"),
			"to_link_worker_id":   c.make("add-link-worker"),
			"dry_run":             nil,
		}
	case "add-link-worker":
		return fields{"site_id": c.site(), "email": numbered("sam%d@example.org")}
	case "change-link-worker":
		return fields{"email": numbered("sam%d@example.org")}
	case "add-site", "change-site":
		return fields{"code": numbered("town_%d")}
	case "add-webhook", "change-webhook": // nobody listens there
		return fields{"url": "http://127.0.0.1:9/waypost"}
	case "replay-webhook": // the administrator's
		feed, _ := c.call(c.t, request{role: "administrator", method: http.MethodGet, at: "/v1/events?limit=1"})
		return fields{"cursor": feed["next_cursor"]}
	case "add-project":
		return fields{"site_ids": []any{c.site()}}
	case "change-study":
		return fields{"targets": nil}
	case "add-interview":
		return fields{"site": c.site()}
	case "add-quote":
		return c.quote(false)
	case "publish-update":
		return fields{"to": nil, "expires_on": nil, "corrects": nil, "correction": nil}
	case "create-update-link":
		return fields{"expires_on": nil}
	case "add-project-member":
		key := c.do(
			request{
				role:   "administrator",
				method: http.MethodPost,
				at:     "/v1/api-keys",
				body:   fields{"role": "researcher", "label": "A researcher"},
			},
		)
		return fields{"api_key_id": key["id"]}
	case "request-release": // one that is made is answered otherwise, and takes its time
		return fields{"dry_run": true}
	case "confirm-organisation-email", "confirm-service-email":
		return fields{"email": movedTo}
	case "record-follow-up-service":
		return fields{"referral_id": c.unreported, "name": nil}
	case "complete-follow-up":
		return fields{"completed_on": "2026-06-30"}
	case "add-instrument":
		return fields{"site_id": c.site(), "key": numbered("scale_%d")}
	case "set-instrument-wording":
		words := []any{}
		for _, item := range []string{"concern_1", "concern_1_score", "concern_2", "concern_2_score", "wellbeing", "what_mattered_most"} {
			words = append(words, fields{"code": item, "wording": "Words"})
		}
		return fields{"site_id": c.site(), "items": words}
	case "advance-demo-clock":
		return fields{"advance": "P1D"}
	default:
		return nil
	}
}

// movedTo is an e-mail address that an administrator gives to what had another.
const movedTo = "new@lunch.example.org"

func (c *caller) moved(change, about string) string {
	c.t.Helper()
	r := c.requestAbout(change, about)
	r.body = fields{"email": movedTo}
	c.do(r)
	return about
}

// received is a referral to the organisation whose key the demo has.
func (c *caller) received() string {
	c.t.Helper()
	me, _ := c.call(c.t, request{role: "organisation", method: http.MethodGet, at: "/v1/me"})
	r := c.request("record-referral")
	r.body["organisation_id"] = me["organisation_id"]
	return c.do(r)["id"].(string)
}

// completed is a follow-up that is completed and says nothing of a referral of its episode.
func (c *caller) completed() string {
	c.t.Helper()
	referral := c.request("record-referral")
	referral.body["sent_at"] = "2026-02-01T12:00:00Z"
	baseline := c.request("record-assessment")
	baseline.body["episode_id"] = referral.body["episode_id"]
	c.unreported = c.do(referral)["id"].(string)
	c.do(baseline)
	list, _ := c.call(
		c.t,
		request{
			role:   "site_manager",
			method: http.MethodGet,
			at:     fmt.Sprintf("/v1/follow-ups?episode_id=%s", referral.body["episode_id"]),
		},
	)
	id := list["items"].([]any)[0].(fields)["id"].(string)
	done := c.requestAbout("complete-follow-up", id)
	delete(done.body, "services")
	c.do(done)
	return id
}

// agreed is an episode of somebody who gave their consent for the purpose.
func (c *caller) agreed(purpose string) string {
	c.t.Helper()
	consent := c.request("record-consent")
	consent.body["purpose"] = purpose
	c.do(consent)
	episode := c.request("open-episode")
	episode.body["patient_id"] = strings.Split(consent.at, "/")[3]
	return c.do(episode)["id"].(string)
}

// pendingMerge is a merge that a link worker asked for, and that somebody else must confirm: of two NHS numbers.
func (c *caller) pendingMerge() string {
	c.t.Helper()
	var both [2]string
	for i := range both {
		r := c.request("record-patient")
		r.body["nhs_number"] = nhsNumber(numbers.Add(1))
		both[i] = c.do(r)["id"].(string)
	}
	asked := c.do(request{role: "link_worker", method: http.MethodPost, at: "/v1/patients/" + both[0] + "/merge",
		body: fields{"into_patient_id": both[1], "reason": "She was recorded twice."}})
	return asked["merge"].(fields)["id"].(string)
}

// nhsNumber is the nth number or a later one of those that are free for tests and have a check digit.
func nhsNumber(n int64) string {
	for n *= 3; ; n++ {
		digits, sum := fmt.Sprintf("9990%05d", n), 0
		for i, r := range digits {
			sum += int(r-'0') * (10 - i)
		}
		if check := (11 - sum%11) % 11; check < 10 {
			return digits + strconv.Itoa(check)
		}
	}
}

func (c *caller) site() string {
	c.t.Helper()
	me, _ := c.call(c.t, request{role: "site_manager", method: http.MethodGet, at: "/v1/me"})
	return me["site_ids"].([]any)[0].(string)
}

var numbers atomic.Int64

// numbered makes a text that nobody else has.
func numbered(format string) string { return fmt.Sprintf(format, numbers.Add(1)) }

// Every good request is good: the judges that build on them would judge nothing otherwise.
func TestGoodRequestsSucceed(t *testing.T) {
	d := served(t)
	for _, r := range d.requests(t) {
		d.call(t, r)
	}
}

// What Specmatic does not try: a required field that is missing, and one that nobody knows.
func TestMissingAndUnknownFields(t *testing.T) {
	d := served(t)
	tried := 0
	refused := func(r request, why string) {
		tried++
		if status, body, _ := d.send(
			t,
			r,
		); status != http.StatusUnprocessableEntity ||
			!bytes.Contains(body, []byte(why)) {
			t.Errorf("%s: %d %s, and not refused since %q", r.operation, status, body, why)
		}
	}
	for _, r := range d.requests(t) {
		if r.body == nil {
			continue
		}
		good := r.body
		for _, field := range r.required {
			r.body = maps.Clone(good)
			delete(r.body, field)
			refused(r, "expected required property "+field+" to be present")
		}
		r.body = maps.Clone(good)
		r.body["nonsense"] = 1
		refused(r, "has a field that this operation does not know")
	}
	t.Logf("%d requests without a required field, or with an unknown one, were refused for it", tried)
}
