package casework

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"waypost/internal/episodes"
	"waypost/internal/outcomes"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/referrals"
)

// Recipient is who has received something from the wrong record, or may have.
type Recipient struct {
	// What it was received by: a message to the practice, the organisation of a referral, a partner that reads
	// the feed, a partner's webhook, or a release of a project that holds the site.
	Kind string `json:"kind" enum:"practice,organisation,partner_feed,webhook,release" example:"organisation"`
	// The organisation's name, the label of the partner's key, the webhook's host, or the project's title.
	Name *string `json:"name" example:"Example Lunch Club"`
	// When it was received, or last may have been.
	ReceivedAt time.Time `json:"received_at"`
}

// Correction is that something was moved from the wrong record to the right one.
type Correction struct {
	// The correction's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// The site whose record this is.
	SiteID uuid.UUID `json:"site_id" format:"uuid"`
	// The kind of thing that was moved.
	SubjectType string `json:"subject_type" enum:"contact,assessment,referral,attendance,completion" example:"assessment"`
	// Its id.
	SubjectID uuid.UUID `json:"subject_id" format:"uuid"`
	// On whose record it was.
	FromPatientID uuid.UUID `json:"from_patient_id" format:"uuid"`
	// Whose record it belongs to.
	ToPatientID uuid.UUID `json:"to_patient_id" format:"uuid"`
	// Why it was moved.
	Reason string `json:"reason"`
	// Who has received it from the wrong record, or may have. They must be told.
	ReceivedBy []Recipient `json:"received_by" gorm:"serializer:json"`
	// When it was moved.
	At time.Time `json:"at"`
	// By whom it was moved.
	By actor.By `json:"by"`
	// When somebody said that whoever received it was told; null: nobody has.
	ToldAt *time.Time `json:"told_at"`
	// Who said so.
	ToldBy *actor.By `json:"told_by" format:"or-null"`
	// What was decided: none, no personal data reached anybody who may not have it; not_reportable, a breach that is
	// unlikely to put people at risk and is recorded here; reported, to the Information Commissioner. Null: nobody has
	// decided yet. A breach that must be reported is reported within 72 hours (UK GDPR, article 33).
	Breach *string `json:"breach" enum:"none,not_reportable,reported"`
	// What was done, in free text.
	Note *string `json:"note"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`
}

// Reassigned is what every answer to a reassignment has beside the thing itself.
type Reassigned struct {
	// Who has received it from the wrong record, or may have. Telling them is on the list of corrections.
	ReceivedBy []Recipient `json:"received_by"`
	// The correction, which says whether they were told and whether it is a breach to be reported.
	CorrectionID uuid.UUID `json:"correction_id" format:"uuid"`
	// What is still to be done: decide_breach, where anybody has received it.
	ToDo []string `json:"to_do" enum:"tell_recipients,decide_breach"`
}

// ReassignedContact is a contact on the right record.
type ReassignedContact struct {
	episodes.Contact
	Reassigned
}

// ReassignedAssessment is an assessment on the right record.
type ReassignedAssessment struct {
	outcomes.Assessment
	Reassigned
}

// ReassignedReferral is a referral on the right record.
type ReassignedReferral struct {
	referrals.Referral
	Reassigned
}

// ReassignedAttendance is a report of attendance of the right referral.
type ReassignedAttendance struct {
	referrals.Attendance
	Reassigned
}

// ReassignedCompletion is a completion of the right follow-up.
type ReassignedCompletion struct {
	outcomes.RecordedCompletion
	Reassigned
}

// moved is something that left one record for another.
type moved struct {
	subject  string
	id       uuid.UUID
	told     uuid.UUID // what events of it are about, where that is something else
	site     uuid.UUID
	from, to uuid.UUID // patients
	referral uuid.UUID
	since    time.Time // when it was recorded
}

// ReassignContact moves a contact to the episode that it belongs to.
func (s *Store) ReassignContact(ctx context.Context, id uuid.UUID, n episodes.Reassignment) (out ReassignedContact, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		c, old, new, err := s.Episodes.ReassignContact(tx.Context(), id, n.EpisodeID)
		if err != nil {
			return err
		}
		for _, e := range []episodes.Episode{old, new} {
			if err := outcomes.Replan(tx, e, outcomes.FirstContact, nil); err != nil {
				return err
			}
		}
		out.Contact = c
		out.Reassigned, err = record(tx, n.Reason, moved{
			subject: "contact", id: c.ID, site: c.SiteID, from: old.PatientID, to: new.PatientID, since: c.CreatedAt})
		return err
	})
	return out, err
}

// ReassignAssessment moves an assessment to the episode that it belongs to.
func (s *Store) ReassignAssessment(ctx context.Context, id uuid.UUID, n episodes.Reassignment) (out ReassignedAssessment, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		a, old, new, err := s.Outcomes.ReassignAssessment(tx.Context(), id, n.EpisodeID)
		if err != nil {
			return err
		}
		if out.Assessment, err = s.Outcomes.Get(tx.Context(), a.ID); err != nil {
			return err
		}
		out.Reassigned, err = record(tx, n.Reason, moved{
			subject: "assessment", id: a.ID, site: a.SiteID, from: old.PatientID, to: new.PatientID, since: a.CreatedAt})
		return err
	})
	return out, err
}

// ReassignReferral moves a referral or signpost to the episode that it belongs to.
func (s *Store) ReassignReferral(ctx context.Context, id uuid.UUID, n episodes.Reassignment) (out ReassignedReferral, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		r, old, new, err := s.Referrals.Reassign(tx.Context(), id, n.EpisodeID)
		if err != nil {
			return err
		}
		out.Referral = r
		out.Reassigned, err = record(tx, n.Reason, moved{subject: "referral", id: r.ID, site: r.SiteID, referral: r.ID,
			from: old.PatientID, to: new.PatientID, since: r.CreatedAt})
		return err
	})
	return out, err
}

