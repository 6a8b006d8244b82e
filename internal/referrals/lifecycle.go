package referrals

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/codes"
	"waypost/internal/platform/day"
	"waypost/internal/platform/fault"
)

// Status of a referral. Each maps to a code of a FHIR Task as used in closed-loop referral.
type Status string

const (
	Draft          Status = "draft"            // draft
	Sent           Status = "sent"             // requested
	Accepted       Status = "accepted"         // accepted
	Waitlisted     Status = "waitlisted"       // on-hold
	InProgress     Status = "in_progress"      // in-progress
	Completed      Status = "completed"        // completed
	NotCompleted   Status = "not_completed"    // failed
	Declined       Status = "declined"         // rejected
	Withdrawn      Status = "withdrawn"        // cancelled
	Expired        Status = "expired"          // requested: no answer came, which is not "no"
	EnteredInError Status = "entered_in_error" // entered-in-error
	Signposted     Status = "signposted"       // no Task: a signpost is not a referral
)

// Statuses lists every status, in the order of a loop.
func Statuses() []Status {
	return []Status{
		Draft,
		Sent,
		Accepted,
		Waitlisted,
		InProgress,
		Completed,
		NotCompleted,
		Declined,
		Withdrawn,
		Expired,
		EnteredInError,
		Signposted,
	}
}

var answers = []Status{Accepted, Waitlisted, Declined, InProgress, Completed, NotCompleted}

// table is the whole lifecycle: from each status, the statuses it may move to. A late answer still counts, so
// expired allows what sent allows.
var table = map[Status][]Status{
	Draft:          {Sent, Withdrawn, EnteredInError},
	Sent:           append(slices.Clone(answers), Withdrawn, Expired, EnteredInError),
	Expired:        append(slices.Clone(answers), Withdrawn, EnteredInError),
	Accepted:       {Waitlisted, InProgress, Completed, NotCompleted, Declined, Withdrawn, EnteredInError},
	Waitlisted:     {Accepted, InProgress, NotCompleted, Declined, Withdrawn, EnteredInError},
	InProgress:     {Waitlisted, Completed, NotCompleted, Withdrawn, EnteredInError},
	Declined:       {Accepted, Waitlisted, EnteredInError}, // a place came up
	Completed:      {EnteredInError},
	NotCompleted:   {EnteredInError},
	Withdrawn:      {EnteredInError},
	Signposted:     {EnteredInError},
	EnteredInError: {},
}

// Allowed lists the moves that this actor may make from the status: only the system expires, and an
// organisation gives answers and nothing else.
func Allowed(from Status, who actor.Role) []Status {
	out := []Status{}
	for _, to := range table[from] {
		switch {
		case to == Expired && who != actor.System:
		case who == actor.Organisation && !slices.Contains(answers, to):
		default:
			out = append(out, to)
		}
	}
	return out
}

// open are the statuses in which something is still expected of the organisation.
var open = []Status{Sent, Expired, Accepted, Waitlisted, InProgress}

// Open reports whether something is still expected of the organisation.
func (s Status) Open() bool { return slices.Contains(open, s) }

// reasons are the lists from which a move to the status must take its reason; a move to another status takes none.
var reasons = map[Status][]string{
	Declined:     {"organisation_reasons", "patient_reasons"},
	NotCompleted: {"organisation_reasons", "patient_reasons"},
	Withdrawn:    {"patient_reasons", "withdrawal_reasons"},
	Waitlisted:   {"wait_bands"},
}

// checkReason refuses a move whose reason is missing, unknown for this status, or not wanted.
func checkReason(to Status, reason *string) error {
	lists, wanted := reasons[to]
	if reason == nil {
		if wanted {
			return fault.InvalidAt("reason", fault.Required, "is needed: a code of "+join(lists))
		}
		return nil
	}
	if !wanted {
		return fault.InvalidAt("reason", fault.NotAllowed, "is not taken by a move to "+string(to)+"; use note")
	}
	if !slices.ContainsFunc(lists, func(l string) bool { return codes.Has(l, *reason) }) {
		return fault.InvalidAt(
			"reason",
			fault.UnknownCode,
			"for a move to "+string(to)+" must be a code of "+join(lists),
		)
	}
	return nil
}

