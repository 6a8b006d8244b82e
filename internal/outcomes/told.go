package outcomes

import (
	"slices"

	"github.com/google/uuid"

	"waypost/internal/platform/db"
)

// Standing lists an episode's assessments that no correction replaced, by day; of one day, the baseline first.
func Standing(tx *db.Tx, site, episode uuid.UUID) (list []Assessment, err error) {
	err = tx.Where("site_id = ? and episode_id = ? and corrected_by_id is null", site, episode).Order("completed_on, timepoint <> 'baseline', id").Find(&list).Error
	return list, err
}

// Told lists an episode's follow-ups by target day, each with its state today and with what was said at it, without the
// services and assessments of that.
func Told(tx *db.Tx, site, episode uuid.UUID) (list []FollowUp, err error) {
	today, err := tx.Today(site)
	if err != nil {
		return nil, err
	}
	if err := tx.Table(followUpRows).Where("site_id = ? and episode_id = ?", site, episode).Order("target_on, id").Find(&list).Error; err != nil {
		return nil, err
	}
	var said []Completed
	err = tx.Where("site_id = ? and follow_up_id in (select id from follow_ups where site_id = ? and episode_id = ?)", site, site, episode).Find(&said).Error
	for i := range list {
		list[i].State = list[i].StateOn(today)
		if at := slices.IndexFunc(said, func(c Completed) bool { return c.FollowUpID == list[i].ID }); at >= 0 {
			list[i].Completion = &said[at]
		}
	}
	return list, err
}
