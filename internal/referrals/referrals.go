// Package referrals holds the closed loop: a person is referred or signposted to an
// organisation, which answers; attendance is reported; the referral ends, with a reason.
package referrals

import (
	"context"
	"time"

	"github.com/google/uuid"

	"waypost/internal/directory"
	"waypost/internal/episodes"
	"waypost/internal/people"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/patch"
)

// Store records referrals.
type Store struct{ DB *db.DB }

// SiteView and OrganisationView tell the two forms of a referral apart: each is written as its own name.
type (
	SiteView         string
	OrganisationView string
)

func (SiteView) MarshalText() ([]byte, error)         { return []byte("site"), nil }
func (OrganisationView) MarshalText() ([]byte, error) { return []byte("organisation"), nil }

// Referral is a person referred or signposted to an organisation.
type Referral struct {
	// Whose view of the referral this is: the site's, which is whole.
	View SiteView `json:"view" gorm:"-" enum:"site"`
	// The referral's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// The site whose record this is.
	SiteID uuid.UUID `json:"site_id" format:"uuid"`
	// The episode it belongs to.
	EpisodeID uuid.UUID `json:"episode_id" format:"uuid"`
	// The person.
	PatientID uuid.UUID `json:"patient_id" format:"uuid"`
	Target
	// A signpost is not a referral: it gets no answer and is counted apart.
	Kind string `json:"kind" enum:"referral,signpost"`
	Details
	Progress
	// The link worker who recorded it, where one did.
	RecordedByLinkWorkerID *uuid.UUID `json:"recorded_by_link_worker_id" nullable:"true" format:"uuid"`
	// How the record came in.
	RecordedVia string `json:"recorded_via" enum:"api,link,import,demo"`
	// Rises with each change.
	Version int `json:"version" example:"1"`
	// When it was recorded.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`
	// The statuses the caller may move it to now.
	AllowedMoves []Status `json:"allowed_moves" gorm:"-" format:"code:referral_statuses"`
	// In the answer to a POST: what is worth knowing.
	Warnings []fault.Warning `json:"warnings" gorm:"-"`
	// The organisation, where include=organisation asks for it.
	Organisation *directory.Organisation `json:"organisation,omitempty" gorm:"-"`
	// The service, where include=service asks for it.
	Service   *directory.Service `json:"service,omitempty" gorm:"-"`
	*Accounts `gorm:"-"`
}

// Revision is another after each change.
func (r Referral) Revision() int64 { return int64(r.Version) }

// Person is whom it is about.
func (r Referral) Person() (site, patient uuid.UUID) { return r.SiteID, r.PatientID }

// Target is where a person is referred to.
type Target struct {
	// The organisation.
	OrganisationID uuid.UUID `json:"organisation_id" format:"uuid"`
	// Its service, where one was named.
	ServiceID *uuid.UUID `json:"service_id" nullable:"true" format:"uuid"`
}

// Details is what is said of a referral, and may be put right afterwards.
type Details struct {
	// The need it is for.
	Need string `json:"need" format:"code:needs" example:"loneliness_isolation"`
	// Why, in free text.
	Reason *string `json:"reason" required:"false" format:"prose" maxLength:"5000"`
	// Why the person is referred to a service that is full all the same: needed then, in words or in
	// a code of your own. No organisation is shown it.
	OverrideReason *string `json:"override_reason" required:"false" format:"prose" maxLength:"500"`
	// The referral of the same person that it replaces or continues.
	FollowsReferralID *uuid.UUID `json:"follows_referral_id" required:"false" nullable:"true" format:"uuid"`
	// What other systems call it.
	ExternalIDs db.ExternalIDs `json:"external_ids" required:"false" maxItems:"20"`
}

// Changes is a merge patch.
type Changes = patch.Merge[Details]

// New is the command to record a referral or a signpost.
type New struct {
	// The episode; it must not be closed.
	EpisodeID uuid.UUID `json:"episode_id" format:"uuid"`
	Request
}

