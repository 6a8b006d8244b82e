package outcomes

import (
	"context"
	"embed"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/db"
	"waypost/internal/platform/link"
	"waypost/internal/platform/mail"
	"waypost/internal/platform/outbox"
	"waypost/internal/platform/sqlfile"
)

// Invitation is the kind of message that asks somebody to answer a follow-up.
const Invitation = "follow_up_invitation"

//go:embed *.sql
var folder embed.FS

var invitationsSQL = sqlfile.Load(folder).SQL("invitations.sql")

// maxInvitations is how many are put into the outbox at once, at one site.
const maxInvitations = 500

// Invite puts an invitation into the outbox for everybody who should be asked now, and a reminder for those
// whose day has come: at every site, by what stands in the record. It is a job's work, and can be done
// twice without asking anybody twice.
func (s *Store) Invite(ctx context.Context) error {
	var sites []struct {
		ID           uuid.UUID
		ReminderDays db.Ints
		HasNotice    bool
	}
	err := s.DB.Do(ctx, func(tx *db.Tx) error {
		return tx.Raw("select id, reminder_days, privacy_notice_url is not null as has_notice from sites order by id").
			Scan(&sites).
			Error
	})
	var without []uuid.UUID
	for _, site := range sites {
		if !site.HasNotice {
			without = append(without, site.ID)
		}
	}
	s.warnWithoutNotice(without)
	for _, site := range sites {
		if err == nil {
			err = s.inviteAtSite(ctx, site.ID, site.ReminderDays)
		}
	}
	return err
}

// warnWithoutNotice logs one line when there are other sites without a privacy notice than the last time.
func (s *Store) warnWithoutNotice(sites []uuid.UUID) {
	if slices.Equal(s.withoutNotice, sites) {
		return
	}
	if s.withoutNotice = sites; len(sites) > 0 {
		slog.Warn("sites have no privacy notice: no link to a person's own page can be made, and invitations wait "+
			"until privacy_notice_url is set", "site_ids", sites)
	}
}

func (s *Store) inviteAtSite(ctx context.Context, site uuid.UUID, reminders db.Ints) error {
	for {
		var due []outbox.Message
		err := s.DB.Do(ctx, func(tx *db.Tx) error {
			today, err := tx.Today(site)
			if err != nil {
				return err
			}
			err = tx.Query(invitationsSQL, map[string]any{
				"site": site, "today": today, "now": tx.Now, "kind": Invitation, "reminders": reminders,
				"most": maxInvitations,
			}).Scan(&due).Error
			if err != nil {
				return err
			}
			for i := range due {
				due[i].SiteID, due[i].Kind = site, Invitation
			}
			return outbox.Queue(tx, due...)
		})
		if err != nil || len(due) < maxInvitations {
			return err
		}
	}
}

// Inviter writes invitations, whose links begin with the URL at which people reach Waypost.
func (s *Store) Inviter(publicURL string) outbox.Writer {
	return outbox.Writer{
		Write: func(tx *db.Tx, n outbox.Message) (mail.Letter, string, error) {
			return writeInvitation(tx, n, publicURL)
		},
		Sent:    func(tx *db.Tx, n outbox.Message) error { return recordInvitation(tx, n, "invitation_sent") },
		Refused: func(tx *db.Tx, n outbox.Message) error { return recordInvitation(tx, n, "wrong_details") },
	}
}

// writeInvitation checks again that the person may be written to, and makes the letter with a new link.
func writeInvitation(tx *db.Tx, n outbox.Message, publicURL string) (l mail.Letter, why string, err error) {
	f, _, err := lockForUpdate(tx, n.SubjectID)
	if err != nil {
		return l, "", err
	}
	to, why, err := f.invitationAddress(tx)
	if err != nil || why != "" {
		return l, why, err
	}
	if has, err := hasNotice(tx, f.SiteID); err != nil || !has {
		return l, outbox.NoPrivacyNotice, err
	}
	token, until, err := newLink(tx, f)
	if err != nil {
		return l, "", err
	}
	lastDay := until.In(time.UTC).Format("2 January 2006")
	l = mail.Letter{
		To:      to,
		Subject: "How have you been?",
		Text:    fmt.Sprintf(invitationText, link.FollowUp.URL(publicURL, token), lastDay),
	}
	return l, "", nil
}

// invitationText says nothing of the person or of what they were supported with: others may see a mail.
const invitationText = `Hello,

Some time ago you agreed that we may ask how you have been.

Here are a few questions. They take a few minutes:

%s

You need not answer, and you can leave out what you would rather not say.
The link is yours alone: please do not pass it on. It works until %s.

Nobody reads replies to this message.
`

// invitationAddress returns the address to write to, or why there is none.
func (f FollowUp) invitationAddress(tx *db.Tx) (to, why string, err error) {
	var row struct {
		Email  string
		Agreed bool
	}
	err = tx.Raw(`select coalesce(case when not p.email_as_written then p.email end, '') as email,
		consent_stands(p.site_id, p.id, 'follow_up_contact') as agreed
		from patients p where p.site_id = ? and p.id = ?`, f.SiteID, f.PatientID).Scan(&row).Error
	switch {
	case err != nil:
		return "", "", err
	case f.State == Completed:
		return "", "answered", nil
	case f.State == Lost:
		return "", "given_up", nil
	case f.Paused || !row.Agreed:
		return "", "no_consent", nil
	case f.State != Due && f.State != Overdue:
		return "", "not_open", nil
	case row.Email == "":
		return "", "no_address", nil
	}
	return row.Email, "", nil
}

// recordInvitation records an invitation among the attempts.
func recordInvitation(tx *db.Tx, n outbox.Message, result string) error {
	f, err := read(tx, n.SubjectID)
	if err != nil {
		return err
	}
	a := Attempt{
		ID:         tx.NewID(),
		SiteID:     f.SiteID,
		FollowUpID: f.ID,
		At:         tx.Now,
		Channel:    "email",
		Result:     result,
		CreatedAt:  tx.Now,
		UpdatedAt:  tx.Now,
	}
	return a.write(tx, f)
}
