package outcomes

import (
	"slices"

	"github.com/google/uuid"

	"waypost/internal/instruments"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// The use of health services is context: it is never an outcome by itself. So whoever is shown it is shown, beside it,
// what the same person says of themselves, and is told how little a fall in it says.

// InContext is what an assessment of context, such as health_service_use, is never shown without.
type InContext struct {
	Context bool `json:"-"`
	// With an assessment of the use of health services: what the person said of themselves in the
	// same episode.
	Beside []PersonCentred `json:"beside,omitzero" gorm:"-"`
	// With such an assessment: what must be known to read it.
	Caution string `json:"caution,omitempty" gorm:"-"`
}

// PersonCentred is an assessment of how a person is, as it stands beside one of context.
type PersonCentred struct {
	// The instrument's key.
	Instrument string `json:"instrument" example:"ons4"`
	// When it was answered: baseline, review, closure, or the code of a follow-up.
	Timepoint string `json:"timepoint" example:"baseline"`
	// The day.
	CompletedOn day.Date `json:"completed_on" format:"date"`
	// Its scores.
	Scores instruments.Results `json:"scores"`
}

const caution = "Uncontrolled before-after change regresses to the mean: people are referred when they use services most, " +
	"and use fewer later whatever is done. Fewer GP visits are not by themselves a better outcome."

// contextOn reports whether the site's assessments may ask about the use of health services.
func contextOn(tx *db.Tx, site uuid.UUID) (on bool, err error) {
	err = tx.Raw("select health_service_use from sites where id = ?", site).Scan(&on).Error
	return on, err
}

func checkContext(tx *db.Tx, site uuid.UUID, field string) error {
	on, err := contextOn(tx, site)
	if err == nil && !on {
		return fault.InvalidAt(
			field,
			fault.NotAllowed,
			"asks about the use of health services, which this site has not switched on "+
				"(health_service_use of the site)",
		)
	}
	return err
}

// addPersonCentred puts beside each assessment of context the person-centred ones of its episode, which is the same
// for all of the list.
func addPersonCentred(tx *db.Tx, list []Assessment) error {
	at := slices.IndexFunc(list, func(a Assessment) bool { return a.Context })
	if at < 0 {
		return nil
	}
	beside := []PersonCentred{}
	err := tx.Table("counted_assessments").
		Where("site_id = ? and episode_id = ? and not context", list[at].SiteID, list[at].EpisodeID).
		Order("completed_on, id").
		Find(&beside).
		Error
	for i := range list {
		if list[i].Context {
			list[i].Beside, list[i].Caution = beside, caution
		}
	}
	return err
}

func (a *Assessment) addPersonCentred(tx *db.Tx) error {
	one := []Assessment{*a}
	err := addPersonCentred(tx, one)
	a.InContext = one[0].InContext
	return err
}

// contextAlone warns where, at one timepoint, the use of health services was asked and no instrument about the person.
// besides has filled the list in.
func contextAlone(list ...Assessment) []fault.Warning {
	alone := func(a Assessment) bool {
		return a.Context &&
			!slices.ContainsFunc(a.Beside, func(p PersonCentred) bool { return p.Timepoint == a.Timepoint })
	}
	if !slices.ContainsFunc(list, alone) {
		return nil
	}
	return []fault.Warning{
		{
			Code: "context_alone",
			Detail: "The use of health services is asked without any instrument about how the person is: by itself " +
				"it says nothing of that.",
		},
	}
}
