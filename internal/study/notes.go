package study

import (
	"context"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// Note is something that happened in a study.
type Note struct {
	// The note's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// The project.
	ProjectID uuid.UUID `json:"project_id" format:"uuid"`
	NewNote
	// When it was recorded.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed, which is when it was recorded: it is never changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`
}

// Revision is another after each change.
func (n Note) Revision() int64 { return n.UpdatedAt.UnixMicro() }

func (Note) TableName() string { return "study_notes" }

// NewNote is the command to note something.
type NewNote struct {
	// The day; not in the future.
	On day.Date `json:"on" gorm:"column:noted_on" format:"date" example:"2026-03-03"`
	// What it is: progress, what made the work hard, that a group met, what it said, or what was
	// changed because of it.
	Kind string `json:"kind" enum:"progress,challenge,meeting,feedback,change_made" example:"feedback"`
	// Whose it is: the steering committee, the advisory group, the patient and public involvement
	// group, or the study team.
	Group string `json:"group" gorm:"column:board" enum:"steering,advisory,ppi,team" example:"advisory"`
	// In plain words. It is published as it stands: no names of people who take part.
	Text string `json:"text" pattern:"\\S" format:"prose" maxLength:"2000"`
}

// Notes lists a project's notes by id, after the id given.
func (s *Store) Notes(ctx context.Context, project uuid.UUID, page db.Page[uuid.UUID]) (list []Note, err error) {
	return listed[Note](ctx, s, project, page, standing)
}

// AddNote notes something. Fault: invalid (it lies in the future).
func (s *Store) AddNote(ctx context.Context, project uuid.UUID, n NewNote) (note Note, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		p, err := findProject(tx, project)
		if err != nil {
			return err
		}
		now, err := today(tx, p.ID)
		if err != nil {
			return err
		}
		if n.On.After(now) {
			return fault.InvalidAt("on", fault.OutOfRange, "lies in the future")
		}
		note = Note{ID: tx.NewID(), ProjectID: p.ID, NewNote: n, CreatedAt: tx.Now, UpdatedAt: tx.Now}
		if err := tx.Create(&note).Error; err != nil {
			return err
		}
		return events.Record(
			tx,
			events.ProjectNoteAdded,
			p.subject(),
			events.Data{"note_id": note.ID.String(), "kind": n.Kind},
		)
	})
	return note, err
}

// RemoveNote takes a note away. Updates that were published keep it.
func (s *Store) RemoveNote(ctx context.Context, project, id uuid.UUID) error {
	return removed(ctx, s, project, id, &Note{}, "note", events.ProjectNoteRemoved)
}

// Interview is that somebody was interviewed; what they said is nowhere here.
type Interview struct {
	// The interview's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// The project.
	ProjectID uuid.UUID `json:"project_id" format:"uuid"`
	NewInterview
	// When it was recorded.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed, which is when it was recorded: it is never changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`
}

// Revision is another after each change.
func (i Interview) Revision() int64 { return i.UpdatedAt.UnixMicro() }

func (Interview) TableName() string { return "study_interviews" }

// NewInterview is the command to record that somebody was interviewed.
type NewInterview struct {
	// Code of the study's work package that it belongs to.
	WorkPackage string `json:"work_package" maxLength:"30" example:"WP1"`
	// Who was interviewed.
	ParticipantKind string `json:"participant_kind" enum:"patient,link_worker,health_professional,voluntary_sector,manager"`
	// At which of the project's sites.
	Site uuid.UUID `json:"site" gorm:"column:site_id" format:"uuid"`
	// The day; not in the future.
	On day.Date `json:"on" gorm:"column:held_on" format:"date" example:"2026-02-10"`
	// How the interview was held.
	Mode string `json:"mode" format:"code:modes" example:"face_to_face"`
}

// Interviews lists a project's interviews by id, after the id given.
func (s *Store) Interviews(
	ctx context.Context,
	project uuid.UUID,
	page db.Page[uuid.UUID],
) (list []Interview, err error) {
	return listed[Interview](ctx, s, project, page, standing)
}

// AddInterview records one. Fault: invalid (no such work package or site, or in the future).
func (s *Store) AddInterview(ctx context.Context, project uuid.UUID, n NewInterview) (i Interview, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		p, err := findProject(tx, project)
		if err != nil {
			return err
		}
		study, err := p.study(tx)
		if err != nil {
			return err
		}
		if err := n.check(tx, p, study); err != nil {
			return err
		}
		i = Interview{ID: tx.NewID(), ProjectID: p.ID, NewInterview: n, CreatedAt: tx.Now, UpdatedAt: tx.Now}
		if err := tx.Create(&i).Error; err != nil {
			return err
		}
		return events.Record(
			tx,
			events.ProjectInterviewAdded,
			p.subject(),
			events.Data{"interview_id": i.ID.String(), "participant_kind": n.ParticipantKind},
		)
	})
	return i, err
}

// RemoveInterview takes one away that was recorded in error. Updates that were published keep their counts.
func (s *Store) RemoveInterview(ctx context.Context, project, id uuid.UUID) error {
	return removed(ctx, s, project, id, &Interview{}, "interview", events.ProjectInterviewRemoved)
}

// standing are the rows that were not taken away.
const standing = "removed_at is null"

// listed are the rows of a project by id.
func listed[T any](
	ctx context.Context,
	s *Store,
	project uuid.UUID,
	page db.Page[uuid.UUID],
	which string,
) (list []T, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if _, err := findProject(tx, project); err != nil {
			return err
		}
		return tx.Where("project_id = ? and id > ?", project, page.After).
			Where(which).
			Order("id").
			Scopes(page.Cut).
			Find(&list).
			Error
	})
	return list, err
}

// removed takes a row of a project away.
func removed(ctx context.Context, s *Store, project, id uuid.UUID, row any, what string, kind events.Kind) error {
	return s.DB.Do(ctx, func(tx *db.Tx) error {
		p, err := findProject(tx, project)
		if err != nil {
			return err
		}
		gone := tx.Model(row).
			Where("project_id = ? and id = ?", project, id).
			Where(standing).
			UpdateColumn("removed_at", tx.Now)
		if gone.Error != nil {
			return gone.Error
		}
		if gone.RowsAffected == 0 {
			return fault.Missing(what)
		}
		return events.Record(tx, kind, p.subject(), events.Data{what + "_id": id.String()})
	})
}

func (n NewInterview) check(tx *db.Tx, p project, study Study) error {
	var c fault.Checks
	known, here := false, false
	for _, w := range study.WorkPackages {
		known = known || w.Code == n.WorkPackage
	}
	for _, site := range p.SiteIDs {
		here = here || site == n.Site
	}
	c.Require(known, "work_package", fault.UnknownReference, "is none of the study's work packages")
	c.Require(here, "site", fault.UnknownReference, "is none of the project's sites")
	if here {
		today, err := tx.Today(n.Site)
		if err != nil {
			return err
		}
		c.Require(!n.On.After(today), "on", fault.OutOfRange, "lies in the future")
	}
	return c.Err()
}
