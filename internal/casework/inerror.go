package casework

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"waypost/internal/episodes"
	"waypost/internal/outcomes"
	"waypost/internal/people"
	"waypost/internal/platform/db"
	"waypost/internal/platform/voids"
	"waypost/internal/referrals"
)

// ContactInError says that a contact should not have been recorded. Follow-ups that count from the first contact follow.
func (s *Store) ContactInError(
	ctx context.Context,
	id uuid.UUID,
	why voids.InErrorReason,
) (c episodes.Contact, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		var e episodes.Episode
		var void voids.Void
		if c, e, void, err = s.Episodes.ContactInError(tx.Context(), id, why); err != nil {
			return err
		}
		return outcomes.Replan(tx, e, outcomes.FirstContact, &void)
	})
	return c, err
}

// RestoreContact says that a contact that was entered in error was made after all.
func (s *Store) RestoreContact(
	ctx context.Context,
	id uuid.UUID,
	why voids.InErrorReason,
) (c episodes.Contact, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		var e episodes.Episode
		var void voids.Void
		if c, e, void, err = s.Episodes.RestoreContact(tx.Context(), id, why); err != nil {
			return err
		}
		if err := outcomes.RestoreFollowUps(tx, void, e); err != nil {
			return err
		}
		return outcomes.Plan(tx, e)
	})
	return c, err
}

// ofEpisode is what falls with an episode: tables, and what finds its rows there. @episode is its id.
var ofEpisode = []struct{ table, condition string }{
	{"attendances_all", "referral_id in (select id from referrals where site_id = @site and episode_id = @episode)"},
	{"contacts_all", "episode_id = @episode"},
	{"follow_up_services_all", ofItsFollowUps},
	{"follow_up_completions_all", ofItsFollowUps},
	{"follow_up_attempts_all", ofItsFollowUps},
	{"assessments_all", "episode_id = @episode"},
	{"follow_ups_all", "episode_id = @episode"},
}

// restoredTables are the tables in the order in which an undo brings rows back: what belongs to something comes after it.
var restoredTables = func() []string {
	tables := []string{"episodes_all"}
	for _, of := range slices.Backward(ofEpisode) {
		tables = append(tables, of.table)
	}
	return tables
}()

const ofItsFollowUps = "follow_up_id in (select id from follow_ups_all where site_id = @site and episode_id = @episode)"

// EpisodeInError says that an episode should not have been recorded. Everything that belongs to it falls with it; its
// referrals and signposts move to entered_in_error. Where nothing else is open, nobody is passed to another site any more.
// Faults: conflict (it is in error already, or nobody has seen a concern that an answer raised).
func (s *Store) EpisodeInError(
	ctx context.Context,
	id uuid.UUID,
	why voids.InErrorReason,
) (e episodes.Episode, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if e, err = db.Find[episodes.Episode](tx, "episode", id); err != nil {
			return err
		}
		if _, err := lockPending(tx, e.PatientID); err != nil { // before the episode, as whoever accepts a transfer
			return err
		}
		if e, err = db.FindForUpdate[episodes.Episode](tx, "episode", id); err != nil {
			return err
		}
		if _, err := people.LockForChange(tx, e.PatientID); err != nil {
			return err
		}
		if err := outcomes.RefuseUnseenConcerns(tx, e.SiteID, "episode_id = ?", e.ID); err != nil {
			return err
		}
		void, err := voids.Begin(tx, e.VoidSubject(), &why.Reason, nil)
		if err != nil {
			return err
		}
		if err := markEpisode(tx, &e, void); err != nil {
			return err
		}
		if e.Status == episodes.Closed {
			return nil
		}
		var open int64
		if err := tx.Table("episodes").
			Where("site_id = ? and patient_id = ? and status <> ?", e.SiteID, e.PatientID, episodes.Closed).
			Count(&open).Error; err != nil || open > 0 {
			return err
		}
		return cancelPending(tx, e.PatientID)
	})
	return e, err
}

// markEpisode lets an episode, which is locked, and everything that belongs to it fall with a void.
func markEpisode(tx *db.Tx, e *episodes.Episode, void voids.Void) error {
	if err := referrals.EnterInError(tx, *e, void); err != nil {
		return err
	}
	at := map[string]any{"site": e.SiteID, "episode": e.ID}
	for _, of := range ofEpisode {
		if err := void.Mark(tx, of.table, of.condition, at); err != nil {
			return err
		}
	}
	return e.MarkInError(tx, void)
}

