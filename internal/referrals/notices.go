package referrals

import (
	"context"
	"embed"
	"strconv"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/mail"
	"waypost/internal/platform/outbox"
	"waypost/internal/platform/sqlfile"
)

// Notice is the kind of message that asks an organisation to answer a referral; from the second on it chases.
const Notice = "reply_notice"

//go:embed *.sql
var folder embed.FS

var noticesSQL = sqlfile.Load(folder).SQL("notices.sql")

// mostNotices is how many are put into the outbox at once, at one site.
const maxNotices = 500

// siteDeadlines is when a site asks again, and when a referral without an answer expires.
type siteDeadlines struct {
	ID         uuid.UUID
	ChaseDays  db.Ints
	ExpiryDays int
}

// sentBefore returns the instant: a referral that was sent before it and has no answer has expired.
func (p siteDeadlines) sentBefore(now time.Time) time.Time { return now.AddDate(0, 0, -p.ExpiryDays) }

// forEachSite runs f for each site, as the job that the context names.
func (s *Store) forEachSite(ctx context.Context, f func(ctx context.Context, p siteDeadlines) error) error {
	var sites []siteDeadlines
	err := s.DB.Do(ctx, func(tx *db.Tx) error {
		return tx.Raw("select id, chase_days, expiry_days from sites order by id").Scan(&sites).Error
	})
	for _, p := range sites {
		if err != nil {
			return err
		}
		job := actor.From(ctx)
		job.Sites = []uuid.UUID{p.ID}
		err = f(actor.With(ctx, job), p)
	}
	return err
}

// Ask puts a notice into the outbox for every referral that waits for an answer, and a chase for those
// whose day has come: at every site, by what stands in the record. It is a job's work, and can be done
// twice without asking anybody twice.
func (s *Store) Ask(ctx context.Context) error {
	return s.forEachSite(ctx, func(ctx context.Context, p siteDeadlines) error {
		for {
			n := 0
			err := s.DB.Do(ctx, func(tx *db.Tx) (err error) {
				n, err = p.queueNotices(tx)
				return err
			})
			if err != nil || n < maxNotices {
				return err
			}
		}
	})
}

// queueNotices queues the due notices of one site, a batch at a time, and cancels those that are no longer needed.
func (p siteDeadlines) queueNotices(tx *db.Tx) (int, error) {
	if err := p.cancelNotices(tx); err != nil {
		return 0, err
	}
	var due []outbox.Message
	err := tx.Query(noticesSQL, map[string]any{"site": p.ID, "now": tx.Now, "silent": p.sentBefore(tx.Now),
		"kind": Notice, "chases": p.ChaseDays, "most": maxNotices}).
		Scan(&due).
		Error
	if err != nil {
		return 0, err
	}
	for i := range due {
		due[i].SiteID, due[i].Kind = p.ID, Notice
		if due[i].Ordinal == 1 {
			continue
		}
		if err := outbox.CancelEarlier(tx, due[i]); err != nil {
			return 0, err
		}
	}
	if err := outbox.Queue(tx, due...); err != nil {
		return 0, err
	}
	return len(due), p.rerouteNotices(tx)
}

// cancelNotices cancels notices that wait, of referrals that no longer do or whose person died, and to
// organisations that are no longer active.
func (p siteDeadlines) cancelNotices(tx *db.Tx) error {
	return tx.Exec(`update outbox o set state = 'cancelled', updated_at = ?,
			why = case when r.status = 'expired' then 'expired' when r.status in ('draft', 'withdrawn',
				'entered_in_error') then 'withdrawn'
				when r.status <> 'sent' then 'answered' when org.status = 'inactive' then
				'organisation_inactive' else 'not_open' end
		from referrals r join organisations org on org.id = r.organisation_id join patients p on p.site_id =
			r.site_id and p.id = r.patient_id
		where o.site_id = ? and o.kind = ? and o.state = 'waiting' and r.site_id = o.site_id and r.id = o.subject_id
			and (r.status <> 'sent' or org.status = 'inactive' or p.died_on is not null)`,
		tx.Now, p.ID, Notice).Error
}

// unconfirmed is why a notice is not sent to an address that an administrator changed after the referral was sent.
const unconfirmed = "address_unconfirmed"

