package casework

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"waypost/internal/episodes"
	"waypost/internal/outcomes"
	"waypost/internal/people"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// NewTransfer is the command to pass a person to another site.
type NewTransfer struct {
	// The site that is asked to take the person on.
	SiteID uuid.UUID `json:"site_id" format:"uuid"`
	// Why, in free text; not blank. The site that is asked reads it.
	Reason string `json:"reason" pattern:"\\S" format:"prose" maxLength:"1000" example:"Moves to live with her daughter."`
	// On what basis the record may be passed on; direct_care when left out. person_agreed goes with
	// agreed_on.
	Basis string `json:"basis,omitempty" enum:"person_agreed,direct_care,best_interests"`
	// The day on which the person agreed; not in the future.
	AgreedOn *day.Date `json:"agreed_on,omitempty" format:"date"`
}

// TransferState is where a transfer stands.
type TransferState string

const (
	pending   TransferState = "pending"
	accepted  TransferState = "accepted"
	refused   TransferState = "refused"
	cancelled TransferState = "cancelled"
)

// Transfer is a person whom one site passes to another, as one of the two sees it.
type Transfer struct {
	// The transfer's id, the same for both sites.
	ID uuid.UUID `json:"id" format:"uuid"`
	// Whether the caller's site sends the person (out) or is asked (in).
	Direction string `json:"direction" enum:"out,in"`
	// The site that sends.
	FromSiteID uuid.UUID `json:"from_site_id" format:"uuid"`
	// What that site is called.
	FromSiteName string `json:"from_site_name" example:"Sale and Altrincham"`
	// The site that is asked; null: a partner system of the site that sends is not told where people go.
	ToSiteID *uuid.UUID `json:"to_site_id" nullable:"true" format:"uuid"`
	// What that site is called; null where to_site_id is.
	ToSiteName *string `json:"to_site_name" example:"Example Valley"`
	// Who asked for it.
	RequestedBy TransferRequester `json:"requested_by" gorm:"embedded;embeddedPrefix:requested_by_"`
	// Where it stands. lapsed: nobody answered by lapses_at.
	State string `json:"state" enum:"pending,accepted,refused,cancelled,lapsed" example:"pending"`
	// The person in the record of the caller's own site; null: it has none, since it has not accepted.
	PatientID *uuid.UUID `json:"patient_id" nullable:"true" format:"uuid"`
	// The episodes that were opened, for the site that accepted.
	EpisodeIDs db.IDs `json:"episode_ids"`
	// What the person is called: the preferred or else the given name, and the family name; null: the
	// site that is asked sees it while it is pending, and when it accepted.
	Name *string `json:"name" example:"Mary Example"`
	// The need that matters most, of the open episode; the site that is asked sees it while it sees the name.
	Need *string `json:"need" format:"code:needs"`
	// Why the person is passed on; the site that is asked reads it while it sees the name.
	Reason *string `json:"reason"`
	// On what basis the record is passed on.
	Basis string `json:"basis" enum:"person_agreed,direct_care,best_interests" example:"direct_care"`
	// The day on which the person agreed.
	AgreedOn *day.Date `json:"agreed_on" format:"date"`
	// When it lapses, if nobody answers.
	LapsesAt time.Time `json:"lapses_at"`
	// When it was accepted, refused or cancelled.
	AnsweredAt *time.Time `json:"answered_at"`
	// Why it was refused.
	RefusalReason *string `json:"refusal_reason"`
	// When it was asked for.
	CreatedAt time.Time `json:"created_at"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at"`

	// In the answer to an acceptance: people whom the site knows and who may be the same person.
	PossibleDuplicates []fault.PossibleDuplicate `json:"possible_duplicates,omitempty" gorm:"-"`
	// In the answer to a POST: what is worth knowing.
	Warnings []fault.Warning `json:"warnings,omitempty" gorm:"-"`
}

