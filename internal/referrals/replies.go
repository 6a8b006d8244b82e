package referrals

import (
	"context"
	"unicode/utf8"

	"github.com/google/uuid"

	"waypost/internal/keys"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/codes"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// MaxNote is how long a note may be, in characters.
const MaxNote = 5000

// LinkPage is a referral as a link shows it to the organisation.
type LinkPage struct {
	Received
	// Who is asked.
	Organisation string `json:"organisation_name" example:"Example Lunch Club"`
	// For which of its services, where one was named.
	Service *string `json:"service_name"`
	// Who referred.
	Site string `json:"site_name"`

	// What the organisation itself reported of days, by day, and has not taken back.
	Attendances []Reported `json:"attendances" gorm:"-"`
	// What it asked, oldest first, without the words.
	Questions []AskedBefore `json:"questions" gorm:"-"`

	SentOn day.Date `json:"-"` // days at the site, for a page to say
	Today  day.Date `json:"-"`
}

// Reported is a report of attendance as a link shows it.
type Reported struct {
	// The attendance's id, for taken_back.
	ID uuid.UUID `json:"id" format:"uuid"`
	// The day.
	On day.Date `json:"on" gorm:"column:attended_on" format:"date"`
	// Whether the person came.
	Attended bool `json:"attended"`
}

// WithoutSecret is the answer as it may be kept for a replay: consent may be withdrawn before it is asked for again.
func (a LinkPage) WithoutSecret() any {
	a.Person = nil
	return a
}

// Answer is what an organisation says by a link: a move, whether the person came, that it was wrong to say
// so, or a question.
type Answer struct {
	// Where the referral goes: one of its allowed_moves. With from, accepted from accepted adds a
	// note or expected_start_on to a yes. Left out where attendance is reported.
	To *Status `json:"to,omitempty" format:"code:referral_statuses" example:"accepted"`
	// Where the caller last saw it. When somebody moved it since, nothing is done (move_not_allowed).
	From *Status `json:"from,omitempty" format:"code:referral_statuses"`
	// Whether the person came, on the day. One who came moves an open referral to in_progress.
	Attended *bool `json:"attended,omitempty"`
	// With attended: the day; not before the referral was sent, and not in the future.
	On *day.Date `json:"on,omitempty" format:"date"`
	// Needed for declined and not_completed (a code of organisation_reasons or patient_reasons) and
	// waitlisted (the expected wait, a code of wait_bands); with attended false it may be a code of
	// non_attendance_reasons.
	Reason *string `json:"reason,omitempty" maxLength:"50"`
	// With to: more on why, for the link worker. With taken_back: why, in at most 500 characters.
	Note *string `json:"note,omitempty" format:"prose" maxLength:"5000"`
	// With accepted or waitlisted: when the person is expected to start.
	ExpectedStartOn *day.Date `json:"expected_start_on,omitempty" format:"date"`
	// A report of attendance that was wrong: the id of one of attendances. It counts in nothing from
	// then on.
	TakenBack *uuid.UUID `json:"taken_back,omitempty" nullable:"true" format:"uuid"`
	// A question to the link worker, in free text; it changes nothing of how the referral stands.
	Question *string `json:"question,omitempty" format:"prose" pattern:"\\S" maxLength:"2000"`
	// With question: who asks, and how to reach them.
	Contact *string `json:"contact,omitempty" maxLength:"200"`
}

// countChoices are how many different things it says.
func (n Answer) countChoices() (count int) {
	for _, said := range []bool{n.To != nil, n.Attended != nil, n.TakenBack != nil, n.Question != nil} {
		if said {
			count++
		}
	}
	return count
}

// ReadLinkPage shows the referral of the link. Fault: not_found (ErrTakenBack).
func (s *Store) ReadLinkPage(ctx context.Context) (a LinkPage, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		id, err := linkedReferral(tx)
		if err != nil {
			return err
		}
		a, err = readLinkPage(tx, id)
		return err
	})
	return a, err
}

