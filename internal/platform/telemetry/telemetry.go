// Package telemetry tells whoever runs Waypost how it is doing: metrics that Prometheus scrapes, and traces
// that go to an OpenTelemetry collector. Neither carries anything of a person: operations are named by
// their id, never by a path, and statements go without their values.
package telemetry

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"waypost/internal/platform/db"
)

// Metrics counts what happens. The zero of each figure is shown from the start, so that its rise can be seen.
type Metrics struct {
	registry   *prometheus.Registry
	requests   *prometheus.HistogramVec
	jobs       *prometheus.CounterVec
	lastJob    *prometheus.GaugeVec
	deliveries *prometheus.CounterVec
	mails      *prometheus.CounterVec
}

// Build is what waypost_build_info says of a process. A part that is empty is left out.
type Build struct {
	Version, Commit, Go string
	Settings            string // the names of those that are not at their default; never a value
}

func (b Build) labels() prometheus.Labels {
	labels := prometheus.Labels{"version": b.Version, "commit": b.Commit, "go": b.Go, "settings": b.Settings}
	maps.DeleteFunc(labels, func(_, value string) bool { return value == "" })
	return labels
}

// NewMetrics makes the figures of one server on one database.
func NewMetrics(d *db.DB, about Build) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "waypost_request_duration_seconds",
			Help:    "How long requests took, by operation of the API's document and by HTTP status.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"operation", "status"}),
		jobs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waypost_jobs_total",
			Help: "Runs of Waypost's own periodic work, by job and by outcome (done, failed).",
		}, []string{"job", "outcome"}),
		lastJob: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "waypost_job_last_done_timestamp_seconds",
			Help: "When each job was last done, in seconds since 1970.",
		}, []string{"job"}),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waypost_webhook_attempts_total",
			Help: "Attempts to deliver an event to a webhook, by result (delivered, refused, redirected, gone, " +
				"timed_out, forbidden, unreachable).",
		}, []string{"result"}),
		mails: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waypost_mail_attempts_total",
			Help: "Attempts to send a mail, by result (sent, refused, unreachable).",
		}, []string{"result"}),
	}
	for _, result := range []string{"sent", "refused", "unreachable"} {
		m.mails.WithLabelValues(result)
	}
	for _, result := range []string{"delivered", "refused", "redirected", "gone", "timed_out", "forbidden", "unreachable"} {
		m.deliveries.WithLabelValues(result)
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "waypost_build_info", ConstLabels: about.labels(),
		Help: "1, labelled with the version, the commit, Go's version, and the names of the settings that are " +
			"not at their default.",
	})
	build.Set(1)
	m.registry.MustRegister(
		m.requests,
		m.jobs,
		m.lastJob,
		m.deliveries,
		m.mails,
		build,
		databaseCollector{d},
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	for name, pool := range d.Pools() {
		m.registry.MustRegister(collectors.NewDBStatsCollector(pool, name))
	}
	return m
}

// Handler is what is scraped.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// Request counts one.
func (m *Metrics) Request(operation string, status int, took time.Duration) {
	m.requests.WithLabelValues(operation, strconv.Itoa(status)).Observe(took.Seconds())
}

// Job runs one piece of periodic work and counts it.
func (m *Metrics) Job(name string, run func() error) error {
	err := run()
	if err == nil {
		m.jobs.WithLabelValues(name, "done").Inc()
		m.lastJob.WithLabelValues(name).SetToCurrentTime()
	} else if !errors.Is(err, context.Canceled) {
		m.jobs.WithLabelValues(name, "failed").Inc()
	}
	return err
}

// Delivery counts an attempt to deliver an event to a webhook.
func (m *Metrics) Delivery(result string) { m.deliveries.WithLabelValues(result).Inc() }

// Mail counts an attempt to send a mail.
func (m *Metrics) Mail(result string) { m.mails.WithLabelValues(result).Inc() }

// databaseCollector asks the database about itself when it is scraped.
type databaseCollector struct{ db *db.DB }

