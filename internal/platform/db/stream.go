package db

import (
	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"

	"waypost/internal/platform/sqlfile"
)

// Query runs a query of a SQL file, with a value for each of its parameters.
func (tx *Tx) Query(q sqlfile.Text, args map[string]any) *gorm.DB {
	return tx.Raw(q.SQL, q.Values(args)...)
}

// Stream hands over the rows of a query one after the other, as PostgreSQL sends them: the text of each
// value, nil for null. What is handed over is each's own until it returns. However many rows there are, one
// is held. It passes by gorm, which would turn every value into one of Go and back.
func (tx *Tx) Stream(q sqlfile.Text, args map[string]any, each func(values [][]byte) error) error {
	return tx.conn.Raw(func(c any) error {
		in := append([]any{pgx.QueryResultFormats{pgx.TextFormatCode}}, q.Values(args)...)
		rows, err := c.(*session).wire().Query(tx.ctx, q.SQL, in...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := each(rows.RawValues()); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}
