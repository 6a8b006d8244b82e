package db

import (
	"time"

	"github.com/google/uuid"
)

// Changed is a place in a list in the order in which its items changed last. What changes while the list is read moves to
// its end, and is read again there.
type Changed struct {
	UpdatedAt time.Time `json:"t"`
	ID        uuid.UUID `json:"i"`
}

// ListChanged lists what is recorded at the actor's sites, what was entered in error too, in the order in which it changed
// last. An index has that order, so that a page reads no more than its rows.
func ListChanged[T any](tx *Tx, page Page[Changed]) (list []T, err error) {
	q := tx.InSites().Table("recorded_" + table[T](tx).Table)
	if page.After.ID != uuid.Nil {
		q = q.Where("(updated_at, id) > (?, ?)", page.After.UpdatedAt, page.After.ID)
	}
	err = q.Order("updated_at, id").Scopes(page.Cut).Find(&list).Error
	return list, err
}
