package day

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"regexp"
)

// Partial is a day of which perhaps only the month or the year is known: 1961-05-17, 1961-05 or 1961.
type Partial struct{ text string }

// PartialPattern is what the forms of a Partial look like. Some texts of this pattern are no day: 1961-02-30.
const PartialPattern = `^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$`

// ErrNotPartial is the error of any text that is not a year, a month or a day of the calendar in these forms.
var ErrNotPartial = errors.New("not a year, a month or a day in the form YYYY, YYYY-MM or YYYY-MM-DD")

var partialShape = regexp.MustCompile(PartialPattern)

const (
	lengthOfYear  = len("2006")
	lengthOfMonth = len("2006-01")
)

// ParsePartial reads YYYY, YYYY-MM or YYYY-MM-DD. Its errors are ErrNotPartial, and ErrNotADay of a day that the
// calendar does not have.
func ParsePartial(s string) (Partial, error) {
	if !partialShape.MatchString(s) {
		return Partial{}, ErrNotPartial
	}
	if _, err := Parse(s + "-01-01"[:len(layout)-len(s)]); err != nil {
		return Partial{}, err
	}
	return Partial{s}, nil
}

// Whole is a day that is known whole.
func (d Date) Whole() Partial { return Partial{d.String()} }

func (p Partial) String() string { return p.text }

// IsWhole reports whether the day is known, and not only its month or year.
func (p Partial) IsWhole() bool { return len(p.text) == len(layout) }

// Year is the year, which is always known.
func (p Partial) Year() string { return p.text[:lengthOfYear] }

// Month is the month in the form YYYY-MM; "": only the year is known.
func (p Partial) Month() string {
	if len(p.text) < lengthOfMonth {
		return ""
	}
	return p.text[:lengthOfMonth]
}

// Earliest is the first day that it may be.
func (p Partial) Earliest() Date {
	d, _ := Parse(p.text + "-01-01"[:len(layout)-len(p.text)])
	return d
}

// Latest is the last day that it may be.
func (p Partial) Latest() Date {
	first := p.Earliest()
	switch len(p.text) {
	case lengthOfYear:
		return first.Add(Period{Months: 12}).AddDays(-1)
	case lengthOfMonth:
		return first.Add(Period{Months: 1}).AddDays(-1)
	default:
		return first
	}
}

func (p Partial) MarshalText() ([]byte, error) { return []byte(p.text), nil }

func (p *Partial) UnmarshalText(b []byte) (err error) {
	*p, err = ParsePartial(string(b))
	return err
}

// Value and Scan carry it to and from a PostgreSQL text.
func (p Partial) Value() (driver.Value, error) {
	if p.text == "" {
		return nil, nil
	}
	return p.text, nil
}

func (p *Partial) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*p = Partial{}
		return nil
	case string:
		return p.UnmarshalText([]byte(v))
	default:
		return fmt.Errorf("day: cannot scan a %T", src)
	}
}

// GormDataType tells gorm the column's type.
func (Partial) GormDataType() string { return "text" }
