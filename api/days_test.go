package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"waypost/internal/insights"
	"waypost/internal/platform/actor"
)

// setClock moves the server's clock to an instant.
func (w *world) setClock(at string) {
	w.t.Helper()
	then, err := time.Parse(time.RFC3339, at)
	if err != nil {
		w.t.Fatal(err)
	}
	w.db.Clock.SetOffset(time.Until(then))
}

// Five minutes past midnight in British Summer Time: at the site it is today, in UTC still yesterday.
const (
	afterMidnight              = "2027-06-15T23:05:00Z"
	today, yesterday, tomorrow = "2027-06-16", "2027-06-15", "2027-06-17"
)

// A clock that runs ahead by up to a minute is forgiven: what is said to happen then happens now.
func TestAClockThatRunsAhead(t *testing.T) {
	w, _, episode, followUp := asked(t)
	lw, service := w.as("link_worker"), w.services(1)[0]
	for what, c := range map[string]struct {
		call  func(at string) answer
		where string // in the answer, the instant that was kept
		field string
	}{
		"a move": {func(at string) answer {
			return lw.post("/referrals/"+w.refer(episode)+"/moves", fmt.Sprintf(`{"to":"accepted",
				"reported_by":"organisation","occurred_at":%q}`, at))
		}, "responded_at", "body.occurred_at"},
		"a referral": {func(at string) answer {
			return lw.post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,"need":"food","sent_at":%q}`, episode, w.svc, at))
		}, "sent_at", "body.sent_at"},
		"an attempt": {func(at string) answer {
			return lw.post("/follow-ups/"+followUp+"/attempts", fmt.Sprintf(`{"at":%q,"channel":"telephone",
				"result":"no_answer"}`, at))
		}, "at", "body.at"},
		"a capacity": {func(at string) answer {
			return lw.put("/services/"+service+"/capacity", fmt.Sprintf(`{"capacity":"open","as_of":%q}`, at))
		}, "capacity_as_of", "body.as_of"},
	} {
		ahead := func(d time.Duration) string {
			return w.db.Clock.Now().Add(d).In(time.FixedZone("", 3600)).Format(time.RFC3339Nano)
		}
		if late := c.call(ahead(75*time.Second)).problem(422, "invalid"); late.text("errors.0.location") != c.field {
			t.Errorf("%s: %s", what, late.body)
		}
		got := c.call(ahead(50 * time.Second))
		if got.status != 200 && got.status != 201 {
			t.Errorf("%s: %d %s", what, got.status, got.body)
			continue
		}
		if kept, err := time.Parse(time.RFC3339Nano, got.text(c.where)); err != nil || kept.After(w.db.Clock.Now()) {
			t.Errorf("%s: kept as %s (%v)", what, got.text(c.where), err)
		}
	}
}

// services are some of the organisation's, of whose capacity nothing is known.
func (w *world) services(n int) (ids []string) {
	w.t.Helper()
	for range n {
		ids = append(ids, w.as("administrator").post("/organisations/"+w.org+"/services", `{"name":"Walks",
			"activity_type":"physical_activity","needs":["food"]}`).made())
	}
	return ids
}

// The study area counts days as the project's sites do.
func TestTheDayOfAStudyIsTheSites(t *testing.T) {
	s := newResearchWorld(t)
	s.setClock(afterMidnight)
	steward := s.as("data_steward")
	project := func(expires string) answer {
		return steward.post("/projects", strings.Replace(s.study(""), `"2099-12-31"`, fmt.Sprintf("%q", expires), 1))
	}
	if made := project(yesterday); !strings.Contains(string(made.body), "lies in the past") {
		t.Errorf("a project whose last day is over: %d %s", made.status, made.body)
	}
	id := project(today).made()
	path := "/projects/" + id
	steward.patch(path+"/study", `"0"`, `{"work_packages":[{"code":"WP1","title":"Talking","status":"under_way"}]}`).
		want(200)
	for on, status := range map[string]int{yesterday: 201, today: 201, tomorrow: 422} {
		steward.post(path+"/notes", fmt.Sprintf(`{"on":%q,"kind":"progress","group":"team","text":"Ten more"}`, on)).
			want(status)
		steward.post(path+"/interviews", fmt.Sprintf(`{"work_package":"WP1","participant_kind":"patient",
			"site":%q,"on":%q,"mode":"telephone"}`, s.site, on)).want(status)
	}
	steward.post(path+"/updates", fmt.Sprintf(`{"expires_on":%q}`, yesterday)).problem(422, "invalid")
	update, link := s.published(id, fmt.Sprintf(`{"expires_on":%q}`, today))
	if on := steward.get("/updates/" + update).text("update.published_on"); on != today {
		t.Errorf("published on %s, want %s", on, today)
	}
	s.page(link, 200)
	s.setClock("2027-06-16T22:55:00Z")
	s.page(link, 200)
	if state := steward.get(path).text("state"); state != "approved" {
		t.Errorf("on its last day the project is %s", state)
	}
	s.setClock("2027-06-16T23:05:00Z")
	s.page(link, 404)
	if state := steward.get(path).text("state"); state != "expired" {
		t.Errorf("after its last day the project is %s", state)
	}
	s.setClock("2027-06-30T23:05:00Z")
	next := steward.post("/projects", s.study("")).made()
	steward.get("/projects/" + next + "/update?to=2027-07").want(200)
	steward.get("/projects/"+next+"/update?to=2027-08").problem(422, "invalid")
}

// A key works until its last day is over at its site.
func TestTheLastDayOfAKeyIsTheSites(t *testing.T) {
	w := newWorld(t)
	w.setClock("2027-06-15T22:55:00Z")
	for role, more := range map[string]string{
		"link_worker": fmt.Sprintf(`"site_ids":[%q],"link_worker_id":%q,`, w.site, w.worker), "dashboard": "",
	} {
		w.setClock("2027-06-15T22:55:00Z")
		c := client{w: w, bearer: w.key(role, more+fmt.Sprintf(`"expires_on":%q`, yesterday))}
		c.get("/me").want(200)
		w.setClock(afterMidnight)
		c.get("/me").problem(401, "unauthenticated")
		body := func(expires string) string {
			return fmt.Sprintf(`{"role":%q,"label":"test",%s"expires_on":%q}`, role, more, expires)
		}
		w.as("administrator").post("/api-keys", body(yesterday)).problem(422, "invalid")
		w.as("administrator").post("/api-keys", body(today)).want(201)
	}
	without := w.as("administrator").post("/api-keys", fmt.Sprintf(`{"role":"integration","label":"test",
		"site_ids":[%q]}`, w.site)).want(201)
	if on := without.text("expires_on"); on != "2028-06-16" {
		t.Errorf("a key of a year ends on %s", on)
	}
}

// A day by which referrals are asked for is one at their site, for an organisation too; a table of figures
// has the month that has begun.
func TestDaysOfFiltersAndFiguresAreTheSites(t *testing.T) {
	w := newWorld(t)
	w.setClock("2027-06-30T23:05:00Z")
	_, episode := w.supported()
	w.as("link_worker").
		post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,"need":"food"}`, episode, w.svc)).
		want(201)
	for _, role := range []string{"link_worker", "organisation"} {
		for query, n := range map[string]int{
			"sent_from=2027-07-01": 1, "sent_to=2027-06-30": 0, "sent_from=2027-07-01&sent_to=2027-07-01": 1,
		} {
			if got := len(w.as(role).get("/referrals?" + query).want(200).items()); got != n {
				t.Errorf("%s: %s finds %d, want %d", role, query, got, n)
			}
		}
	}
	rows := w.as("site_manager").get("/insights/flow?by=month").want(200).at("rows").([]any)
	if last := rows[len(rows)-1].(object)["month"]; last != "2027-07" {
		t.Errorf("the last month is %v", last)
	}
}

