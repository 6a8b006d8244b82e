package docs

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
)

// guides are the guides, the decisions, and the pictures that they show.
//
//go:embed *.md *.png decisions/*.md
var guides embed.FS

//go:embed guide.html
var guideTemplate string

//go:embed guides.css
var guideStyle []byte

// Guides is where they are served, below the base.
const Guides = page + "guides/"

// guidePolicy lets a guide load its style and pictures, and run nothing.
const guidePolicy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"

// guide is one page: Markdown as HTML.
type guide struct {
	Base     string
	Name     string // as in its path: figures, or decisions/0001-…
	Title    string
	Sections []section // its second headings, which its table of contents shows
	Body     template.HTML
	Others   []*guide // of the page that lists them all
}

type section struct{ ID, Title string }

// registerGuides serves the guides as HTML, for whoever has nothing but this server's address.
func registerGuides(get func(string, echo.HandlerFunc), base string) {
	// They are made when the first is asked for, so that a start does not wait for them.
	made := sync.OnceValues(func() (map[string][]byte, error) { return makeGuides(base) })
	get(strings.TrimSuffix(Guides, "/"), func(c echo.Context) error {
		return c.Redirect(http.StatusFound, base+Guides)
	})
	get(Guides+"*", func(c echo.Context) error {
		files, err := made()
		if err != nil {
			return err
		}
		name := c.Param("*")
		content, ok := files[name]
		if !ok {
			return echo.ErrNotFound
		}
		h := c.Response().Header()
		h.Set("Content-Security-Policy", guidePolicy)
		h.Set("Cache-Control", "public, max-age=300")
		h.Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(content)))
		if path.Ext(name) == "" || strings.HasSuffix(name, "/") {
			h.Set("Content-Type", "text/html; charset=utf-8")
		}
		http.ServeContent(c.Response(), c.Request(), name, time.Time{}, bytes.NewReader(content))
		return nil
	})
}

// makeGuides returns what is served below Guides, by path: each guide, the lists, their style and pictures.
func makeGuides(base string) (map[string][]byte, error) {
	names, err := fs.Glob(guides, "*.md")
	if err != nil {
		return nil, err
	}
	decisions, err := fs.Glob(guides, "decisions/*.md")
	if err != nil {
		return nil, err
	}
	layout, err := template.New("guide").Parse(guideTemplate)
	if err != nil {
		return nil, err
	}
	made := map[string][]byte{"guides.css": guideStyle}
	all := &guide{Base: base, Title: "Guides"}
	for _, file := range slices.Concat(names, decisions) {
		g, err := makeGuide(base, file)
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(file, "decisions/") {
			all.Others = append(all.Others, g)
		}
		if made[g.Name], err = g.render(layout); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all.Others, func(a, b *guide) int { return strings.Compare(a.Title, b.Title) })
	if made[""], err = all.render(layout); err != nil {
		return nil, err
	}
	pictures, err := fs.Glob(guides, "*.png")
	for _, name := range pictures {
		if made[name], err = guides.ReadFile(name); err != nil {
			return nil, err
		}
	}
	return made, err
}

func (g *guide) render(layout *template.Template) ([]byte, error) {
	var out bytes.Buffer
	err := layout.Execute(&out, g)
	return out.Bytes(), err
}

// markdown leaves HTML in Markdown out. A table or a block of code that is wider than the screen scrolls, and a
// keyboard reaches it.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.NewTable(
		extension.WithTableCellAlignMethod(
			extension.TableCellAlignAttribute,
		), // a style would be refused by guidePolicy
	)),
	goldmark.WithParserOptions(parser.WithAutoHeadingID()),
	goldmark.WithRendererOptions(html.WithXHTML()),
)

var scrolling = strings.NewReplacer(
	"<th></th>", "<td></td>", // an empty corner heads nothing
	"<table>", `<div class="scroll" tabindex="0"><table>`,
	"</table>", "</table></div>",
	"<pre>", `<pre tabindex="0">`,
)

func makeGuide(base, file string) (*guide, error) {
	source, err := guides.ReadFile(file)
	if err != nil {
		return nil, err
	}
	g := &guide{Base: base, Name: guideName(file)}
	tree := markdown.Parser().Parse(text.NewReader(source))
	var outside []*ast.Link
	err = ast.Walk(tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			g.addHeading(n, source)
		case *ast.Image:
			n.Destination = []byte(base + Guides + path.Join(path.Dir(file), string(n.Destination)))
		case *ast.Link:
			to, ok := guideLink(base, file, string(n.Destination))
			if !ok {
				outside = append(outside, n)
			}
			n.Destination = []byte(to)
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return nil, err
	}
	for _, link := range outside {
		unlink(link)
	}
	var out bytes.Buffer
	if err := markdown.Renderer().Render(&out, source, tree); err != nil {
		return nil, err
	}
	g.Body = template.HTML(scrolling.Replace(out.String())) // our own text, with its HTML left out
	return g, nil
}

// guideName is where a file of Markdown is served: figures.md at figures, and a README as its folder.
func guideName(file string) string {
	return strings.TrimSuffix(strings.TrimSuffix(file, ".md"), "README")
}

// guideLink is where a link of a file leads when the file is served. What is not served, such as a file of the
// source, is no link there.
func guideLink(base, file, to string) (string, bool) {
	if strings.Contains(to, "://") || strings.HasPrefix(to, "#") || strings.HasPrefix(to, "mailto:") {
		return to, true
	}
	target, anchor, _ := strings.Cut(to, "#")
	if anchor != "" {
		anchor = "#" + anchor
	}
	target = path.Join(path.Dir(file), target)
	switch {
	case target == "openapi.yaml":
		return base + "/openapi.yaml", true
	case target == "decisions":
		target = "decisions/README.md"
	}
	if !isFile(guides, target) {
		return "", false
	}
	return base + Guides + guideName(target) + anchor, true
}

// unlink puts the words of a link in its place.
func unlink(link *ast.Link) {
	parent := link.Parent()
	for link.FirstChild() != nil {
		parent.InsertBefore(parent, link, link.FirstChild())
	}
	parent.RemoveChild(parent, link)
}

func (g *guide) addHeading(n *ast.Heading, source []byte) {
	title := plainText(n, source)
	if n.Level == 1 && g.Title == "" {
		g.Title = title
	}
	if id, ok := n.AttributeString("id"); ok && n.Level == 2 {
		g.Sections = append(g.Sections, section{string(id.([]byte)), title})
	}
}

// plainText is the words of a node, without emphasis or code.
func plainText(n ast.Node, source []byte) string {
	var words strings.Builder
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		if t, ok := child.(*ast.Text); ok {
			words.Write(t.Value(source))
		} else {
			words.WriteString(plainText(child, source))
		}
	}
	return words.String()
}
