package referrals

import (
	"context"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/normal"
)

// Received is a referral as the organisation it was sent to sees it: what it needs, and nothing else.
type Received struct {
	// Whose view of the referral this is: that of the organisation it was sent to.
	View OrganisationView `json:"view" gorm:"-" enum:"organisation"`
	// The referral's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// The organisation.
	OrganisationID uuid.UUID `json:"organisation_id" format:"uuid"`
	// Its service, where one was named.
	ServiceID *uuid.UUID `json:"service_id" nullable:"true" format:"uuid"`
	// The need it is for.
	Need string `json:"need" format:"code:needs"`
	// Where it stands.
	Status Status `json:"status" format:"code:referral_statuses"`
	// The reason of the latest move, where it was the organisation's own.
	StatusReason *string `json:"status_reason" format:"code:move_reasons"`
	// When it was sent.
	SentAt time.Time `json:"sent_at"`
	// When the organisation first answered.
	RespondedAt *time.Time `json:"responded_at"`
	// How long the person is expected to wait.
	ExpectedWait *string `json:"expected_wait" format:"code:wait_bands"`
	// When the person is expected to start.
	ExpectedStartOn *day.Date `json:"expected_start_on" format:"date"`
	// The first day the person is reported to have attended.
	FirstAttendedOn *day.Date `json:"first_attended_on" format:"date"`
	// When it ended.
	EndedOn *day.Date `json:"ended_on" format:"date"`
	// Rises with each change.
	Version int `json:"version" example:"1"`
	// When it was recorded.
	CreatedAt time.Time `json:"created_at"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at"`
	// Name and contact, only while the person's consent to share stands and something is still
	// expected of the organisation.
	Person *Person `json:"person" gorm:"-" format:"or-null"`
	// The statuses the organisation may move it to now.
	AllowedMoves []Status `json:"allowed_moves" gorm:"-" format:"code:referral_statuses"`
	// Whether nothing is left to do: the organisation may move it nowhere. Please do not call the
	// person. Why is not told.
	NothingLeft bool      `json:"nothing_left" gorm:"-"`
	LastNote    *string   `json:"-" gorm:"->"` // what they wrote with their last answer
	Died        bool      `json:"-" gorm:"->"`
	SiteID      uuid.UUID `json:"-"`
}

// Revision is another after each change.
func (r Received) Revision() int64 { return int64(r.Version) }

// Person is how an organisation reaches somebody who was referred to it.
type Person struct {
	PatientID uuid.UUID `json:"-"`
	// What the person is called.
	Name string `json:"name" example:"Mary Example"`
	// The person's pronouns.
	Pronouns *string `json:"pronouns"`
	// Telephone number: in E.164, or as it was written where it could not be brought into that form.
	Phone *string `json:"phone"`
	// The phone as people of this country write it; null where it is kept as it was written.
	PhoneNational *string `json:"phone_national" gorm:"-" example:"07700 900123"`
	// Email address.
	Email *string `json:"email"`
	// How the person prefers to be reached.
	ContactPreference string `json:"contact_preference" format:"code:contact_preferences"`
	// Reasonable adjustments and other access needs.
	AccessNeeds *string `json:"access_needs"`
	// Who referred the person.
	LinkWorkerName string `json:"link_worker_name"`
	// And how to reach them.
	LinkWorkerEmail string `json:"link_worker_email"`
	// And by telephone, where their number is known.
	LinkWorkerPhone *string `json:"link_worker_phone"`
}

// What an organisation is not told: reasons that others gave, notes that others wrote, and who they were.
const (
	movesReceived = "id, referral_id, sequence, from_status, to_status, side, occurred_at, recorded_at, recorded_via, " +
		"voided_at, expected_start_on, actor_role, case when side = 'organisation' then reason end as reason, " +
		"case when actor_role = 'organisation' then note end as note"
	attendancesReceived = "id, referral_id, attended_on, attended, reported_by, recorded_via, created_at, updated_at, case when " +
		"reported_by = 'organisation' then reason end as reason, case when entered_in_error->'by'->>'role' = " +
		"'organisation' then entered_in_error else entered_in_error || '{\"reason\": null}' end as entered_in_error"
	lastReasonIsTheirs = "(select case when m.side = 'organisation' then m.reason end from referral_moves m where m.site_id = " +
		"referrals.site_id and m.referral_id = referrals.id and m.voided_at is null order by m.sequence desc limit 1)"
	lastNoteIsTheirs = "(select case when m.side = 'organisation' then m.note end from referral_moves m where m.site_id = " +
		"referrals.site_id and m.referral_id = referrals.id and m.voided_at is null order by m.sequence desc limit 1)"
)

const receivedColumns = "id, site_id, organisation_id, service_id, need, status, " + lastReasonIsTheirs +
	" as status_reason, " + lastNoteIsTheirs +
	" as last_note, sent_at, responded_at, expected_wait, expected_start_on, first_attended_on, ended_on, " +
	"version, created_at, updated_at, referred_person_died_on(id) is not null as died"

// GetReceived returns a referral as its organisation sees it.
func (s *Store) GetReceived(ctx context.Context, id uuid.UUID) (r Received, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		own, err := ownOrganisation(tx)
		if err != nil {
			return err
		}
		q := tx.Table("referrals").Select(receivedColumns).Where("organisation_id = ? and id = ?", own, id)
		if r, err = db.First[Received](q, "referral"); err != nil {
			return err
		}
		return r.show(tx, "received_referral")
	})
	return r, err
}

// ListReceived returns an organisation's referrals by id, after the id given.
func (s *Store) ListReceived(ctx context.Context, by Filter, page db.Page[uuid.UUID]) (list []Received, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		own, err := ownOrganisation(tx)
		if err != nil {
			return err
		}
		if by.EpisodeID != nil || by.LinkWorkerID != nil || by.OrganisationID != nil && *by.OrganisationID != own {
			return nil // it sees no episode and no link worker, and nobody else's referrals
		}
		q := by.narrow(
			tx.Table("referrals").Select(receivedColumns).Where("organisation_id = ? and id > ?", own, page.After),
		)
		if err := q.Order("id").Scopes(page.Cut).Find(&list).Error; err != nil {
			return err
		}
		for i := range list {
			if err := list[i].show(tx, "received_referrals"); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

func ownOrganisation(tx *db.Tx) (uuid.UUID, error) {
	if own := tx.Actor.OrganisationID; own != nil {
		return *own, nil
	}
	return uuid.Nil, fault.New(fault.Forbidden, "Only an organisation may ask this.")
}

// show adds the person, through the one function of the database that checks consent, that the referral is
// open and that they live, and notes that they were shown.
func (r *Received) show(tx *db.Tx, operation string) error {
	r.AllowedMoves = Allowed(r.Status, actor.Organisation)
	if r.Died {
		r.AllowedMoves = []Status{}
	}
	r.NothingLeft = len(r.AllowedMoves) == 0
	var found []Person
	if err := tx.Raw("select *, referring_phone(@id, @now) as link_worker_phone from referred_person(@id, @now)",
		map[string]any{"id": r.ID, "now": tx.Now}).
		Scan(&found).
		Error; err != nil ||
		len(found) == 0 {
		return err
	}
	r.Person = &found[0]
	r.Person.PhoneNational = normal.National(r.Person.Phone)
	return events.Read(tx, operation, r.SiteID, r.Person.PatientID)
}
