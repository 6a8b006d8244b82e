// Package directory holds the organisations and services that all sites share.
// It holds nothing about patients.
package directory

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/normal"
	"waypost/internal/platform/patch"
	"waypost/internal/platform/text"
)

// Store keeps the directory.
type Store struct{ DB *db.DB }

// Organisation is a community organisation that people are referred to.
type Organisation struct {
	// The organisation's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	OrganisationDetails
	// The phone as people of this country write it, a foreign one with its country code; null where
	// phone is kept as it was written.
	PhoneNational *string `json:"phone_national" gorm:"-" example:"01632 960001"`
	normal.AsWritten
	Entry
	// What of it is kept as it was written, since it could not be checked: phone_as_written,
	// email_as_written. In the answer to a POST also: likely duplicates.
	Warnings []fault.Warning `json:"warnings,omitempty" gorm:"-"`
}

// OrganisationDetails is what is said of an organisation; all of it may be changed later.
type OrganisationDetails struct {
	// The organisation's name.
	Name string `json:"name" pattern:"\\S" maxLength:"300" example:"Example Lunch Club"`
	// What it does, and for whom.
	Description text.Optional `json:"description" required:"false" format:"prose" maxLength:"20000"`
	// Web address: http or https, with a host; one without a scheme is https.
	URL *string `json:"url" required:"false" maxLength:"2000" example:"https://lunch.example.org"`
	// Email address for the public, without a name before it. What cannot be one to send to is kept
	// as it was written, with a warning.
	Email *string `json:"email" required:"false" maxLength:"254" example:"hello@lunch.example.org"`
	// Telephone number for the public, in E.164. What cannot be a number to dial is kept as it was
	// written, with a warning.
	Phone *string `json:"phone" required:"false" maxLength:"100" example:"+441632960001"`
	// Number in the register of charities.
	CharityNumber *string `json:"charity_number" required:"false" maxLength:"20"`
	// Its state. unverified: added by a link worker and not yet checked. A link worker's own is
	// always unverified.
	Status string `json:"status" required:"false" enum:"active,inactive,unverified" example:"active"`
}

// NewOrganisation is the command to add an organisation.
type NewOrganisation = OrganisationDetails

// OrganisationChanges is a merge patch.
type OrganisationChanges = patch.Merge[OrganisationDetails]

// AddOrganisation adds one by hand. A link worker's is unverified; likely duplicates are warned of.
func (s *Store) AddOrganisation(ctx context.Context, n NewOrganisation) (o Organisation, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		n.Status = statusFor(tx.Actor, n.Status)
		o = Organisation{ID: tx.NewID(), Entry: NewEntry(tx, "api", nil)}
		if err := o.Set(n); err != nil {
			return err
		}
		duplicates, err := likelyDuplicates(tx, n.Name)
		if err != nil {
			return err
		}
		o.Warnings = append(o.Warnings, duplicates...)
		if err := tx.Create(&o).Error; err != nil {
			return err
		}
		return recordEvent(tx, events.OrganisationAdded, o.ID)
	})
	return o, err
}

func statusFor(who actor.Actor, asked string) string {
	switch {
	case !who.Can(actor.DirectoryWrite):
		return "unverified"
	case asked == "":
		return "active"
	default:
		return asked
	}
}

func likelyDuplicates(tx *db.Tx, name string) ([]fault.Warning, error) {
	var names []string
	err := tx.Raw("select o.name from organisations o, fold_name(?) folded where o.name_folded % folded and "+
		"similarity(o.name_folded, folded) > 0.6 order by similarity(o.name_folded, folded) desc limit 3", name).
		Scan(&names).
		Error
	var out []fault.Warning
	for _, n := range names {
		out = append(
			out,
			fault.Warning{Code: "likely_duplicate", Detail: "The directory has a similar organisation: " + n},
		)
	}
	return out, err
}

// Organisation returns one.
func (s *Store) Organisation(ctx context.Context, id uuid.UUID) (o Organisation, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		o, err = db.First[Organisation](tx.Where("id = ?", id), "organisation")
		return err
	})
	return o, err
}

// Organisations lists them by id, after the id given; words narrows by the name.
func (s *Store) Organisations(
	ctx context.Context,
	words string,
	page db.Page[uuid.UUID],
) (list []Organisation, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		q := tx.Where("id > ?", page.After)
		if words != "" {
			q = q.Where(nameHas("name_folded"), map[string]any{"words": words})
		}
		return q.Order("id").Scopes(page.Cut).Find(&list).Error
	})
	return list, err
}

// ChangeOrganisation applies a merge patch to the version the caller read.
func (s *Store) ChangeOrganisation(
	ctx context.Context,
	id uuid.UUID,
	version int,
	c OrganisationChanges,
) (o Organisation, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if o, err = lockOrganisation(tx, id); err != nil {
			return err
		}
		if err := db.Match(version, o.Version); err != nil {
			return err
		}
		details, err := c.Apply(o.OrganisationDetails)
		if err != nil {
			return err
		}
		if err := o.Set(details); err != nil {
			return err
		}
		return o.save(tx, events.OrganisationChanged)
	})
	return o, err
}

func lockOrganisation(tx *db.Tx, id uuid.UUID) (Organisation, error) {
	return db.First[Organisation](tx.Where("id = ?", id).Clauses(clause.Locking{Strength: "UPDATE"}), "organisation")
}

func (o *Organisation) save(tx *db.Tx, kind events.Kind) error {
	if err := o.update(tx, o); err != nil {
		return err
	}
	return recordEvent(tx, kind, o.ID)
}

// Set is what an organisation becomes by what is said of it now. What is new of its contacts is normalised.
func (o *Organisation) Set(d OrganisationDetails) error {
	was := o.OrganisationDetails
	o.OrganisationDetails = d
	var c fault.Checks
	normal.Require(&c, "url", &o.URL, was.URL, normal.URL, normal.NotAURL)
	o.Keep(&o.Phone, &o.Email, was.Phone, was.Email)
	o.show()
	return c.Err()
}

// AfterFind fills in what is worked out from the row.
func (o *Organisation) AfterFind(*gorm.DB) error {
	o.show()
	return nil
}

func (o *Organisation) show() {
	o.PhoneNational, o.Warnings = o.National(o.Phone), o.Kept(o.Email)
}

func recordEvent(tx *db.Tx, kind events.Kind, id uuid.UUID) error {
	return events.Record(tx, kind, events.Subject{ID: id}, nil)
}
