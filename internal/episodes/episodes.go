// Package episodes holds spells of support: one person, one link worker, from being
// referred in to closure, with the contacts in between.
package episodes

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"waypost/internal/people"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/patch"
	"waypost/internal/platform/voids"
)

// Store records episodes and contacts.
type Store struct{ DB *db.DB }

// Status of an episode.
type Status string

const (
	Waiting Status = "waiting" // nobody has met the person yet
	Active  Status = "active"
	Paused  Status = "paused"
	Closed  Status = "closed" // stops new referrals and support contacts, nothing else
)

// moves is the whole lifecycle of an episode.
var moves = map[Status][]Status{
	Waiting: {Active, Paused, Closed},
	Active:  {Paused, Closed},
	Paused:  {Active, Closed},
}

// Episode is a spell of support.
type Episode struct {
	// The episode's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// The site whose record this is.
	SiteID uuid.UUID `json:"site_id" format:"uuid"`
	// The person supported.
	PatientID uuid.UUID `json:"patient_id" format:"uuid"`
	Details
	// The day the person was first reached.
	FirstContactOn *day.Date `json:"first_contact_on" format:"date"`
	// The day of the first baseline assessment.
	BaselineOn *day.Date `json:"baseline_on" format:"date"`
	// Having reached the person, or a baseline, makes a waiting one active; a referral or signpost
	// before that does not.
	Status Status `json:"status" format:"code:episode_statuses"`
	// Since when it is paused.
	PausedOn *day.Date `json:"paused_on" format:"date"`
	// Why it is paused.
	PauseReason *string `json:"pause_reason"`
	// When it was closed.
	ClosedOn *day.Date `json:"closed_on" format:"date"`
	// Why it was closed.
	ClosureReason *string `json:"closure_reason" format:"code:closure_reasons"`
	// More about the reason of the closure, in free text.
	ClosureNote *string `json:"closure_note"`
	// How the record came in.
	RecordedVia string `json:"recorded_via" enum:"api,link,import,demo"`
	// Rises with each change; also the ETag.
	Version int `json:"version" example:"1"`
	// When it was recorded.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`
	// It should never have been recorded, and counts in nothing; null: it stands.
	EnteredInError *voids.InError `json:"entered_in_error" gorm:"->;-:migration" format:"or-null"`
	// In the answer to a POST: what is worth knowing.
	Warnings []fault.Warning `json:"warnings,omitempty" gorm:"-"`
	// In the answer for one episode: answers that are a safeguarding concern and that nobody has
	// marked as seen.
	Safeguarding []OpenConcern `json:"safeguarding,omitzero" gorm:"-"`
	// In the answer for one episode: each time that it was opened again after it had been closed.
	Reopenings []Reopening `json:"reopenings,omitzero" gorm:"-"`
}

// Revision is another after each change.
func (e Episode) Revision() int64 { return int64(e.Version) }

// Person is whom it is about.
func (e Episode) Person() (site, patient uuid.UUID) { return e.SiteID, e.PatientID }

// Details are the fields of an episode that can be set and changed.
type Details struct {
	// Who supports the person; the caller's own link worker when left out.
	LinkWorkerID *uuid.UUID `json:"link_worker_id" required:"false" nullable:"true" format:"uuid"`
	// Who referred the person in.
	Source string `json:"source" format:"code:sources" example:"gp"`
	// The day the referral in was received; not in the future.
	ReceivedOn day.Date `json:"received_on" format:"date" example:"2026-01-12"`
	// Why the person was referred in.
	Needs Needs `json:"needs" gorm:"embedded;embeddedPrefix:need_"`
	// What matters to the person, in their words.
	WhatMatters *string `json:"what_matters" required:"false" format:"prose" maxLength:"5000"`
	// Risks, or none_known; null: not recorded.
	Risks *string `json:"risks" required:"false" format:"prose" maxLength:"5000" example:"none_known"`
	// What the practice is asked to do, for the message back to it; null: no action is requested.
	RequestedActions *string `json:"requested_actions" required:"false" format:"prose" maxLength:"5000"`
	// What other systems call this episode.
	ExternalIDs db.ExternalIDs `json:"external_ids" required:"false" maxItems:"20"`
}

// Needs is one primary need and any others.
type Needs struct {
	// The need that matters most.
	Primary string `json:"primary" format:"code:needs" example:"loneliness_isolation"`
	// Further needs.
	Others db.Texts `json:"others" required:"false" format:"code:needs" maxItems:"40"`
}

