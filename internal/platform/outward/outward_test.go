package outward

import (
	"context"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

func TestWhichAddressesAreTheInternet(t *testing.T) {
	t.Parallel()
	for _, a := range []string{"8.8.8.8", "1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4009:81f::200e"} {
		if !public(netip.MustParseAddr(a)) {
			t.Errorf("%s is one", a)
		}
	}
	for _, a := range []string{
		"127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
		"169.254.169.254", "100.64.0.1", "100.127.255.255",
		"192.0.0.1", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
		"239.255.255.255", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::8.8.8.8", "64:ff9b::7f00:1",
		"64:ff9b:1::1", "fe80::1", "fe80::1%eth0", "fec0::1",
		"fc00::1", "fd12:3456::1", "ff02::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "5f00::1", "4000::1",
	} {
		if public(netip.MustParseAddr(a)) {
			t.Errorf("%s is none", a)
		}
	}
}

// names is a DNS server on loopback, which answers each question for an IPv4 address with the next of its answers, and
// the last for ever.
func names(t *testing.T, answers ...string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	var asked atomic.Int64
	go func() {
		b := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(b[:n]) != nil || len(m.Questions) == 0 {
				continue
			}
			m.Response, m.Authoritative, m.Additionals = true, true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				k := min(int(asked.Add(1)), len(answers)) - 1
				m.Answers = []dnsmessage.Resource{
					{
						Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, Type: q.Type},
						Body:   &dnsmessage.AResource{A: netip.MustParseAddr(answers[k]).As4()},
					},
				}
			}
			if packed, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(packed, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// server counts who reaches it.
func server(t *testing.T, f http.HandlerFunc) (s *httptest.Server, reached *atomic.Int64) {
	t.Helper()
	reached = &atomic.Int64{}
	s = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		_, _ = io.Copy(io.Discard, r.Body) // else the server does not notice that a client has gone
		f(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are meant to fail
	s.StartTLS()
	t.Cleanup(s.Close)
	return s, reached
}

func ok(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

func roots(s *httptest.Server) *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(s.Certificate())
	return p
}

// A name that leads to the internet when it is checked and to this machine when it is called is refused at
// the connection.
func TestANameThatChangesBetweenCheckAndConnect(t *testing.T) {
	t.Parallel()
	s, reached := server(t, ok)
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	address := "https://example.com" + port + "/" // the name on the server's certificate
	c := New(Config{Resolver: names(t, "8.8.8.8", "127.0.0.1"), Roots: roots(s)})
	if wrong := c.Check(t.Context(), address); wrong != "" {
		t.Fatalf("checked: %s", wrong)
	}
	if a := c.Post(t.Context(), address, nil, []byte("{}")); a.Outcome != Forbidden || reached.Load() > 0 {
		t.Errorf("called: %+v, reached %d times", a, reached.Load())
	}
	trial := New(Config{Resolver: names(t, "127.0.0.1"), Roots: roots(s), AllowPrivate: true})
	if a := trial.Post(t.Context(), address, nil, []byte("{}")); a.Outcome != Delivered || reached.Load() != 1 {
		t.Errorf("where private addresses are allowed: %+v", a)
	}
	if a := New(
		Config{Resolver: names(t, "127.0.0.1"), AllowPrivate: true},
	).Post(t.Context(), address, nil, nil); a.Outcome != Unreachable {
		t.Errorf("with a certificate that nobody trusts: %+v", a)
	}
}

func TestWhatIsWrongWithAnAddress(t *testing.T) {
	t.Parallel()
	c := New(Config{Resolver: names(t, "127.0.0.1")})
	for address, want := range map[string]string{
		"https://partner.example/x": "leads to", "https://127.0.0.1/": "leads to", "https://[::1]/": "leads to",
		"https://[::ffff:8.8.8.8]/": "leads to", "https://10.1.2.3:8443/": "leads to",
		"https://169.254.169.254/latest": "leads to", "http://8.8.8.8/": "https://", "https://8.8.8.8/": "",
		"ftp://8.8.8.8/": "URL", "https://": "URL", "https:///x": "URL", "partner.example": "URL",
		"https://user@8.8.8.8/": "user name", "https://8.8.8.8/#x": "fragment", "https://%zz/": "URL",
	} {
		if got := c.Check(t.Context(), address); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
	if got := New(Config{AllowPrivate: true}).Check(t.Context(), "http://127.0.0.1:9/x"); got != "" {
		t.Errorf("where private addresses are allowed: %s", got)
	}
	for _, address := range []string{"https://127.0.0.1:9/", "https://[::ffff:127.0.0.1]:9/", "http://8.8.8.8/"} {
		if a := c.Post(t.Context(), address, nil, nil); a.Outcome != Forbidden {
			t.Errorf("%s: %+v", address, a)
		}
	}
}

// What answers may be slow, endless or rude: a call ends in time, and reads only so much.
func TestAnAnswerHasLimits(t *testing.T) {
	t.Parallel()
	redirected := ""
	for name, one := range map[string]struct {
		answer http.HandlerFunc
		want   Outcome
	}{
		"an endless body":  {func(w http.ResponseWriter, r *http.Request) { forever(w, r, make([]byte, 1<<20)) }, Delivered},
		"a dripping body":  {func(w http.ResponseWriter, r *http.Request) { forever(w, r, []byte(".")) }, Delivered},
		"no answer":        {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, TimedOut},
		"an enormous head": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<20)) }, Unreachable},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			redirected += r.URL.Path
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, Redirected},
		"gone": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }, Gone},
		"no":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, Refused},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := server(t, one.answer)
			began := time.Now()
			a := New(Config{AllowPrivate: true, Roots: roots(s)}).Post(t.Context(), s.URL+"/here", nil, []byte("{}"))
			took := time.Since(began)
			if inTime := took < Patience; a.Outcome != one.want || inTime != (one.want != TimedOut) {
				t.Errorf("%+v after %s", a, took)
			}
		})
	}
	if redirected != "/here" {
		t.Errorf("it went to %s", redirected)
	}
}

func forever(w http.ResponseWriter, r *http.Request, some []byte) {
	for r.Context().Err() == nil {
		if _, err := w.Write(some); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		time.Sleep(time.Millisecond)
	}
}
