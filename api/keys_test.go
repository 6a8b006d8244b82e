package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// ask makes a key as the administrator of that name does.
func (w *world) ask(by, role, more string) answer {
	w.t.Helper()
	if more != "" {
		more = "," + more
	}
	return w.as(by).post("/api-keys", fmt.Sprintf(`{"role":%q,"label":"asked for"%s}`, role, more)).want(201)
}

// bearing calls with a key that was just made.
func (w *world) bearing(made answer) client { return client{w: w, bearer: made.text("key")} }

func confirmation(made answer) string { return "/api-keys/" + made.text("id") + "/confirmation" }

// opened are the commands for a key of each role that opens people's records.
func (w *world) opened() map[string]string {
	return map[string]string{
		"link_worker":  fmt.Sprintf(`"site_ids":[%q],"link_worker_id":%q`, w.site, w.worker),
		"site_manager": fmt.Sprintf(`"site_ids":[%q]`, w.site), "integration": fmt.Sprintf(`"site_ids":[%q]`, w.site),
		"organisation": fmt.Sprintf(`"organisation_id":%q`, w.org), "data_steward": "",
	}
}

// A key that opens people's records is none until a second person has confirmed it; one that opens none works at once.
func TestAKeyWaitsForASecondPerson(t *testing.T) {
	w := newWorld(t)
	for role, more := range w.opened() {
		made := w.ask("administrator", role, more)
		if made.text("state") != "pending" || made.at("confirmed_at") != nil || made.at("confirmed_by") != nil ||
			made.text("created_by.role") != "administrator" {
			t.Errorf("%s: %s", role, made.body)
		}
		c := w.bearing(made)
		for _, path := range []string{"/me", "/patients/" + nobody(), "/insights/referrals", "/code-lists"} {
			c.get(path).problem(401, "unauthenticated", c.bearer)
		}
		c.post("/patients", `{"given_name":"A","family_name":"B","birth_date":"1950-01-01"}`).
			problem(401, "unauthenticated")
		c.post(confirmation(made), "").problem(401, "unauthenticated")
		w.as("administrator").post(confirmation(made), "").problem(403, "forbidden")
		done := w.as("data_steward").post(confirmation(made), "").want(200)
		if done.text("state") != "works" || done.text("confirmed_by.role") != "data_steward" ||
			done.text("confirmed_by.key_id") != w.keyID("data_steward") ||
			done.text("created_by.key_id") != w.keyID("administrator") ||
			done.at("key") != nil ||
			strings.Contains(string(done.body), c.bearer) {
			t.Errorf("%s: %s", role, done.body)
		}
		if me := c.get("/me").want(200); me.text("role") != role {
			t.Errorf("%s", me.body)
		}
		w.as("data_steward").post(confirmation(made), "").problem(409, "conflict")
	}
	for _, role := range []string{"dashboard", "administrator", "researcher"} {
		made := w.ask("administrator", role, "")
		if made.text("state") != "works" {
			t.Errorf("%s: %s", role, made.body)
		}
		w.bearing(made).get("/me").want(200)
		w.as("data_steward").post(confirmation(made), "").problem(409, "conflict")
	}
}

// A researcher's key that names projects opens pseudonymised records.
func TestAResearchersKeyOfAProjectWaits(t *testing.T) {
	s := newResearchWorld(t)
	project := s.project("")
	made := s.ask("administrator", "researcher", fmt.Sprintf(`"project_ids":[%q]`, project))
	s.bearing(made).get("/projects/"+project).problem(401, "unauthenticated")
	s.as("data_steward").post(confirmation(made), "").want(200)
	s.bearing(made).get("/projects/" + project).want(200)
}

