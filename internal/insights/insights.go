// Package insights answers with figures over time: paired, with their denominators, and protected by the
// one choke point of disclosure control. Partners read a snapshot that is made each night; a site's own
// manager reads the record as it stands.
package insights

import (
	"time"

	"github.com/google/uuid"

	"waypost/internal/disclosure"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// Store reads figures.
type Store struct{ DB *db.DB }

// Query is what a figure is asked for.
type Query struct {
	From, To string     // months, YYYY-MM, both included; empty: without an end
	By       Dimension  // a row for each of these beside the one of all; empty: that one alone
	SiteID   *uuid.UUID // this site's rows alone

	Population string // ResearchConsented, of outcomes alone; empty: everybody
}

// Figures are what one metric answers, with what protects it.
type Figures[R any] struct {
	// Which figures they are.
	Metric string `json:"metric" example:"outcomes"`
	// Version of the definition. Figures of two versions are not comparable.
	Version int `json:"version" example:"1"`
	// What the figures are, in words.
	Definition string `json:"definition"`
	// What change without a comparison group cannot show. It goes with figures of change alone.
	Caution string `json:"caution,omitempty"`
	// What the figures stand at. For partners it is the end of the last day, for a site's manager now.
	AsOf time.Time `json:"as_of"`
	// How small numbers are protected.
	Disclosure disclosure.Notice `json:"disclosure"`
	// The figures.
	Rows []R `json:"rows"`

	mark string
}

// Mark is another for each snapshot, for whoever asks whether anything is new; live figures have none.
func (f Figures[R]) Mark() string { return f.mark }

// days turns months into days: from the first day of From to before the first day after To.
func (q Query) days() (from, until day.Date, err error) {
	from, until = earliest, latest
	if q.From != "" {
		if from, err = day.Parse(q.From + "-01"); err != nil {
			return from, until, badMonth("from")
		}
	}
	if q.To != "" {
		if until, err = day.Parse(q.To + "-01"); err != nil {
			return from, until, badMonth("to")
		}
		until = until.Add(day.Period{Months: 1})
	}
	if !from.Before(until) {
		return from, until, wrong("to", fault.OutOfRange, "lies before from")
	}
	return from, until, nil
}

func badMonth(parameter string) error {
	return wrong(parameter, fault.WrongFormat, "takes a month, YYYY-MM")
}

func wrong(parameter string, code fault.Code, message string) error {
	return fault.New(fault.Invalid, "The query is not right.").At("query."+parameter, code, message)
}

// Withheld says that a row is not shown.
type Withheld struct {
	// Whether the figures of the row are withheld. They, or some that they could be worked out with, rest
	// on too few, or might.
	Suppressed bool `json:"suppressed"`
	// What to print in the place of a suppressed row.
	Note *string `json:"note,omitempty" example:"too few to show safely"`
}

func withheld(suppressed bool) Withheld {
	if !suppressed {
		return Withheld{}
	}
	return Withheld{true, new("too few to show safely")}
}

// partly withholds a row that stands for all time, where a part of it was asked for.
func partly() Withheld { return Withheld{true, new("shown for all months together only")} }
