// Package outcomes holds how people have been: assessments, and the follow-ups that ask months later.
package outcomes

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"waypost/internal/episodes"
	"waypost/internal/instruments"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/voids"
)

// Store records assessments and follow-ups.
type Store struct {
	DB *db.DB

	withoutNotice []uuid.UUID // sites of which the invitations job, which never runs twice at once, has warned
}

// Assessment is a set of answers of one person at one time. It is never changed: a correction replaces it.
type Assessment struct {
	// The assessment's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// The site whose record this is.
	SiteID uuid.UUID `json:"site_id" format:"uuid"`
	// The episode.
	EpisodeID uuid.UUID `json:"episode_id" format:"uuid"`
	// The instrument's key.
	Instrument string `json:"instrument" example:"ons4"`
	// And its version.
	InstrumentVersion int `json:"instrument_version" example:"1"`
	// When it was answered: baseline, review, closure, or the code of a follow-up.
	Timepoint string `json:"timepoint" example:"baseline"`
	Answers
	// Computed by the server; a score that answers are missing for is not there.
	Scores instruments.Results `json:"scores"`
	// The follow-up whose timepoint it was taken at.
	FollowUpID *uuid.UUID `json:"follow_up_id" nullable:"true" format:"uuid"`
	// The assessment it replaces.
	CorrectsID *uuid.UUID `json:"corrects_id" nullable:"true" format:"uuid"`
	// The assessment that replaces it; then it counts in no figure.
	CorrectedByID *uuid.UUID `json:"corrected_by_id" nullable:"true" format:"uuid"`
	// Somebody else answered for the person what only the person may answer (self_only of the
	// instrument), as in records that were imported; or the person was younger than the instrument is
	// for (min_age), as a birth date that was put right shows. It is kept, and is in no figure and no
	// paired change.
	NotCounted bool `json:"not_counted"`
	// How the record came in.
	RecordedVia string `json:"recorded_via" enum:"api,link,import,demo"`
	// When it was recorded.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`
	// It should never have been recorded, and counts in nothing; null: it stands.
	EnteredInError *voids.InError `json:"entered_in_error" gorm:"->;-:migration" format:"or-null"`
	InContext

	// In the answer to a POST: what is worth knowing. A warning never stopped anything.
	Warnings []fault.Warning `json:"warnings,omitzero" gorm:"-"`

	followUp *FollowUp             // whose timepoint it is taken at
	corrects instruments.Responses // what was answered in the assessment that it corrects
}

// Revision is another after each change.
func (a Assessment) Revision() int64 { return a.UpdatedAt.UnixMicro() }

// Answers is who answered what, when and how.
type Answers struct {
	// The day; not in the future, and not before the episode was received.
	CompletedOn day.Date `json:"completed_on" format:"date" example:"2026-01-20"`
	// How. Answers given aloud tend to be more positive, so it matters.
	Mode string `json:"mode" format:"code:modes" example:"telephone"`
	// Who answered.
	Respondent string `json:"respondent" format:"code:respondents" example:"self"`
	// Who helped the person, or answered for them. It goes with self_with_help and proxy.
	Helper *string `json:"helper" required:"false" format:"code:helpers"`
	// Who collected the answers; link_worker when left out.
	CollectedBy string `json:"collected_by" required:"false" format:"code:collectors"`
	// In which language, as a BCP 47 tag; a name of a language, such as Polish, becomes its tag. One
	// that has none here is kept as it was written, with a warning.
	Language *string `json:"language" required:"false" maxLength:"60" example:"en"`
	// The answer to each item; an item that is left out was not asked.
	Responses instruments.Responses `json:"responses"`
}

// New is the command to record an assessment.
type New struct {
	// The episode.
	EpisodeID uuid.UUID `json:"episode_id" format:"uuid"`
	// The instrument's key.
	Instrument string `json:"instrument" maxLength:"50" example:"ons4"`
	// When it was answered: baseline, review, closure, or the code of a follow-up of the site.
	Timepoint string `json:"timepoint" maxLength:"30" example:"baseline"`
	Answers
}

