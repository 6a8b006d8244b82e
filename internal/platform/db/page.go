package db

import (
	"time"

	"gorm.io/gorm"
)

// Page is the part of a list that a caller asks for: Limit items that follow a position.
type Page[P any] struct {
	After        P // the zero P: from the beginning
	Limit        int
	UpdatedSince time.Time // only what changed at this instant or later; zero: everything
}

// Cut is a gorm scope that applies UpdatedSince and Limit. It does not apply After: each list has an order of its own,
// and its query says where the position is in that.
func (p Page[P]) Cut(q *gorm.DB) *gorm.DB {
	if !p.UpdatedSince.IsZero() {
		q = q.Where("updated_at >= ?", p.UpdatedSince)
	}
	return q.Limit(p.Limit)
}
