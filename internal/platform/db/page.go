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

// OneOf is a gorm scope that asks for one of the values, of no value nothing. Of one it is the plain condition, which an
// index gives in the order of what follows.
func OneOf[T ~string](column string, values []T) func(*gorm.DB) *gorm.DB {
	return func(q *gorm.DB) *gorm.DB {
		switch len(values) {
		case 0:
			return q
		case 1:
			return q.Where(column+" = ?", values[0])
		}
		return q.Where(column+" in ?", values)
	}
}

// Cut is a gorm scope that applies UpdatedSince and Limit. It does not apply After: each list has an order of its own,
// and its query says where the position is in that.
func (p Page[P]) Cut(q *gorm.DB) *gorm.DB {
	if !p.UpdatedSince.IsZero() {
		q = q.Where("updated_at >= ?", p.UpdatedSince)
	}
	return q.Limit(p.Limit)
}