// Record adds an assessment and scores it. A baseline makes a waiting episode active and lets follow-ups be
// planned. Faults: invalid (instrument, items, dates, timepoint), conflict (there is one at this timepoint already).
func (s *Store) Record(ctx context.Context, n New, via string) (a Assessment, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		e, err := db.FindForUpdate[episodes.Episode](tx, "episode", n.EpisodeID)
		if err != nil {
			return err
		}
		if err := checkTimepoint(tx, e, n.Timepoint); err != nil {
			return err
		}
		a = Assessment{
			EpisodeID:   e.ID,
			Instrument:  n.Instrument,
			Timepoint:   n.Timepoint,
			Answers:     n.Answers,
			RecordedVia: via,
		}
		return a.writeByItself(tx, &e)
	})
	return a, err
}

// Correct replaces an assessment by what was really answered. Fault: conflict (it is corrected already).
func (s *Store) Correct(ctx context.Context, id uuid.UUID, answers Answers, via string) (a Assessment, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		old, err := db.FindForUpdate[Assessment](tx, "assessment", id)
		if err != nil {
			return err
		}
		if old.CorrectedByID != nil {
			return fault.New(fault.Conflict, "This assessment is corrected already; correct the one that replaced it.")
		}
		e, err := db.FindForUpdate[episodes.Episode](tx, "episode", old.EpisodeID)
		if err != nil {
			return err
		}
		a = Assessment{
			ID:                tx.NewID(),
			EpisodeID:         e.ID,
			Instrument:        old.Instrument,
			InstrumentVersion: old.InstrumentVersion,
			Timepoint:         old.Timepoint,
			Answers:           answers,
			CorrectsID:        &old.ID,
			RecordedVia:       via,
			corrects:          old.Responses,
		}
		if err := old.supersede(tx, a.ID); err != nil {
			return err
		}
		return a.writeByItself(tx, &e)
	})
	return a, err
}

// writeByItself writes an assessment that comes by itself, and not with a completion. At the timepoint of a follow-up it
// belongs to that one, which stays due: the person has not been asked yet how they have been.
func (a *Assessment) writeByItself(tx *db.Tx, e *episodes.Episode) (err error) {
	if a.followUp, err = plannedAt(tx, e, a.Timepoint); err != nil {
		return err
	}
	if err := checkHelper(a.Respondent, a.Helper); err != nil {
		return err
	}
	if err := a.write(tx, e, "responses"); err != nil {
		return err
	}
	a.Warnings = append(
		append(respondentWarnings(a.Respondent, a.Helper, a.Language), a.followUp.dateWarnings(a.CompletedOn)...),
		a.Warnings...)
	err = a.addPersonCentred(tx)
	a.Warnings = append(a.Warnings, contextAlone(*a)...)
	return err
}

func (a *Assessment) supersede(tx *db.Tx, by uuid.UUID) error {
	of := tx.Model(&Assessment{}).Where("site_id = ? and id = ?", a.SiteID, a.ID)
	if err := of.Updates(map[string]any{"corrected_by_id": by, "updated_at": tx.Now}).Error; err != nil {
		return err
	}
	return tx.Table("assessment_scores").
		Where("site_id = ? and assessment_id = ?", a.SiteID, a.ID).
		Update("superseded", true).
		Error
}

// write checks, scores and stores an assessment of the episode, and lets what depends on it follow.
func (a *Assessment) write(tx *db.Tx, e *episodes.Episode, field string) error {
	// a correction's is that of what it corrects
	instrument, err := instruments.Find(tx, e.SiteID, a.Instrument, a.InstrumentVersion)
	if fault.Is(err, fault.NotFound) {
		return fault.InvalidAt(
			strings.TrimSuffix(field, "responses")+"instrument",
			fault.UnknownReference,
			"names no instrument: see GET /v1/instruments",
		)
	}
	if err != nil {
		return err
	}
	if err := a.check(tx, e, instrument, field); err != nil {
		return err
	}
	if a.ID == uuid.Nil {
		a.ID = tx.NewID()
	}
	if a.CollectedBy == "" {
		a.CollectedBy = "link_worker"
	}
	a.NotCounted = instrument.RefusesProxy(a.Respondent)
	if a.followUp != nil {
		a.FollowUpID = &a.followUp.ID
	}
	a.SiteID, a.InstrumentVersion, a.Scores, a.Context, a.CreatedAt, a.UpdatedAt = e.SiteID, instrument.Version, instrument.Compute(
		a.Responses,
	), instrument.Context, tx.Now, tx.Now
	if err := a.store(tx); err != nil {
		return err
	}
	if err := a.recordEvent(tx, e); err != nil {
		return err
	}
	if err := a.raiseConcerns(tx, e, instrument); err != nil {
		return err
	}
	if a.Warnings, err = a.warn(tx, instrument); err != nil || a.Timepoint != "baseline" || a.Context {
		return err // context anchors nothing
	}
	return baselineTaken(tx, e)
}

