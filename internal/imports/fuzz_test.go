package imports

import (
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"waypost/internal/platform/codes"
)

// FuzzServices puts any bytes into the rows of services: every row is loaded whole or refused, and nothing panics.
func FuzzServices(f *testing.F) {
	_, rows, _ := strings.Cut(string(fixture(f)["services.csv"].Data), "\n")
	f.Add([]byte(rows))
	f.Add([]byte("s1,l1,\"a\nb\",,,,,,,,,\ns1,l2,\x00,\xff,,,,,,,,\n\"\n"))
	f.Fuzz(func(t *testing.T, rows []byte) {
		folder := fixture(t)
		folder["services.csv"] = &fstest.MapFile{Data: append(header(folder, "services.csv"), rows...)}
		read, err := readOhana(folder)
		if err != nil {
			return
		}
		l := read.resolve()
		refused := 0
		for _, r := range read.services.rows {
			if r.refused() {
				refused++
			}
		}
		if len(l.services)+refused != len(read.services.rows) {
			t.Fatalf("%d rows: %d loaded and %d refused", len(read.services.rows), len(l.services), refused)
		}
		for _, s := range l.services {
			d := s.details
			all := d.Name + string(d.Description+d.Keywords+d.Eligibility+d.Fees) + s.ref
			if d.Name == "" || s.ref == "" || !utf8.ValidString(all) || strings.ContainsRune(all, 0) ||
				wrongText(d) != "" {
				t.Fatalf("loaded what cannot be stored: %+v", d)
			}
			for _, n := range d.Needs {
				if !codes.Has("needs", n) {
					t.Fatalf("%s is no need", n)
				}
			}
		}
	})
}

// FuzzReadTable puts any bytes into a whole file: a row has its columns, or a reason.
func FuzzReadTable(f *testing.F) {
	f.Add([]byte("\ufeffid,name\n1,a\n2\n\"3\"\",b\n4,\"c\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		read, err := readTable(fstest.MapFS{"f.csv": {Data: file}}, "f.csv", []string{"id"})
		if err != nil {
			return
		}
		line := 1
		for _, r := range read.rows {
			if r.line <= line {
				t.Fatalf("a row at line %d follows one at %d", r.line, line)
			}
			line = r.line
			if !r.refused() && len(r.cells) != read.width {
				t.Fatalf("line %d: %d columns were taken for %d", r.line, len(r.cells), read.width)
			}
			_, _ = r.get("id"), r.text("name")
		}
	})
}
