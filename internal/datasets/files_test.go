package datasets

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// FuzzCSV: whatever a value is, a reader of RFC 4180 gets it back.
func FuzzCSV(f *testing.F) {
	for _, v := range []string{"plain", "", "a,b", `say "no"`, "two\r\nlines", "\xff", `"`, "\n"} {
		f.Add(v, "x")
	}
	t2 := Table{Name: "t", Columns: []Column{{Name: "study_id"}, {Name: "b"}}}
	f.Fuzz(func(t *testing.T, a, b string) {
		var out bytes.Buffer
		s := newCSV(&out, t2)
		if err := s.Row([][]byte{[]byte(a), []byte(b)}); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		lines, err := csv.NewReader(&out).ReadAll()
		// Go's reader makes one line end of another
		read := func(v string) string { return strings.ReplaceAll(v, "\r\n", "\n") }
		if err != nil || len(lines) != 2 || lines[1][0] != read(a) || lines[1][1] != read(b) {
			t.Fatalf("%q, %q came back as %q (%v)", a, b, lines, err)
		}
	})
}

// FuzzVerify: no folder, however hostile its manifest, makes verify end but in words.
func FuzzVerify(f *testing.F) {
	f.Add(`{"files":[{"name":"a.csv","bytes":3,"sha256":"00","rows":1}]}`, "a,b\n")
	f.Add(`{"files":[{"name":"../../etc/passwd"}]}`, `"`)
	f.Add(`null`, "")
	f.Fuzz(func(t *testing.T, manifest, table string) {
		folder := fstest.MapFS{
			"manifest.json": {Data: []byte(manifest)},
			"a.csv":         {Data: []byte(table)},
			"checksums.txt": {},
		}
		if about, wrong, err := Verify(folder); err == nil && len(wrong) == 0 {
			t.Fatalf("found whole: %+v", about.Files)
		}
	})
}

// Each column is declared once, and what is made of the declaration holds for other programs too.
func TestTheTables(t *testing.T) {
	t.Parallel()
	for _, table := range tables {
		var names []string
		for i, c := range table.Columns {
			switch {
			case (i == 0) != (c.Name == "study_id"):
				t.Errorf("%s.%s: a table begins with the person", table.Name, c.Name)
			case slices.Contains(names, c.Name):
				t.Errorf("%s.%s stands twice", table.Name, c.Name)
			case len(c.Name) > 32 || strings.ToLower(c.Name) != c.Name:
				t.Errorf("%s.%s is no name in Stata", table.Name, c.Name)
			case c.Label == "" || c.Source == "" || c.SQL == "":
				t.Errorf("%s.%s is not declared whole", table.Name, c.Name)
			}
			labels := map[string]bool{}
			for _, v := range c.Values {
				if labels[v.Label] || strings.ContainsAny(v.Label, "|\"`") {
					t.Errorf(
						"%s.%s: the label %q cannot be told apart, or spoils a script",
						table.Name,
						c.Name,
						v.Label,
					)
				}
				labels[v.Label] = true
			}
			names = append(names, c.Name)
		}
		for _, k := range table.Key {
			if !slices.Contains(names, k) {
				t.Errorf("%s: its key %s is no column", table.Name, k)
			}
		}
	}
	for _, forbidden := range []string{
		"name", "nhs_number", "postcode", "lsoa", "birth_date", "phone", "email", "reason_text", "note",
		"narrative", "organisation", "gp_practice", "risks", "language",
	} {
		for _, table := range tables {
			for _, c := range table.Columns {
				if c.Name == forbidden && table.Name != "assessments_long" { // its name is an item's
					t.Errorf("%s has a column %s", table.Name, forbidden)
				}
			}
		}
	}
}
