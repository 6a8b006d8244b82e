package migrations

import (
	"context"
	"database/sql"
	"fmt"
)

// lastOld is the last version of the files that were numbered 1 to 31, before they became one an area (101 and on). A
// database there has the same tables; adopt leaves their rows alone.
const (
	lastOld  = 31
	firstNew = 101
	lastSame = 114 // the files up to here say together what those up to lastOld said
)

// ApplicationName is what connections call themselves in pg_stat_activity. Programs from before roles of the database
// took the place of one role called themselves "waypost": they would read nothing once the policies are by role.
const ApplicationName = "waypost by role"

// adopt takes over a database that was made by the files numbered up to lastOld. Any other old one is
// refused, and so is one that older processes are connected to; then nothing is changed.
func adopt(ctx context.Context, owner *sql.DB) error {
	var tracked bool
	if err := owner.QueryRowContext(ctx, "select to_regclass('goose_db_version') is not null").
		Scan(&tracked); err != nil ||
		!tracked {
		return err
	}
	tx, err := owner.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, "lock table goose_db_version in exclusive mode"); err != nil {
		return err
	}
	var at int64
	if err := tx.QueryRowContext(ctx, "select coalesce(max(version_id), 0) from goose_db_version where is_applied").
		Scan(&at); err != nil {
		return err
	}
	switch {
	case at == 0 || at >= firstNew:
		return nil
	case at != lastOld:
		return fmt.Errorf("the database is at version %d, from which this program cannot go on: "+
			"let a Waypost whose last version is %d run waypost migrate up first", at, lastOld)
	}
	var older int
	err = tx.QueryRowContext(ctx, `select count(*) from pg_stat_activity
		where datname = current_database() and application_name = 'waypost' and pid <> pg_backend_pid()`).Scan(&older)
	if err != nil {
		return err
	}
	if older > 0 {
		return fmt.Errorf("%d connections of an older Waypost are open, which cannot work with the new structure: "+
			"stop it first, then run waypost migrate up", older)
	}
	if _, err := tx.ExecContext(ctx, rolesSQL+adoptSQL); err != nil {
		return fmt.Errorf("adopting the database: %w", err)
	}
	for _, v := range numbered() {
		if v > lastSame {
			break
		}
		if _, err := tx.ExecContext(
			ctx,
			"insert into goose_db_version (version_id, is_applied) values ($1, true)",
			v,
		); err != nil {
			return err
		}
	}
	return tx.Commit()
}
