package outcomes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"waypost/internal/episodes"
	"waypost/internal/instruments"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/normal"
)

// check checks whether this person may give these answers to this instrument, on this day and at this site.
func (a *Assessment) check(tx *db.Tx, e *episodes.Episode, i instruments.Instrument, field string) error {
	if err := a.checkOrder(tx, e); err != nil {
		return err
	}
	normal.LanguageIfNew(&a.Language, nil)
	if err := i.Check(field, a.Responses); err != nil {
		return err
	}
	if err := a.checkWho(tx, e, i, field); err != nil {
		return err
	}
	if err := i.CheckProxy(field, a.Respondent, a.Responses); err != nil || !i.Context || a.CorrectsID != nil {
		return err // a correction is taken also after the site has switched context off
	}
	return checkContext(tx, e.SiteID, strings.TrimSuffix(field, "responses")+"instrument")
}

// checkWho refuses an instrument that the person is too young for, or that a proxy may not answer. Imports may hold a
// proxy's answers to it all the same, since they record what was done: such answers are kept, and get no scores.
func (a *Assessment) checkWho(tx *db.Tx, e *episodes.Episode, i instruments.Instrument, field string) error {
	if i.RefusesProxy(a.Respondent) && a.RecordedVia != "import" {
		at := "respondent"
		if field != "responses" { // in a follow-up's completion a proxy is welcome: it is this instrument that is not
			at = strings.TrimSuffix(field, "responses") + "instrument"
		}
		return fault.InvalidAt(
			at,
			fault.NotAllowed,
			"may be answered by the person alone, and by nobody for them: somebody may help them (self_with_help)",
		)
	}
	old, err := oldEnough(tx, e.SiteID, e.PatientID, i, a.CompletedOn)
	if err == nil && !old {
		return fault.InvalidAt(
			strings.TrimSuffix(field, "responses")+"instrument",
			fault.OutOfRange,
			fmt.Sprintf("is for people of %d years and over", i.MinAge),
		)
	}
	return err
}

// oldEnough reports whether the person has reached the instrument's minimum age on a day. Whose birth date leaves it open,
// or is not known, has not.
func oldEnough(tx *db.Tx, site, patient uuid.UUID, i instruments.Instrument, on day.Date) (old bool, err error) {
	if i.MinAge == 0 {
		return true, nil
	}
	err = tx.Raw("select surely_reached(birth_date, ?, ?) from patients where site_id = ? and id = ?",
		i.MinAge, on, site, patient).
		Scan(&old).
		Error
	return old, err
}

// checkOrder checks that the day fits the episode and that no answer is dated before the baseline.
func (a *Assessment) checkOrder(tx *db.Tx, e *episodes.Episode) error {
	if err := checkAnswered(tx, e, a.CompletedOn); err != nil {
		return err
	}
	if a.Timepoint == "baseline" {
		return a.precedesAll(tx, e)
	}
	if e.BaselineOn != nil && a.CompletedOn.Before(*e.BaselineOn) {
		return fault.InvalidAt("completed_on", fault.OutOfRange, "lies before the baseline")
	}
	return nil
}

// precedesAll refuses a baseline that is dated after another assessment of the episode: change is counted from the
// baseline on.
func (a *Assessment) precedesAll(tx *db.Tx, e *episodes.Episode) error {
	var earlier int64
	err := tx.Table("standing_assessments").
		Where("site_id = ? and episode_id = ? and timepoint <> 'baseline' and completed_on < ?", e.SiteID, e.ID, a.CompletedOn).
		Count(&earlier).
		Error
	if err == nil && earlier > 0 {
		return fault.InvalidAt(
			"completed_on",
			fault.OutOfRange,
			"lies after another assessment of the episode: a baseline comes first",
		)
	}
	return err
}

func checkHelper(respondent string, helper *string) error {
	if helper != nil && respondent == "self" {
		return fault.InvalidAt(
			"helper",
			fault.NotAllowed,
			"goes with self_with_help or proxy: self is the person alone",
		)
	}
	return nil
}

func checkTimepoint(tx *db.Tx, e episodes.Episode, timepoint string) error {
	if slices.Contains([]string{"baseline", "review", "closure"}, timepoint) {
		return nil
	}
	var n int64
	err := tx.Raw(`select (select count(*) from schedules where site_id = ? and code = ?)
		+ (select count(*) from follow_ups where site_id = ? and episode_id = ? and code = ?)`,
		e.SiteID, timepoint, e.SiteID, e.ID, timepoint).Scan(&n).Error
	if err == nil && n == 0 { // what was planned goes on when its schedule is gone
		return fault.InvalidAt(
			"timepoint",
			fault.UnknownCode,
			"is none of baseline, review, closure, and no follow-up of this site's schedule",
		)
	}
	if err == nil && e.BaselineOn == nil {
		return fault.InvalidAt(
			"timepoint",
			fault.NotAllowed,
			"is a follow-up's, and the episode has no baseline yet: record that first",
		)
	}
	return err
}

// plannedAt is the episode's follow-up whose timepoint it is, or nil.
func plannedAt(tx *db.Tx, e *episodes.Episode, timepoint string) (*FollowUp, error) {
	if timepoint == "baseline" || timepoint == "review" || timepoint == "closure" {
		return nil, nil
	}
	var found []FollowUp
	err := tx.Table("follow_ups").
		Where("site_id = ? and episode_id = ? and code = ?", e.SiteID, e.ID, timepoint).
		Find(&found).
		Error
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// checkAnswered refuses a day on which the person cannot have answered: as checkDay, and after their death.
func checkAnswered(tx *db.Tx, e *episodes.Episode, on day.Date) error {
	if err := checkDay(tx, e, "completed_on", on); err != nil {
		return err
	}
	var dead bool
	err := tx.Raw("select coalesce(died_on < ?, false) from patients where site_id = ? and id = ?", on, e.SiteID, e.PatientID).
		Scan(&dead).
		Error
	if err == nil && dead {
		return fault.InvalidAt("completed_on", fault.OutOfRange, "lies after the person's death")
	}
	return err
}

// checkDay refuses a day before the episode began or in the future.
func checkDay(tx *db.Tx, e *episodes.Episode, field string, on day.Date) error {
	today, err := tx.Today(e.SiteID)
	if err != nil {
		return err
	}
	var c fault.Checks
	c.Require(!on.After(today), field, fault.OutOfRange, "must not lie in the future")
	c.Require(!on.Before(e.ReceivedOn), field, fault.OutOfRange, "lies before the episode began")
	return c.Err()
}
