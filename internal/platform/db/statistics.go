package db

import (
	"context"
	"database/sql"
)

// Statistics is what the database says of itself.
type Statistics struct {
	Bytes, Migration, Connections, Commits, Rollbacks, Deadlocks float64
	FeedPosition, FeedLag, DeliveriesPending                     float64
}

// Statistics asks for them, on a connection that nobody who waits needs.
func (d *DB) Statistics(ctx context.Context) (s Statistics, err error) {
	err = d.background.sql.QueryRowContext(ctx, `select pg_database_size(datname), (select max(version_id) from
		goose_db_version where is_applied),
		numbackends, xact_commit, xact_rollback, deadlocks, p.* from pg_stat_database, partner_statistics($1) p
			where datname = current_database()`, d.Clock.Now()).
		Scan(&s.Bytes, &s.Migration, &s.Connections, &s.Commits, &s.Rollbacks, &s.Deadlocks, &s.FeedPosition,
			&s.FeedLag, &s.DeliveriesPending)
	return s, err
}

// MailStatistics is how many messages there are in a state, and how old the oldest is, in seconds.
type MailStatistics struct{ Messages, Oldest float64 }

// MailStatistics asks for them, by state.
func (d *DB) MailStatistics(ctx context.Context) (map[string]MailStatistics, error) {
	rows, err := d.background.sql.QueryContext(
		ctx,
		"select state, messages, oldest_seconds from mail_statistics($1)",
		d.Clock.Now(),
	)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	by := map[string]MailStatistics{}
	for rows.Next() {
		var state string
		var s MailStatistics
		if err := rows.Scan(&state, &s.Messages, &s.Oldest); err != nil {
			return nil, err
		}
		by[state] = s
	}
	return by, rows.Err()
}

// Pools are the pools of connections, by what they are for.
func (d *DB) Pools() map[string]*sql.DB {
	return map[string]*sql.DB{"requests": d.requests.sql, "outside": d.outside.sql, "background": d.background.sql}
}
