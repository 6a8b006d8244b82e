// Package pages holds the few pages that Waypost itself serves: plain HTML that works without JavaScript, on a phone,
// and with a screen reader.
package pages

import (
	"bytes"
	"embed"
	"html/template"

	"waypost/internal/study"
)

//go:embed *.html
var files embed.FS

// Style is the stylesheet of every page.
//
//go:embed pages.css
var Style []byte

// StylePath is where pages look for it.
const StylePath = "/assets/pages.css"

var templates = template.Must(template.New("pages").Funcs(study.Reading).ParseFS(files, "*.html"))

// ContentSecurityPolicy lets a page load its stylesheet and send its form, and nothing else: no script runs.
const ContentSecurityPolicy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Render makes the page of that name.
func Render(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	err := templates.ExecuteTemplate(&b, name, data)
	return b.Bytes(), err
}
