package wire

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"
)

// The limits of every connection, whatever it asks for. A form or a body has its own, shorter time
// (bodyTimeout); a file of a release has a longer one to be read in (releases.go).
const (
	headerTimeout = 5 * time.Second  // from the first byte of a request to the end of its header
	readTimeout   = 20 * time.Second // from there to the end of its body
	writeTimeout  = time.Minute      // from the header of a request to the last byte of its answer
	idleTimeout   = 2 * time.Minute  // between two requests
	maxHeader     = 16 << 10         // bytes
)

// NewServer makes the HTTP server of a handler, with the limits that keep slow and silent clients from holding it up.
func NewServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
}

// addressOf finds the caller's address: of the connection, or what a proxy that is trusted says in X-Forwarded-For.
func addressOf(proxies []netip.Prefix) echo.IPExtractor {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		trust = append(
			trust,
			echo.TrustIPRange(&net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}),
		)
	}
	return echo.ExtractIPFromXFFHeader(trust...)
}