// TransferRequester is who asks another site to take a person on.
type TransferRequester struct {
	// In which role.
	Role actor.Role `json:"role" enum:"link_worker,site_manager,integration"`
	// The link worker's name, also where a system acts for them; null: it was none.
	LinkWorkerName *string `json:"link_worker_name" example:"Sam Helper"`
}

// Acceptance is the command to take a person on who comes from another site.
type Acceptance struct {
	// Who supports the person; the caller's own link worker when left out. Needed where an episode is
	// opened and the caller is none.
	LinkWorkerID *uuid.UUID `json:"link_worker_id,omitempty" nullable:"true" format:"uuid"`
	// Somebody the site knows already, who is this person: the episodes are opened there, and no detail
	// is changed. What the person agreed to elsewhere counts where they have decided nothing here; a
	// refusal counts by its day. Somebody who is not likely the same person (possible_duplicates), has
	// another NHS number or has died is a 409.
	PatientID *uuid.UUID `json:"patient_id,omitempty" nullable:"true" format:"uuid"`
	people.OnDuplicate
}

// Refusal is the command not to take a person on.
type Refusal struct {
	// Why, in free text; not blank. The site that sends reads it.
	Reason string `json:"reason" pattern:"\\S" format:"prose" maxLength:"1000" example:"We support people of our own practices alone."`
}

// transferDays is after how many days a transfer lapses that nobody answers.
const transferDays = 28

type sending struct {
	SiteID, ID, PatientID, ToSiteID uuid.UUID
	Reason, Basis                   string
	AgreedOn                        *day.Date
	State                           TransferState
	LapsesAt                        time.Time
	AnsweredAt                      *time.Time
	RefusalReason                   *string
	ActorRole                       actor.Role
	ActorKeyID, LinkWorkerID        *uuid.UUID
	OnBehalf                        bool
	CreatedAt                       time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt                       time.Time `gorm:"autoUpdateTime:false"`
}

func (sending) TableName() string { return "transfers" }

type offer struct {
	SiteID, ID, FromSiteID   uuid.UUID
	Name, Need, Reason       *string
	Basis                    string
	RequestedByRole          actor.Role
	RequestedByName          *string
	AgreedOn                 *day.Date
	State                    TransferState
	LapsesAt                 time.Time
	AnsweredAt               *time.Time
	RefusalReason            *string
	PatientID                *uuid.UUID
	EpisodeIDs               db.IDs
	ActorRole                *actor.Role
	ActorKeyID, LinkWorkerID *uuid.UUID
	OnBehalf                 *bool
	CreatedAt                time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt                time.Time `gorm:"autoUpdateTime:false"`
}

func (offer) TableName() string { return "transfer_offers" }

// asWaypostAt acts as Waypost itself at the other site of a transfer, of which the actor may see nothing.
func asWaypostAt(tx *db.Tx, site uuid.UUID, f func() error) error {
	return tx.Unshown(func() error {
		return tx.As(actor.Actor{Role: actor.System, Job: "transfer", Sites: []uuid.UUID{site}}, f)
	})
}

