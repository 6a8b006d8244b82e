// Package study is what a project of research tells everybody it answers to: where it stands, what happened
// in it, and an update that anybody can read, written from the record. Its figures are those of insights,
// which protect people; it counts nothing of its own but how far the project is, for its members.
package study

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"waypost/internal/insights"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/patch"
)

// Store keeps studies and writes their updates.
type Store struct {
	DB       *db.DB
	Insights *insights.Store
}

// Study is a project as a study: who pays for it, of what it consists, how many people it wants.
type Study struct {
	// The project.
	ProjectID uuid.UUID `json:"project_id" gorm:"primaryKey" format:"uuid"`
	Details
	// Rises with each change; 0: nothing was written yet.
	Version int `json:"version" example:"1"`
	// When something was first written.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`
}

// Revision is another after each change.
func (s Study) Revision() int64 { return int64(s.Version) }

func (Study) TableName() string { return "studies" }

// Details is what is written of a study. All of it stands in the update as it is written.
type Details struct {
	// Who pays for it.
	Funder *string `json:"funder" required:"false" maxLength:"300" example:"Example Research Fund"`
	// The funder's number for it.
	FunderReference *string `json:"funder_reference" required:"false" maxLength:"100" example:"ERF-0001"`
	// Whom a reader may ask.
	Contact *string `json:"contact" required:"false" format:"prose" maxLength:"500" example:"The study team, study@example.org"`
	// Whom it thanks.
	Acknowledgements *string `json:"acknowledgements" required:"false" format:"prose" maxLength:"3000"`
	// What its funder wants said.
	Disclaimer *string `json:"disclaimer" required:"false" format:"prose" maxLength:"3000"`
	// Of what it consists.
	WorkPackages []WorkPackage `json:"work_packages" required:"false" gorm:"serializer:json" maxItems:"30"`
	// How many people are to join at each site.
	Targets []Target `json:"targets" required:"false" gorm:"serializer:json" maxItems:"200"`
}

// WorkPackage is a part of a study.
type WorkPackage struct {
	// Its short name.
	Code string `json:"code" pattern:"^[A-Za-z0-9][A-Za-z0-9_.-]{0,29}$" example:"WP1"`
	// What it is.
	Title string `json:"title" pattern:"\\S" maxLength:"300" example:"Talking with people at the start"`
	// Its first day.
	StartsOn *day.Date `json:"starts_on" required:"false" nullable:"true" format:"date"`
	// Its last day, as planned.
	EndsOn *day.Date `json:"ends_on" required:"false" nullable:"true" format:"date"`
	// Where it stands.
	Status string `json:"status" enum:"planned,under_way,completed,stopped" example:"under_way"`
}

// Target is how many people are to join at a site.
type Target struct {
	// One of the project's sites.
	SiteID uuid.UUID `json:"site_id" format:"uuid"`
	// How many are to join.
	People int `json:"people" minimum:"0" maximum:"1000000" example:"40"`
}

// Changes is a merge patch.
type Changes = patch.Merge[Details]

// project is what a study must know of its project.
type project struct {
	ID          uuid.UUID
	Title       string
	State       string
	SiteIDs     db.IDs
	Timepoints  db.Texts
	Instruments db.Texts
	ExpiresOn   day.Date
}

func (project) TableName() string { return "projects" }

func (p project) subject() events.Subject { return events.Subject{ID: p.ID} }

// findProject finds a project that the actor may see.
func findProject(tx *db.Tx, id uuid.UUID) (project, error) {
	return db.First[project](tx.Where("id = ?", id), "project")
}

// lockProject finds a project, and locks it until the transaction ends, so that of two changes the second waits.
func lockProject(tx *db.Tx, id uuid.UUID) (project, error) {
	return db.First[project](tx.Where("id = ?", id).Clauses(clause.Locking{Strength: "NO KEY UPDATE"}), "project")
}

var (
	errDraft   = fault.New(fault.Conflict, "The project is not approved: it has no update yet.")
	errExpired = fault.New(fault.Conflict, "The project's term is over.")
)

