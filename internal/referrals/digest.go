package referrals

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/db"
	"waypost/internal/platform/mail"
	"waypost/internal/platform/outbox"
)

// mostInMail is how many referrals one mail asks about.
const mostInMail = 100

// together finds the notices that are due with one and go to the same address of the same organisation, of whatever site.
func together(tx *db.Tx, n outbox.Message) (others []uuid.UUID, err error) {
	err = tx.Raw(`with notices as (
			select o.id, o.next_try_at, r.organisation_id, lower(coalesce(nullif(v.email, ''), org.email, '')) as address
			from outbox o join referrals r on r.site_id = o.site_id and r.id = o.subject_id
			join organisations org on org.id = r.organisation_id left join services v on v.id = r.service_id
			where o.kind = @kind and o.channel = 'email' and (o.id = @id
				or o.state in ('waiting', 'sending') and o.why is distinct from 'held' and o.next_try_at <= @now))
		select other.id from notices this join notices other using (organisation_id, address)
		where this.id = @id and other.id <> @id order by other.next_try_at, other.id limit @most`,
		map[string]any{"kind": Notice, "id": n.ID, "now": tx.Now, "most": mostInMail - 1}).Scan(&others).Error
	return others, err
}

// digest makes one letter of several notices to one organisation. Each referral has a link of its own, which shows it alone.
func digest(tx *db.Tx, all []outbox.Message, publicURL string) (l mail.Letter, whys []string, err error) {
	var list strings.Builder
	asked := 0
	for _, n := range all {
		r, err := db.FindForUpdate[Referral](tx, "referral", n.SubjectID)
		if err != nil {
			return l, nil, err
		}
		to, why, err := r.noticeable(tx)
		if err != nil {
			return l, nil, err
		}
		if whys = append(whys, why); why != "" {
			continue
		}
		link, err := r.mint(tx)
		if err != nil {
			return l, nil, err
		}
		asked++
		l.To = to
		still := ""
		if n.Ordinal > 1 {
			still = ", which we asked about before"
		}
		fmt.Fprintf(&list, "\nReferral %s%s:\n%s\nThis link works until %s.\n", r.ID, still, publicURL+ReplyPath+link.Token, link.ExpiresOn.In(time.UTC).Format("2 January 2006"))
	}
	l.Subject, l.Text = fmt.Sprintf("%d referrals are waiting for your answer", asked), fmt.Sprintf(digestText, asked, list.String())
	if asked == 1 {
		l.Subject, l.Text = "A referral is waiting for your answer", strings.NewReplacer("1 referrals were", "A referral was", "are waiting", "is waiting").Replace(l.Text)
	}
	return l, whys, nil
}

// digestText says nothing of the people: others may see a mail.
const digestText = `Hello,

%d referrals were sent to you through Waypost, and are waiting for your answer.
Each has a link of its own. Please say by it whether you can take the person,
have a waiting list, or cannot. It takes a minute, and needs no password.
%s
Later you can say by the same link how it went. Whoever holds a link can answer
for you: please keep them within your organisation. Each works as long as it
says, or until we send you a newer one about the same referral.

Nobody reads replies to this message.
`