// Transfer asks another site to take a person on. Faults: not_found (the person), invalid (the site, the day), conflict
// (the person died, is asked for already, or has no open episode).
func (s *Store) Transfer(ctx context.Context, patient uuid.UUID, n NewTransfer) (t Transfer, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		p, err := people.LockForChange(tx, patient)
		if err != nil {
			return err
		}
		if p.DiedOn != nil {
			return fault.New(fault.Conflict, "The person has died.")
		}
		if err := n.check(tx, p); err != nil {
			return err
		}
		if err := endLapsed(tx, p); err != nil {
			return err
		}
		var waits int64
		if err := tx.Model(&sending{}).
			Where("site_id = ? and patient_id = ? and state = ?", p.SiteID, p.ID, pending).
			Count(&waits).
			Error; err != nil {
			return err
		}
		if waits > 0 {
			return fault.New(fault.Conflict, "A site is asked to take this person on already: cancel that first.")
		}
		var open bool
		if err := tx.Raw("select exists (select from episodes where site_id = ? and patient_id = ? and status <> ?)",
			p.SiteID, p.ID, episodes.Closed).Scan(&open).Error; err != nil {
			return err
		}
		if !open {
			return fault.New(fault.Conflict, "The person has no open episode that another site could take on.")
		}
		row, made, err := n.rows(tx, p)
		if err != nil {
			return err
		}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		if err := asWaypostAt(tx, n.SiteID, func() error {
			if err := tx.Create(&made).Error; err != nil {
				return err
			}
			return events.Record(tx, events.TransferReceived, events.Subject{ID: row.ID, SiteID: n.SiteID}, nil)
		}); err != nil {
			return err
		}
		if err := row.recordEvent(tx, events.TransferRequested); err != nil {
			return err
		}
		t, err = find(tx, row.ID, "out")
		return err
	})
	return t, err
}

func (n *NewTransfer) check(tx *db.Tx, p people.Patient) error {
	if n.Basis == "" {
		n.Basis = "direct_care"
	}
	today, err := tx.Today(p.SiteID)
	if err != nil {
		return err
	}
	var there bool
	if err := asWaypostAt(tx, n.SiteID, func() error {
		return tx.Raw("select exists (select from sites where id = ?)", n.SiteID).Scan(&there).Error
	}); err != nil {
		return err
	}
	var c fault.Checks
	c.Require(n.SiteID != p.SiteID, "site_id", fault.NotAllowed, "is the site whose record this is")
	c.Require(there, "site_id", fault.UnknownReference, "is no site")
	c.Require(
		(n.Basis == "person_agreed") == (n.AgreedOn != nil),
		"agreed_on",
		fault.NotAllowed,
		"goes with the basis person_agreed: both or neither",
	)
	c.Require(n.AgreedOn == nil || !n.AgreedOn.After(today), "agreed_on", fault.OutOfRange, "must not lie in the future")
	return c.Err()
}

// rows are the row of each site.
func (n NewTransfer) rows(tx *db.Tx, p people.Patient) (row sending, made offer, err error) {
	row = sending{
		SiteID:       p.SiteID,
		ID:           tx.NewID(),
		PatientID:    p.ID,
		ToSiteID:     n.SiteID,
		Reason:       n.Reason,
		Basis:        n.Basis,
		AgreedOn:     n.AgreedOn,
		State:        pending,
		LapsesAt:     tx.Now.AddDate(0, 0, transferDays),
		ActorRole:    tx.Actor.Role,
		ActorKeyID:   tx.Actor.Key(),
		LinkWorkerID: tx.Actor.LinkWorkerID,
		OnBehalf:     tx.Actor.OnBehalf,
		CreatedAt:    tx.Now,
		UpdatedAt:    tx.Now,
	}
	made = offer{
		SiteID:     n.SiteID,
		ID:         row.ID,
		FromSiteID: p.SiteID,
		Reason:     &n.Reason,
		Basis:      n.Basis,
		AgreedOn:   n.AgreedOn,
		State:      pending,
		LapsesAt:   row.LapsesAt,
		CreatedAt:  tx.Now,
		UpdatedAt:  tx.Now,
	}
	made.RequestedByRole = row.ActorRole
	if row.LinkWorkerID != nil {
		err = tx.Raw("select name from link_workers where id = ?", *row.LinkWorkerID).Row().Scan(&made.RequestedByName)
	}
	return row, made, err
}

// endLapsed says of a transfer of the person that has lapsed that it is over, so that another can be asked for.
func endLapsed(tx *db.Tx, p people.Patient) error {
	return tx.Exec("update transfers set state = ? where site_id = ? and patient_id = ? and state = ? and lapses_at <= ?",
		cancelled, p.SiteID, p.ID, pending, tx.Now).
		Error
}

