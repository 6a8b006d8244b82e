package referrals

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"waypost/internal/directory"
	"waypost/internal/episodes"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// NewMove is the command to move a referral.
type NewMove struct {
	// Where it goes; allowed_moves of the referral lists what may be.
	To Status `json:"to" format:"code:referral_statuses" example:"accepted"`
	// Needed for declined and not_completed (a code of organisation_reasons or patient_reasons),
	// withdrawn (patient_reasons or withdrawal_reasons) and waitlisted (a code of wait_bands).
	Reason *string `json:"reason,omitempty" maxLength:"50"`
	// More about the reason, in free text.
	Note *string `json:"note,omitempty" format:"prose" maxLength:"5000"`
	// When it happened; now when left out. Not in the future, and not before the referral was sent.
	OccurredAt *time.Time `json:"occurred_at,omitempty"`
	// Whose account it is, such as organisation when it answered a link worker by phone; the caller's
	// own side when left out.
	ReportedBy *actor.Side `json:"reported_by,omitempty" enum:"link_worker,organisation,patient"`
	// With accepted or waitlisted: when the person is expected to start.
	ExpectedStartOn *day.Date `json:"expected_start_on,omitempty" format:"date"`
	// Where the caller last saw it. When somebody moved it since, nothing is done (move_not_allowed),
	// even where the move would be allowed.
	From *Status `json:"from,omitempty" format:"code:referral_statuses"`
}

// Move makes a move. The move is checked before its reason. Faults: move_not_allowed, invalid,
// consent_required (sending a draft).
func (s *Store) Move(ctx context.Context, id uuid.UUID, n NewMove) (r Referral, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		h, err := lockIfUnchanged(tx, id, n.To)
		if err != nil {
			return err
		}
		wasDraft, warnings := h.Status == Draft, []fault.Warning{}
		if err := h.Move(tx, n); err != nil {
			return err
		}
		if wasDraft && h.Status == Sent {
			if warnings, err = h.send(tx); err != nil {
				return err
			}
		}
		if err := h.write(tx, &r); err != nil {
			return err
		}
		r.Warnings = warnings
		return nil
	})
	return r, err
}

// lockForUpdate reads a referral that the actor may see, and locks it until the transaction ends.
func lockForUpdate(tx *db.Tx, id uuid.UUID) (*History, error) {
	type row struct {
		Referral
		DiedOn *day.Date
	}
	q := tx.InSites().
		Table("referrals").
		Select("referrals.*, referred_person_died_on(id) as died_on").
		Where("id = ?", id)
	r, err := db.First[row](q.Clauses(clause.Locking{Strength: "NO KEY UPDATE"}), "referral")
	return &History{Referral: r.Referral, diedOn: r.DiedOn, via: viaAPI, log: &events.Log{}}, err
}

// nothingLeft is what an organisation is told of somebody who has died, without why.
const nothingLeft = "Nothing is left to do for this referral: please do not call the person."

// checkDeath refuses a move of a day after the person's death, and one of now. What happened before can
// still be recorded, and the referral withdrawn or put right.
func (h *History) checkDeath(tx *db.Tx, n NewMove) error {
	if h.diedOn == nil || n.To == Withdrawn || n.To == EnteredInError {
		return nil
	}
	if n.OccurredAt != nil {
		on, err := tx.DayOf(h.SiteID, *n.OccurredAt)
		if err != nil || !on.After(*h.diedOn) {
			return err
		}
	}
	if tx.Actor.OrganisationID != nil {
		return fault.New(fault.MoveNotAllowed, nothingLeft)
	}
	return fault.New(fault.MoveNotAllowed,
		"The person has died: withdraw the referral. What happened before can be recorded with occurred_at.").
		At("body.occurred_at", fault.OutOfRange, "must be a day before the person's death, or that day")
}

const (
	viaAPI  = "api"
	viaLink = "link"
	viaJob  = "job"
)

// lockIfUnchanged is lockForUpdate for a caller who has read the status. Of two callers at the same instant the second is
// told the status it has now, and decides again.
func lockIfUnchanged(tx *db.Tx, id uuid.UUID, to Status) (*History, error) {
	seen, err := find(tx, id)
	if err != nil {
		return nil, err
	}
	h, err := lockForUpdate(tx, id)
	if err == nil && h.Status != seen.Status {
		err = h.notAllowed(tx, to)
	}
	return h, err
}

// notAllowed says where the referral stands, and where it may go from there.
func (r *Referral) notAllowed(tx *db.Tx, to Status) error {
	may := make([]string, 0, 8)
	for _, s := range Allowed(r.Status, tx.Actor.Role) {
		may = append(may, string(s))
	}
	where := "the referral is " + string(r.Status) + "; this caller may move it to " + strings.Join(may, ", ")
	if len(may) == 0 {
		where = "the referral is " + string(r.Status) + "; this caller may move it no further"
	}
	return fault.New(fault.MoveNotAllowed, "A referral that is "+string(r.Status)+" cannot be moved to "+string(to)+" by this caller.").
		At("body.to", fault.NotAllowed, where)
}

