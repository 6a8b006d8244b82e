package db

import (
	"slices"

	"github.com/google/uuid"
)

// People are patients of one site.
type People struct {
	SiteID     uuid.UUID `json:"site_id"`
	PatientIDs IDs       `json:"patient_ids"`
}

// people are the patients that a transaction was about. It is shared by copies of the transaction.
type people struct{ list []People }

// Concerns notes that the transaction is about these patients of a site, so that its answer shows them.
func (tx *Tx) Concerns(site uuid.UUID, patients ...uuid.UUID) {
	if tx.about == nil || site == uuid.Nil {
		return
	}
	at := slices.IndexFunc(tx.about.list, func(p People) bool { return p.SiteID == site })
	if at < 0 {
		at = len(tx.about.list)
		tx.about.list = append(tx.about.list, People{SiteID: site})
	}
	of := &tx.about.list[at].PatientIDs
	for _, id := range patients {
		if id != uuid.Nil && !slices.Contains(*of, id) {
			*of = append(*of, id)
		}
	}
}

// People are the patients that the transaction was about so far, by site.
func (tx *Tx) People() []People {
	return slices.DeleteFunc(
		append([]People{}, tx.about.list...),
		func(p People) bool { return len(p.PatientIDs) == 0 },
	)
}

// Unshown runs f, and forgets the patients that it was about: the answer does not show them.
func (tx *Tx) Unshown(f func() error) error {
	before := slices.Clone(tx.about.list)
	err := f()
	tx.about.list = before
	return err
}