func (r sending) recordEvent(tx *db.Tx, kind events.Kind) error {
	return events.Record(tx, kind, events.Subject{ID: r.ID, SiteID: r.SiteID, PatientID: r.PatientID}, nil)
}

// AcceptTransfer takes a person on: the record is copied, and the other site's episodes close. Faults: not_found,
// conflict (it waits no longer, the person died, the NHS number or a possible duplicate is known), invalid (the link
// worker).
func (s *Store) AcceptTransfer(ctx context.Context, id uuid.UUID, a Acceptance) (t Transfer, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		o, err := waiting(tx, id)
		if err != nil {
			return err
		}
		if err := tx.Raw("select name, need from offered(?)", o.ID).Row().Scan(&o.Name, &o.Need); err != nil {
			return err
		}
		var was passed
		if err := asWaypostAt(tx, o.FromSiteID, func() error { return was.read(tx, o) }); err != nil {
			return err
		}
		taken, err := s.take(tx, &o, was, a)
		if err != nil {
			return err
		}
		if err := asWaypostAt(tx, o.FromSiteID, func() error { return s.closeLeft(tx, was) }); err != nil {
			return err
		}
		o.State, o.EpisodeIDs = accepted, taken.EpisodeIDs
		if err := o.answer(tx); err != nil {
			return err
		}
		if t, err = find(tx, id, "in"); err != nil {
			return err
		}
		t.PossibleDuplicates, t.Warnings = taken.PossibleDuplicates, taken.Warnings
		return nil
	})
	return t, err
}

// waiting finds an offer of the actor's sites that can be answered, and holds it.
func waiting(tx *db.Tx, id uuid.UUID) (offer, error) {
	o, err := db.First[offer](tx.Where("id = ?", id).Clauses(clause.Locking{Strength: "NO KEY UPDATE"}), "transfer")
	if err == nil && (o.State != pending || !o.LapsesAt.After(tx.Now)) {
		err = errAnswered
	}
	return o, err
}

var errAnswered = fault.New(fault.Conflict, "This transfer waits for no answer any more.")

// passed is what is copied of a person, and what it leaves.
type passed struct {
	transfer sending
	patient  people.Patient
	consents []people.Consent
	episodes []episodes.Episode // open ones
}

// read reads the record at the site that sends, and holds what of it changes.
func (r *passed) read(tx *db.Tx, o offer) (err error) {
	q := tx.Where("site_id = ? and id = ?", o.FromSiteID, o.ID).Clauses(clause.Locking{Strength: "NO KEY UPDATE"})
	if r.transfer, err = db.First[sending](q, "transfer"); err != nil {
		return err
	}
	if r.transfer.State != pending {
		return errAnswered
	}
	var kept uuid.UUID // merged meanwhile
	if err := tx.Raw("select kept_patient(?)", r.transfer.PatientID).Row().Scan(&kept); err != nil {
		return err
	}
	if r.patient, err = db.Find[people.Patient](tx, "patient", kept); err != nil {
		return err
	}
	if r.patient.DiedOn != nil {
		return fault.New(fault.Conflict, "The person has died.")
	}
	of := "site_id = ? and patient_id = ?"
	if err := tx.Table("standing_consents").Where(of, r.patient.SiteID, r.patient.ID).Order("decided_on, id").
		Find(&r.consents).Error; err != nil {
		return err
	}
	return tx.Where(of+" and status <> ?", r.patient.SiteID, r.patient.ID, episodes.Closed).Order("id").Find(&r.episodes).Error
}

// taken is what came of taking a person on.
type taken struct {
	EpisodeIDs         db.IDs
	PossibleDuplicates []fault.PossibleDuplicate
	Warnings           []fault.Warning
}

