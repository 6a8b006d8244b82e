package directory

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/codes"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/normal"
	"waypost/internal/platform/patch"
	"waypost/internal/platform/text"
)

// Service is something that an organisation offers, at one place.
type Service struct {
	// The service's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// Who offers it.
	OrganisationID uuid.UUID `json:"organisation_id" format:"uuid"`
	ServiceDetails
	// The phone as people of this country write it, a foreign one with its country code; null where
	// phone is kept as it was written.
	PhoneNational *string `json:"phone_national" gorm:"-" example:"01632 960001"`
	normal.AsWritten
	Entry
	// Where the needs come from. inferred means that an import worked them out from words of the
	// description.
	NeedsSource string `json:"needs_source" enum:"stated,inferred"`
	// Whether it can take people.
	Capacity string `json:"capacity" format:"code:capacities"`
	// How long people wait.
	WaitBand *string `json:"wait_band" format:"code:wait_bands"`
	// When that was last said.
	CapacityAsOf *time.Time `json:"capacity_as_of"`
	// Who said so.
	CapacitySetBy *string `json:"capacity_set_by" enum:"organisation,link_worker,administrator,import"`

	// What of it is kept as it was written, since it could not be checked: phone_as_written,
	// email_as_written. People see it, and nothing is sent to it.
	Warnings []fault.Warning `json:"warnings,omitempty" gorm:"-"`
}

// ServiceDetails is what is said of a service; all of it may be changed later.
type ServiceDetails struct {
	// The service's name.
	Name string `json:"name" pattern:"\\S" maxLength:"300" example:"Wednesday lunch"`
	// What it is.
	Description text.Optional `json:"description" required:"false" format:"prose" maxLength:"20000"`
	// What kind of thing it offers; not_known when left out.
	ActivityType string `json:"activity_type" required:"false" format:"code:activity_types" example:"food_practical"`
	// Which needs it serves.
	Needs db.Texts `json:"needs" required:"false" format:"code:needs" maxItems:"40"`
	// More words to find it by.
	Keywords text.Optional `json:"keywords" required:"false" format:"prose" maxLength:"2000"`
	// Who may come.
	Eligibility text.Optional `json:"eligibility" required:"false" format:"prose" maxLength:"5000"`
	// What it costs.
	Fees text.Optional `json:"fees" required:"false" format:"prose" maxLength:"5000" example:"Free"`
	// Web address: http or https, with a host; one without a scheme is https.
	URL *string `json:"url" required:"false" maxLength:"2000"`
	// Email address, without a name before it. What cannot be one to send to is kept as it was
	// written, with a warning.
	Email *string `json:"email" required:"false" maxLength:"254"`
	// Telephone number, in E.164. What cannot be a number to dial is kept as it was written, with a
	// warning.
	Phone *string `json:"phone" required:"false" maxLength:"100" example:"+441632960001"`
	// Where it is, in words.
	Address *string `json:"address" required:"false" format:"prose" maxLength:"500"`
	// Postcode, in capitals with one space.
	Postcode *string `json:"postcode" required:"false" maxLength:"20" example:"ZZ99 3WZ"`
	// Degrees north; goes with longitude.
	Latitude *float64 `json:"latitude" required:"false" minimum:"-90" maximum:"90" example:"53.48"`
	// Degrees east; goes with latitude.
	Longitude *float64 `json:"longitude" required:"false" minimum:"-180" maximum:"180" example:"-2.24"`
	// Whether nobody else may learn that a person was referred here, such as to help after sexual
	// violence: it is then never named on the page of a person's own link or in mail to them, since
	// others read shared telephones and inboxes. True by itself for a service of one of the sensitive
	// needs (see the code list needs); a change to false is refused there.
	Sensitive bool `json:"sensitive" required:"false" example:"false"`
	// Its state. unverified: added by a link worker and not yet checked.
	Status string `json:"status" required:"false" enum:"active,inactive,unverified" example:"active"`
}

// NewService is the command to add a service.
type NewService = ServiceDetails

// ServiceChanges is a merge patch.
type ServiceChanges = patch.Merge[ServiceDetails]

