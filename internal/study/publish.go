package study

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/link"
)

// Published is an update as it was published. What it says never changes.
type Published struct {
	// The published update's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// The project.
	ProjectID uuid.UUID `json:"project_id" format:"uuid"`
	// Counts up in the project.
	Number int `json:"number" example:"1"`
	// The month up to whose end it tells.
	To string `json:"to" gorm:"column:up_to" example:"2026-10"`
	// What its figures stand at.
	AsOf time.Time `json:"as_of"`
	// The published update that it corrects.
	CorrectsID *uuid.UUID `json:"corrects_id" nullable:"true" format:"uuid"`
	// Of all that it says, as it is kept; of quotes, of which ones. The same as long as nothing
	// changed.
	SHA256 string `json:"sha256" gorm:"column:sha256"`
	// Its link, for everybody; shown when it is made, and never again.
	URL string `json:"url,omitempty" gorm:"-" example:"https://waypost.example/u/…"`
	// The last day, at the first of the project's sites, on which its link works.
	ExpiresOn day.Date `json:"expires_on" format:"date"`
	// When its link was withdrawn.
	WithdrawnAt *time.Time `json:"withdrawn_at"`
	// Rises when its link changes.
	Version int `json:"version" example:"1"`
	// When it was published.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When its link last changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`

	// What is worth knowing before the link is handed on.
	Warnings []fault.Warning `json:"warnings,omitempty" gorm:"-"`

	Content     db.JSON[Update] `json:"-"`
	Token       string          `json:"-" gorm:"-"` // what the URL ends with
	TokenHash   []byte          `json:"-"`
	PublishedBy *uuid.UUID      `json:"-"`
}

// Revision is another after each change.
func (p Published) Revision() int64 { return int64(p.Version) }

func (Published) TableName() string { return "study_updates" }

// WithoutSecret is the answer as it may be kept for a replay.
func (p Published) WithoutSecret() any {
	p.URL = ""
	return p
}

// NewUpdate is the command to publish an update as it stands now.
type NewUpdate struct {
	// The month up to whose end it tells; this one when left out.
	To string `json:"to" required:"false" pattern:"^[0-9]{4}-[0-9]{2}$" example:"2026-10"`
	// The last day, at the first of the project's sites, on which its link works; a year from now
	// when left out.
	ExpiresOn *day.Date `json:"expires_on" required:"false" format:"date" example:"2027-11-30"`
	// The published update of this project that it corrects.
	Corrects *uuid.UUID `json:"corrects" required:"false" format:"uuid"`
	// With corrects: what was wrong, in plain words.
	Correction *string `json:"correction" required:"false" format:"prose" maxLength:"1000" example:"We had counted one site twice."`
}

// Publish freezes the update as it stands. Its link is for everybody. Faults: those of Draft, and invalid
// (a correction of what is not there).
func (s *Store) Publish(ctx context.Context, project uuid.UUID, n NewUpdate) (p Published, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if _, err := lockProject(tx, project); err != nil {
			return err
		}
		w, err := s.writer(tx, project, n.To, "body.to")
		if err != nil {
			return err
		}
		u, err := w.publicUpdate(tx)
		if err != nil {
			return err
		}
		if u.Correction, err = w.correction(tx, n); err != nil {
			return err
		}
		p = Published{
			ID:          tx.NewID(),
			ProjectID:   w.ID,
			To:          w.to,
			AsOf:        u.AsOf,
			CorrectsID:  n.Corrects,
			Version:     1,
			PublishedBy: tx.Actor.Key(),
			CreatedAt:   tx.Now,
			UpdatedAt:   tx.Now,
		}
		if err := tx.Raw("select coalesce(max(number), 0) + 1 from study_updates where project_id = ?", w.ID).
			Scan(&p.Number).
			Error; err != nil {
			return err
		}
		u.Number, u.PublishedOn = p.Number, &w.today
		if err := p.link(tx, n.ExpiresOn); err != nil {
			return err
		}
		whole, err := json.Marshal(u)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(whole)
		p.Content.V, p.SHA256 = u, hex.EncodeToString(sum[:])
		if !u.isOfNow() {
			p.Warnings = append(
				p.Warnings,
				fault.Warning{
					Code:   "figures_withheld",
					Detail: "Of a month before this one most figures cannot be shown safely. An update of this month shows more.",
				},
			)
		}
		if err := tx.Create(&p).Error; err != nil {
			return err
		}
		return events.Record(tx, events.ProjectUpdatePublished, w.subject(), events.Data{"update_id": p.ID.String()})
	})
	return p, err
}

// correction says what is corrected.
func (w writer) correction(tx *db.Tx, n NewUpdate) (*Correction, error) {
	if (n.Corrects == nil) != (n.Correction == nil) {
		return nil, fault.InvalidAt("correction", fault.NotAllowed, "and corrects go together")
	}
	if n.Corrects == nil {
		return nil, nil
	}
	var wrong []Published
	if err := tx.Where("project_id = ? and id = ?", w.ID, *n.Corrects).Find(&wrong).Error; err != nil {
		return nil, err
	}
	if len(wrong) == 0 {
		return nil, fault.InvalidAt("corrects", fault.UnknownReference, "names no published update of the project")
	}
	return &Correction{wrong[0].Number, *wrong[0].Content.V.PublishedOn, *n.Correction}, nil
}

