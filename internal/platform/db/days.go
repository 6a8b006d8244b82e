package db

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/day"
)

// Today is which day it is at the site.
func (tx *Tx) Today(site uuid.UUID) (day.Date, error) {
	loc, err := tx.zone(site)
	if err != nil {
		return day.Date{}, err
	}
	return day.Of(tx.Now.In(loc)), nil
}

// Noon is an instant in the middle of a day at the site, for things that are dated by day and sorted by instant.
// It never lies in the future: noon of today is now at the latest.
func (tx *Tx) Noon(site uuid.UUID, d day.Date) (time.Time, error) {
	loc, err := tx.zone(site)
	if err != nil {
		return time.Time{}, err
	}
	noon := d.In(loc).Add(12 * time.Hour).UTC()
	if noon.After(tx.Now) {
		return tx.Now, nil
	}
	return noon, nil
}

// Midnight is when a day begins at the site.
func (tx *Tx) Midnight(site uuid.UUID, d day.Date) (time.Time, error) {
	loc, err := tx.zone(site)
	if err != nil {
		return time.Time{}, err
	}
	return d.In(loc).UTC(), nil
}

// DayOf is which day an instant was at the site.
func (tx *Tx) DayOf(site uuid.UUID, t time.Time) (day.Date, error) {
	loc, err := tx.zone(site)
	if err != nil {
		return day.Date{}, err
	}
	return day.Of(t.In(loc)), nil
}

// DefaultZone is the time zone of a site that names none, and of what belongs to no site.
const DefaultZone = "Europe/London"

// TodayAt is which day it is for what belongs to several sites: that of the first; where there is none,
// that of DefaultZone.
func (tx *Tx) TodayAt(sites []uuid.UUID) (day.Date, error) {
	if len(sites) > 0 {
		today, err := tx.Today(sites[0])
		if !errors.Is(err, errNoZone) { // one that does not exist is refused elsewhere
			return today, err
		}
	}
	loc, err := time.LoadLocation(DefaultZone)
	return day.Of(tx.Now.In(loc)), err
}

// clockSkew is by how much a caller's clock may run ahead.
const clockSkew = time.Minute

// NotFuture is a caller's instant as it is kept, in UTC; one that lies ahead by no more than clocks differ
// is now. ok is false for one that lies in the future.
func (tx *Tx) NotFuture(at time.Time) (_ time.Time, ok bool) {
	at = at.UTC().Truncate(time.Microsecond) // as the database keeps it
	if at.After(tx.Now) && !at.After(tx.Now.Add(clockSkew)) {
		at = tx.Now
	}
	return at, !at.After(tx.Now)
}

var errNoZone = errors.New("db: a site has no usable time zone")

// zone asks site_time_zone, a definer function, since an organisation sees no site's row. It is
// kept for a minute: a site's zone hardly ever changes.
func (tx *Tx) zone(site uuid.UUID) (*time.Location, error) {
	type kept struct {
		loc   *time.Location
		until time.Time
	}
	if k, ok := tx.db.zones.Load(site); ok && time.Now().Before(k.(kept).until) {
		return k.(kept).loc, nil
	}
	var name string
	if err := tx.Raw("select coalesce(site_time_zone(?), '')", site).Scan(&name).Error; err != nil {
		return nil, err
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "" {
		return nil, fmt.Errorf("%w: %s", errNoZone, site)
	}
	tx.db.zones.Store(site, kept{loc, time.Now().Add(time.Minute)})
	return loc, nil
}
