package api_test

import (
	"fmt"
	"slices"
	"testing"
)

// known is somebody with an open episode of their own name, need and day.
func (w *world) known(given, family, need, received string) (patient, episode string) {
	w.t.Helper()
	patient = w.as("link_worker").post("/patients", fmt.Sprintf(`{"given_name":%q,"family_name":%q,"birth_date":"1950-04-01",
		"phone":"07700 900123","postcode":"ZZ99 3WZ"}`, given, family)).made()
	return patient, w.as("link_worker").post("/episodes", fmt.Sprintf(`{"patient_id":%q,"source":"gp","received_on":%q,
		"needs":{"primary":%q,"others":["money_debt"]}}`, patient, received, need)).made()
}

// A team narrows its caseload by name, need and status, and puts it into an order, page by page.
func TestTheCaseloadIsNarrowedAndSorted(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	_, zara := w.known("Zara", "Ábel", "food", w.daysAgo(3))
	_, anne := w.known("Anne-Marie", "O’Neill", "homelessness", w.daysAgo(9))
	_, bob := w.known("Bob", "Żak", "food", w.daysAgo(6))
	w.contact(bob, "support", "spoke", "")
	w.contact(zara, "support", "spoke", "")
	lw.post("/episodes/"+zara+"/pause", `{}`).want(200)
	names := map[string]string{zara: "zara", anne: "anne", bob: "bob"}
	for query, want := range map[string][]string{
		"q=annemarie":                      {"anne"},
		"q=oneil":                          {"anne"},
		"q=NEILL+anne":                     {"anne"},
		"q=Quentin":                        {},
		"q=Abell":                          {"zara"},
		"q=!!!":                            {},
		"need=food&sort=name":              {"zara", "bob"},
		"need=food,homelessness&sort=name": {"zara", "anne", "bob"},
		"need=money_debt&sort=received_on": {"anne", "bob", "zara"},
		"sort=name":                        {"zara", "anne", "bob"},
		"sort=received_on":                 {"anne", "bob", "zara"},
		"sort=last_contact_on&q=anne":      {"anne"},
		"status=waiting":                   {"anne"},
		"status=active,paused&sort=name":   {"zara", "bob"},
	} {
		var got []string
		for cursor := ""; ; {
			page := lw.get("/worklists/caseload?limit=1&" + query + cursor).want(200)
			if int(page.number("count")) != len(want) {
				t.Errorf("%s: counts %v", query, page.number("count"))
			}
			for _, r := range page.items() {
				got = append(got, names[r.(object)["episode_id"].(string)])
			}
			next, more := page.at("next_cursor").(string)
			if !more {
				break
			}
			cursor = "&cursor=" + next
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, should be %v", query, got, want)
		}
	}
	if row := lw.get("/worklists/caseload?q=zara").want(200); row.text("items.0.phone") != "+447700900123" ||
		row.text("items.0.postcode") != "ZZ99 3WZ" {
		t.Errorf("%s", row.body)
	}
	for _, bad := range []string{
		"/worklists/caseload?status=closed", "/worklists/caseload?sort=age", "/worklists/caseload?need=love",
		"/worklists/awaiting_reply?q=zara", "/worklists/to_withdraw?sort=name",
	} {
		lw.get(bad).problem(422, "invalid")
	}
	if n := len(w.as("other_site_link_worker").get("/worklists/caseload?q=zara").want(200).items()); n != 0 {
		t.Errorf("another site finds %d", n)
	}
}

// Where a list takes a code, it takes several.
func TestListsTakeSeveralCodes(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	_, episode := w.supported()
	w.move(w.refer(episode), `{"to":"accepted"}`)
	w.move(w.refer(episode), `{"to":"declined","reason":"no_capacity"}`)
	w.refer(episode)
	closed := w.closedEpisode(func(e string) { w.ons4(e, "baseline", w.daysAgo(5), 4, 5, 3, 8).want(201) })
	for path, want := range map[string]int{
		"/referrals?status=sent":                           1,
		"/referrals?status=sent,accepted":                  2,
		"/referrals?status=sent,accepted,declined":         3,
		"/referrals?need=loneliness_isolation,food":        3,
		"/referrals?need=food,money_debt":                  0,
		"/episodes?status=waiting":                         1,
		"/episodes?status=waiting,closed":                  2,
		"/episodes?need=food,money_debt":                   2,
		"/follow-ups?state=upcoming,due":                   1,
		"/follow-ups?state=due,overdue":                    0,
		"/services?need=loneliness_isolation,money_debt":   1,
		"/services?activity_type=food_practical,transport": 1,
		"/services?capacity=full,closed":                   0,
		"/outbox?state=waiting,sent,failed":                0,
	} {
		if n := len(lw.get(path).want(200).items()); n != want {
			t.Errorf("%s: %d, should be %d", path, n, want)
		}
	}
	if n := len(w.as("organisation").get("/referrals?status=accepted,declined").want(200).items()); n != 2 {
		t.Errorf("the organisation lists %d", n)
	}
	for _, bad := range []string{"/referrals?status=sent,lost", "/episodes?status=,waiting", "/follow-ups?state=due,x"} {
		lw.get(bad).problem(422, "invalid")
	}
	_ = closed
}