// Request is what is asked for with a new referral or signpost, whatever the episode.
type Request struct {
	// The organisation; may be left out when a service is named.
	OrganisationID *uuid.UUID `json:"organisation_id,omitempty" nullable:"true" format:"uuid"`
	// The service; may be left out when an organisation is named.
	ServiceID *uuid.UUID `json:"service_id,omitempty" nullable:"true" format:"uuid"`
	// Whether it is a referral or a signpost. It is a referral when left out.
	Kind string `json:"kind,omitempty" enum:"referral,signpost" example:"referral"`
	Details
	// When it was sent; now when left out. Not in the future, and not before the episode was
	// received.
	SentAt *time.Time `json:"sent_at,omitempty"`
	// Keep it as a draft; a move to sent sends it.
	Draft bool `json:"draft,omitempty"`
}

// Record adds a referral. Faults: consent_required (no standing consent to share with organisations; a
// signpost and a draft need none), conflict (the episode is closed, or the service takes nobody), invalid
// (dates, the target, a full service without a reason).
func (s *Store) Record(ctx context.Context, n New, via string) (r Referral, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		e, err := db.FindForUpdate[episodes.Episode](tx, "episode", n.EpisodeID)
		if err != nil {
			return err
		}
		if e.Status == episodes.Closed {
			return fault.New(fault.Conflict, "The episode is closed: it takes no new referrals.")
		}
		target, err := directory.Resolve(tx, n.OrganisationID, n.ServiceID)
		if err != nil {
			return err
		}
		if err := target.Takes(); err != nil {
			return err
		}
		if r, err = n.begin(tx, e, target.OrganisationID, via); err != nil {
			return err
		}
		if r.Warnings, err = r.checkSending(tx, e, target); err != nil {
			return err
		}
		if err := r.checkFollows(tx); err != nil {
			return err
		}
		if err := tx.Create(&r).Error; err != nil {
			return err
		}
		var log events.Log
		Begin(tx, r, &log)
		if err := log.Write(tx); err != nil {
			return err
		}
		r.AllowedMoves = Allowed(r.Status, tx.Actor.Role)
		return nil
	})
	return r, err
}

// begin makes the row of a new referral: draft, sent or signposted.
func (n New) begin(tx *db.Tx, e episodes.Episode, organisation uuid.UUID, via string) (Referral, error) {
	r := Referral{
		ID:                     tx.NewID(),
		SiteID:                 e.SiteID,
		EpisodeID:              e.ID,
		PatientID:              e.PatientID,
		Target:                 Target{organisation, n.ServiceID},
		Kind:                   n.Kind,
		Details:                n.Details,
		RecordedByLinkWorkerID: tx.Actor.LinkWorkerID,
		RecordedVia:            via,
		Version:                1,
		CreatedAt:              tx.Now,
		UpdatedAt:              tx.Now,
	}
	if r.Kind == "" {
		r.Kind = "referral"
	}
	switch {
	case n.Draft && r.Kind == "signpost":
		return r, fault.InvalidAt("draft", fault.NotAllowed, "does not go with a signpost")
	case n.Draft && n.SentAt != nil:
		return r, fault.InvalidAt("sent_at", fault.NotAllowed, "does not go with a draft")
	case n.Draft:
		r.Status = Draft
	case r.Kind == "signpost":
		r.Status = Signposted
	default:
		r.Status = Sent
	}
	if !n.Draft {
		r.SentAt = &tx.Now
		if n.SentAt != nil {
			at, past := tx.NotFuture(*n.SentAt)
			if !past {
				return r, fault.InvalidAt("sent_at", fault.OutOfRange, "must not lie in the future")
			}
			r.SentAt = &at
		}
	}
	return r, nil
}

