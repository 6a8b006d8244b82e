package datasets

import (
	"context"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// Member is a researcher's key that reaches a project.
type Member struct {
	// The key's id.
	ID uuid.UUID `json:"api_key_id" format:"uuid"`
	// Of which project.
	ProjectID uuid.UUID `json:"project_id" gorm:"-" format:"uuid"`
	// What the key is for.
	Label string `json:"label"`
	// The key's last four characters.
	Hint string `json:"hint"`
	// The key's last day.
	ExpiresOn *day.Date `json:"expires_on" format:"date"`
	// When the key was revoked.
	RevokedAt *time.Time `json:"revoked_at"`
}

// NewMember is the command to make somebody a member.
type NewMember struct {
	// The researcher's key.
	APIKeyID uuid.UUID `json:"api_key_id" format:"uuid"`
}

// Members lists the keys that reach the project by id, after the id given.
func (s *Store) Members(ctx context.Context, id uuid.UUID, page db.Page[uuid.UUID]) (list []Member, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if _, err := project(tx, id); err != nil {
			return err
		}
		err := tx.Table("members_of(?)", id).Where("id > ?", page.After).Order("id").Limit(page.Limit).Scan(&list).Error
		for i := range list {
			list[i].ProjectID = id
		}
		return err
	})
	return list, err
}

// Join makes a researcher's key a member. Fault: invalid (it is no researcher's key that works).
func (s *Store) Join(ctx context.Context, id, key uuid.UUID) (m Member, err error) {
	return m, s.changeMember(ctx, id, key, "join_project", events.ProjectMemberAdded, func(tx *db.Tx, done bool) error {
		if !done {
			return fault.InvalidAt("api_key_id", fault.UnknownReference, "names no researcher's key that works")
		}
		err := tx.Raw("select * from members_of(?) where id = ?", id, key).Scan(&m).Error
		m.ProjectID = id
		return err
	})
}

// Leave takes a key off the project. It may have left already.
func (s *Store) Leave(ctx context.Context, id, key uuid.UUID) error {
	return s.changeMember(ctx, id, key, "leave_project", events.ProjectMemberRemoved, func(_ *db.Tx, done bool) error {
		if !done {
			return fault.Missing("member")
		}
		return nil
	})
}

// changeMember calls one of the database's functions that add or remove a member, and records the event.
func (s *Store) changeMember(
	ctx context.Context,
	id, key uuid.UUID,
	function string,
	kind events.Kind,
	then func(*db.Tx, bool) error,
) error {
	return s.DB.Do(ctx, func(tx *db.Tx) error {
		p, err := project(tx, id)
		if err != nil {
			return err
		}
		var done bool
		if err := tx.Raw("select "+function+"(?, ?, ?)", id, key, tx.Now).Scan(&done).Error; err != nil {
			return err
		}
		if err := then(tx, done); err != nil {
			return err
		}
		return events.Record(tx, kind, p.subject(), events.Data{"api_key_id": key.String()})
	})
}
