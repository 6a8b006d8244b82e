// Package mailtest runs a real SMTP server beside a test.
package mailtest

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

//go:embed server.mjs
var program []byte

// Mail is one that the server took.
type Mail struct {
	To     []string
	Secure bool
	Text   string // as it came, with its headers
}

// Server is a running one.
type Server struct {
	Port  int
	Roots *x509.CertPool // trusts its certificate

	t     *testing.T
	mails chan Mail
	stop  func()
}

// Start runs a server that wants the password, over STARTTLS; with an empty one it knows neither.
func Start(t *testing.T, password string) *Server {
	t.Helper()
	return StartAt(t, password, 0)
}

// StartAt is Start at a port, for a server that comes back.
func StartAt(t *testing.T, password string, port int) *Server {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	modules := filepath.Join(filepath.Dir(here), "../../../../api/judges/node_modules")
	if _, err := os.Stat(filepath.Join(modules, "smtp-server")); err != nil {
		t.Skip("no SMTP server here (make test brings it by npm): sending was not tried")
	}
	script := filepath.Join(t.TempDir(), "server.mjs")
	if err := os.WriteFile(script, program, 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Server{Roots: x509.NewCertPool(), t: t, mails: make(chan Mail, 100)}
	cmd := exec.CommandContext(t.Context(), "node", script)
	cmd.Env = append(os.Environ(), "MODULES="+filepath.Dir(modules), fmt.Sprintf("PORT=%d", port))
	if password != "" {
		cert, key := s.certificate()
		cmd.Env = append(cmd.Env, "PASSWORD="+password, "CERT="+cert, "KEY="+key)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	s.stop = func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
	t.Cleanup(s.stop)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), s) != nil || s.Port == 0 {
		t.Fatal("the SMTP server did not start")
	}
	go func() {
		for lines.Scan() {
			var m Mail
			if json.Unmarshal(lines.Bytes(), &m) == nil {
				s.mails <- m
			}
		}
	}()
	return s
}

// Stop ends the server, as a crash would.
func (s *Server) Stop() { s.stop() }

// Mail waits for the next one.
func (s *Server) Mail() Mail {
	s.t.Helper()
	select {
	case m := <-s.mails:
		return m
	case <-time.After(time.Minute):
		s.t.Fatal("no mail came")
		return Mail{}
	}
}

// NoMail fails the test where one came.
func (s *Server) NoMail() {
	s.t.Helper()
	select {
	case <-s.mails:
		s.t.Error("a mail came")
	case <-time.After(200 * time.Millisecond):
	}
}

// certificate makes one for 127.0.0.1, and trusts it.
func (s *Server) certificate() (cert, key string) {
	s.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "test"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	made, err := x509.CreateCertificate(rand.Reader, form, form, &private.PublicKey, private)
	if err != nil {
		s.t.Fatal(err)
	}
	bytes, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		s.t.Fatal(err)
	}
	cert = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made}))
	s.Roots.AppendCertsFromPEM([]byte(cert))
	return cert, string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: bytes}))
}