// New is the command to open an episode.
type New struct {
	// The person.
	PatientID uuid.UUID `json:"patient_id" format:"uuid"`
	Details
}

// Changes is a merge patch of an episode's details.
type Changes = patch.Merge[Details]

// Open starts an episode, in the status waiting. Faults: not_found (patient), invalid (link worker, dates).
func (s *Store) Open(ctx context.Context, n New, via string) (e Episode, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		p, err := people.Find(tx, n.PatientID)
		if err != nil {
			return err
		}
		if n.LinkWorkerID == nil {
			n.LinkWorkerID = tx.Actor.LinkWorkerID
		}
		e = Episode{
			ID:          tx.NewID(),
			SiteID:      p.SiteID,
			PatientID:   p.ID,
			Details:     n.Details,
			Status:      Waiting,
			RecordedVia: via,
			Version:     1,
			CreatedAt:   tx.Now,
			UpdatedAt:   tx.Now,
		}
		if err := e.check(tx, p); err != nil {
			return err
		}
		if err := e.checkWorker(tx); err != nil {
			return err
		}
		if err := e.warnOfAnother(tx); err != nil {
			return err
		}
		if err := tx.Create(&e).Error; err != nil {
			return err
		}
		return e.recordEvent(tx, events.EpisodeOpened, e.ReceivedOn, nil)
	})
	return e, err
}

// warnOfAnother warns where the person has an episode that is open already.
func (e *Episode) warnOfAnother(tx *db.Tx) error {
	var open int64
	err := tx.Model(&Episode{}).Where("site_id = ? and patient_id = ? and status <> ?", e.SiteID, e.PatientID, Closed).
		Count(&open).Error
	if open > 0 {
		e.Warnings = append(e.Warnings, fault.Warning{
			Code:   "open_episode_exists",
			Detail: "The person has an episode that is not closed: add to that one, unless this is another spell of support.",
		})
	}
	return err
}

func (e *Episode) check(tx *db.Tx, p people.Patient) error {
	today, err := tx.Today(e.SiteID)
	if err != nil {
		return err
	}
	var c fault.Checks
	c.Require(e.LinkWorkerID != nil, "link_worker_id", fault.Required, "is needed, since the caller is no link worker")
	c.Require(!e.ReceivedOn.After(today), "received_on", fault.OutOfRange, "must not lie in the future")
	c.Require(!p.BornAfter(e.ReceivedOn), "received_on", fault.OutOfRange, "lies before the person's birth")
	c.Require(
		p.DiedOn == nil || !e.ReceivedOn.After(*p.DiedOn),
		"received_on",
		fault.OutOfRange,
		"lies after the person's death",
	)
	c.Require(
		!slices.Contains(e.Needs.Others, e.Needs.Primary),
		"needs.others",
		fault.Duplicate,
		"repeats the primary need",
	)
	for _, later := range []*day.Date{e.FirstContactOn, e.BaselineOn, e.ClosedOn} {
		c.Require(
			later == nil || !e.ReceivedOn.After(*later),
			"received_on",
			fault.OutOfRange,
			"lies after something that happened in the episode",
		)
	}
	return c.Err()
}

// checkWorker checks whether the link worker may take the episode on.
func (e *Episode) checkWorker(tx *db.Tx) error {
	var active bool
	err := tx.Raw("select active from link_workers where site_id = ? and id = ?", e.SiteID, *e.LinkWorkerID).
		Scan(&active).
		Error
	if err == nil && !active {
		return fault.InvalidAt("link_worker_id", fault.UnknownReference, "is no active link worker of this site")
	}
	return err
}

// Get returns an episode.
func (s *Store) Get(ctx context.Context, id uuid.UUID) (e Episode, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if e, err = db.FindRecorded[Episode](tx, "episode", id); err != nil {
			return err
		}
		if e.Safeguarding, err = openConcerns(tx, e); err != nil {
			return err
		}
		if e.Reopenings, err = reopeningsOf(tx, e); err != nil {
			return err
		}
		return events.Read(tx, "episode", e.SiteID, e.PatientID)
	})
	return e, err
}

// Filter narrows a list of episodes; an empty field matches every episode.
type Filter struct {
	LinkWorkerID *uuid.UUID
	PatientID    *uuid.UUID
	Statuses     []Status // any of these
	Needs        []string // any of these, the primary one or another
}