// A manager sees and confirms the keys whose sites are all theirs, and no other.
func TestAManagerConfirmsKeysOfTheirOwnSites(t *testing.T) {
	w := newWorld(t)
	manager := w.as("site_manager")
	own := w.ask("administrator", "integration", fmt.Sprintf(`"site_ids":[%q]`, w.site))
	others := []answer{
		w.ask("administrator", "integration", fmt.Sprintf(`"site_ids":[%q]`, w.other)),
		w.ask("administrator", "site_manager", fmt.Sprintf(`"site_ids":[%q,%q]`, w.site, w.other)),
		w.ask("administrator", "organisation", w.opened()["organisation"]), w.ask("administrator", "data_steward", ""),
	}
	for _, made := range others {
		manager.post(confirmation(made), "").problem(404, "not_found")
		manager.get("/api-keys/"+made.text("id")).problem(404, "not_found")
	}
	pending := manager.get("/api-keys?state=pending").want(200)
	if list := pending.items(); len(list) != 1 || pending.text("items.0.id") != own.text("id") ||
		strings.Contains(string(pending.body), own.text("key")) {
		t.Errorf("a manager's pending keys: %s", pending.body)
	}
	for _, item := range manager.get("/api-keys?limit=200").want(200).items() {
		if sites := item.(map[string]any)["site_ids"].([]any); !slices.Equal(sites, []any{w.site}) {
			t.Errorf("a manager sees %v", item)
		}
	}
	if n := len(w.as("data_steward").get("/api-keys?state=pending").want(200).items()); n != 5 {
		t.Errorf("a data steward sees %d pending keys", n)
	}
	if done := manager.post(confirmation(own), "").want(200); done.text("confirmed_by.role") != "site_manager" {
		t.Errorf("%s", done.body)
	}
	w.bearing(own).get("/patients/"+nobody()).problem(404, "not_found")
	for _, role := range []string{"link_worker", "integration", "organisation", "dashboard", "researcher"} {
		w.as(role).get("/api-keys").problem(403, "forbidden")
	}
	for _, role := range []string{"site_manager", "data_steward"} {
		w.as(role).post("/api-keys", `{"role":"dashboard","label":"x"}`).problem(403, "forbidden")
		w.as(role).do("DELETE", "/api-keys/"+own.text("id"), "").problem(403, "forbidden")
	}
	w.recorded("api_key.added", own.text("id"), "administrator")
	w.recorded("api_key.confirmed", own.text("id"), "site_manager")
}

// recorded asks for one event about a thing, by whoever has the role.
func (w *world) recorded(kind, subject, role string) {
	w.t.Helper()
	var n int
	err := w.db.Do(actor.With(w.t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		return tx.Raw("select count(*) from events where type = ? and subject_id = ? and actor_role = ?", kind, subject, role).
			Scan(&n).
			Error
	})
	if err != nil || n != 1 {
		w.t.Errorf("%s by %s: recorded %d times (%v)", kind, role, n, err)
	}
}

// Whatever one administrator does alone, with whatever keys they make, no key that they made opens a record.
func TestAnAdministratorAloneOpensNoRecord(t *testing.T) {
	w := newWorld(t)
	w.keys["second"] = w.ask("administrator", "administrator", "").text("key")
	w.keys["third"] = w.ask("second", "administrator", "").text("key")
	w.keys["heir"] = w.ask("administrator", "administrator", fmt.Sprintf(`"replaces":%q`, w.keyID("administrator"))).
		text("key")
	family := []string{"administrator", "second", "third", "heir"}
	var keys []answer
	for _, by := range family {
		for role, more := range w.opened() {
			keys = append(keys, w.ask(by, role, more))
		}
		for role, more := range w.opened() { // in the place of one that never worked
			old := slices.IndexFunc(keys, func(k answer) bool { return k.text("role") == role })
			if more != "" {
				more += ","
			}
			keys = append(keys, w.ask(by, role, more+fmt.Sprintf(`"replaces":%q`, keys[old].text("id"))))
		}
	}
	// Those that confirm, of the one thing that needs no confirmation: in the place of others' that work.
	for role, more := range map[string]string{"data_steward": "", "site_manager": w.opened()["site_manager"] + ","} {
		w.keys["taken "+role] = w.ask("second", role, more+fmt.Sprintf(`"replaces":%q`, w.keyID(role))).text("key")
	}
	for i, k := range keys {
		if k.text("state") != "pending" {
			t.Errorf("%s works: %s", k.text("role"), k.body)
		}
		for _, with := range append(family, "taken data_steward", "taken site_manager") {
			if a := w.as(with).post(confirmation(k), ""); a.status != 403 && a.status != 404 {
				t.Errorf("%s confirmed a key of %s: %s", with, k.text("created_by.label"), a.body)
			}
		}
		w.bearing(keys[(i+1)%len(keys)]).post(confirmation(k), "").problem(401, "unauthenticated")
		w.bearing(k).get("/me").problem(401, "unauthenticated")
	}
	w.as("data_steward").post(confirmation(keys[0]), "").want(200) // whoever is nobody's heir may
	w.bearing(keys[0]).get("/me").want(200)
}

