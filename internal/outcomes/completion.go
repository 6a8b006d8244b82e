package outcomes

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"waypost/internal/episodes"
	"waypost/internal/instruments"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/normal"
	"waypost/internal/platform/patch"
	"waypost/internal/platform/voids"
)

// Completion is the command to record what a person said at a follow-up.
type Completion struct {
	// The day; not in the future, not before the episode began, and not after the person's death.
	CompletedOn day.Date `json:"completed_on" format:"date" example:"2026-11-20"`
	// How they were asked.
	Mode string `json:"mode" format:"code:modes" example:"telephone"`
	// Who answered.
	Respondent string `json:"respondent" format:"code:respondents" example:"self"`
	// Who helped the person, or answered for them. It goes with self_with_help and proxy.
	Helper *string `json:"helper" required:"false" format:"code:helpers"`
	// Who collected the answers; link_worker when left out.
	CollectedBy string `json:"collected_by" required:"false" format:"code:collectors"`
	// In which language, as a BCP 47 tag; a name of a language, such as Polish, becomes its tag. One
	// that has none here is kept as it was written, with a warning.
	Language *string `json:"language" required:"false" maxLength:"60"`
	CompletionAnswers
	// Instruments answered at the same time.
	Assessments []Measure `json:"assessments" required:"false" gorm:"-" maxItems:"10"`
}

// CompletionAnswers are what a person said at a follow-up, as it can be corrected answer by answer.
type CompletionAnswers struct {
	// How they have been since they were last spoken to.
	HowHaveYouBeen string `json:"how_have_you_been" format:"code:well_being_since" example:"better"`
	// What they say of each thing they were connected to.
	Services []Used `json:"services" required:"false" gorm:"-" maxItems:"100"`
	// Whether meeting the link worker helped.
	Benefit string `json:"benefit" format:"code:benefits" example:"a_lot"`
	// In their own words. Never in a dataset.
	Narrative *string `json:"narrative" required:"false" format:"prose" maxLength:"10000"`
}

// CompletionChanges is a merge patch. Services that it names take the place of all that were named.
type CompletionChanges = patch.Merge[CompletionAnswers]

// Measure is one instrument answered with a completion.
type Measure struct {
	// The instrument's key.
	Instrument string `json:"instrument" maxLength:"50" example:"ons4"`
	// The answer to each item.
	Responses instruments.Responses `json:"responses"`
}

// RecordedCompletion is a completion as it was recorded.
type RecordedCompletion struct {
	// The completion's id.
	ID     uuid.UUID `json:"id" format:"uuid"`
	SiteID uuid.UUID `json:"-"`
	// The follow-up.
	FollowUpID uuid.UUID `json:"follow_up_id" format:"uuid"`
	Completion
	// When it was recorded.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`
	// It should never have been recorded, and counts in nothing; null: it stands.
	EnteredInError *voids.InError `json:"entered_in_error" gorm:"->;-:migration" format:"or-null"`
}

// Revision is another after each change.
func (c RecordedCompletion) Revision() int64 { return c.UpdatedAt.UnixMicro() }

func (RecordedCompletion) TableName() string { return "follow_up_completions" }

// lockForUpdate reads a follow-up and its episode, and locks the episode until the transaction ends. The episode is
// always locked first.
func lockForUpdate(tx *db.Tx, id uuid.UUID) (f FollowUp, e episodes.Episode, err error) {
	if f, err = read(tx, id); err != nil {
		return f, e, err
	}
	if e, err = db.FindForUpdate[episodes.Episode](tx, "episode", f.EpisodeID); err != nil {
		return f, e, err
	}
	f, err = read(tx, id)
	return f, e, err
}

// Complete records what the person said, whenever they said it: a late completion is kept, and the analysis
// window decides whether it counts. One that was given up may still be completed. Faults: conflict (completed
// already), invalid.
func (s *Store) Complete(ctx context.Context, id uuid.UUID, n Completion, via string) (f FollowUp, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		v := visit{}
		if v.FollowUp, v.episode, err = lockForUpdate(tx, id); err != nil {
			return err
		}
		if v.CompletedOn != nil {
			return fault.New(fault.Conflict, "This follow-up is completed already.")
		}
		err := v.complete(tx, n, via)
		f = v.FollowUp
		return err
	})
	return f, err
}

