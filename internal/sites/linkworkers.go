package sites

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/normal"
	"waypost/internal/platform/patch"
)

// LinkWorker is somebody who supports patients at a site.
type LinkWorker struct {
	// The link worker's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// Their site.
	SiteID uuid.UUID `json:"site_id" format:"uuid"`
	LinkWorkerDetails
	// Rises with each change; also the ETag.
	Version int `json:"version" example:"1"`
	// When it was recorded.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`

	// In the answer for one who is not active, also to the change that made them so: what somebody
	// else has to take over.
	StillTheirs *StillTheirs `json:"still_theirs,omitempty" gorm:"-"`
	// With still_theirs: where to hand it over, with from_link_worker_id.
	HandOverAt string `json:"hand_over_at,omitempty" gorm:"-" example:"/v1/handovers"`
	// With still_theirs: work_is_still_theirs, where there is any; cover_ended, where they stood in for somebody until this
	// change.
	Warnings []fault.Warning `json:"warnings,omitempty" gorm:"-"`
}

// Revision is another after each change.
func (l LinkWorker) Revision() int64 { return int64(l.Version) }

// StillTheirs is what a link worker has who is not active.
type StillTheirs struct {
	// How many of their episodes are open.
	Episodes int `json:"episodes" example:"12"`
	// How many referrals of their people of which something is still expected, also of closed episodes.
	Referrals int `json:"referrals" example:"4"`
	// How many follow-ups of their people are due or overdue today.
	FollowUps int `json:"follow_ups" example:"3"`
	// How many concerns about their people are open, also of closed episodes.
	Concerns int `json:"concerns" example:"0"`
	// How many follow-ups of their closed episodes are not due yet.
	FollowUpsToCome int `json:"follow_ups_to_come" example:"5"`
}

// LinkWorkerDetails is what may be set of a link worker.
type LinkWorkerDetails struct {
	// The link worker's name.
	Name string `json:"name" pattern:"\\S" maxLength:"200" example:"Sam Example"`
	// Email address at work, without a name before it; unique at the site. Anything else is refused.
	Email string `json:"email" maxLength:"254" example:"sam@example.org"`
	// Telephone number at work, in E.164; what cannot be a number to dial is kept as it was written.
	// Organisations are shown it with the people whom the link worker refers, and in the mail that
	// asks for an answer.
	Phone *string `json:"phone" required:"false" maxLength:"50" example:"+442079460000"`
	// Whether they take new episodes; true when left out. Made false, their keys stop working at
	// once, and none can be made for them; they keep their episodes.
	Active *bool `json:"active" required:"false" nullable:"false"`
}

// NewLinkWorker is the command to add a link worker.
type NewLinkWorker struct {
	// The site; may be left out where the credential reaches one only.
	SiteID *uuid.UUID `json:"site_id,omitempty" nullable:"true" format:"uuid"`
	LinkWorkerDetails
}

// LinkWorkerChanges is a merge patch.
type LinkWorkerChanges = patch.Merge[LinkWorkerDetails]

// AddLinkWorker adds a link worker to a site. Fault: conflict (the email is taken at the site).
func (s *Store) AddLinkWorker(ctx context.Context, n NewLinkWorker) (w LinkWorker, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		site, err := siteFor(tx, n.SiteID)
		if err != nil {
			return err
		}
		w = LinkWorker{
			ID:                tx.NewID(),
			SiteID:            site,
			LinkWorkerDetails: n.LinkWorkerDetails,
			Version:           1,
			CreatedAt:         tx.Now,
			UpdatedAt:         tx.Now,
		}
		if err := w.normalise(LinkWorkerDetails{}); err != nil {
			return err
		}
		if w.Active == nil {
			yes := true
			w.Active = &yes
		}
		if err := tx.Create(&w).Error; err != nil {
			return err
		}
		return events.Record(tx, events.LinkWorkerAdded, w.subject(), nil)
	})
	return w, err
}

// siteFor is the site of something new; an administrator reaches every site, and must name it.
func siteFor(tx *db.Tx, named *uuid.UUID) (uuid.UUID, error) {
	if tx.Actor.Role != actor.Administrator && tx.Actor.Role != actor.System {
		return tx.Site(named)
	}
	if named == nil {
		return uuid.Nil, fault.InvalidAt("site_id", fault.Required, "is needed: an administrator reaches every site")
	}
	site, err := db.First[Site](tx.Where("id = ?", *named), "site")
	return site.ID, err
}

// visibleSites narrows to the actor's sites, or to none in particular for those who administer all.
func visibleSites(tx *db.Tx) *gorm.DB {
	if tx.Actor.Role == actor.Administrator || tx.Actor.Role == actor.System {
		return tx.Where("true")
	}
	return tx.InSites()
}

// LinkWorker returns one.
func (s *Store) LinkWorker(ctx context.Context, id uuid.UUID) (w LinkWorker, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		w, err = db.First[LinkWorker](visibleSites(tx).Where("id = ?", id), "link worker")
		return err
	})
	return w, err
}

// LinkWorkers lists them by id, after the id given.
func (s *Store) LinkWorkers(ctx context.Context, page db.Page[uuid.UUID]) (list []LinkWorker, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		return visibleSites(tx).Where("id > ?", page.After).Order("id").Scopes(page.Cut).Find(&list).Error
	})
	return list, err
}

// ChangeLinkWorker applies a merge patch to the version the caller read.
func (s *Store) ChangeLinkWorker(
	ctx context.Context,
	id uuid.UUID,
	version int,
	c LinkWorkerChanges,
) (w LinkWorker, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if w, err = db.First[LinkWorker](
			visibleSites(tx).Where("id = ?", id).Clauses(clause.Locking{Strength: "UPDATE"}),
			"link worker",
		); err != nil {
			return err
		}
		if err := db.Match(version, w.Version); err != nil {
			return err
		}
		was := w.LinkWorkerDetails
		if w.LinkWorkerDetails, err = c.Apply(w.LinkWorkerDetails); err != nil {
			return err
		}
		if err := w.normalise(was); err != nil {
			return err
		}
		w.Version, w.UpdatedAt = w.Version+1, tx.Now
		if err := db.Save(tx, w.SiteID, w.ID, &w); err != nil {
			return err
		}
		return events.Record(tx, events.LinkWorkerChanged, w.subject(), nil)
	})
	return w, err
}

// normalise reads a phone and an e-mail address that are new. An address that is none is refused:
// colleagues are told apart by it.
func (w *LinkWorker) normalise(was LinkWorkerDetails) error {
	normal.PhoneIfNew(&w.Phone, was.Phone)
	if w.Email == was.Email {
		return nil
	}
	email, ok := normal.Email(w.Email)
	if !ok {
		return fault.InvalidAt("email", fault.WrongFormat, "is not an e-mail address such as name@example.org")
	}
	w.Email = email
	return nil
}

func (w *LinkWorker) subject() events.Subject {
	return events.Subject{ID: w.ID, SiteID: w.SiteID}
}