// Capacity is what somebody says of how many people a service can take.
type Capacity struct {
	// Whether it can take people.
	Capacity string `json:"capacity" format:"code:capacities" example:"waitlist"`
	// How long people wait: with waitlist, assessment_required or full only.
	WaitBand *string `json:"wait_band,omitempty" format:"code:wait_bands" example:"under_1_month"`
	// When that was so, such as when a link worker heard it; now when left out. Not in the future,
	// and not before what is known already.
	AsOf *time.Time `json:"as_of,omitempty"`
}

// waits are the capacities of which a wait can be told: where there is room, or nobody is taken, nobody waits.
var waits = []string{"waitlist", "assessment_required", "full"}

// Room is what is known of a service before somebody is referred to it. It asks nothing about a person, and
// tells nothing of one.
type Room struct {
	// The service.
	ServiceID uuid.UUID `json:"service_id" format:"uuid"`
	// Who offers it.
	OrganisationID uuid.UUID `json:"organisation_id" format:"uuid"`
	// Whether it can take people.
	Capacity string `json:"capacity" format:"code:capacities"`
	// How long people wait.
	WaitBand *string `json:"wait_band" format:"code:wait_bands"`
	// When that was last said.
	CapacityAsOf *time.Time `json:"capacity_as_of"`
	// Who said so.
	CapacitySetBy *string `json:"capacity_set_by" enum:"organisation,link_worker,administrator,import"`
	// Whether a referral would be taken: not by what is inactive or closed.
	TakesReferrals bool `json:"takes_referrals"`
	// Why it would be refused.
	WhyNot *string `json:"why_not" example:"The service is closed to referrals."`
	// Whether a referral needs an override_reason: the service is full.
	NeedsOverrideReason bool `json:"needs_override_reason"`
	// What a referral would be warned of.
	Warnings []fault.Warning `json:"warnings"`
}

// AddService adds one by hand. A link worker's is unverified.
func (s *Store) AddService(ctx context.Context, organisation uuid.UUID, n NewService) (v Service, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if _, err := db.First[Organisation](tx.Where("id = ?", organisation), "organisation"); err != nil {
			return err
		}
		n.Status = statusFor(tx.Actor, n.Status)
		v = Service{
			ID:             tx.NewID(),
			OrganisationID: organisation,
			NeedsSource:    "stated",
			Capacity:       "not_known",
			Entry:          NewEntry(tx, "api", nil),
		}
		if err := v.Set(n); err != nil {
			return err
		}
		if err := tx.Create(&v).Error; err != nil {
			return err
		}
		return recordEvent(tx, events.ServiceAdded, v.ID)
	})
	return v, err
}

// FillIn completes what was left out, and what follows from the rest.
func (d *ServiceDetails) FillIn() {
	if d.ActivityType == "" {
		d.ActivityType = "not_known"
	}
	if d.Status == "" {
		d.Status = "active"
	}
	d.Sensitive = d.Sensitive || codes.Sensitive("needs", d.Needs...)
}

// Set is what a service becomes by what is said of it now. What is new of its contacts and its place is normalised.
func (v *Service) Set(d ServiceDetails) error {
	was := v.ServiceDetails
	v.ServiceDetails = d
	v.FillIn()
	var c fault.Checks
	c.Require(
		(v.Latitude == nil) == (v.Longitude == nil),
		"longitude",
		fault.NotAllowed,
		"goes with latitude: both or neither",
	)
	normal.Require(&c, "postcode", &v.Postcode, was.Postcode, normal.Postcode, normal.NotAPostcode)
	normal.Require(&c, "url", &v.URL, was.URL, normal.URL, normal.NotAURL)
	v.Keep(&v.Phone, &v.Email, was.Phone, was.Email)
	v.show()
	return c.Err()
}

// AfterFind fills in what is worked out from the row.
func (v *Service) AfterFind(*gorm.DB) error {
	v.show()
	return nil
}

func (v *Service) show() {
	v.PhoneNational, v.Warnings = v.National(v.Phone), v.Kept(v.Email)
}

// Service returns one.
func (s *Store) Service(ctx context.Context, id uuid.UUID) (v Service, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		v, err = db.First[Service](tx.Where("id = ?", id), "service")
		return err
	})
	return v, err
}

