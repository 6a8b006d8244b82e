package instruments

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// NewWording is the command to load a site's words for an instrument whose words do not come with it.
type NewWording struct {
	// The site; may be left out where the credential reaches one only.
	SiteID *uuid.UUID `json:"site_id,omitempty" nullable:"true" format:"uuid"`
	// On which terms the site may use these words, and until when.
	Licence string `json:"licence" format:"prose" maxLength:"2000" pattern:"\\S"`
	// The words of every item.
	Items []ItemWording `json:"items" minItems:"1" maxItems:"100"`
}

// ItemWording is the words of one item.
type ItemWording struct {
	// The item.
	Code string `json:"code" maxLength:"50" example:"item_1"`
	// Its words.
	Wording string `json:"wording" minLength:"1" format:"prose" maxLength:"1000" example:"The words of the first item"`
	// Of a choice without a code list: the words of each of its options. Of a number: what each of
	// its values is called, or nothing.
	Options []Option `json:"options,omitempty" required:"false" maxItems:"50"`
}

// loaded is the words of one version of an instrument at one site.
type loaded struct {
	SiteID     uuid.UUID
	Instrument string
	Version    int
	Licence    string
	Items      db.JSON[[]ItemWording]
	CreatedAt  time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt  time.Time `gorm:"autoUpdateTime:false"`
}

func (loaded) TableName() string { return "instrument_wordings" }

// LoadWording sets a site's words for the newest version of an instrument. Faults: conflict (its words come
// with it), invalid.
func (s *Store) LoadWording(ctx context.Context, key string, n NewWording) (i Instrument, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		site, err := siteOf(tx, n.SiteID)
		if err != nil {
			return err
		}
		if i, err = Find(tx, site, key, 0); err != nil {
			return err
		}
		if i.WordingShipped {
			return fault.New(
				fault.Conflict,
				"The words of this instrument come with it: other ones would make it another instrument.",
			)
		}
		if err := n.check(i.Definition); err != nil {
			return err
		}
		row := loaded{
			SiteID:     site,
			Instrument: i.Key,
			Version:    i.Version,
			Licence:    n.Licence,
			Items:      db.JSON[[]ItemWording]{V: n.Items},
			CreatedAt:  tx.Now,
			UpdatedAt:  tx.Now,
		}
		err = tx.Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "site_id"}, {Name: "instrument"}, {Name: "version"}},
			DoUpdates: clause.AssignmentColumns([]string{"licence", "items", "updated_at"}),
		}).Create(&row).Error
		if err != nil {
			return err
		}
		i = i.in(row)
		return i.record(tx, events.InstrumentWordingLoaded, site)
	})
	return i, err
}

// check asks whether the words are those of the definition's items, each of which has some.
func (n NewWording) check(d Definition) error {
	var c fault.Checks
	for k, w := range n.Items {
		at := fmt.Sprintf("items[%d]", k)
		it, known := d.item(w.Code)
		c.Require(
			!slices.ContainsFunc(n.Items[:k], func(o ItemWording) bool { return o.Code == w.Code }),
			at+".code",
			fault.Duplicate,
			"stands twice",
		)
		if !known {
			c.Require(false, at+".code", fault.UnknownReference, "names an item that the instrument has not got")
			continue
		}
		all := len(w.Options) == len(it.Options)
		for _, o := range w.Options {
			all = all && slices.ContainsFunc(it.Options, o.same)
		}
		c.Require(
			all || it.Type == "number",
			at+".options",
			fault.NotAllowed,
			"are not those of the item: each of them has words, and no other",
		)
		it.Wording, it.Options = w.Wording, w.Options
		it.validate(&c, at, true)
	}
	for _, it := range d.Items {
		worded := slices.ContainsFunc(n.Items, func(w ItemWording) bool { return w.Code == it.Code })
		c.Require(worded, "items", fault.Required, "has no words for "+it.Code)
	}
	return c.Err()
}

// in is the instrument in the words that a site has loaded.
func (i Instrument) in(words loaded) Instrument {
	i.WordingLicence, i.Items = &words.Licence, slices.Clone(i.Items)
	for _, w := range words.Items.V {
		if at := slices.IndexFunc(i.Items, func(it Item) bool { return it.Code == w.Code }); at >= 0 {
			i.Items[at].Wording, i.Items[at].Options = w.Wording, w.Options
		}
	}
	return i
}

// FindWorded returns an instrument that a site uses in the words that it may use: for a person who answers it there.
func FindWorded(tx *db.Tx, site uuid.UUID, key string) (Instrument, error) {
	i, err := Find(tx, site, key, 0)
	if err != nil || i.WordingShipped {
		return i, err
	}
	list := []Instrument{i}
	err = fillIn(tx, &site, list)
	return list[0], err
}

// showWords fills in the words that a site has loaded, for those alone who keep its record or look after
// its instruments: a licence seldom lets a site hand them on. site says whose, where the actor reaches
// several.
func showWords(tx *db.Tx, site *uuid.UUID, list []Instrument) error {
	if site != nil {
		if _, err := siteOf(tx, site); err != nil {
			return err
		}
	}
	if !tx.Actor.Can(actor.RecordRead) && !tx.Actor.Can(actor.InstrumentsWrite) {
		return nil
	}
	if site == nil && len(tx.Actor.Sites) == 1 {
		site = &tx.Actor.Sites[0]
	}
	return fillIn(tx, site, list)
}

// fillIn fills in the words that the site has loaded, and of a site's own instrument those of that site.
func fillIn(tx *db.Tx, site *uuid.UUID, list []Instrument) error {
	var keys []string
	for _, i := range list {
		if !i.WordingShipped {
			keys = append(keys, i.Key)
		}
	}
	var packs []loaded
	if err := tx.Where("instrument in ?", keys).Find(&packs).Error; err != nil {
		return err
	}
	for n, i := range list {
		whose := site
		if i.SiteID != nil {
			whose = i.SiteID
		}
		at := slices.IndexFunc(packs, func(p loaded) bool {
			return whose != nil && p.SiteID == *whose && p.Instrument == i.Key && p.Version == i.Version
		})
		if at >= 0 && !i.WordingShipped {
			list[n] = i.in(packs[at])
		}
	}
	return nil
}
