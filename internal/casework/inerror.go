package casework

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/episodes"
	"waypost/internal/outcomes"
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
		return outcomes.Replan(tx, e, &void)
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

const ofItsFollowUps = "follow_up_id in (select id from follow_ups_all where site_id = @site and episode_id = @episode)"

// EpisodeInError says that an episode should not have been recorded. Everything that belongs to it falls with it; its
// referrals and signposts move to entered_in_error. Faults: conflict (it is in error already, or nobody has seen a concern
// that an answer raised).
func (s *Store) EpisodeInError(
	ctx context.Context,
	id uuid.UUID,
	why voids.InErrorReason,
) (e episodes.Episode, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if e, err = db.FindForUpdate[episodes.Episode](tx, "episode", id); err != nil {
			return err
		}
		if err := outcomes.RefuseUnseenConcerns(tx, e.SiteID, "episode_id = ?", e.ID); err != nil {
			return err
		}
		void, err := voids.Begin(tx, e.VoidSubject(), &why.Reason, nil)
		if err != nil {
			return err
		}
		if err := referrals.EnterInError(tx, e, void); err != nil {
			return err
		}
		at := map[string]any{"site": e.SiteID, "episode": e.ID}
		for _, of := range ofEpisode {
			if err := void.Mark(tx, of.table, of.condition, at); err != nil {
				return err
			}
		}
		return e.MarkInError(tx, void)
	})
	return e, err
}

// RestoreEpisode says that an episode that was entered in error was right after all: exactly what fell with it is back.
// Fault: conflict (it stands).
func (s *Store) RestoreEpisode(
	ctx context.Context,
	id uuid.UUID,
	why voids.InErrorReason,
) (e episodes.Episode, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if e, err = db.FindRecorded[episodes.Episode](tx, "episode", id); err != nil {
			return err
		}
		void, err := voids.Standing(tx, e.VoidSubject())
		if err != nil {
			return err
		}
		if err := e.Restore(tx, void); err != nil {
			return err
		}
		for i := range ofEpisode { // what belongs to something comes after it
			if err := void.Restore(tx, ofEpisode[len(ofEpisode)-1-i].table); err != nil {
				return err
			}
		}
		if err := referrals.Restore(tx, void, why.Reason); err != nil {
			return err
		}
		return void.Undo(tx, why.Reason)
	})
	return e, err
}
