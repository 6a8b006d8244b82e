package db

import (
	"github.com/google/uuid"

	"waypost/internal/platform/fault"
)

// SecondPerson refuses a caller who may be the same person as whoever has the other key (key_origin of the database is
// the rule). did is what the administrator did whom the two have in common, as in "made this one". Fault: forbidden.
func (tx *Tx) SecondPerson(other *uuid.UUID, did string) error {
	var same bool
	err := tx.Raw("select coalesce(key_origin(?) = key_origin(?), true)", tx.Actor.KeyID, other).Scan(&same).Error
	if err == nil && same {
		err = fault.New(
			fault.Forbidden,
			"It takes a second person: your own key was made by the administrator who "+did+", and nobody else has confirmed yours.",
		)
	}
	return err
}
