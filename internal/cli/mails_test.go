package cli_test

import (
	"fmt"
	"strings"
	"testing"

	"waypost/internal/platform/mail/mailtest"
)

// What is held is counted, let go and dropped on the command line, by kind. What was let go reaches the mail server.
func TestHeldMailOnTheCommandLine(t *testing.T) {
	t.Parallel()
	smtp := mailtest.Start(t, "")
	i := newInstance(t, "--demo", "--people", "40")
	i.more = []string{fmt.Sprintf("WAYPOST_SMTP_URL=smtp://127.0.0.1:%d?tls=none", smtp.Port),
		"WAYPOST_MAIL_FROM=Waypost <followup@example.org>", "WAYPOST_PUBLIC_URL=http://" + i.addr}
	i.start()
	keys := i.demoKeys()
	said := func(want string, args ...string) {
		t.Helper()
		if out, err := i.run(append([]string{"mail"}, args...)...); err != nil || !strings.HasPrefix(out, want) {
			t.Errorf("mail %s: %q %v", strings.Join(args, " "), out, err)
		}
	}
	said("no mail is held", "held")

	// as if mail were turned on tomorrow: whatever becomes due before is held
	query(t, i.ownerURL(t), `insert into mail_kinds values ('reply_notice', now() + interval '1 day')
		on conflict (kind) do update set since = excluded.since returning kind`)
	status, body := i.call(keys["administrator"], "POST", "/organisations", "", `{"name":"Example Lunch Club",
		"email":"club@example.org"}`)
	org := idOf(t, status, body)
	episode := i.agreed(keys["link_worker"])
	held := func() (referral string) {
		t.Helper()
		status, body := i.call(keys["link_worker"], "POST", "/referrals", "",
			fmt.Sprintf(`{"episode_id":%q,"organisation_id":%q,"need":"food"}`, episode, org))
		referral = idOf(t, status, body)
		query(t, i.ownerURL(t), `insert into outbox (site_id, id, kind, subject_id, ordinal, channel, state,
			why, next_try_at, created_at, updated_at)
			select site_id, gen_random_uuid(), 'reply_notice', id, 1, 'email', 'waiting', 'held', sent_at,
				sent_at, sent_at
			from referrals where id = '`+referral+`'
			on conflict on constraint outbox_once do update set why = 'held' returning id::text`)
		return referral
	}
	notice := func(referral, state, why string) bool {
		_, body := i.call(keys["link_worker"], "GET", "/outbox?subject_id="+referral, "", "")
		return strings.Contains(string(body), `"state":"`+state+`","why":`+why)
	}
	first := held()
	said("reply_notice: 1 held, the oldest since ", "held")
	said("0 messages let go", "release", "--kind", "follow_up_invitation")
	said("0 messages dropped", "drop", "--kind", "follow_up_invitation")
	said("1 messages let go", "release", "--kind", "reply_notice")
	said("no mail is held", "held")
	second := held()
	said("1 messages dropped", "drop")
	said("0 messages let go", "release")
	if !notice(second, "cancelled", `"dropped"`) {
		t.Error("it was not dropped")
	}
	if m := smtp.Mail(); len(m.To) != 1 || m.To[0] != "club@example.org" || !strings.Contains(m.Text, first) {
		t.Errorf("%+v", m)
	}
	eventually(t, "it is marked as sent", func() bool { return notice(first, "sent", "null") })
	smtp.NoMail()
	if out, err := i.run("mail", "release", "--kind", "newsletter"); err == nil {
		t.Errorf("a kind that does not exist: %q", out)
	}
}
