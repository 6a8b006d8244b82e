package migrations

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
)

// applyAlways applies each file of the folder always whose text has changed since it was applied last, in the order of
// their names, each in a transaction of its own. A lock is waited for as long as the connection's lock_timeout says;
// whoever migrates tries again then.
func applyAlways(ctx context.Context, owner *sql.DB) error {
	names, err := fs.Glob(files, "always/*.sql")
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := applyFile(ctx, owner, name); err != nil {
			return fmt.Errorf("applying %s: %w", name, err)
		}
	}
	return nil
}

func applyFile(ctx context.Context, owner *sql.DB, name string) error {
	text, err := files.ReadFile(name)
	if err != nil {
		return err
	}
	hash := sha256.Sum256(text)
	tx, err := owner.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	// Two at once wait for each other here.
	if _, err := tx.ExecContext(
		ctx,
		"select pg_advisory_xact_lock(hashtextextended('waypost always', 0))",
	); err != nil {
		return err
	}
	changed, err := tx.ExecContext(ctx, `insert into applied_files (name, sha256) values ($1, $2)
		on conflict (name) do update set sha256 = excluded.sha256 where applied_files.sha256 <> excluded.sha256`,
		name, hex.EncodeToString(hash[:]))
	if err != nil {
		return err
	}
	if n, err := changed.RowsAffected(); err != nil || n == 0 {
		return err
	}
	if _, err := tx.ExecContext(ctx, string(text)); err != nil { // without arguments, so many statements are one call
		return err
	}
	return tx.Commit()
}