// store writes the assessment, and a row for each score that figures are made of: in one statement, since the pairs of its
// episode are derived after each.
func (a *Assessment) store(tx *db.Tx) error {
	if err := tx.Create(a).Error; err != nil {
		return err
	}
	rows := a.scoreRows()
	if len(rows) == 0 {
		return nil
	}
	return tx.Create(&rows).Error
}

func (a *Assessment) recordEvent(tx *db.Tx, e *episodes.Episode) error {
	at, err := tx.Noon(a.SiteID, a.CompletedOn)
	if err != nil {
		return err
	}
	kind := events.AssessmentRecorded
	if a.CorrectsID != nil {
		kind = events.AssessmentCorrected
	}
	subject := events.Subject{ID: a.ID, SiteID: a.SiteID, PatientID: e.PatientID}
	return events.Record(
		tx,
		kind,
		subject,
		events.Data{"instrument": a.Instrument, "timepoint": a.Timepoint},
		events.At(at),
	)
}

// baselineTaken sets the day of the first baseline that stands, and plans what counts from it.
func baselineTaken(tx *db.Tx, e *episodes.Episode) error {
	first, err := firstBaseline(tx, *e)
	if err != nil {
		return err
	}
	if e.BaselineOn == nil || *e.BaselineOn != *first {
		if err := e.SetBaseline(tx, first); err != nil {
			return err
		}
	}
	return Plan(tx, *e)
}

// firstBaseline is the day of the first baseline that stands; nil: there is none. Context is no baseline.
func firstBaseline(tx *db.Tx, e episodes.Episode) (first *day.Date, err error) {
	err = tx.Raw(
		`select min(completed_on) from standing_assessments
		where site_id = ? and episode_id = ? and timepoint = 'baseline' and not context`, e.SiteID, e.ID,
	).Row().Scan(&first)
	return first, err
}

// Get returns an assessment.
func (s *Store) Get(ctx context.Context, id uuid.UUID) (a Assessment, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if a, err = db.FindRecorded[Assessment](tx, "assessment", id); err != nil {
			return err
		}
		if err := a.addPersonCentred(tx); err != nil {
			return err
		}
		return noteRead(tx, "assessment", a.EpisodeID)
	})
	return a, err
}

// OfEpisode lists an episode's assessments by id, after the id given, corrected ones and those entered in error too.
func (s *Store) OfEpisode(
	ctx context.Context,
	episode uuid.UUID,
	page db.Page[uuid.UUID],
) (list []Assessment, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		e, err := db.FindRecorded[episodes.Episode](tx, "episode", episode)
		if err != nil {
			return err
		}
		if err := tx.Table("recorded_assessments").
			Where("site_id = ? and episode_id = ? and id > ?", e.SiteID, e.ID, page.After).
			Order("id").
			Scopes(page.Cut).
			Find(&list).
			Error; err != nil {
			return err
		}
		if err := addPersonCentred(tx, list); err != nil {
			return err
		}
		return events.Read(tx, "assessments", e.SiteID, e.PatientID)
	})
	return list, err
}

// AllAssessments lists the assessments of the actor's sites in the order in which they changed, after the place given.
func (s *Store) AllAssessments(ctx context.Context, page db.Page[db.Changed]) (list []Assessment, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if list, err = db.ListChanged[Assessment](tx, page); err != nil {
			return err
		}
		if err := addPersonCentred(tx, list); err != nil {
			return err
		}
		of := make([]uuid.UUID, len(list))
		for i, a := range list {
			of[i] = a.EpisodeID
		}
		return episodes.ReadOf(tx, "site_assessments", of)
	})
	return list, err
}

func noteRead(tx *db.Tx, operation string, episode uuid.UUID) error {
	e, err := db.FindRecorded[episodes.Episode](tx, "episode", episode)
	if err != nil {
		return err
	}
	return events.Read(tx, operation, e.SiteID, e.PatientID)
}
