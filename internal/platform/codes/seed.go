package codes

import (
	"context"
	"database/sql"
	"fmt"
)

// Seed writes every list into its code_<list> table, which migrations have made. It adds
// and rewords; it never removes, since records hold the codes.
func Seed(ctx context.Context, owner *sql.DB) error {
	tx, err := owner.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, name := range Names() {
		if err := seedList(ctx, tx, lists[name]); err != nil {
			return fmt.Errorf("codes: seeding %s: %w", name, err)
		}
	}
	return tx.Commit()
}

func seedList(ctx context.Context, tx *sql.Tx, l List) error {
	// The name is one of the seed's own keys, never a caller's word.
	upsert := fmt.Sprintf(`insert into code_%s (code, code_group, gloss, side, active, sort) values ($1,
		nullif($2, ''), $3, nullif($4, ''), true, $5)
		on conflict (code) do update set code_group = excluded.code_group, gloss = excluded.gloss, side =
			excluded.side, sort = excluded.sort`, l.Name)
	for i, c := range l.Codes {
		if _, err := tx.ExecContext(ctx, upsert, c.Code, c.Group, c.Gloss, c.Side, i); err != nil {
			return err
		}
	}
	return nil
}
