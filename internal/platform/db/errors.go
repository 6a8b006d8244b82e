package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"waypost/internal/platform/fault"
)

var errNoConnection = errors.New("db: no connection to the database")

func retryable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01") || outdated(err) || failedBeforeSend(err)
}

// failedBeforeSend reports whether a connection of the pool failed before anything was sent on it, as one does whose
// server was restarted.
func failedBeforeSend(err error) bool {
	return pgconn.SafeToRetry(err) && !errors.Is(err, errNoConnection)
}

// outdated reports whether a statement was prepared before the structure changed ("cached plan must not change result
// type"), or, through a pooler, described ("bind message has 3 result formats but query has 4 columns"). Their codes alone
// are also those of features that PostgreSQL lacks, and of connections.
func outdated(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "0A000" && pg.Routine == "RevalidateCachedQuery" ||
		pg.Code == "08P01" && pg.Routine == "PortalSetResultFormat")
}

// asFault turns what PostgreSQL and its driver say into a fault. Only the name of a constraint, which is
// ours, decides what is shown; PostgreSQL's own words may hold values and go to the log alone.
func asFault(ctx context.Context, err error) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return fault.Missing("thing")
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && !errors.Is(err, errNoConnection) { // to a login the same codes mean something else
		return ofPostgres(pg)
	}
	if errors.Is(ctx.Err(), context.Canceled) { // what else is wrong follows from that
		// nobody reads this
		return fault.New(fault.Unavailable, "The request was given up before it was done. Nothing was recorded.")
	}
	if connectionLost(err) {
		return unavailable("The database cannot be reached, or is too busy, just now."+unknown, err)
	}
	return err
}

// unknown is what can be said where the commit may or may not have come through.
const unknown = " Nothing was recorded by this request as far as is known; repeat it with the same Idempotency-Key."

func ofPostgres(pg *pgconn.PgError) error {
	// no message, no detail: they hold values
	code := "postgres " + pg.Code
	if pg.ConstraintName != "" {
		code += " " + pg.ConstraintName
	}
	if pg.TableName != "" {
		code += " on " + pg.TableName
	}
	log := errors.New(code)
	switch pg.Code {
	case "23505":
		return fault.New(fault.Conflict, conflicts[pg.ConstraintName].or("This exists already.")).Because(log)
	case "23503", "23502", "23514":
		return fault.New(fault.Invalid,
			breaches[pg.ConstraintName].or("The request refers to something that does not exist, or breaks a rule of the record.")).
			Because(log)
	case "22021", "22P05":
		return fault.New(fault.Invalid, "A text holds a character that cannot be stored.").Because(log)
	case "22003", "22008":
		return fault.New(fault.Invalid, "A number or a date is out of range.").Because(log)
	case "42501":
		if pg.Routine == "ExecWithCheckOptions" { // a policy refused the row
			return fault.Missing("thing").Because(log)
		}
		return errors.New(log.Error() + " (a right is missing)") // a grant of ours
	case "55P03":
		return fault.New(fault.Conflict, "Somebody else is changing this just now. Try again.").Because(log)
	case "53100":
		return unavailable(
			"The database has no room left on its disk. Nothing was recorded; whoever runs this "+
				"installation must make room.",
			log,
		)
	case "57014":
		return unavailable("This took too long and was stopped. Nothing was recorded.", log)
	}
	if ofServer(pg) {
		return unavailable("The database is busy, restarting or out of order just now."+unknown, log)
	}
	return fault.New(fault.Internal, "Something went wrong on our side.").
		Because(errors.New(log.Error() + ": " + firstWords(pg.Message)))
}

// ofServer reports whether the state of the server made a statement fail, so that the same may succeed once
// that is mended: nothing is wrong with the statement or with what was asked.
func ofServer(pg *pgconn.PgError) bool {
	switch pg.Code {
	case "25006", // read-only: a standby, or a server that somebody closed to writes
		"25P03", "25P04": // a transaction was left open too long, as when the process or the machine was paused
		return true
	}
	for _, class := range []string{
		"08",  // the connection
		"28",  // the login
		"3D",  // the database is not there
		"40",  // serialization failures and deadlocks, tried in vain
		"53",  // resources: memory, disk, connections
		"57P", // shutting down, starting, crashed
		"58",  // the system around the server: a file that cannot be read, a library that is missing
		"F0",  // the server's configuration
		"XX",  // the server itself: internal errors, damaged data, a damaged index
	} {
		if strings.HasPrefix(pg.Code, class) {
			return true
		}
	}
	return outdated(pg)
}

// firstWords keeps what a programmer needs of a message and cuts it where a quoted value could begin.
func firstWords(message string) string {
	head, _, _ := strings.Cut(message, ":")
	return head
}

// connectionLost reports whether the connection, and not the statement, failed. A statement whose context alone was
// cancelled was ended by watch.
func connectionLost(err error) bool {
	var network *net.OpError
	var connect *pgconn.ConnectError
	for _, sign := range []error{errNoConnection, driver.ErrBadConn, sql.ErrConnDone, context.Canceled,
		context.DeadlineExceeded, io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, sign) {
			return true
		}
	}
	return errors.As(err, &network) || errors.As(err, &connect) || pgconn.SafeToRetry(err) ||
		strings.Contains(err.Error(), "conn closed")
}

func unavailable(detail string, cause error) *fault.Error {
	return fault.New(fault.Unavailable, detail).Because(cause).RetryIn(time.Second)
}

type words string

func (w words) or(otherwise string) string {
	if w == "" {
		return otherwise
	}
	return string(w)
}

// What to say when a constraint of ours refuses a row that two requests raced to write.
var conflicts = map[string]words{
	"patients_nhs_number": "A patient with this NHS number is recorded at this site already.",
	"external_ids_key":    "Another record of this site has this external id already.",
	"sites_code":          "Another site has this code already.",
	"link_workers_email":  "A link worker with this email is recorded at this site already.",
	"assessments_once":    "This episode has an assessment of this instrument at this timepoint already; record a correction instead.",
	"instruments_key":     "This key belongs to another instrument already. Choose another.",
	"instruments_pkey": "Somebody else added a version of this instrument at the same moment. " +
		"Read it, and repeat what is still wanted.",
	"idempotency_pkey":         "A request with this Idempotency-Key is being worked on. Try again.",
	"follow_up_completions_pk": "This follow-up is completed already.",
}

var breaches = map[string]words{
	"referral_follows": "follows_referral_id names no referral of this site.",
}