// Answer takes what the organisation says of the link's referral, and shows how it then stands. Faults:
// move_not_allowed (which says where it stands: it was withdrawn, or answered already), invalid, conflict
// (it takes no attendance, or the organisation said otherwise of that day).
func (s *Store) Answer(ctx context.Context, n Answer) (a LinkPage, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		id, err := linkedReferral(tx)
		if err != nil {
			return err
		}
		if err := n.record(tx, id); err != nil {
			return err
		}
		a, err = readLinkPage(tx, id)
		return err
	})
	return a, err
}

// linkedReferral returns the id of the link's referral.
func linkedReferral(tx *db.Tx) (uuid.UUID, error) {
	if tx.Actor.ReferralID == nil {
		return uuid.Nil, keys.ErrReplyLink
	}
	return *tx.Actor.ReferralID, nil
}

func (n Answer) record(tx *db.Tx, id uuid.UUID) error {
	if n.Note != nil && utf8.RuneCountInString(*n.Note) > MaxNote { // a page checks nothing
		return fault.InvalidAt("note", fault.TooLong, "may have at most 5000 characters")
	}
	h, err := n.lockReferral(tx, id)
	if fault.Is(err, fault.NotFound) {
		return keys.ErrReplyLink
	}
	if err != nil {
		return err
	}
	h.via = viaLink
	switch {
	case n.countChoices() != 1:
		return fault.InvalidAt(
			"to",
			fault.Required,
			"or attended, taken_back or question is needed: one of them at a time",
		)
	case n.Attended == nil && n.On != nil:
		return fault.InvalidAt("on", fault.NotAllowed, "goes with attended only")
	case n.Question == nil && n.Contact != nil:
		return fault.InvalidAt("contact", fault.NotAllowed, "goes with question only")
	case n.addsToAcceptance(h):
		err = n.addToAcceptance(tx, h)
	case n.To != nil:
		err = h.Move(
			tx,
			NewMove{To: *n.To, From: n.From, Reason: n.Reason, Note: n.Note, ExpectedStartOn: n.ExpectedStartOn},
		)
	case n.Attended != nil:
		err = n.attend(tx, h)
	default:
		return n.recordOther(tx, h)
	}
	if err != nil || len(h.Moves)+len(h.Attendances) == 0 {
		return err
	}
	return h.write(tx, &h.Referral)
}

// addsToAcceptance reports whether it adds a day or a note to a yes that stands: accepted from accepted, which is no move
// of the lifecycle.
func (n Answer) addsToAcceptance(h *History) bool {
	return n.To != nil && *n.To == Accepted && n.From != nil && *n.From == Accepted && h.Status == Accepted &&
		(n.Note != nil || n.ExpectedStartOn != nil)
}

// addToAcceptance records what is added to a yes as a move that changes nothing else: a day that was given before
// stands until another is given. What stands already is not recorded twice.
func (n Answer) addToAcceptance(tx *db.Tx, h *History) error {
	if err := h.checkDeath(tx, NewMove{To: Accepted}); err != nil {
		return err
	}
	if n.Reason != nil {
		return checkReason(Accepted, n.Reason)
	}
	latest, err := db.First[Move](
		tx.Where("site_id = ? and referral_id = ? and voided_at is null", h.SiteID, h.ID).Order("sequence desc"),
		"move",
	)
	if err != nil {
		return err
	}
	on := n.ExpectedStartOn
	if on == nil {
		on = h.ExpectedStartOn
	}
	sameDay := on == h.ExpectedStartOn || h.ExpectedStartOn != nil && *on == *h.ExpectedStartOn
	if sameDay && (n.Note == nil || latest.Note != nil && *n.Note == *latest.Note && latest.Side == tx.Actor.Side()) {
		return nil
	}
	m := newMove(tx, &h.Referral, Accepted, tx.Actor.Side())
	m.Note, m.ExpectedStartOn = n.Note, on
	return h.step(tx, m)
}

