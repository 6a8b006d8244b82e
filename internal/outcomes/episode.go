package outcomes

import (
	"slices"

	"github.com/google/uuid"

	"waypost/internal/instruments"
	"waypost/internal/platform/db"
)

// Measured is an assessment with the instrument, in the version, that it was made with.
type Measured struct {
	Assessment
	By instruments.Instrument
}

// CountedAssessments lists an episode's assessments that figures count, by day. On one day the baseline is first.
func CountedAssessments(tx *db.Tx, site, episode uuid.UUID) ([]Measured, error) {
	var found []Assessment
	if err := tx.Table("counted_assessments").
		Where("site_id = ? and episode_id = ?", site, episode).
		Order("completed_on, timepoint <> 'baseline', id").
		Find(&found).
		Error; err != nil {
		return nil, err
	}
	list := make([]Measured, len(found))
	for i, a := range found {
		by, err := instruments.Find(tx, site, a.Instrument, a.InstrumentVersion)
		if err != nil {
			return nil, err
		}
		list[i] = Measured{a, by}
	}
	return list, nil
}

// EpisodeFollowUps lists an episode's follow-ups by target day, each with its state today and its completion, without
// the completion's services and assessments.
func EpisodeFollowUps(tx *db.Tx, site, episode uuid.UUID) (list []FollowUp, err error) {
	if err := followUps(
		tx,
		tx.Now,
	).Where("site_id = ? and episode_id = ?", site, episode).
		Order("target_on, id").
		Find(&list).
		Error; err != nil {
		return nil, err
	}
	var said []RecordedCompletion
	err = tx.Where("site_id = ? and follow_up_id in (select id from follow_ups where site_id = ? and episode_id = ?)", site, site, episode).
		Find(&said).
		Error
	for i := range list {
		if at := slices.IndexFunc(
			said,
			func(c RecordedCompletion) bool { return c.FollowUpID == list[i].ID },
		); at >= 0 {
			list[i].Completion = &said[at]
		}
	}
	return list, err
}