// Services lists an organisation's services by id, after the id given.
func (s *Store) Services(
	ctx context.Context,
	organisation uuid.UUID,
	page db.Page[uuid.UUID],
) (list []Service, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if _, err := db.First[Organisation](tx.Where("id = ?", organisation), "organisation"); err != nil {
			return err
		}
		return tx.Where("organisation_id = ? and id > ?", organisation, page.After).
			Order("id").
			Scopes(page.Cut).
			Find(&list).
			Error
	})
	return list, err
}

// ChangeService applies a merge patch to the version the caller read.
func (s *Store) ChangeService(ctx context.Context, id uuid.UUID, version int, c ServiceChanges) (v Service, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if v, err = lockService(tx, id); err != nil {
			return err
		}
		if err := db.Match(version, v.Version); err != nil {
			return err
		}
		details, err := c.Apply(v.ServiceDetails)
		if err != nil {
			return err
		}
		if c.Has("sensitive") && !details.Sensitive && codes.Sensitive("needs", details.Needs...) {
			return fault.InvalidAt(
				"sensitive",
				fault.NotAllowed,
				"is true by itself for a service of a sensitive need: leave it out, or take the need away",
			)
		}
		if c.Has("needs") {
			v.NeedsSource = "stated"
		}
		if err := v.Set(details); err != nil {
			return err
		}
		return v.save(tx, events.ServiceChanged)
	})
	return v, err
}

// Room reports whether somebody could be referred to a service, as Record of a referral will decide it.
func (s *Store) Room(ctx context.Context, id uuid.UUID) (r Room, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		v, err := db.First[Service](tx.Where("id = ?", id), "service")
		if err != nil {
			return err
		}
		target, err := Resolve(tx, nil, &id)
		if err != nil {
			return err
		}
		r = Room{
			ServiceID:           v.ID,
			OrganisationID:      v.OrganisationID,
			Capacity:            v.Capacity,
			WaitBand:            v.WaitBand,
			CapacityAsOf:        v.CapacityAsOf,
			CapacitySetBy:       v.CapacitySetBy,
			TakesReferrals:      true,
			NeedsOverrideReason: target.Full(),
			Warnings:            append([]fault.Warning{}, target.Warnings()...),
		}
		var refusal *fault.Error
		if errors.As(target.Takes(), &refusal) {
			r.TakesReferrals, r.WhyNot = false, &refusal.Detail
		}
		return nil
	})
	return r, err
}

// SetCapacity records what the organisation itself, a link worker or an administrator says of a service's
// capacity. An organisation may speak of its own services only; others are forbidden to it. Faults: invalid
// (in the future, or a wait where nobody waits), conflict (something newer is known).
func (s *Store) SetCapacity(ctx context.Context, id uuid.UUID, c Capacity) (v Service, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if v, err = lockService(tx, id); err != nil {
			return err
		}
		if own := tx.Actor.OrganisationID; own != nil && *own != v.OrganisationID {
			return fault.Missing("service of yours")
		}
		at, past := tx.Now, true
		if c.AsOf != nil {
			at, past = tx.NotFuture(*c.AsOf)
		}
		switch {
		case !past:
			return fault.InvalidAt("as_of", fault.OutOfRange, "must not lie in the future")
		case c.WaitBand != nil && !slices.Contains(waits, c.Capacity):
			return fault.InvalidAt(
				"wait_band",
				fault.NotAllowed,
				"goes with waitlist, assessment_required or full only",
			)
		case v.CapacityAsOf != nil && at.Before(*v.CapacityAsOf):
			return fault.New(fault.Conflict, "Something newer is known of this service's capacity: read it.")
		}
		by := capacitySetBy(tx.Actor)
		v.Capacity, v.WaitBand, v.CapacityAsOf, v.CapacitySetBy = c.Capacity, c.WaitBand, &at, &by
		return v.save(tx, events.ServiceCapacitySet)
	})
	return v, err
}

func capacitySetBy(who actor.Actor) string {
	switch who.Role {
	case actor.Organisation, actor.Administrator:
		return string(who.Role)
	default:
		return string(actor.LinkWorker)
	}
}

func lockService(tx *db.Tx, id uuid.UUID) (Service, error) {
	return db.First[Service](tx.Where("id = ?", id).Clauses(clause.Locking{Strength: "UPDATE"}), "service")
}

func (v *Service) save(tx *db.Tx, kind events.Kind) error {
	if err := v.update(tx, v); err != nil {
		return err
	}
	return recordEvent(tx, kind, v.ID)
}
