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

	position int64
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
	OfPatient  = HistoryOf{"patient", whose(db.Find[people.Patient], "patient", aPatient)}
	OfEpisode  = HistoryOf{"episode", whose(db.FindRecorded[episodes.Episode], "episode", episodes.Episode.Person)}
	OfReferral = HistoryOf{"referral", whose(db.Find[referrals.Referral], "referral", referrals.Referral.Person)}
	OfContact  = HistoryOf{"contact", ofContact}
	OfFollowUp = HistoryOf{"follow_up", whose(db.FindRecorded[outcomes.FollowUp], "follow-up", outcomes.FollowUp.Person)}
)

func aPatient(p people.Patient) (site, patient uuid.UUID) { return p.SiteID, p.ID }

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

// formerly are the fields of which what they said before is not for everybody.
var formerly = []string{"given_name", "family_name", "preferred_name", "pronouns", "gender", "nhs_number"}

// fields are the names that columns have in the API, where they differ.
var fields = map[string]string{
	"contact_on":   "on",
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
		reasons, err := voidReasons(tx, site, rows)
		if err != nil {
			return err
		}
		all := tx.Actor.Role == actor.SiteManager && reason != ""
		for _, r := range rows {
			list = append(list, r.shown(all, reasons))
		}
		return events.ReadBecause(tx, of.subject+"_history", reason, site, patient)
	})
	return list, err
}

// shown is the change as the API shows it.
func (r changeRow) shown(all bool, reasons map[string]*string) FieldChange {
	c := FieldChange{
		Field:     cmp.Or(fields[r.Field], r.Field),
		ChangedAt: r.ChangedAt,
		ChangedBy: actor.By{Role: r.ByRole, LinkWorkerID: r.ByLinkWorkerID, OnBehalf: r.ByOnBehalf},
		position:  r.Position,
	}
	if c.Withheld = !all && slices.Contains(formerly, r.Field); c.Withheld {
		return c
	}
	c.From, c.To = r.value(r.FromValue, reasons), r.value(r.ToValue, reasons)
	return c
}

// value is a column's value; of a void, its reason.
func (r changeRow) value(raw []byte, reasons map[string]*string) (v any) {
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil {
		return nil
	}
	text, is := v.(string)
	switch {
	case is && r.Field == "void_id":
		return map[string]any{"reason": reasons[text]}
	case is && strings.HasSuffix(r.Field, "_at"):
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return at.UTC()
		}
	}
	return v
}

// voidReasons are the reasons of the voids that the changes name.
func voidReasons(tx *db.Tx, site uuid.UUID, rows []changeRow) (map[string]*string, error) {
	var ids []string
	for _, r := range rows {
		for _, raw := range [][]byte{r.FromValue, r.ToValue} {
			var id string
			if r.Field == "void_id" && json.Unmarshal(raw, &id) == nil {
				ids = append(ids, id)
			}
		}
	}
	reasons := map[string]*string{}
	if len(ids) == 0 {
		return reasons, nil
	}
	var found []voids.Void
	err := tx.Where("site_id = ? and id in ?", site, ids).Find(&found).Error
	for _, v := range found {
		reasons[v.ID.String()] = v.Reason
	}
	return reasons, err
}
