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
	err = d.background.sql.QueryRowContext(ctx, `select pg_database_size(datname), (select max(version_id) from goose_db_version where is_applied),
		numbackends, xact_commit, xact_rollback, deadlocks, p.* from pg_stat_database, partner_statistics($1) p where datname = current_database()`, d.Clock.Now()).
		Scan(&s.Bytes, &s.Migration, &s.Connections, &s.Commits, &s.Rollbacks, &s.Deadlocks, &s.FeedPosition, &s.FeedLag, &s.DeliveriesPending)
	return s, err
}

// Pools are the pools of connections, by what they are for.
func (d *DB) Pools() map[string]*sql.DB {
	return map[string]*sql.DB{"requests": d.requests.sql, "background": d.background.sql}
}
