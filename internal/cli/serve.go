package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"
	"go.opentelemetry.io/otel/trace"

	"waypost/api"
	"waypost/api/wire"
	"waypost/internal/datasets"
	"waypost/internal/demo"
	"waypost/internal/outcomes"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/jobs"
	"waypost/internal/platform/listen"
	"waypost/internal/platform/mail"
	"waypost/internal/platform/outbox"
	"waypost/internal/platform/outward"
	"waypost/internal/platform/replay"
	"waypost/internal/platform/telemetry"
	"waypost/internal/referrals"
	"waypost/internal/stores"
	"waypost/migrations"
)

type serve struct {
	ReplaceMasterKey bool `help:"${replace_master_key}"`
}

const (
	drain = 10 * time.Second // how long requests under way get to finish after a signal
	flush = 2 * time.Second  // how long the last traces get after that

	startAgain = time.Second // the pause before jobs that could not start are started again
)

// Run serves until a signal, or until the database is lost for good.
func (c serve) Run(s *surroundings) (err error) {
	defer logStderr()()
	about := s.about()
	slog.Info(
		"waypost starts",
		"version",
		about.Version,
		"commit",
		about.Commit,
		"platform",
		about.Platform,
		"go",
		about.Go,
		"settings",
		about.logged(),
	)
	if s.Addr == "" { // net.Listen would take it for every interface
		return errors.New("WAYPOST_ADDR is empty: set it to an address such as 127.0.0.1:8080, or leave it out")
	}
	defer surviveLosses()()
	defer changeLevel(s.level)()
	listener, err := net.Listen("tcp", s.Addr)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; set WAYPOST_ADDR to another address", s.Addr, err)
	}
	defer listener.Close()
	proxies, err := s.trustedProxies()
	if err != nil {
		return err
	}
	listener = listen.Limit(
		listener,
		listen.Limits{Connections: s.MaxConnections, PerAddress: s.MaxConnectionsPerAddress, Trusted: proxies},
	)
	tracing, stop, err := telemetry.Tracing(s, about.Version)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s), flush)
		defer cancel()
		if err := stop(ctx); err != nil {
			slog.Warn("the last traces did not get through", "error", err)
		}
	}()
	sender, err := s.sender()
	if err != nil {
		return err
	}
	dir, err := s.dataDir()
	if err != nil {
		return err
	}
	database, err := s.start(s, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.stop(context.WithoutCancel(s))) }()
	d, installation, err := database.open(s)
	if err != nil {
		return err
	}
	defer d.Close()
	loading, err := s.wantsDemo(d, installation)
	if err != nil {
		return err
	}
	isDemo := installation.Demo || loading
	if !isDemo {
		if err := checkReachable(s.PublicURL); err != nil {
			return err
		}
	}
	cipher, err := s.masterKey(d, dir, c.ReplaceMasterKey)
	if err != nil {
		return err
	}
	all, err := s.stores(d, dir, cipher, isDemo)
	if err != nil {
		return err
	}
	if err := all.People.OpenLookups(actor.With(s, actor.Named("lookup-key")), cipher); err != nil {
		return err
	}
	return s.serve(listener, proxies, database, all, dir, tracing, sender, loading, isDemo)
}

// stores makes the stores of a server, with what it alone has: the master key, and the place of files.
func (s Settings) stores(d *db.DB, dir string, cipher tink.AEAD, isDemo bool) (*stores.Stores, error) {
	files, err := s.files(dir)
	if s.FilesURL == "" && unwritable(err) {
		slog.Warn(
			"no dataset can be made: the data directory cannot be written; set WAYPOST_DATA_DIR or WAYPOST_FILES_URL",
			"error",
			err,
		)
		err = nil
	}
	all := stores.New(d)
	all.Datasets.Cipher, all.Datasets.Files, all.Datasets.Software = cipher, files, api.Version
	all.Partners.Cipher = cipher
	all.Partners.Target = outward.New(outward.Config{AllowPrivate: s.Private || isDemo})
	all.People.TestNumbers = s.TestNumbers || isDemo
	all.Outbox.PerMinute, all.Outbox.TurnedOn = s.MailPerMinute, d.Clock.Now()
	return all, err
}

