package outcomes

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"waypost/internal/episodes"
	"waypost/internal/instruments"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// CompletionReassignment is the command to move what a person said at a follow-up to the right one.
type CompletionReassignment struct {
	// The follow-up that it belongs to, of the same site; nothing is completed there.
	FollowUpID uuid.UUID `json:"follow_up_id" format:"uuid"`
	// Why, in free text.
	Reason string `json:"reason" pattern:"\\S" format:"prose" maxLength:"500" example:"It was somebody else of the same name."`
}

// ReassignAssessment moves an assessment, with what it corrected and the concerns that its answers raised, to the episode
// that it belongs to. Faults: those of recording it there; conflict (a correction took its place, it was recorded with a
// completion, or it is in error).
func (s *Store) ReassignAssessment(
	ctx context.Context,
	id uuid.UUID,
	to uuid.UUID,
) (a Assessment, old, new episodes.Episode, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if a, err = db.Find[Assessment](tx, "assessment", id); err != nil {
			return err
		}
		if old, new, err = episodes.LockForReassignment(tx, a.EpisodeID, to); err != nil {
			return err
		}
		if a, err = db.FindForUpdate[Assessment](tx, "assessment", id); err != nil {
			return err
		}
		if a.CorrectedByID != nil {
			return fault.New(fault.Conflict, "A correction took the place of this assessment: reassign that one.")
		}
		if err := checkTimepoint(tx, new, a.Timepoint); err != nil {
			return err
		}
		switch with, err := a.ofCompletion(tx); {
		case err != nil:
			return err
		case with:
			return fault.New(fault.Conflict, "It was recorded with a completion: reassign that.")
		}
		if a.followUp, err = plannedAt(tx, &new, a.Timepoint); err != nil {
			return err
		}
		if err := a.moveTo(tx, &new); err != nil {
			return err
		}
		if err := episodes.RecordReassignment(tx, events.AssessmentReassigned, a.ID, old, new); err != nil {
			return err
		}
		if err := updateBaseline(tx, &old, nil); err != nil {
			return err
		}
		return updateBaseline(tx, &new, nil)
	})
	return a, old, new, err
}

// ofCompletion reports whether an assessment was recorded with a completion that stands.
func (a *Assessment) ofCompletion(tx *db.Tx) (with bool, err error) {
	if a.FollowUpID == nil {
		return false, nil
	}
	var said []RecordedCompletion
	err = tx.Where("site_id = ? and follow_up_id = ?", a.SiteID, *a.FollowUpID).Find(&said).Error
	if err != nil || len(said) == 0 {
		return false, err
	}
	with = said[0].CreatedAt.Equal(a.CreatedAt)
	if !with && a.CorrectsID != nil {
		ids, err := assessedWith(tx, said[0])
		return slices.Contains(ids, a.ID), err
	}
	return with, err
}

// moveTo moves an assessment and what it corrected to another episode. What the person may answer there is checked anew.
func (a *Assessment) moveTo(tx *db.Tx, e *episodes.Episode) error {
	instrument, err := instruments.Find(tx, a.SiteID, a.Instrument, a.InstrumentVersion)
	if err != nil {
		return err
	}
	if err := a.check(tx, e, instrument, "responses"); err != nil {
		return err
	}
	chain, err := correctionChain(tx, *a)
	if err != nil {
		return err
	}
	a.EpisodeID, a.FollowUpID, a.UpdatedAt = e.ID, nil, tx.Now
	if a.followUp != nil {
		a.FollowUpID = &a.followUp.ID
	}
	if err := tx.Table("assessments").
		Where("site_id = ? and id in ?", a.SiteID, chain).
		Updates(map[string]any{"episode_id": e.ID, "follow_up_id": a.FollowUpID, "timepoint": a.Timepoint, "updated_at": tx.Now}).
		Error; err != nil {
		return err
	}
	if err := tx.Table("assessment_scores").
		Where("site_id = ? and assessment_id in ?", a.SiteID, chain).
		Updates(map[string]any{"episode_id": e.ID, "timepoint": a.Timepoint}).
		Error; err != nil {
		return err
	}
	return tx.Table("safeguarding_flags").
		Where("site_id = ? and assessment_id in ?", a.SiteID, chain).
		Updates(map[string]any{"episode_id": e.ID, "patient_id": e.PatientID, "updated_at": tx.Now}).
		Error
}

