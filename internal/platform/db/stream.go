package db

import (
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
)

// Stream hands over the rows of a query one after the other, as PostgreSQL sends them: the text of each value, nil for null. What
// is handed over is each's own until it returns. However many rows there are, one is held. It passes by gorm, which would turn
// every value into one of Go and back. args are the query's names, each as @name.
func (tx *Tx) Stream(sql string, args map[string]any, each func(values [][]byte) error) error {
	var named []any
	if len(args) > 0 { // gorm would send an empty map as a value
		named = append(named, args)
	}
	made := tx.Session(&gorm.Session{DryRun: true}).Raw(sql, named...)
	if made.Error != nil {
		return made.Error
	}
	return tx.conn.Raw(func(c any) error {
		in := append([]any{pgx.QueryResultFormats{pgx.TextFormatCode}}, made.Statement.Vars...)
		rows, err := c.(*stdlib.Conn).Conn().Query(tx.ctx, made.Statement.SQL.String(), in...)
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
