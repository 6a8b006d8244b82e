package api_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"

	"waypost/api"
	"waypost/internal/datasets"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/vault"
)

// researchWorld is a world with a store for releases of data.
type researchWorld struct {
	*world
	store  *datasets.Store
	folder string // of the releases' files
}

func newResearchWorld(t *testing.T) researchWorld {
	t.Helper()
	t.Parallel()
	store, folder := researchStore(t, dbtest.New(t))
	c := on(store.DB)
	c.Stores.Datasets = store
	return researchWorld{serving(t, c), store, folder}
}

// researchStore is a store with a master key and a folder of a test's own.
func researchStore(t *testing.T, d *db.DB) (*datasets.Store, string) {
	t.Helper()
	dir := t.TempDir()
	cipher, err := vault.Open(filepath.Join(dir, "master-key.json"))
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "releases")
	return &datasets.Store{DB: d, Cipher: cipher, Files: bucket(t, folder), Software: api.Version}, folder
}

func bucket(t *testing.T, folder string) *blob.Bucket {
	t.Helper()
	files, err := fileblob.OpenBucket(
		folder,
		&fileblob.Options{CreateDir: true, NoTempDir: true, Metadata: fileblob.MetadataDontWrite},
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	return files
}

// build runs the job that makes releases once.
func (s researchWorld) build() {
	s.t.Helper()
	makeReleases(s.t, s.store)
}

func makeReleases(t *testing.T, store *datasets.Store) {
	t.Helper()
	if err := store.Build(
		db.Background(actor.With(context.WithoutCancel(t.Context()), actor.Named("releases"))),
	); err != nil {
		t.Log(err) // what became of the release says the rest
	}
}

// study is the body of a project at the first site.
func (s researchWorld) study(more string) string {
	return fmt.Sprintf(`{"title":"A study","purpose":"To see whether it helps.",
		"legal_basis":"explicit_consent","setting":"outside","site_ids":[%q],"instruments":["ons4"],
		"timepoints":["m9_12"],"minimum_k":10,"expires_on":"2099-12-31"%s}`, s.site, more)
}

func (s researchWorld) project(more string) string {
	s.t.Helper()
	return s.as("data_steward").post("/projects", s.study(more)).made()
}

// member is a researcher of the project.
func (s researchWorld) member(project string) client {
	s.t.Helper()
	name := "member of " + project
	s.keys[name] = s.key("researcher", fmt.Sprintf(`"project_ids":[%q]`, project))
	return s.as(name)
}

// release asks for one, makes it, and returns how it stands.
func (s researchWorld) release(project string) answer {
	s.t.Helper()
	asked := s.as("data_steward").post("/projects/"+project+"/releases", `{}`).want(202)
	if at := asked.header.Get("Location"); at != "/v1/releases/"+asked.text("id") || asked.text("state") != "building" {
		s.t.Fatalf("asked for: %s at %s", asked.body, at)
	}
	s.build()
	return s.as("data_steward").get("/releases/" + asked.text("id")).want(200)
}

func (s researchWorld) file(release answer, name string) string {
	s.t.Helper()
	return string(s.as("data_steward").get("/releases/" + release.text("id") + "/files/" + name).want(200).body)
}

// table is a CSV file's rows by column.
func (s researchWorld) table(release answer, name string) (rows []map[string]string) {
	s.t.Helper()
	lines, err := csv.NewReader(strings.NewReader(s.file(release, name+".csv"))).ReadAll()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, column := range lines[0] {
			row[column] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// people records some who consent to research, with a baseline, and who answer ten months later.
func (s researchWorld) people(n int) (patients []string) {
	s.t.Helper()
	lw := s.as("link_worker")
	var followUps []string
	for i := range n {
		patient := lw.post("/patients", fmt.Sprintf(`{"given_name":"Gwendolyn","family_name":"Study%d",
			"birth_date":"1950-04-01","gender":"female","ethnic_category":"A","imd_decile":3,
			"imd_version":"2019","phone":"07700 900001"}`, i)).made()
		s.consent(patient, "research", "given")
		episode := s.episode(patient)
		s.ons4(episode, "baseline", s.today(), i%5, 5, 5, 5).want(201)
		patients, followUps = append(
			patients,
			patient,
		), append(
			followUps,
			lw.get("/follow-ups?episode_id="+episode).text("items.0.id"),
		)
	}
	s.advance("P10M")
	for i, f := range followUps {
		lw.post("/follow-ups/"+f+"/completion", fmt.Sprintf(`{"completed_on":%q,"mode":"telephone",
			"respondent":"self","how_have_you_been":"better","benefit":"some","narrative":"The allotment saved me",
			"assessments":[{"instrument":"ons4","responses":{"life_satisfaction":%d,"worthwhile":6,
				"happiness":{"missing":"dont_know"},"anxiety":4}}]}`, s.today(), 4+i%5)).want(201)
	}
	return patients
}

func TestAProjectFromProposalToFiles(t *testing.T) {
	s := newResearchWorld(t)
	s.people(12)
	proposed := s.as("researcher").post("/projects", s.study(""))
	id := proposed.made()
	if proposed.text("state") != "draft" || proposed.at("most_suppressed_percent").(float64) != 5 ||
		len(proposed.at("quasi_identifiers").([]any)) != 5 {
		t.Errorf("proposed: %s", proposed.body)
	}
	// a researcher is a member of what they proposed; it makes nothing before it is approved, and the
	// codebook is there for anybody
	s.as("researcher").get("/projects/" + id).want(200)
	s.as("researcher").post("/projects/"+id+"/releases", `{}`).problem(409, "conflict")
	s.as("researcher").post("/projects/"+id+"/releases", `{"dry_run":true}`).problem(409, "conflict")
	s.as("researcher").post("/projects/"+id+"/approval", ``).problem(403, "forbidden")
	if book := s.as("researcher").get("/datasets/codebook").want(200); len(book.at("tables").([]any)) != 6 {
		t.Errorf("codebook: %s", book.body)
	}
	if approved := s.as("data_steward").
		post("/projects/"+id+"/approval", ``).
		want(200); approved.text("state") != "approved" ||
		approved.header.Get("ETag") != `"2"` {
		t.Errorf("approved: %s", approved.body)
	}
	// what it would be, without data
	dry := s.as("researcher").post("/projects/"+id+"/releases", `{"dry_run":true}`).want(200)
	if dry.number("report.n") != 12 || dry.number("report.k") != 12 || dry.text("state") != "ready" ||
		dry.header.Get("Location") != "" {
		t.Errorf("dry run: %s", dry.body)
	}
	if list := s.as("researcher").get("/projects/" + id + "/releases").items(); len(list) != 0 {
		t.Errorf("a dry run has made %v", list)
	}
	asked := s.as("researcher").
		with("Idempotency-Key", "one").
		post("/projects/"+id+"/releases", `{"reason":"first look"}`).
		want(202)
	if again := s.as("researcher").
		with("Idempotency-Key", "one").
		post("/projects/"+id+"/releases", `{"reason":"first look"}`).
		want(202); again.text(
		"id",
	) != asked.text(
		"id",
	) {
		t.Error("a repeat made another release")
	}
	s.as("researcher").get("/releases/"+asked.text("id")+"/files/participants.csv").problem(404, "not_found")
	s.build()
	ready := s.as("researcher").get("/releases/" + asked.text("id")).want(200)
	if ready.text("state") != "ready" || ready.number("report.n") != 12 || !ready.at("report.enforced").(bool) {
		t.Fatalf("made: %s", ready.body)
	}
	s.filesAreWhole(ready)
	s.noted(ready, id)
}

// filesAreWhole downloads every file, alone and in the package.
func (s researchWorld) filesAreWhole(ready answer) {
	s.t.Helper()
	var names []string
	whole := map[string]string{}
	c := s.as("researcher")
	for _, f := range ready.at("files").([]any) {
		file := f.(map[string]any)
		name, sum := file["name"].(string), file["sha256"].(string)
		at := "/releases/" + ready.text("id") + "/files/" + name
		got := c.get(at).want(200)
		if digest := sha256.Sum256(
			got.body,
		); hex.EncodeToString(digest[:]) != sum || got.header.Get("ETag") != `"`+sum+`"` || float64(len(got.body)) != file["bytes"] ||
			got.header.Get("Cache-Control") != "private, no-cache" {
			s.t.Errorf("%s: not what was written: %v", name, got.header)
		}
		c.with("If-None-Match", `"`+sum+`"`).get(at).want(304)
		if part := c.with("Range", "bytes=1-4").get(at).want(206); string(part.body) != string(got.body[1:5]) {
			s.t.Errorf("%s: a part is %q", name, part.body)
		}
		names, whole[name] = append(names, name), string(got.body)
	}
	for _, name := range []string{"participants", "episodes", "referrals", "assessments_long", "follow_ups", "outcomes_paired"} {
		for _, form := range []string{".csv", ".parquet"} {
			if !slices.Contains(names, name+form) {
				s.t.Errorf("there is no %s", name+form)
			}
		}
		if !strings.HasPrefix(whole[name+".csv"], "study_id,") ||
			strings.Count(whole[name+".csv"], "\r\n") != strings.Count(whole[name+".csv"], "\n") {
			s.t.Errorf("%s.csv: begins %.40q", name, whole[name+".csv"])
		}
	}
	z, err := zip.NewReader(strings.NewReader(whole["package.zip"]), int64(len(whole["package.zip"])))
	if err != nil || len(z.File) != len(names)-1 {
		s.t.Fatalf("package.zip holds %d files of %d (%v)", len(z.File), len(names), err)
	}
	if _, wrong, err := datasets.Verify(z); err != nil || len(wrong) > 0 {
		s.t.Errorf("verified: %v %v", wrong, err)
	}
	for _, name := range []string{"nothing.csv", "..%2f..%2fmaster-key.json", "%2e%2e", "participants.csv%00", strings.Repeat("a", 101)} {
		if a := c.get("/releases/" + ready.text("id") + "/files/" + name); a.status != 404 && a.status != 422 {
			s.t.Errorf("%s: status %d", name, a.status)
		}
	}
}

// noted asks whether every use is in the log.
func (s researchWorld) noted(ready answer, project string) {
	s.t.Helper()
	var kinds []string
	err := s.db.Do(actor.With(s.t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		return tx.Raw("select distinct type from events where subject_id in ? order by 1", []string{ready.text("id"), project}).
			Scan(&kinds).
			Error
	})
	if want := []string{
		"project.added",
		"project.approved",
		"release.downloaded",
		"release.ready",
		"release.requested",
		"release.tried",
	}; err != nil ||
		!slices.Equal(kinds, want) {
		s.t.Errorf("noted: %v, want %v (%v)", kinds, want, err)
	}
}

func TestBadProjects(t *testing.T) {
	s := newResearchWorld(t)
	steward := s.as("data_steward")
	good := s.study("")
	for what, body := range map[string]string{
		"no legal basis":    strings.Replace(good, `"legal_basis":"explicit_consent",`, "", 1),
		"an unknown basis":  strings.Replace(good, "explicit_consent", "curiosity-Zq", 1),
		"k below the floor": strings.Replace(good, `"minimum_k":10`, `"minimum_k":9`, 1),
		"k of nothing":      strings.Replace(good, `"minimum_k":10`, `"minimum_k":0`, 1),
		"anonymised, k too low": strings.NewReplacer(
			`"minimum_k":10`, `"minimum_k":5`, "outside", "safe_setting", "explicit_consent", "anonymised",
		).Replace(good),
		"a safe k too low":      strings.NewReplacer(`"minimum_k":10`, `"minimum_k":4`, "outside", "safe_setting").Replace(good),
		"a term that is over":   strings.Replace(good, "2099-12-31", "2020-01-01", 1),
		"no site":               strings.Replace(good, fmt.Sprintf("[%q]", s.site), "[]", 1),
		"a site that is not":    strings.Replace(good, s.site, nobody(), 1),
		"an unknown instrument": strings.Replace(good, `"ons4"`, `"zq_scale"`, 1),
		"an unknown timepoint":  strings.Replace(good, "m9_12", "m99zq", 1),
		"an unknown quasi":      s.study(`,"quasi_identifiers":["shoe_zebedee"]`),
		"a step of what is not": s.study(`,"quasi_identifiers":["site"],"generalisation":["gender"]`),
		"a window turned round": s.study(`,"schedule":[{"code":"m9_12","analysis_from":300,"target":200,"analysis_to":400}]`),
		"a window of nothing":   s.study(`,"schedule":[{"code":"m3","analysis_from":60,"target":90,"analysis_to":135}]`),
		"an unknown field":      s.study(`,"zebedee":1`),
		"too many left out":     s.study(`,"most_suppressed_percent":51`),
		"a title of blanks":     strings.Replace(good, "A study", "   ", 1),
		"a very long title":     strings.Replace(good, "A study", strings.Repeat("zebedee", 5000), 1),
		"the same site, thrice": strings.Replace(
			good, fmt.Sprintf("[%q]", s.site), fmt.Sprintf("[%q,%q,%q]", s.site, s.site, nobody()), 1,
		),
		"instruments that repeat": strings.Replace(good, `["ons4"]`, `["ons4","ons4"]`, 1),
	} {
		t.Log(what)
		steward.post("/projects", body).problem(422, "invalid", "zebedee", "Zebedee")
	}
	id := s.project("")
	steward.post("/projects/"+id+"/members", fmt.Sprintf(`{"api_key_id":%q}`, nobody())).problem(422, "invalid")
	steward.do("DELETE", "/projects/"+id+"/members/"+nobody(), "").problem(404, "not_found")
	s.as("administrator").
		post("/api-keys", fmt.Sprintf(`{"role":"researcher","label":"x","project_ids":[%q]}`, nobody())).
		problem(422, "invalid")
}

func TestAResearcherReachesTheirOwnProjectsAlone(t *testing.T) {
	s := newResearchWorld(t)
	s.people(10)
	first, second := s.project(""), s.project("")
	made := s.release(first)
	stranger := s.member(second)
	for _, path := range []string{
		"/projects/" + first, "/projects/" + first + "/members", "/projects/" + first + "/releases",
		"/releases/" + made.text("id"), "/releases/" + made.text("id") + "/files/participants.csv",
	} {
		stranger.get(path).problem(404, "not_found")
	}
	stranger.post("/projects/"+first+"/releases", `{}`).problem(404, "not_found")
	stranger.post("/projects/"+first+"/releases", `{"dry_run":true}`).problem(404, "not_found")
	if list := stranger.get("/projects").items(); len(list) != 1 {
		t.Errorf("a researcher of one project sees %d", len(list))
	}
	member := s.as("researcher")
	member.get("/releases/"+made.text("id")).problem(404, "not_found")
	key := s.keyID("researcher")
	s.as("data_steward").post("/projects/"+first+"/members", fmt.Sprintf(`{"api_key_id":%q}`, key)).want(201)
	member.get("/releases/" + made.text("id") + "/files/participants.csv").want(200)
	s.as("data_steward").do("DELETE", "/projects/"+first+"/members/"+key, "").want(204)
	member.get("/releases/"+made.text("id")+"/files/participants.csv").problem(404, "not_found")
	for _, role := range []string{"link_worker", "site_manager", "dashboard", "administrator", "organisation", "integration"} {
		s.as(role).get("/releases/"+made.text("id")+"/files/participants.csv").problem(403, "forbidden")
	}
}

// keyID is the id of a role's key.
func (w *world) keyID(role string) (id string) {
	w.t.Helper()
	key := w.keys[role]
	for _, k := range w.as("administrator").get("/api-keys?limit=200").items() {
		if k := k.(map[string]any); k["hint"] == key[len(key)-4:] && k["role"] == role {
			id = k["id"].(string)
		}
	}
	return id
}

func TestReleasesEndWithTheProject(t *testing.T) {
	s := newResearchWorld(t)
	s.people(10)
	id := s.project(`,"schedule":[]`)
	made := s.release(id)
	s.file(made, "README.md")
	short := s.as("data_steward").post("/projects", strings.Replace(s.study(""), "2099-12-31", s.daysAgo(-1), 1)).made()
	late := s.release(short)
	s.advance("P3D")
	if p := s.as("data_steward").get("/projects/" + short); p.text("state") != "expired" {
		t.Errorf("its term is over: %s", p.body)
	}
	s.as("data_steward").get("/releases/"+late.text("id")+"/files/README.md").problem(409, "conflict")
	s.as("data_steward").post("/projects/"+short+"/releases", `{}`).problem(409, "conflict")
	s.file(made, "README.md")
}

// Who withdraws is absent from the next release, and the earlier one is unchanged; who lets data be kept
// leaves what was collected until then.
func TestWithdrawalHoldsFromTheNextRelease(t *testing.T) {
	s := newResearchWorld(t)
	patients := s.people(13)
	id := s.project("")
	first := s.release(id)
	before := s.file(first, "package.zip")
	s.withdraw(patients[0], "remove_my_data")
	s.withdraw(patients[1], "stop_contact_keep_data")
	second := s.release(id)
	if second.number("report.n") != 12 || second.number("report.left") != 1 || second.number("number") != 2 {
		t.Errorf("after a withdrawal: %s", second.body)
	}
	if s.file(first, "package.zip") != before {
		t.Error("the earlier release has changed")
	}
	gone := s.missingFrom(second, first)
	if len(gone) != 1 {
		t.Errorf("%d people are gone", len(gone))
	}
	kept := 0
	for _, p := range s.table(second, "participants") {
		if p["consent"] == "withdrawn_data_kept" {
			kept++
		}
	}
	if kept != 1 {
		t.Errorf("%d people let data be kept", kept)
	}
	s.advance("P1M")
	if next := s.release(id); s.file(second, "participants.csv") != s.file(next, "participants.csv") {
		t.Error("a release of the same people names them otherwise")
	}
}

// Of somebody who withdraws and lets data be kept, nothing of a later day leaves.
func TestWhatIsKeptEndsWithTheWithdrawal(t *testing.T) {
	s := newResearchWorld(t)
	patients := s.people(12)
	id := s.project("")
	s.withdraw(patients[0], "stop_contact_keep_data")
	first := s.release(id)
	s.advance("P2D")
	lw := s.as("link_worker")
	episode := lw.get("/episodes?patient_id=" + patients[0]).text("items.0.id")
	s.ons4(episode, "review", s.today(), 9, 9, 9, 0).want(201)
	lw.post("/episodes/"+episode+"/contacts", fmt.Sprintf(`{"on":%q,"mode":"telephone","kind":"support",
		"outcome":"spoke","minutes":99}`, s.today())).want(201)
	lw.post("/episodes/"+episode+"/closure", fmt.Sprintf(`{"on":%q,"reason":"plan_completed"}`, s.today()))
	second := s.release(id)
	for _, table := range []string{"participants", "episodes", "assessments_long", "outcomes_paired", "follow_ups", "referrals"} {
		if s.file(first, table+".csv") != s.file(second, table+".csv") {
			t.Errorf("%s holds what was recorded after the withdrawal", table)
		}
	}
	s.ons4(lw.get("/episodes?patient_id="+patients[1]).text("items.0.id"), "review", s.today(), 9, 9, 9, 0).want(201)
	if third := s.release(id); s.file(third, "assessments_long.csv") == s.file(second, "assessments_long.csv") {
		t.Error("a release leaves out what was recorded of people who have not withdrawn")
	}
}

func (s researchWorld) withdraw(patient, terms string) {
	s.t.Helper()
	s.as("link_worker").post("/patients/"+patient+"/consents", fmt.Sprintf(`{"purpose":"research",
		"decision":"withdrawn","decided_on":%q,"withdrawal":%q}`, s.today(), terms)).want(201)
}

// missingFrom returns the study ids of the first release's people who are not in the second.
func (s researchWorld) missingFrom(second, first answer) (gone []string) {
	s.t.Helper()
	there := map[string]bool{}
	for _, p := range s.table(second, "participants") {
		there[p["study_id"]] = true
	}
	for _, p := range s.table(first, "participants") {
		if !there[p["study_id"]] {
			gone = append(gone, p["study_id"])
		}
	}
	return gone
}

// A legal basis decides who is in.
func TestLegalBases(t *testing.T) {
	s := newResearchWorld(t)
	lw := s.as("link_worker")
	person := func(more string) string {
		patient := lw.post("/patients", fmt.Sprintf(`{"given_name":"P","family_name":"Basis%d",
			"birth_date":"1950-04-01"%s}`, numbers.Add(1), more)).made()
		s.episode(patient)
		return patient
	}
	for range 3 { // asked, and agreed: the opt-out does not hold for them
		s.consent(
			person(`,"national_data_opt_out":true,"national_data_opt_out_checked_on":"`+s.daysAgo(1)+`"`),
			"research",
			"given",
		)
	}
	for range 2 {
		s.consent(person(""), "research", "declined")
	}
	for range 4 {
		person("") // not asked, not checked
	}
	for range 5 {
		person(`,"national_data_opt_out":false,"national_data_opt_out_checked_on":"` + s.daysAgo(1) + `"`)
	}
	for range 6 {
		person(`,"national_data_opt_out":true,"national_data_opt_out_checked_on":"` + s.daysAgo(1) + `"`)
	}
	for basis, n := range map[string]float64{"explicit_consent": 3, "anonymised": 3 + 4 + 5 + 6, "section_251": 3 + 5} {
		body := strings.NewReplacer("explicit_consent", basis, "outside", "safe_setting").Replace(s.study(""))
		id := s.as("data_steward").post("/projects", body).made()
		got := s.as("data_steward").post("/projects/"+id+"/releases", `{"dry_run":true}`).want(200)
		if got.number("report.n") != n {
			t.Errorf("%s: %v people, want %v: %s", basis, got.number("report.n"), n, got.body)
		}
		if enforced := got.at("report.enforced").(bool); enforced != (basis == "anonymised") {
			t.Errorf("%s: enforced is %v", basis, enforced)
		}
	}
}

func TestReleasesAreRefusedInWords(t *testing.T) {
	s := newResearchWorld(t)
	nobodyYet := s.release(s.project(""))
	if nobodyYet.text("state") != "refused" || nobodyYet.text("reasons.0.code") != "nobody_consented" ||
		len(nobodyYet.at("files").([]any)) != 0 {
		t.Errorf("nobody consented: %s", nobodyYet.body)
	}
	s.people(7)
	few := s.release(s.project(""))
	if few.text("state") != "refused" || few.text("reasons.0.code") != "k_not_reached" || few.at("next_try_at") != nil {
		t.Errorf("seven people: %s", few.body)
	}
	s.as("data_steward").get("/releases/"+few.text("id")+"/files/participants.csv").problem(404, "not_found")
	if entries, _ := filepath.Glob(s.folder + "/*/*/*/*"); len(entries) > 0 {
		t.Errorf("a refused release has left %v", entries)
	}
}

// People are made alike, a step of the project's order each, and those who are still too few are left out.
func TestKIsReached(t *testing.T) {
	s := newResearchWorld(t)
	lw := s.as("link_worker")
	for i := range 80 {
		gender, ethnic := []string{"female", "male"}[i%2], []string{"A", "A", "A", "H"}[i%4]
		if i == 79 {
			gender = "other"
		}
		patient := lw.post("/patients", fmt.Sprintf(`{"given_name":"P","family_name":"Alike%d",
			"birth_date":"%d-04-01","gender":%q,"ethnic_category":%q,"imd_decile":%d,"imd_version":"2019"}`, i, 1940+
			i/4, gender, ethnic, 1+i%10)).made()
		s.consent(patient, "research", "given")
		s.episode(patient)
	}
	made := s.release(s.project(""))
	if made.text("state") != "ready" || made.number("report.k") < 10 || made.number("report.suppressed") > 4 ||
		made.number("report.n")+made.number("report.suppressed") != 80 {
		t.Fatalf("k: %s", made.body)
	}
	alike := map[string]int{}
	rows := s.table(made, "participants")
	for _, p := range rows {
		alike[p["site"]+p["age_band"]+p["gender"]+p["ethnic_group"]+p["imd_quintile"]]++
	}
	for group, n := range alike {
		if n < 10 {
			t.Errorf("%d people are alike: %s", n, group)
		}
	}
	if len(alike) < 2 || float64(len(rows)) != made.number("report.n") {
		t.Errorf("everything was made the same, or people are missing: %v", alike)
	}
	for _, table := range []string{"episodes", "referrals", "follow_ups", "outcomes_paired", "assessments_long"} {
		for _, row := range s.table(made, table) {
			if !slices.ContainsFunc(rows, func(p map[string]string) bool { return p["study_id"] == row["study_id"] }) {
				t.Fatalf("%s: somebody who was left out", table)
			}
		}
	}
}

// A project's releases are as coarse as its first: else whoever was left out of one, and stands in a
// coarser group of the next, would be told from everybody of both.
func TestReleasesStayAsCoarseAsTheFirst(t *testing.T) {
	s := newResearchWorld(t)
	lw := s.as("link_worker")
	var patients []string
	for i := range 60 { // 40 white, 13 Asian, 7 black
		ethnic := "A"
		if i >= 40 {
			ethnic = []string{"H", "M"}[min(1, (i-40)/13)]
		}
		patient := lw.post("/patients", fmt.Sprintf(`{"given_name":"P","family_name":"Steady%d",
			"birth_date":"1950-04-01","ethnic_category":%q}`, i, ethnic)).made()
		s.consent(patient, "research", "given")
		s.episode(patient)
		patients = append(patients, patient)
	}
	id := s.project(
		`,"quasi_identifiers":["ethnic_group"],"generalisation":["ethnic_group","ethnic_group"],"most_suppressed_percent":12`,
	)
	first := s.release(id)
	if first.text("state") != "ready" || first.number("report.suppressed") != 7 ||
		first.number("report.generalised.3.level") != 0 {
		t.Fatalf("first: %s", first.body)
	}
	s.withdraw(patients[0], "remove_my_data")
	s.withdraw(patients[1], "remove_my_data")
	second := s.release(id)
	if second.text("state") != "refused" || second.text("reasons.0.code") != "k_not_reached" {
		t.Errorf("7 in 58 are more than may be left out, and no coarser release may follow: %s", second.body)
	}
}

// What only one site has tells the site, where it must not be told.
func TestWhatTellsTheSiteIsRefused(t *testing.T) {
	s := newResearchWorld(t)
	s.people(20)
	s.as("site_manager").post("/instruments", `{"key":"own_scale","title":"Ours","licence":"Our own",
		"wording_shipped":true,"items":[{"code":"a","type":"number","min":0,"max":4,"wording":"How is it?"}],
		"scores":[{"code":"a","method":"value","items":["a"],"better":"higher","resolution":1,"min":0,"max":4}]}`).want(201)
	both := fmt.Sprintf("[%q,%q]", s.site, s.other)
	body := strings.NewReplacer(fmt.Sprintf("[%q]", s.site), both, `["ons4"]`, `["ons4","own_scale"]`).
		Replace(s.study(`,"quasi_identifiers":["age_band"]`))
	told := s.release(s.as("data_steward").post("/projects", body).made())
	if told.text("state") != "refused" || told.text("reasons.0.code") != "tells_site" ||
		!strings.Contains(told.text("reasons.0.detail"), "own_scale") {
		t.Errorf("one site's own instrument: %s", told.body)
	}
	without := strings.Replace(body, `,"own_scale"`, "", 1)
	if made := s.release(s.as("data_steward").post("/projects", without).made()); made.text("state") != "ready" {
		t.Errorf("without it: %s", made.body)
	}
}

// What was asked for on a project's last day, and would be made after it, is not.
func TestNoReleaseIsMadeAfterTheTerm(t *testing.T) {
	s := newResearchWorld(t)
	s.people(10)
	id := s.as("data_steward").post("/projects", strings.Replace(s.study(""), "2099-12-31", s.today(), 1)).made()
	asked := s.as("data_steward").post("/projects/"+id+"/releases", `{}`).want(202).text("id")
	s.advance("P2D")
	s.build()
	if late := s.as("data_steward").
		get("/releases/" + asked); late.text("state") != "refused" ||
		late.text("reasons.0.code") != "term_over" {
		t.Errorf("after the term: %s", late.body)
	}
}

// A place for files that fails, or is full, leaves no release that is ready; the release is made once it works again.
func TestNoReleaseIsPartial(t *testing.T) {
	s := newResearchWorld(t)
	s.people(10)
	id := s.project("")
	if err := os.RemoveAll(s.folder); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.folder, nil, 0o600); err != nil { // a file where a folder should be
		t.Fatal(err)
	}
	failed := s.release(id)
	if failed.text("state") != "failed" || failed.text("reasons.0.code") != "storage" ||
		failed.at("next_try_at") == nil ||
		failed.number("attempts") != 1 {
		t.Fatalf("its place is gone: %s", failed.body)
	}
	s.as("data_steward").get("/releases/"+failed.text("id")+"/files/participants.csv").problem(404, "not_found")
	s.build()
	if again := s.as("data_steward").get("/releases/" + failed.text("id")); again.number("attempts") != 1 {
		t.Errorf("it was tried again at once: %s", again.body)
	}
	if err := os.Remove(s.folder); err != nil {
		t.Fatal(err)
	}
	s.advance("P1D")
	s.build()
	made := s.as("data_steward").get("/releases/" + failed.text("id"))
	if made.text("state") != "ready" || made.number("attempts") != 2 || len(made.at("reasons").([]any)) != 0 {
		t.Errorf("its place is back: %s", made.body)
	}
	// a file that was cut short afterwards is never sent
	whole, _ := filepath.Glob(s.folder + "/*/*/2/participants.csv")
	if len(whole) != 1 || os.Truncate(whole[0], 10) != nil {
		t.Fatalf("where is it? %v", whole)
	}
	s.as("data_steward").get("/releases/"+made.text("id")+"/files/participants.csv").problem(503, "unavailable")
}

// Two processes that make releases at once make each once; two that are asked for at once are two.
func TestTwoBuildsAtOnce(t *testing.T) {
	s := newResearchWorld(t)
	s.people(10)
	id := s.project("")
	other := &datasets.Store{DB: s.db, Cipher: s.store.Cipher, Files: bucket(t, s.folder), Software: api.Version}
	var asked []string
	for range 2 {
		asked = append(asked, s.as("data_steward").post("/projects/"+id+"/releases", `{}`).want(202).text("id"))
	}
	done := make(chan bool)
	for _, store := range []*datasets.Store{s.store, other} {
		go func() {
			makeReleases(t, store)
			done <- true
		}()
	}
	<-done
	<-done
	s.build() // what one passed over while the other held it
	for i, release := range asked {
		made := s.as("data_steward").get("/releases/" + release)
		if made.text("state") != "ready" || made.number("attempts") != 1 || made.number("number") != float64(i+1) {
			t.Errorf("made by two: %s", made.body)
		}
		if _, wrong, err := datasets.Verify(s.unpacked(made)); err != nil || len(wrong) > 0 {
			t.Errorf("made by two: %v %v", wrong, err)
		}
	}
}

func (s researchWorld) unpacked(made answer) *zip.Reader {
	s.t.Helper()
	text := s.file(made, "package.zip")
	z, err := zip.NewReader(bytes.NewReader([]byte(text)), int64(len(text)))
	if err != nil {
		s.t.Fatal(err)
	}
	return z
}
