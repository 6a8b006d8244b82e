package api_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"waypost/internal/instruments"
	"waypost/internal/outcomes"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
)

// ONS4 is asked of the person: a helper who reads it out asks it, and one who answers for somebody is not asked.
func TestAHelperIsNotAskedForThePerson(t *testing.T) {
	for respondent, want := range map[string]bool{"self": true, "self_with_help": true, "proxy": false} {
		t.Run(respondent, func(t *testing.T) {
			w, _, _, followUp := asked(t)
			p := w.link(followUp)
			page, titles := p.answer(p.open("/respondent"), respondent), ""
			for n := 0; page.at != "/check" && n < 20; n++ {
				titles += page.title() + "\n"
				page = p.answer(page, p.first(page))
			}
			if got := strings.Contains(titles, "Overall, how anxious"); got != want {
				t.Errorf("asked %v\n%s", got, titles)
			}
			if page = p.answer(page, ""); page.at != "/thanks" {
				t.Errorf("%s", page.html)
			}
			got := w.as("link_worker").get("/follow-ups/" + followUp).want(200)
			if got.text("state") != "completed" || (len(got.at("assessments").([]any)) == 1) != want {
				t.Errorf("%s", got.body)
			}
		})
	}
}

// Who answers for somebody reads our own questions in the third person, and above words that may not change
// whom they are about.
func TestQuestionsForSomebodyElse(t *testing.T) {
	second := regexp.MustCompile(`(?i)\b(you|your|yourself|I|me|my)\b`)
	const note = "Please answer as the person would answer."
	for respondent, own := range map[string][]string{
		"self_with_help": {
			"How have you been since we last spoke?", "how many appointments have you had with a GP",
			"Did you use Example Lunch Club?", "Why did you stop using Example Lunch Club?",
			"Did Example Lunch Club help you?", "Did meeting the link worker help you?",
		},
		"proxy": {
			"How has the person you are answering for been since we last spoke to them?",
			"how many appointments have they had with a GP", "Did they use Example Lunch Club?",
			"Why did they stop using Example Lunch Club?", "Did Example Lunch Club help them?",
			"Did meeting the link worker help them?",
		},
	} {
		t.Run(respondent, func(t *testing.T) {
			w := newWorld(t)
			_, episode := w.supported()
			w.change(`{"health_service_use":true,"schedules":[{"code":"m9_12","anchor":"baseline",
				"opens_after":"P9M","target_after":"P10M15D","closes_after":"P12M","analysis_from":240,
				"analysis_to":400,"instruments":["ons4","ons_loneliness","health_service_use"]}]}`)
			w.ons4(episode, "baseline", w.today(), 4, 5, 4, 6).want(201)
			w.refer(episode)
			w.advance("P10M")
			p := w.link(w.as("link_worker").get("/follow-ups?episode_id=" + episode).text("items.0.id"))
			page, titles, noted := p.answer(p.open("/respondent"), respondent), []string{}, 0
			for n := 0; page.at != "/check" && n < 30; n++ {
				titles = append(titles, page.title())
				published := strings.HasPrefix(page.at, "/ons")
				if strings.Contains(page.html, note) {
					noted++
				}
				if strings.Contains(page.html, note) != (published && respondent == "proxy") {
					t.Errorf("%s: the line above it stands wrongly", page.at)
				}
				form, _, _ := strings.Cut(page.html[strings.Index(page.html, "<form"):], "</form>")
				for _, passed := range []string{
					"the person you are answering for", "I do not know", "I would rather not say",
					"You can leave this empty.",
				} {
					form = strings.ReplaceAll(form, passed, "")
				}
				if said := second.FindString(form); respondent == "proxy" && !published && said != "" {
					t.Errorf("%s says %q: %s", page.at, said, form)
				}
				answer := p.first(page)
				if strings.HasSuffix(page.at, ".used") {
					answer = "used_stopped"
				}
				page = p.answer(page, answer)
			}
			all := strings.Join(titles, "\n")
			for _, want := range own {
				if !strings.Contains(all, want) {
					t.Errorf("nobody asks %q:\n%s", want, all)
				}
			}
			if !strings.Contains(all, "How often do you feel that you lack companionship?") {
				t.Errorf("published words changed:\n%s", all)
			}
			if respondent == "proxy" && noted != 4 {
				t.Errorf("the line stands on %d pages", noted)
			}
			if check := p.open("/check"); !strings.Contains(check.html, own[0]) {
				t.Errorf("%s", check.html)
			}
		})
	}
}

// Its introduction stands before its first question alone, and it is for people of 16 and over.
func TestONS4HasItsIntroductionAndAge(t *testing.T) {
	w, _, _, followUp := asked(t)
	p := w.link(followUp)
	const introduction = "There are no right or wrong answers."
	if first, second := p.open(
		"/ons4.life_satisfaction",
	), p.open(
		"/ons4.worthwhile",
	); !strings.Contains(first.html, introduction) ||
		strings.Contains(second.html, introduction) {
		t.Errorf("%s\n%s", first.html, second.html)
	}
	lw := w.as("link_worker")
	child := func(years int) string {
		born := w.db.Clock.Now().AddDate(-years, 0, 0).Format("2006-01-02")
		return w.episode(lw.post("/patients", fmt.Sprintf(`{"given_name":"Robin","family_name":"Example%d",
			"birth_date":%q,"phone":"07700 900002"}`, numbers.Add(1), born)).made())
	}
	w.ons4(child(16), "baseline", w.today(), 4, 5, 4, 6).want(201)
	if got := w.ons4(child(15), "baseline", w.today(), 4, 5, 4, 6).
		problem(422, "invalid"); got.text(
		"errors.0.location",
	) != "body.instrument" {
		t.Errorf("%s", got.body)
	}
}