// List returns episodes of the actor's sites by id, after the id given.
func (s *Store) List(ctx context.Context, by Filter, page db.Page[uuid.UUID]) (list []Episode, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		q := tx.InSites().Where("id > ?", page.After)
		if by.LinkWorkerID != nil {
			covered, err := tx.Covered(*by.LinkWorkerID, tx.Now)
			if err != nil {
				return err
			}
			if len(covered) > 0 {
				q = q.Where("(link_worker_id = ? or id = any(?::uuid[]))", *by.LinkWorkerID, covered)
			} else {
				q = q.Where("link_worker_id = ?", *by.LinkWorkerID)
			}
		}
		if by.PatientID != nil {
			q = q.Where("patient_id = kept_patient(?)", *by.PatientID)
		}
		q = q.Scopes(db.OneOf("status", by.Statuses))
		if len(by.Needs) > 0 {
			q = q.Where("(need_primary = any(?::text[]) or need_others && ?::text[])", db.Texts(by.Needs), db.Texts(by.Needs))
		}
		if err := q.Order("id").Scopes(page.Cut).Find(&list).Error; err != nil {
			return err
		}
		return events.ReadAll(
			tx,
			"episodes",
			list,
			func(e Episode) (site, patient uuid.UUID) { return e.SiteID, e.PatientID },
		)
	})
	return list, err
}

// Change applies a merge patch to the version the caller read.
func (s *Store) Change(ctx context.Context, id uuid.UUID, version int, c Changes) (e Episode, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if e, err = db.FindForUpdate[Episode](tx, "episode", id); err != nil {
			return err
		}
		if err := db.Match(version, e.Version); err != nil {
			return err
		}
		worker := *e.LinkWorkerID
		if e.Details, err = c.Apply(e.Details); err != nil {
			return err
		}
		p, err := db.Find[people.Patient](tx, "patient", e.PatientID)
		if err != nil {
			return err
		}
		if err := e.check(tx, p); err != nil {
			return err
		}
		if *e.LinkWorkerID != worker { // one who left keeps the episodes they have
			if err := e.checkWorker(tx); err != nil {
				return err
			}
		}
		return e.save(tx, events.EpisodeChanged, nil, nil)
	})
	return e, err
}

// MetOn returns the day of the first contact or baseline, whichever was first; nil: there is neither.
// Only that makes a waiting episode active.
func (e *Episode) MetOn() *day.Date {
	if e.FirstContactOn == nil || e.BaselineOn != nil && e.BaselineOn.Before(*e.FirstContactOn) {
		return e.BaselineOn
	}
	return e.FirstContactOn
}

// SetBaseline notes the day of the first baseline, which anchors follow-ups, and makes a waiting episode active. Nil: the
// only one was entered in error, and where nobody has met the person the episode waits again.
func (e *Episode) SetBaseline(tx *db.Tx, on *day.Date) error {
	e.BaselineOn = on
	e.setMet()
	if on == nil {
		return e.save(tx, events.EpisodeChanged, nil, nil)
	}
	return e.save(tx, events.EpisodeBaselineTaken, on, nil)
}

// setMet makes a waiting episode active once somebody has met the person, and an active one wait where nobody has.
func (e *Episode) setMet() {
	switch met := e.MetOn() != nil; {
	case met && e.Status == Waiting:
		e.Status = Active
	case !met && e.Status == Active:
		e.Status = Waiting
	}
}

// save writes the episode with a new version, and notes what happened.
func (e *Episode) save(tx *db.Tx, kind events.Kind, on *day.Date, data events.Data) error {
	e.Version, e.UpdatedAt = e.Version+1, tx.Now
	if err := db.Save(tx, e.SiteID, e.ID, e); err != nil {
		return err
	}
	if on == nil {
		return events.Record(tx, kind, e.subject(), data)
	}
	return e.recordEvent(tx, kind, *on, data)
}

func (e *Episode) recordEvent(tx *db.Tx, kind events.Kind, on day.Date, data events.Data) error {
	at, err := tx.Noon(e.SiteID, on)
	if err != nil {
		return err
	}
	return events.Record(tx, kind, e.subject(), data, events.At(at))
}

func (e *Episode) subject() events.Subject {
	return events.Subject{ID: e.ID, SiteID: e.SiteID, PatientID: e.PatientID}
}
