package datasets

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"
	"time"
	"unicode"
)

// About is what a release's documents say of it. It names neither the installation's ids nor a person.
type About struct {
	Title       string      `json:"title"`
	Purpose     string      `json:"purpose"`
	Release     int         `json:"release"`
	AsOf        time.Time   `json:"as_of"`
	LegalBasis  Basis       `json:"legal_basis"`
	Setting     string      `json:"setting"`
	Instruments []string    `json:"instruments"`
	Timepoints  []string    `json:"timepoints"`
	Schedule    []Window    `json:"schedule"`
	Profile     Disclosure  `json:"disclosure"`
	Report      Report      `json:"report"`
	Definition  int         `json:"definition"`
	Software    string      `json:"software"`
	Citation    string      `json:"citation"`
	Tables      []TableFile `json:"tables"`
	Files       []File      `json:"files"`
	Expires     string      `json:"project_expires_on"`
	SafeReason  *string     `json:"setting_reason"`
}

// Disclosure is the rule that a release was made by.
type Disclosure struct {
	MinimumK         int      `json:"minimum_k"`
	QuasiIdentifiers []string `json:"quasi_identifiers"`
	Generalisation   []string `json:"generalisation"`
	MostSuppressed   int      `json:"most_suppressed_percent"`
}

// TableFile is a table as the manifest names it.
type TableFile struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
}

func (s *Store) describe(p Project, r Release, report Report, asOf time.Time) About {
	a := About{
		Title: oneLine(
			p.Title,
		),
		Purpose:     oneLine(p.Purpose),
		Schedule:    p.Schedule,
		Release:     r.Number,
		AsOf:        asOf.UTC().Truncate(time.Second),
		LegalBasis:  p.LegalBasis,
		Setting:     p.Setting,
		SafeReason:  p.SettingReason,
		Instruments: p.Instruments,
		Timepoints:  p.Timepoints,
		Report:      report,
		Definition:  Definition,
		Software:    s.Software,
		Expires:     p.ExpiresOn.String(),
		Profile:     Disclosure{p.MinimumK, p.QuasiIdentifiers, p.Generalisation, p.MostSuppressedPercent},
		Citation: fmt.Sprintf(
			"%s. Release %d, as of %s. Made with Waypost %s, table definition %d.",
			strings.TrimRight(oneLine(p.Title), ". "),
			r.Number,
			asOf.UTC().Format("2 January 2006"),
			s.Software,
			Definition,
		),
	}
	for _, t := range tables {
		f := TableFile{Name: t.Name}
		for _, c := range t.Columns {
			f.Columns = append(f.Columns, c.Name)
		}
		a.Tables = append(a.Tables, f)
	}
	return a
}

// oneLine is a text as a heading can hold it: without line breaks, marks of direction, or what Markdown takes for HTML.
func oneLine(text string) string {
	printable := func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}
	return strings.NewReplacer("<", "(", ">", ")").
		Replace(strings.Join(strings.Fields(strings.Map(printable, text)), " "))
}

// manifest names every file before it, with its length and its SHA-256.
func manifest(a About) ([]byte, error) { return indented(a) }

func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}

//go:embed readme.md.tmpl
var readmeText string

var readmeTemplate = template.Must(template.New("readme").Funcs(template.FuncMap{
	"tables": func() []Table { return tables },
	"rows": func(files []File, table string) int64 {
		for _, f := range files {
			if f.Name == table+".csv" {
				return *f.Rows
			}
		}
		return 0
	},
	"join": strings.Join,
}).Parse(readmeText))

func readme(a About) ([]byte, error) {
	var b bytes.Buffer
	err := readmeTemplate.Execute(&b, a)
	return b.Bytes(), err
}
