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

	"go.opentelemetry.io/otel/trace"

	"waypost/api"
	"waypost/api/wire"
	"waypost/internal/datasets"
	"waypost/internal/demo"
	"waypost/internal/insights"
	"waypost/internal/keys"
	"waypost/internal/outcomes"
	"waypost/internal/partners"
	"waypost/internal/platform/db"
	"waypost/internal/platform/jobs"
	"waypost/internal/platform/listen"
	"waypost/internal/platform/mail"
	"waypost/internal/platform/outbox"
	"waypost/internal/platform/outward"
	"waypost/internal/platform/replay"
	"waypost/internal/platform/telemetry"
	"waypost/internal/referrals"
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
	research, err := s.research(d, dir, cipher)
	if err != nil {
		return err
	}
	return s.serve(listener, proxies, database, d, dir, tracing, sender, research, loading, isDemo)
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
	d *db.DB,
	dir string,
	tracing trace.TracerProvider,
	sender *mail.Sender,
	research *datasets.Store,
	load, isDemo bool,
) error {
	metrics, started := telemetry.NewMetrics(d, s.about().build()), d.Clock.Now()
	var loading atomic.Bool
	loading.Store(load)
	told := &partners.Store{
		DB:     d,
		Base:   wire.BasePath(s.publicURL(listener)),
		Cipher: research.Cipher,
		Target: outward.New(outward.Config{AllowPrivate: s.Private || isDemo}),
	}
	handler := api.New(
		api.Config{
			DB:             d,
			Partners:       told,
			Demo:           isDemo,
			TestNumbers:    s.TestNumbers,
			PublicURL:      s.publicURL(listener),
			CORSOrigins:    s.CORSOrigins,
			Loading:        &loading,
			Metrics:        metrics,
			Tracing:        tracing,
			Datasets:       research,
			TrustedProxies: proxies,
			RequestTimeout: s.RequestTimeout,
			Ready:          s.ready(d, &keys.Store{DB: d}),
		},
	)
	server := wire.NewServer(handler)
	failed, working := make(chan error, 2), make(chan *jobs.Runner, 1)
	go func() { failed <- server.Serve(listener) }()
	go func() {
		if load {
			if err := s.loadDemo(d, dir, research); err != nil {
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
		messages := &outbox.Store{DB: d, PerMinute: s.MailPerMinute, Tried: metrics.Mail, TurnedOn: started}
		working <- s.work(d, told, metrics, sender, messages, research, s.publicURL(listener))
		debug.FreeOSMemory() // what starting took is not needed again
	}()
	return s.wait(server, database, failed, working)
}

// ready reports whether the next request should come here.
func (s *surroundings) ready(d *db.DB, credentials *keys.Store) func(context.Context) error {
	newest := migrations.Newest()
	return func(context.Context) error {
		if s.Err() != nil {
			return errors.New("stopping")
		}
		return d.Ready(newest, credentials.Ping)
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

func (s *surroundings) loadDemo(d *db.DB, dir string, research *datasets.Store) error {
	if err := os.MkdirAll(dir, 0o700); err != nil { // with a database of a URL nobody has made it yet
		return err
	}
	path := filepath.Join(dir, "demo-keys.json")
	var made demo.Keys
	report, err := demo.Load(s, d, demo.Config{People: s.People, Research: research}, func(k demo.Keys) error {
		made = k
		return k.Write(path)
	})
	if errors.Is(err, demo.ErrNotEmpty) { // another process of this database was quicker
		if i, err := d.Installation(s); err != nil || i.DemoLoaded {
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
	d *db.DB,
	told *partners.Store,
	metrics *telemetry.Metrics,
	sender *mail.Sender,
	messages *outbox.Store,
	research *datasets.Store,
	publicURL string,
) *jobs.Runner {
	record, loop := outcomes.Store{DB: d}, referrals.Store{DB: d}
	writers := outbox.Writers{
		outcomes.Invitation: record.Inviter(publicURL),
		referrals.Notice:    loop.Notifier(publicURL),
	}
	for {
		runner, err := jobs.Start(
			s,
			d,
			metrics,
			jobs.Job{
				Name:  "housekeeping",
				Every: time.Hour,
				Run:   func(ctx context.Context) error { return d.Do(ctx, housekeeping) },
			},
			jobs.Job{Name: "figures", Every: 10 * time.Minute, Run: (&insights.Store{DB: d}).MakeSnapshot},
			jobs.Job{
				Name:    "releases",
				Every:   datasets.HowOften,
				Longest: datasets.Longest,
				Run:     research.Build,
				Apart:   true,
			},
			jobs.Job{Name: "invitations", Every: 10 * time.Minute, Run: record.Invite},
			jobs.Job{Name: "unsent_answers", Every: time.Minute, Run: record.DeleteUnsent},
			jobs.Job{Name: "feed", Every: 5 * time.Second, Run: told.Publish, Apart: true},
			jobs.Job{
				Name:  "webhooks",
				Every: 5 * time.Second,
				Run:   func(ctx context.Context) error { return told.Deliver(ctx, metrics) },
				Apart: true,
			},
			jobs.Job{Name: "expiry", Every: time.Minute, Run: loop.Expire},
			jobs.Job{Name: "notices", Every: time.Minute, Run: loop.Ask},
			jobs.Job{
				Name:  "outbox",
				Every: time.Minute,
				Run:   func(ctx context.Context) error { return messages.Send(ctx, sender, writers) },
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