func join(lists []string) string {
	s := lists[0]
	for _, l := range lists[1:] {
		s += " or " + l
	}
	return s
}

// Progress is what follows from a referral's moves and attendances.
type Progress struct {
	// Where the referral stands.
	Status Status `json:"status" format:"code:referral_statuses"`
	// The reason of the latest move, where it took one.
	StatusReason *string `json:"status_reason" format:"code:move_reasons"`
	// When it was sent; of a signpost, when it was given.
	SentAt *time.Time `json:"sent_at"`
	// When the organisation first answered.
	RespondedAt *time.Time `json:"responded_at"`
	// How long the organisation expects the person to wait.
	ExpectedWait *string `json:"expected_wait" format:"code:wait_bands"`
	// When the organisation expects the person to start.
	ExpectedStartOn *day.Date `json:"expected_start_on" format:"date"`
	// The first day the person is reported to have attended.
	FirstAttendedOn *day.Date `json:"first_attended_on" format:"date"`
	// When it was completed, not completed, declined or withdrawn.
	EndedOn *day.Date `json:"ended_on" format:"date"`
}

var ends = []Status{Completed, NotCompleted, Declined, Withdrawn}

// after is the progress once the move is made, on the given day at the site.
func (p Progress) after(m Move, on day.Date) Progress {
	p.Status, p.StatusReason, p.EndedOn = m.To, m.Reason, nil
	switch {
	case m.To == Sent:
		p.SentAt = &m.OccurredAt
	case slices.Contains(answers, m.To) && p.RespondedAt == nil && m.Side != actor.SidePatient:
		p.RespondedAt = &m.OccurredAt
	}
	switch m.To {
	case Waitlisted:
		p.ExpectedWait, p.ExpectedStartOn = m.Reason, m.ExpectedStartOn
	case Accepted:
		p.ExpectedWait, p.ExpectedStartOn = nil, m.ExpectedStartOn
	}
	if slices.Contains(ends, m.To) {
		p.EndedOn = &on
	}
	return p
}

// Move is one step of a referral's life. It is never changed; undo marks it as voided.
type Move struct {
	// The move's id.
	ID     uuid.UUID `json:"id" format:"uuid"`
	SiteID uuid.UUID `json:"-"`
	// The referral.
	ReferralID uuid.UUID `json:"referral_id" format:"uuid"`
	// Its place in the order of the referral's moves; later moves have higher ones.
	Sequence int `json:"sequence" example:"1"`
	// The status before the move.
	From Status `json:"from" gorm:"column:from_status" example:"sent"`
	// The status after the move.
	To Status `json:"to" gorm:"column:to_status" example:"accepted"`
	// Whose account it is.
	Side actor.Side `json:"side" format:"code:sides"`
	// Why, in a code; of a move to waitlisted, the expected wait.
	Reason *string `json:"reason" format:"code:move_reasons"`
	// When the person is expected to start.
	ExpectedStartOn *day.Date `json:"expected_start_on" format:"date"`
	// More about the reason, in free text.
	Note *string `json:"note"`
	// When it happened.
	OccurredAt time.Time `json:"occurred_at"`
	// When it was recorded.
	RecordedAt time.Time `json:"recorded_at"`
	// The role of the credential that recorded it.
	ActorRole actor.Role `json:"actor_role" example:"link_worker"`
	// How it came in: link is an organisation without a key, job is Waypost itself, which lets a
	// silent referral expire.
	RecordedVia string     `json:"recorded_via" enum:"api,link,import,demo,job"`
	ActorKeyID  *uuid.UUID `json:"-"`
	// The link worker who recorded it, where one did.
	LinkWorkerID *uuid.UUID `json:"link_worker_id" nullable:"true" format:"uuid"`
	// When it was undone; figures ignore an undone move.
	VoidedAt *time.Time `json:"voided_at"`
	VoidID   *uuid.UUID `json:"-"` // of a move to entered_in_error that came of the episode's being in error

	AttendanceID *uuid.UUID `json:"-"` // the report that moved the referral to in_progress
}

func (Move) TableName() string { return "referral_moves" }
