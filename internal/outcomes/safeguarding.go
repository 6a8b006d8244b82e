package outcomes

import (
	"context"
	"reflect"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"waypost/internal/episodes"
	"waypost/internal/instruments"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// Concern is an answer that somebody must look at soon: at or above what its item names as a
// concern. It is closed by a person who has seen it and acted, and by nothing else; a correction that takes
// the answer back is one more thing to look at. Then it leads no list any more, and stays in the record.
type Concern struct {
	// The concern's id.
	ID     uuid.UUID `json:"id" format:"uuid"`
	SiteID uuid.UUID `json:"-"`
	// The episode.
	EpisodeID uuid.UUID `json:"episode_id" format:"uuid"`
	PatientID uuid.UUID `json:"-"`
	// The assessment whose answer raised it; the answer stands there. It may be corrected by now.
	AssessmentID uuid.UUID `json:"assessment_id" format:"uuid"`
	// The instrument's key.
	Instrument string `json:"instrument" example:"check_in"`
	// The item whose answer raised it.
	Item string `json:"item" example:"feels_unsafe"`
	// When the answer was recorded.
	RaisedAt    time.Time `json:"raised_at"`
	SeenConcern `gorm:"embedded"`
	// The same as raised_at.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`
}

// TableName is that of concerns, which were called flags when the table was made.
func (Concern) TableName() string { return "safeguarding_flags" }

// Revision is another after each change.
func (s Concern) Revision() int64 { return s.UpdatedAt.UnixMicro() }

// Person is whom it is about.
func (s Concern) Person() (site, patient uuid.UUID) { return s.SiteID, s.PatientID }

// SeenConcern is who has seen a concern, and when.
type SeenConcern struct {
	// When somebody said that they have seen it and acted; null: it is open.
	SeenAt *time.Time `json:"seen_at"`
	// Their role.
	SeenByRole  *actor.Role `json:"seen_by_role" example:"link_worker"`
	SeenByKeyID *uuid.UUID  `json:"-"`
	// The link worker, where it was one or on behalf of one.
	SeenByLinkWorkerID *uuid.UUID `json:"seen_by_link_worker_id" nullable:"true" format:"uuid"`
	// What the person who saw it did, in free text.
	SeenNote *string `json:"note"`
}

// Seen is the command to say that a concern was seen and acted on.
type Seen struct {
	// What was done.
	Note *string `json:"note,omitempty" format:"prose" maxLength:"5000"`
}

// raiseConcerns records each answer that is a concern. One that a correction merely repeats is recorded already.
func (a *Assessment) raiseConcerns(tx *db.Tx, e *episodes.Episode, i instruments.Instrument) error {
	for _, item := range i.Concerns(a.Responses) {
		if before, was := a.corrects[item]; was && reflect.DeepEqual(before, a.Responses[item]) {
			continue
		}
		f := Concern{
			ID:           tx.NewID(),
			SiteID:       a.SiteID,
			EpisodeID:    a.EpisodeID,
			PatientID:    e.PatientID,
			AssessmentID: a.ID,
			Instrument:   a.Instrument,
			Item:         item,
			RaisedAt:     tx.Now,
			CreatedAt:    tx.Now,
			UpdatedAt:    tx.Now,
		}
		if err := tx.Create(&f).Error; err != nil {
			return err
		}
		if err := f.recordEvent(tx, events.SafeguardingRaised); err != nil {
			return err
		}
	}
	return nil
}

func (f Concern) recordEvent(tx *db.Tx, kind events.Kind) error {
	subject := events.Subject{ID: f.ID, SiteID: f.SiteID, PatientID: f.PatientID}
	return events.Record(
		tx,
		kind,
		subject,
		events.Data{"assessment_id": f.AssessmentID.String(), "instrument": f.Instrument, "item": f.Item},
	)
}

// hasOpenConcern reports whether the follow-up's episode has an open concern.
func hasOpenConcern(tx *db.Tx, f FollowUp) (open bool, err error) {
	err = tx.Raw("select exists (select from open_safeguarding_flags where site_id = ? and episode_id = ?)", f.SiteID, f.EpisodeID).
		Scan(&open).
		Error
	return open, err
}

// AcknowledgeConcern records that the actor has seen a concern and acted. Fault: conflict (somebody has already).
func (s *Store) AcknowledgeConcern(ctx context.Context, episode, concern uuid.UUID, seen Seen) (f Concern, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		q := tx.Where("episode_id = ? and id = ?", episode, concern).Clauses(clause.Locking{Strength: "NO KEY UPDATE"})
		if f, err = db.First[Concern](q, "concern"); err != nil {
			return err
		}
		if f.SeenAt != nil {
			return fault.New(fault.Conflict, "This concern is marked as seen already.")
		}
		f.SeenConcern = SeenConcern{
			SeenAt:             &tx.Now,
			SeenByRole:         &tx.Actor.Role,
			SeenByKeyID:        tx.Actor.Key(),
			SeenByLinkWorkerID: tx.Actor.LinkWorkerID,
			SeenNote:           seen.Note,
		}
		f.UpdatedAt = tx.Now
		if err := db.Save(tx, f.SiteID, f.ID, &f); err != nil {
			return err
		}
		return f.recordEvent(tx, events.SafeguardingSeen)
	})
	return f, err
}

// Concerns lists an episode's concerns by id, after the id given, those that were seen too.
func (s *Store) Concerns(
	ctx context.Context,
	episode uuid.UUID,
	page db.Page[uuid.UUID],
) (list []Concern, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		e, err := db.FindRecorded[episodes.Episode](tx, "episode", episode)
		if err != nil {
			return err
		}
		if err := tx.Where("site_id = ? and episode_id = ? and id > ?", e.SiteID, e.ID, page.After).
			Order("id").
			Scopes(page.Cut).
			Find(&list).
			Error; err != nil {
			return err
		}
		return events.Read(tx, "safeguarding", e.SiteID, e.PatientID)
	})
	return list, err
}
