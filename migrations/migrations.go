// Package migrations holds the database's structure as plain SQL: numbered files of tables, which goose
// runs once and in order, and the folder always, whose functions, triggers, views, policies and grants are
// applied again whenever they change.
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

//go:embed *.sql always/*.sql
var files embed.FS

//go:embed setup/roles.sql
var rolesSQL string

//go:embed setup/adopt.sql
var adoptSQL string

// Files is all of the SQL, for whoever wants to know whether it changed.
func Files() fs.FS { return files }

// Up brings the database to what this program needs: the newest numbered file, the folder always, and the
// codes. It takes from the app's roles the right to make anything. Two at once wait for each other.
func Up(ctx context.Context, owner *sql.DB) error {
	if err := adopt(ctx, owner); err != nil {
		return err
	}
	if _, err := owner.ExecContext(ctx, rolesSQL); err != nil {
		return err
	}
	p, err := provider(owner)
	if err != nil {
		return err
	}
	if at, err := p.GetDBVersion(ctx); err == nil && at > Newest() {
		return fmt.Errorf(
			"the database was migrated by a newer Waypost (to %d; this program knows %d): use that one",
			at,
			Newest(),
		)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrating: %w", err)
	}
	if err := applyAlways(ctx, owner); err != nil {
		return err
	}
	if err := codes.Seed(ctx, owner); err != nil {
		return err
	}
	return harden(ctx, owner)
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
	versions := numbered()
	return versions[len(versions)-1]
}

// numbered are the versions of the numbered files, in order.
func numbered() (versions []int64) {
	p, err := goose.NewProvider(goose.DialectPostgres, &sql.DB{}, files)
	if err != nil {
		panic(err) // the files are part of the program
	}
	for _, s := range p.ListSources() {
		versions = append(versions, s.Version)
	}
	return versions
}
