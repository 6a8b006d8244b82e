// Package sqlfile reads the SQL files of the program.
//
// A file that ends in .sql is SQL that psql runs as it stands. Its parameters are variables of psql, each
// written :'name':
//
//	psql -v site=0190… -v now=2026-01-15T12:00Z -v most=10 … -f internal/outcomes/invitations.sql
//
// A file that ends in .sql.tmpl is a text/template of such SQL, for a query that must vary. What varies is text of the
// program, never a value: values are parameters.
package sqlfile

import (
	"fmt"
	"io/fs"
	"strings"
	"text/template"
)

// Text is SQL with its parameters numbered, as PostgreSQL takes it.
type Text struct {
	SQL   string   // each :'name' is $n here; comments are left out
	Names []string // of the parameters, $1 first
}

// Parse numbers the parameters of a query.
func Parse(text string) Text {
	var out strings.Builder
	var names []string
	number := map[string]int{}
	for i := 0; i < len(text); {
		rest := text[i:]
		switch {
		case strings.HasPrefix(rest, "--"):
			i += upTo(rest, "\n", 0)
		case strings.HasPrefix(rest, "::"):
			out.WriteString("::")
			i += 2
		case strings.HasPrefix(rest, ":'"):
			end := strings.IndexByte(rest[2:], '\'')
			if end < 0 {
				panic("sqlfile: a parameter without an end: " + rest)
			}
			name := rest[2 : 2+end]
			if number[name] == 0 {
				names = append(names, name)
				number[name] = len(names)
			}
			fmt.Fprintf(&out, "$%d", number[name])
			i += end + 3
		case rest[0] == '\'' || rest[0] == '"': // of a doubled quotation mark, each half is a text of its own
			end := 1 + upTo(rest[1:], rest[:1], 1)
			out.WriteString(rest[:end])
			i += end
		default:
			out.WriteByte(rest[0])
			i++
		}
	}
	sql := strings.TrimSpace(out.String())
	if strings.ContainsAny(sql, "?@") {
		panic("sqlfile: gorm would take ? and @ for parameters: " + sql)
	}
	return Text{SQL: sql, Names: names}
}

// upTo is where the end begins, with more of it; the length of the text where there is no end.
func upTo(text, end string, more int) int {
	if i := strings.Index(text, end); i >= 0 {
		return i + more
	}
	return len(text)
}

// Values are the arguments in the order of the parameters. One that is missing is a mistake of the program.
func (t Text) Values(args map[string]any) []any {
	values := make([]any, len(t.Names))
	for i, name := range t.Names {
		value, given := args[name]
		if !given {
			panic("sqlfile: no value for the parameter " + name)
		}
		values[i] = value
	}
	return values
}

// Files are the SQL files of a package.
type Files struct {
	plain     map[string]Text
	templates *template.Template
}

// Load reads the files of a folder that end in .sql or .sql.tmpl. Each template may use those of the others.
func Load(folder fs.FS) Files {
	f := Files{plain: map[string]Text{}, templates: template.New("").Option("missingkey=error")}
	names, err := fs.Glob(folder, "*.sql*")
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			panic(err)
		}
		if strings.HasSuffix(name, ".sql") {
			f.plain[name] = Parse(string(text))
		} else {
			template.Must(f.templates.New(name).Parse(string(text)))
		}
	}
	return f
}

// SQL is the query of a file that ends in .sql.
func (f Files) SQL(name string) Text {
	text, is := f.plain[name]
	if !is {
		panic("sqlfile: there is no file " + name)
	}
	return text
}

// Render is the query that a template makes of data.
func (f Files) Render(name string, data any) Text { return Parse(f.Make(name, data)) }

// Make is what a template makes of data, to be put into another. That it cannot is a mistake of the
// program: tests render each template in every way.
func (f Files) Make(name string, data any) string {
	var out strings.Builder
	if err := f.templates.ExecuteTemplate(&out, name, data); err != nil {
		panic(fmt.Sprintf("sqlfile: %s: %v", name, err))
	}
	return out.String()
}
