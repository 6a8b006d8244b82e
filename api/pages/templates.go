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

// leaveScript leaves a person's page at once, and takes it out of the browser's history.
//
//go:embed leave.js
var leaveScript []byte

// leavePath is the URL path of leaveScript.
const leavePath = "/assets/leave.js"

// stylePath is the URL path of style.
const stylePath = "/assets/pages.css"

// templates are the parsed pages. For each base path a copy is executed in which {{base}} is that path.
var (
	templates = template.Must(template.New("pages").Funcs(study.Reading).Funcs(template.FuncMap{
		"base": func() string { return "" }, "words": outcomes.WordsOfPage, "dial": dial, "shown": normal.Shown,
	}).ParseFS(files, "*.html"))
	byBase sync.Map // *template.Template by base
)

// policy lets a page load its stylesheet and send its form, and nothing else: no script runs.
const policy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// personPolicy also allows leaveScript.
const personPolicy = policy + "; script-src 'self'"

// dial returns a telephone number for a tel: link: in E.164, or a short one such as 999 without its spaces. It returns
// "" for what cannot be dialled.
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
	t, err := templatesFor(base)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.ExecuteTemplate(&b, name, data)
	return b.Bytes(), err
}

// templatesFor returns the templates of a base path.
func templatesFor(base string) (*template.Template, error) {
	if known, is := byBase.Load(base); is {
		return known.(*template.Template), nil
	}
	t, err := templates.Clone()
	if err != nil {
		return nil, err
	}
	kept, _ := byBase.LoadOrStore(base, t.Funcs(template.FuncMap{"base": func() string { return base }}))
	return kept.(*template.Template), nil
}