// complete records what the person said at a follow-up whose episode is locked.
func (v *visit) complete(tx *db.Tx, n Completion, via string) (err error) {
	f := &v.FollowUp
	if err := n.check(tx, &v.episode); err != nil {
		return err
	}
	if n.CompletedOn.Before(f.AnchorOn) {
		return fault.InvalidAt("completed_on", fault.OutOfRange, "lies before the day that the follow-up counts from")
	}
	if n.CollectedBy == "" {
		n.CollectedBy = "link_worker"
	}
	if f.Warnings, err = n.write(tx, *f, &v.episode, via); err != nil {
		return err
	}
	f.CompletedOn, f.LostOn, f.LossReason, f.LossNote = &n.CompletedOn, nil, nil, nil
	f.State = Completed
	if err := f.save(tx, events.FollowUpCompleted, &n.CompletedOn, events.Data{"code": f.Code}); err != nil {
		return err
	}
	if err := f.addDetails(tx); err != nil {
		return err
	}
	f.Warnings = append(f.Warnings, contextAlone(f.Assessments...)...)
	f.Safeguarding, err = hasOpenConcern(tx, *f)
	return err
}

func (n *Completion) check(tx *db.Tx, e *episodes.Episode) error {
	if err := checkHelper(n.Respondent, n.Helper); err != nil {
		return err
	}
	if err := checkAnswered(tx, e, n.CompletedOn); err != nil {
		return err
	}
	normal.LanguageIfNew(&n.Language, nil)
	return n.checkServices(tx, e)
}

// checkServices checks what is said of each service: it names a referral of the episode once, or something else.
func (n *CompletionAnswers) checkServices(tx *db.Tx, e *episodes.Episode) error {
	var ids []uuid.UUID
	err := tx.Table("sent_referrals").Where("site_id = ? and episode_id = ?", e.SiteID, e.ID).Pluck("id", &ids).Error
	if err != nil {
		return err
	}
	var c fault.Checks
	var seen []uuid.UUID
	for i := range n.Services {
		u, at := &n.Services[i], fmt.Sprintf("services[%d]", i)
		c.Require(
			(u.ReferralID == nil) != (u.Name == nil),
			at,
			fault.NotAllowed,
			"names a referral_id or a name, not both",
		)
		if u.ReferralID != nil {
			c.Require(
				slices.Contains(ids, *u.ReferralID),
				at+".referral_id",
				fault.UnknownReference,
				"is no referral or signpost of this episode",
			)
			c.Require(!slices.Contains(seen, *u.ReferralID), at+".referral_id", fault.Duplicate, "is named twice")
			seen = append(seen, *u.ReferralID)
		}
		u.validate(&c, at)
	}
	return c.Err()
}

// write stores the completion, what was said of each service, and the assessments taken with it, and warns of what is
// worth knowing of them.
func (n *Completion) write(tx *db.Tx, f FollowUp, e *episodes.Episode, via string) ([]fault.Warning, error) {
	row := RecordedCompletion{
		ID:         tx.NewID(),
		SiteID:     f.SiteID,
		FollowUpID: f.ID,
		Completion: *n,
		CreatedAt:  tx.Now,
		UpdatedAt:  tx.Now,
	}
	if err := tx.Create(&row).Error; err != nil {
		return nil, err
	}
	if err := n.writeServices(tx, f, n.CompletedOn); err != nil {
		return nil, err
	}
	if err := n.checkNew(tx, f); err != nil {
		return nil, err
	}
	warnings := append(
		append(respondentWarnings(n.Respondent, n.Helper, n.Language), f.dateWarnings(n.CompletedOn)...),
		n.unusedServiceWarnings()...)
	for i, m := range n.Assessments {
		a := Assessment{
			EpisodeID:   f.EpisodeID,
			Instrument:  m.Instrument,
			Timepoint:   f.Code,
			RecordedVia: via,
			followUp:    &f,
			Answers: Answers{
				CompletedOn: n.CompletedOn,
				Mode:        n.Mode,
				Respondent:  n.Respondent,
				Helper:      n.Helper,
				CollectedBy: n.CollectedBy,
				Language:    n.Language,
				Responses:   m.Responses,
			},
		}
		if err := a.write(tx, e, fmt.Sprintf("assessments[%d].responses", i)); err != nil {
			return nil, err
		}
		warnings = append(warnings, a.Warnings...)
	}
	return warnings, nil
}

