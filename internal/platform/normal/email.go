package normal

import (
	"net/mail"
	"regexp"
	"strings"

	"golang.org/x/net/idna"
)

const (
	longestLocal   = 64  // octets before the @ (RFC 5321, 4.5.3.1.1)
	longestAddress = 254 // octets of a whole address (RFC 5321, 4.5.3.1.3)
)

// domainExists is a domain that mail could go to: labels of at most 63 characters, the last of which is no
// number (RFC 3696, 2).
var domainExists = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+([a-z][a-z0-9-]{0,61}[a-z0-9])$`)

// Email is an address without the name that may stand before it, its domain in small letters and as people
// write it. It is no address to send to when its domain could not exist, or when the part before the @ has
// letters that not every mail server takes.
func Email(s string) (string, bool) {
	parsed, err := mail.ParseAddress(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(s), "mailto:")))
	if err != nil {
		return s, false
	}
	at := strings.LastIndexByte(parsed.Address, '@')
	local, domain := parsed.Address[:at], strings.ToLower(parsed.Address[at+1:])
	address := local + "@" + domain
	_, ok := Sendable(address)
	if ascii, err := idna.Lookup.ToASCII(domain); ok && err == nil {
		if shown, err := idna.Display.ToUnicode(ascii); err == nil {
			address = local + "@" + shown
		}
	}
	if !ok {
		return s, false
	}
	return address, true
}

// Sendable is an address as a mail server takes it: with an international domain in punycode.
func Sendable(address string) (string, bool) {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return "", false
	}
	local := address[:at]
	domain, err := idna.Lookup.ToASCII(address[at+1:])
	whole := local + "@" + domain
	parsed, unread := mail.ParseAddress(whole)
	ascii := !strings.ContainsFunc(local, func(r rune) bool { return r < '!' || r > '~' })
	read := err == nil && unread == nil && parsed.Address == whole
	return whole, read && ascii && domainExists.MatchString(domain) && len(local) <= longestLocal &&
		len(whole) <= longestAddress
}