// take copies the record to the site that was asked: the person, the consents that stand, refusals too, and each open
// episode with what is needed to carry on. What was done and said stays where it was done, with its figures.
func (s *Store) take(tx *db.Tx, o *offer, was passed, a Acceptance) (out taken, err error) {
	if a.PatientID != nil {
		p, err := people.Find(tx, *a.PatientID)
		if err == nil && p.SiteID != o.SiteID {
			err = fault.Missing("patient")
		}
		if err != nil {
			return out, fault.Within("patient_id", err)
		}
		if err := s.mayBe(tx, p, was); err != nil {
			return out, err
		}
		o.PatientID = &p.ID
	} else {
		details := was.patient.Details
		details.ExternalIDs = nil // of systems of the other site
		n := people.Recording{New: people.New{SiteID: &o.SiteID, Details: details}, OnDuplicate: a.OnDuplicate}
		p, err := s.People.Record(tx.Context(), n, "api")
		if err != nil {
			return out, err
		}
		o.PatientID, out.PossibleDuplicates, out.Warnings = &p.ID, p.PossibleDuplicates, p.Warnings
	}
	own, err := decided(tx, *o.PatientID)
	if err != nil {
		return out, err
	}
	for _, c := range was.consents {
		n := c.NewConsent
		if agreed := n.Decision != "declined" && n.Decision != "withdrawn"; agreed && slices.Contains(own, n.Purpose) {
			continue // what the person told this site counts
		}
		n.Replaces = nil
		if _, err := s.People.RecordConsent(tx.Context(), *o.PatientID, n); err != nil {
			return out, err
		}
	}
	today, err := tx.Today(o.SiteID)
	if err != nil {
		return out, err
	}
	for _, e := range was.episodes {
		details := e.Details
		details.LinkWorkerID, details.ReceivedOn, details.ExternalIDs = a.LinkWorkerID, today, nil
		opened, err := s.OpenEpisode(tx.Context(), episodes.New{PatientID: *o.PatientID, Details: details}, "api")
		if err != nil {
			return out, err
		}
		out.EpisodeIDs, out.Warnings = append(out.EpisodeIDs, opened.ID), append(out.Warnings, opened.Warnings...)
	}
	return out, nil
}

// mayBe refuses to take a person on as somebody whom the site knows and who is not likely that person, by the rule of possible
// duplicates. Whoever was passed to and fro between the two records is. Nobody's record takes in another's by a slip.
func (s *Store) mayBe(tx *db.Tx, p people.Patient, was passed) error {
	if p.DiedOn != nil {
		return fault.New(fault.Conflict, "The person has died.")
	}
	if p.NHSNumber != nil && was.patient.NHSNumber != nil && *p.NHSNumber != *was.patient.NHSNumber {
		return fault.New(fault.Conflict, "The two records have different NHS numbers. If they are one person all the same, "+
			"accept without patient_id, and merge the two: a second person confirms it.")
	}
	known, err := passedBetween(tx, p, was.patient)
	if err != nil || known {
		return err
	}
	likely, err := people.Likely(tx, p, was.patient)
	if err == nil && !likely {
		err = fault.New(fault.Conflict, "By names and date of birth the record named is hardly this person's. If it is all the "+
			"same, accept without patient_id, and merge the two.")
	}
	return err
}

// passedBetween reports whether the person was passed before from one of two records to the other.
func passedBetween(tx *db.Tx, here, there people.Patient) (known bool, err error) {
	var sent, taken db.IDs
	const of = `select coalesce(array_agg(id) filter (where sent), '{}'), coalesce(array_agg(id) filter (where not sent), '{}')
		from (
			select id, true as sent, site_id, patient_id from transfers where state = 'accepted'
			union all
			select id, false, site_id, patient_id from transfer_offers where state = 'accepted'
		) t where site_id = ? and patient_id = any(?)`
	records := func(p people.Patient) db.IDs { return append(db.IDs{p.ID}, p.MergedIDs...) }
	if err := tx.Raw(of, here.SiteID, records(here)).Row().Scan(&sent, &taken); err != nil {
		return false, err
	}
	err = asWaypostAt(tx, there.SiteID, func() error {
		var theirSent, theirTaken db.IDs
		err := tx.Raw(of, there.SiteID, records(there)).Row().Scan(&theirSent, &theirTaken)
		known = slices.ContainsFunc(theirTaken, func(id uuid.UUID) bool { return slices.Contains(sent, id) }) ||
			slices.ContainsFunc(theirSent, func(id uuid.UUID) bool { return slices.Contains(taken, id) })
		return err
	})
	return known, err
}