// current refuses a project that is not approved, or whose term is over.
func (p project) current(tx *db.Tx) error {
	now, err := today(tx, p.ID)
	switch {
	case err != nil:
		return err
	case p.State != "approved":
		return errDraft
	case p.ExpiresOn.Before(now):
		return errExpired
	}
	return nil
}

// today is the day at the project's first site, whoever asks.
func today(tx *db.Tx, project uuid.UUID) (d day.Date, err error) {
	return d, tx.Raw("select (cast(? as timestamptz) at time zone project_time_zone(?))::date", tx.Now, project).
		Row().
		Scan(&d)
}

// Get returns a project as a study, empty where nothing was written yet.
func (s *Store) Get(ctx context.Context, project uuid.UUID) (study Study, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		p, err := findProject(tx, project)
		if err != nil {
			return err
		}
		study, err = p.study(tx)
		return err
	})
	return study, err
}

func (p project) study(tx *db.Tx) (Study, error) {
	var found []Study
	err := tx.Where("project_id = ?", p.ID).Find(&found).Error
	if err != nil || len(found) > 0 {
		return append(found, Study{})[0], err
	}
	return Study{
		ProjectID: p.ID,
		Details:   Details{WorkPackages: []WorkPackage{}, Targets: []Target{}},
		CreatedAt: tx.Now,
		UpdatedAt: tx.Now,
	}, nil
}

// Change applies a merge patch to the version the caller read.
func (s *Store) Change(ctx context.Context, project uuid.UUID, version int, c Changes) (study Study, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		p, err := lockProject(tx, project)
		if err != nil {
			return err
		}
		if study, err = p.study(tx); err != nil {
			return err
		}
		if err := db.Match(version, study.Version); err != nil {
			return err
		}
		if study.Details, err = c.Apply(study.Details); err != nil {
			return err
		}
		var interviewed []string
		if err := tx.Raw("select distinct work_package from study_interviews where project_id = ? and "+standing, p.ID).
			Scan(&interviewed).
			Error; err != nil {
			return err
		}
		if err := study.check(p, interviewed); err != nil {
			return err
		}
		study.Version, study.UpdatedAt = study.Version+1, tx.Now
		if err := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "project_id"}}, UpdateAll: true}).
			Create(&study).
			Error; err != nil {
			return err
		}
		return events.Record(tx, events.ProjectStudyChanged, p.subject(), nil)
	})
	return study, err
}

func (d *Details) check(p project, interviewed []string) error {
	if d.WorkPackages == nil {
		d.WorkPackages = []WorkPackage{}
	}
	if d.Targets == nil {
		d.Targets = []Target{}
	}
	var c fault.Checks
	var codes []string
	for i, w := range d.WorkPackages {
		at := fmt.Sprintf("work_packages[%d]", i)
		c.Require(!slices.Contains(codes, w.Code), at+".code", fault.Duplicate, "stands twice")
		c.Require(
			w.StartsOn == nil || w.EndsOn == nil || !w.EndsOn.Before(*w.StartsOn),
			at+".ends_on",
			fault.OutOfRange,
			"lies before starts_on",
		)
		codes = append(codes, w.Code)
	}
	for _, code := range interviewed {
		c.Require(
			slices.Contains(codes, code),
			"work_packages",
			fault.NotAllowed,
			"leaves one out that interviews belong to",
		)
	}
	var sites []uuid.UUID
	for i, t := range d.Targets {
		at := fmt.Sprintf("targets[%d].site_id", i)
		c.Require(slices.Contains(p.SiteIDs, t.SiteID), at, fault.UnknownReference, "is none of the project's sites")
		c.Require(!slices.Contains(sites, t.SiteID), at, fault.Duplicate, "stands twice")
		sites = append(sites, t.SiteID)
	}
	return c.Err()
}

// asReader is who reads a project's figures as a partner does: protected, of its sites alone.
func (p project) asReader() actor.Actor {
	return actor.Actor{Role: actor.Dashboard, Sites: p.SiteIDs}
}
