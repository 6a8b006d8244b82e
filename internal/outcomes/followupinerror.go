package outcomes

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/voids"
)

// CompletionInError says that what a person said at a follow-up should not have been recorded: of somebody else, say. What
// they said of services, and the assessments that were recorded with it, fall with it, and the follow-up is open again.
// Faults: conflict (there is none, or nobody has seen a concern that it raised).
func (s *Store) CompletionInError(
	ctx context.Context,
	followUp uuid.UUID,
	why voids.InErrorReason,
) (c RecordedCompletion, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		f, e, err := lockForUpdate(tx, followUp)
		if err != nil {
			return err
		}
		said, err := completionOf(tx, f)
		if err != nil {
			return err
		}
		if said == nil {
			return fault.New(fault.Conflict, "Nothing that stands says that this follow-up was completed.")
		}
		assessments, err := assessedWith(tx, *said)
		if err != nil {
			return err
		}
		if err := RefuseUnseenConcerns(tx, f.SiteID, "assessment_id in ?", assessments); err != nil {
			return err
		}
		void, err := voids.Enter(tx, said.voidSubject(f), &why.Reason, "follow_up_completions_all", "follow_up_id = ?", f.ID)
		if err != nil {
			return err
		}
		if err := void.Mark(tx, "follow_up_services_all", "follow_up_id = ?", f.ID); err != nil {
			return err
		}
		if err := void.Mark(tx, "assessments_all", "id in ?", assessments); err != nil {
			return err
		}
		f.CompletedOn = nil
		data := events.Data{"code": f.Code}
		if err := f.save(tx, events.FollowUpCompletionEnteredInError, nil, data); err != nil {
			return err
		}
		c, err = recordedCompletion(tx, f)
		if err != nil {
			return err
		}
		return Plan(tx, e)
	})
	return c, err
}

// RestoreCompletion says that the completion of a follow-up that was entered in error last was right after all. Faults:
// conflict (none was entered in error, the follow-up was completed anew, or an instrument was answered anew at it).
func (s *Store) RestoreCompletion(
	ctx context.Context,
	followUp uuid.UUID,
	why voids.InErrorReason,
) (c RecordedCompletion, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		f, _, err := lockForUpdate(tx, followUp)
		if err != nil {
			return err
		}
		if f.CompletedOn != nil {
			return fault.New(fault.Conflict, "This follow-up is completed: nothing is to be restored.")
		}
		if c, err = recordedCompletion(tx, f); err != nil {
			return err
		}
		if _, err := voids.TakeBack(tx, c.voidSubject(f), why.Reason,
			"follow_up_completions_all", "follow_up_services_all", "assessments_all"); err != nil {
			return err
		}
		f.CompletedOn, f.LostOn, f.LossReason, f.LossNote = &c.CompletedOn, nil, nil, nil
		if err := f.save(tx, events.FollowUpCompletionRestored, nil, events.Data{"code": f.Code}); err != nil {
			return err
		}
		c, err = recordedCompletion(tx, f)
		return err
	})
	return c, err
}

func (c *RecordedCompletion) voidSubject(f FollowUp) voids.Subject {
	return voids.Subject{Type: "completion", SiteID: f.SiteID, ID: c.ID, PatientID: f.PatientID}
}

// assessedWith is the ids of the assessments that were recorded with a completion, and of their corrections.
func assessedWith(tx *db.Tx, c RecordedCompletion) (ids []uuid.UUID, err error) {
	err = tx.Raw(`with recursive chain as (
			select id from assessments where site_id = @site and follow_up_id = @follow_up and created_at = @at
			union all
			select a.id from chain c join assessments a on a.site_id = @site and a.corrects_id = c.id)
		select id from chain`, map[string]any{"site": c.SiteID, "follow_up": c.FollowUpID, "at": c.CreatedAt}).
		Scan(&ids).
		Error
	return ids, err
}

// Completion returns what a person said at a follow-up: what stands, or else what was entered in error last.
func (s *Store) Completion(ctx context.Context, followUp uuid.UUID) (c RecordedCompletion, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		f, err := readRecorded(tx, followUp)
		if err != nil {
			return err
		}
		if c, err = recordedCompletion(tx, f); err != nil {
			return err
		}
		return events.Read(tx, "completion", f.SiteID, f.PatientID)
	})
	return c, err
}