// decided are the purposes on which a person of the site has decided.
func decided(tx *db.Tx, patient uuid.UUID) (purposes []string, err error) {
	err = tx.Table("consents").Where("patient_id = ?", patient).Distinct().Pluck("purpose", &purposes).Error
	return purposes, err
}

// closeLeft closes what the site that sent has open of the person: the episodes, and the follow-ups that nobody there will ask
// about any more. It is not told what the other site made of it.
func (s *Store) closeLeft(tx *db.Tx, was passed) error {
	for _, e := range was.episodes {
		if _, err := s.Episodes.Close(tx.Context(), e.ID, episodes.Closure{Reason: "transferred_site"}); err != nil {
			return err
		}
	}
	var open []uuid.UUID
	if err := tx.Table("follow_ups").
		Where("site_id = ? and patient_id = ? and completed_on is null and lost_on is null", was.patient.SiteID, was.patient.ID).
		Order("id").
		Pluck("id", &open).
		Error; err != nil {
		return err
	}
	for _, id := range open {
		if _, err := s.Outcomes.RecordLoss(tx.Context(), id, outcomes.Loss{Reason: "moved"}); err != nil {
			return err
		}
	}
	return was.transfer.end(tx, accepted, nil, events.TransferAccepted)
}

// end writes how a transfer ended at the site that sent.
func (r sending) end(tx *db.Tx, state TransferState, why *string, kind events.Kind) error {
	err := tx.Exec("update transfers set state = ?, answered_at = ?, refusal_reason = ?, updated_at = ? where site_id = ? and id = ?",
		state, tx.Now, why, tx.Now, r.SiteID, r.ID).
		Error
	if err != nil {
		return err
	}
	return r.recordEvent(tx, kind)
}

// answer writes how an offer ended at the site that was asked. Whoever did not accept keeps no word about the person.
func (o *offer) answer(tx *db.Tx) error {
	if o.State != accepted {
		o.Name, o.Need, o.Reason = nil, nil, nil
	}
	o.AnsweredAt, o.UpdatedAt = &tx.Now, tx.Now
	o.ActorRole, o.ActorKeyID = &tx.Actor.Role, tx.Actor.Key()
	o.LinkWorkerID, o.OnBehalf = tx.Actor.LinkWorkerID, &tx.Actor.OnBehalf
	return db.Save(tx, o.SiteID, o.ID, o)
}

// RefuseTransfer says that the site does not take the person on. Faults: not_found, conflict (it waits no longer).
func (s *Store) RefuseTransfer(ctx context.Context, id uuid.UUID, r Refusal) (t Transfer, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		o, err := waiting(tx, id)
		if err != nil {
			return err
		}
		if err := asWaypostAt(tx, o.FromSiteID, func() error {
			q := tx.Where("site_id = ? and id = ?", o.FromSiteID, o.ID).Clauses(clause.Locking{Strength: "NO KEY UPDATE"})
			row, err := db.First[sending](q, "transfer")
			if err != nil {
				return err
			}
			if row.State != pending {
				return errAnswered
			}
			return row.end(tx, refused, &r.Reason, events.TransferRefused)
		}); err != nil {
			return err
		}
		o.State, o.RefusalReason = refused, &r.Reason
		if err := o.answer(tx); err != nil {
			return err
		}
		t, err = find(tx, id, "in")
		return err
	})
	return t, err
}

