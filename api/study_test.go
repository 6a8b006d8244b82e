package api_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// takingPart is somebody who takes part in research at the site of a credential, and what they said of how
// they have been at their follow-up; nothing: they have not answered.
func (w *world) takingPart(who, been string) (patient, followUp string) {
	w.t.Helper()
	c := w.as(who)
	patient = c.post("/patients", fmt.Sprintf(`{"given_name":"Marigold","family_name":"Studied%d",
		"birth_date":"1950-04-01"}`, numbers.Add(1))).made()
	episode := c.post("/episodes", fmt.Sprintf(`{"patient_id":%q,"source":"gp","received_on":%q,
		"needs":{"primary":"food"}}`, patient, w.daysAgo(330))).made()
	for _, purpose := range []string{"research", "follow_up_contact", "share_my_words"} {
		c.post("/patients/"+patient+"/consents", fmt.Sprintf(`{"purpose":%q,"decision":"given","decided_on":%q}`, purpose, w.daysAgo(330))).
			want(201)
	}
	c.post("/assessments", fmt.Sprintf(`{"episode_id":%q,"instrument":"ons4","timepoint":"baseline",
		"completed_on":%q,"mode":"paper","respondent":"self","responses":{"life_satisfaction":4,"worthwhile":5,
		"happiness":4,"anxiety":6}}`, episode, w.daysAgo(320))).want(201)
	followUp = c.get("/follow-ups?episode_id=" + episode).want(200).text("items.0.id")
	if been != "" {
		c.post("/follow-ups/"+followUp+"/completion", fmt.Sprintf(`{"completed_on":%q,"mode":"telephone",
			"respondent":"self","how_have_you_been":%q,"benefit":"a_lot","services":[{"name":"A choir",
			"used":"still_using","benefit":"some"}],
			"narrative":"I go to the choir now. Mrs Oldcastle from Mill Lane drives me.",
				"assessments":[{"instrument":"ons4","responses":{"life_satisfaction":7,"worthwhile":6,
				"happiness":{"missing":"dont_know"},"anxiety":5}}]}`, w.daysAgo(1), been)).want(201)
	}
	return patient, followUp
}

// studied is a project of both sites, with people: many at the first, and as many as given at the second.
func studied(t *testing.T, second int) (s researchWorld, project string, followUps []string) {
	s = newResearchWorld(t)
	for i := range 30 {
		been := []string{"better", "much_better", "same"}[i%3]
		if i >= 20 {
			been = ""
		}
		_, f := s.takingPart("link_worker", been)
		followUps = append(followUps, f)
	}
	for range second {
		s.takingPart("other_site_link_worker", "worse")
	}
	body := strings.Replace(
		s.study(""),
		fmt.Sprintf(`"site_ids":[%q]`, s.site),
		fmt.Sprintf(`"site_ids":[%q,%q]`, s.site, s.other),
		1,
	)
	return s, s.as("data_steward").post("/projects", body).made(), followUps
}

// published publishes the project's update, and returns it with its link.
func (s researchWorld) published(project, body string) (id, link string) {
	s.t.Helper()
	made := s.as("data_steward").post("/projects/"+project+"/updates", body)
	return made.made(), s.url + made.text("url")
}

