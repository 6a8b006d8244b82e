package api

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gocloud.dev/blob/fileblob"

	"waypost/internal/datasets"
	"waypost/internal/demo"
	"waypost/internal/insights"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db/dbtest"
)

// study is a demo whose people researchers ask about.
type study struct {
	*world
	store *datasets.Store
}

func newStudy(t *testing.T, people int) study {
	t.Helper()
	t.Parallel()
	d := dbtest.New(t)
	vault, err := datasets.OpenVault(filepath.Join(t.TempDir(), "master-key.json"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := fileblob.OpenBucket(t.TempDir(), &fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	s := study{&world{t: t, db: d, keys: map[string]string{}}, Research(d, vault, files)}
	if _, err := demo.Load(t.Context(), d, demo.Config{People: people, Seed: 5, Research: s.store}, func(k demo.Keys) error {
		s.keys["site_manager"], s.keys["data_steward"], s.keys["researcher"], s.keys["link_worker"] = k.SiteManager, k.DataSteward, k.Researcher, k.LinkWorker
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	c := on(d)
	c.Datasets = s.store
	server := httptest.NewServer(New(c))
	t.Cleanup(server.Close)
	s.url = server.URL
	s.site = s.as("site_manager").get("/me").want(200).text("site_ids.0")
	return s
}

// project is the demo's own, of all its sites, or one like it of these sites.
func (s study) project(basis, setting string, k int, sites ...string) string {
	s.t.Helper()
	own := s.as("researcher").get("/projects").want(200)
	if sites == nil {
		for _, id := range own.at("items.0.site_ids").([]any) {
			sites = append(sites, id.(string))
		}
	}
	list, err := json.Marshal(sites)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.as("data_steward").post("/projects", fmt.Sprintf(`{"title":"Read by others","purpose":"To be read","legal_basis":%q,"setting":%q,"site_ids":%s,
		"instruments":["ons4"],"timepoints":["m9_12"],"minimum_k":%d,"expires_on":%q}`, basis, setting, list, k, s.daysAgo(-30))).made()
}

// release makes one, and unpacks its package into a folder.
func (s study) release(project string) (folder string) {
	s.t.Helper()
	id := s.as("data_steward").post("/projects/"+project+"/releases", `{}`).want(202).text("id")
	if err := s.store.Build(actor.With(s.t.Context(), actor.Named("releases"))); err != nil {
		s.t.Fatal(err)
	}
	r := s.as("data_steward").get("/releases/" + id).want(200)
	if state := r.text("state"); state != "ready" {
		s.t.Fatalf("it is %s: %s", state, r.body)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+"/v1/releases/"+id+"/files/package.zip", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.keys["data_steward"])
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		s.t.Fatal(res.Status, err)
	}
	return unpacked(s.t, content)
}

func unpacked(t *testing.T, content []byte) (folder string) {
	t.Helper()
	folder = t.TempDir()
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err == nil {
		err = os.CopyFS(folder, z)
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// told is what a program says of a release's folder; the test is skipped where the program is not on this machine.
func told(t *testing.T, folder, hint string, command ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(command[0]); err != nil {
		t.Skipf("%s is not on this machine (%s)", command[0], hint)
	}
	cmd := exec.CommandContext(t.Context(), command[0], append(command[1:], folder)...)
	var wrong bytes.Buffer
	cmd.Stderr = &wrong
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v %s %s", command, err, out, &wrong)
	}
	return out
}

// rows are how many each table of a release has, as its manifest says.
func rows(t *testing.T, folder string) map[string]int64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	var about datasets.About
	if err == nil {
		err = json.Unmarshal(text, &about)
	}
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int64{}
	for _, f := range about.Files {
		if name, is := strings.CutSuffix(f.Name, ".csv"); is && f.Rows != nil {
			rows[name] = *f.Rows
		}
	}
	if len(rows) != 6 {
		t.Fatalf("the manifest has %d tables", len(rows))
	}
	return rows
}

// Programs that researchers use read every table of a release, whole and without a warning: of people who agreed and of others,
// as fine as releases are and made coarser.
func TestReleasesAreReadByOthers(t *testing.T) {
	s := newStudy(t, 700)
	for name, folder := range map[string]string{
		"as fine as releases are": s.release(s.project("section_251", "safe_setting", 5)),
		"made coarser":            s.release(s.project("explicit_consent", "outside", 10)),
	} {
		want := rows(t, folder)
		for table, n := range want {
			if n < 20 {
				t.Errorf("%s: %s has %d rows: too few to tell much", name, table, n)
			}
		}
		t.Run(name+", by DuckDB, hyparquet and npm's data packages", func(t *testing.T) { readByNode(t, folder, want) })
		t.Run(name+", by R", func(t *testing.T) { readByR(t, folder, want) })
		t.Run(name+", by pandas", func(t *testing.T) { readByPython(t, folder, want) })
	}
}

func readByNode(t *testing.T, folder string, want map[string]int64) {
	if _, err := os.Stat("judges/node_modules/@duckdb"); err != nil {
		t.Skip("DuckDB is not on this machine (make test brings it)")
	}
	var report struct {
		Tables map[string]struct{ DuckDB, Hyparquet, Tableschema int64 }
		Wrong  []string
		Notes  []string
	}
	if err := json.Unmarshal(told(t, folder, "Debian: nodejs", "node", "judges/release.mjs"), &report); err != nil {
		t.Fatal(err)
	}
	for _, line := range slices.Concat(report.Wrong, report.Notes) {
		t.Error(line)
	}
	for table, n := range want {
		if got := report.Tables[table]; got.DuckDB != n || got.Hyparquet != n || got.Tableschema != n {
			t.Errorf("%s has %d rows, and they read %+v", table, n, got)
		}
	}
}

func readByR(t *testing.T, folder string, want map[string]int64) {
	got := map[string]int64{}
	for _, line := range saidByR(t, folder) {
		switch line[0] {
		case "rows":
			got[line[1]], _ = strconv.ParseInt(line[2], 10, 64)
		case "wrong":
			t.Error(line[1:])
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("R reads %v, and there are %v", got, want)
	}
}

// saidByR is each line that R says.
func saidByR(t *testing.T, folder string) [][]string {
	t.Helper()
	out := told(t, folder, "Debian: r-base-core", "Rscript", "--vanilla", "judges/release.R")
	from := csv.NewReader(bytes.NewReader(out))
	from.FieldsPerRecord = -1
	lines, err := from.ReadAll()
	if err != nil || len(lines) < 6 {
		t.Fatalf("%v %s", err, out)
	}
	return lines
}

const debianPython = "/usr/bin/python3" // which Debian's packages are for

func readByPython(t *testing.T, folder string, want map[string]int64) {
	if exec.CommandContext(t.Context(), debianPython, "-c", "import pandas").Run() != nil {
		t.Skip("pandas is not on this machine (Debian: python3-pandas)")
	}
	var report struct {
		Tables map[string]int64
		Wrong  []string
	}
	if err := json.Unmarshal(told(t, folder, "Debian: python3-pandas", debianPython, "judges/release.py"), &report); err != nil {
		t.Fatal(err)
	}
	for _, line := range report.Wrong {
		t.Error(line)
	}
	if fmt.Sprint(report.Tables) != fmt.Sprint(want) {
		t.Errorf("pandas reads %v, and there are %v", report.Tables, want)
	}
}

// What R makes of a site's outcomes_paired is what Waypost answers about the people who consent there: as it answers, to two
// decimals, and to 1e-9 as it works out. People who withdrew and let their data be kept are in the table and not in the answer.
func TestRsPairedFiguresAreTheAPIs(t *testing.T) {
	s := newStudy(t, 1500)
	s.withdraws(s.answered())
	folder := s.release(s.project("explicit_consent", "safe_setting", 5, s.site))
	answer := s.as("site_manager").get("/insights/outcomes?population=research_consented").want(200)
	var figures struct{ Rows []insights.OutcomeRow }
	if err := json.Unmarshal(answer.body, &figures); err != nil {
		t.Fatal(err)
	}
	pairs, kept := pairsOf(t, folder)
	if kept == 0 {
		t.Error("nobody in the table withdrew")
	}
	compared := 0
	for _, line := range saidByR(t, folder) {
		if line[0] != "pairs" {
			continue
		}
		r := numbersOf(t, line[4:])
		i := slices.IndexFunc(figures.Rows, func(o insights.OutcomeRow) bool {
			return o.Instrument == line[1] && o.Score == line[2] && o.Timepoint == line[3]
		})
		if i < 0 || figures.Rows[i].PairedN == nil {
			t.Errorf("the API has no figures of %s", line[1:4])
			continue
		}
		compared++
		agree(t, strings.Join(line[1:4], " "), r, figures.Rows[i], insights.Compare(pairs[line[2]]))
	}
	if compared != 4 {
		t.Errorf("%d scores were compared", compared)
	}
}

// agree holds R's figures against those on the wire, and against those they are rounded from.
func agree(t *testing.T, of string, r []float64, o insights.OutcomeRow, c insights.Change) {
	t.Helper()
	if r[0] < 8 {
		t.Errorf("%s: only %v pairs", of, r[0])
	}
	whole := func(n *int) *float64 { return new(float64(*n)) }
	for i, f := range []struct {
		name        string
		wire, exact *float64
		step        float64 // the wire's
	}{
		{"paired_n", whole(o.PairedN), new(float64(c.N)), 0}, {"baseline_n", whole(o.BaselineN), nil, 0},
		{"baseline_mean", o.BaselineMean, c.BaselineMean, 0.01}, {"baseline_sd", o.BaselineSD, c.BaselineSD, 0.01},
		{"follow_up_mean", o.FollowUpMean, c.FollowUpMean, 0.01}, {"follow_up_sd", o.FollowUpSD, c.FollowUpSD, 0.01},
		{"mean_change", o.MeanChange, c.MeanChange, 0.01}, {"sd_change", o.SDChange, c.SDChange, 0.01},
		{"ci_low", o.CILow, c.CILow, 0.01}, {"ci_high", o.CIHigh, c.CIHigh, 0.01}, {"p_value", o.PValue, c.P, 0.0001},
		{"improved", whole(o.Improved), nil, 0}, {"standardised_change", o.StandardisedChange, c.DZ, 0.01},
	} {
		if math.Abs(r[i]-*f.wire) > f.step/2+1e-9 {
			t.Errorf("%s: %s is %v by R, and the API says %v", of, f.name, r[i], *f.wire)
		}
		if f.exact != nil && math.Abs(r[i]-*f.exact) > 1e-9 {
			t.Errorf("%s: %s is %v by R, and %v before it is rounded", of, f.name, r[i], *f.exact)
		}
	}
}

func numbersOf(t *testing.T, texts []string) (list []float64) {
	t.Helper()
	for _, text := range texts {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, n)
	}
	return list
}

// pairsOf reads the pairs of the people who consent, by score, and counts those of people who withdrew.
func pairsOf(t *testing.T, folder string) (pairs map[string][]insights.Pair, withdrawn int) {
	t.Helper()
	pairs = map[string][]insights.Pair{}
	for _, row := range tableOf(t, folder, "outcomes_paired.csv") {
		switch {
		case row["follow_up"] == "":
		case row["consent"] != "consented":
			withdrawn++
		default:
			n := numbersOf(t, []string{row["baseline"], row["follow_up"]})
			pairs[row["score"]] = append(pairs[row["score"]], insights.Pair{Before: n[0], After: n[1]})
		}
	}
	return pairs, withdrawn
}

// tableOf reads a CSV file's rows by the names of its columns.
func tableOf(t *testing.T, folder, name string) (list []map[string]string) {
	t.Helper()
	f, err := os.Open(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	from := csv.NewReader(f)
	names, err := from.Read()
	if err != nil {
		t.Fatal(err)
	}
	for {
		line, err := from.Read()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		row := map[string]string{}
		for i, n := range names {
			row[n] = line[i]
		}
		list = append(list, row)
	}
}

// answered is somebody at the manager's site who consents, with a baseline and a response that pairs with it.
func (s study) answered() (patient string) {
	s.t.Helper()
	for _, f := range s.as("link_worker").get("/follow-ups?state=completed&limit=200").want(200).items() {
		episode := s.as("link_worker").get("/episodes/" + f.(map[string]any)["episode_id"].(string)).want(200)
		patient := episode.text("patient_id")
		for _, c := range s.as("link_worker").get("/patients/" + patient + "/consents").want(200).items() {
			if c := c.(map[string]any); c["purpose"] == "research" && c["decision"] == "given" {
				return patient
			}
		}
	}
	s.t.Fatal("nobody has answered")
	return ""
}

// withdraws says no to being contacted and lets what there is be kept.
func (s study) withdraws(patient string) {
	s.t.Helper()
	s.as("link_worker").post("/patients/"+patient+"/consents", fmt.Sprintf(`{"purpose":"research","decision":"withdrawn","withdrawal":"stop_contact_keep_data","decided_on":%q}`, s.today())).want(201)
}

// REDCap takes the dictionary: its 18 columns, the record's id first and as text, a form's fields together, names that it allows.
func TestREDCapTakesTheDictionary(t *testing.T) {
	s := newStudy(t, 150)
	folder := s.release(s.project("section_251", "safe_setting", 5))
	f, err := os.Open(filepath.Join(folder, "redcap_dictionary.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label", "Choices, Calculations, OR Slider Labels", "Field Note",
		"Text Validation Type OR Show Slider Number", "Text Validation Min", "Text Validation Max", "Identifier?", "Branching Logic (Show field only if...)", "Required Field?",
		"Custom Alignment", "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?", "Field Annotation"}
	if !slices.Equal(lines[0], want) || len(want) != 18 {
		t.Errorf("its columns are %q", lines[0])
	}
	if first := lines[1]; first[0] != "study_id" || first[3] != "text" || first[5] != "" {
		t.Errorf("its first field is %q", first)
	}
	// a variable begins with a letter, has no two underscores in a row and none at its end, and is not what REDCap makes itself
	name := regexp.MustCompile(`^[a-z](_?[a-z0-9])*$`)
	raw := regexp.MustCompile(`^(-?[0-9]+|[A-Za-z0-9_]+)$`)
	seen, forms := map[string]bool{}, []string{}
	for _, line := range lines[1:] {
		if !name.MatchString(line[0]) || len(line[0]) > 100 || seen[line[0]] || strings.HasSuffix(line[0], "_complete") {
			t.Errorf("REDCap takes no variable %q, or it stands twice", line[0])
		}
		seen[line[0]] = true
		if len(forms) == 0 || forms[len(forms)-1] != line[1] {
			forms = append(forms, line[1])
		}
		if !slices.Contains([]string{"", "integer", "number"}, line[7]) || !slices.Contains([]string{"text", "radio"}, line[3]) {
			t.Errorf("%s is of the type %s %s", line[0], line[3], line[7])
		}
		codes := map[string]bool{}
		for _, choice := range strings.Split(line[5], " | ") {
			code, label, _ := strings.Cut(choice, ", ")
			if line[3] == "radio" && (!raw.MatchString(code) || label == "" || codes[code] || strings.ContainsAny(label, "|\n")) {
				t.Errorf("%s: REDCap takes no choice %q", line[0], choice)
			}
			codes[code] = true
		}
	}
	if want := []string{"participants", "episodes", "referrals", "assessments_long", "follow_ups", "outcomes_paired"}; !slices.Equal(forms, want) {
		t.Errorf("its forms are %v", forms)
	}
	stataTakes(t, folder)
}

var (
	labelled  = regexp.MustCompile("^label variable (\\S+) `\"(.*)\"'$")
	valued    = regexp.MustCompile("^label define (\\S+) (.*)$")
	valuedOne = regexp.MustCompile("(-?\\d+) `\"([^`]*?)\"'")
	recoded   = regexp.MustCompile("^replace coded_ = (\\d+) if (\\S+) == `\"(.*)\"'$")
)

// stataTakes holds labels.do against Stata's limits: names of 32 characters, labels of 80, every code of a list labelled once.
func stataTakes(t *testing.T, folder string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "labels.do"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]map[string][]string{} // the codes of each column, by table
	for _, c := range tableOf(t, folder, "codebook.csv") {
		if known[c["table"]] == nil {
			known[c["table"]] = map[string][]string{}
		}
		var list []string
		for _, v := range strings.Split(c["values"], " | ") {
			if code, _, is := strings.Cut(v, ", "); is {
				list = append(list, code)
			}
		}
		known[c["table"]][c["column"]] = list
	}
	table, names, numbers, done := "", map[string]bool{}, map[string]map[string]string{}, map[string]bool{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.Count(line, "`\"") != strings.Count(line, "\"'") {
			t.Errorf("Stata cannot tell where a text ends: %s", line)
		}
		if of, is := strings.CutPrefix(line, "import delimited using \""); is {
			table, _, _ = strings.Cut(of, ".csv")
			names, numbers = map[string]bool{}, map[string]map[string]string{}
		}
		if m := labelled.FindStringSubmatch(line); m != nil {
			if _, is := known[table][m[1]]; !is || len(m[1]) > 32 || len([]rune(m[2])) > 80 || m[2] == "" || names[m[1]] {
				t.Errorf("%s: Stata takes no label %q of %s", table, m[2], m[1])
			}
			names[m[1]] = true
		}
		if m := recoded.FindStringSubmatch(line); m != nil {
			if numbers[m[2]] == nil {
				numbers[m[2]] = map[string]string{}
			}
			if _, twice := numbers[m[2]][m[3]]; twice {
				t.Errorf("%s.%s: the code %s has two numbers", table, m[2], m[3])
			}
			numbers[m[2]][m[3]] = m[1]
		}
		if m := valued.FindStringSubmatch(line); m != nil {
			column := strings.TrimSuffix(m[1], "_")
			stataLabels(t, table, column, m[1], m[2], known[table][column], numbers[column])
			done[table+"."+column] = true
		}
	}
	for table, columns := range known {
		for column, codes := range columns {
			if len(codes) > 0 && !done[table+"."+column] {
				t.Errorf("%s.%s: its codes have no labels in Stata", table, column)
			}
		}
	}
}

// stataLabels asks that a label's name fits, and that each code of the list has a number, and each number a label, once.
func stataLabels(t *testing.T, table, column, name, definition string, codes []string, numbers map[string]string) {
	t.Helper()
	labels := map[string]bool{}
	for _, one := range valuedOne.FindAllStringSubmatch(definition, -1) {
		if labels[one[1]] || one[2] == "" {
			t.Errorf("%s.%s: the number %s has two labels, or an empty one", table, column, one[1])
		}
		labels[one[1]] = true
	}
	if len(name) > 32 || len(labels) != len(codes) {
		t.Errorf("%s.%s: %d labels by the name %s for %d codes", table, column, len(labels), name, len(codes))
	}
	for _, code := range codes {
		number := code
		if numbers != nil {
			number = numbers[code]
		}
		if !labels[number] {
			t.Errorf("%s.%s: the code %s has no label", table, column, code)
		}
	}
}
