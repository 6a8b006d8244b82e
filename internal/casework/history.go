package casework

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"waypost/internal/episodes"
	"waypost/internal/outcomes"
	"waypost/internal/people"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/voids"
	"waypost/internal/referrals"
)

// FieldChange is that somebody changed a field of a record.
type FieldChange struct {
	// The field, as the API names it. entered_in_error: the thing itself was entered in error, or restored.
	Field string `json:"field" example:"postcode"`
	// What it said before, as the API shows it; null: nothing, or see withheld.
	From any `json:"from"`
	// What it says since; null: nothing, or see withheld.
	To any `json:"to"`
	// When it was changed.
	ChangedAt time.Time `json:"changed_at"`
	// By whom.
	ChangedBy actor.By `json:"changed_by"`
	// Former names, genders and NHS numbers are shown to the site's manager alone, who gives a reason: from and to are null.
	Withheld bool `json:"withheld"`
	// Of entered_in_error: the mistake, or its undo; null: another field.
	Mistake *Mistake `json:"mistake" format:"or-null"`

	position int64
}

// Mistake is that something was entered in error, or restored.
type Mistake struct {
	// What was entered in error by itself: the thing, something of it, or what it belongs to and fell with. follow_up: it
	// counted from what belongs to another episode.
	Type string `json:"type" enum:"contact,attendance,consent,assessment,completion,loss,attempt,episode,patient,follow_up"`
	// Its id; of a loss that of the follow-up.
	ID uuid.UUID `json:"id" format:"uuid"`
	// Whether it was restored.
	Undone bool `json:"undone"`
	// Why it was entered in error, or restored; null: no reason was given.
	Reason *string `json:"reason"`
}

// Position is the change's place in the list.
func (c FieldChange) Position() int64 { return c.position }

// HistoryOf is what a history is of.
type HistoryOf struct {
	subject string // as the triggers of 17_history.sql call it
	find    func(tx *db.Tx, id uuid.UUID) (site, patient uuid.UUID, err error)
}

// The things that have a history. One that is entered in error has one too.
var (
	OfPatient    = HistoryOf{"patient", whose(db.Find[people.Patient], "patient", aPatient)}
	OfEpisode    = HistoryOf{"episode", whose(db.FindRecorded[episodes.Episode], "episode", episodes.Episode.Person)}
	OfReferral   = HistoryOf{"referral", whose(db.Find[referrals.Referral], "referral", referrals.Referral.Person)}
	OfContact    = HistoryOf{"contact", ofContact}
	OfConsent    = HistoryOf{"consent", whose(db.FindRecorded[people.Consent], "consent", aConsent)}
	OfAssessment = HistoryOf{"assessment", ofAssessment}
	OfAttendance = HistoryOf{"attendance", ofAttendance}
	OfFollowUp   = HistoryOf{"follow_up", whose(db.FindRecorded[outcomes.FollowUp], "follow-up", outcomes.FollowUp.Person)}
)

func aPatient(p people.Patient) (site, patient uuid.UUID) { return p.SiteID, p.ID }
func aConsent(c people.Consent) (site, patient uuid.UUID) { return c.SiteID, c.PatientID }

func whose[T any](
	find func(*db.Tx, string, uuid.UUID) (T, error),
	what string,
	person func(T) (site, patient uuid.UUID),
) func(*db.Tx, uuid.UUID) (site, patient uuid.UUID, err error) {
	return func(tx *db.Tx, id uuid.UUID) (site, patient uuid.UUID, err error) {
		row, err := find(tx, what, id)
		if err != nil {
			return site, patient, err
		}
		site, patient = person(row)
		return site, patient, nil
	}
}

func ofContact(tx *db.Tx, id uuid.UUID) (site, patient uuid.UUID, err error) {
	c, err := db.FindRecorded[episodes.Contact](tx, "contact", id)
	if err != nil {
		return site, patient, err
	}
	return OfEpisode.find(tx, c.EpisodeID)
}

func ofAssessment(tx *db.Tx, id uuid.UUID) (site, patient uuid.UUID, err error) {
	a, err := db.FindRecorded[outcomes.Assessment](tx, "assessment", id)
	if err != nil {
		return site, patient, err
	}
	return OfEpisode.find(tx, a.EpisodeID)
}

func ofAttendance(tx *db.Tx, id uuid.UUID) (site, patient uuid.UUID, err error) {
	a, err := db.FindRecorded[referrals.Attendance](tx, "attendance", id)
	if err != nil {
		return site, patient, err
	}
	return OfReferral.find(tx, a.ReferralID)
}

