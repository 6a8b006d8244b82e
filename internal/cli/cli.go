// Package cli is the command line: each command wires the parts it needs and runs them.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"waypost/internal/demo"
	"waypost/internal/platform/fault"
)

// Settings is the whole configuration. Each has a flag and a variable of the environment; an unknown
// WAYPOST_* variable is refused. A text is written to the log only where it is tagged shown: others may
// hold a password or an address of somebody.
type Settings struct {
	Addr          string   `name:"addr" env:"WAYPOST_ADDR" shown:"yes" default:"127.0.0.1:8080" help:"Where to listen."`
	DatabaseURL   string   `name:"database-url" env:"WAYPOST_DATABASE_URL" help:"${database_url}"`
	DataDir       string   `name:"data-dir" env:"WAYPOST_DATA_DIR" shown:"yes" help:"${data_dir}"`
	PostgresBin   string   `name:"postgres-bin" env:"WAYPOST_POSTGRES_BIN" shown:"yes" help:"${postgres_bin}"`
	PublicURL     string   `name:"public-url" env:"WAYPOST_PUBLIC_URL" shown:"yes" help:"${public_url}"`
	SMTPURL       string   `name:"smtp-url" env:"WAYPOST_SMTP_URL" help:"${smtp_url}"`
	MailFrom      string   `name:"mail-from" env:"WAYPOST_MAIL_FROM" help:"${mail_from}"`
	MailPerMinute int      `name:"mail-per-minute" env:"WAYPOST_MAIL_PER_MINUTE" default:"60" help:"${mail_per_minute}"`
	FilesURL      string   `name:"files-url" env:"WAYPOST_FILES_URL" help:"${files_url}"`
	MasterKeyFile string   `name:"master-key-file" env:"WAYPOST_MASTER_KEY_FILE" shown:"yes" help:"${master_key_file}"`
	Private       bool     `name:"webhook-allow-private" env:"WAYPOST_WEBHOOK_ALLOW_PRIVATE" help:"${webhook_allow_private}"`
	TestNumbers   bool     `name:"test-numbers" env:"WAYPOST_TEST_NUMBERS" help:"${test_numbers}"`
	Demo          bool     `name:"demo" env:"WAYPOST_DEMO" help:"Load synthetic people into an empty database, for trying things out."`
	People        int      `name:"people" env:"WAYPOST_PEOPLE" default:"2000" help:"How many synthetic people a demo gets, 600000 at most."`
	CORSOrigins   []string `name:"cors-origins" env:"WAYPOST_CORS_ORIGINS" shown:"yes" help:"${cors_origins}"`

	MaxConnections           int      `name:"max-connections" env:"WAYPOST_MAX_CONNECTIONS" default:"4000" help:"${max_connections}"`
	MaxConnectionsPerAddress int      `env:"WAYPOST_MAX_CONNECTIONS_PER_ADDRESS" default:"500" help:"${max_per_address}"`
	TrustedProxies           []string `name:"trusted-proxies" env:"WAYPOST_TRUSTED_PROXIES" shown:"yes" help:"${trusted_proxies}"`

	Connections      int           `name:"db-connections" env:"WAYPOST_DB_CONNECTIONS" default:"8" help:"${db_connections}"`
	Background       int           `name:"db-background-connections" env:"WAYPOST_DB_BACKGROUND_CONNECTIONS" default:"4" help:"${db_jobs}"`
	ConnectTimeout   time.Duration `name:"db-connect-timeout" env:"WAYPOST_DB_CONNECT_TIMEOUT" default:"3s" help:"${db_connect_timeout}"`
	StatementTimeout time.Duration `name:"statement-timeout" env:"WAYPOST_STATEMENT_TIMEOUT" default:"10s" help:"${statement_timeout}"`
	RequestTimeout   time.Duration `name:"request-timeout" env:"WAYPOST_REQUEST_TIMEOUT" default:"30s" help:"${request_timeout}"`
	StandbyLag       time.Duration `name:"standby-lag" env:"WAYPOST_STANDBY_LAG" default:"1m" help:"${standby_lag}"`
	DrainDelay       time.Duration `name:"drain-delay" env:"WAYPOST_DRAIN_DELAY" default:"0s" help:"${drain_delay}"`

	LogLevel string `name:"log-level" env:"WAYPOST_LOG_LEVEL" shown:"yes" default:"info" enum:"debug,info,warn,error" help:"${log_level}"`
}

