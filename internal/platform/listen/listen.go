// Package listen bounds the connections that callers hold open: all of them together, and those of one address, so that
// nobody takes them all.
package listen

import (
	"net"
	"net/netip"
	"slices"
	"sync"

	"golang.org/x/net/netutil"
)

// Limits are the bounds. Connections from this machine and from trusted proxies count among all, and are not bounded by
// address: many callers stand behind them.
type Limits struct {
	Connections int            // of all addresses; further ones wait until one of them ends
	PerAddress  int            // of one address; further ones are closed at once
	Trusted     []netip.Prefix // networks of proxies
}

// Limit bounds what a listener accepts.
func Limit(l net.Listener, limits Limits) net.Listener {
	return &listener{Listener: netutil.LimitListener(l, limits.Connections), Limits: limits, open: map[netip.Addr]int{}}
}

type listener struct {
	net.Listener
	Limits

	mu   sync.Mutex
	open map[netip.Addr]int
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		address := remote(c)
		if l.unbounded(address) {
			return c, nil
		}
		if l.take(address) {
			return &conn{Conn: c, release: sync.OnceFunc(func() { l.release(address) })}, nil
		}
		_ = c.Close()
	}
}

// remote is the caller at the other end; the zero Addr where there is no address, as of a socket file.
func remote(c net.Conn) netip.Addr {
	at, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return Caller(at.AddrPort().Addr())
}

// Caller is the address by which a caller is counted: of IPv6 the network of 64 bits, since one caller has all of it.
func Caller(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() && !a.IsLoopback() {
		return netip.PrefixFrom(a, 64).Masked().Addr()
	}
	return a
}

func (l *listener) unbounded(a netip.Addr) bool {
	return !a.IsValid() || a.IsLoopback() ||
		slices.ContainsFunc(l.Trusted, func(p netip.Prefix) bool { return p.Contains(a) })
}

func (l *listener) take(a netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[a] >= l.PerAddress {
		return false
	}
	l.open[a]++
	return true
}

func (l *listener) release(a netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[a]--; l.open[a] == 0 {
		delete(l.open, a)
	}
}

type conn struct {
	net.Conn
	release func()
}

func (c *conn) Close() error {
	defer c.release()
	return c.Conn.Close()
}