// wantsDemo reports whether a demo is to be loaded: into an empty database, or one where loading was cut off.
func (s *surroundings) wantsDemo(d *db.DB, i db.Installation) (bool, error) {
	if !s.Demo || i.DemoLoaded {
		return false, nil
	}
	empty, err := demo.Empty(s, d)
	if err == nil && !empty {
		return false, errors.New(
			"a demo goes into an empty database only: this one holds a record; start without --demo, or with " +
				"another data directory",
		)
	}
	return true, err
}

// serve answers from the start, and says that it is not ready while a demo is being loaded.
func (s *surroundings) serve(
	listener net.Listener,
	proxies []netip.Prefix,
	database database,
	all *stores.Stores,
	dir string,
	tracing trace.TracerProvider,
	sender *mail.Sender,
	load, isDemo bool,
) error {
	metrics, publicURL := telemetry.NewMetrics(all.DB, s.about().build()), s.publicURL(listener)
	all.Partners.Base = wire.BasePath(publicURL)
	all.Outbox.Tried = metrics.Mail
	var loading atomic.Bool
	loading.Store(load)
	var examples func(context.Context) (wire.Things, error)
	if isDemo {
		examples = func(ctx context.Context) (things wire.Things, err error) {
			things.IDs, things.Begins, err = demo.Examples(ctx, all.DB)
			return things, err
		}
	}
	handler := api.New(
		api.Config{
			Stores:         all,
			Examples:       examples,
			Demo:           isDemo,
			PublicURL:      publicURL,
			CORSOrigins:    s.CORSOrigins,
			Loading:        &loading,
			Metrics:        metrics,
			Tracing:        tracing,
			TrustedProxies: proxies,
			RequestTimeout: s.RequestTimeout,
			Ready:          s.ready(all),
		},
	)
	server := wire.NewServer(handler)
	failed, working := make(chan error, 2), make(chan *jobs.Runner, 1)
	go func() { failed <- server.Serve(listener) }()
	go func() {
		if load {
			if err := s.loadDemo(all, dir); err != nil {
				failed <- fmt.Errorf("loading the demo: %w", err)
				return
			}
			loading.Store(false)
		}
		fmt.Fprintf(
			s.out,
			"Waypost is ready at http://%s   (API page: http://%s/docs/)\n",
			listener.Addr(),
			listener.Addr(),
		)
		if s.awaitLeader(all.DB) {
			working <- s.work(all, metrics, sender, publicURL)
		}
		debug.FreeOSMemory() // what starting took is not needed again
	}()
	return s.wait(server, database, failed, working)
}

// ready reports whether the next request should come here.
func (s *surroundings) ready(all *stores.Stores) func(context.Context) error {
	newest := migrations.Newest()
	return func(context.Context) error {
		if s.Err() != nil {
			return errors.New("stopping")
		}
		return all.DB.Ready(newest, all.Keys.Ping)
	}
}

// wait ends with a signal, after requests under way have finished, or with what failed.
func (s *surroundings) wait(
	server *http.Server,
	database database,
	failed <-chan error,
	working <-chan *jobs.Runner,
) error {
	var lost <-chan error // never, where the database is not our own
	if database.own != nil {
		lost = database.own.Failed()
	}
	var err error
	select {
	case <-s.Done():
		s.waitForBalancer(failed, lost)
	case err = <-failed:
	case err = <-lost:
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s), drain)
	defer cancel()
	if stopped := server.Shutdown(ctx); stopped != nil {
		slog.Warn("some requests did not finish in time", "error", stopped)
	}
	select {
	case runner := <-working:
		if stopped := runner.Stop(ctx); stopped != nil {
			slog.Warn("some jobs did not finish in time", "error", stopped)
		}
	default: // they never began
	}
	return err
}

