package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/outbox"
)

// Every operation, called by every role whose scope lacks, is 403, whatever else is wrong with the call.
func TestEveryRoleGets403WhereItsScopeLacks(t *testing.T) {
	w := newWorld(t)
	_, all := operations(t)
	calls := 0
	for _, o := range all {
		scope, keyed := o.Extensions["x-scope"].(actor.Scope)
		if !keyed { // the token in its path is the credential, and this one is nobody's
			for _, c := range []client{w.anybody(), w.as("administrator"), w.as("organisation")} {
				c.do(o.Method, fill(o.Path, nobody()), exampleBody(t, o)).problem(404, "not_found")
			}
			continue
		}
		for _, role := range []actor.Role{
			actor.LinkWorker, actor.SiteManager, actor.Integration, actor.Organisation, actor.Dashboard,
			actor.Researcher, actor.DataSteward, actor.Administrator,
		} {
			if (actor.Actor{Role: role}).Can(scope) {
				continue
			}
			body := ""
			if o.RequestBody != nil {
				body = `{"nonsense":true}`
			}
			w.as(string(role)).do(o.Method, fill(o.Path, nobody()), body).problem(403, "forbidden")
			calls++
		}
		if (w.anybody().do(o.Method, fill(o.Path, nobody()), "")).status != 401 {
			t.Errorf("%s: not 401 without a key", o.OperationID)
		}
	}
	if calls < 100 {
		t.Errorf("only %d calls: the walk does not walk", calls)
	}
}

func (w *world) anybody() client { return client{w: w} }

func fill(path, id string) string {
	return strings.NewReplacer(
		"{id}", id, "{flag_id}", id, "{api_key_id}", id, "{delivery_id}", id, "{token}", id, "{note_id}", id,
		"{interview_id}", id, "/worklists/{name}", "/worklists/caseload", "{name}", "needs", "{key}", "ons4",
	).
		Replace(path)
}

// What is behind the first segment of a path: a thing of a site, of which the walk needs one, or something
// that all sites share.
var shared = map[string]string{
	"me":             "says who the caller is",
	"code-lists":     "the same for everybody",
	"instruments":    "have keys, and are tested with their values",
	"organisations":  "the directory is shared",
	"services":       "the directory is shared",
	"api-keys":       "for administrators and data stewards, who serve all sites; what a manager sees is tested with its values",
	"projects":       "of researchers and data stewards: tested with their values",
	"releases":       "as projects",
	"updates":        "as projects",
	"quotes":         "of projects, and tested with their values",
	"datasets":       "the codebook, the same for everybody",
	"replies":        "by the token of a link alone, which no key replaces: tested with their values",
	"demo":           "the clock of the whole demo",
	"insights":       "figures of the caller's own sites, tested with their values",
	"transfer-sites": "names of the sites that a person can be passed to",
}

// Bodies that name something of another site, by operation; {x} is replaced by the first site's x.
var foreignBodies = map[string]string{
	"open-episode": `{"patient_id":"{patients}","source":"gp","received_on":"2026-01-12",
		"needs":{"primary":"food"}}`,
	"create-intake": `{"patient_id":"{patients}","episode":{"source":"gp","received_on":"2026-01-12",
		"needs":{"primary":"food"}}}`,
	"record-referral": `{"episode_id":"{episodes}","organisation_id":"{organisation}","need":"food"}`,
	"record-assessment": `{"episode_id":"{episodes}","instrument":"ons4","timepoint":"review",
		"completed_on":"2026-01-12","mode":"telephone","respondent":"self","responses":{"anxiety":1}}`,
	"create-handover": `{"from_link_worker_id":"{link-workers}","to_link_worker_id":"{link-workers}","reason":"Leaves"}`,
	"record-patient":  `{"site_id":"{sites}","given_name":"A","family_name":"B","birth_date":"1950-01-01"}`,
	"add-link-worker": `{"site_id":"{sites}","name":"A","email":"a@example.org"}`,
}

