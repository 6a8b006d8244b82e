package referrals

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"waypost/internal/directory"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

func find(tx *db.Tx, id uuid.UUID) (Referral, error) { return db.Find[Referral](tx, "referral", id) }

// Get returns a referral with what each side says of it.
func (s *Store) Get(ctx context.Context, id uuid.UUID) (r Referral, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		a, err := db.First[account](withAccounts(tx.Where("id = ?", id)), "referral")
		if err != nil {
			return err
		}
		r = a.referral()
		r.show(tx)
		return noteRead(tx, "referral", []Referral{r})
	})
	return r, err
}

func (r *Referral) show(tx *db.Tx) {
	r.AllowedMoves, r.Warnings = Allowed(r.Status, tx.Actor.Role), []fault.Warning{}
}

// Filter narrows a list of referrals; empty fields ask nothing.
type Filter struct {
	Statuses       []Status // any of these
	Needs          []string // any of these
	OrganisationID *uuid.UUID
	LinkWorkerID   *uuid.UUID
	EpisodeID      *uuid.UUID
	SentFrom       Moment // from here on; a day counts from its beginning
	SentTo         Moment // to here, this instant not included; a day counts whole
}

// Moment is an instant, or a day at each referral's site. The zero Moment is neither.
type Moment struct {
	At  time.Time
	Day day.Date
}

// narrow asks what an organisation may ask too.
func (by Filter) narrow(q *gorm.DB) *gorm.DB {
	q = q.Scopes(db.OneOf("status", by.Statuses), db.OneOf("need", by.Needs))
	switch from := by.SentFrom; {
	case !from.Day.IsZero():
		q = q.Where("sent_on >= ?", from.Day)
	case !from.At.IsZero():
		q = q.Where("sent_at >= ?", from.At)
	}
	switch to := by.SentTo; {
	case !to.Day.IsZero():
		q = q.Where("sent_on <= ?", to.Day)
	case !to.At.IsZero():
		q = q.Where("sent_at < ?", to.At)
	}
	return q
}

// Include says what a list should show beside its items.
type Include struct{ Organisation, Service bool }

// List returns referrals of the actor's sites by id, after the id given.
func (s *Store) List(
	ctx context.Context,
	by Filter,
	with Include,
	page db.Page[uuid.UUID],
) (list []Referral, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		q := by.narrow(tx.InSites().Where("id > ?", page.After))
		if by.OrganisationID != nil {
			q = q.Where("organisation_id = ?", *by.OrganisationID)
		}
		if by.EpisodeID != nil {
			q = q.Where("episode_id = ?", *by.EpisodeID)
		}
		if by.LinkWorkerID != nil {
			covered, err := tx.Covered(*by.LinkWorkerID, tx.Now)
			if err != nil {
				return err
			}
			if len(covered) > 0 {
				q = q.Where("(episode_link_worker_id = ? or episode_id = any(?::uuid[]))", *by.LinkWorkerID, covered)
			} else {
				q = q.Where("episode_link_worker_id = ?", *by.LinkWorkerID)
			}
		}
		if err := q.Order("id").Scopes(page.Cut).Find(&list).Error; err != nil {
			return err
		}
		for i := range list {
			list[i].show(tx)
		}
		if err := loadIncluded(tx, list, with); err != nil {
			return err
		}
		return noteRead(tx, "referrals", list)
	})
	return list, err
}

// loadIncluded reads the organisations and services of a list, each once.
func loadIncluded(tx *db.Tx, list []Referral, with Include) error {
	var organisations, services []uuid.UUID
	for _, r := range list {
		organisations = append(organisations, r.OrganisationID)
		if r.ServiceID != nil {
			services = append(services, *r.ServiceID)
		}
	}
	if with.Organisation {
		var found []directory.Organisation
		if err := tx.Where("id in ?", organisations).Find(&found).Error; err != nil {
			return err
		}
		for i := range list {
			at := slices.IndexFunc(found, func(o directory.Organisation) bool { return o.ID == list[i].OrganisationID })
			list[i].Organisation = &found[at]
		}
	}
	if with.Service && len(services) > 0 {
		var found []directory.Service
		if err := tx.Where("id in ?", services).Find(&found).Error; err != nil {
			return err
		}
		for i := range list {
			at := slices.IndexFunc(
				found,
				func(v directory.Service) bool { return list[i].ServiceID != nil && v.ID == *list[i].ServiceID },
			)
			if at >= 0 {
				list[i].Service = &found[at]
			}
		}
	}
	return nil
}

// noteRead writes whose referrals were shown to the access log.
func noteRead(tx *db.Tx, operation string, list []Referral) error {
	return events.ReadAll(
		tx,
		operation,
		list,
		func(r Referral) (site, patient uuid.UUID) { return r.SiteID, r.PatientID },
	)
}

// Timeline lists what happened to a referral, oldest first.
func (s *Store) Timeline(
	ctx context.Context,
	id uuid.UUID,
	page db.Page[events.Position],
) (list []events.Event, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		r, err := db.Find[Referral](tx, "referral", id)
		if err != nil {
			return err
		}
		if list, err = events.OfReferral(tx, r.ID, page); err != nil {
			return err
		}
		return noteRead(tx, "referral_timeline", []Referral{r})
	})
	return list, err
}

// OpenOf lists the referrals of an episode of which something is still expected, with their organisations.
func OpenOf(tx *db.Tx, site, episode uuid.UUID) (list []Referral, err error) {
	err = tx.Where("site_id = ? and episode_id = ? and status in ?", site, episode, open).Order("id").Find(&list).Error
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list, loadIncluded(tx, list, Include{Organisation: true})
}
