package db

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"waypost/internal/platform/day"
)

// Copy writes many rows of one table: by COPY into a staging table, which stage makes, and on by one insert under
// row-level security. They are the rows that Create would write, some five times as fast. The insert is one statement
// with a time limit, so a caller with a million rows hands over some ten thousand at a time.
func Copy[T any](tx *Tx, rows []T) error {
	if len(rows) == 0 {
		return nil
	}
	target := &gorm.Statement{DB: tx.DB}
	if err := target.Parse(&rows); err != nil {
		return err
	}
	s := staging{target: target.Table, name: "staged_" + target.Table}
	for _, column := range target.Schema.DBNames {
		if f := target.Schema.FieldsByDBName[column]; f.Creatable {
			s.columns, s.fields = append(s.columns, column), append(s.fields, f)
		}
	}
	return tx.conn.Raw(func(c any) error { return s.copy(tx.ctx, c.(*session).wire(), reflect.ValueOf(rows)) })
}

type staging struct {
	target, name string
	columns      []string
	fields       []*schema.Field
}

func (s staging) copy(ctx context.Context, conn *pgx.Conn, rows reflect.Value) error {
	if _, err := conn.Exec(ctx, "select stage($1)", s.target); err != nil {
		return err
	}
	if _, err := conn.CopyFrom(ctx, pgx.Identifier{"pg_temp", s.name}, s.columns, s.source(ctx, rows)); err != nil {
		return s.unfit(err)
	}
	columns := strings.Join(s.columns, ", ")
	_, err := conn.Exec(
		ctx,
		fmt.Sprintf(
			"insert into %s (%s) select %s from pg_temp.%s; truncate pg_temp.%s",
			s.target,
			columns,
			columns,
			s.name,
			s.name,
		),
	)
	return err
}

// source reads the rows as gorm does.
func (s staging) source(ctx context.Context, rows reflect.Value) pgx.CopyFromSource {
	values := make([]any, len(s.fields))
	return pgx.CopyFromSlice(rows.Len(), func(i int) ([]any, error) {
		for k, f := range s.fields {
			value, _ := f.ValueOf(ctx, rows.Index(i))
			values[k] = plain(value)
		}
		return values, nil
	})
}

// unfit drops what pgx says of a value that does not fit its column: it holds the value, and comes back from the server
// as if the statement had been stopped.
func (s staging) unfit(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "57014" && strings.HasPrefix(pg.Message, "COPY") {
		return fmt.Errorf("db: a value does not fit its column of %s", s.target)
	}
	return err
}

// plain turns ids and days, of which every row has several, into what pgx writes at once: any other driver.Valuer goes
// by the text it returns.
func plain(value any) any {
	switch v := value.(type) {
	case uuid.UUID:
		return [16]byte(v)
	case *uuid.UUID:
		if v != nil {
			return [16]byte(*v)
		}
	case day.Date:
		if !v.IsZero() {
			return v.In(time.UTC)
		}
	case *day.Date:
		if v != nil {
			return plain(*v)
		}
	}
	return value
}
