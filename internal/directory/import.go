package directory

import (
	"gorm.io/gorm/clause"

	"waypost/internal/platform/db"
)

// Holdings are the rows that an import wrote earlier, by their ids in its source.
type Holdings struct {
	Organisations map[string]Organisation
	Services      map[string]Service
}

// LockSource reads what a source has in the directory. Until the transaction ends nobody else changes those rows,
// and another import of the same source waits.
func LockSource(tx *db.Tx, source string) (Holdings, error) {
	h := Holdings{map[string]Organisation{}, map[string]Service{}}
	if err := tx.Exec(
		"select pg_advisory_xact_lock(hashtextextended('directory ' || ?, 0))",
		source,
	).Error; err != nil {
		return h, err
	}
	var organisations []Organisation
	var services []Service
	mine := tx.Where("source = ? and source_ref is not null", source).Clauses(clause.Locking{Strength: "UPDATE"})
	if err := mine.Order("id").Find(&organisations).Error; err != nil {
		return h, err
	}
	mine = tx.Where("source = ? and source_ref is not null", source).Clauses(clause.Locking{Strength: "UPDATE"})
	if err := mine.Order("id").Find(&services).Error; err != nil {
		return h, err
	}
	for _, o := range organisations {
		h.Organisations[*o.SourceRef] = o
	}
	for _, v := range services {
		h.Services[*v.SourceRef] = v
	}
	return h, nil
}

// Batch is what an import adds and changes. A changed row is whole, and was read by Hold in the same transaction.
type Batch struct {
	NewOrganisations, ChangedOrganisations []Organisation
	NewServices, ChangedServices           []Service
}

const rowsAtATime = 200 // keeps each statement well within its time limit

// Write writes the batch, organisations first.
func (b Batch) Write(tx *db.Tx) error {
	if err := add(tx, b.NewOrganisations); err != nil {
		return err
	}
	for _, o := range b.ChangedOrganisations {
		if err := o.update(tx, &o); err != nil {
			return err
		}
	}
	if err := add(tx, b.NewServices); err != nil {
		return err
	}
	for _, v := range b.ChangedServices {
		if err := v.update(tx, &v); err != nil {
			return err
		}
	}
	return nil
}

func add[T any](tx *db.Tx, rows []T) error {
	if len(rows) == 0 {
		return nil
	}
	return tx.CreateInBatches(&rows, rowsAtATime).Error
}
