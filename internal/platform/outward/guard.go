package outward

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
)

// errForbidden is the error of connecting to an address that is none of the internet's.
var errForbidden = errors.New("the address is not one of the internet")

// notTheInternet are networks that lead to this machine, to its neighbours, to nowhere, or by way of IPv6
// to any of them: those of RFC 6890 and its registries that netip does not tell.
var notTheInternet = prefixes(
	"0.0.0.0/8",
	"100.64.0.0/10",
	"192.0.0.0/24",
	"192.0.2.0/24",
	"192.88.99.0/24",
	"198.18.0.0/15",
	"198.51.100.0/24",
	"203.0.113.0/24",
	"240.0.0.0/4",
	"2001::/23",
	"2001:db8::/32",
	"2002::/16",
	"3fff::/20",
)

// theInternet6 is what IANA has given out of IPv6. NAT64, mapped IPv4, unique local and link-local
// addresses lie outside.
var theInternet6 = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) (list []netip.Prefix) {
	for _, t := range texts {
		list = append(list, netip.MustParsePrefix(t))
	}
	return list
}

// public reports whether an address is one of the internet.
func public(a netip.Addr) bool {
	if a.Is6() && !theInternet6.Contains(a) || !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" {
		return false
	}
	for _, p := range notTheInternet {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// onlyPublic is asked with the very address that is about to be connected to, after the name was looked up:
// whatever the name led to before, or leads to next, does not matter.
func onlyPublic(_ context.Context, _, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return errForbidden
	}
	a, err := netip.ParseAddr(host)
	if err != nil || !public(a) {
		return errForbidden
	}
	return nil
}