// PatientInError says that a person should not have been recorded: their consents and episodes, and everything that belongs
// to these, fall with them, nobody finds them, and no other site is asked to take them on. Faults: conflict (in error
// already, merged, or nobody has seen a concern that an answer raised).
func (s *Store) PatientInError(ctx context.Context, id uuid.UUID, why voids.InErrorReason) (p people.Patient, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if _, err := lockPending(tx, id); err != nil { // before the episodes, as whoever accepts a transfer
			return err
		}
		spells, err := lockEpisodes(tx, id, nil)
		if err != nil {
			return err
		}
		if p, err = people.LockForVoid(tx, id); err != nil {
			return err
		}
		if spells, err = lockEpisodes(tx, id, spells); err != nil { // one may have been opened while the person was waited for
			return err
		}
		if err := outcomes.RefuseUnseenConcerns(tx, p.SiteID, "patient_id = ?", p.ID); err != nil {
			return err
		}
		void, err := voids.Begin(tx, p.VoidSubject(), &why.Reason, nil)
		if err != nil {
			return err
		}
		for i := range spells {
			if err := markEpisode(tx, &spells[i], void); err != nil {
				return err
			}
		}
		if err := void.Mark(tx, "consents_all", "patient_id = ?", p.ID); err != nil {
			return err
		}
		if err := s.People.SetVoid(tx, &p, &void); err != nil {
			return err
		}
		return cancelPending(tx, p.ID)
	})
	return p, err
}

// lockEpisodes locks the episodes of a person that stand, and returns them after those that are locked already.
func lockEpisodes(tx *db.Tx, patient uuid.UUID, locked []episodes.Episode) ([]episodes.Episode, error) {
	var ids []uuid.UUID
	if err := tx.InSites().Table("episodes").Where("patient_id = ?", patient).Order("id").Pluck("id", &ids).Error; err != nil {
		return nil, err
	}
	for _, id := range ids {
		if slices.ContainsFunc(locked, func(e episodes.Episode) bool { return e.ID == id }) {
			continue
		}
		e, err := db.FindForUpdate[episodes.Episode](tx, "episode", id)
		if err != nil {
			return nil, err
		}
		locked = append(locked, e)
	}
	return locked, nil
}

// RestorePatient says that a person who was entered in error was rightly recorded: exactly what fell with them is back.
// Fault: conflict (they stand, or somebody else has their NHS number since).
func (s *Store) RestorePatient(ctx context.Context, id uuid.UUID, why voids.InErrorReason) (p people.Patient, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		var void voids.Void
		if p, void, err = people.LockVoided(tx, id); err != nil {
			return err
		}
		if err := s.People.SetVoid(tx, &p, nil); err != nil {
			return err
		}
		var fell []episodes.Episode
		if err := tx.Table("recorded_episodes").
			Where("site_id = ? and id in (select id from episodes_all where site_id = ? and void_id = ?)", p.SiteID, p.SiteID, void.ID).
			Order("id").
			Find(&fell).
			Error; err != nil {
			return err
		}
		tables := append([]string{"consents_all"}, restoredTables...)
		if void, err = voids.TakeBack(tx, p.VoidSubject(), why.Reason, tables...); err != nil {
			return err
		}
		for i := range fell {
			if err := fell[i].RecordRestored(tx); err != nil {
				return err
			}
		}
		return referrals.Restore(tx, void, why.Reason)
	})
	return p, err
}

// RestoreEpisode says that an episode that was entered in error was right after all: exactly what fell with it is back.
// Faults: conflict (it stands, or its person is in error).
func (s *Store) RestoreEpisode(
	ctx context.Context,
	id uuid.UUID,
	why voids.InErrorReason,
) (e episodes.Episode, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if e, err = db.FindRecorded[episodes.Episode](tx, "episode", id); err != nil {
			return err
		}
		if _, err := people.LockForChange(tx, e.PatientID); err != nil {
			return err
		}
		void, err := voids.TakeBack(tx, e.VoidSubject(), why.Reason, restoredTables...)
		if err != nil {
			return err
		}
		if err := referrals.Restore(tx, void, why.Reason); err != nil {
			return err
		}
		return e.RecordRestored(tx)
	})
	return e, err
}