// What was imported of a proxy is kept and flagged, and is in no figure, no paired change and no message to a practice.
func TestImportedAnswersOfAProxyDoNotCount(t *testing.T) {
	w, patient, episode, followUp := asked(t)
	lw := w.as("link_worker")
	site, at := uuid.MustParse(w.site), uuid.MustParse(episode)
	five := instruments.Answer{Number: new(9.0)}
	imported := actor.With(t.Context(), actor.Actor{Role: actor.LinkWorker, Sites: []uuid.UUID{site}})
	a, err := (&outcomes.Store{DB: w.db}).Record(
		db.Background(imported),
		outcomes.New{EpisodeID: at, Instrument: "ons4", Timepoint: "m9_12", Answers: outcomes.Answers{
			CompletedOn: day.Of(w.db.Clock.Now()),
			Mode:        "paper",
			Respondent:  "proxy",
			Responses: instruments.Responses{
				"life_satisfaction": five,
				"worthwhile":        five,
				"happiness":         five,
				"anxiety":           five,
			},
		}},
		"import",
	)
	if err != nil || !a.NotCounted {
		t.Fatalf("%+v, %v", a, err)
	}
	if got := lw.get("/assessments/" + a.ID.String()).
		want(200); got.at("not_counted") != true || got.text("respondent") != "proxy" ||
		got.number("responses.anxiety") != 9 {
		t.Errorf("%s", got.body)
	}
	rows := w.as("site_manager").get("/insights/outcomes").want(200)
	if n, paired := rows.number("rows.0.baseline_n"), rows.number("rows.0.paired_n"); n != 1 || paired != 0 {
		t.Errorf("baselines %v, pairs %v: %s", n, paired, rows.body)
	}
	w.consent(patient, "report_to_gp", "given")
	if message := lw.get(
		"/episodes/" + episode + "/gp-message?level=full",
	); strings.Contains(
		string(message.body),
		`"later"`,
	) {
		t.Errorf("%s", message.body)
	}
	// The person answers for themselves after all: the correction counts.
	lw.post("/assessments/"+a.ID.String()+"/correction", fmt.Sprintf(`{"completed_on":%q,"mode":"telephone",
		"respondent":"proxy","responses":{%s}}`, w.today(), calm)).problem(422, "invalid")
	lw.post("/assessments/"+a.ID.String()+"/correction", fmt.Sprintf(`{"completed_on":%q,"mode":"telephone",
		"respondent":"self","responses":{%s}}`, w.today(), calm)).want(201)
	if rows = w.as("site_manager").get("/insights/outcomes").want(200); rows.number("rows.0.paired_n") != 1 {
		t.Errorf("%s", rows.body)
	}
	_ = followUp
}

// A birth date that is put right later decides anew whether the person was old enough: answers of somebody
// too young are kept, flagged and in no figure, and count again when the date is put back.
func TestABirthDatePutRightRecountsAnswers(t *testing.T) {
	w, patient, episode, _ := asked(t)
	lw := w.as("link_worker")
	w.ons4(episode, "m9_12", w.today(), 8, 8, 8, 2).want(201)
	counted := func(want float64) {
		t.Helper()
		rows := w.as("site_manager").get("/insights/outcomes").want(200)
		n := 0.0
		if list := rows.at("rows").([]any); len(list) > 0 {
			n = list[0].(object)["paired_n"].(float64)
		}
		if scores := w.value(
			"select count(*)::text from assessment_scores s join assessments a on a.id = s.assessment_id where "+
				"a.episode_id::text = ?",
			episode,
		); n != want ||
			(scores != "0") != (want > 0) {
			t.Errorf("%v pairs and %s scores, want %v: %s", n, scores, want, rows.body)
		}
	}
	flagged := func() string {
		return w.value("select string_agg(not_counted::text, ' ' order by completed_on) from assessments where "+
			"episode_id::text = ?", episode)
	}
	born := func(on string) {
		t.Helper()
		p := lw.get("/patients/" + patient).want(200)
		lw.patch("/patients/"+patient, p.header.Get("ETag"), fmt.Sprintf(`{"birth_date":%q}`, on)).want(200)
	}
	counted(1)
	before := lw.get("/patients/" + patient).text("birth_date")
	born(w.db.Clock.Now().AddDate(-15, 0, 0).Format("2006-01-02"))
	if counted(0); flagged() != "true true" {
		t.Errorf("of a child: %s", flagged())
	}
	born(w.db.Clock.Now().AddDate(-16, 0, 0).Format("2006-01-02")) // old enough today, and not at the baseline
	if flagged() != "true false" {
		t.Errorf("of somebody who has become 16 since: %s", flagged())
	}
	born(before)
	if counted(1); flagged() != "false false" {
		t.Errorf("put back: %s", flagged())
	}
}

// The database knows of each instrument that comes with the program who may answer it.
func TestTheDatabaseKnowsWhoMayAnswer(t *testing.T) {
	w := newWorld(t)
	for _, x := range w.as("link_worker").get("/instruments").want(200).items() {
		i := x.(object)
		age, _ := i["min_age"].(float64)
		alone, _ := i["self_only"].(bool)
		got := w.value("select coalesce(max(min_age), 0) || ' ' || coalesce(bool_or(self_only), false) from "+
			"who_may_answer(cast(? as uuid), ?, 1)", w.site, i["key"])
		if want := fmt.Sprint(age, " ", alone); got != want {
			t.Errorf("%v: the database says %s, and the program %s", i["key"], got, want)
		}
	}
}
