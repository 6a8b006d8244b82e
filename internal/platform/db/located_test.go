package db_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/fault"
)

type store struct{ *db.DB }

var errBroken = errors.New("broken")

func (s store) inner(ctx context.Context, err error, sql string) error {
	return s.Do(ctx, func(tx *db.Tx) error {
		if err != nil {
			return err
		}
		return tx.Exec(sql).Error
	})
}

func (s store) outer(ctx context.Context, err error, sql string) error {
	return s.Do(ctx, func(tx *db.Tx) error { return s.inner(tx.Context(), err, sql) })
}

func TestAnErrorBeginsWithTheInnermostMethod(t *testing.T) {
	t.Parallel()
	s := store{dbtest.New(t)}
	const place = "db_test.store.inner: "
	if err := s.outer(t.Context(), errBroken, ""); err.Error() != place+"broken" || !errors.Is(err, errBroken) {
		t.Errorf("an error of ours: %v", err)
	}
	for sql, want := range map[string]string{
		"select no_such_column": "postgres 42703",
		// it is tried again by the outer method, which still tells of the inner
		"do $$ begin raise exception 'busy' using errcode = '40001'; end $$": "postgres 40001",
	} {
		var f *fault.Error
		if err := s.outer(t.Context(), nil, sql); !errors.As(err, &f) ||
			!strings.HasPrefix(f.Cause.Error(), place+want) || strings.Count(f.Cause.Error(), place) != 1 {
			t.Errorf("%s: %v", sql, err)
		}
	}
	refused := fault.New(fault.Conflict, "It is closed.")
	if err := s.outer(t.Context(), refused, ""); err != error(refused) {
		t.Errorf("an answer to the caller was changed: %v", err)
	}
}
