package normal

import (
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/idna"
)

const longestURL = 2000 // characters, as the fields take

// bareHost begins what people write for an address of the web without its scheme, such as www.example.org/walks.
var bareHost = regexp.MustCompile(`^[\pL\pN-]+(\.[\pL\pN-]+)*\.\pL{2,}(/|$)`)

// URL is an address of the web that is safe as a link: http or https, with a host that could exist, and
// nothing of a login. One that is written without its scheme is https.
func URL(s string) (string, bool) {
	address := strings.TrimSpace(s)
	if bareHost.MatchString(address) {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || len(address) > longestURL ||
		strings.ContainsFunc(address, isSpacingOrQuote) {
		return s, false
	}
	host, err := idna.Lookup.ToASCII(strings.TrimSuffix(strings.ToLower(u.Hostname()), "."))
	return address, err == nil && domainExists.MatchString(host)
}

// isSpacingOrQuote tells of what a link never holds as it stands.
func isSpacingOrQuote(r rune) bool { return r <= ' ' || strings.ContainsRune(`"<>\^`+"`{|}\x7f", r) }
