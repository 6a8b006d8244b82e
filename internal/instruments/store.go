package instruments

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// Store holds sites' own instruments, and the words that sites have loaded.
type Store struct{ DB *db.DB }

// NewInstrument is the command to add an instrument of a site's own, or a new version of one.
type NewInstrument struct {
	// The site whose own it becomes; may be left out where the credential reaches one only.
	SiteID *uuid.UUID `json:"site_id,omitempty" nullable:"true" format:"uuid"`
	Definition
}

// ownInstrument is one version of a site's own instrument, as it is stored.
type ownInstrument struct {
	SiteID     uuid.UUID
	Key        string
	Version    int
	Definition db.JSON[Definition]
	CreatedAt  time.Time `gorm:"autoCreateTime:false"`
}

func (ownInstrument) TableName() string { return "instruments" }

func (o ownInstrument) instrument() Instrument {
	return Instrument{Definition: o.Definition.V, Version: o.Version, SiteID: &o.SiteID}
}

// Add adds version 1 of a site's own instrument, or the next one: what is there is never changed.
// Faults: invalid (the definition does not hold together), conflict (the key is Waypost's or another's, or
// nothing is new).
func (s *Store) Add(ctx context.Context, n NewInstrument) (i Instrument, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		site, err := siteOf(tx, n.SiteID)
		if err != nil {
			return err
		}
		if err := n.Validate(); err != nil {
			return err
		}
		if _, err := Lookup(n.Key); err == nil {
			return fault.New(
				fault.Conflict,
				"This key belongs to an instrument that comes with Waypost. Choose another.",
			)
		}
		n.fillEmptyLists()
		newest, err := findOwn(tx.Where("site_id = ?", site), n.Key, 0)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if newest.Version > 0 && same(newest.Definition.V, n.Definition) {
			return fault.New(fault.Conflict, "The newest version of this instrument says the same already.")
		}
		row := ownInstrument{
			SiteID:     site,
			Key:        n.Key,
			Version:    newest.Version + 1,
			Definition: db.JSON[Definition]{V: n.Definition},
			CreatedAt:  tx.Now,
		}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		i = row.instrument()
		return i.record(tx, events.InstrumentAdded, site)
	})
	return i, err
}

// siteOf is the site of something new; administrators and data stewards reach every site, and must name it.
func siteOf(tx *db.Tx, named *uuid.UUID) (uuid.UUID, error) {
	if named == nil || tx.Actor.Role != actor.Administrator && tx.Actor.Role != actor.DataSteward {
		return tx.Site(named)
	}
	var there int64
	err := tx.Table("sites").Where("id = ?", *named).Count(&there).Error
	if err == nil && there == 0 {
		return uuid.Nil, fault.Missing("site")
	}
	return *named, err
}

func same(a, b Definition) bool {
	x, errA := json.Marshal(a)
	y, errB := json.Marshal(b)
	return errA == nil && errB == nil && bytes.Equal(x, y)
}

func (i Instrument) record(tx *db.Tx, kind events.Kind, site uuid.UUID) error {
	return events.Record(
		tx,
		kind,
		events.Subject{ID: site, SiteID: site},
		events.Data{"instrument": i.Key, "version": strconv.Itoa(i.Version)},
	)
}

// findOwn returns a version of a site's own instrument, the newest where it is zero, among the rows given.
func findOwn(among *gorm.DB, key string, version int) (ownInstrument, error) {
	if version > 0 {
		among = among.Where("version = ?", version)
	}
	return db.First[ownInstrument](among.Where("key = ?", key).Order("version desc"), "instrument")
}

// Find is the instrument of that key that a site uses, its own or one of Waypost's: of a version, or the newest
// where it is zero.
func Find(tx *db.Tx, site uuid.UUID, key string, version int) (Instrument, error) {
	return find(tx.Where("site_id = ?", site), key, version)
}

// Has reports whether a site can use an instrument of that key. Fault: not_found.
func (s *Store) Has(ctx context.Context, site uuid.UUID, key string) error {
	return s.DB.Do(ctx, func(tx *db.Tx) error {
		_, err := Find(tx, site, key, 0)
		return err
	})
}

func find(own *gorm.DB, key string, version int) (Instrument, error) {
	if i, err := Lookup(key); err == nil && (version == 0 || version == i.Version) {
		return i, nil
	}
	row, err := findOwn(own, key, version)
	return row.instrument(), err
}

// Get returns an instrument that the actor may see, of a version, or the newest where it is zero.
// site says whose words to show, where the actor reaches several.
func (s *Store) Get(ctx context.Context, key string, version int, site *uuid.UUID) (i Instrument, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if i, err = find(tx.DB, key, version); err != nil {
			return err
		}
		list := []Instrument{i}
		err := showWords(tx, site, list)
		i = list[0]
		return err
	})
	return i, err
}

// List lists the newest version of each instrument that the actor may see by key, after the key given.
func (s *Store) List(ctx context.Context, site *uuid.UUID, page db.Page[string]) (list []Instrument, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		var own []ownInstrument
		if err := tx.Select("distinct on (key) *").
			Where("key > ?", page.After).
			Order("key, version desc").
			Limit(page.Limit).
			Find(&own).
			Error; err != nil {
			return err
		}
		for _, i := range builtin {
			if i.Key > page.After {
				list = append(list, i)
			}
		}
		for _, o := range own {
			list = append(list, o.instrument())
		}
		slices.SortFunc(list, func(a, b Instrument) int { return strings.Compare(a.Key, b.Key) })
		list = list[:min(len(list), page.Limit)]
		return showWords(tx, site, list)
	})
	return list, err
}