// Another site's key gets 404 for every operation on a thing of the first site, and never sees one of its rows in a
// list. An operation of a kind that this walk does not know fails it.
func TestAnotherSiteReachesNothing(t *testing.T) {
	w := newWorld(t)
	things := w.oneOfEach()
	org, of := w.as("organisation"), "/referrals/"+things["referrals"]
	things["attendances"] = org.post(of+"/attendances", fmt.Sprintf(`{"on":%q,"attended":false,
		"reported_by":"organisation"}`, w.today())).made()
	things["questions"] = org.post(of+"/questions", `{"question":"Which day?"}`).made()
	third := w.as("administrator").post("/sites", `{"name":"Third site","code":"third"}`).made()
	things["transfers"] = w.as("link_worker").post("/patients/"+things["patients"]+"/transfer",
		fmt.Sprintf(`{"site_id":%q,"reason":"Moves"}`, third)).made()
	things["handovers"] = w.as("link_worker").post("/handovers", fmt.Sprintf(`{"from_link_worker_id":%q,"to_link_worker_id":%q,
		"reason":"Leave","until":%q}`, w.worker, w.colleague("Kim Other"), w.daysAgo(-5))).made()
	w.keys["other_site_manager"] = w.key("site_manager", fmt.Sprintf(`"site_ids":[%q]`, w.other))
	w.keys["other_integration"] = w.key("integration", fmt.Sprintf(`"site_ids":[%q]`, w.other))
	_, all := operations(t)
	for _, o := range all {
		segment := strings.Split(strings.TrimPrefix(o.Path, "/v1/"), "/")[0]
		if shared[segment] != "" {
			continue
		}
		thing, known := things[segment]
		stranger, can := w.stranger(o)
		switch {
		case !known:
			t.Errorf("%s: nobody has said what another site may do here: add %q to this test", o.OperationID, segment)
		case !can: // only those who serve all sites may call it
			if segment != "sites" {
				t.Errorf("%s: no role of a site may call it, and it is about things of a site", o.OperationID)
			}
		case strings.Contains(o.Path, "{id}"):
			stranger.with("If-Match", `"1"`).
				do(o.Method, fill(o.Path, thing), exampleBody(t, o)).
				problem(404, "not_found")
		case foreignBodies[o.OperationID] != "":
			stranger.do(o.Method, o.Path, replaceAll(foreignBodies[o.OperationID], things)).problem(404, "not_found")
		case o.OperationID == "add-webhook": // names nothing: what it is told of is tested with the feed
		case o.OperationID == "search-patients":
			for _, body := range []string{
				`{"q":"mary"}`, `{"family_name":"Walked","birth_date":"1950-04-01"}`,
				`{"nhs_number":"9434765919"}`, `{"external_id":{"system":"emis","value":"A-1"}}`,
			} {
				stranger.do("POST", o.Path, body).want(200).withoutAny(things)
			}
		case o.Method == "GET":
			for _, query := range []string{"", "?limit=200"} {
				stranger.get(fill(o.Path, thing) + query).want(200).withoutAny(things)
			}
		default:
			t.Errorf("%s: this walk does not call it", o.OperationID)
		}
	}
	for _, path := range []string{
		"/referrals?episode_id=" + things["episodes"], "/episodes?patient_id=" + things["patients"],
		"/follow-ups?episode_id=" + things["episodes"], "/referrals?organisation_id=" + w.org,
	} {
		if n := len(w.as("other_site_link_worker").get(path).want(200).items()); n != 0 {
			t.Errorf("%s: another site sees %d rows", path, n)
		}
	}
}

// An organisation reaches its own referrals and nobody else's.
func TestAnotherOrganisationReachesNothing(t *testing.T) {
	w := newWorld(t)
	things := w.oneOfEach()
	stranger := w.as("administrator").post("/organisations", `{"name":"Another Club"}`).made()
	w.keys["other_organisation"] = w.key("organisation", fmt.Sprintf(`"organisation_id":%q`, stranger))
	c := w.as("other_organisation")
	for _, call := range [][3]string{
		{"GET", "/referrals/{referrals}", ""}, {"GET", "/referrals/{referrals}/moves", ""},
		{"GET", "/referrals/{referrals}/attendances", ""},
		{"POST", "/referrals/{referrals}/moves", `{"to":"accepted"}`},
		{"POST", "/referrals/{referrals}/attendances", fmt.Sprintf(`{"on":%q,"attended":true,
			"reported_by":"organisation"}`, w.today())},
		{"PUT", "/services/" + w.svc + "/capacity", `{"capacity":"closed"}`},
	} {
		c.do(call[0], replaceAll(call[1], things), call[2]).problem(404, "not_found")
	}
	if n := len(c.get("/referrals?organisation_id=" + w.org).want(200).items()); n != 0 {
		t.Errorf("it sees %d referrals of another organisation", n)
	}
	w.as("organisation").get("/referrals/" + things["referrals"]).want(200)
}

