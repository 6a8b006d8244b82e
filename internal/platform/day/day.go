// Package day holds calendar days and the calendar periods between them.
//
// A day has no time zone: it is what a person would write on a form. Which day
// it is "today" depends on the site, and is asked of db.Tx.Today.
package day

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"time"
)

const layout = "2006-01-02"

// ErrNotADay is the error of any text that is not a day of the calendar in the form YYYY-MM-DD.
var ErrNotADay = errors.New("not a day in the form YYYY-MM-DD")

// Date is one day of the calendar. The zero Date is not a day; IsZero tells.
type Date struct{ t time.Time }

// New returns the day; month and day numbers out of range carry over, as in time.Date.
func New(year int, month time.Month, d int) Date {
	return Date{time.Date(year, month, d, 0, 0, 0, 0, time.UTC)}
}

// Of returns the day it is at t in t's own location.
func Of(t time.Time) Date { return New(t.Year(), t.Month(), t.Day()) }

// Parse reads YYYY-MM-DD. Years before 1 are refused, so that the zero Date stays no day.
func Parse(s string) (Date, error) {
	t, err := time.Parse(layout, s)
	if err != nil || t.Year() < 1 || t.IsZero() { // the first day of the year 1 stands for none in Go
		return Date{}, ErrNotADay
	}
	return Date{t}, nil
}

func (d Date) String() string       { return d.t.Format(layout) }
func (d Date) IsZero() bool         { return d.t.IsZero() }
func (d Date) Before(o Date) bool   { return d.t.Before(o.t) }
func (d Date) After(o Date) bool    { return d.t.After(o.t) }
func (d Date) AddDays(n int) Date   { return Date{d.t.AddDate(0, 0, n)} }
func (d Date) DaysSince(o Date) int { return int(d.t.Sub(o.t).Hours() / 24) }

// In is when the day begins at a place: at midnight, or where clocks skip that, at the hour they skip to.
func (d Date) In(loc *time.Location) time.Time {
	begin := time.Date(d.t.Year(), d.t.Month(), d.t.Day(), 0, 0, 0, 0, loc)
	if Of(begin) != d {
		_, begin = begin.ZoneBounds()
	}
	return begin
}

// Add moves the day by a period: months first, kept within the month that is
// reached (31 August plus one month is 30 September), then days.
func (d Date) Add(p Period) Date {
	first := New(d.t.Year(), d.t.Month()+time.Month(p.Months), 1)
	last := New(first.t.Year(), first.t.Month()+1, 0).t.Day()
	return first.AddDays(min(d.t.Day(), last) - 1 + p.Days)
}

func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (d *Date) UnmarshalText(b []byte) (err error) {
	*d, err = Parse(string(b))
	return err
}

// Value and Scan carry a day to and from a PostgreSQL date.
func (d Date) Value() (driver.Value, error) {
	if d.IsZero() {
		return nil, nil
	}
	return d.String(), nil
}

func (d *Date) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d = Date{}
	case time.Time:
		*d = Of(v)
	case string:
		return d.UnmarshalText([]byte(v))
	default:
		return fmt.Errorf("day: cannot scan a %T", src)
	}
	return nil
}

// GormDataType tells gorm the column's type.
func (Date) GormDataType() string { return "date" }