// ReassignCompletion moves what a person said at a follow-up, with the assessments that were recorded with it, to the
// follow-up that it belongs to; the first one is open again. What was said of referrals of the other person falls as
// entered in error, since it is about services that this person was not connected to. Faults: those of completing the
// follow-up; conflict (nothing was said, or the other follow-up is completed).
func (s *Store) ReassignCompletion(
	ctx context.Context,
	followUp uuid.UUID,
	n CompletionReassignment,
) (c RecordedCompletion, old, new episodes.Episode, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		f, t, err := lockFollowUps(tx, followUp, n.FollowUpID, &old, &new)
		if err != nil {
			return err
		}
		said, err := completionOf(tx, f)
		switch {
		case err != nil:
			return err
		case said == nil:
			return fault.New(fault.Conflict, "Nothing that stands says that this follow-up was completed.")
		case t.CompletedOn != nil:
			return fault.New(fault.Conflict, "The other follow-up is completed already.")
		case said.CompletedOn.Before(t.AnchorOn):
			return fault.InvalidAt("follow_up_id", fault.OutOfRange, "counts from a day after the answers")
		}
		if err := checkAnswered(tx, &new, said.CompletedOn); err != nil {
			return err
		}
		if err := said.moveTo(tx, f, t, &new, n.Reason); err != nil {
			return err
		}
		on := f.CompletedOn
		f.CompletedOn = nil
		data := events.Data{"from_episode_id": old.ID.String(), "to_episode_id": new.ID.String()}
		if err := f.save(tx, events.FollowUpCompletionReassigned, nil, data); err != nil {
			return err
		}
		t.CompletedOn, t.LostOn, t.LossReason, t.LossNote = on, nil, nil, nil
		if err := t.save(tx, events.FollowUpCompletionReassigned, nil, data); err != nil {
			return err
		}
		if err := Plan(tx, old); err != nil {
			return err
		}
		c, err = recordedCompletion(tx, t)
		return err
	})
	return c, old, new, err
}

// lockFollowUps reads two follow-ups, of two episodes, and locks these.
func lockFollowUps(tx *db.Tx, from, to uuid.UUID, old, new *episodes.Episode) (f, t FollowUp, err error) {
	if f, err = read(tx, from); err != nil {
		return f, t, err
	}
	if t, err = read(tx, to); err != nil {
		return f, t, fault.Within("follow_up_id", err)
	}
	if f.EpisodeID == t.EpisodeID {
		return f, t, fault.InvalidAt("follow_up_id", fault.NotAllowed, "is of the episode that it belongs to already")
	}
	if *old, *new, err = episodes.LockForReassignment(tx, f.EpisodeID, t.EpisodeID); err != nil {
		return f, t, err
	}
	if f, err = read(tx, from); err != nil {
		return f, t, err
	}
	t, err = read(tx, to)
	return f, t, err
}

// moveTo moves a completion and what was recorded with it to another follow-up.
func (c *RecordedCompletion) moveTo(tx *db.Tx, f, t FollowUp, e *episodes.Episode, reason string) error {
	with, err := assessedWith(tx, *c)
	if err != nil {
		return err
	}
	var list []Assessment
	if err := tx.Where("site_id = ? and id in ? and corrected_by_id is null", f.SiteID, with).Find(&list).Error; err != nil {
		return err
	}
	if err := f.keepingServices(tx, func() error {
		if err := f.dropServices(tx, reason, "referral_id is not null"); err != nil {
			return err
		}
		for _, table := range []string{"follow_up_services", "follow_up_completions"} {
			if err := tx.Table(table).Where("site_id = ? and follow_up_id = ?", f.SiteID, f.ID).
				Update("follow_up_id", t.ID).Error; err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	for i := range list {
		list[i].Timepoint, list[i].followUp = t.Code, &t
		if err := list[i].moveTo(tx, e); err != nil {
			return err
		}
	}
	return nil
}
