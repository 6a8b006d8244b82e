package datasets

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"waypost/internal/platform/codes"
	"waypost/internal/platform/sqlfile"
)

// Kind is the type of a column's values.
type Kind string

const (
	Text    Kind = "string" // a code, or a pseudonym
	Integer Kind = "integer"
	Number  Kind = "number"
)

// Value is one of a closed list.
type Value struct {
	// As the files hold it.
	Value string `json:"value"`
	// What it means.
	Label string `json:"label"`
}

// Column is declared once. An empty cell is a value that there is not.
type Column struct {
	Name   string
	Kind   Kind
	Label  string  // what it means, with its unit
	Source string  // the columns of the record that it comes of
	SQL    string  // over what the table's SQL joins
	Values []Value // empty: not a closed list
}

// Table is one file of a release, as CSV and as Parquet.
type Table struct {
	Name    string
	Label   string   // a row is …
	Key     []string // the columns that tell rows apart
	Columns []Column
	From    string // SQL: what is joined
	Order   string // SQL: within a person's rows
}

// studyID is the first column of every table. Its SQL is the person's id, which a pseudonym takes the place of.
var studyID = Column{
	"study_id",
	Text,
	"The participant, under a pseudonym of this project",
	"the person, by HMAC-SHA-256 under the project's key",
	"c.patient_id",
	nil,
}

var yesNo = []Value{{"0", "No"}, {"1", "Yes"}}

// list is a closed list of codes as values.
func list(name string) (out []Value) {
	l, known := codes.Lookup(name)
	if !known {
		panic("datasets: no code list " + name) // part of the program
	}
	for _, c := range l.Codes {
		out = append(out, Value{c.Code, c.Gloss})
	}
	return out
}

// groups are what the codes of a list roll up to.
func groups(name string) (out []Value) {
	l, _ := codes.Lookup(name)
	for _, c := range l.Codes {
		v := Value{c.Group, words(c.Group)}
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// words is a code as people read it.
func words(code string) string {
	text := strings.ReplaceAll(code, "_", " ")
	return strings.ToUpper(text[:1]) + text[1:]
}

// days is the SQL of whole days between two dates.
func days(from, to string) string { return fmt.Sprintf("(%s) - (%s)", to, from) }

// quarter is the SQL of a day's quarter, such as 2026Q1: no exact day leaves.
func quarter(on string) string { return fmt.Sprintf(`to_char(%s, 'YYYY"Q"Q')`, on) }

// query is the SQL of a table's rows.
func (t Table) query() sqlfile.Text { return files.Render("table.sql.tmpl", t) }

// parsed reads a column's number.
func parsed(text []byte) (int64, error) { return strconv.ParseInt(string(text), 10, 64) }

// missingCodes are what a number in a missing_code column stands for, in every table.
var missingCodes = []Value{
	{"-1", "Not due yet, lost, or not answered in the analysis window: see state"},
	{"-6", "Does not apply"},
	{"-7", "Prefers not to say"},
	{"-8", "Does not know"},
	{"-9", "Not asked"},
}