// link makes a new link; the one before, if any, ends.
func (p *Published) link(tx *db.Tx, until *day.Date) error {
	today, err := today(tx, p.ProjectID)
	if err != nil {
		return err
	}
	if p.ExpiresOn = today.Add(day.Period{Months: 12}); until != nil {
		p.ExpiresOn = *until
	}
	if p.ExpiresOn.Before(today) || p.ExpiresOn.After(today.Add(day.Period{Months: 120})) {
		return fault.InvalidAt("expires_on", fault.OutOfRange, "lies in the past, or more than ten years ahead")
	}
	p.Token, p.TokenHash = link.NewToken()
	return nil
}

// Updates lists what a project published by id, after the id given.
func (s *Store) Updates(ctx context.Context, project uuid.UUID, page db.Page[uuid.UUID]) (list []Published, err error) {
	return listed[Published](ctx, s, project, page, "true")
}

// Whole is a published update with what it says, quotes as far as they may be shown now.
type Whole struct {
	Published
	// What it says. Words that a person does not let be shown any more are gone.
	Update Update `json:"update"`
}

// Update returns a published update.
func (s *Store) Update(ctx context.Context, id uuid.UUID) (w Whole, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if w.Published, err = db.First[Published](tx.Where("id = ?", id), "update"); err != nil {
			return err
		}
		w.Update = w.Content.V
		return w.Update.fillInQuotes(tx)
	})
	return w, err
}

// NewLink is the command to make a link.
type NewLink struct {
	// The last day, at the first of the project's sites, on which it works; a year from now when left
	// out.
	ExpiresOn *day.Date `json:"expires_on" required:"false" format:"date" example:"2027-11-30"`
}

// Link makes a new link of a published update; the one before ends. Fault: conflict (the update was withdrawn).
func (s *Store) Link(ctx context.Context, id uuid.UUID, n NewLink) (p Published, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if p, err = db.First[Published](lockUpdate(tx, id), "update"); err != nil {
			return err
		}
		if p.WithdrawnAt != nil {
			return fault.New(fault.Conflict, "The update was withdrawn. Publish a new one that corrects it.")
		}
		if err := p.link(tx, n.ExpiresOn); err != nil {
			return err
		}
		return p.save(tx, events.ProjectUpdateLinkMade)
	})
	return p, err
}

// Withdraw ends the link of a published update for good. It may have ended already.
func (s *Store) Withdraw(ctx context.Context, id uuid.UUID) error {
	return s.DB.Do(ctx, func(tx *db.Tx) error {
		p, err := db.First[Published](lockUpdate(tx, id), "update")
		if err != nil || p.WithdrawnAt != nil {
			return err
		}
		p.WithdrawnAt = &tx.Now
		return p.save(tx, events.ProjectUpdateWithdrawn)
	})
}

func lockUpdate(tx *db.Tx, id uuid.UUID) *gorm.DB {
	return tx.Where("id = ?", id).Clauses(clause.Locking{Strength: "NO KEY UPDATE"})
}

func (p *Published) save(tx *db.Tx, kind events.Kind) error {
	p.Version, p.UpdatedAt = p.Version+1, tx.Now
	if err := tx.Model(p).
		Where("id = ?", p.ID).
		Select("token_hash", "expires_on", "withdrawn_at", "version", "updated_at").
		Updates(p).
		Error; err != nil {
		return err
	}
	return events.Record(
		tx,
		kind,
		events.Subject{ID: p.ProjectID},
		events.Data{"update_id": p.ID.String()},
	)
}

var (
	errNoUpdate = fault.New(
		fault.NotFound,
		"This link does not work: it has run out, a newer one took its place, or a part of it is missing.",
	)

	// ErrWithdrawn is what a link says of an update that was withdrawn.
	ErrWithdrawn = fault.New(fault.NotFound, "This update was withdrawn.")
)

// Read is what a link shows to anybody. Faults: not_found (ErrWithdrawn, or one that does not tell why).
func (s *Store) Read(ctx context.Context, token string) (u Update, err error) {
	err = s.DB.Do(actor.With(ctx, actor.Actor{}), func(tx *db.Tx) error {
		var p Published
		var content []byte
		err := tx.Raw("select * from update_by_link(decode(?, 'hex'))", hex.EncodeToString(link.Hash(token))).
			Row().
			Scan(&p.ProjectID, &p.TokenHash, &content, &p.ExpiresOn, &p.WithdrawnAt)
		switch {
		case errors.Is(err, sql.ErrNoRows) || err == nil && !link.Matches(p.TokenHash, token):
			return errNoUpdate
		case err != nil:
			return err
		case p.WithdrawnAt != nil:
			return ErrWithdrawn
		}
		now, err := today(tx, p.ProjectID)
		if err != nil {
			return err
		}
		if p.ExpiresOn.Before(now) {
			return errNoUpdate
		}
		if err := json.Unmarshal(content, &u); err != nil {
			return err
		}
		return u.fillInQuotes(tx)
	})
	return u, err
}