// CancelTransfer takes back that another site is asked. Faults: not_found, conflict (it waits no longer).
func (s *Store) CancelTransfer(ctx context.Context, id uuid.UUID) (t Transfer, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		q := tx.Where("id = ?", id).Clauses(clause.Locking{Strength: "NO KEY UPDATE"})
		row, err := db.First[sending](q, "transfer")
		if err != nil {
			return err
		}
		if row.State != pending || !row.LapsesAt.After(tx.Now) {
			return errAnswered
		}
		if err := row.cancel(tx); err != nil {
			return err
		}
		t, err = find(tx, id, "out")
		return err
	})
	return t, err
}

// cancel takes back that the other site is asked, which sees the name no longer. Both sides are told.
func (r sending) cancel(tx *db.Tx) error {
	if err := r.end(tx, cancelled, nil, events.TransferCancelled); err != nil {
		return err
	}
	return asWaypostAt(tx, r.ToSiteID, func() error {
		if err := tx.Exec(`update transfer_offers set state = ?, reason = null, answered_at = ?, updated_at = ?
			where site_id = ? and id = ?`, cancelled, tx.Now, tx.Now, r.ToSiteID, r.ID).Error; err != nil {
			return err
		}
		return events.Record(tx, events.TransferCancelled, events.Subject{ID: r.ID, SiteID: r.ToSiteID}, nil)
	})
}

// lockPending holds the transfers of a person that wait for an answer, so that none is accepted meanwhile.
func lockPending(tx *db.Tx, patient uuid.UUID) (list []sending, err error) {
	err = tx.InSites().
		Where("state = ? and lapses_at > ? and kept_patient(patient_id) = ?", pending, tx.Now, patient).
		Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).
		Find(&list).
		Error
	return list, err
}

// cancelPending cancels the transfers of a person, who is locked, that wait for an answer.
func cancelPending(tx *db.Tx, patient uuid.UUID) error {
	list, err := lockPending(tx, patient)
	for i := 0; i < len(list) && err == nil; i++ {
		err = list[i].cancel(tx)
	}
	return err
}

// bothSides is every transfer that the actor's sites send or are asked for. One that nobody answers lapses by its day. While
// a site is asked it sees the name and the need as they are now, and when it took the person on, as they were then. The
// record is that of the first episode it opened, should a merge have been undone since.
const bothSides = `(
	select t.*, f.name as from_site_name, s.name as to_site_name from (
		select t.id, 'out' as direction, t.site_id as from_site_id,
			case when (select acting_role()) <> 'integration' then t.to_site_id end as to_site_id,
			case when t.lapses_at <= ? and (t.state = 'pending' or t.state = 'cancelled' and t.answered_at is null)
				then 'lapsed' else t.state end as state,
			t.patient_id, '{}'::uuid[] as episode_ids,
			(
				select concat_ws(' ', coalesce(p.preferred_name, p.given_name), p.family_name) from patients p
				where p.site_id = t.site_id and p.id = t.patient_id
			) as name,
			(
				select e.need_primary from episodes e where e.site_id = t.site_id and e.patient_id = t.patient_id
				order by e.status = 'closed', e.received_on desc, e.id desc limit 1
			) as need,
			t.reason, t.basis, t.agreed_on, t.lapses_at, t.answered_at, t.refusal_reason, t.created_at,
			case when t.state = 'pending' and t.lapses_at <= ? then t.lapses_at else t.updated_at end as updated_at,
			t.actor_role as requested_by_role,
			(select w.name from link_workers w where w.site_id = t.site_id and w.id = t.link_worker_id)
				as requested_by_link_worker_name
		from transfers t
		union all
		select o.id, 'in', o.from_site_id, o.site_id,
			case when lapsed then 'lapsed' else o.state end,
			coalesce((select e.patient_id from episodes e where e.site_id = o.site_id and e.id = o.episode_ids[1]), o.patient_id),
			o.episode_ids, case when lapsed then null else coalesce(o.name, now_is.name) end,
			case when lapsed then null else coalesce(o.need, now_is.need) end, case when not lapsed then o.reason end,
			o.basis, o.agreed_on, o.lapses_at, o.answered_at, o.refusal_reason, o.created_at,
			case when lapsed then o.lapses_at else o.updated_at end, o.requested_by_role, o.requested_by_name
		from transfer_offers o
		cross join lateral (select o.state = 'pending' and o.lapses_at <= ? as lapsed) l
		left join lateral offered(o.id) now_is on o.state = 'pending'
	) t
	join site_names() f on f.id = t.from_site_id
	left join site_names() s on s.id = t.to_site_id
) t`

