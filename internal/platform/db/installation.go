package db

import (
	"context"
	"time"

	"waypost/internal/platform/day"
	"waypost/internal/platform/fault"
)

// Installation is the few facts of a database as a whole.
type Installation struct {
	Demo        bool
	DemoLoaded  bool
	ClockOffset int64 // microseconds by which a demo's clock was moved
}

func (Installation) TableName() string { return "installation" }

// Installation reads the facts, and sets the clock as far as a demo's was moved.
func (d *DB) Installation(ctx context.Context) (i Installation, err error) {
	err = d.Do(FromAnyStandby(ctx), func(tx *Tx) error { return tx.Take(&i).Error })
	if err == nil {
		d.Clock.SetOffset(time.Duration(i.ClockOffset) * time.Microsecond)
	}
	return i, err
}

const farthest = 50 // years; a clock further ahead would leave the range of dates that people mean

// Advance moves a demo's clock forward by a calendar period, and returns what it then says. It holds
// from the commit on, for every process that restarts, and at once in this one.
func (d *DB) Advance(tx *Tx, p day.Period) (time.Time, error) {
	then := day.Of(tx.Now).Add(p).In(time.UTC).Add(tx.Now.Sub(day.Of(tx.Now).In(time.UTC)))
	offset := d.Clock.Offset() + then.Sub(tx.Now)
	if then.Year() > time.Now().Year()+farthest { // by the calendar: a Duration ends at 292 years
		return time.Time{}, fault.InvalidAt("advance", fault.OutOfRange, "moves the clock more than 50 years ahead")
	}
	err := tx.Exec("update installation set clock_offset = ? where demo", offset.Microseconds()).Error
	if err == nil {
		d.Clock.SetOffset(offset)
	}
	return then, err
}
