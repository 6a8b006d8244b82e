package referrals

import (
	"context"
	"time"

	"github.com/google/uuid"

	"waypost/internal/people"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/link"
	"waypost/internal/platform/outbox"
)

// ReplyLink is an organisation's way to answer one referral without a key. Whoever holds it can answer, and
// sees what the organisation may see of that referral, and nothing else.
type ReplyLink struct {
	// The referral that it answers.
	ReferralID uuid.UUID `json:"referral_id" format:"uuid"`
	// The link; what it ends with is the token of /v1/replies/{token}. Hand it to the organisation
	// alone. A replay does not hold it.
	URL string `json:"url,omitempty" example:"https://waypost.example/r/…"`
	// The last day it works, at the site.
	ExpiresOn day.Date `json:"expires_on" format:"date"`
	Token     string   `json:"-"` // what the URL ends with
}

// WithoutSecret is the answer as it may be kept for a replay.
func (l ReplyLink) WithoutSecret() any {
	l.URL = ""
	return l
}

// replyLink is what is stored of a link.
type replyLink struct {
	ID         uuid.UUID
	TokenHash  []byte
	SiteID     uuid.UUID
	ReferralID uuid.UUID
	EndsAt     time.Time
	CreatedAt  time.Time `gorm:"autoCreateTime:false"`
}

func (replyLink) TableName() string { return "reply_links" }

// replyDays is how long a link works, in days: long enough to say months later how it went.
const replyDays = 180

// ReplyLink makes a link for the link worker to hand on; earlier ones end. Faults: conflict (there is
// nothing to answer, the person died, or the organisation is not active), consent_required (consent to
// share does not stand).
func (s *Store) ReplyLink(ctx context.Context, id uuid.UUID) (l ReplyLink, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		r, err := db.FindForUpdate[Referral](tx, "referral", id)
		if err != nil {
			return err
		}
		shared, err := r.sharingPermitted(tx)
		if err != nil {
			return err
		}
		died, err := r.personDied(tx)
		if err != nil {
			return err
		}
		active, err := r.organisationActive(tx)
		switch {
		case err != nil:
			return err
		case died:
			return errDied
		case !active:
			return fault.New(fault.Conflict, "The organisation is no longer active: it is sent no link.")
		case !r.answerable():
			return fault.New(fault.Conflict, "A referral that is "+string(r.Status)+" takes no answer.")
		case !shared:
			return fault.New(
				fault.ConsentRequired,
				"The person has not agreed to share with organisations, or no longer does: record the consent first.",
			)
		}
		if l, err = r.newLink(tx); err != nil {
			return err
		}
		if err := r.endOlderLinks(tx); err != nil {
			return err
		}
		if err := events.Record(tx, events.ReferralReplyLinkMade, r.subject(), nil); err != nil {
			return err
		}
		return outbox.Cancel(tx, Notice, r.SiteID, r.ID, "link_copied")
	})
	return l, err
}

// answerable reports whether the organisation may still say something of it.
func (r *Referral) answerable() bool { return len(Allowed(r.Status, actor.Organisation)) > 0 }

// sharingPermitted reports whether consent to share with organisations stands.
func (r *Referral) sharingPermitted(tx *db.Tx) (agreed bool, err error) {
	err = tx.Raw("select consent_stands(?, ?, ?)", r.SiteID, r.PatientID, people.ShareWithOrganisations).
		Scan(&agreed).
		Error
	return agreed, err
}

// personDied reports whether the person has died.
func (r *Referral) personDied(tx *db.Tx) (died bool, err error) {
	err = tx.Raw("select referred_person_died_on(?) is not null", r.ID).Scan(&died).Error
	return died, err
}

// organisationActive reports whether the organisation may still be shown whose referral it is.
func (r *Referral) organisationActive(tx *db.Tx) (active bool, err error) {
	err = tx.Raw("select exists (select from organisations where id = ? and status <> 'inactive')", r.OrganisationID).
		Scan(&active).
		Error
	return active, err
}

// newLink makes a link. The referral is locked, so that of two links the newer one is known.
func (r *Referral) newLink(tx *db.Tx) (l ReplyLink, err error) {
	today, err := tx.Today(r.SiteID)
	if err != nil {
		return l, err
	}
	token, hash := link.NewToken()
	l = ReplyLink{ReferralID: r.ID, Token: token, ExpiresOn: today.AddDays(replyDays)}
	ends, err := tx.Midnight(r.SiteID, l.ExpiresOn.AddDays(1))
	if err != nil {
		return l, err
	}
	row := replyLink{
		ID:         tx.NewID(),
		TokenHash:  hash,
		SiteID:     r.SiteID,
		ReferralID: r.ID,
		EndsAt:     ends,
		CreatedAt:  tx.Now,
	}
	return l, tx.Create(&row).Error
}

// EndReplyLink ends every link of a referral at once, whoever holds it. Where none works it does nothing.
func (s *Store) EndReplyLink(ctx context.Context, id uuid.UUID) error {
	return s.DB.Do(ctx, func(tx *db.Tx) error {
		r, err := db.FindForUpdate[Referral](tx, "referral", id)
		if err != nil {
			return err
		}
		ended := tx.Model(&replyLink{}).
			Where("site_id = ? and referral_id = ? and ends_at > ?", r.SiteID, r.ID, tx.Now).
			Update("ends_at", tx.Now)
		if ended.Error != nil || ended.RowsAffected == 0 {
			return ended.Error
		}
		return events.Record(tx, events.ReferralReplyLinkEnded, r.subject(), nil)
	})
}

// endOlderLinks lets the newest link alone work.
func (r *Referral) endOlderLinks(tx *db.Tx) error {
	return tx.Exec(`update reply_links set ends_at = ? where site_id = ? and referral_id = ? and ends_at > ?
		and id <> (select id from reply_links where site_id = ? and referral_id = ? order by created_at desc,
			id desc limit 1)`,
		tx.Now, r.SiteID, r.ID, tx.Now, r.SiteID, r.ID).Error
}

// ErrTakenBack is what a link says of a referral that was withdrawn: nothing of it is told any more.
var ErrTakenBack = fault.New(fault.NotFound, "This referral was taken back: there is nothing to answer any more.")