// Validate is asked by kong, before anything is started.
func (s Settings) Validate() error {
	if s.People < 1 || s.People > demo.MostPeople {
		return fmt.Errorf("--people (WAYPOST_PEOPLE) is %d: a demo takes 1 to %d", s.People, demo.MostPeople)
	}
	_, err := s.trustedProxies()
	return errors.Join(
		err,
		within("--max-connections (WAYPOST_MAX_CONNECTIONS)", s.MaxConnections, 1, 1_000_000),
		within(
			"--max-connections-per-address (WAYPOST_MAX_CONNECTIONS_PER_ADDRESS)",
			s.MaxConnectionsPerAddress,
			1,
			1_000_000,
		),
		within("--db-connections (WAYPOST_DB_CONNECTIONS)", s.Connections, 2, 1000),
		within("--db-background-connections (WAYPOST_DB_BACKGROUND_CONNECTIONS)", s.Background, 4, 1000),
		within(
			"--db-connect-timeout (WAYPOST_DB_CONNECT_TIMEOUT)",
			s.ConnectTimeout,
			100*time.Millisecond,
			20*time.Second,
		),
		within(
			"--statement-timeout (WAYPOST_STATEMENT_TIMEOUT)",
			s.StatementTimeout,
			100*time.Millisecond,
			50*time.Second,
		),
		within("--request-timeout (WAYPOST_REQUEST_TIMEOUT)", s.RequestTimeout, time.Second, 50*time.Second),
		within("--mail-per-minute (WAYPOST_MAIL_PER_MINUTE)", s.MailPerMinute, 1, 6000),
		within("--standby-lag (WAYPOST_STANDBY_LAG)", s.StandbyLag, time.Second, 24*time.Hour),
		within("--drain-delay (WAYPOST_DRAIN_DELAY)", s.DrainDelay, 0, 5*time.Minute),
	)
}

