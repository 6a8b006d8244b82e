package api_test

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"waypost/internal/datasets"
	"waypost/internal/demo"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/stores"
)

// No file of a demo's release holds anything of the database that is no code: no name, number, address, id,
// day or word of anybody's. And two projects' releases of the same people share no pseudonym.
func TestNothingLeaksFromAnyFile(t *testing.T) {
	s := demoStudio(t, 400)
	made := s.firstRelease()
	secrets := s.secrets()
	if len(secrets) < 5000 {
		t.Fatalf("only %d values to look for: the search does not search", len(secrets))
	}
	ours := labels()
	day := regexp.MustCompile(`\b(19|20)\d\d-\d\d-\d\d\b`)
	for _, f := range made.at("files").([]any) {
		name := f.(map[string]any)["name"].(string)
		for _, part := range s.parts(name, s.file(made, name)) {
			for _, word := range tokens(part) {
				// Green is a family's name, and nature's
				if table := secrets[word]; table != "" && (isTable(name) || !ours[word]) {
					t.Errorf("%s holds %q of %s", name, word, table)
				}
			}
			for text, table := range secrets {
				if strings.Contains(text, " ") && strings.Contains(part, text) {
					t.Errorf("%s holds %q of %s", name, text, table)
				}
			}
			if strings.HasSuffix(name, ".csv") && day.MatchString(part) {
				t.Errorf("%s holds a day: %s", name, day.FindString(part))
			}
		}
	}
}

func TestTwoProjectsShareNoPseudonym(t *testing.T) {
	s := demoStudio(t, 300)
	first := s.firstRelease()
	p := s.as("data_steward").get("/projects").want(200)
	var sites []string
	for _, id := range p.at("items.0.site_ids").([]any) {
		sites = append(sites, fmt.Sprintf("%q", id))
	}
	other := s.as("data_steward").post("/projects", fmt.Sprintf(`{"title":"Another","purpose":"To compare.",
		"legal_basis":"explicit_consent","setting":"safe_setting","site_ids":[%s],"instruments":["ons4"],
		"timepoints":["m9_12"],"minimum_k":5,"expires_on":"2099-12-31"}`, strings.Join(sites, ","))).made()
	second := s.release(other)
	for column, table := range map[string]string{"study_id": "participants", "site": "participants", "link_worker": "episodes"} {
		seen := map[string]bool{}
		for _, row := range s.table(first, table) {
			seen[row[column]] = true
		}
		if len(seen) < 2 {
			t.Fatalf("%s: %d values: nothing to compare", column, len(seen))
		}
		for _, row := range s.table(second, table) {
			if seen[row[column]] {
				t.Fatalf("%s %s stands in both projects", column, row[column])
			}
		}
	}
}

// demoStudio is a researchWorld with a demo's people.
func demoStudio(t *testing.T, people int) researchWorld {
	t.Helper()
	t.Parallel()
	store, folder := researchStore(t, dbtest.New(t))
	w := &world{t: t, db: store.DB, keys: map[string]string{}}
	if _, err := demo.Load(
		t.Context(),
		store.DB,
		demo.Config{People: people, Seed: 5, Research: store, Studies: stores.New(store.DB).Study},
		func(k demo.Keys) error {
			w.keys["data_steward"], w.keys["researcher"] = k.DataSteward, k.Researcher
			w.keys["site_manager"], w.keys["link_worker"] = k.SiteManager, k.LinkWorker
			return nil
		},
	); err != nil {
		t.Fatal(err)
	}
	c := on(store.DB)
	c.Stores.Datasets = store
	w.url = listening(t, c)
	return researchWorld{w, store, folder}
}

// firstRelease is the one that the demo has asked for.
func (s researchWorld) firstRelease() answer {
	s.t.Helper()
	s.build()
	project := s.as("researcher").get("/projects").want(200).text("items.0.id")
	made := s.as("researcher").get("/projects/" + project + "/releases").text("items.0.id")
	ready := s.as("researcher").get("/releases/" + made).want(200)
	if ready.text("state") != "ready" {
		s.t.Fatalf("the demo's release: %s", ready.body)
	}
	return ready
}

// secrets is every value of the database that is an id or no code, by the column it stands in.
func (s researchWorld) secrets() map[string]string {
	s.t.Helper()
	var columns []struct{ TableName, ColumnName, DataType string }
	out := map[string]string{}
	err := s.db.Do(actor.With(s.t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		if err := tx.Raw(`select table_name, column_name, data_type from information_schema.columns c where
			table_schema = 'public' and data_type in ('uuid', 'text')
			and table_name not like 'code\_%' and table_name not in ('schedules', 'figures',
				'goose_db_version', 'code_map') and has_table_privilege(to_regclass(format('public.%I',
				table_name)), 'select')
			and column_name <> 'name_folded' -- the name itself is looked for
			and (table_name <> 'projects' or data_type = 'uuid')`).Scan(&columns).Error; err != nil {
			return err
		}
		for _, c := range columns {
			var values []string
			sql := fmt.Sprintf(`select distinct %[1]s::text from %[2]s where %[1]s is not null and (%[3]s or
				%[1]s::text !~ '^[a-z0-9_.]*$' or %[1]s::text ~ '^[0-9]{8,}$')`,
				c.ColumnName, c.TableName, map[bool]string{true: "true", false: "false"}[c.DataType == "uuid"])
			if err := tx.Raw(sql).Scan(&values).Error; err != nil {
				return err
			}
			for _, v := range values {
				if len(v) >= 4 && v != "Europe/London" {
					out[v] = c.TableName + "." + c.ColumnName
				}
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// parts are the texts of a file: of Parquet every value, which is compressed where it lies.
func (s researchWorld) parts(name, text string) []string {
	s.t.Helper()
	switch {
	case strings.HasSuffix(name, ".zip"):
		return nil // of the other files: TestAProjectFromProposalToFiles
	case !strings.HasSuffix(name, ".parquet"):
		return []string{text}
	}
	var b strings.Builder
	r := parquet.NewReader(bytes.NewReader([]byte(text)))
	rows := make([]parquet.Row, 100)
	for {
		n, err := r.ReadRows(rows)
		for _, row := range rows[:n] {
			for _, v := range row {
				fmt.Fprintf(&b, "%s\n", v)
			}
		}
		if err == io.EOF {
			return []string{b.String()}
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

func isTable(name string) bool {
	return strings.HasSuffix(name, ".parquet") ||
		strings.HasSuffix(name, ".csv") && !strings.HasPrefix(name, "codebook") && !strings.HasPrefix(name, "redcap")
}

// labels are the words of Waypost's own that every release's documents have.
func labels() map[string]bool {
	words := map[string]bool{}
	for _, t := range datasets.Book().Tables {
		for _, c := range t.Columns {
			for _, v := range c.Values {
				for _, word := range tokens(v.Label + " " + c.Label) {
					words[word] = true
				}
			}
		}
	}
	return words
}

// tokens are the words of a text, ids, numbers and addresses among them.
func tokens(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n,;|\"'`()[]{}:", r) })
}
