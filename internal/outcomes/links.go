package outcomes

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"waypost/internal/keys"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/link"
	"waypost/internal/platform/outbox"
)

// Link is a person's own way to a follow-up. Whoever holds it can answer that follow-up, and sees nothing of the
// record but the names of the organisations they were connected to.
type Link struct {
	// The follow-up that it answers.
	FollowUpID uuid.UUID `json:"follow_up_id" format:"uuid"`
	// The link. Whoever holds it can answer: hand it to the person alone. A replay does not hold it.
	URL string `json:"url,omitempty" example:"https://waypost.example/f/…"`
	// The last day it works, at the site.
	ExpiresOn day.Date `json:"expires_on" format:"date"`
	// What is worth knowing.
	Warnings []fault.Warning `json:"warnings,omitempty"`
	Token    string          `json:"-"` // what the URL ends with
}

// WithoutSecret is the answer as it may be kept for a replay.
func (l Link) WithoutSecret() any {
	l.URL = ""
	return l
}

// followUpLink is what is stored of a link.
type followUpLink struct {
	TokenHash  []byte
	SiteID     uuid.UUID
	FollowUpID uuid.UUID
	ExpiresOn  day.Date
	CreatedAt  time.Time `gorm:"autoCreateTime:false"`
}

func (followUpLink) TableName() string { return "follow_up_links" }

// linkDays is how long a link works at least, in days: a follow-up that is made up for after its window closed is kept.
const linkDays = 28

// Link makes a link for the link worker to hand on. Earlier ones go on working, since the person may hold
// any of them. Faults: conflict (it is completed), consent_required (the person died, or said no to being
// contacted), invalid (the site has no privacy notice that the page could lead to).
func (s *Store) Link(ctx context.Context, id uuid.UUID) (l Link, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		f, _, err := lockForUpdate(tx, id)
		if err != nil {
			return err
		}
		switch {
		case f.State == Completed:
			return fault.New(fault.Conflict, "This follow-up is completed already.")
		case f.Paused:
			return fault.New(
				fault.ConsentRequired,
				"The person died, or said no to being contacted: this follow-up is paused.",
			)
		case !f.answerable():
			return fault.New(fault.Conflict, "This follow-up was given up for a reason that rules asking out.")
		}
		if err := checkNotice(tx, f.SiteID); err != nil {
			return err
		}
		l.FollowUpID = f.ID
		if l.Token, l.ExpiresOn, err = newLink(tx, f); err != nil {
			return err
		}
		if err := outbox.Cancel(tx, Invitation, f.SiteID, f.ID, "link_copied"); err != nil {
			return err
		}
		if f.State == Upcoming {
			l.Warnings = append(
				l.Warnings,
				fault.Warning{
					Code:   "not_open_yet",
					Detail: "The window of this follow-up has not opened; answers given before it count as early.",
				},
			)
		}
		return nil
	})
	return l, err
}

// EndLink ends every link to a follow-up at once, whoever holds it. Where none works it does nothing.
func (s *Store) EndLink(ctx context.Context, id uuid.UUID) error {
	return s.DB.Do(ctx, func(tx *db.Tx) error {
		f, _, err := lockForUpdate(tx, id)
		if err != nil {
			return err
		}
		today, err := tx.Today(f.SiteID)
		if err != nil {
			return err
		}
		ended := tx.Model(&followUpLink{}).
			Where("site_id = ? and follow_up_id = ? and expires_on >= ? and ended_at is null", f.SiteID, f.ID, today).
			Update("ended_at", tx.Now)
		if ended.Error != nil || ended.RowsAffected == 0 {
			return ended.Error
		}
		return f.recordEvent(tx, events.FollowUpLinkEnded, nil, events.Data{"code": f.Code})
	})
}

// checkNotice refuses a link while the site has no privacy notice: people are asked for nothing before they
// can read it.
func checkNotice(tx *db.Tx, site uuid.UUID) error {
	has, err := hasNotice(tx, site)
	if err == nil && !has {
		return fault.New(fault.Invalid, "The site has no privacy notice that the person's page could lead to: an administrator sets "+
			"privacy_notice_url of the site.").
			At("privacy_notice_url", fault.NotAllowed, "is not set on the site")
	}
	return err
}

