package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

const oldestServer = 150000 // server_version_num of PostgreSQL 15

// tooOld refuses a server that lacks what Waypost's SQL needs.
func tooOld(version int) error {
	if version >= oldestServer {
		return nil
	}
	return fmt.Errorf("this PostgreSQL is version %d; Waypost needs 15 or newer: upgrade it, or name another in "+
		"WAYPOST_DATABASE_URL", version/10000)
}

// advise says in one line what to do about a database that cannot be used. PostgreSQL's own words may hold
// the address, a name or a password.
func advise(err error) error {
	var (
		pg      *pgconn.PgError
		config  *pgconn.ParseConfigError
		unknown *net.DNSError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &pg):
		if advice := byCode[pg.Code]; advice != "" {
			return errors.New(advice)
		}
		return fmt.Errorf("the database refused (SQLSTATE %s); its own log says why", pg.Code)
	case errors.As(err, &config):
		return errors.New("WAYPOST_DATABASE_URL cannot be read: it should look like " +
			"postgres://user:password@host:5432/waypost")
	case errors.As(err, &unknown):
		return errors.New("the database's host is not known: correct the host in WAYPOST_DATABASE_URL")
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("the database does not answer in time: see whether it hangs or is cut off, or raise " +
			"WAYPOST_DB_CONNECT_TIMEOUT")
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT):
		return errors.New(
			"nothing answers at the database's address: start PostgreSQL, or correct the host and port in " +
				"WAYPOST_DATABASE_URL",
		)
	}
	return err
}

// byCode is advice by SQLSTATE.
var byCode = map[string]string{
	"28P01": "the database does not take the user or the password of WAYPOST_DATABASE_URL: correct them",
	"28000": "the database does not take this user from here: correct WAYPOST_DATABASE_URL, or allow it in the " +
		"server's pg_hba.conf",
	"3D000": "the server has no database of that name: create it, or correct the name in WAYPOST_DATABASE_URL",
	"22023": "a role of Waypost is not there: run waypost migrate up as the owner of the database (see docs/database.md)",
	"42501": "the login lacks a right: one that serves must be a member of waypost_app, one that migrates must own " +
		"the database (see docs/database.md)",
	"42P01": "the database has never been migrated: run waypost migrate up",
	"53300": "the server has no connection left: raise its max_connections, or end what else uses it",
	"55P03": "a table is in use for long, as by pg_dump or a dataset being made: run waypost migrate up again when that is over",
	"57P03": "the server is starting or stopping: try again in a moment",
	"P0001": "a role of Waypost is not there and this login may not create it: an administrator types what " +
		"docs/database.md says",
}
