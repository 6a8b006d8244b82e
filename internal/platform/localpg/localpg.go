// Package localpg runs Waypost's own real PostgreSQL: it finds the server's binaries, makes a cluster once,
// starts postgres as a child on a unix socket only, starts it again when it dies, and stops it with its
// parent.
//
// A data directory holds:
//
//	pg/              the cluster; never deleted and never made again
//	pg.init/         a cluster being made, renamed to pg/ when complete; never one in use
//	run/             the socket
//	waypost.lock     held by the one process that runs the server
//	pg-secrets.json  passwords of the three roles, written before the cluster is made
package localpg

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
)

// Names that never change: a cluster made by an older Waypost has them too.
const (
	superRole = "postgres"
	ownerRole = "waypost_owner"
	appRole   = "waypost_app"
	database  = "waypost"
	port      = "5432" // only part of the socket's file name: nothing listens on TCP
)

var (
	// ErrInUse is in the chain when another process runs the server in this data directory.
	ErrInUse = errors.New("in use")
	// ErrNotRunning is in the chain when no process runs a server in this data directory.
	ErrNotRunning = errors.New("not running")
)

// Config says where the server lives and how durable it must be.
type Config struct {
	Dir       string       // data directory of Waypost; made absolute, made when absent
	BinDir    string       // where postgres and initdb are; searched for when empty
	Ephemeral bool         // tests only: a crash loses the latest commits, a power cut all; up to 200 connections
	Logger    *slog.Logger // slog.Default() when nil
}

// secrets are the passwords of the three roles, in hex so that they need no quoting in SQL or a URL.
type secrets struct {
	Super string `json:"super"`
	Owner string `json:"owner"`
	App   string `json:"app"`
}

// Conn is how to reach a running server. Its URLs carry passwords: never log them; a Conn itself prints none.
type Conn struct {
	socketDir string
	secrets   secrets
}

// SuperURL is for tests and maintenance: database "postgres" as its superuser.
func (c Conn) SuperURL() string { return c.url(superRole, c.secrets.Super, "postgres") }

// OwnerURL is for migrations: database "waypost" as the role that owns it.
func (c Conn) OwnerURL() string { return c.url(ownerRole, c.secrets.Owner, database) }

// AppURL is for the server: database "waypost" as a role that owns nothing.
func (c Conn) AppURL() string { return c.url(appRole, c.secrets.App, database) }

// url names everything, since pgx takes what is missing from PGHOST, PGSSLMODE and their like.
func (c Conn) url(role, password, db string) string {
	q := url.Values{"host": {c.socketDir}, "port": {port}, "sslmode": {"disable"}}
	query := strings.ReplaceAll(q.Encode(), "+", "%20") // as libpq does, pgx reads a + as a plus
	u := url.URL{Scheme: "postgres", User: url.UserPassword(role, password), Path: "/" + db, RawQuery: query}
	return u.String()
}

// String is the socket's folder, without the passwords.
func (c Conn) String() string { return fmt.Sprintf("postgres at %s", c.socketDir) }

// GoString is String, so that %#v shows no password either.
func (c Conn) GoString() string { return c.String() }

// LogValue is String, for slog.
func (c Conn) LogValue() slog.Value { return slog.StringValue(c.String()) }