// recordedCompletion reads the completion that stands, or else the one that was entered in error last, with what was said
// of services and the assessments that are recorded with it.
func recordedCompletion(tx *db.Tx, f FollowUp) (RecordedCompletion, error) {
	c, err := db.First[RecordedCompletion](
		tx.Table("recorded_follow_up_completions").
			Where("site_id = ? and follow_up_id = ?", f.SiteID, f.ID).
			Order("(entered_in_error is null) desc, updated_at desc, id desc"),
		"completion")
	if err != nil {
		return c, err
	}
	c.Services, c.Assessments = []Used{}, []Measure{}
	const same = "site_id = ? and follow_up_id = ? and void_id is not distinct from (select void_id from " +
		"follow_up_completions_all where site_id = ? and id = ?)"
	if err := tx.Table("follow_up_services_all").
		Where(same, f.SiteID, f.ID, f.SiteID, c.ID).
		Order("id").
		Find(&c.Services).
		Error; err != nil {
		return c, err
	}
	err = tx.Table("assessments_all").
		Where(same, f.SiteID, f.ID, f.SiteID, c.ID).
		Where("corrected_by_id is null").
		Order("id").
		Find(&c.Assessments).
		Error
	return c, err
}

// RecordedLoss is that a follow-up was given up.
type RecordedLoss struct {
	// The follow-up.
	FollowUpID uuid.UUID `json:"follow_up_id" format:"uuid"`
	// The day it was given up.
	LostOn day.Date `json:"lost_on" format:"date"`
	// Why it was given up.
	Reason string `json:"reason" format:"code:loss_reasons" example:"could_not_contact"`
	// More about the reason, in free text.
	Note *string `json:"note"`
	// It should never have been recorded, and counts in nothing; null: it stands.
	EnteredInError *voids.InError `json:"entered_in_error" format:"or-null"`
}

// Loss returns that a follow-up was given up: what stands, or else what was entered in error last.
func (s *Store) Loss(ctx context.Context, followUp uuid.UUID) (l RecordedLoss, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		f, err := readRecorded(tx, followUp)
		if err != nil {
			return err
		}
		if f.LostOn != nil {
			l = RecordedLoss{f.ID, *f.LostOn, *f.LossReason, f.LossNote, nil}
		} else if l, _, err = lossInError(tx, f); err != nil {
			return err
		}
		return events.Read(tx, "loss", f.SiteID, f.PatientID)
	})
	return l, err
}

// LossInError says that a follow-up should not have been given up: it is open again. Fault: conflict (it is not lost).
func (s *Store) LossInError(ctx context.Context, followUp uuid.UUID, why voids.InErrorReason) (l RecordedLoss, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		f, e, err := lockForUpdate(tx, followUp)
		if err != nil {
			return err
		}
		if f.LostOn == nil {
			return fault.New(fault.Conflict, "Nothing that stands says that this follow-up is lost.")
		}
		was := voids.Loss{LostOn: f.LostOn.String(), Reason: *f.LossReason, Note: f.LossNote}
		void, err := voids.Begin(tx, f.voidedLoss(), &why.Reason, &was)
		if err != nil {
			return err
		}
		l = RecordedLoss{f.ID, *f.LostOn, *f.LossReason, f.LossNote, void.InError()}
		f.LostOn, f.LossReason, f.LossNote = nil, nil, nil
		if err := f.save(tx, events.FollowUpLossEnteredInError, nil, events.Data{"code": f.Code}); err != nil {
			return err
		}
		return Plan(tx, e)
	})
	return l, err
}

// RestoreLoss says that a follow-up was rightly given up. Fault: conflict (nothing was entered in error, or it is lost or
// completed since).
func (s *Store) RestoreLoss(ctx context.Context, followUp uuid.UUID, why voids.InErrorReason) (l RecordedLoss, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		f, _, err := lockForUpdate(tx, followUp)
		if err != nil {
			return err
		}
		if f.CompletedOn != nil || f.LostOn != nil {
			return fault.New(fault.Conflict, "This follow-up is completed or lost: nothing is to be restored.")
		}
		was, void, err := lossInError(tx, f)
		if fault.Is(err, fault.NotFound) {
			return voids.ErrStands
		}
		if err != nil {
			return err
		}
		f.LostOn, f.LossReason, f.LossNote = &was.LostOn, &was.Reason, was.Note
		if err := void.Undo(tx, why.Reason); err != nil {
			return err
		}
		if err := f.save(tx, events.FollowUpLossRestored, nil, events.Data{"code": f.Code}); err != nil {
			return err
		}
		l, err = s.Loss(tx.Context(), followUp)
		return err
	})
	return l, err
}

