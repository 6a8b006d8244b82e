package outcomes

import (
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
)

// Schedule is a row of a site's schedule of follow-ups.
type Schedule = schedule

// Planned is the follow-up that Plan makes from an anchor's day: its windows, and nothing of whose it is.
func Planned(s Schedule, anchor day.Date) (FollowUp, error) {
	f := FollowUp{Code: s.Code, Version: 1}
	return f, s.window(&f, anchor)
}

// Batch is assessments and follow-ups that come in whole, such as a demo's. Its rows are complete: scores
// are computed already.
type Batch struct {
	FollowUps   []FollowUp
	Attempts    []Attempt
	Completed   []RecordedCompletion // with what was said of each service; assessments apart
	Assessments []Assessment
}

// scoreRow is a score that figures are made of.
type scoreRow struct {
	SiteID            uuid.UUID
	AssessmentID      uuid.UUID
	EpisodeID         uuid.UUID
	Instrument        string
	InstrumentVersion int
	Score             string
	Timepoint         string
	CompletedOn       day.Date
	Value             float64
}

func (scoreRow) TableName() string { return "assessment_scores" }

// Write writes the batch.
func (b Batch) Write(tx *db.Tx) error {
	if err := db.Copy(tx, b.FollowUps); err != nil {
		return err
	}
	if err := db.Copy(tx, b.Attempts); err != nil {
		return err
	}
	if err := db.Copy(tx, b.Completed); err != nil {
		return err
	}
	if err := db.Copy(tx, b.used()); err != nil {
		return err
	}
	if err := db.Copy(tx, b.Assessments); err != nil {
		return err
	}
	return db.Copy(tx, b.scores())
}

// used are what people said of each service, a millisecond apart, since they are listed by id.
func (b Batch) used() (rows []usedRow) {
	for _, c := range b.Completed {
		for i, u := range c.Services {
			id := db.IDAt(c.CreatedAt.Add(time.Duration(i) * time.Millisecond))
			rows = append(rows, usedRow{ID: id, SiteID: c.SiteID, FollowUpID: c.FollowUpID, Used: u})
		}
	}
	return rows
}

func (b Batch) scores() (rows []scoreRow) {
	for _, a := range b.Assessments {
		rows = append(rows, a.scoreRows()...)
	}
	return rows
}

func (a *Assessment) scoreRows() (rows []scoreRow) {
	if a.NotCounted {
		return nil
	}
	for _, r := range a.Scores {
		rows = append(rows, scoreRow{
			SiteID:            a.SiteID,
			AssessmentID:      a.ID,
			EpisodeID:         a.EpisodeID,
			Instrument:        a.Instrument,
			InstrumentVersion: a.InstrumentVersion,
			Score:             r.Score,
			Timepoint:         a.Timepoint,
			CompletedOn:       a.CompletedOn,
			Value:             r.Value,
		})
	}
	return rows
}
