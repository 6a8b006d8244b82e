package pages

import (
	"bytes"
	"embed"
	"html/template"
	"regexp"
	"strings"
	"sync"

	"waypost/internal/outcomes"
	"waypost/internal/platform/normal"
	"waypost/internal/study"
)

//go:embed *.html
var files embed.FS

// style is the stylesheet of every page.
//
//go:embed pages.css
var style []byte

// leaveScript lets somebody leave a person's page at once, so that it stands in the browser's history no more.
//
//go:embed leave.js
var leaveScript []byte

// leavePath is where a person's pages look for it.
const leavePath = "/assets/leave.js"

// stylePath is where pages look for it.
const stylePath = "/assets/pages.css"

// templates are the pages as they are written. What is executed is a copy for each base.
var (
	templates = template.Must(template.New("pages").Funcs(study.Reading).Funcs(template.FuncMap{
		"base": func() string { return "" }, "words": outcomes.WordsOfPage, "dial": dial, "shown": normal.Shown,
	}).ParseFS(files, "*.html"))
	under sync.Map // *template.Template by base
)

// policy lets a page load its stylesheet and send its form, and nothing else: no script runs.
const policy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// personPolicy also lets a person's page run Waypost's own script, which it can do without.
const personPolicy = policy + "; script-src 'self'"

// dial is a telephone number as a link to it holds it: in E.164, or one of few digits such as 999 without
// its spaces. What no machine can dial is empty.
func dial(number string) string {
	if e164, ok := normal.Phone(number); ok {
		return e164
	}
	if short := strings.Join(strings.Fields(number), ""); shortNumber.MatchString(short) {
		return short
	}
	return ""
}

// shortNumber is a number that is dialled as it stands, such as 999, 111 or 116 123.
var shortNumber = regexp.MustCompile(`^[1-9][0-9]{2,5}$`)

// execute makes the page of that name. base is the path under which people reach Waypost ("" at the root of
// its host); paths that a template itself names begin with {{base}}.
func execute(base, name string, data any) ([]byte, error) {
	t, err := below(base)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.ExecuteTemplate(&b, name, data)
	return b.Bytes(), err
}

// below is the templates of a base.
func below(base string) (*template.Template, error) {
	if known, is := under.Load(base); is {
		return known.(*template.Template), nil
	}
	t, err := templates.Clone()
	if err != nil {
		return nil, err
	}
	kept, _ := under.LoadOrStore(base, t.Funcs(template.FuncMap{"base": func() string { return base }}))
	return kept.(*template.Template), nil
}
