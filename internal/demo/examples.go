package demo

import (
	"context"
	_ "embed"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
)

//go:embed examples.sql
var examplesSQL string

// Examples are ids of the demo's things for the examples of the document, which then work as they stand, by thing; and
// the day on which their episode was received.
func Examples(ctx context.Context, d *db.DB) (ids map[string]string, received day.Date, err error) {
	ids = map[string]string{}
	err = d.Do(actor.With(db.Background(ctx), actor.Named("demo")), func(tx *db.Tx) error {
		var found []struct {
			Thing, ID string
			On        *day.Date
		}
		err := tx.Raw(examplesSQL).Scan(&found).Error
		for _, f := range found {
			if ids[f.Thing] = f.ID; f.On != nil {
				received = *f.On
			}
		}
		return err
	})
	return ids, received, err
}
