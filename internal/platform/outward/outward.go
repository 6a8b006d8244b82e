// Package outward calls addresses that somebody else chose, so that neither they nor what answers there does harm: it
// connects to the internet alone, follows no redirect, and waits and reads only so much.
package outward

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"
)

// Limits of one call.
const (
	Patience   = 10 * time.Second // for everything, from the look-up of the name to the answer's head
	connecting = 5 * time.Second
	mostHead   = 16 << 10 // bytes of an answer's head
	mostBody   = 64 << 10 // bytes that are read of its body, and thrown away, to keep the connection
	draining   = time.Second
	lookUp     = 2 * time.Second
)

// Config says what may be called.
type Config struct {
	AllowPrivate bool           // private addresses and plain http too: for trials
	Resolver     *net.Resolver  // nil: the machine's
	Roots        *x509.CertPool // nil: the machine's
}

// Client makes the calls.
type Client struct {
	Config
	http *http.Client
}

// New makes a client.
func New(c Config) *Client {
	dialer := &net.Dialer{Timeout: connecting, Resolver: c.Resolver}
	if !c.AllowPrivate {
		dialer.ControlContext = onlyPublic
	}
	return &Client{c, &http.Client{
		Timeout:       Patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{ // no proxy: one would connect on its own
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    connecting,
			MaxResponseHeaderBytes: mostHead,
			DisableCompression:     true,
			MaxIdleConns:           64,
			MaxIdleConnsPerHost:    8,
			IdleConnTimeout:        30 * time.Second,
		},
	}}
}

// Check says what is wrong with an address to call, or nothing. A name that leads nowhere yet is no fault:
// where it leads is looked at again whenever it is called.
func (c *Client) Check(ctx context.Context, address string) (wrong string) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return "must be a URL such as https://partner.example/waypost"
	case u.User != nil || u.Fragment != "":
		return "must hold no user name, password or fragment"
	case c.AllowPrivate:
		return ""
	case u.Scheme != "https":
		return "must begin with https://"
	}
	ctx, cancel := context.WithTimeout(ctx, lookUp)
	defer cancel()
	resolver := c.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	found, _ := resolver.LookupNetIP(ctx, "ip", u.Hostname())
	for _, a := range found {
		if !public(unmapped(u.Hostname(), a)) {
			return "leads to an address that is not one of the internet"
		}
	}
	return ""
}

// unmapped is an address as the resolver found it: it writes those of IPv4 as mapped into IPv6, as no host
// may be written.
func unmapped(host string, a netip.Addr) netip.Addr {
	if literal, err := netip.ParseAddr(host); err == nil {
		return literal
	}
	return a.Unmap()
}

// Outcome of a call, as a code.
type Outcome string

const (
	Delivered   Outcome = "delivered"   // answered 2xx
	Refused     Outcome = "refused"     // answered another status
	Redirected  Outcome = "redirected"  // answered 3xx, which is not followed
	Gone        Outcome = "gone"        // answered 410
	TimedOut    Outcome = "timed_out"   // did not answer in time
	Forbidden   Outcome = "forbidden"   // leads to an address that is not one of the internet
	Unreachable Outcome = "unreachable" // no connection, no such name, no certificate that can be trusted, or no HTTP
)

// Answer is what came of a call. What the other side said is not kept.
type Answer struct {
	Outcome Outcome
	Status  int // 0: none came
	Took    time.Duration
	Wait    time.Duration // what Retry-After asks for; 0: nothing
}

// Post sends a body of JSON.
func (c *Client) Post(ctx context.Context, address string, header map[string]string, body []byte) Answer {
	began := time.Now()
	a := c.post(ctx, address, header, body)
	a.Took = time.Since(began)
	return a
}

func (c *Client) post(ctx context.Context, address string, header map[string]string, body []byte) Answer {
	if !c.AllowPrivate && !isHTTPS(address) {
		return Answer{Outcome: Forbidden}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return Answer{Outcome: Unreachable}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Waypost")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return Answer{Outcome: why(err)}
	}
	defer res.Body.Close()
	late := time.AfterFunc(draining, func() { res.Body.Close() })
	defer late.Stop()
	_, _ = io.CopyN(io.Discard, res.Body, mostBody) // the status stands, whatever becomes of the rest
	a := Answer{Outcome: meaning(res.StatusCode), Status: res.StatusCode}
	if a.Outcome == Refused {
		a.Wait = retryAfter(res.Header.Get("Retry-After"), time.Now())
	}
	return a
}

// retryAfter is how long Retry-After asks to wait: it holds seconds, or an instant.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

func isHTTPS(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https"
}

func meaning(status int) Outcome {
	switch {
	case status == http.StatusGone:
		return Gone
	case status >= 200 && status < 300:
		return Delivered
	case status >= 300 && status < 400:
		return Redirected
	default:
		return Refused
	}
}

func why(err error) Outcome {
	var slow net.Error
	switch {
	case errors.Is(err, errForbidden):
		return Forbidden
	case errors.As(err, &slow) && slow.Timeout():
		return TimedOut
	default:
		return Unreachable
	}
}
