package api_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gocloud.dev/blob/fileblob"

	"waypost/api"
	"waypost/internal/datasets"
	"waypost/internal/demo"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/vault"
	"waypost/internal/stores"
)

// releasing is a demo whose people researchers ask about.
type releasing struct {
	*world
	store *datasets.Store
}

func newStudy(t *testing.T, people int) releasing {
	t.Helper()
	t.Parallel()
	d := dbtest.New(t)
	vault, err := vault.Open(filepath.Join(t.TempDir(), "master-key.json"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := fileblob.OpenBucket(
		t.TempDir(),
		&fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite},
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	s := releasing{
		&world{t: t, db: d, keys: map[string]string{}},
		&datasets.Store{DB: d, Cipher: vault, Files: files, Software: api.Version},
	}
	if _, err := demo.Load(
		t.Context(),
		d,
		demo.Config{People: people, Seed: 5, Research: s.store, Studies: stores.New(d).Study},
		func(k demo.Keys) error {
			for role, key := range map[string]string{
				"administrator": k.Administrator, "data_steward": k.DataSteward, "link_worker": k.LinkWorker,
				"researcher": k.Researcher, "site_manager": k.SiteManager,
			} {
				s.keys[role] = key
			}
			return nil
		},
	); err != nil {
		t.Fatal(err)
	}
	c := on(d)
	c.Stores.Datasets = s.store
	server := httptest.NewServer(api.New(c))
	t.Cleanup(server.Close)
	s.url = server.URL
	s.site = s.as("site_manager").get("/me").want(200).text("site_ids.0")
	return s
}

// project is the demo's own, of all its sites, or one like it of these sites.
func (s releasing) project(basis, setting string, k int, sites ...string) string {
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
	return s.as("data_steward").post("/projects", fmt.Sprintf(`{"title":"Read by others","purpose":"To be read",
		"legal_basis":%q,"setting":%q,"site_ids":%s,
		"instruments":["ons4"],"timepoints":["m9_12"],"minimum_k":%d,"expires_on":%q}`, basis, setting, list, k, s.daysAgo(-30))).made()
}

// release makes one, and unpacks its package into a folder.
func (s releasing) release(project string) (folder string) {
	s.t.Helper()
	id := s.as("data_steward").post("/projects/"+project+"/releases", `{}`).want(202).text("id")
	if err := s.store.Build(actor.With(s.t.Context(), actor.Named("releases"))); err != nil {
		s.t.Fatal(err)
	}
	r := s.as("data_steward").get("/releases/" + id).want(200)
	if state := r.text("state"); state != "ready" {
		s.t.Fatalf("it is %s: %s", state, r.body)
	}
	req, err := http.NewRequestWithContext(
		s.t.Context(),
		http.MethodGet,
		s.url+"/v1/releases/"+id+"/files/package.zip",
		nil,
	)
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

// Programs that researchers use read every table of a release, whole and without a warning: of people who
// agreed and of others, as fine as releases are and made coarser.
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
		spoilt := spoil(t, folder)
		for _, reader := range []struct {
			name string
			read func(*testing.T, string) (rows map[string][]int64, wrong []string)
		}{{"DuckDB, hyparquet and npm's data packages", readByNode}, {"R", readByR}, {"pandas", readByPython}} {
			t.Run(name+", by "+reader.name, func(t *testing.T) {
				got, wrong := reader.read(t, folder)
				for _, line := range wrong {
					t.Error(line)
				}
				for table, n := range want {
					if got[table] == nil || slices.ContainsFunc(got[table], func(m int64) bool { return m != n }) {
						t.Errorf("%s has %d rows, and they read %v", table, n, got[table])
					}
				}
				if _, wrong := reader.read(t, spoilt); len(wrong) == 0 {
					t.Error("a code that is of no list passes")
				}
			})
		}
	}
}

// spoil copies a release and puts a code into it that is of no list.
func spoil(t *testing.T, folder string) (copied string) {
	t.Helper()
	copied = t.TempDir()
	file := filepath.Join(copied, "episodes.csv")
	err := os.CopyFS(copied, os.DirFS(folder))
	text, e := os.ReadFile(file)
	err = errors.Join(
		err,
		e,
		os.WriteFile(file, bytes.Replace(text, []byte(",medical,"), []byte(",nonsense,"), 1), 0o600),
	)
	if err != nil {
		t.Fatal(err)
	}
	return copied
}

func readByNode(t *testing.T, folder string) (rows map[string][]int64, wrong []string) {
	if _, err := os.Stat("judges/node_modules/@duckdb"); err != nil {
		t.Skip("DuckDB is not on this machine (make test brings it)")
	}
	var report struct {
		Tables map[string]struct{ DuckDB, Hyparquet, Tableschema int64 }
		Wrong  []string
	}
	if err := json.Unmarshal(told(t, folder, "Debian: nodejs", "node", "judges/release.mjs"), &report); err != nil {
		t.Fatal(err)
	}
	rows = map[string][]int64{}
	for table, n := range report.Tables {
		rows[table] = []int64{n.DuckDB, n.Hyparquet, n.Tableschema}
	}
	return rows, report.Wrong
}

func readByR(t *testing.T, folder string) (rows map[string][]int64, wrong []string) {
	rows = map[string][]int64{}
	for _, line := range saidByR(t, folder) {
		switch line[0] {
		case "rows":
			n, err := strconv.ParseInt(line[2], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			rows[line[1]] = []int64{n}
		case "wrong":
			wrong = append(wrong, line[1])
		}
	}
	return rows, wrong
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

func readByPython(t *testing.T, folder string) (rows map[string][]int64, wrong []string) {
	if exec.CommandContext(t.Context(), debianPython, "-c", "import pandas").Run() != nil {
		t.Skip("pandas is not on this machine (Debian: python3-pandas)")
	}
	var report struct {
		Tables map[string]int64
		Wrong  []string
	}
	if err := json.Unmarshal(
		told(t, folder, "Debian: python3-pandas", debianPython, "judges/release.py"),
		&report,
	); err != nil {
		t.Fatal(err)
	}
	rows = map[string][]int64{}
	for table, n := range report.Tables {
		rows[table] = []int64{n}
	}
	return rows, report.Wrong
}