// write stores the steps that were taken, and shows the referral as it then stands.
func (h *History) write(tx *db.Tx, r *Referral) error {
	if len(h.Attendances) > 0 {
		if err := tx.Create(&h.Attendances).Error; err != nil {
			return err
		}
	}
	if len(h.Moves) > 0 {
		if err := tx.Create(&h.Moves).Error; err != nil {
			return err
		}
	}
	if err := db.Save(tx, h.SiteID, h.ID, &h.Referral); err != nil {
		return err
	}
	*r = h.Referral
	r.show(tx)
	return h.log.Write(tx)
}

// send asks of a draft that goes out what is asked of a new referral, and warns as of one.
func (h *History) send(tx *db.Tx) ([]fault.Warning, error) {
	e, err := db.Find[episodes.Episode](tx, "episode", h.EpisodeID)
	if err != nil {
		return nil, err
	}
	if e.Status == episodes.Closed {
		return nil, fault.New(fault.Conflict, "The episode is closed: it takes no new referrals.")
	}
	target, err := directory.Resolve(tx, &h.OrganisationID, h.ServiceID)
	if err != nil {
		return nil, err
	}
	if err := target.Takes(); err != nil {
		return nil, err
	}
	return h.checkSending(tx, e, target)
}

// make checks a command against the referral, and returns the move it asks for.
func (n NewMove) make(tx *db.Tx, r *Referral) (Move, error) {
	if n.From != nil && *n.From != r.Status || !slices.Contains(Allowed(r.Status, tx.Actor.Role), n.To) {
		return Move{}, r.notAllowed(tx, n.To)
	}
	if err := checkReason(n.To, n.Reason); err != nil {
		return Move{}, err
	}
	side, err := reportingSide(tx.Actor, n.ReportedBy)
	if err != nil {
		return Move{}, err
	}
	m := newMove(tx, r, n.To, side)
	m.Reason, m.Note, m.ExpectedStartOn = n.Reason, n.Note, n.ExpectedStartOn
	past := true
	if n.OccurredAt != nil {
		m.OccurredAt, past = tx.NotFuture(*n.OccurredAt)
	}
	var c fault.Checks
	c.Require(past, "occurred_at", fault.OutOfRange, "must not lie in the future")
	c.Require(
		r.SentAt == nil || !m.OccurredAt.Before(*r.SentAt),
		"occurred_at",
		fault.OutOfRange,
		"lies before the referral was sent",
	)
	c.Require(
		n.ExpectedStartOn == nil || n.To == Accepted || n.To == Waitlisted,
		"expected_start_on",
		fault.NotAllowed,
		"goes with accepted or waitlisted only",
	)
	return m, c.Err()
}

// reportingSide is whose account something is: an organisation gives its own and nobody else's.
func reportingSide(who actor.Actor, reportedBy *actor.Side) (actor.Side, error) {
	if reportedBy == nil {
		return who.Side(), nil
	}
	if who.Role == actor.Organisation && *reportedBy != actor.SideOrganisation {
		return "", fault.InvalidAt(
			"reported_by",
			fault.NotAllowed,
			"must be organisation: an organisation gives its own account",
		)
	}
	return *reportedBy, nil
}

// Undo is the command to undo the latest move.
type Undo struct {
	// Why; it is kept with the voided move.
	Note *string `json:"note,omitempty" format:"prose" maxLength:"5000"`
}

// Undo voids the latest move of a referral; both the move and its undoing stay visible. Fault: conflict
// (nothing to undo).
func (s *Store) Undo(ctx context.Context, id uuid.UUID, u Undo) (r Referral, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		h, err := lockForUpdate(tx, id)
		if err != nil {
			return err
		}
		// what fell with its episode comes back with it
		if _, err := db.Find[episodes.Episode](tx, "episode", h.EpisodeID); err != nil {
			return err
		}
		if err := movesOf(tx, h.Referral).Find(&h.Moves).Error; err != nil {
			return err
		}
		return h.undo(tx, u.Note, &r)
	})
	return r, err
}

// undo voids the latest move that stands, and stores it. The history must hold every move.
func (h *History) undo(tx *db.Tx, note *string, r *Referral) error {
	voided, err := h.Undo(tx)
	if err != nil {
		return err
	}
	row := tx.Model(&Move{}).Where("site_id = ? and id = ?", h.SiteID, voided.ID)
	if err := row.Updates(map[string]any{"voided_at": tx.Now, "void_note": note}).Error; err != nil {
		return err
	}
	h.Moves = nil // all are stored already
	return h.write(tx, r)
}

// Moves lists a referral's moves, voided ones too, in the order in which they were made, after the place given.
func (s *Store) Moves(ctx context.Context, id uuid.UUID, page db.Page[int]) (list []Move, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		r, err := find(tx, id)
		if err != nil {
			return err
		}
		q := movesOf(tx, r)
		if tx.Actor.OrganisationID != nil {
			q = q.Select(movesReceived)
		}
		return q.Where("sequence > ?", page.After).Scopes(page.Cut).Find(&list).Error
	})
	return list, err
}

func movesOf(tx *db.Tx, r Referral) *gorm.DB {
	return tx.Where("site_id = ? and referral_id = ?", r.SiteID, r.ID).Order("sequence")
}
