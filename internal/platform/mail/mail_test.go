package mail

import (
	"fmt"
	"strings"
	"testing"

	"waypost/internal/platform/mail/mailtest"
)

const from = "Waypost <followup@example.org>"

func sender(t *testing.T, url string, s *mailtest.Server) *Sender {
	t.Helper()
	m, err := New(url, from)
	if err != nil {
		t.Fatal(err)
	}
	m.Roots = s.Roots
	return m
}

func TestAMailArrives(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, "geheim")
	m := sender(t, fmt.Sprintf("smtp://waypost:geheim@127.0.0.1:%d", s.Port), s)
	if got := m.Send(
		t.Context(),
		Letter{
			ID:      "0001",
			To:      "somebody@example.org",
			Subject: "How have you been?",
			Text:    "Hello – a link:\nhttps://waypost.example/f/" + strings.Repeat("x", 43) + "\n",
		},
	); got != "" {
		t.Fatal(got)
	}
	mail := s.Mail()
	if len(mail.To) != 1 || mail.To[0] != "somebody@example.org" || !mail.Secure {
		t.Errorf("%+v", mail)
	}
	for _, want := range []string{"Subject: How have you been?", "From: \"Waypost\" <followup@example.org>",
		"Message-ID: <0001@example.org>", "Auto-Submitted: auto-generated", "Date: ",
		"Content-Type: text/plain; charset=UTF-8"} {
		if !strings.Contains(mail.Text, want) {
			t.Errorf("the mail lacks %q: %s", want, mail.Text)
		}
	}
	if strings.Contains(mail.Text, "User-Agent") || strings.Contains(mail.Text, "X-Mailer") {
		t.Errorf("the mail tells what it was sent with: %s", mail.Text)
	}
}

// An international domain goes as punycode; what is no address is not tried.
func TestWhereMailIsSentTo(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, "geheim")
	m := sender(t, fmt.Sprintf("smtp://waypost:geheim@127.0.0.1:%d", s.Port), s)
	if got := m.Send(
		t.Context(),
		Letter{ID: "0001", To: "somebody@bücher.example", Subject: "A", Text: "B\n"},
	); got != "" {
		t.Fatal(got)
	}
	if mail := s.Mail(); !strings.Contains(mail.Text, "To: <somebody@xn--bcher-kva.example>") {
		t.Errorf("%+v", mail)
	}
	for _, to := range []string{"josé@example.org", "ask at the desk", "Sam <sam@example.org>",
		"a@example.org, b@example.org", "sam@localhost"} {
		if got := m.Send(t.Context(), Letter{ID: "0002", To: to, Subject: "A", Text: "B\n"}); got != Refused {
			t.Errorf("%s: %q", to, got)
		}
	}
	s.NoMail()
}

func TestWhatAServerRefuses(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, "geheim")
	right, wrong := fmt.Sprintf(
		"smtp://waypost:geheim@127.0.0.1:%d",
		s.Port,
	), fmt.Sprintf(
		"smtp://waypost:other@127.0.0.1:%d",
		s.Port,
	)
	untrusted, err := New(right, from)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		sender *Sender
		to     string
		want   Outcome
	}{
		"an address that is not there": {sender(t, right, s), "refused@example.org", Refused},
		"for now":                      {sender(t, right, s), "later@example.org", Unreachable},
		"no address":                   {sender(t, right, s), "nobody", Refused},
		"two addresses in one":         {sender(t, right, s), "a@example.org\r\nBcc: b@example.org", Refused},
		"a wrong password":             {sender(t, wrong, s), "somebody@example.org", Unreachable},
		"a certificate of a stranger":  {untrusted, "somebody@example.org", Unreachable},
		"nobody there":                 {sender(t, "smtp://127.0.0.1:1?tls=none", s), "somebody@example.org", Unreachable},
		"TLS where there is none": {
			sender(t, fmt.Sprintf("smtp://127.0.0.1:%d", mailtest.Start(t, "").Port), s), "somebody@example.org", Unreachable},
	} {
		if got := c.sender.Send(t.Context(), Letter{ID: "1", To: c.to, Subject: "s", Text: "t"}); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	s.NoMail()
	plain := mailtest.Start(t, "")
	if got := sender(
		t,
		fmt.Sprintf("smtp://127.0.0.1:%d?tls=none", plain.Port),
		plain,
	).Send(t.Context(), Letter{ID: "1", To: "somebody@example.org", Subject: "s", Text: "t"}); got != "" {
		t.Errorf("on a network of one's own: %q", got)
	}
	plain.Mail()
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		url, from string
		ok        bool
	}{
		{"", "", true}, {"smtp://host:587", from, true}, {"smtps://u:p@host", from, true}, {"smtp://host:25?tls=none", from, true},
		{"", from, false}, {"smtp://host", "", false}, {"smtp://host", "nobody", false},
		{"http://host", from, false}, {"smtp://", from, false}, {"smtp://host:99999", from, false},
		{"smtp://host?tls=maybe", from, false}, {"smtps://host?tls=none", from, false},
		{"smtp://host/path", from, false}, {"smtp://u:geheim@ho st", from, false},
	} {
		_, err := New(c.url, c.from)
		if (err == nil) != c.ok {
			t.Errorf("%q from %q: %v", c.url, c.from, err)
		}
		if err != nil && strings.Contains(err.Error(), "geheim") {
			t.Errorf("the password stands in an error: %v", err)
		}
	}
}
