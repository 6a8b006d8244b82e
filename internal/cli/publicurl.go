package cli

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"waypost/api"
	"waypost/internal/platform/mail"
)

// paths are what the path of a public URL may be: of letters that stand for themselves everywhere.
var paths = regexp.MustCompile(`^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$`)

// checkPublicURL refuses what a link cannot begin with.
func checkPublicURL(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		text != u.Scheme+"://"+u.Host+u.Path ||
		!paths.MatchString(u.Path) {
		return errors.New("WAYPOST_PUBLIC_URL takes an address such as https://waypost.example or " +
			"https://example.org/waypost, without a slash at its end")
	}
	if first, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/"); slices.Contains(api.Roots, first) {
		return errors.New(
			"WAYPOST_PUBLIC_URL has a path that begins with one of Waypost's own, /" + first + ": choose another, such as /waypost",
		)
	}
	return nil
}

// localNames are what systems call the machine itself, besides its addresses.
var localNames = []string{
	"localhost",
	"localhost.localdomain",
	"localhost6",
	"localhost6.localdomain6",
	"ip6-localhost",
	"ip6-loopback",
}

// shortAddress is an IPv4 address written as browsers also read it, such as 127.1, 2130706433 or 0x7f.1.
// None is what people are given.
var shortAddress = regexp.MustCompile(`(^|\.)(0x[0-9a-f]*|[0-9]+)$`)

// checkReachable refuses a host that leads nobody else here: whoever got a link would reach their own machine.
func checkReachable(publicURL string) error {
	u, err := url.Parse(publicURL)
	if err != nil {
		return err
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	address, err := netip.ParseAddr(host)
	address = address.Unmap()
	local := slices.Contains(localNames, host) || strings.HasSuffix(host, ".localhost")
	if err != nil && shortAddress.MatchString(host) || local ||
		err == nil && (address.IsLoopback() || address.IsUnspecified()) {
		return errors.New("WAYPOST_PUBLIC_URL names this machine itself: set it to the address by which people reach " +
			"Waypost, or leave it out where nobody else does; only a demo takes it")
	}
	return nil
}

// sender is how mail leaves; nil: there is no mail server. Links in mail need a public URL.
func (s *surroundings) sender() (*mail.Sender, error) {
	if s.SMTPURL != "" && s.PublicURL == "" {
		return nil, errors.New(
			"WAYPOST_SMTP_URL is set without WAYPOST_PUBLIC_URL: links in mail begin with it, so set it to the " +
				"address by which people reach Waypost",
		)
	}
	return mail.New(s.SMTPURL, s.MailFrom)
}

// publicURL is what links begin with.
func (s *surroundings) publicURL(l net.Listener) string {
	if s.PublicURL != "" {
		return s.PublicURL
	}
	return "http://" + l.Addr().String()
}
