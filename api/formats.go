package api

import (
	"io"

	"github.com/danielgtaylor/huma/v2"

	"waypost/api/pages"
	"waypost/internal/study"
)

// formats are the forms of answers beside JSON.
func formats(base string) map[string]huma.Format {
	return map[string]huma.Format{
		"text/csv":      asCSV,
		"text/plain":    asText,
		"text/markdown": asMarkdown,
		"text/html":     asHTML(base),
	}
}

// asText writes an answer that has a plain text; only operations that declare it are ever asked for it.
var asText = huma.Format{Marshal: func(w io.Writer, v any) error {
	_, err := io.WriteString(w, v.(interface{ PlainText() string }).PlainText())
	return err
}}

// asMarkdown and asHTML write an answer that people read; only operations that declare them are ever asked for them.
var asMarkdown = huma.Format{Marshal: func(w io.Writer, v any) error {
	_, err := io.WriteString(w, v.(study.Update).Markdown())
	return err
}}

func asHTML(base string) huma.Format {
	return huma.Format{Marshal: func(w io.Writer, v any) error {
		page, err := pages.Update(base, v.(study.Update))
		if err == nil {
			_, err = w.Write(page)
		}
		return err
	}}
}