// recordOther records a question, or takes a report back.
func (n Answer) recordOther(tx *db.Tx, h *History) (err error) {
	var c fault.Checks
	c.Require(n.Reason == nil, "reason", fault.NotAllowed, "goes with to or attended only")
	c.Require(n.Note == nil || n.TakenBack != nil, "note", fault.NotAllowed, "goes with to or taken_back only")
	c.Require(n.ExpectedStartOn == nil, "expected_start_on", fault.NotAllowed, "goes with to only")
	if err := c.Err(); err != nil {
		return err
	}
	if h.Status == Withdrawn {
		return h.notAllowed(tx, InProgress)
	}
	if n.Question != nil {
		_, err = h.addQuestion(tx, NewQuestion{*n.Question, n.Contact})
		return err
	}
	_, err = h.takeBack(tx, *n.TakenBack, n.Note)
	return err
}

// lockReferral locks the referral. A move depends on the status; a report of a day does not, and may come twice at once.
func (n Answer) lockReferral(tx *db.Tx, id uuid.UUID) (*History, error) {
	if n.To == nil {
		return lockForUpdate(tx, id)
	}
	return lockIfUnchanged(tx, id, *n.To)
}

func (n Answer) attend(tx *db.Tx, h *History) error {
	var c fault.Checks
	c.Require(n.On != nil, "on", fault.Required, "is needed: the day")
	c.Require(n.Note == nil, "note", fault.NotAllowed, "goes with to only")
	c.Require(n.ExpectedStartOn == nil, "expected_start_on", fault.NotAllowed, "goes with to only")
	c.Require(
		n.Reason == nil || codes.Has("non_attendance_reasons", *n.Reason),
		"reason",
		fault.UnknownCode,
		"of not coming must be a code of non_attendance_reasons",
	)
	if err := c.Err(); err != nil {
		return err
	}
	if h.Status == Withdrawn {
		return h.notAllowed(tx, InProgress)
	}
	report := NewAttendance{On: *n.On, Attended: *n.Attended, Reason: n.Reason, ReportedBy: actor.SideOrganisation}
	said, err := h.existingReport(tx, report)
	switch {
	case err != nil || said != nil:
		return err
	case n.From != nil && *n.From != h.Status: // asked after what was said: that moved the referral itself
		return h.notAllowed(tx, InProgress)
	}
	return h.add(tx, report)
}

// readLinkPage reads what a link shows.
func readLinkPage(tx *db.Tx, id uuid.UUID) (a LinkPage, err error) {
	own, err := ownOrganisation(tx)
	if err != nil {
		return a, err
	}
	q := tx.Table("referrals").Select(receivedColumns+`, referring_site(id) as site,
		(select o.name from organisations o where o.id = organisation_id) as organisation,
		(select v.name from services v where v.id = service_id) as service`).Where("organisation_id = ? and id = ?", own, id)
	a, err = db.First[LinkPage](q, "referral")
	switch {
	case fault.Is(err, fault.NotFound):
		return a, keys.ErrReplyLink
	case err != nil:
		return a, err
	case a.Status == Withdrawn:
		return a, ErrTakenBack
	}
	if a.Today, err = tx.Today(a.SiteID); err != nil {
		return a, err
	}
	if a.SentOn, err = tx.DayOf(a.SiteID, a.SentAt); err != nil {
		return a, err
	}
	if a.Questions, err = linkQuestions(tx, &a.Received); err != nil {
		return a, err
	}
	if err := tx.Table("attendances").
		Where("site_id = ? and referral_id = ? and ("+byOrganisation+")", a.SiteID, a.ID).
		Order("attended_on, id").
		Find(&a.Attendances).
		Error; err != nil {
		return a, err
	}
	return a, a.show(tx, "reply_link")
}
