package study

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"text/template"
	"time"

	"waypost/internal/platform/day"
)

//go:embed update.md.tmpl
var markdown string

var asMarkdown = template.Must(
	template.New("update").Funcs(template.FuncMap(Reading)).Funcs(template.FuncMap{"text": literally}).Parse(markdown),
)

// Markdown is the update as a text with headings and tables.
func (u Update) Markdown() string {
	var b strings.Builder
	if err := asMarkdown.Execute(&b, u); err != nil {
		panic(fmt.Sprintf("study: the template does not fit its update: %v", err)) // a test executes all of it
	}
	return strings.TrimSpace(severalBlank.ReplaceAllString(b.String(), "\n\n")) + "\n"
}

var (
	severalBlank = regexp.MustCompile(`\n{3,}`)
	meaning      = regexp.MustCompile("[\\\\&`*_{}\\[\\]<>()#+.!|~-]")
)

// literally is what somebody wrote, so that none of it means anything in Markdown.
func literally(text string) string {
	return meaning.ReplaceAllString(strings.Join(strings.Fields(text), " "), `\$0`)
}

// Reading is how the parts of an update are put for a reader: by name, for a template.
var Reading = map[string]any{
	"day":      dayInWords,
	"month":    monthInWords,
	"sentence": sentence,
	"number":   func(n *int) string { return number(n, TooFew) },
	"wanted":   func(n *int) string { return number(n, "") },
	"mean":     func(x *float64) string { return fmt.Sprintf("%.1f", *x) },
	"signed":   signed,
	"question": func(text string) string { q, _ := parted(text); return q },
	"reply":    func(text string) string { _, a := parted(text); return a },
	"interviews": func(c InterviewCount) string {
		if c.Held == nil {
			return TooFew
		}
		if c.ParticipantKind == "patient" {
			return count(*c.Held)
		}
		return fmt.Sprint(*c.Held)
	},
	"group":  func(code string) string { return groups[code] },
	"doing":  func(code string) string { return doing[code] },
	"kind":   func(code string) string { return kinds[code] },
	"status": func(code string) string { return strings.ReplaceAll(code, "_", " ") },
	"span":   span,
}

var (
	groups = map[string]string{
		"steering": "The steering committee",
		"advisory": "The advisory group",
		"ppi":      "The patient and public group",
		"team":     "The study team",
	}
	doing = map[string]string{"meeting": " met", "feedback": " said", "change_made": " changed something"}
	kinds = map[string]string{
		"patient":             "people who had support",
		"link_worker":         "link workers",
		"health_professional": "health staff",
		"voluntary_sector":    "people from community groups",
		"manager":             "managers",
	}
)

// parted is a question and what was answered to it; nothing of it is a question in other texts.
func parted(text string) (question, reply string) {
	if at := strings.Index(text, "? "); at >= 0 {
		return text[:at+1], text[at+2:]
	}
	return "", text
}

func dayInWords(d day.Date) string { return d.In(time.UTC).Format("2 January 2006") }

func monthInWords(month string) string {
	d, err := day.Parse(month + "-01")
	if err != nil {
		return month
	}
	return d.In(time.UTC).Format("January 2006")
}

// number is a count, or what stands in the place of one that is not there.
func number(n *int, instead string) string {
	if n == nil {
		return instead
	}
	return fmt.Sprint(*n)
}

func signed(x *float64) string {
	if x == nil {
		return ""
	}
	text := fmt.Sprintf("%+.1f", *x)
	if text == "-0.0" || text == "+0.0" {
		return "0.0"
	}
	return strings.Replace(text, "-", "−", 1)
}

// span is from when to when a work package is.
func span(w WorkPackage) string {
	at := func(d *day.Date) string { return d.In(time.UTC).Format("January 2006") }
	switch {
	case w.StartsOn != nil && w.EndsOn != nil:
		return at(w.StartsOn) + " to " + at(w.EndsOn)
	case w.StartsOn != nil:
		return "from " + at(w.StartsOn)
	case w.EndsOn != nil:
		return "to " + at(w.EndsOn)
	default:
		return ""
	}
}

// Instead is what stands in the table where no change does.
func (c Change) Instead() string {
	if c.Suppressed {
		return TooFew
	}
	return "nobody yet"
}
