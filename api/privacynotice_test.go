package api_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"waypost/internal/outcomes"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/mail/mailtest"
)

// change changes the test's own site.
func (w *world) change(patch string) answer {
	w.t.Helper()
	admin := w.as("administrator")
	return admin.patch("/sites/"+w.site, admin.get("/sites/"+w.site).header.Get("ETag"), patch).want(200)
}

// withoutNotice takes away the site's notice as no caller can: it stands for a site that never had one.
func (w *world) withoutNotice() {
	w.t.Helper()
	err := w.db.Do(actor.With(w.t.Context(), actor.Actor{Role: actor.Administrator}), func(tx *db.Tx) error {
		return tx.Exec("update sites set privacy_notice_url = null where id = ?", w.site).Error
	})
	if err != nil || w.as("administrator").get("/sites/"+w.site).at("privacy_notice_url") != nil {
		w.t.Fatal("the site still has a notice", err)
	}
}

// Links that were made go on working, so the notice that they lead to can be changed and not taken away.
func TestAPrivacyNoticeIsNotTakenAway(t *testing.T) {
	w, _, _, followUp := asked(t)
	link, admin := w.link(followUp), w.as("administrator")
	for _, nothing := range []string{`null`, `""`, `"  "`} {
		refused := admin.patch("/sites/"+w.site, admin.get("/sites/"+w.site).header.Get("ETag"), `{"privacy_notice_url":`+nothing+`}`).
			problem(422, "invalid")
		if refused.text("errors.0.location") != "body.privacy_notice_url" {
			t.Errorf("%s: %s", nothing, refused.body)
		}
	}
	refused := admin.patch(
		"/sites/"+w.site,
		admin.get("/sites/"+w.site).header.Get("ETag"),
		`{"privacy_notice_url":null}`,
	)
	if said := refused.text("errors.0.message"); !strings.HasPrefix(said, "can be changed but not taken away") {
		t.Errorf("says %q", said)
	}
	w.change(`{"privacy_notice_url":"https://first.example/newer"}`)
	w.change(`{"name":"First site"}`)
	if page := link.open(""); !strings.Contains(page.html, `href="https://first.example/newer"`) {
		t.Errorf("%s", page.html)
	}
	w.withoutNotice() // a site that has none yet is changed as before
	w.change(`{"kept_for":"for 8 years","privacy_notice_url":null}`)
}

// Nobody is asked for anything before the site has a privacy notice to show them.
func TestNoLinkWithoutAPrivacyNotice(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w, _, followUp := writable(t, "mary@example.org", "email")
	lw, p := w.as("link_worker"), w.postman(smtp)
	if got := w.as("administrator").get("/sites/" + w.site).text("privacy_notice_url"); got == "" {
		t.Error("a demo's site has no privacy notice")
	}
	w.withoutNotice()
	refused := lw.post("/follow-ups/"+followUp+"/link", "").problem(422, "invalid")
	if refused.text("errors.0.location") != "privacy_notice_url" {
		t.Errorf("%s", refused.body)
	}
	p.run()
	if row := p.rows(); row.text("items.0.state") != "waiting" || row.text("items.0.why") != "no_privacy_notice" {
		t.Errorf("%s", row.body)
	}
	for _, role := range []string{"link_worker", "site_manager"} {
		if lists := w.as(role).
			get("/worklists").
			want(200); lists.text("warnings.0.code") != "no_privacy_notice" ||
			!strings.Contains(lists.text("warnings.0.detail"), "First site") {
			t.Errorf("%s: %s", role, lists.body)
		}
	}
	w.change(`{"privacy_notice_url":"https://first.example/privacy"}`)
	if lists := w.as("site_manager").get("/worklists").want(200); len(lists.at("warnings").([]any)) != 0 {
		t.Errorf("%s", lists.body)
	}
	w.advance("P1D")
	p.run()
	if m := smtp.Mail(); len(m.To) != 1 {
		t.Errorf("the invitation that waited did not go: %+v", m)
	}
	if page := w.link(followUp).open(""); !strings.Contains(page.html, `href="https://first.example/privacy"`) {
		t.Errorf("the page leads to no privacy notice: %s", page.html)
	}
	admin := w.as("administrator")
	for _, bad := range []string{
		"http://first.example/privacy", "javascript:alert(1)", "first.example",
		"https://user:word@first.example/privacy",
	} {
		admin.patch("/sites/"+w.site, admin.get("/sites/"+w.site).header.Get("ETag"), `{"privacy_notice_url":"`+bad+`"}`).
			problem(422, "invalid")
	}
}

// One line of the log tells of sites without a privacy notice, and another when there are more.
func TestTheLogTellsOfMissingNotices(t *testing.T) { // not parallel: it replaces the log
	w := serving(t, on(dbtest.New(t)))
	w.withoutNotice()
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})))
	defer slog.SetDefault(before)
	record := outcomes.Store{DB: w.db}
	for range 3 {
		if err := record.Invite(db.Background(actor.With(t.Context(), actor.Named("test")))); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(log.String(), "no privacy notice"); n != 1 || !strings.Contains(log.String(), w.site) {
		t.Errorf("%d lines: %s", n, &log)
	}
}
