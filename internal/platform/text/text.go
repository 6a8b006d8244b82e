// Package text says what every text of Waypost is held to, whoever wrote it and whichever way it came in: a
// blank one is nothing, and a text of one line is one line, which shows what it holds.
package text

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
)

// Visible is a character that people see, as a pattern. Not seen are spaces, control characters, zero-width
// and other formats, marks alone, and letters that are drawn as nothing.
const Visible = `[^\s\p{Z}\p{Cc}\p{Cf}\p{M}\x{115F}\x{1160}\x{2800}\x{3164}\x{FFA0}]`

var visible = regexp.MustCompile(Visible)

// Blank reports whether nothing of a text is seen. A blank text is the same as none.
func Blank(s string) bool { return !visible.MatchString(s) }

// OrNil is the text, or nil where it is blank.
func OrNil(s string) *string {
	if Blank(s) {
		return nil
	}
	return &s
}

// Trim drops the spaces around a text, of any kind that Unicode has, and those of no width. Direction marks
// and joiners at its ends stay.
func Trim(s string) string { return strings.TrimFunc(s, isSpace) }

func isSpace(r rune) bool {
	return unicode.IsSpace(r) || unicode.Is(unicode.Z, r) || r == '\u200B' || r == '\u2060' || r == '\uFEFF'
}

// OneLine reports whether a text is one line that is read in the order in which it is written: it has no
// control character, no line break, and nothing that overrides the direction of writing.
func OneLine(s string) bool { return !strings.ContainsFunc(s, breaks) }

// InOneLine is a text in one line: what OneLine refuses becomes a space.
func InOneLine(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if breaks(r) {
			return ' '
		}
		return r
	}, s)), " ")
}

// NotOneLine is what is said of a text that should be one line and is not.
const NotOneLine = "takes one line, without control characters, line breaks or direction overrides"

// breaks are the characters that OneLine refuses. The marks U+200E and U+200F are none of them: they order
// a name in Hebrew or Arabic without hiding anything, as do the joiners that other scripts need.
func breaks(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r >= '\u202A' && r <= '\u202E' ||
		r >= '\u2066' && r <= '\u2069'
}

// Optional is a text that may be left out: "" where it is, which is null to whoever reads it.
type Optional string

// Schema says in the document that it may be null.
func (Optional) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Nullable: true}
}

// MarshalJSON writes null for a blank text.
func (o Optional) MarshalJSON() ([]byte, error) { return json.Marshal(OrNil(string(o))) }
