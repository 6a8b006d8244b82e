package referrals

import (
	"strings"
	"text/template"
	"time"

	"waypost/internal/platform/db"
	"waypost/internal/platform/mail"
	"waypost/internal/platform/normal"
)

// noticeData is what a notice says: who asks whom, and nothing of the person or of what they need, since others
// may see a mail.
type noticeData struct {
	Reference    string // the referral's id
	Site         string
	Organisation string
	Worker       string
	WorkerEmail  string
	WorkerPhone  string // empty: not known
	SentOn       string
	Again        bool // an earlier notice was not answered
	Link         string
	Until        string
}

// noticeText says who writes, why, and how to find out whether that is true. The link stands alone on its line.
var noticeText = template.Must(template.New("notice").Parse(`Hello,

{{.Worker}}, a link worker at {{.Site}}, referred somebody to {{.Organisation}} on {{.SentOn}}.
You get this because this is the address of {{.Organisation}} in the directory that {{.Site}} uses.
{{if .Again}}
We have no answer from you yet. "No" is an answer too: then something else can be found.
{{end}}
On this page you can say yes or no, or ask a question:

{{.Link}}

It works until {{.Until}}, or until we send a newer link about the same referral.
Later you can say there how it went. Whoever holds the link can answer for you:
please keep it within your organisation.

Not sure that this message is real? You need not use the link.
{{if .WorkerPhone}}Call {{.Worker}} on {{.WorkerPhone}}, or {{else}}Call {{end}}{{.Site}} on a number that you
know already, and ask about the reference below. The page asks for no password,
no money and no bank details.

{{.Worker}}
Link worker, {{.Site}}
{{with .WorkerPhone}}Telephone: {{.}}
{{end}}E-mail: {{.WorkerEmail}}
Reference: {{.Reference}}

{{.Site}} sends this through Waypost, which it uses to keep track of referrals.
Replies to this message go to {{.Worker}}.
`))

// letter writes the notice. Its replies go to the link worker.
func (a noticeData) letter(to string) (mail.Letter, error) {
	var text strings.Builder
	subject := "Referral from " + a.Site
	if a.Again {
		subject = "Reminder: referral from " + a.Site
	}
	err := noticeText.Execute(&text, a)
	return mail.Letter{To: to, ReplyTo: a.WorkerEmail, Subject: subject, Text: text.String()}, err
}

// noticeData reads what a notice of the referral says, without the link.
func (r *Referral) noticeData(tx *db.Tx) (a noticeData, err error) {
	err = tx.Raw(`select s.name as site, o.name as organisation, w.name as worker, w.email as worker_email,
		coalesce(w.phone, '') as worker_phone
		from episodes e
		join sites s on s.id = e.site_id
		cross join lateral link_worker_to_ask(e.site_id, e.id, ?) w
		join organisations o on o.id = ?
		where e.site_id = ? and e.id = ?`, tx.Now, r.OrganisationID, r.SiteID, r.EpisodeID).Scan(&a).Error
	if err != nil {
		return a, err
	}
	for _, name := range []*string{&a.Site, &a.Organisation, &a.Worker, &a.WorkerEmail, &a.WorkerPhone} {
		*name = strings.Join(strings.Fields(*name), " ") // one line, whatever was recorded
	}
	a.WorkerPhone = normal.Shown(a.WorkerPhone)
	sent, err := tx.DayOf(r.SiteID, *r.SentAt)
	a.Reference, a.SentOn = r.ID.String(), sent.In(time.UTC).Format(dayInWords)
	return a, err
}

const dayInWords = "2 January 2006"
