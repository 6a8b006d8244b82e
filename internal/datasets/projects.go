package datasets

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// Basis is what in law lets data leave for research. It decides whose data is in a release: see docs/datasets.md.
type Basis string

const (
	ExplicitConsent Basis = "explicit_consent"
	Anonymised      Basis = "anonymised"
	Section251      Basis = "section_251"
)

// Outside is the setting in which k is enforced; in a safe setting it is reported.
const (
	Outside     = "outside"
	SafeSetting = "safe_setting"
)

// Project is a piece of research, what it may have, and for how long.
type Project struct {
	// The project's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	Details
	// A draft waits for a data steward. Only an approved project makes and reads releases. It expires
	// after its last day.
	State string `json:"state" enum:"draft,approved,expired"`
	// When a data steward approved it.
	ApprovedAt *time.Time `json:"approved_at"`
	// Rises with each change.
	Version int `json:"version" example:"1"`
	// When it was recorded.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed.
	UpdatedAt    time.Time  `json:"updated_at" gorm:"autoUpdateTime:false"`
	ApprovedBy   *uuid.UUID `json:"-"`
	CreatedBy    *uuid.UUID `json:"-"`
	PseudonymKey []byte     `json:"-"`
}

// Revision is another after each change.
func (p Project) Revision() int64 { return int64(p.Version) }

// Details is what is set of a project.
type Details struct {
	// What it is called.
	Title string `json:"title" pattern:"\\S" maxLength:"300" example:"Does social prescribing help with loneliness?"`
	// What the data is for, in plain words.
	Purpose string `json:"purpose" pattern:"\\S" format:"prose" maxLength:"5000"`
	// Whose records it may use. explicit_consent: people whose consent to research stands.
	// anonymised: all who did not say no to research, k always enforced. section_251: these, and of
	// those who did not consent only who was checked against the national data opt-out and has not
	// opted out.
	LegalBasis Basis `json:"legal_basis" enum:"explicit_consent,anonymised,section_251"`
	// Where researchers work. safe_setting: researchers work where nothing can be taken out, and k is
	// reported. outside: k is enforced.
	Setting string `json:"setting" enum:"safe_setting,outside"`
	// Of a safe setting: why groups smaller than minimum_k are acceptable there, in the steward's
	// words.
	SettingReason *string `json:"setting_reason" required:"false" nullable:"true" format:"prose" maxLength:"2000"`
	// The sites whose people it may have.
	SiteIDs db.IDs `json:"site_ids" format:"uuid" minItems:"1" maxItems:"200"`
	// Keys of the instruments whose answers and scores it may have.
	Instruments db.Texts `json:"instruments" minItems:"1" maxItems:"50" example:"[\"ons4\"]"`
	// Codes of the sites' schedules whose follow-ups it may have.
	Timepoints db.Texts `json:"timepoints" minItems:"1" maxItems:"20" example:"[\"m9_12\"]"`

	// The project's own analysis windows, for timepoints that are not to be analysed in the sites'
	// windows; GET /v1/insights/outcomes is by those of the sites.
	Schedule []Window `json:"schedule" required:"false" gorm:"serializer:json" maxItems:"20"`

	// By what a person could be recognised, taken together: of site, age_band, gender, ethnic_group
	// and imd_quintile; all of them when left out. Of the others, nothing is told.
	QuasiIdentifiers db.Texts `json:"quasi_identifiers" required:"false" maxItems:"5"`
	// What is made coarser, a step each, until groups are large enough; a usual order when left out.
	Generalisation db.Texts `json:"generalisation" required:"false" maxItems:"20" example:"[\"ethnic_group\", \"gender\"]"`
	// The fewest people who are alike in all quasi-identifiers: at least 5 in a safe setting, at
	// least 10 outside and where data is anonymised.
	MinimumK int `json:"minimum_k" minimum:"1" maximum:"1000" example:"10"`
	// How many people in a hundred may be left out, in groups that are too small, before one more
	// step of generalisation is taken; 5 when left out or 0.
	MostSuppressedPercent int `json:"most_suppressed_percent" required:"false" minimum:"0" maximum:"50" example:"5"`
	// The last day, at the first of its sites, on which releases are made and read.
	ExpiresOn day.Date `json:"expires_on" format:"date" example:"2027-12-31"`
}

// Window is when a response to a follow-up counts as change, in days after its anchor. Of several, the one
// nearest the target does, ties to the earlier.
type Window struct {
	// Which of the project's timepoints.
	Code string `json:"code" maxLength:"30" example:"m9_12"`
	// The first day.
	From int `json:"analysis_from" minimum:"1" maximum:"3650" example:"240"`
	// The best day.
	Target int `json:"target" minimum:"1" maximum:"3650" example:"365"`
	// The last day.
	To int `json:"analysis_to" minimum:"1" maximum:"3650" example:"400"`
}

