package study

import (
	"fmt"
	"strings"
	"time"

	"waypost/internal/platform/day"
)

// lastDay is the day at whose end figures stand, which in Europe, and wherever else Waypost is meant for,
// is less than half a day away from midnight in UTC.
func lastDay(asOf time.Time) string { return dayInWords(day.Of(asOf.Add(-12 * time.Hour))) }

// lastMonth is the month of that day.
func lastMonth(asOf time.Time) string { return asOf.Add(-12 * time.Hour).UTC().Format("2006-01") }

// isOfNow reports whether the update is about everybody so far.
func (u Update) isOfNow() bool { return lastMonth(u.AsOf) <= u.To }

// between is a window in words, such as "9 to 12 months later".
func between(opens, closes string) string {
	from, to := period(opens), period(closes)
	if n, unit, _ := strings.Cut(from, " "); strings.HasSuffix(to, " "+unit) {
		from = n
	}
	return from + " to " + to + " later"
}

// period is an ISO 8601 period in words.
func period(text string) string {
	p, err := day.ParsePeriod(text)
	if err != nil {
		return text
	}
	var parts []string
	for _, part := range []struct {
		n    int
		unit string
	}{{p.Months, "months"}, {p.Days, "days"}} {
		if part.n == 1 {
			part.unit = strings.TrimSuffix(part.unit, "s")
		}
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.unit))
		}
	}
	return strings.Join(parts, " and ")
}
