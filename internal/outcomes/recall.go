package outcomes

import (
	"waypost/internal/instruments"
	"waypost/internal/platform/db"
)

// EarlierAnswer is what a person said before and is shown again, such as a concern that they named.
type EarlierAnswer struct {
	// The instrument's key.
	Instrument string `json:"instrument" example:"mycaw"`
	// The item.
	Item string `json:"item" example:"concern_1"`
	// Their words.
	Text string `json:"text"`
}

// addEarlierAnswers adds what the person said at the baseline, and how many answers they left unsent at their link.
func (f *FollowUp) addEarlierAnswers(tx *db.Tx) error {
	kept, err := f.countUnsentAnswers(tx)
	if err != nil {
		return err
	}
	if kept > 0 {
		f.AnswersKept = &kept
	}
	if f.State == Completed {
		return nil
	}
	var baselines []Assessment
	err = tx.Table("standing_assessments").
		Where("site_id = ? and episode_id = ? and timepoint = 'baseline'", f.SiteID, f.EpisodeID).
		Order("id").
		Find(&baselines).
		Error
	if err != nil {
		return err
	}
	for _, a := range baselines {
		i, err := instruments.Find(tx, a.SiteID, a.Instrument, a.InstrumentVersion)
		if err != nil {
			return err
		}
		f.SaidBefore = append(f.SaidBefore, a.answersToRepeat(i)...)
	}
	return nil
}

// answersToRepeat returns the answers that a follow-up shows again.
func (a Assessment) answersToRepeat(i instruments.Instrument) (list []EarlierAnswer) {
	for _, it := range i.Items {
		if answer := a.Responses[it.Code]; it.Repeat && answer.Text != nil && *answer.Text != "" {
			list = append(list, EarlierAnswer{a.Instrument, it.Code, *answer.Text})
		}
	}
	return list
}
