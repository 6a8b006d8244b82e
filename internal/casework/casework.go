// Package casework holds what one action of a link worker changes in several areas at
// once: all of it happens, or none.
package casework

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/episodes"
	"waypost/internal/outcomes"
	"waypost/internal/people"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/referrals"
)

// Store composes the areas of the record. Package stores makes it.
type Store struct {
	DB        *db.DB
	People    *people.Store
	Episodes  *episodes.Store
	Referrals *referrals.Store
	Outcomes  *outcomes.Store
}

// OpenEpisode opens an episode, and plans the follow-ups that count from the day it was received.
func (s *Store) OpenEpisode(ctx context.Context, n episodes.New, via string) (e episodes.Episode, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if e, err = s.Episodes.Open(tx.Context(), n, via); err != nil {
			return err
		}
		if err := coverOpened(tx, e); err != nil {
			return err
		}
		return outcomes.Plan(tx, e)
	})
	return e, err
}

// ChangeEpisode changes an episode, and moves the windows of open follow-ups whose anchor it corrects.
func (s *Store) ChangeEpisode(
	ctx context.Context,
	id uuid.UUID,
	version int,
	c episodes.Changes,
) (e episodes.Episode, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if e, err = s.Episodes.Change(tx.Context(), id, version, c); err != nil {
			return err
		}
		return outcomes.Plan(tx, e)
	})
	return e, err
}

// RecordContact records a contact, the attendance it tells of, and plans what counts from a first contact.
func (s *Store) RecordContact(
	ctx context.Context,
	episode uuid.UUID,
	n episodes.NewContact,
	via string,
) (c episodes.Contact, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if n.Attended != nil && n.ReferralID == nil {
			return fault.InvalidAt("attended", fault.NotAllowed, "goes with a referral_id: what was attended")
		}
		if c, err = s.Episodes.RecordContact(tx.Context(), episode, n, via); err != nil {
			return err
		}
		if n.Attended != nil {
			a := referrals.NewAttendance{On: n.On, Attended: *n.Attended, ReportedBy: actor.SideLinkWorker}
			if _, err := s.Referrals.RecordAttendance(tx.Context(), *n.ReferralID, a); err != nil {
				return err
			}
		}
		e, err := db.Find[episodes.Episode](tx, "episode", episode)
		if err != nil {
			return err
		}
		return outcomes.Plan(tx, e)
	})
	return c, err
}

// ChangeContact puts a contact right, and moves the windows of open follow-ups whose anchor that corrects.
func (s *Store) ChangeContact(
	ctx context.Context,
	id uuid.UUID,
	version int,
	changes episodes.ContactChanges,
) (c episodes.Contact, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if c, err = s.Episodes.ChangeContact(tx.Context(), id, version, changes); err != nil {
			return err
		}
		e, err := db.Find[episodes.Episode](tx, "episode", c.EpisodeID)
		if err != nil {
			return err
		}
		return outcomes.Plan(tx, e)
	})
	return c, err
}