// waitForBalancer goes on serving for a while, so that /readyz is noticed before anybody is refused. A
// second signal ends it.
func (s *surroundings) waitForBalancer(failed, lost <-chan error) {
	again := make(chan os.Signal, 1)
	signal.Notify(again, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(again)
	select {
	case <-time.After(s.DrainDelay):
	case <-again:
	case <-failed:
	case <-lost:
	}
}

// surviveLosses keeps a terminal that closes, and whoever reads the log and ends, from ending the process.
func surviveLosses() (stop func()) {
	unread := make(chan os.Signal, 1)
	signal.Notify(unread, syscall.SIGHUP, syscall.SIGPIPE)
	return func() { signal.Stop(unread) }
}

func (s *surroundings) loadDemo(all *stores.Stores, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil { // with a database of a URL nobody has made it yet
		return err
	}
	path := filepath.Join(dir, "demo-keys.json")
	var made demo.Keys
	config := demo.Config{People: s.People, Research: all.Datasets, Studies: all.Study}
	report, err := demo.Load(s, all.DB, config, func(k demo.Keys) error {
		made = k
		return k.Write(path)
	})
	if errors.Is(err, demo.ErrNotEmpty) { // another process of this database was quicker
		if i, err := all.DB.Installation(s); err != nil || i.DemoLoaded {
			return err
		}
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s\nKeys (also in %s):\n%s\n", report, path, made) // whoever reads it may be gone
	return nil
}

// work starts the periodic jobs: what nobody asks for, and what is due. A database that has just gone away
// is waited for: nothing else ends because of it either.
func (s *surroundings) work(
	all *stores.Stores,
	metrics *telemetry.Metrics,
	sender *mail.Sender,
	publicURL string,
) *jobs.Runner {
	writers := outbox.Writers{
		outcomes.Invitation: all.Outcomes.Inviter(publicURL),
		referrals.Notice:    all.Referrals.Notifier(publicURL),
	}
	for {
		runner, err := jobs.Start(
			s,
			all.DB,
			metrics,
			jobs.Job{
				Name:  "housekeeping",
				Every: time.Hour,
				Run:   func(ctx context.Context) error { return all.DB.Do(ctx, housekeeping) },
			},
			jobs.Job{Name: "figures", Every: 10 * time.Minute, Run: all.Insights.MakeSnapshot},
			jobs.Job{
				Name:    "releases",
				Every:   datasets.HowOften,
				Longest: datasets.Longest,
				Run:     all.Datasets.Build,
				Apart:   true,
			},
			jobs.Job{Name: "invitations", Every: 10 * time.Minute, Run: all.Outcomes.Invite},
			jobs.Job{Name: "unsent_answers", Every: time.Minute, Run: all.Outcomes.DeleteUnsent},
			jobs.Job{Name: "lookups", Every: time.Minute, Run: all.People.FillLookups, Apart: true},
			jobs.Job{Name: "feed", Every: 5 * time.Second, Run: all.Partners.Publish, Apart: true},
			jobs.Job{
				Name:  "webhooks",
				Every: 5 * time.Second,
				Run:   func(ctx context.Context) error { return all.Partners.Deliver(ctx, metrics) },
				Apart: true,
			},
			jobs.Job{Name: "duplicates", Every: 10 * time.Second, Run: all.People.FindDuplicates, Apart: true},
			jobs.Job{Name: "expiry", Every: time.Minute, Run: all.Referrals.Expire},
			jobs.Job{Name: "notices", Every: time.Minute, Run: all.Referrals.Ask},
			jobs.Job{Name: "covers", Every: time.Minute, Run: all.Casework.TellEndedCovers},
			jobs.Job{
				Name:  "outbox",
				Every: time.Minute,
				Run:   func(ctx context.Context) error { return all.Outbox.Send(ctx, sender, writers) },
			},
		)
		if err == nil {
			return runner
		}
		select {
		case <-s.Done():
			return nil
		case <-time.After(startAgain):
			slog.Error("the jobs did not start; trying again", "error", err)
		}
	}
}

// housekeeping forgets answers that need not be repeated any more, and makes room in the log of reads.
func housekeeping(tx *db.Tx) error {
	for _, month := range []time.Time{tx.Now, tx.Now.AddDate(0, 1, 0)} {
		if err := tx.Exec("select ensure_access_log_month(?::date)", month).Error; err != nil {
			return err
		}
	}
	return replay.Forget(tx)
}
