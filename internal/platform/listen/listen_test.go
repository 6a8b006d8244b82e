package listen

import (
	"net"
	"net/netip"
	"testing"
)

// calls is a listener whose callers come from the addresses that a test names.
type calls struct{ from chan string }

func (c calls) Accept() (net.Conn, error) {
	here, there := net.Pipe()
	return call{here, &net.TCPAddr{IP: net.ParseIP(<-c.from)}, there}, nil
}
func (c calls) Close() error   { return nil }
func (c calls) Addr() net.Addr { return &net.TCPAddr{} }

type call struct {
	net.Conn
	from net.Addr
	far  net.Conn
}

func (c call) RemoteAddr() net.Addr { return c.from }

// One address has so many connections and no more; what it closes it may open again. Others, this machine and trusted
// proxies are not touched by that.
func TestOneAddressDoesNotTakeAllConnections(t *testing.T) {
	t.Parallel()
	from := make(chan string, 1)
	l := Limit(
		calls{from},
		Limits{Connections: 100, PerAddress: 2, Trusted: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}},
	)
	accepted := make(chan net.Conn)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	accept := func(address string) net.Conn {
		from <- address
		return <-accepted
	}
	// refused calls, and then calls from somewhere else: what is accepted is the latter.
	refused := func(address string) {
		t.Helper()
		from <- address
		if c := accept("127.0.0.1"); c.RemoteAddr().String() != "127.0.0.1:0" {
			t.Fatalf("a third connection of %s was accepted", address)
		}
	}
	for _, address := range []string{"192.0.2.1", "192.0.2.2", "2001:db8::1"} {
		first := accept(address)
		accept(address)
		refused(address)
		_ = first.Close()
		_ = first.Close() // closing twice counts once
		accept(address)
		refused(address)
	}
	refused("2001:db8::2") // of the same network of 64 bits
	for _, address := range []string{"127.0.0.1", "::1", "10.1.2.3"} {
		for range 5 {
			if c := accept(address); c == nil {
				t.Errorf("%s was refused", address)
			}
		}
	}
}

// Beyond the bound of all connections, a caller waits until one ends.
func TestAllConnectionsTogetherAreBounded(t *testing.T) {
	t.Parallel()
	from := make(chan string, 3)
	l := Limit(calls{from}, Limits{Connections: 2, PerAddress: 10})
	for range 3 {
		from <- "127.0.0.1"
	}
	first, _ := l.Accept()
	_, _ = l.Accept()
	third := make(chan net.Conn)
	go func() {
		c, _ := l.Accept()
		third <- c
	}()
	select {
	case <-third:
		t.Fatal("a third connection was accepted")
	default:
	}
	_ = first.Close()
	<-third
}
