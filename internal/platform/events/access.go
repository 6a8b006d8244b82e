package events

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"waypost/internal/platform/db"
)

type access struct {
	At           time.Time
	SiteID       uuid.UUID
	ActorRole    string
	ActorKeyID   *uuid.UUID
	LinkWorkerID *uuid.UUID
	Operation    string
	PatientIDs   db.IDs
	Reason       *string
}

func (access) TableName() string { return "access_log" }

// Read notes that the actor was shown these people of one site; a list is one row.
func Read(tx *db.Tx, operation string, site uuid.UUID, patients ...uuid.UUID) error {
	return ReadBecause(tx, operation, "", site, patients...)
}

// ReadBecause is Read, with the reason that the actor gave, if any.
func ReadBecause(tx *db.Tx, operation, reason string, site uuid.UUID, patients ...uuid.UUID) error {
	if len(patients) == 0 {
		return nil
	}
	tx.Concerns(site, patients...)
	note := access{
		At: tx.Now, SiteID: site, ActorRole: string(tx.Actor.Role), ActorKeyID: orNil(tx.Actor.KeyID),
		LinkWorkerID: tx.Actor.LinkWorkerID, Operation: operation, PatientIDs: patients,
	}
	if reason != "" {
		note.Reason = &reason
	}
	return tx.WithCommit(func(tx *gorm.DB) *gorm.DB { return tx.Create(&note) })
}

// ReadAll notes that the actor was shown the people of a list: one row for each site.
func ReadAll[T any](tx *db.Tx, operation string, list []T, of func(T) (site, patient uuid.UUID)) error {
	bySite := map[uuid.UUID]db.IDs{}
	for _, item := range list {
		site, patient := of(item)
		if !slices.Contains(bySite[site], patient) {
			bySite[site] = append(bySite[site], patient)
		}
	}
	for site, patients := range bySite {
		if err := Read(tx, operation, site, patients...); err != nil {
			return err
		}
	}
	return nil
}
