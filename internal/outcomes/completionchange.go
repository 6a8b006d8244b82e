package outcomes

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/episodes"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// ChangeCompletion corrects what a person said at a follow-up, answer by answer, at the version that the caller read. What
// was said of services before, where the patch names any, falls as entered in error. When, how and by whom it was answered
// stays, since the assessments that were recorded with it have it too. Faults: stale, invalid, not_found, conflict (it is in
// error).
func (s *Store) ChangeCompletion(
	ctx context.Context,
	followUp uuid.UUID,
	version int,
	changes CompletionChanges,
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
			if _, err := recordedCompletion(tx, f); err != nil {
				return err
			}
			return fault.New(fault.Conflict, "This completion is entered in error: nothing can be changed of it.")
		}
		if err := db.Match(version, int(said.Revision())); err != nil {
			return err
		}
		if said.CompletionAnswers, err = changes.Apply(said.CompletionAnswers); err != nil {
			return err
		}
		if changes.Has("services") {
			if err := said.replaceServices(tx, f, &e); err != nil {
				return err
			}
		}
		row := tx.Model(&RecordedCompletion{}).Where("site_id = ? and id = ?", f.SiteID, said.ID)
		if err := row.Updates(map[string]any{
			"how_have_you_been": said.HowHaveYouBeen,
			"benefit":           said.Benefit,
			"narrative":         said.Narrative,
			"updated_at":        tx.Now,
		}).Error; err != nil {
			return err
		}
		if err := f.save(tx, events.FollowUpCompletionCorrected, nil, events.Data{"code": f.Code}); err != nil {
			return err
		}
		c, err = recordedCompletion(tx, f)
		return err
	})
	return c, err
}

// replaceServices stores what the person says of services in place of what was recorded.
func (c *RecordedCompletion) replaceServices(tx *db.Tx, f FollowUp, e *episodes.Episode) error {
	if err := c.checkServices(tx, e); err != nil {
		return err
	}
	return f.keepingServices(tx, func() error {
		if err := f.dropServices(tx, "Corrected.", "true"); err != nil {
			return err
		}
		return c.writeServices(tx, f, c.CompletedOn)
	})
}