// formerly are the fields of which what they said before is not for everybody.
var formerly = []string{"given_name", "family_name", "preferred_name", "pronouns", "gender", "nhs_number"}

// fields are the names that columns have in the API, where they differ.
var fields = map[string]string{
	"contact_on":   "on",
	"attended_on":  "on",
	"need_primary": "needs.primary",
	"need_others":  "needs.others",
	"void_id":      inError,
}

const inError = "entered_in_error"

// changeRow is a row of record_changes.
type changeRow struct {
	Position       int64
	Field          string
	FromValue      []byte
	ToValue        []byte
	ChangedAt      time.Time
	ByRole         actor.Role
	ByLinkWorkerID *uuid.UUID
	ByOnBehalf     bool
}

func (changeRow) TableName() string { return "record_changes" }

// History lists which fields of a thing were changed, from what to what, oldest first, after the position given.
// The manager of the site, with a reason, sees former names, genders and NHS numbers too.
func (s *Store) History(
	ctx context.Context,
	of HistoryOf,
	id uuid.UUID,
	reason string,
	page db.Page[int64],
) (list []FieldChange, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		site, patient, err := of.find(tx, id)
		if err != nil {
			return err
		}
		var rows []changeRow
		if err := tx.Where("site_id = ? and subject_type = ? and subject_id = ? and position > ?", site, of.subject, id, page.After).
			Order("position").
			Limit(page.Limit).
			Find(&rows).
			Error; err != nil {
			return err
		}
		mistakes, err := mistakesOf(tx, site, rows)
		if err != nil {
			return err
		}
		all := tx.Actor.Role == actor.SiteManager && strings.TrimSpace(reason) != ""
		for _, r := range rows {
			list = append(list, r.shown(all, mistakes))
		}
		return events.ReadBecause(tx, of.subject+"_history", reason, site, patient)
	})
	return list, err
}

// shown is the change as the API shows it.
func (r changeRow) shown(all bool, mistakes map[uuid.UUID]voids.Void) FieldChange {
	c := FieldChange{
		Field:     cmp.Or(fields[r.Field], r.Field),
		ChangedAt: r.ChangedAt,
		ChangedBy: actor.By{Role: r.ByRole, LinkWorkerID: r.ByLinkWorkerID, OnBehalf: r.ByOnBehalf},
		position:  r.Position,
	}
	if c.Withheld = !all && slices.Contains(formerly, r.Field); c.Withheld {
		return c
	}
	if r.Field != "void_id" {
		c.From, c.To = r.value(r.FromValue), r.value(r.ToValue)
		return c
	}
	if was, is := mistakes[voidID(r.FromValue)]; is {
		c.From = map[string]any{"reason": was.Reason}
		c.Mistake = &Mistake{was.SubjectType, was.SubjectID, true, was.UndoReason}
	}
	if now, is := mistakes[voidID(r.ToValue)]; is {
		c.To = map[string]any{"reason": now.Reason}
		c.Mistake = &Mistake{now.SubjectType, now.SubjectID, false, now.Reason}
	}
	return c
}

// value is a column's value; an instant as the API writes it.
func (r changeRow) value(raw []byte) (v any) {
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil {
		return nil
	}
	if text, is := v.(string); is && strings.HasSuffix(r.Field, "_at") {
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return at.UTC()
		}
	}
	return v
}

// voidID is the void that a change names, or the zero id.
func voidID(raw []byte) (id uuid.UUID) {
	if json.Unmarshal(raw, &id) != nil {
		return uuid.Nil
	}
	return id
}

// mistakesOf are the voids that the changes name, by their ids.
func mistakesOf(tx *db.Tx, site uuid.UUID, rows []changeRow) (map[uuid.UUID]voids.Void, error) {
	var ids db.IDs
	for _, r := range rows {
		if r.Field == "void_id" {
			ids = append(ids, voidID(r.FromValue), voidID(r.ToValue))
		}
	}
	mistakes := map[uuid.UUID]voids.Void{}
	if len(ids) == 0 {
		return mistakes, nil
	}
	var found []voids.Void
	err := tx.Where("site_id = ? and id = any(?::uuid[])", site, ids).Find(&found).Error
	for _, v := range found {
		mistakes[v.ID] = v
	}
	return mistakes, err
}
