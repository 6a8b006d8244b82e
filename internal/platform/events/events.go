// Package events is the one log of what happened: who did what to which thing, when it
// happened and when it was recorded. Timelines, the audit and the partners' feed read it.
package events

import (
	"database/sql/driver"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// Subject is the thing an event is about, and whose timelines it belongs on.
type Subject struct {
	ID         uuid.UUID // of the thing
	SiteID     uuid.UUID // zero: the directory or the installation
	PatientID  uuid.UUID // zero: about nobody
	ReferralID uuid.UUID // zero: about no referral
}

// Data is an event's particulars: ids, codes and dates only. Free text stays in its own row, which erasure can blank.
type Data map[string]string

func (Data) GormDataType() string           { return "jsonb" }
func (d Data) Value() (driver.Value, error) { return db.JSON[map[string]string]{V: d}.Value() }

func (d *Data) Scan(src any) error {
	var j db.JSON[map[string]string]
	err := j.Scan(src)
	*d = j.V
	return err
}

// Option changes how an event is recorded.
type Option func(*row)

// At says when it happened, where that is not now.
func At(t time.Time) Option { return func(r *row) { r.OccurredAt = t } }

// From says whose account it is, where that is not the actor's own.
func From(side actor.Side) Option { return func(r *row) { r.Side = side } }

type row struct {
	ID           uuid.UUID
	SiteID       *uuid.UUID
	Type         string
	SubjectType  string
	SubjectID    uuid.UUID
	PatientID    *uuid.UUID
	ReferralID   *uuid.UUID
	ActorRole    actor.Role
	ActorKeyID   *uuid.UUID
	LinkWorkerID *uuid.UUID
	OnBehalf     bool
	Side         actor.Side
	OccurredAt   time.Time
	RecordedAt   time.Time
	Data         Data
}

func (row) TableName() string { return "events" }

// Record appends one event, in the caller's transaction.
func Record(tx *db.Tx, kind Kind, s Subject, data Data, options ...Option) error {
	var l Log
	l.Record(tx, kind, s, data, options...)
	return l.Write(tx)
}

func orNil(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

// Event is one entry of a timeline.
type Event struct {
	// The event's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// What happened.
	Type string `json:"type" example:"referral.accepted"`
	// The thing it happened to.
	Subject SubjectRef `json:"subject" gorm:"embedded;embeddedPrefix:subject_"`
	// Whose account it is.
	Side actor.Side `json:"side" format:"code:sides"`
	// The role of the credential that recorded it.
	ActorRole actor.Role `json:"actor_role" example:"link_worker"`
	// The link worker who recorded it, or on whose behalf it was recorded.
	LinkWorkerID *uuid.UUID `json:"link_worker_id" nullable:"true" format:"uuid"`
	// When it happened.
	OccurredAt time.Time `json:"occurred_at"`
	// When it was recorded.
	RecordedAt time.Time `json:"recorded_at"`
	// Ids, codes and dates; never free text.
	Data Data `json:"data"`
}

func (Event) TableName() string { return "events" }

// SubjectRef names a thing.
type SubjectRef struct {
	// Its kind.
	Type string `json:"type" example:"referral"`
	// Its id.
	ID uuid.UUID `json:"id" format:"uuid"`
}

// Person is whose timeline is read.
type Person struct {
	SiteID      uuid.UUID
	IDs         db.IDs // of all records of the person
	MergeUndone bool   // a merge with somebody else was undone, who has events of the time in between (moved_events)
}

// OfPatient is the timeline of a person at a site, oldest first, after the event given (zero: from the start).
func OfPatient(tx *db.Tx, p Person, page db.Page[Position]) ([]Event, error) {
	q := tx.Where("site_id = ? and patient_id = any(?::uuid[])", p.SiteID, p.IDs)
	if p.MergeUndone {
		q = tx.Where(`site_id = ? and (patient_id = any(?::uuid[]) or id = any(array(select event_id from moved_events
			where site_id = ? and patient_id = any(?::uuid[]))))
			and not exists (select from moved_events m where m.site_id = events.site_id and m.event_id = events.id
			and m.patient_id <> all(?::uuid[]))`, p.SiteID, p.IDs, p.SiteID, p.IDs, p.IDs)
	}
	return timeline(q, page)
}

// OfReferral is the timeline of a referral, oldest first.
func OfReferral(tx *db.Tx, referral uuid.UUID, page db.Page[Position]) ([]Event, error) {
	return timeline(tx.Where("referral_id = ?", referral), page)
}

// Position is a place in a timeline.
type Position struct {
	OccurredAt time.Time `json:"t"`
	ID         uuid.UUID `json:"i"`
}

func timeline(q *gorm.DB, page db.Page[Position]) ([]Event, error) {
	if page.After.ID != uuid.Nil {
		q = q.Where("(occurred_at, id) > (?, ?)", page.After.OccurredAt, page.After.ID)
	}
	var out []Event
	err := q.Order("occurred_at, id").Scopes(page.Cut).Find(&out).Error
	return out, err
}
