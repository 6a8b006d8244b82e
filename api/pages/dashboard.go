package pages

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"mime"
	"path"
)

//go:embed dashboard/index.html dashboard/dashboard.css dashboard/dashboard.js
var dashboard embed.FS

// DashboardPath is where the dashboard is: static files, which ask the API with the reader's own key.
const DashboardPath = "/dashboard/"

// DashboardSecurityPolicy lets the dashboard run its own script, load its own style, and ask this server alone.
const DashboardSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action " +
	"'none'; base-uri 'none'; frame-ancestors 'none'"

// File is one of the dashboard's files, ready to be sent.
type File struct {
	Kind, Tag string // media type, and ETag
	Content   []byte
}

// Dashboard finds a file of the dashboard; its first page has no name.
func Dashboard(name string) (f File, found bool) {
	if name == "" {
		name = "index.html"
	}
	content, err := fs.ReadFile(dashboard, "dashboard/"+name)
	if err != nil {
		return f, false
	}
	sum := sha256.Sum256(content)
	return File{
		mime.TypeByExtension(path.Ext(name)),
		`"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
		content,
	}, true
}