// rerouteNotices lets each notice that waits go as it can now: by e-mail, where there is an address that waits for no
// confirmation, else by the link worker's hand. One that was cancelled for want of an address comes back, unless it
// was overtaken or the link handed on since.
func (p siteDeadlines) rerouteNotices(tx *db.Tx) error {
	values := map[string]any{"site": p.ID, "now": tx.Now, "kind": Notice, "unconfirmed": unconfirmed}
	err := tx.Exec(`update outbox o set state = 'waiting', why = null, updated_at = @now from referrals r
		where o.site_id = @site and o.kind = '`+Notice+`' and o.state = 'cancelled' and o.why in ('address_unconfirmed', 'no_address')
			and r.site_id = o.site_id and r.id = o.subject_id and r.status = 'sent'
			and not exists (select from outbox newer where newer.site_id = o.site_id and newer.kind = o.kind
				and newer.subject_id = o.subject_id and newer.ordinal > o.ordinal)
			and not exists (select from reply_links l where l.site_id = o.site_id and l.referral_id = o.subject_id
				and l.created_at >= o.updated_at)`,
		values).Error
	if err != nil {
		return err
	}
	return tx.Exec(`update outbox o set channel = case when a.by_hand is null then 'email' else 'by_hand' end,
		why = a.by_hand, updated_at = @now
		from referrals r, lateral (
			select case when email is null then 'by_hand' when pending_since >= r.sent_at then @unconfirmed end
				as by_hand
			from notice_address(r.organisation_id, r.service_id)) a
		where o.site_id = @site and o.kind = @kind and o.state = 'waiting' and o.why is distinct from 'held'
			and r.site_id = o.site_id and r.id = o.subject_id and r.status = 'sent'
			and case when o.channel = 'by_hand' then o.why end is distinct from a.by_hand`,
		values).Error
}

// Notifier writes notices, whose links begin with the URL at which people reach Waypost.
func (s *Store) Notifier(publicURL string) outbox.Writer {
	return outbox.Writer{
		Write:   func(tx *db.Tx, n outbox.Message) (mail.Letter, string, error) { return writeNotice(tx, n, publicURL) },
		Sent:    recordNoticeSent,
		Refused: recordNoticeRefused,

		Together: sameRecipient,
		Digest: func(tx *db.Tx, all []outbox.Message) (mail.Letter, []string, error) {
			return digest(tx, all, publicURL)
		},
	}
}

// writeNotice checks again that the referral waits for an answer, and makes the letter with a new link.
func writeNotice(tx *db.Tx, n outbox.Message, publicURL string) (l mail.Letter, why string, err error) {
	r, err := db.FindForUpdate[Referral](tx, "referral", n.SubjectID)
	if err != nil {
		return l, "", err
	}
	to, why, err := r.noticeAddress(tx)
	if err != nil || why != "" {
		return l, why, err
	}
	words, err := r.noticeDataWithLink(tx, n, publicURL)
	if err != nil {
		return l, "", err
	}
	l, err = words.letter(to)
	return l, "", err
}

// noticeAddress returns the address to write to, or why there is none.
func (r *Referral) noticeAddress(tx *db.Tx) (to, why string, err error) {
	shared, err := r.sharingPermitted(tx)
	if err != nil {
		return "", "", err
	}
	died, err := r.personDied(tx)
	if err != nil {
		return "", "", err
	}
	active, err := r.organisationActive(tx)
	if err != nil {
		return "", "", err
	}
	var confirmed bool
	err = tx.Raw("select coalesce(email, ''), pending_since is null or pending_since < ? from notice_address(?, ?)",
		r.SentAt, r.OrganisationID, r.ServiceID).Row().Scan(&to, &confirmed)
	switch {
	case err != nil:
		return "", "", err
	case r.Status == Expired:
		return "", "expired", nil
	case r.Status == Draft || r.Status == Withdrawn || r.Status == EnteredInError:
		return "", "withdrawn", nil
	case r.Status != Sent:
		return "", "answered", nil
	case !active:
		return "", "organisation_inactive", nil
	case died:
		return "", "not_open", nil
	case !shared:
		return "", "no_consent", nil
	case to == "":
		return "", "no_address", nil
	case !confirmed:
		return "", unconfirmed, nil
	}
	return to, "", nil
}

// recordNoticeSent ends the links of earlier letters, now that the organisation has a newer one.
func recordNoticeSent(tx *db.Tx, n outbox.Message) error {
	r, err := db.Find[Referral](tx, "referral", n.SubjectID)
	if err != nil {
		return err
	}
	if err := r.endOlderLinks(tx); err != nil {
		return err
	}
	if n.Ordinal > 1 {
		return r.recordEvent(tx, events.ReferralChased, n)
	}
	return r.recordEvent(tx, events.ReferralNoticeSent, n)
}

// recordNoticeRefused records a refused notice. The organisation keeps the link that it has.
func recordNoticeRefused(tx *db.Tx, n outbox.Message) error {
	r, err := db.Find[Referral](tx, "referral", n.SubjectID)
	if err != nil {
		return err
	}
	return r.recordEvent(tx, events.ReferralNoticeRefused, n)
}

func (r *Referral) recordEvent(tx *db.Tx, kind events.Kind, n outbox.Message) error {
	return events.Record(tx, kind, r.subject(), events.Data{"ordinal": strconv.Itoa(n.Ordinal)})
}