var (
	databaseUp    = prometheus.NewDesc("waypost_database_up", "1 when the database answers, else 0.", nil, nil)
	databaseBytes = prometheus.NewDesc("waypost_database_bytes", "The size of the database on disk.", nil, nil)
	migrated      = prometheus.NewDesc(
		"waypost_database_migration",
		"The newest migration that the database has.",
		nil,
		nil,
	)
	connections = prometheus.NewDesc(
		"waypost_database_connections",
		"Connections to the database, of whatever program.",
		nil,
		nil,
	)
	commits   = prometheus.NewDesc("waypost_database_commits_total", "Transactions that were committed.", nil, nil)
	rollbacks = prometheus.NewDesc(
		"waypost_database_rollbacks_total",
		"Transactions that were rolled back.",
		nil,
		nil,
	)
	deadlocks    = prometheus.NewDesc("waypost_database_deadlocks_total", "Deadlocks that were found.", nil, nil)
	feedPosition = prometheus.NewDesc(
		"waypost_feed_position",
		"The position of the newest event in the partners' feed.",
		nil,
		nil,
	)
	feedLag = prometheus.NewDesc(
		"waypost_feed_lag_seconds",
		"How long the oldest event that is not in the feed yet has been recorded; 0: all are.",
		nil,
		nil,
	)
	standbyLag = prometheus.NewDesc(
		"waypost_standby_lag_seconds",
		"How far the database may be behind its leader, at most: only of a standby that knows.",
		nil,
		nil,
	)
	pending = prometheus.NewDesc(
		"waypost_webhook_deliveries_pending",
		"Deliveries to webhooks that are tried, or tried again.",
		nil,
		nil,
	)
	outboxed = prometheus.NewDesc(
		"waypost_outbox_messages",
		"Messages that go by mail and are not sent, by state (waiting, held, sending, failed). "+
			"waypost_mail_attempts_total counts what is sent.",
		[]string{"state"},
		nil,
	)
	outboxOldest = prometheus.NewDesc(
		"waypost_outbox_oldest_seconds",
		"How long the oldest message in a state (waiting, held, sending) has been in the outbox; 0: there is none.",
		[]string{"state"},
		nil,
	)
)

const scrapeTimeout = 2 * time.Second

func (databaseCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{databaseUp, databaseBytes, migrated, connections, commits, rollbacks,
		deadlocks, feedPosition, feedLag, standbyLag, pending, outboxed, outboxOldest} {
		out <- d
	}
}

func (c databaseCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	s, err := c.db.Statistics(ctx)
	if err != nil {
		out <- prometheus.MustNewConstMetric(databaseUp, prometheus.GaugeValue, 0)
		return
	}
	out <- prometheus.MustNewConstMetric(databaseUp, prometheus.GaugeValue, 1)
	out <- prometheus.MustNewConstMetric(databaseBytes, prometheus.GaugeValue, s.Bytes)
	out <- prometheus.MustNewConstMetric(migrated, prometheus.GaugeValue, s.Migration)
	out <- prometheus.MustNewConstMetric(connections, prometheus.GaugeValue, s.Connections)
	out <- prometheus.MustNewConstMetric(commits, prometheus.CounterValue, s.Commits)
	out <- prometheus.MustNewConstMetric(rollbacks, prometheus.CounterValue, s.Rollbacks)
	out <- prometheus.MustNewConstMetric(deadlocks, prometheus.CounterValue, s.Deadlocks)
	out <- prometheus.MustNewConstMetric(feedPosition, prometheus.GaugeValue, s.FeedPosition)
	out <- prometheus.MustNewConstMetric(feedLag, prometheus.GaugeValue, s.FeedLag)
	out <- prometheus.MustNewConstMetric(pending, prometheus.GaugeValue, s.DeliveriesPending)
	if standby, err := c.db.Standby(ctx); err == nil && standby.Is && standby.Known() {
		out <- prometheus.MustNewConstMetric(standbyLag, prometheus.GaugeValue, standby.Lag.Seconds())
	}
	mail, err := c.db.MailStatistics(ctx)
	if err != nil { // of a structure before this program's
		return
	}
	for _, state := range []string{"waiting", "held", "sending", "sent", "failed", "cancelled"} {
		out <- prometheus.MustNewConstMetric(outboxed, prometheus.GaugeValue, mail[state].Messages, state)
	}
	for _, state := range []string{"waiting", "held", "sending"} {
		out <- prometheus.MustNewConstMetric(outboxOldest, prometheus.GaugeValue, mail[state].Oldest, state)
	}
}