// TransferPosition is a place in a list of transfers.
type TransferPosition struct {
	ID        uuid.UUID `json:"i"`
	Direction string    `json:"d"`
}

// Transfers lists the transfers that the actor's sites send or are asked for, by id, after the place given.
func (s *Store) Transfers(
	ctx context.Context,
	states []string,
	direction string,
	page db.Page[TransferPosition],
) (list []Transfer, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		q := tx.Table(bothSides, tx.Now, tx.Now, tx.Now).
			Where("(id, direction) > (?, ?)", page.After.ID, page.After.Direction).
			Scopes(db.OneOf("state", states), page.Cut)
		if direction != "" {
			q = q.Where("direction = ?", direction)
		}
		if err := q.Order("id, direction").Find(&list).Error; err != nil {
			return err
		}
		return noteTransfers(tx, list)
	})
	return list, err
}

// TransferOf returns a transfer as the actor's site sees it; where both are the actor's, as the one that sends.
func (s *Store) TransferOf(ctx context.Context, id uuid.UUID) (t Transfer, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		t, err = find(tx, id, "")
		return err
	})
	return t, err
}

// find finds a transfer from one side; empty: from either.
func find(tx *db.Tx, id uuid.UUID, direction string) (Transfer, error) {
	q := tx.Table(bothSides, tx.Now, tx.Now, tx.Now).
		Where("id = ? and (? = '' or direction = ?)", id, direction, direction).
		Order("direction desc")
	t, err := db.First[Transfer](q, "transfer")
	if err != nil {
		return t, err
	}
	return t, noteTransfers(tx, []Transfer{t})
}

// OtherSite is a site that a person can be passed to.
type OtherSite struct {
	// The site's id, for site_id of a transfer.
	ID uuid.UUID `json:"id" format:"uuid"`
	// Its code.
	Code string `json:"code" example:"example-valley"`
	// What it is called.
	Name string `json:"name" example:"Example Valley"`
}

// OtherSites lists the sites that a person can be passed to, by code: for whoever works at one site, the others.
func (s *Store) OtherSites(ctx context.Context, page db.Page[string]) (list []OtherSite, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		own := db.IDs{}
		if len(tx.Actor.Sites) == 1 {
			own = tx.Actor.Sites
		}
		return tx.Raw("select * from site_names() where code > ? and id <> all(?) order by code limit ?",
			page.After, own, page.Limit).Scan(&list).Error
	})
	return list, err
}

// noteTransfers notes who was shown. Of somebody who is not in the record of the actor's site there is nobody to note.
func noteTransfers(tx *db.Tx, list []Transfer) error {
	var shown [][2]uuid.UUID
	for _, t := range list {
		if t.PatientID != nil {
			site := t.FromSiteID
			if t.Direction == "in" {
				site = *t.ToSiteID
			}
			shown = append(shown, [2]uuid.UUID{site, *t.PatientID})
		}
	}
	return events.ReadAll(tx, "transfer", shown, func(s [2]uuid.UUID) (site, patient uuid.UUID) { return s[0], s[1] })
}