func hasNotice(tx *db.Tx, site uuid.UUID) (has bool, err error) {
	err = tx.Raw("select privacy_notice_url is not null from sites where id = ?", site).Scan(&has).Error
	return has, err
}

// newLink makes a link to the follow-up. It works until the window closes, and for four weeks at least.
func newLink(tx *db.Tx, f FollowUp) (token string, expiresOn day.Date, err error) {
	today, err := tx.Today(f.SiteID)
	if err != nil {
		return "", expiresOn, err
	}
	if expiresOn = today.AddDays(linkDays); expiresOn.Before(f.ClosesOn) {
		expiresOn = f.ClosesOn
	}
	token, hash := link.NewToken()
	row := followUpLink{
		TokenHash:  hash,
		SiteID:     f.SiteID,
		FollowUpID: f.ID,
		ExpiresOn:  expiresOn,
		CreatedAt:  tx.Now,
	}
	if err := tx.Create(&row).Error; err != nil {
		return "", expiresOn, err
	}
	return token, expiresOn, f.recordEvent(tx, events.FollowUpLinkMade, nil, events.Data{"code": f.Code})
}

// answerable reports whether a follow-up that was given up may be answered after all. Somebody who declined
// is not asked again.
func (f FollowUp) answerable() bool {
	return f.LossReason == nil ||
		!slices.Contains([]string{"declined", "withdrew", "died", "lacks_capacity"}, *f.LossReason)
}

var (
	errAlreadyAnswered = fault.New(fault.Conflict, "These questions are answered already.")

	// ErrOvertaken is that somebody else recorded the answers; what was given by a link and not sent is deleted.
	ErrOvertaken = fault.New(
		fault.Conflict,
		"These questions were answered in another way; what was kept by this link was not sent.",
	)
)

// byLink runs f as the person whose link the token is, on its follow-up, which is locked until the
// transaction ends. Faults: not_found (which of unknown, expired, paused or given up is not told), conflict
// (answered already).
func (s *Store) byLink(ctx context.Context, token string, f func(tx *db.Tx, v visit) error) error {
	return s.enterByLink(ctx, token, func(tx *db.Tx, v visit, last day.Date) error {
		switch {
		case v.State == Completed:
			return v.completedError(tx)
		case v.today.After(last) || v.Paused || !v.answerable():
			return keys.ErrFollowUpLink
		}
		return f(tx, v)
	})
}

// enterByLink is byLink without asking whether the link may still be answered by; last is its last day.
// Fault: not_found.
func (s *Store) enterByLink(ctx context.Context, token string, f func(tx *db.Tx, v visit, last day.Date) error) error {
	ctx, to, leave, err := keys.AuthenticateFollowUpLink(ctx, s.DB, token)
	defer leave()
	if err != nil {
		return err
	}
	return s.DB.Do(ctx, func(tx *db.Tx) error {
		today, err := tx.Today(to.SiteID)
		if err != nil {
			return err
		}
		followUp, episode, err := lockForUpdate(tx, to.FollowUpID)
		if err != nil {
			return err
		}
		return f(tx, visit{FollowUp: followUp, episode: episode, today: today}, to.ExpiresOn)
	})
}

// completedError says why a completed follow-up takes no more answers by a link.
func (f FollowUp) completedError(tx *db.Tx) error {
	var byLink bool
	err := tx.Raw("select exists (select from follow_up_completions where site_id = ? and follow_up_id = ? and "+
		"collected_by = 'patient_link')", f.SiteID, f.ID).Scan(&byLink).Error
	if err == nil && !byLink {
		return ErrOvertaken
	}
	return cmp.Or(err, error(errAlreadyAnswered))
}

// DeleteUnsent deletes answers by links that nobody can send any more, or that were left for 30 days. It is
// a job's work, for what time ends; what is recorded ends them by triggers, which ask the same function.
func (s *Store) DeleteUnsent(ctx context.Context) error {
	return s.DB.Do(
		ctx,
		func(tx *db.Tx) error { return tx.Exec("select delete_unsent_answers(null, null, ?)", tx.Now).Error },
	)
}

// countUnsentAnswers counts the answers by a link that were not sent.
func (f FollowUp) countUnsentAnswers(tx *db.Tx) (n int, err error) {
	err = tx.Raw("select count(*) from follow_up_answers where site_id = ? and follow_up_id = ?", f.SiteID, f.ID).
		Scan(&n).
		Error
	return n, err
}