// ReassignAttendance moves a report of attendance to the referral that it is about.
func (s *Store) ReassignAttendance(
	ctx context.Context,
	id uuid.UUID,
	n referrals.AttendanceReassignment,
) (out ReassignedAttendance, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		a, old, new, err := s.Referrals.ReassignAttendance(tx.Context(), id, n.ReferralID)
		if err != nil {
			return err
		}
		out.Attendance = a
		out.Reassigned, err = record(tx, n.Reason, moved{subject: "attendance", id: a.ID, site: old.SiteID, referral: old.ID,
			from: old.PatientID, to: new.PatientID, since: a.CreatedAt})
		return err
	})
	return out, err
}

// ReassignCompletion moves what a person said at a follow-up to the follow-up that it belongs to.
func (s *Store) ReassignCompletion(
	ctx context.Context,
	followUp uuid.UUID,
	n outcomes.CompletionReassignment,
) (out ReassignedCompletion, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		c, old, new, err := s.Outcomes.ReassignCompletion(tx.Context(), followUp, n)
		if err != nil {
			return err
		}
		out.RecordedCompletion = c
		out.Reassigned, err = record(tx, n.Reason, moved{
			subject: "completion", id: c.ID, told: followUp, site: c.SiteID, from: old.PatientID, to: new.PatientID, since: c.CreatedAt})
		return err
	})
	return out, err
}

// record keeps that something was moved, and who has received it from the wrong record.
func record(tx *db.Tx, reason string, m moved) (out Reassigned, err error) {
	var found []struct {
		Kind       string
		Name       *string
		ReceivedAt time.Time
	}
	err = tx.Raw(
		"select * from received_since(?, ?, ?, ?, ?) order by received_at",
		m.site, m.from, cmp.Or(m.told, m.id), orNil(m.referral), m.since).
		Scan(&found).
		Error
	if err != nil {
		return out, err
	}
	out.ReceivedBy, out.ToDo = []Recipient{}, []string{}
	for _, f := range found {
		out.ReceivedBy = append(out.ReceivedBy, Recipient(f))
	}
	c := Correction{
		ID: tx.NewID(), SiteID: m.site, SubjectType: m.subject, SubjectID: m.id, FromPatientID: m.from, ToPatientID: m.to,
		Reason: reason, ReceivedBy: out.ReceivedBy, At: tx.Now, By: tx.Actor.By(), UpdatedAt: tx.Now,
	}
	if out.CorrectionID = c.ID; len(found) > 0 {
		out.ToDo = []string{"tell_recipients", "decide_breach"}
	} else {
		nobody := "none" // nothing left the record
		c.ToldAt, c.ToldBy, c.Breach = &tx.Now, new(tx.Actor.By()), &nobody
	}
	return out, tx.Create(&c).Error
}

func orNil(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

// Told is the command to say that whoever received something from the wrong record was told.
type Told struct {
	// Whether it is a breach of personal data: none, nothing reached anybody who may not have it; not_reportable, one that
	// is unlikely to put people at risk; reported, to the Information Commissioner.
	Breach string `json:"breach" enum:"none,not_reportable,reported" example:"not_reportable"`
	// What was done, in free text.
	Note *string `json:"note,omitempty" format:"prose" maxLength:"5000"`
}

// Corrections lists what was moved from the wrong record, by id, after the id given; open: of which nobody has said that
// whoever received it was told.
func (s *Store) Corrections(ctx context.Context, open bool, page db.Page[uuid.UUID]) (list []Correction, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		q := tx.InSites().Where("id > ?", page.After)
		if open {
			q = q.Where("told_at is null")
		}
		if err := q.Order("id").Scopes(page.Cut).Find(&list).Error; err != nil {
			return err
		}
		if err := events.ReadAll(tx, "corrections", list, fromWhom); err != nil {
			return err
		}
		return events.ReadAll(tx, "corrections", list, toWhom)
	})
	return list, err
}

func fromWhom(c Correction) (site, patient uuid.UUID) { return c.SiteID, c.FromPatientID }
func toWhom(c Correction) (site, patient uuid.UUID)   { return c.SiteID, c.ToPatientID }

// CloseCorrection records that whoever received something was told, and what was decided. Fault: conflict (somebody has
// said so already).
func (s *Store) CloseCorrection(ctx context.Context, id uuid.UUID, n Told) (c Correction, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if c, err = db.FindForUpdate[Correction](tx, "correction", id); err != nil {
			return err
		}
		if c.ToldAt != nil {
			return fault.New(fault.Conflict, "Somebody has said already that whoever received it was told, or nobody received it.")
		}
		c.ToldAt, c.ToldBy, c.Breach, c.Note, c.UpdatedAt = &tx.Now, new(tx.Actor.By()), &n.Breach, n.Note, tx.Now
		err := tx.Model(&c).Where("site_id = ? and id = ?", c.SiteID, c.ID).
			Select("told_at", "told_by", "breach", "note", "updated_at").Updates(&c).Error
		if err != nil {
			return err
		}
		for _, of := range slices.Compact([]uuid.UUID{c.FromPatientID, c.ToPatientID}) {
			subject := events.Subject{ID: c.ID, SiteID: c.SiteID, PatientID: of}
			if err := events.Record(tx, events.CorrectionTold, subject, events.Data{"breach": n.Breach}); err != nil {
				return err
			}
		}
		return events.Read(tx, "correction", c.SiteID, c.FromPatientID, c.ToPatientID)
	})
	return c, err
}
