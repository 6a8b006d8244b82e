package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"waypost/internal/datasets"
	"waypost/internal/insights"
)

const glossaryFile = "docs/glossary.md"

var writeGlossary = flag.Bool("glossary", false, "write the tables of "+glossaryFile+" anew")

// term is a name in the glossary: what it means wherever it stands, of which others it is a part, and where it stands.
type term struct {
	meaning   string
	of, where []string
}

type glossary map[string]*term

var (
	denominator = regexp.MustCompile(`^Of ([a-z_]+)(?: and ([a-z_]+))?: `)
	sentenceEnd = regexp.MustCompile(`\. [A-Z0-9]`)
)

// add notes that a name stands somewhere. Its meaning is the first sentence of its description, without what it is of;
// of a column of a dataset, whose label is no sentence, it is what comes before a semicolon.
func (g glossary) add(t *testing.T, name, description, where string) {
	t.Helper()
	var of []string
	if m := denominator.FindStringSubmatch(description); m != nil {
		of, description = m[1:], description[len(m[0]):]
	}
	if end := sentenceEnd.FindStringIndex(description); end != nil {
		description = description[:end[0]]
	}
	meaning, _, _ := strings.Cut(strings.TrimSuffix(description, "."), "; ")
	meaning = strings.ToUpper(meaning[:1]) + meaning[1:] + "."
	if g[name] == nil {
		g[name] = &term{meaning: meaning}
	}
	if first := g[name]; first.meaning != meaning {
		t.Errorf("%s has two meanings: in %v %q, in %s %q", name, first.where, first.meaning, where, meaning)
	}
	for _, whole := range of {
		if whole != "" && !slices.Contains(g[name].of, whole) {
			g[name].of = append(g[name].of, whole)
		}
	}
	if !slices.Contains(g[name].where, where) {
		g[name].where = append(g[name].where, where)
	}
}

// markdown is the terms as rows of a table, by name.
func (g glossary) markdown() string {
	var b strings.Builder
	code := func(names []string) string {
		if len(names) == 0 {
			return ""
		}
		return "`" + strings.Join(names, "`, `") + "`"
	}
	for _, name := range slices.Sorted(maps.Keys(g)) {
		row := g[name]
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, row.meaning, code(row.of), strings.Join(row.where, ", "))
	}
	return b.String()
}

// schemas are those of the document whose fields are described.
type schemas map[string]struct {
	Properties map[string]struct {
		Description string
		Ref         string `yaml:"$ref"`
	}
}

func readSchemas(t *testing.T) schemas {
	t.Helper()
	text, err := os.ReadFile("docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var document struct{ Components struct{ Schemas schemas } }
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	return document.Components.Schemas
}

// TestGlossaryHasEachNameOnce: each name of figures, datasets and studies' updates has one meaning wherever it stands,
// and docs/glossary.md says it. The meanings are the descriptions in the document and the labels of the codebook.
func TestGlossaryHasEachNameOnce(t *testing.T) {
	t.Parallel()
	described, all := readSchemas(t), glossary{}
	fields := func(schema, where string, only ...string) {
		if len(described[schema].Properties) == 0 {
			t.Errorf("the document has no %s", schema)
		}
		for _, name := range slices.Sorted(maps.Keys(described[schema].Properties)) {
			if len(only) == 0 || slices.Contains(only, name) {
				all.add(t, name, described[schema].Properties[name].Description, where)
			}
		}
	}
	for _, m := range insights.Metrics() {
		rows, _ := m.Answer.FieldByName("Rows")
		fields(rows.Type.Elem().Name(), m.ID)
		fields(reflectedName(m.Answer), "every figure as CSV", "metric", "version", "as_of", "caution")
	}
	fields("Caseload", "a link worker's summary")
	fields("UpdateProgressRow", "updates")
	fields("UpdateChange", "updates")
	fields("InterviewCount", "updates")
	fields("UpdateTold", "updates", "quotes_withdrawn")
	book := datasets.Book()
	for _, table := range book.Tables {
		for _, column := range table.Columns {
			all.add(t, column.Name, column.Label, table.Name+".csv")
			if column.Name == "state" {
				for _, value := range column.Values {
					all.add(t, value.Value, value.Label, "states")
				}
			}
		}
	}
	fields("ParticipantStage", "flow.csv")
	fields("MissingShare", "a release's dry run")
	for _, stage := range book.Stages {
		all.add(t, stage.Value, stage.Label, "stages of flow.csv")
	}
	for name, row := range all {
		for _, whole := range row.of {
			if all[whole] == nil {
				t.Errorf("%s is said to be of %s, which is no name", name, whole)
			}
		}
	}
	text, err := os.ReadFile(glossaryFile)
	if err != nil {
		t.Fatal(err)
	}
	const head = "| name | what it means | of | where |\n|---|---|---|---|\n"
	before, table, found := strings.Cut(string(text), head)
	if !found {
		t.Fatalf("%s has no table of names", glossaryFile)
	}
	want := all.markdown()
	switch {
	case table == want || t.Failed():
	case *writeGlossary:
		if err := os.WriteFile(glossaryFile, []byte(before+head+want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s is not what the document and the codebook say: go test . -run Glossary -glossary writes it anew.\n%s",
			glossaryFile, differing(table, want))
	}
}

// reflectedName is the document's name of the answer of a metric.
func reflectedName(answer reflect.Type) string {
	rows, _ := answer.FieldByName("Rows")
	return "Figures" + rows.Type.Elem().Name()
}

// differing are the lines that one of two texts has more often than the other.
func differing(got, want string) string {
	count := map[string]int{}
	for line := range strings.Lines(want) {
		count[line]++
	}
	for line := range strings.Lines(got) {
		count[line]--
	}
	var b strings.Builder
	for _, line := range slices.Sorted(maps.Keys(count)) {
		if n := count[line]; n > 0 {
			b.WriteString("it lacks " + line)
		} else if n < 0 {
			b.WriteString("it has too often " + line)
		}
	}
	return b.String()
}
