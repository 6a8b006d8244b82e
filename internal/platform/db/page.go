package db

import (
	"time"

	"gorm.io/gorm"
)

// Page is what is asked of a list: so many items, from a position on.
type Page[P any] struct {
	After        P // the zero P: from the beginning
	Limit        int
	UpdatedSince time.Time // only what changed at this instant or later; zero: everything
}

// Cut narrows a query to what changed since, and to the page's length; it is a scope of gorm.
func (p Page[P]) Cut(q *gorm.DB) *gorm.DB {
	if !p.UpdatedSince.IsZero() {
		q = q.Where("updated_at >= ?", p.UpdatedSince)
	}
	return q.Limit(p.Limit)
}