// stranger is somebody of the other site whose role may call the operation.
func (w *world) stranger(o *huma.Operation) (client, bool) {
	scope := o.Extensions["x-scope"].(actor.Scope)
	for key, role := range map[string]actor.Role{
		"other_site_link_worker": actor.LinkWorker, "other_site_manager": actor.SiteManager,
		"other_integration": actor.Integration,
	} {
		if (actor.Actor{Role: role}).Can(scope) {
			return w.as(key), true
		}
	}
	return client{}, false
}

// oneOfEach makes one thing of each kind at the first site, by the segment of its path.
func (w *world) oneOfEach() map[string]string {
	w.t.Helper()
	lw := w.as("link_worker")
	patient := lw.post("/patients", `{"given_name":"Marigold","family_name":"Walked","birth_date":"1950-04-01",
		"nhs_number":"943 476 5919","external_ids":[{"system":"emis","value":"A-1"}]}`).made()
	w.consent(patient, "share_with_organisations", "given")
	episode := w.episode(patient)
	assessment := w.ons4(episode, "baseline", w.daysAgo(25), 4, 5, 3, 8).made()
	contact := lw.post("/episodes/"+episode+"/contacts", fmt.Sprintf(`{"on":%q,"mode":"telephone",
		"kind":"first_contact","outcome":"spoke"}`, w.daysAgo(26))).made()
	followUp := lw.get("/follow-ups?episode_id=" + episode).want(200).text("items.0.id")
	again := lw.post("/patients", `{"given_name":"Marigold","family_name":"Walked","birth_date":"1950-04-01",
		"nhs_number":"9991000003"}`).made()
	moved := lw.post("/episodes/"+episode+"/contacts", fmt.Sprintf(`{"on":%q,"mode":"telephone",
		"kind":"support","outcome":"spoke"}`, w.today())).made()
	corrected := lw.post("/contacts/"+moved+"/reassignment",
		fmt.Sprintf(`{"episode_id":%q,"reason":"The wrong person"}`, w.episode(patient))).want(200).text("correction_id")
	return map[string]string{
		"corrections":  corrected,
		"patients":     patient,
		"episodes":     episode,
		"assessments":  assessment,
		"referrals":    w.refer(episode),
		"sites":        w.site,
		"link-workers": w.worker,
		"contacts":     contact,
		"consents":     lw.get("/patients/" + patient + "/consents").want(200).text("items.0.id"),
		"attempts": lw.post("/follow-ups/"+followUp+"/attempts", `{"channel":"telephone","result":"no_answer"}`).
			want(201).text("id"),
		"follow-ups":   followUp,
		"outbox":       w.queued(followUp),
		"merges":       w.merge(again, patient).want(200).text("merge.id"),
		"organisation": w.org,
		"worklists":    episode,
		"intakes":      episode,
		"events":       w.as("link_worker").get("/events").want(200).text("items.0.id"),
		"webhooks": w.as("integration").
			post("/webhooks", `{"url":"http://127.0.0.1:9/waypost","events":["*"]}`).
			made(),
	}
}

// queued puts an invitation of the first site into the outbox.
func (w *world) queued(followUp string) string {
	w.t.Helper()
	err := w.db.Do(actor.With(w.t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		return outbox.Queue(
			tx,
			outbox.Message{
				SiteID:    uuid.MustParse(w.site),
				Kind:      "follow_up_invitation",
				SubjectID: uuid.MustParse(followUp),
				Ordinal:   1,
				Channel:   outbox.Email,
			},
		)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.as("link_worker").get("/outbox").want(200).text("items.0.id")
}

func replaceAll(text string, things map[string]string) string {
	for name, id := range things {
		text = strings.ReplaceAll(text, "{"+name+"}", id)
	}
	return text
}

// withoutAny asks that no id of the things is in the answer, the shared organisation apart.
func (a answer) withoutAny(things map[string]string) {
	a.t.Helper()
	for kind, id := range things {
		if kind != "organisation" && strings.Contains(string(a.body), id) {
			a.t.Errorf("%s: another site sees one of the %s", a.call, kind)
		}
	}
}

func exampleBody(t *testing.T, o *huma.Operation) string {
	t.Helper()
	if o.RequestBody == nil {
		return ""
	}
	for _, m := range o.RequestBody.Content {
		b, err := json.Marshal(m.Example)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	return ""
}