// trustedProxies are the networks of WAYPOST_TRUSTED_PROXIES. One that is everybody's is refused: whoever
// calls could name any address as theirs.
func (s Settings) trustedProxies() (list []netip.Prefix, err error) {
	for _, text := range s.TrustedProxies {
		network, err := netip.ParsePrefix(text)
		if address, failed := netip.ParseAddr(text); failed == nil {
			network, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		if err != nil || network.Bits() == 0 {
			return nil, errors.New("--trusted-proxies (WAYPOST_TRUSTED_PROXIES) takes addresses or networks such as " +
				"10.1.2.3,10.2.0.0/16, and not everybody's")
		}
		list = append(list, network)
	}
	return list, nil
}

func within[T int | time.Duration](setting string, value, from, to T) error {
	if value < from || value > to {
		return fmt.Errorf("%s is %v: it takes %v to %v", setting, value, from, to)
	}
	return nil
}

type commands struct {
	Settings `embed:"" group:"Settings"`

	Serve   serve       `cmd:"" help:"Run the server, with its own PostgreSQL unless a database URL is set."`
	Migrate migrate     `cmd:"" help:"Bring a database to the structure this program needs."`
	Init    initialise  `cmd:"" help:"${initialise}"`
	Import  importing   `cmd:"" help:"Import data into a running instance."`
	Dataset dataset     `cmd:"" help:"Check a dataset that was downloaded."`
	Mail    mails       `cmd:"" help:"See to mail that is held: what had gathered before mail was turned on."`
	Pairs   pairs       `cmd:"" help:"See whether the pairs that figures of change are made of are what the record says."`
	Keys    keyCommands `cmd:"" help:"Make API keys, for instance the first administrator's."`
	OpenAPI openAPI     `cmd:"" name:"openapi" help:"Print the API's OpenAPI document."`
	Version version     `cmd:"" help:"Print which Waypost this is, and the settings that are not at their default, without secrets."`
	Health  health      `cmd:"" help:"Ask a running server whether it is ready; the exit code tells."`
}

// surroundings is what every command gets.
type surroundings struct {
	context.Context
	Settings
	out   io.Writer // for results; logs go to standard error
	level *slog.LevelVar
}

// Main runs the command line and returns the exit code.
func Main(args []string, out, errs io.Writer) int {
	var c commands
	code := 0
	parser, err := kong.New(
		&c,
		kong.Name("waypost"),
		helpTexts,
		kong.Description("A social prescribing referral outcomes tracker."),
		kong.Writers(out, errs),
		kong.UsageOnError(),
		kong.Exit(func(n int) { code = n; panic(exited{}) }),
	)
	if err != nil {
		panic(err) // the commands are part of the program
	}
	defer func() {
		if r := recover(); r != nil && r != any(exited{}) {
			panic(r)
		}
	}()
	code = run(parser, &c, args, out, errs)
	return code
}

// exited unwinds from kong's own exit after --help, so that Main's caller ends the process.
type exited struct{}

func run(parser *kong.Kong, c *commands, args []string, out, errs io.Writer) int {
	parsed, err := parser.Parse(args)
	if err == nil {
		err = errors.Join(
			unknownSettings(parser.Model, os.Environ()),
			checkOrigins(c.CORSOrigins),
			checkPublicURL(c.PublicURL),
		)
	}
	if err != nil {
		fmt.Fprintln(errs, "waypost:", strings.ReplaceAll(inFull(err), "\n", "; "))
		return 2
	}
	level := &slog.LevelVar{}
	_ = level.UnmarshalText([]byte(c.LogLevel)) // kong has checked it
	slog.SetDefault(slog.New(slog.NewJSONHandler(errs, &slog.HandlerOptions{Level: level})))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err = parsed.Run(&surroundings{ctx, c.Settings, out, level})
	var refused refusals
	switch {
	case errors.As(err, &refused):
		return 3
	case err != nil:
		fmt.Fprintln(errs, "waypost:", strings.ReplaceAll(inFull(err), "\n", "; "))
		return 1
	}
	return 0
}

// inFull returns an error as one line, with each field of a fault.
func inFull(err error) string {
	text := err.Error()
	var f *fault.Error
	if errors.As(err, &f) {
		for _, field := range f.Fields {
			text += "; " + strings.TrimPrefix(field.Location, "body.") + " " + field.Message
		}
	}
	return text
}

// checkOrigins refuses what no browser would ever send, and would so do nothing, silently.
func checkOrigins(origins []string) error {
	for _, o := range origins {
		u, err := url.Parse(o)
		if o != "*" &&
			(err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || o != u.Scheme+"://"+u.Host) {
			return errors.New(
				"WAYPOST_CORS_ORIGINS takes origins such as https://dashboard.example, separated by commas",
			)
		}
	}
	return nil
}

// unknownSettings refuses WAYPOST_* variables that no setting reads: a misspelt one would otherwise do
// nothing, silently.
func unknownSettings(model *kong.Application, environ []string) error {
	var known []string
	for _, flag := range model.Flags {
		known = append(known, flag.Envs...)
	}
	var unknown []string
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "WAYPOST_") && !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	// a secret that did not arrive must not mean a database of our own
	if text, set := os.LookupEnv("WAYPOST_DATABASE_URL"); set && text == "" {
		return errors.New(
			"WAYPOST_DATABASE_URL is empty: set it to a database, or leave it out for Waypost's own PostgreSQL",
		)
	}
	if len(unknown) > 0 {
		return fmt.Errorf("unknown setting %s; waypost serve --help lists those there are", strings.Join(unknown, ", "))
	}
	return nil
}

type openAPI struct{}