func (f *FollowUp) voidedLoss() voids.Subject {
	return voids.Subject{Type: "loss", SiteID: f.SiteID, ID: f.ID, PatientID: f.PatientID}
}

// lossInError is the loss of a follow-up that was entered in error last.
func lossInError(tx *db.Tx, f FollowUp) (l RecordedLoss, v voids.Void, err error) {
	v, err = db.First[voids.Void](
		tx.Where("site_id = ? and subject_type = 'loss' and subject_id = ? and undone_at is null", f.SiteID, f.ID).
			Order("at desc, id desc"),
		"loss")
	if err != nil {
		return l, v, err
	}
	on, err := day.Parse(v.Loss.V.LostOn)
	return RecordedLoss{f.ID, on, v.Loss.V.Reason, v.Loss.V.Note, v.InError()}, v, err
}

// GetAttempt returns a try at reaching a person, also one that was entered in error.
func (s *Store) GetAttempt(ctx context.Context, id uuid.UUID) (a Attempt, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if a, err = db.FindRecorded[Attempt](tx, "attempt", id); err != nil {
			return err
		}
		f, err := readRecorded(tx, a.FollowUpID)
		if err != nil {
			return err
		}
		return events.Read(tx, "attempt", f.SiteID, f.PatientID)
	})
	return a, err
}

// AttemptInError says that a try at reaching a person should not have been recorded. Fault: conflict (it is in error
// already).
func (s *Store) AttemptInError(ctx context.Context, id uuid.UUID, why voids.InErrorReason) (a Attempt, err error) {
	return s.changeAttempt(ctx, id, func(tx *db.Tx, a Attempt, f FollowUp) error {
		if a.EnteredInError != nil {
			return voids.ErrInError
		}
		if _, err := voids.Enter(tx, a.voidSubject(f), &why.Reason, "follow_up_attempts_all", "id = ?", a.ID); err != nil {
			return err
		}
		return f.recordEvent(tx, events.FollowUpAttemptEnteredInError, nil, events.Data{"code": f.Code})
	})
}

// RestoreAttempt says that a try that was entered in error was made after all. Fault: conflict (it stands).
func (s *Store) RestoreAttempt(ctx context.Context, id uuid.UUID, why voids.InErrorReason) (a Attempt, err error) {
	return s.changeAttempt(ctx, id, func(tx *db.Tx, a Attempt, f FollowUp) error {
		if _, err := voids.TakeBack(tx, a.voidSubject(f), why.Reason, "follow_up_attempts_all"); err != nil {
			return err
		}
		return f.recordEvent(tx, events.FollowUpAttemptRestored, nil, events.Data{"code": f.Code})
	})
}

func (a *Attempt) voidSubject(f FollowUp) voids.Subject {
	return voids.Subject{Type: "attempt", SiteID: a.SiteID, ID: a.ID, PatientID: f.PatientID}
}

// changeAttempt changes whether an attempt stands, whose follow-up is locked meanwhile.
func (s *Store) changeAttempt(
	ctx context.Context,
	id uuid.UUID,
	change func(*db.Tx, Attempt, FollowUp) error,
) (a Attempt, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if a, err = db.FindRecorded[Attempt](tx, "attempt", id); err != nil {
			return err
		}
		f, _, err := lockForUpdate(tx, a.FollowUpID)
		if err != nil {
			return err
		}
		if a, err = db.FindRecorded[Attempt](tx, "attempt", id); err != nil {
			return err
		}
		if err := change(tx, a, f); err != nil {
			return err
		}
		a, err = db.FindRecorded[Attempt](tx, "attempt", id)
		return err
	})
	return a, err
}

// dropServices lets what was said of services at a follow-up fall, those that the condition finds.
func (f FollowUp) dropServices(tx *db.Tx, reason, condition string) error {
	subject := voids.Subject{Type: "services", SiteID: f.SiteID, ID: tx.NewID(), PatientID: f.PatientID}
	_, err := voids.Enter(tx, subject, &reason, "follow_up_services_all", "follow_up_id = ? and "+condition, f.ID)
	return err
}