// writeServices stores what was said of each service, and notes it on the referrals' timelines.
func (n *CompletionAnswers) writeServices(tx *db.Tx, f FollowUp, on day.Date) error {
	for _, u := range n.Services {
		if err := tx.Create(&usedRow{ID: tx.NewID(), SiteID: f.SiteID, FollowUpID: f.ID, Used: u}).Error; err != nil {
			return err
		}
		if err := u.recordEvent(tx, f, on); err != nil {
			return err
		}
	}
	return nil
}

// checkNew refuses an instrument that was answered at this follow-up already, by itself or further up in the list.
func (n *Completion) checkNew(tx *db.Tx, f FollowUp) error {
	var have []string
	err := tx.Table("standing_assessments").
		Where("site_id = ? and episode_id = ? and timepoint = ?", f.SiteID, f.EpisodeID, f.Code).
		Pluck("instrument", &have).
		Error
	if err != nil {
		return err
	}
	for i, m := range n.Assessments {
		if slices.Contains(have, m.Instrument) {
			return fault.New(fault.Conflict,
				"An instrument of the completion is recorded at this follow-up already: leave it out here, or "+
					"correct the assessment that is there.").
				At(fmt.Sprintf("body.assessments[%d].instrument", i), fault.NotAllowed, "is recorded at this follow-up already")
		}
		have = append(have, m.Instrument)
	}
	return nil
}

// addDetails adds what was said at a follow-up, and the assessments taken at its timepoint.
func (f *FollowUp) addDetails(tx *db.Tx) (err error) {
	if f.EnteredInError != nil {
		c, err := recordedCompletion(tx, *f)
		if err == nil {
			f.Completion = &c
		} else if !fault.Is(err, fault.NotFound) {
			return err
		}
	} else if f.Completion, err = completionOf(tx, *f); err != nil {
		return err
	}
	f.Assessments, err = f.assessments(tx)
	return err
}

// completionOf returns what was said at a follow-up, or nil where nothing was yet.
func completionOf(tx *db.Tx, f FollowUp) (*RecordedCompletion, error) {
	var found []RecordedCompletion
	if err := tx.Where("site_id = ? and follow_up_id = ?", f.SiteID, f.ID).
		Find(&found).
		Error; err != nil ||
		len(found) == 0 {
		return nil, err
	}
	c := &found[0]
	c.Services, c.Assessments = []Used{}, []Measure{}
	if err := tx.Table("follow_up_services").
		Where("site_id = ? and follow_up_id = ?", f.SiteID, f.ID).
		Order("id").
		Find(&c.Services).
		Error; err != nil {
		return nil, err
	}
	err := tx.Table("standing_assessments").
		Where("site_id = ? and episode_id = ? and timepoint = ?", f.SiteID, f.EpisodeID, f.Code).
		Order("id").
		Find(&c.Assessments).
		Error
	return c, err
}

// assessments are those taken at the follow-up's timepoint that stand, with its completion or by themselves.
func (f FollowUp) assessments(tx *db.Tx) ([]Assessment, error) {
	list := []Assessment{}
	err := tx.Table("standing_assessments").
		Where("site_id = ? and episode_id = ? and timepoint = ?", f.SiteID, f.EpisodeID, f.Code).
		Order("id").
		Find(&list).
		Error
	if err != nil {
		return nil, err
	}
	return list, addPersonCentred(tx, list)
}