// value is what a question in SQL answers, asked as Waypost itself.
func (w *world) value(sql string, args ...any) (text string) {
	w.t.Helper()
	err := w.db.Do(actor.With(w.t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		return tx.Raw(sql, args...).Scan(&text).Error
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

// page is what everybody sees behind a link.
func (w *world) page(link string, status int) string {
	w.t.Helper()
	if !strings.HasPrefix(link, "http") {
		link = w.url + link
	}
	res, err := http.Get(link)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		w.t.Fatalf("%d, want %d: %s (%v)", res.StatusCode, status, text, err)
	}
	return string(text)
}

// An update is written from the record: its figures are those of the API, members see exact progress that
// is marked, and everybody sees what may be seen.
func TestAnUpdateIsWrittenFromTheRecord(t *testing.T) {
	s, project, _ := studied(t, 3)
	steward := s.as("data_steward")
	path := "/projects/" + project
	empty := steward.get(path + "/study").want(200)
	if empty.header.Get("ETag") != `"0"` {
		t.Errorf("ETag %s", empty.header.Get("ETag"))
	}
	steward.patch(path+"/study", `"0"`, fmt.Sprintf(`{"funder":"Example Fund","funder_reference":"EF-1",
		"contact":"study@example.org","acknowledgements":"Everybody","disclaimer":"Not the fund's words",
		"work_packages":[{"code":"WP1","title":"Talking","status":"under_way","starts_on":"2025-01-01"}],
			"targets":[{"site_id":%q,"people":40}]}`, s.site)).want(200)
	steward.patch(path+"/study", `"0"`, `{"funder":"Another"}`).problem(412, "stale")
	steward.post(path+"/notes", fmt.Sprintf(`{"on":%q,"kind":"feedback","group":"ppi",
		"text":"Shorter <b>letters</b>, please"}`, s.daysAgo(40))).want(201)
	steward.post(path+"/notes", fmt.Sprintf(`{"on":%q,"kind":"challenge","group":"team","text":"Phones changed"}`, s.daysAgo(3))).
		want(201)
	for range 9 {
		steward.post(path+"/interviews", fmt.Sprintf(`{"work_package":"WP1","participant_kind":"patient",
			"site":%q,"on":%q,"mode":"telephone"}`, s.site, s.daysAgo(5))).want(201)
	}
	steward.post(path+"/interviews", fmt.Sprintf(`{"work_package":"WP1","participant_kind":"link_worker",
		"site":%q,"on":%q,"mode":"telephone"}`, s.site, s.daysAgo(5))).want(201)

	draft := s.member(project).get(path + "/update").want(200)
	rows := draft.at("where_we_are.progress.0.rows").([]any)
	if len(rows) != 3 || draft.number("where_we_are.progress.0.rows.0.enrolled") != 33 ||
		draft.number("where_we_are.progress.0.rows.0.followed_up") != 23 ||
		!strings.HasPrefix(draft.text("notice"), "Not for publication") ||
		draft.text("for") != "members" {
		t.Errorf("for members: %s", draft.body)
	}
	figures := s.as("dashboard").get("/insights/participants?by=site&to=" + draft.text("to")).want(200)
	for _, field := range []string{"enrolled", "ever_due", "followed_up", "been_better", "been_worse", "used", "helped"} {
		if fmt.Sprint(
			draft.at("what_people_told_us.follow_ups.0.figures."+field),
		) != fmt.Sprint(
			figures.at("rows.0."+field),
		) {
			t.Errorf(
				"%s: the update says %v, the API %v",
				field,
				draft.at("what_people_told_us.follow_ups.0.figures."+field),
				figures.at("rows.0."+field),
			)
		}
	}
	id, link := s.published(project, `{}`)
	shown := s.page(link, 200)
	for _, words := range []string{
		"too few to show safely",
		"We have followed up about 25 people, out of about 35 who were due to be asked again.",
		"Shorter &lt;b&gt;letters&lt;/b&gt;, please", "Phones changed", "Example Fund", "(EF-1)",
		"WP1, people who had support: about 10", "WP1, link workers: 1", "We have nobody to compare them with.",
	} {
		if !strings.Contains(shown, words) {
			t.Errorf("the page does not say %q", words)
		}
	}
	for _, secret := range []string{">3<", ">33<", ">23<", "about 3 ", "Marigold", "Studied", "Oldcastle", "Not for publication", "*"} {
		if strings.Contains(shown, secret) {
			t.Errorf("the page says %q", secret)
		}
	}
	whole := steward.get("/updates/" + id).want(200)
	if whole.text("update.for") != "everybody" || whole.at("url") != nil ||
		strings.Contains(string(whole.body), `"enrolled":33`) {
		t.Errorf("published: %s", whole.body)
	}
	for format, begin := range map[string]string{"html": "<!DOCTYPE html>", "md": "# A study: update to "} {
		if a := s.member(project).
			get(path + "/update?format=" + format).
			want(200); !strings.HasPrefix(string(a.body), begin) ||
			!strings.Contains(string(a.body), "Not for publication") {
			t.Errorf("%s: %s", format, a.body)
		}
	}
	if md := s.member(project).
		with("Accept", "text/markdown").
		get(path + "/update").
		want(200); !strings.Contains(string(md.body), `Shorter \<b\>letters\</b\>, please`) ||
		md.header.Get("Content-Type") != "text/markdown; charset=utf-8" {
		t.Errorf("%s: %s", md.header.Get("Content-Type"), md.body)
	}
}

// Every count of a published update is one that a dashboard's key is answered the same day, so that it
// tells nothing more: of all sites together and of each, where they are shown, and of scores.
func TestAnUpdateIsOfPublishedFigures(t *testing.T) {
	s, project := toldOf(t)
	id, _ := s.published(project, `{}`)
	u := s.as("data_steward").get("/updates/" + id).want(200)
	people := s.as("dashboard").get("/insights/participants?by=site&to=" + u.text("to")).want(200).at("rows").([]any)
	shown := 0
	for i, row := range u.at("update.where_we_are.progress.0.rows").([]any) {
		r, of := row.(map[string]any), people[i].(map[string]any)
		for _, column := range []string{"enrolled", "with_baseline", "ever_due", "followed_up"} {
			if r[column] != of[column] {
				t.Errorf("%s of %v: the update says %v, a dashboard %v", column, r["site_name"], r[column], of[column])
			}
			if r[column] != nil {
				shown++
			}
		}
	}
	for name, n := range u.at("update.what_people_told_us.follow_ups.0.figures").(map[string]any) {
		if of := people[0].(map[string]any)[name]; of != n {
			t.Errorf("%s: the update says %v, a dashboard %v", name, n, of)
		}
	}
	scores := s.as("dashboard").get("/insights/outcomes?population=research_consented").want(200).at("rows").([]any)
	changes := u.at("update.what_people_told_us.changes").([]any)
	for i, change := range changes {
		c, of := change.(map[string]any), scores[i].(map[string]any)
		for _, column := range []string{"score", "paired_n", "baseline_mean", "follow_up_mean", "mean_change", "ci_low", "ci_high"} {
			if c[column] != of[column] {
				t.Errorf("%s of %v: the update says %v, a dashboard %v", column, c["score"], c[column], of[column])
			}
		}
	}
	if shown < 12 || len(changes) != 4 || len(scores) != 4 {
		t.Errorf("only %d counts and %d changes are shown: nothing is compared", shown, len(changes))
	}
}

// What was published stays as it was; a correction is a new one that says so; a link runs out, is replaced,
// and is withdrawn.
func TestAPublishedUpdateNeverChanges(t *testing.T) {
	s, project, _ := studied(t, 0)
	steward := s.as("data_steward")
	id, link := s.published(project, `{}`)
	first := s.page(link, 200)
	for range 10 {
		s.takingPart("link_worker", "same")
	}
	steward.post("/projects/"+project+"/notes", fmt.Sprintf(`{"on":%q,"kind":"progress","group":"team",
		"text":"Ten more"}`, s.today())).want(201)
	s.advance("P2D")
	if again := s.page(link, 200); again != first {
		t.Error("the page changed")
	}
	steward.post("/projects/"+project+"/updates", fmt.Sprintf(`{"corrects":%q}`, id)).problem(422, "invalid")
	steward.post("/projects/"+project+"/updates", fmt.Sprintf(`{"corrects":%q,"correction":"Wrong"}`, nobody())).
		problem(422, "invalid")
	newer, newLink := s.published(
		project,
		fmt.Sprintf(`{"corrects":%q,"correction":"We had left some people out."}`, id),
	)
	if page := s.page(
		newLink,
		200,
	); !strings.Contains(page, "This corrects update 1 of") || !strings.Contains(page, "We had left some people out.") ||
		!strings.Contains(page, "Ten more") {
		t.Errorf("a correction: %s", page)
	}
	made := steward.with("Idempotency-Key", "again").post("/updates/"+newer+"/link", `{}`)
	replaced := s.url + made.want(200).text("url")
	if replay := steward.with("Idempotency-Key", "again").
		post("/updates/"+newer+"/link", `{}`).
		want(200); replay.at(
		"url",
	) != nil {
		t.Errorf("a replay holds the link: %s", replay.body)
	}
	if gone := s.page(newLink, 404); !strings.Contains(gone, "This link does not work") {
		t.Errorf("replaced: %s", gone)
	}
	s.page(replaced, 200)
	steward.do("DELETE", "/updates/"+newer+"/link", "").want(204)
	if gone := s.page(
		replaced,
		404,
	); !strings.Contains(gone, "This update was withdrawn") ||
		strings.Contains(gone, "A study") {
		t.Errorf("withdrawn: %s", gone)
	}
	steward.post("/updates/"+newer+"/link", `{}`).problem(409, "conflict")
	s.page(link, 200)
	s.advance("P13M")
	if gone := s.page(
		link,
		404,
	); !strings.Contains(gone, "This link does not work") ||
		strings.Contains(gone, "A study") {
		t.Errorf("run out: %s", gone)
	}
	s.page("/u/nobody", 404)
}

// People's own words show once they were chosen, once another person has checked them, and as long as consent stands.
func TestPeoplesOwnWords(t *testing.T) {
	s, project, followUps := studied(t, 0)
	steward := s.as("data_steward")
	list := steward.get("/projects/" + project + "/narratives").want(200)
	if len(list.items()) != 20 || strings.Contains(string(list.body), "Studied") {
		t.Fatalf("to choose from: %s", list.body)
	}
	if noted := s.value("select count(*)::text from access_log where operation = 'list-narratives'"); noted == "0" {
		t.Error("nobody noted who read them")
	}
	choose := func(words string) answer {
		return steward.post(
			"/projects/"+project+"/quotes",
			fmt.Sprintf(`{"follow_up_id":%q,"words":%q}`, followUps[0], words),
		)
	}
	for _, cut := range []string{
		"I never said this", "I go", "go to the choir now.", "drives me. ",
		"to the choir now. Mrs Oldcastle from Mill Lane drives me.",
	} {
		choose(cut).problem(422, "invalid", "never said")
	}
	steward.post("/projects/"+project+"/quotes", fmt.Sprintf(`{"follow_up_id":%q,"words":"I go"}`, followUps[25])).
		problem(404, "not_found")
	quote := choose("I go to the choir now.").want(201).text("id")
	named := choose("Mrs Oldcastle from Mill Lane drives me.").want(201).text("id")
	if _, link := s.published(project, `{}`); strings.Contains(s.page(link, 200), "the choir") {
		t.Error("it shows before anybody checked it")
	}
	steward.post("/quotes/"+quote+"/check", `{"decision":"approved"}`).problem(403, "forbidden")
	manager := s.as("site_manager")
	if n := len(manager.get("/quotes?state=waiting").want(200).items()); n != 2 {
		t.Errorf("the manager sees %d", n)
	}
	s.keys["other_site_manager"] = s.key("site_manager", fmt.Sprintf(`"site_ids":[%q]`, s.other))
	if n := len(s.as("other_site_manager").get("/quotes").want(200).items()); n != 0 {
		t.Errorf("another site's sees %d", n)
	}
	s.as("other_site_manager").post("/quotes/"+quote+"/check", `{"decision":"approved"}`).problem(404, "not_found")
	manager.post("/quotes/"+quote+"/check", `{"decision":"approved"}`).want(200)
	manager.post("/quotes/"+named+"/check", `{"decision":"refused"}`).want(200)
	manager.post("/quotes/"+named+"/check", `{"decision":"approved"}`).problem(409, "conflict")
	steward.do("DELETE", "/quotes/"+named, "").want(204) // which does not undo that it was refused
	choose("Mrs Oldcastle from Mill Lane drives me.").problem(409, "conflict")
	choose("I go to the choir now. Mrs Oldcastle from Mill Lane drives me.").problem(409, "conflict")
	_, link := s.published(project, `{}`)
	if page := s.page(
		link,
		200,
	); !strings.Contains(page, "I go to the choir now.") || strings.Contains(page, "Oldcastle") ||
		strings.Contains(page, "withdrawn") {
		t.Errorf("%s", page)
	}
	patient := s.value("select patient_id::text from follow_ups where id = '" + followUps[0] + "'")
	s.consent(patient, "share_my_words", "withdrawn")
	if page := s.page(
		link,
		200,
	); strings.Contains(page, "the choir") ||
		!strings.Contains(page, "They were withdrawn.") {
		t.Errorf("consent was withdrawn: %s", page)
	}
	s.consent(patient, "share_my_words", "given")
	if page := s.page(
		link,
		200,
	); strings.Contains(page, "the choir") ||
		!strings.Contains(page, "They were withdrawn.") {
		t.Errorf("consent was given again: %s", page)
	}
	if left := steward.get("/quotes").want(200); strings.Contains(string(left.body), "the choir") {
		t.Errorf("%s", left.body)
	}
	if _, after := s.published(project, `{}`); strings.Contains(s.page(after, 200), "withdrawn") {
		t.Error("a later update tells of what never stood in it")
	}
}

// An update of a month before this one says nothing of scores in short, which are of everybody so far, and
// gives no untrue reason for what it does not show; and a study of other instruments shows no scores but
// theirs.
func TestAnUpdateOfAnEarlierMonth(t *testing.T) {
	s, project := toldOf(t)
	steward := s.as("data_steward")
	earlier := dated(s.today()).AddDate(0, -2, 0).Format("2006-01")
	short := fmt.Sprint(steward.get("/projects/" + project + "/update?to=" + earlier).want(200).at("in_short"))
	if strings.Contains(short, "scores") {
		t.Errorf("of %s: %s", earlier, short)
	}
	if long := fmt.Sprint(
		steward.get("/projects/" + project + "/update").want(200).at("in_short"),
	); !strings.Contains(
		long,
		"scores",
	) {
		t.Errorf("of now: %s", long)
	}
	before := steward.get("/projects/" + project + "/update?to=" + dated(s.today()).AddDate(-3, 0, 0).Format("2006-01")).
		want(200)
	if quotes := before.at("what_people_told_us.quotes").([]any); len(quotes) != 0 ||
		!strings.Contains(fmt.Sprint(before.at("where_we_are.words")), "Nobody has joined") {
		t.Errorf("long ago: %s", before.body)
	}
	body := strings.Replace(s.study(""), `["ons4"]`, `["swemwbs"]`, 1)
	other := steward.post("/projects", body).made()
	if changes := steward.get("/projects/" + other + "/update").want(200).at("what_people_told_us.changes").([]any); len(
		changes,
	) != 0 {
		t.Errorf("a study of another instrument: %v", changes)
	}
	none := steward.post("/projects", strings.Replace(s.study(""), `["m9_12"]`, `["baseline"]`, 1)).made()
	if words := fmt.Sprint(
		steward.get("/projects/" + none + "/update").want(200).at("where_we_are.words"),
	); words != "[This study plans no follow-up.]" {
		t.Errorf("of a study without a follow-up: %s", words)
	}
}

// What figures ask of a referral is kept with it: whether it was ever taken, by the moves that stand, and
// its days at the site, wherever that is.
func TestWhatFiguresAskOfAReferralIsKept(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	referral := w.refer(episode)
	kept := func(taken bool, hours int) {
		t.Helper()
		got := w.value(
			"select taken::text || ' ' || (sent_on = ((sent_at at time zone 'UTC') + make_interval(hours => "+
				"?))::date and responded_on is not distinct from ((responded_at at time zone 'UTC') + "+
				"make_interval(hours => ?))::date)::text from referrals where id = ?",
			hours,
			hours,
			referral,
		)
		if want := fmt.Sprintf("%v true", taken); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	move := func(to string) {
		t.Helper()
		w.as("link_worker").
			post("/referrals/"+referral+"/moves", fmt.Sprintf(`{"to":%q,"reported_by":"organisation"}`, to)).
			want(200)
	}
	kept(false, 0)
	move("accepted")
	kept(true, 0)
	w.as("link_worker").post("/referrals/"+referral+"/undo", `{}`).want(200)
	kept(false, 0)
	move("accepted")
	for zone, hours := range map[string]int{"Etc/GMT-14": 14, "Etc/GMT+12": -12} {
		site := w.as("administrator").get("/sites/" + w.site).want(200)
		w.as("administrator").
			patch("/sites/"+w.site, site.header.Get("ETag"), fmt.Sprintf(`{"time_zone":%q}`, zone)).
			want(200)
		kept(true, hours)
	}
}

func TestUpdatesRefuse(t *testing.T) {
	s := newResearchWorld(t)
	steward := s.as("data_steward")
	project := s.project("")
	path := "/projects/" + project
	draft := s.as("researcher").post("/projects", s.study("")).made()
	steward.get("/projects/"+draft+"/update").problem(409, "conflict")
	steward.post("/projects/"+draft+"/updates", `{}`).problem(409, "conflict")
	next := dated(s.today()).AddDate(0, 1, 3).Format("2006-01")
	steward.get(path+"/update?to="+next).problem(422, "invalid")
	steward.get(path+"/update?to=2026-13").problem(422, "invalid")
	steward.post(path+"/updates", fmt.Sprintf(`{"expires_on":%q}`, s.daysAgo(1))).problem(422, "invalid")
	steward.post(path+"/notes", fmt.Sprintf(`{"on":%q,"kind":"progress","group":"team","text":"x"}`, s.daysAgo(-2))).
		problem(422, "invalid")
	steward.post(path+"/interviews", fmt.Sprintf(`{"work_package":"WP9 of nobody","participant_kind":"patient",
		"site":%q,"on":%q,"mode":"telephone"}`, s.site, s.today())).problem(422, "invalid", "WP9 of nobody")
	steward.patch(path+"/study", `"0"`, fmt.Sprintf(`{"targets":[{"site_id":%q,"people":4}]}`, s.other)).
		problem(422, "invalid", s.other)
	note := steward.post(path+"/notes", fmt.Sprintf(`{"on":%q,"kind":"progress","group":"team","text":"x"}`, s.today())).
		want(201).
		text("id")
	other := s.project("")
	steward.do("DELETE", "/projects/"+other+"/notes/"+note, "").problem(404, "not_found")
	steward.do("DELETE", path+"/notes/"+note, "").want(204)
	steward.patch(path+"/study", `"0"`, `{"funder":"Example\nFund"}`).problem(422, "invalid")
	steward.patch(path+"/study", `"0"`, `{"work_packages":[{"code":"WP1","title":"One","status":"planned"}]}`).want(200)
	steward.post(path+"/interviews", fmt.Sprintf(`{"work_package":"WP1","participant_kind":"manager","site":%q,
		"on":%q,"mode":"video"}`, s.site, s.today())).want(201)
	steward.patch(path+"/study", `"1"`, `{"work_packages":[]}`).problem(422, "invalid")
	// Nobody but its members reads it, and they write nothing.
	id, _ := s.published(project, `{}`)
	stranger := s.member(other)
	for _, p := range []string{
		path + "/study", path + "/notes", path + "/interviews", path + "/update", path + "/updates",
		"/updates/" + id,
	} {
		stranger.get(p).problem(404, "not_found")
		s.as("administrator").get(p).problem(403, "forbidden")
		s.member(project).get(p).want(200)
	}
	s.member(project).post(path+"/updates", `{}`).problem(403, "forbidden")
	s.member(project).get("/quotes").problem(403, "forbidden")
	if rows := steward.get(path + "/update").want(200).at("where_we_are.progress.0.rows").([]any); len(rows) != 2 {
		t.Errorf("of nobody: %v", rows)
	}
	// The app's own role cannot change what was published.
	err := s.db.Do(
		actor.With(t.Context(), actor.Named("test")),
		func(tx *db.Tx) error { return tx.Exec("update study_updates set content = '{}'").Error },
	)
	if err == nil {
		t.Error("an update's content can be changed")
	}
}
