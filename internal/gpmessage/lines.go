package gpmessage

import (
	"slices"
	"strings"
	"unicode"
)

const pageWidth = 78

// page is text in lines, under headings.
type page struct{ strings.Builder }

func (p *page) heading(h string) {
	if p.Len() > 0 {
		p.WriteByte('\n')
	}
	p.WriteString(h + "\n")
}

// labelled writes free text under its name, where there is any.
func (p *page) labelled(depth int, label, free string) {
	if free != "" {
		p.line(depth, label, ":")
		p.free(depth+1, free)
	}
}

// free writes free text in the lines it has.
func (p *page) free(depth int, t string) {
	for l := range strings.Lines(t) {
		p.line(depth, l)
	}
}

// line writes one line, indented, and what does not fit onto further ones. It is never at the margin.
func (p *page) line(depth int, parts ...string) {
	indent, used := strings.Repeat("  ", depth), 0
	for _, word := range strings.Fields(strings.Map(shown, strings.Join(parts, ""))) {
		for part := range slices.Chunk([]rune(word), pageWidth-2*depth-2) {
			switch {
			case used == 0:
				p.WriteString(indent)
				used = len(indent)
			case used+1+len(part) <= pageWidth:
				p.WriteByte(' ')
				used++
			default:
				p.WriteString("\n" + indent + "  ")
				used = len(indent) + 2
			}
			p.WriteString(string(part))
			used += len(part)
		}
	}
	if used > 0 {
		p.WriteByte('\n')
	}
}

// shown takes out what is no text, and what turns its direction: it must not read otherwise than it was written.
func shown(r rune) rune {
	switch {
	case unicode.Is(unicode.Bidi_Control, r):
		return -1
	case unicode.IsControl(r):
		return ' '
	default:
		return r
	}
}
