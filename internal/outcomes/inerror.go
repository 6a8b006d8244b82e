package outcomes

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/episodes"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/voids"
)

// AssessmentInError says that an assessment should not have been recorded. What it corrected falls with it. Where it was the
// episode's only baseline, so do the follow-ups that count from it and of which nothing was recorded; an episode in which
// nobody met the person either waits again. Faults: conflict (it is in error already, a correction took its place, or
// nobody has seen a concern that it raised).
func (s *Store) AssessmentInError(ctx context.Context, id uuid.UUID, why voids.InErrorReason) (a Assessment, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		found, e, err := lockAssessment(tx, id)
		if err != nil {
			return err
		}
		if found.EnteredInError != nil {
			return voids.ErrInError
		}
		if found.CorrectedByID != nil {
			return fault.New(
				fault.Conflict,
				"A correction took the place of this assessment: enter that one in error, and this one falls with it.",
			)
		}
		chain, err := correctionChain(tx, found)
		if err != nil {
			return err
		}
		if err := RefuseUnseenConcerns(tx, found.SiteID, "assessment_id in ?", chain); err != nil {
			return err
		}
		void, err := voids.Enter(tx, found.voidSubject(e), &why.Reason, "assessments_all", "id in ?", chain)
		if err != nil {
			return err
		}
		if err := updateBaseline(tx, &e, &void); err != nil {
			return err
		}
		if err := found.recordStanding(tx, e, events.AssessmentEnteredInError); err != nil {
			return err
		}
		a, err = s.Get(tx.Context(), id)
		return err
	})
	return a, err
}

// RestoreAssessment says that an assessment that was entered in error was right after all. Faults: conflict (it stands, it
// fell with something else, or another was recorded at its timepoint since).
func (s *Store) RestoreAssessment(ctx context.Context, id uuid.UUID, why voids.InErrorReason) (a Assessment, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		found, e, err := lockAssessment(tx, id)
		if err != nil {
			return err
		}
		void, err := voids.TakeBack(tx, found.voidSubject(e), why.Reason, "assessments_all")
		if err != nil {
			return err
		}
		if err := RestoreFollowUps(tx, void, e); err != nil {
			return err
		}
		if err := updateBaseline(tx, &e, nil); err != nil {
			return err
		}
		if err := found.recordStanding(tx, e, events.AssessmentRestored); err != nil {
			return err
		}
		a, err = s.Get(tx.Context(), id)
		return err
	})
	return a, err
}

// lockAssessment reads an assessment, which may be in error, and locks its episode, which may not.
func lockAssessment(tx *db.Tx, id uuid.UUID) (a Assessment, e episodes.Episode, err error) {
	if a, err = db.FindRecorded[Assessment](tx, "assessment", id); err != nil {
		return a, e, err
	}
	if e, err = db.FindForUpdate[episodes.Episode](tx, "episode", a.EpisodeID); err != nil {
		return a, e, err
	}
	a, err = db.FindRecorded[Assessment](tx, "assessment", id)
	return a, e, err
}

func (a *Assessment) voidSubject(e episodes.Episode) voids.Subject {
	return voids.Subject{Type: "assessment", SiteID: a.SiteID, ID: a.ID, PatientID: e.PatientID}
}

func (a *Assessment) recordStanding(tx *db.Tx, e episodes.Episode, kind events.Kind) error {
	return events.Record(tx, kind, events.Subject{ID: a.ID, SiteID: a.SiteID, PatientID: e.PatientID}, nil)
}

// correctionChain is the ids of an assessment and of what it corrected, one after the other.
func correctionChain(tx *db.Tx, last Assessment) (ids []uuid.UUID, err error) {
	err = tx.Raw(`with recursive chain as (
			select id, corrects_id from assessments where site_id = @site and id = @last
			union all
			select a.id, a.corrects_id from chain c join assessments a on a.site_id = @site and a.id = c.corrects_id)
		select id from chain`, map[string]any{"site": last.SiteID, "last": last.ID}).
		Scan(&ids).
		Error
	return ids, err
}

// RefuseUnseenConcerns keeps a concern that nobody has seen from vanishing with the answer that raised it.
func RefuseUnseenConcerns(tx *db.Tx, site uuid.UUID, condition string, args ...any) error {
	var open int64
	err := tx.Table("open_safeguarding_flags").Where("site_id = ?", site).Where(condition, args...).Count(&open).Error
	if err == nil && open > 0 {
		return fault.New(
			fault.Conflict,
			"An answer raised a safeguarding concern that nobody has marked as seen: see to that first.",
		)
	}
	return err
}

// updateBaseline sets the day of the episode's first baseline that stands, after assessments fell or came back, and plans
// what counts from it. Where there is none any more, the follow-ups that counted from it fall with the void.
func updateBaseline(tx *db.Tx, e *episodes.Episode, void *voids.Void) error {
	first, err := firstBaseline(tx, *e)
	if err != nil {
		return err
	}
	if first == nil && e.BaselineOn == nil || first != nil && e.BaselineOn != nil && *first == *e.BaselineOn {
		return nil
	}
	if err := e.SetBaseline(tx, first); err != nil {
		return err
	}
	return Replan(tx, *e, Baseline, void)
}

// What a follow-up counts from, that a mistake can take away.
const (
	Baseline     = "baseline"
	FirstContact = "first_contact"
)

// Replan plans follow-ups after something fell with a void, or left the episode (nil): where the anchor that it was is gone,
// those that count from it and of which nothing was recorded fall too.
func Replan(tx *db.Tx, e episodes.Episode, anchor string, void *voids.Void) error {
	if err := dropUnanchored(tx, e, anchor, void); err != nil {
		return err
	}
	return Plan(tx, e)
}

// dropUnanchored lets the follow-ups of an episode fall that no day anchors any more, where nothing was recorded of them.
func dropUnanchored(tx *db.Tx, e episodes.Episode, anchor string, void *voids.Void) error {
	if map[string]*day.Date{Baseline: e.BaselineOn, FirstContact: e.FirstContactOn}[anchor] != nil {
		return nil
	}
	var ids []uuid.UUID
	err := tx.Table("follow_ups f").
		Where(`f.site_id = ? and f.episode_id = ? and f.completed_on is null and f.lost_on is null
			and f.code in (select code from schedules s where s.site_id = f.site_id and s.anchor = ?)
			and not exists (select from follow_up_attempts a where a.site_id = f.site_id and a.follow_up_id = f.id)`,
			e.SiteID, e.ID, anchor).
		Pluck("f.id", &ids).
		Error
	if err != nil || len(ids) == 0 {
		return err
	}
	if void == nil {
		reason := "What it counted from belongs to another episode."
		subject := voids.Subject{Type: "follow_up", SiteID: e.SiteID, ID: ids[0], PatientID: e.PatientID}
		began, err := voids.Begin(tx, subject, &reason, nil)
		if err != nil {
			return err
		}
		void = &began
	}
	return void.Mark(tx, "follow_ups_all", "id in ?", ids)
}

// RestoreFollowUps brings back the follow-ups that fell with a void, but for those that were planned anew since.
func RestoreFollowUps(tx *db.Tx, void voids.Void, e episodes.Episode) error {
	return tx.Exec(`update follow_ups_all set void_id = null, version = version + 1, updated_at = ?
		where site_id = ? and void_id = ? and episode_id = ?
			and code not in (select code from follow_ups f where f.site_id = ? and f.episode_id = ?)`,
		tx.Now, void.SiteID, void.ID, e.ID, e.SiteID, e.ID).
		Error
}