// Add proposes a project. A data steward's is approved at once; a researcher's is a draft, of which they
// are a member. Faults: invalid (a site that is not there, a minimum k below the floor, a term that is
// over).
func (s *Store) Add(ctx context.Context, n Details) (p Project, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		p = Project{
			ID:        tx.NewID(),
			Details:   n,
			State:     "draft",
			Version:   1,
			CreatedBy: tx.Actor.Key(),
			CreatedAt: tx.Now,
			UpdatedAt: tx.Now,
		}
		if err := p.validate(tx); err != nil {
			return err
		}
		if err := p.checkReferences(tx); err != nil {
			return err
		}
		if s.Cipher == nil {
			return errNoPlace
		}
		if p.PseudonymKey, err = s.newKey(p.ID); err != nil {
			return err
		}
		if tx.Actor.Role == actor.DataSteward {
			p.State, p.ApprovedBy, p.ApprovedAt = "approved", tx.Actor.Key(), &tx.Now
		}
		if err := tx.Create(&p).Error; err != nil { // without RETURNING: a researcher is no member yet
			return err
		}
		if tx.Actor.Role == actor.Researcher {
			if err := tx.Exec("select join_project(?, ?, ?)", p.ID, tx.Actor.KeyID, tx.Now).Error; err != nil {
				return err
			}
		}
		return events.Record(
			tx,
			events.ProjectAdded,
			p.subject(),
			events.Data{"legal_basis": string(p.LegalBasis), "state": p.State},
		)
	})
	return p, err
}

func (p Project) subject() events.Subject { return events.Subject{ID: p.ID} }

// today is the day at the project's first site.
func (p Project) today(tx *db.Tx) (day.Date, error) { return tx.TodayAt(p.SiteIDs) }

// current is the project as it stands today: expired, once its term is over.
func (p Project) current(tx *db.Tx) (Project, error) {
	today, err := p.today(tx)
	if p.State == "approved" && p.ExpiresOn.Before(today) {
		p.State = "expired"
	}
	return p, err
}

// Get returns a project that the actor may see.
func (s *Store) Get(ctx context.Context, id uuid.UUID) (p Project, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		p, err = project(tx, id)
		return err
	})
	return p, err
}

func project(tx *db.Tx, id uuid.UUID) (Project, error) {
	p, err := db.First[Project](tx.Where("id = ?", id), "project")
	if err != nil {
		return p, err
	}
	return p.current(tx)
}

// List returns the projects that the actor may see by id, after the id given.
func (s *Store) List(ctx context.Context, page db.Page[uuid.UUID]) (list []Project, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if err := tx.Where("id > ?", page.After).Order("id").Scopes(page.Cut).Find(&list).Error; err != nil {
			return err
		}
		for i := range list {
			if list[i], err = list[i].current(tx); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// Approval is the command to approve a project.
type Approval struct {
	// Of a safe setting: why groups smaller than minimum_k are acceptable there, in the steward's
	// words; what the project says already when left out.
	SettingReason *string `json:"setting_reason" required:"false" format:"prose" maxLength:"2000"`
}

// Approve lets a draft make releases. Approving it again changes nothing. Fault: conflict (its term is over).
func (s *Store) Approve(ctx context.Context, id uuid.UUID, a Approval) (p Project, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		p, err = db.First[Project](tx.Where("id = ?", id).Clauses(clause.Locking{Strength: "NO KEY UPDATE"}), "project")
		if err != nil {
			return err
		}
		today, err := p.today(tx)
		if err != nil {
			return err
		}
		if p.ExpiresOn.Before(today) {
			return errExpired
		}
		if p.State == "approved" {
			return nil
		}
		if a.SettingReason != nil {
			p.SettingReason = a.SettingReason
		}
		p.State, p.ApprovedBy, p.ApprovedAt, p.Version, p.UpdatedAt = "approved", tx.Actor.Key(), &tx.Now, p.Version+1, tx.Now
		if err := tx.Model(&p).
			Where("id = ?", id).
			Select("state", "setting_reason", "approved_by", "approved_at", "version", "updated_at").
			Updates(&p).
			Error; err != nil {
			return err
		}
		return events.Record(tx, events.ProjectApproved, p.subject(), nil)
	})
	return p, err
}

var errExpired = fault.New(fault.Conflict, "The project's term is over.")
