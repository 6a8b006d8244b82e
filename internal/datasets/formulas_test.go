package datasets

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"waypost/internal/platform/spreadsheet"
)

// In no CSV of a release does a text begin as a formula would, whatever it is; numbers stay as they are,
// and so does Parquet.
func TestNoCellIsAFormula(t *testing.T) {
	t.Parallel()
	odd := Table{
		Name: "odd",
		Columns: []Column{
			{Name: "study_id", Kind: Text},
			{Name: "change", Kind: Number},
			{Name: "n", Kind: Integer},
			{Name: "title", Kind: Text},
		},
	}
	var out bytes.Buffer
	s := newCSV(&out, odd)
	for _, title := range []string{`=HYPERLINK("https://example.org","x")`, "+44", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1", "plain"} {
		if err := s.Row([][]byte{[]byte("=1"), []byte("-1.5"), []byte("-9"), []byte(title)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, line := range readCSV(t, out.Bytes())[1:] {
		if line[0] != "'=1" || line[1] != "-1.5" || line[2] != "-9" || spreadsheet.Formula(line[3]) ||
			line[3] != "plain" && line[3][0] != '\'' {
			t.Errorf("%q", line)
		}
	}
	for name, document := range map[string]func(About) ([]byte, error){
		"flow.csv": flowCSV, "codebook.csv": codebookCSV, "redcap_dictionary.csv": redcapDictionary,
	} {
		text, err := document(About{Report: Report{Flow: []Stage{{Stage: "recorded", Timepoint: "=1", N: 3}}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range readCSV(t, text) {
			for _, cell := range line {
				if spreadsheet.Formula(cell) {
					t.Errorf("%s: a spreadsheet would run %q", name, cell)
				}
			}
		}
	}
	for _, table := range tables {
		for _, c := range table.Columns {
			for _, v := range c.Values {
				if c.Kind == Text && spreadsheet.Formula(v.Value) {
					t.Errorf("%s.%s: the code %q would be another in CSV than in Parquet", table.Name, c.Name, v.Value)
				}
			}
		}
	}
}

func readCSV(t *testing.T, text []byte) [][]string {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil || len(lines) < 2 {
		t.Fatalf("%v: %s", err, text)
	}
	return lines
}
