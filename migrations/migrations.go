// Package migrations holds the database's structure, as plain SQL that goose runs in order.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"waypost/internal/platform/codes"
)

//go:embed *.sql
var files embed.FS

// Files is every migration, for whoever wants to know whether they changed.
func Files() fs.FS { return files }

// Up brings the database to the newest migration, writes the codes, and sees to it that the app's role may make nothing. Two at once
// wait for each other.
func Up(ctx context.Context, owner *sql.DB) error {
	p, err := provider(owner)
	if err != nil {
		return err
	}
	if at, err := p.GetDBVersion(ctx); err == nil && at > Newest() {
		return fmt.Errorf("the database was migrated by a newer Waypost (to %d; this program knows %d): use that one", at, Newest())
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrating: %w", err)
	}
	if err := codes.Seed(ctx, owner); err != nil {
		return err
	}
	return harden(ctx, owner)
}

// UpTo brings an empty database to an older version, as one that was never upgraded: for tests of what a migration does with rows.
func UpTo(ctx context.Context, owner *sql.DB, version int64) error {
	p, err := provider(owner)
	if err != nil {
		return err
	}
	if _, err = p.UpTo(ctx, version); err != nil {
		return err
	}
	return codes.Seed(ctx, owner)
}

func provider(owner *sql.DB) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, owner, files, goose.WithSessionLocker(locker))
}

// Newest is the version this program needs.
func Newest() int64 {
	p, err := goose.NewProvider(goose.DialectPostgres, &sql.DB{}, files)
	if err != nil {
		panic(err) // the files are part of the program
	}
	sources := p.ListSources()
	return sources[len(sources)-1].Version
}
