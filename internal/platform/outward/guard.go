package outward

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"

	"code.dny.dev/ssrf"
)

// errForbidden is the error of connecting to an address that is none of the internet's.
var errForbidden = errors.New("the address is not one of the internet")

// guardian knows IANA's registries of special addresses. A port may be any.
var guardian = ssrf.New(ssrf.WithAnyPort())

// public reports whether an address is one of the internet.
func public(a netip.Addr) bool { return a.Zone() == "" && guardian.SafeAddr(a) == nil }

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