// checkSending asks everything that must hold when a referral goes out, now or when a draft is sent, and
// says what is worth knowing: that there is an open referral to the same place, that the service is not
// simply open, or that nobody has met the person.
func (r *Referral) checkSending(tx *db.Tx, e episodes.Episode, target directory.Target) ([]fault.Warning, error) {
	warnings := append([]fault.Warning{}, target.Warnings()...)
	if r.SentAt != nil {
		on, err := r.checkSentAt(tx, e)
		if err != nil {
			return nil, err
		}
		if met := e.MetOn(); met == nil || on.Before(*met) {
			warnings = append(
				warnings,
				fault.Warning{
					Code:   "not_met_yet",
					Detail: "Nobody had met or spoken to the person by then: they go on waiting until somebody does.",
				},
			)
		}
	}
	// One statement, since every referral waits for it. consent_stands is the one rule of consent.
	var is struct {
		Agreed, OpenAlready bool
		DiedOn              *day.Date
	}
	err := tx.Raw(
		`select consent_stands(?, ?, ?) as agreed, (select died_on from patients where site_id = ?
		and id = ?) as died_on, exists (select from referrals
		where site_id = ? and episode_id = ? and organisation_id = ? and (?::uuid is null or service_id = ?)
			and status in ?) as open_already`,
		r.SiteID,
		r.PatientID,
		people.ShareWithOrganisations,
		r.SiteID,
		r.PatientID,
		r.SiteID,
		r.EpisodeID,
		r.OrganisationID,
		r.ServiceID,
		r.ServiceID,
		open,
	).Scan(&is).Error
	if err == nil && r.Status != Draft {
		err = r.checkLives(tx, is.DiedOn)
	}
	switch {
	case err != nil:
		return nil, err
	case r.Kind == "signpost":
		return warnings, nil // nothing of the person goes to the organisation
	case !is.Agreed && r.Status != Draft:
		return nil, fault.New(
			fault.ConsentRequired,
			"The person has not agreed to share with organisations: record the consent first, or signpost.",
		)
	case target.Full() && r.OverrideReason == nil && r.Status != Draft:
		return nil, fault.InvalidAt("override_reason", fault.Required, "is needed: the service is full")
	case is.OpenAlready:
		warnings = append(
			warnings,
			fault.Warning{
				Code:   "open_referral_exists",
				Detail: "The person has an open referral to the same place already.",
			},
		)
	}
	return warnings, nil
}

var errDied = fault.New(fault.Conflict, "The person has died: nobody is asked to take them any more.")

// checkLives refuses what is sent now, or on a day after the person's death; what was sent before can be recorded.
func (r *Referral) checkLives(tx *db.Tx, diedOn *day.Date) error {
	if diedOn == nil {
		return nil
	}
	on, err := tx.DayOf(r.SiteID, *r.SentAt)
	if err == nil && (on.After(*diedOn) || r.SentAt.Equal(tx.Now)) {
		return errDied
	}
	return err
}

// checkSentAt returns the day at the site on which it was sent.
func (r *Referral) checkSentAt(tx *db.Tx, e episodes.Episode) (on day.Date, err error) {
	on, err = tx.DayOf(r.SiteID, *r.SentAt)
	if err == nil && on.Before(e.ReceivedOn) {
		err = fault.InvalidAt("sent_at", fault.OutOfRange, "lies before the episode was received")
	}
	return on, err
}

// checkFollows checks whether the referral that this one follows is another of the same person.
func (r *Referral) checkFollows(tx *db.Tx) error {
	if r.FollowsReferralID == nil {
		return nil
	}
	var same bool
	err := tx.Raw("select exists (select from referrals where site_id = ? and id = ? and id <> ? and patient_id = ?)",
		r.SiteID, *r.FollowsReferralID, r.ID, r.PatientID).
		Scan(&same).
		Error
	if err == nil && !same {
		return fault.InvalidAt("follows_referral_id", fault.UnknownReference, "names no other referral of this person")
	}
	return err
}

// Change puts right what is said of a referral, in the version the caller read. Where it goes and how it stands are
// changed by moves.
func (s *Store) Change(ctx context.Context, id uuid.UUID, version int, c Changes) (r Referral, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if r, err = db.FindForUpdate[Referral](tx, "referral", id); err != nil {
			return err
		}
		if r.Status == EnteredInError {
			return fault.New(fault.Conflict, "This referral is entered in error: nothing can be changed of it.")
		}
		if err := db.Match(version, r.Version); err != nil {
			return err
		}
		if r.Details, err = c.Apply(r.Details); err != nil {
			return err
		}
		if err := r.checkFollows(tx); err != nil {
			return err
		}
		r.Version, r.UpdatedAt = r.Version+1, tx.Now
		if err := db.Save(tx, r.SiteID, r.ID, &r); err != nil {
			return err
		}
		r.show(tx)
		return events.Record(tx, events.ReferralChanged, r.subject(), events.Data{"need": r.Need})
	})
	return r, err
}

func (r *Referral) subject() events.Subject {
	return events.Subject{ID: r.ID, SiteID: r.SiteID, PatientID: r.PatientID, ReferralID: r.ID}
}