// A snapshot is of the last day that has ended at every site, and stands at the last of these ends: by each
// site's clock, on the days too on which clocks change.
func TestASnapshotStandsAtTheEndOfTheDayEverywhere(t *testing.T) {
	for zone, now := range map[string]string{
		// 00:30 of the next day in British Summer Time
		"America/New_York": "2027-06-10T23:30:00Z", "Pacific/Auckland": "2027-06-10T23:30:00Z",
		"Europe/London": "2027-03-28T23:30:00Z", // the day on which it began
	} {
		t.Run(zone, func(t *testing.T) {
			w := newWorld(t)
			w.setClock(now)
			w.as("administrator").
				post("/sites", fmt.Sprintf(`{"name":"Another site","code":"elsewhere","time_zone":%q}`, zone)).
				want(201)
			if err := (&insights.Store{DB: w.db}).MakeSnapshot(
				actor.With(t.Context(), actor.Named("figures")),
			); err != nil {
				t.Fatal(err)
			}
			ended := w.value(
				"select min((cast(? as timestamptz) at time zone time_zone)::date - 1)::text from sites",
				now,
			)
			last := w.value("select (max((cast(? as date) + 1)::timestamp at time zone time_zone) at time zone "+
				"'UTC')::text from sites", ended)
			if day, as := w.value(
				"select day::text from figure_snapshots",
			), w.value(
				"select (as_of at time zone 'UTC')::text from figure_snapshots",
			); day != ended ||
				as != last {
				t.Errorf("it is of %s and stands at %s; %s has ended everywhere, at %s", day, as, ended, last)
			}
		})
	}
}
