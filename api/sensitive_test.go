package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"waypost/internal/platform/leaktest"
	"waypost/internal/platform/mail/mailtest"
)

// place adds an organisation with a service, of which more says the rest.
func (w *world) place(name, more string) (org, service string) {
	w.t.Helper()
	admin := w.as("administrator")
	org = admin.post("/organisations", fmt.Sprintf(`{"name":%q}`, name)).made()
	return org, admin.post("/organisations/"+org+"/services", fmt.Sprintf(`{"name":%q%s}`, "Help at "+name, more)).
		made()
}

// connect refers the episode to what target names, for a need.
func (w *world) connect(episode, target, need string) string {
	w.t.Helper()
	return w.as("link_worker").post("/referrals", fmt.Sprintf(`{"episode_id":%q,%s,"kind":"referral","need":%q,
		"reason":"Asked for it","sent_at":%q}`,
		episode, target, need, w.db.Clock.Now().AddDate(0, 0, -20).Format(time.RFC3339))).made()
}

// A service is sensitive by the field, which administrators and imports set, or by itself by its needs.
func TestWhatIsSensitive(t *testing.T) {
	w := newWorld(t)
	admin := w.as("administrator")
	for more, want := range map[string]bool{
		``: false, `,"sensitive":true`: true, `,"needs":["domestic_abuse"]`: true,
		`,"needs":["food","alcohol_drugs"],"sensitive":false`: true, `,"needs":["food"]`: false,
	} {
		_, service := w.place("Place"+more, more)
		got := admin.get("/services/" + service).want(200)
		if got.at("sensitive") != want {
			t.Errorf("%s: %s", more, got.body)
		}
		if got = admin.patch("/services/"+service, got.header.Get("ETag"), `{"needs":["domestic_abuse"]}`).
			want(200); got.at(
			"sensitive",
		) != true {
			t.Errorf("%s, then changed: %s", more, got.body)
		}
		for _, refused := range []string{`{"sensitive":false}`, `{"needs":["alcohol_drugs"],"sensitive":false}`} {
			no := admin.patch("/services/"+service, got.header.Get("ETag"), refused)
			no.problem(422, "invalid")
			if !strings.Contains(string(no.body), `"body.sensitive"`) ||
				!strings.Contains(string(no.body), "true by itself") {
				t.Errorf("%s: %s", refused, no.body)
			}
		}
		if got = admin.patch("/services/"+service, got.header.Get("ETag"), `{"needs":["food"],"sensitive":false}`).
			want(200); got.at(
			"sensitive",
		) != false {
			t.Errorf("%s, without a sensitive need: %s", more, got.body)
		}
	}
	list := admin.get("/code-lists/needs").want(200)
	for _, c := range list.at("codes").([]any) {
		code := c.(map[string]any)
		if sensitive := slices.Contains(
			[]string{"domestic_abuse", "alcohol_drugs"},
			code["code"].(string),
		); (code["sensitive"] == true) != sensitive {
			t.Errorf("%v", code)
		}
	}
}

// Others read shared telephones and inboxes: what is sensitive is never named there, and staff are told to
// ask about it.
func TestSensitiveServicesAreNeverNamed(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w, _, followUp := writable(t, "mary@example.org", "email")
	lw := w.as("link_worker")
	episode := lw.get("/follow-ups/" + followUp).text("episode_id")
	_, refuge := w.place("Refuge House", `,"needs":["domestic_abuse"]`)
	_, centre := w.place("Harbour Centre", `,"sensitive":true`)
	_, advice := w.place("Meadow Advice", `,"needs":["food"]`)
	tavern, _ := w.place("Dry Tavern", `,"needs":["alcohol_drugs"]`)
	mixed, _ := w.place("Mixed Trust", `,"needs":["food"]`)
	_, plain := w.place("Plain Hall", `,"needs":["food"]`)
	service := func(id string) string { return fmt.Sprintf(`"service_id":%q`, id) }
	hidden := []string{
		w.connect(
			episode,
			service(refuge),
			"loneliness_isolation",
		),
		w.connect(episode, service(centre), "mental_wellbeing"),
		w.connect(episode, service(advice), "alcohol_drugs"), // by its own need
		w.connect(
			episode,
			fmt.Sprintf(`"organisation_id":%q`, tavern),
			"food",
		), // no service is named, and one there is sensitive
		w.connect(episode, fmt.Sprintf(`"organisation_id":%q`, mixed), "domestic_abuse"), // the older of two there
	}
	w.connect(episode, fmt.Sprintf(`"organisation_id":%q`, mixed), "food")
	w.connect(episode, service(plain), "food")
	hidden = hidden[:4] // the fifth is asked about by the newer referral there

	w.postman(smtp).run()
	names := []string{"Refuge", "Harbour", "Meadow", "Dry Tavern", "Mixed Trust"}
	leaktest.Hidden(t, "the mail", smtp.Mail().Text, append(names, "Plain Hall", "Lunch Club")...)

	p := w.link(followUp)
	page, asked := p.open("/respondent"), ""
	for n := 0; page.at != "/check" && n < 30; n++ {
		asked += page.title() + "\n"
		leaktest.Hidden(t, "page "+page.at, page.html, names...)
		page = p.answer(page, p.first(page))
	}
	leaktest.Hidden(t, "the page to check", page.html+p.open("").html, names...)
	if !strings.Contains(asked, "Plain Hall") || !strings.Contains(asked, "Lunch Club") {
		t.Errorf("what is not sensitive is not asked about:\n%s", asked)
	}
	left := func(a answer) (ids []string) {
		for _, id := range a.at("ask_in_person").([]any) {
			ids = append(ids, id.(string))
		}
		return ids
	}
	inPerson := left(lw.get("/follow-ups/" + followUp).want(200))
	if len(inPerson) != 5 ||
		slices.ContainsFunc(hidden, func(id string) bool { return !slices.Contains(inPerson, id) }) {
		t.Errorf("left to ask: %v, want %v and one more", inPerson, hidden)
	}
	lw.post("/follow-ups/"+followUp+"/services", fmt.Sprintf(`{"referral_id":%q,"used":"still_using","benefit":"a_lot"}`, hidden[0])).
		problem(409, "conflict")

	// Completion without them is whole; staff record the rest after it, once each.
	if page = p.answer(page, ""); page.at != "/thanks" {
		t.Fatalf("%s: %s", page.at, page.html)
	}
	done := lw.get("/follow-ups/" + followUp).want(200)
	if done.text("state") != "completed" || len(left(done)) != 5 || len(done.at("completion.services").([]any)) != 2 {
		t.Errorf("%s", done.body)
	}
	report := func(id, rest string) answer {
		return lw.post("/follow-ups/"+followUp+"/services", fmt.Sprintf(`{"referral_id":%q,%s}`, id, rest))
	}
	report(hidden[0], `"used":"still_using"`).problem(422, "invalid") // without whether it helped
	report(nobody(), `"used":"not_yet"`).problem(422, "invalid")
	done = report(hidden[0], `"used":"still_using","benefit":"a_lot"`).want(201)
	if slices.Contains(left(done), hidden[0]) || len(left(done)) != 4 ||
		len(done.at("completion.services").([]any)) != 3 {
		t.Errorf("%s", done.body)
	}
	report(hidden[0], `"used":"still_using","benefit":"a_lot"`).problem(409, "conflict")
	w.as("other_site_link_worker").post("/follow-ups/"+followUp+"/services", fmt.Sprintf(`{"referral_id":%q,
		"used":"not_yet"}`, hidden[1])).problem(404, "not_found")
}
