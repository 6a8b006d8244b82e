package db

import (
	"errors"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/fault"
)

// InSites begins the query of a list, or of a row by its id. Where the actor has one site, as nearly
// always, it is named, so that an index on (site_id, id) gives the rows in their order, and a page reads no
// more than its rows. A job names the sites that it works for: its policies reach all, and by the id alone
// the whole index would be read.
func (tx *Tx) InSites() *gorm.DB {
	switch sites := tx.Actor.Sites; {
	case len(sites) == 1:
		return tx.Where("site_id = ?", sites[0])
	case len(sites) > 1 && tx.Actor.Role == actor.System:
		return tx.Where("site_id in ?", sites)
	}
	return tx.DB
}

// Find returns the row with the id, of a site whose records the actor may see. what names it for the caller
// when there is none.
func Find[T any](tx *Tx, what string, id uuid.UUID) (T, error) {
	row, err := first[T](tx.InSites().Where("id = ?", id), what)
	return row, orInError[T](tx, what, id, err)
}

// FindRecorded is Find, and finds what was entered in error too.
func FindRecorded[T any](tx *Tx, what string, id uuid.UUID) (T, error) {
	return first[T](tx.InSites().Table("recorded_"+table[T](tx).Table).Where("id = ?", id), what)
}

// FindForUpdate is Find, and holds the row until the transaction ends, so that two changes cannot pass each other.
func FindForUpdate[T any](tx *Tx, what string, id uuid.UUID) (T, error) {
	row, err := first[T](tx.InSites().Where("id = ?", id).Clauses(clause.Locking{Strength: "NO KEY UPDATE"}), what)
	return row, orInError[T](tx, what, id, err)
}

// orInError turns not found into a conflict where the row is there and was entered in error, for those who may read it.
func orInError[T any](tx *Tx, what string, id uuid.UUID, err error) error {
	outside := tx.Actor.Role == actor.Organisation || tx.Actor.Role == actor.Patient
	if !fault.Is(err, fault.NotFound) || outside || table[T](tx).FieldsByDBName["entered_in_error"] == nil {
		return err
	}
	if _, missing := FindRecorded[T](tx, what, id); missing != nil {
		return missing
	}
	return fault.New(
		fault.Conflict,
		"This "+what+" is entered in error: nothing can be done with it until that is taken back.",
	)
}

// table is what gorm knows of the table of a row.
func table[T any](tx *Tx) *schema.Schema {
	s := &gorm.Statement{DB: tx.DB}
	if err := s.Parse(new(T)); err != nil {
		panic("db: a row's type cannot be read: " + err.Error())
	}
	return s.Schema
}

// First returns the row that the query finds, or the fault that there is no such thing.
func First[T any](q *gorm.DB, what string) (T, error) { return first[T](q, what) }

func first[T any](q *gorm.DB, what string) (T, error) {
	var row T
	err := q.Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return row, fault.Missing(what)
	}
	return row, err
}

// Site is whose record something new is: the site that was named, or else the actor's only one.
func (tx *Tx) Site(named *uuid.UUID) (uuid.UUID, error) {
	switch {
	case named != nil && tx.Actor.HasSite(*named):
		return *named, nil
	case named != nil:
		return uuid.Nil, fault.Missing("site")
	case len(tx.Actor.Sites) == 1:
		return tx.Actor.Sites[0], nil
	default:
		return uuid.Nil, fault.InvalidAt(
			"site_id",
			fault.Required,
			"is needed, since this credential reaches several sites",
		)
	}
}

// Match compares the version a caller read with the row's own.
func Match(wanted, current int) error {
	if wanted != current {
		return fault.New(
			fault.Stale,
			"It was changed since you read it. Read it again, and repeat the change on what it says now.",
		)
	}
	return nil
}

// Save writes every column of a row of a site that was found for update.
func Save[T any](tx *Tx, site, id uuid.UUID, row *T) error {
	return tx.Model(row).Where("site_id = ? and id = ?", site, id).Select("*").Updates(row).Error
}