// Where somebody else has confirmed a manager or a steward, these confirm further keys of the same administrator.
func TestAnInstallationOfOneAdministratorGrows(t *testing.T) {
	w := newWorld(t)
	manager := w.ask("administrator", "site_manager", w.opened()["site_manager"])
	steward := w.ask("administrator", "data_steward", "")
	for _, k := range []answer{manager, steward} {
		w.as("data_steward").post(confirmation(k), "").want(200)
	}
	worker := w.ask("administrator", "link_worker", w.opened()["link_worker"])
	w.bearing(manager).post(confirmation(worker), "").want(200)
	club := w.ask("administrator", "organisation", w.opened()["organisation"])
	w.bearing(steward).post(confirmation(club), "").want(200)
	w.bearing(worker).get("/me").want(200)
	w.bearing(club).get("/me").want(200)
}

// A key that takes the place of one that works needs no confirmation; whoever has the older one cannot overlook it.
func TestAReplacedKeyTells(t *testing.T) {
	w := newWorld(t)
	admin, old := w.as("administrator"), w.keyID("data_steward")
	made := w.ask("administrator", "data_steward", fmt.Sprintf(`"replaces":%q`, old))
	if made.text("state") != "works" || made.at("confirmed_by") != nil {
		t.Errorf("%s", made.body)
	}
	w.bearing(made).get("/me").want(200)
	w.recorded("api_key.replaced", old, "administrator")
	if last := w.as("data_steward").get("/me").want(200).text("expires_on"); last != w.daysAgo(-7) {
		t.Errorf("the older key ends on %s", last)
	}
	shown := admin.get("/api-keys/" + old).want(200)
	admin.patch("/api-keys/"+old, shown.header.Get("ETag"), `{"expires_on":"2099-01-01"}`).problem(409, "conflict")
	admin.patch("/api-keys/"+old, shown.header.Get("ETag"), `{"expires_on":null}`).problem(409, "conflict")
	admin.patch("/api-keys/"+old, shown.header.Get("ETag"), fmt.Sprintf(`{"expires_on":%q}`, w.daysAgo(-6))).want(200)
	// With the older one its holder says that the newer is theirs, which may confirm from then on.
	asked := w.ask("administrator", "integration", w.opened()["integration"])
	w.bearing(made).post(confirmation(asked), "").problem(403, "forbidden")
	w.bearing(made).post(confirmation(made), "").problem(403, "forbidden")
	w.as("data_steward").post(confirmation(made), "").want(200)
	w.bearing(made).post(confirmation(asked), "").want(200)
	w.advance("P7D")
	w.as("data_steward").get("/me").problem(401, "unauthenticated")
	w.bearing(made).get("/me").want(200)
}

// Of two who confirm at once one does; and what can never work is not confirmed.
func TestAConfirmationHappensOnce(t *testing.T) {
	w := newWorld(t)
	made := w.ask("administrator", "integration", w.opened()["integration"])
	answers := make(chan int)
	for _, role := range []string{"data_steward", "site_manager"} {
		go func() { answers <- w.as(role).post(confirmation(made), "").status }()
	}
	if got := []int{<-answers, <-answers}; !slices.Contains(got, 200) || !slices.Contains(got, 409) {
		t.Errorf("two at once: %v", got)
	}
	w.recordedOnce("api_key.confirmed", made.text("id"))
	admin := w.as("administrator")
	revoked := w.ask("administrator", "integration", w.opened()["integration"])
	admin.do("DELETE", "/api-keys/"+revoked.text("id"), "").want(204)
	expired := w.ask(
		"administrator",
		"integration",
		w.opened()["integration"]+fmt.Sprintf(`,"expires_on":%q`, w.today()),
	)
	w.advance("P1D")
	for _, k := range []answer{revoked, expired} {
		w.as("data_steward").post(confirmation(k), "").problem(409, "conflict")
		w.bearing(k).get("/me").problem(401, "unauthenticated")
	}
	w.as("data_steward").post("/api-keys/"+nobody()+"/confirmation", "").problem(404, "not_found")
}

func (w *world) recordedOnce(kind, subject string) {
	w.t.Helper()
	var n int
	err := w.db.Do(actor.With(w.t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		return tx.Raw("select count(*) from events where type = ? and subject_id = ?", kind, subject).Scan(&n).Error
	})
	if err != nil || n != 1 {
		w.t.Errorf("%s: recorded %d times (%v)", kind, n, err)
	}
}
