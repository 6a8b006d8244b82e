package referrals

import (
	"cmp"
	"strings"
	"text/template"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/db"
	"waypost/internal/platform/link"
	"waypost/internal/platform/mail"
	"waypost/internal/platform/outbox"
)

// mostInMail is how many referrals one mail asks about.
const mostInMail = 100

// sameRecipient finds the notices that are due with one and go to the same address of the same organisation, of whatever
// site. It looks up where the one goes first, so that the others are found among what is open.
func sameRecipient(tx *db.Tx, n outbox.Message) (others []uuid.UUID, err error) {
	var to struct {
		OrganisationID uuid.UUID
		Address        string
	}
	err = tx.Raw(`select r.organisation_id, lower(coalesce(a.email, '')) as address
		from referrals r cross join lateral notice_address(r.organisation_id, r.service_id) a where r.site_id =
			? and r.id = ?`,
		n.SiteID, n.SubjectID).Scan(&to).Error
	if err != nil {
		return nil, err
	}
	err = tx.Raw(
		`select o.id from outbox o join referrals r on r.site_id = o.site_id and r.id = o.subject_id
		cross join lateral notice_address(r.organisation_id, r.service_id) a
		where o.state in ('waiting', 'sending') and o.channel = 'email' and o.kind = @kind and o.why is
			distinct from 'held'
			and o.next_try_at <= @now and o.id <> @id
			and r.organisation_id = @organisation and lower(coalesce(a.email, '')) = @address
		order by o.next_try_at, o.id limit @most`,
		map[string]any{
			"kind":         Notice,
			"id":           n.ID,
			"now":          tx.Now,
			"organisation": to.OrganisationID,
			"address":      to.Address,
			"most":         mostInMail - 1,
		},
	).
		Scan(&others).Error
	return others, err
}

// digest makes one letter of several notices to one organisation. Each referral has a link of its own,
// which shows it alone. Where one notice is left that may go, the letter is its own.
func digest(tx *db.Tx, all []outbox.Message, publicURL string) (l mail.Letter, whys []string, err error) {
	var list []noticeData
	var to string
	for _, n := range all {
		r, err := db.FindForUpdate[Referral](tx, "referral", n.SubjectID)
		if err != nil {
			return l, nil, err
		}
		address, why, err := r.noticeAddress(tx)
		if err != nil {
			return l, nil, err
		}
		if whys = append(whys, why); why != "" {
			continue
		}
		a, err := r.noticeDataWithLink(tx, n, publicURL)
		if err != nil {
			return l, nil, err
		}
		to, list = address, append(list, a)
	}
	switch len(list) {
	case 0:
		return l, whys, nil
	case 1:
		l, err = list[0].letter(to)
	default:
		l, err = digestLetter(to, list)
	}
	return l, whys, err
}

// noticeDataWithLink is what a notice says, with a link of its own.
func (r *Referral) noticeDataWithLink(tx *db.Tx, n outbox.Message, publicURL string) (a noticeData, err error) {
	made, err := r.newLink(tx)
	if err != nil {
		return a, err
	}
	if a, err = r.noticeData(tx); err != nil {
		return a, err
	}
	a.Link, a.Until = link.Reply.URL(publicURL, made.Token), made.ExpiresOn.In(time.UTC).Format(dayInWords)
	// An earlier one may have been overtaken, or be held, and never have reached anybody.
	err = tx.Raw(`select exists (select from outbox where site_id = ? and kind = ? and subject_id = ? and ordinal < ?
		and (state = 'sent' or why = 'link_copied'))`, r.SiteID, Notice, r.ID, n.Ordinal).Scan(&a.Again).Error
	return a, err
}

// digestText says the same as a notice, of several: who asks, and how to find out whether that is true.
// Each link stands alone on its line.
var digestText = template.Must(template.New("digest").Parse(`Hello,

{{len .Asks}} referrals to {{(index .Asks 0).Organisation}} wait for an answer. You get this because
this is its address in the directory that those who refer use.

On the page of each referral you can say yes or no, or ask a question.
"No" is an answer too: then something else can be found.
{{range .Asks}}
Referred by {{.Worker}}, a link worker at {{.Site}}, on {{.SentOn}}{{if .Again}} (we asked before){{end}}:

{{.Link}}

It works until {{.Until}}, or until a newer link about the same referral is sent.
Questions: {{.WorkerEmail}}{{with .WorkerPhone}}, {{.}}{{end}}
Reference: {{.Reference}}
{{end}}
Later you can say by the same link how it went. Whoever holds a link can answer
for you: please keep them within your organisation.

Not sure that this message is real? You need not use the links. Call those who
referred on a number that you know already, and ask about the references above.
The pages ask for no password, no money and no bank details.

This was sent through Waypost, which they use to keep track of referrals.
{{if .Worker}}Replies to this message go to {{.Worker}}.
{{else}}Please do not reply to this message: several people referred, and a reply reaches
none of them. Write to whoever stands below the referral that you mean.
{{end}}`))

// digested is what a mail of several notices says.
type digested struct {
	Asks   []noticeData
	Worker string // who made all of the referrals; empty: several did
}

// digestLetter writes several notices as one mail. Its replies go to the link worker, where all referrals are of one.
// Where several referred, they go to none of them, and the mail says so: each would read what is said of the others'
// people.
func digestLetter(to string, list []noticeData) (mail.Letter, error) {
	var text strings.Builder
	site, first, subject := list[0].Site, list[0], "Reminder: referrals from "
	replyTo, worker := first.WorkerEmail, first.Worker
	for _, a := range list {
		if !a.Again {
			subject = "Referrals from "
		}
		if a.Site != site {
			site = ""
		}
		if a.WorkerEmail != first.WorkerEmail {
			replyTo, worker = "", ""
		}
	}
	err := digestText.Execute(&text, digested{list, worker})
	return mail.Letter{
		To:      to,
		ReplyTo: replyTo,
		Subject: subject + cmp.Or(site, "several teams"),
		Text:    text.String(),
	}, err
}
