// Package mail sends plain-text mail by SMTP.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"waypost/internal/platform/normal"
)

// Letter is one mail. ID is the same however often it is tried, so that a mail that arrives twice can be told.
type Letter struct {
	ID, To, Subject, Text string

	ReplyTo string // whom an answer goes to; empty: the sender
}

// Sender sends through one SMTP server.
type Sender struct {
	Roots *x509.CertPool // whose certificates are trusted; nil: the system's

	from    string
	domain  string
	host    string
	options []gomail.Option
}

const patience = 30 * time.Second // for one mail

// The errors of a setting hold nothing of it: it may hold a password.
var (
	errURL = errors.New(
		"WAYPOST_SMTP_URL takes smtp://user:password@host:587 or smtps://user:password@host:465; without TLS, " +
			"on a network of your own, smtp://host:25?tls=none",
	)
	errFrom = errors.New(
		"WAYPOST_MAIL_FROM is needed with WAYPOST_SMTP_URL: the address that mail comes from, such as Waypost " +
			"<followup@example.org>",
	)
)

// New reads where mail is sent to, and from whom. An empty URL means none is sent: the Sender is nil then.
func New(server, from string) (*Sender, error) {
	if server == "" {
		if from != "" {
			return nil, errors.New("WAYPOST_MAIL_FROM is set and WAYPOST_SMTP_URL is not: no mail could be sent")
		}
		return nil, nil
	}
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || u.Path != "" && u.Path != "/" ||
		u.Fragment != "" {
		return nil, errURL
	}
	address, err := mail.ParseAddress(from)
	if err != nil {
		return nil, errFrom
	}
	// an international domain in punycode; a host of one's own network stays
	if sendable, ok := normal.Sendable(address.Address); ok {
		address.Address = sendable
	}
	s := &Sender{
		from:   address.String(),
		domain: address.Address[strings.LastIndexByte(address.Address, '@')+1:],
		host:   u.Hostname(),
	}
	if s.options, err = options(u); err != nil {
		return nil, err
	}
	return s, nil
}

func options(u *url.URL) ([]gomail.Option, error) {
	o := []gomail.Option{gomail.WithTimeout(patience)}
	secure, asked := gomail.TLSMandatory, u.Query()
	switch {
	case u.Scheme == "smtps":
		o = append(o, gomail.WithSSL())
	case asked.Get("tls") == "none":
		secure = gomail.NoTLS
	}
	if len(asked) > 1 || len(asked) == 1 && (u.Scheme == "smtps" || asked.Get("tls") != "none") {
		return nil, errURL
	}
	port := map[string]int{"smtp": 587, "smtps": 465}[u.Scheme]
	if u.Port() != "" {
		var err error
		if port, err = strconv.Atoi(u.Port()); err != nil || port < 1 || port > 65535 {
			return nil, errURL
		}
	}
	o = append(o, gomail.WithTLSPolicy(secure), gomail.WithPort(port))
	if password, known := u.User.Password(); known {
		o = append(
			o,
			gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(u.User.Username()),
			gomail.WithPassword(password),
		)
	}
	return o, nil
}

// Outcome is how sending went, where it did not succeed.
type Outcome string

const (
	Refused     Outcome = "refused"     // for good: there is no such address, or it takes no mail from us
	Unreachable Outcome = "unreachable" // for now: worth another try
)

// Send sends the letter. The outcome is empty when the server took it. What the server said stays here: it may hold the
// address.
func (s *Sender) Send(ctx context.Context, l Letter) Outcome {
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	to, ok := normal.Sendable(l.To)
	if !ok || m.From(s.from) != nil || m.To(to) != nil {
		return Refused
	}
	if l.ReplyTo != "" {
		_ = m.ReplyTo(l.ReplyTo) // one that is no address is left out: the letter itself goes
	}
	m.Subject(l.Subject)
	m.SetDate()
	m.SetMessageIDWithValue(l.ID + "@" + s.domain)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetBodyString(gomail.TypeTextPlain, l.Text)
	client, err := gomail.NewClient(
		s.host,
		append(
			s.options,
			gomail.WithTLSConfig(&tls.Config{ServerName: s.host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}),
		)...)
	if err != nil {
		return Unreachable
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return outcomeOf(client.DialAndSendWithContext(ctx, m))
}

// outcomeOf sorts failures: what a server refuses of this mail for good will not be taken later either; a
// password that is wrong, or a server that is away, may be mended.
func outcomeOf(err error) Outcome {
	var refusal *gomail.SendError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refusal) && refusal.ErrorCode() >= 500 && slices.Contains(ofThisMail, refusal.Reason):
		return Refused
	default:
		return Unreachable
	}
}

var ofThisMail = []gomail.SendErrReason{gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose}
