package datasets

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strconv"
	"strings"

	"waypost/internal/platform/spreadsheet"
)

// Codebook says what every table and column of a release means.
type Codebook struct {
	// The version of the tables: it rises when a column comes, goes or changes its meaning.
	Definition int `json:"definition" example:"1"`
	// The tables of a release, each a CSV and a Parquet file.
	Tables []CodebookOf `json:"tables"`
	// The stages of flow.csv, beside the states of follow-ups.
	Stages []Value `json:"stages"`
	// What the numbers in a missing_code column stand for.
	Missing []Value `json:"missing_codes"`
	// By what a person could be recognised, taken together, and what each step of generalisation
	// leaves of it.
	Quasis []QuasiLevels `json:"quasi_identifiers"`
}

// CodebookOf is a table of the codebook.
type CodebookOf struct {
	// Name of the table and its files.
	Name string `json:"name" example:"outcomes_paired"`
	// What a row is.
	Label string `json:"label"`
	// The columns that tell rows apart.
	Key []string `json:"key"`
	// Its columns, in order; the first is the person's.
	Columns []CodebookColumn `json:"columns"`
}

// CodebookColumn is a column of the codebook.
type CodebookColumn struct {
	// Its name.
	Name string `json:"name" example:"change"`
	// Of its values. An empty cell is a value that there is not.
	Type Kind `json:"type" enum:"string,integer,number"`
	// What it means, with its unit.
	Label string `json:"label"`
	// The closed list of its values; empty where it is none.
	Values []Value `json:"values"`
	// Those of its values that say why there is no answer.
	Missing []string `json:"missing_codes"`
	// Where in the record it comes from.
	Source string `json:"source"`
}

// QuasiLevels is a quasi-identifier of the codebook.
type QuasiLevels struct {
	// Its name.
	Name string `json:"name" example:"age_band"`
	// What each step leaves, the finest first; the last tells nothing.
	Levels []string `json:"levels"`
}

// Book is the codebook. It is of every project.
func Book() Codebook {
	b := Codebook{Definition: Definition, Stages: stages, Missing: missingCodes}
	for _, t := range tables {
		of := CodebookOf{Name: t.Name, Label: t.Label, Key: t.Key}
		for _, c := range t.Columns {
			of.Columns = append(
				of.Columns,
				CodebookColumn{c.Name, c.Kind, c.Label, append([]Value{}, c.Values...), c.missing(), c.Source},
			)
		}
		b.Tables = append(b.Tables, of)
	}
	for _, q := range quasis {
		l := QuasiLevels{Name: q.Name}
		for level := range q.Levels() + 1 {
			l.Levels = append(l.Levels, q.meaning(level))
		}
		b.Quasis = append(b.Quasis, l)
	}
	return b
}

// noAnswer are the codes that stand in place of an answer.
var noAnswer = []string{"dont_know", "prefer_not_to_say", "not_asked", "not_applicable", "not_known", "not_stated"}

// missing are those of a column's values that say why there is none.
func (c Column) missing() []string {
	list := []string{}
	for _, v := range c.Values {
		if slices.Contains(noAnswer, v.Value) || strings.HasPrefix(v.Value, "-") {
			list = append(list, v.Value)
		}
	}
	return list
}

func codebookCSV(About) ([]byte, error) {
	lines := [][]string{{"table", "position", "column", "type", "label", "values", "missing_codes", "source"}}
	for _, t := range tables {
		for i, c := range t.Columns {
			lines = append(
				lines,
				[]string{
					t.Name,
					strconv.Itoa(i + 1),
					c.Name,
					string(c.Kind),
					c.Label,
					choices(c.Values),
					listed(c.missing()),
					c.Source,
				},
			)
		}
	}
	return records(lines)
}

func flowCSV(a About) ([]byte, error) {
	lines := [][]string{{"stage", "timepoint", "n"}}
	for _, f := range a.Report.Flow {
		lines = append(lines, []string{f.Stage, f.Timepoint, strconv.Itoa(f.N)})
	}
	return records(lines)
}

// choices are values as REDCap and people read them: raw, label | raw, label.
func choices(values []Value) string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = v.Value + ", " + v.Label
	}
	return listed(list)
}

// listed puts values into one cell. A space comes before a first value such as -1: REDCap and readers of
// lists take it away, as they would not an apostrophe.
func listed(values []string) string {
	text := strings.Join(values, " | ")
	if spreadsheet.Formula(text) {
		return " " + text
	}
	return text
}

// records writes lines as CSV. Their numbers are counts, which need no sign.
func records(lines [][]string) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	for _, line := range lines {
		cells := make([]string, len(line))
		for i, text := range line {
			cells[i] = spreadsheet.Text(text)
		}
		if err := w.Write(cells); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// redcapColumns are the columns of REDCap's data dictionary, in its order.
var redcapColumns = []string{
	"Variable / Field Name",
	"Form Name",
	"Section Header",
	"Field Type",
	"Field Label",
	"Choices, Calculations, OR Slider Labels",
	"Field Note",
	"Text Validation Type OR Show Slider Number",
	"Text Validation Min",
	"Text Validation Max",
	"Identifier?",
	"Branching Logic (Show field only if...)",
	"Required Field?",
	"Custom Alignment",
	"Question Number (surveys only)",
	"Matrix Group Name",
	"Matrix Ranking?",
	"Field Annotation",
}

// redcapDictionary has a form for each table. A variable stands once in a dictionary, so those of a table
// begin with its name.
func redcapDictionary(About) ([]byte, error) {
	lines := [][]string{redcapColumns}
	for i, t := range tables {
		for k, c := range t.Columns {
			if i > 0 && k == 0 { // study_id, the record's id, belongs to the first form
				continue
			}
			name := t.Name + "_" + c.Name
			if k == 0 {
				name = c.Name
			}
			line := make([]string, len(redcapColumns))
			// an action tag may follow words
			line[0], line[1], line[3], line[4] = name, t.Name, "text", c.Label
			line[6], line[17] = "Column "+c.Name+" of "+t.Name, "Of Waypost @READONLY"
			switch {
			case len(c.Values) > 0:
				line[3], line[5] = "radio", choices(c.Values)
			case c.Kind != Text:
				line[7] = string(c.Kind)
			}
			lines = append(lines, line)
		}
	}
	return records(lines)
}
