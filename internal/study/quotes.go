package study

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// Narrative is what somebody said at a follow-up in their own words, and lets be shown. Who said it is not told.
type Narrative struct {
	// The follow-up.
	FollowUpID uuid.UUID `json:"follow_up_id" format:"uuid"`
	// The site.
	SiteID uuid.UUID `json:"site_id" format:"uuid"`
	// Their words. They may hold names and places.
	Narrative string    `json:"narrative"`
	PatientID uuid.UUID `json:"-"`

	CompletedOn day.Date `json:"-"`
}

// Narratives lists what may be chosen from, by follow-up, after the id given. It is for a data steward; who
// reads it is noted.
func (s *Store) Narratives(
	ctx context.Context,
	project uuid.UUID,
	page db.Page[uuid.UUID],
) (list []Narrative, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		p, err := findProject(tx, project)
		if err != nil {
			return err
		}
		if err := p.current(tx); err != nil {
			return err
		}
		if err := tx.Raw("select * from words_to_choose(?, ?, ?)", p.ID, page.After, page.Limit).
			Scan(&list).
			Error; err != nil {
			return err
		}
		return events.ReadAll(
			tx,
			"list-narratives",
			list,
			func(n Narrative) (site, patient uuid.UUID) { return n.SiteID, n.PatientID },
		)
	})
	return list, err
}

// Quote is a sentence that somebody said, chosen to be shown.
type Quote struct {
	// The quote's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// The project.
	ProjectID uuid.UUID `json:"project_id" format:"uuid"`
	// The person's site; no update tells it.
	SiteID uuid.UUID `json:"site_id" format:"uuid"`
	// The follow-up at which it was said; no update tells it.
	FollowUpID uuid.UUID `json:"follow_up_id" format:"uuid"`
	// The person's words, as they said them.
	Words string `json:"words"`
	// The state of the quote. waiting: a second person has yet to look for names and places. Only an
	// approved quote is shown.
	State string `json:"state" enum:"waiting,approved,refused,taken_back"`
	// Whether the person's consent to this stands now. Where it does not, the words show nowhere.
	MayShow bool `json:"may_show" gorm:"->"`
	// When a second person looked.
	CheckedAt *time.Time `json:"checked_at"`
	// When it was chosen.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed.
	UpdatedAt time.Time  `json:"updated_at" gorm:"autoUpdateTime:false"`
	SaidOn    day.Date   `json:"-"`
	ChosenBy  uuid.UUID  `json:"-"`
	CheckedBy *uuid.UUID `json:"-"`
}

// Revision is another after each change.
func (q Quote) Revision() int64 { return q.UpdatedAt.UnixMicro() }

func (Quote) TableName() string { return "study_quotes" }

// NewQuote is the command to choose a sentence.
type NewQuote struct {
	// The follow-up at which it was said.
	FollowUpID uuid.UUID `json:"follow_up_id" format:"uuid"`
	// What of the narrative is to be shown, letter by letter.
	Words string `json:"words" pattern:"\\S" format:"prose" maxLength:"500" example:"I look forward to Wednesdays now."`
}

// Choose chooses a sentence from a narrative. Faults: invalid (it is not what was said), not_found (nothing
// of that follow-up may be shown).
func (s *Store) Choose(ctx context.Context, project uuid.UUID, n NewQuote) (q Quote, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		p, err := lockProject(tx, project) // of two at once one is first
		if err != nil {
			return err
		}
		if err := p.current(tx); err != nil {
			return err
		}
		var said []Narrative
		if err := tx.Raw("select * from words_to_choose(?, ?, 1)", p.ID, before(n.FollowUpID)).
			Scan(&said).
			Error; err != nil {
			return err
		}
		if len(said) == 0 || said[0].FollowUpID != n.FollowUpID {
			return fault.Missing("follow-up whose words may be shown")
		}
		words := strings.TrimSpace(n.Words)
		if !wholeSentences(said[0].Narrative, words) {
			return fault.InvalidAt(
				"words",
				fault.NotAllowed,
				"are not what the person said: they must stand in the narrative letter by letter, from the "+
					"beginning of a sentence to the end of one",
			)
		}
		if err := once(tx, p, n.FollowUpID, words); err != nil {
			return err
		}
		q = Quote{
			ID:         tx.NewID(),
			ProjectID:  p.ID,
			SiteID:     said[0].SiteID,
			FollowUpID: n.FollowUpID,
			SaidOn:     said[0].CompletedOn,
			Words:      words,
			State:      "waiting",
			MayShow:    true,
			ChosenBy:   tx.Actor.KeyID,
			CreatedAt:  tx.Now,
			UpdatedAt:  tx.Now,
		}
		if err := tx.Create(&q).Error; err != nil {
			return err
		}
		return events.Record(tx, events.ProjectQuoteChosen, p.subject(), events.Data{"quote_id": q.ID.String()})
	})
	return q, err
}

// wholeSentences reports whether words stand in a text from the beginning of a sentence to the end of one, so
// that nothing of what they mean is cut off.
func wholeSentences(text, words string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], words)
		if at < 0 {
			return false
		}
		begin, end := from+at, from+at+len(words)
		before, after := strings.TrimSpace(text[:begin]), text[end:]
		begins := before == "" || ends(before) || strings.HasSuffix(strings.TrimRight(text[:begin], " \t"), "\n")
		if begins && (strings.TrimSpace(after) == "" || ends(words) && after[0] <= ' ' || after[0] == '\n') {
			return true
		}
		from = begin + 1
	}
}

// ends reports whether a text ends with the end of a sentence.
func ends(text string) bool {
	return strings.ContainsAny(text[len(text)-1:], ".?!") || strings.HasSuffix(text, "…")
}

// once refuses words that were chosen already, and what somebody refused: it does not become fit to be
// shown by being chosen again.
func once(tx *db.Tx, p project, followUp uuid.UUID, words string) error {
	var there bool
	err := tx.Raw("select exists (select from study_quotes where project_id = ? and follow_up_id = ? and state <> "+
		"'taken_back' and (position(? in words) > 0 or position(words in ?) > 0))", p.ID, followUp, words, words).Scan(&there).Error
	if err == nil && there {
		err = fault.New(
			fault.Conflict,
			"These words, or some of them, were chosen already: they wait, are approved, or were refused.",
		)
	}
	return err
}

// before is the id that comes just before another.
func before(id uuid.UUID) uuid.UUID {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i]--; id[i] != 0xff {
			break
		}
	}
	return id
}

// Quotes lists the quotes that the actor may see by id, after the id given: a data steward's all, a site
// manager's those of people of their sites. state: empty: of every state.
func (s *Store) Quotes(ctx context.Context, state string, page db.Page[uuid.UUID]) (list []Quote, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		q := seen(tx).Where("id > ?", page.After)
		if state != "" {
			q = q.Where("state = ?", state)
		}
		err := q.Order("id").Scopes(page.Cut).Find(&list).Error
		for i := range list {
			list[i].settle()
		}
		return err
	})
	return list, err
}

// settle takes the words out where the person no longer lets them be shown.
func (q *Quote) settle() {
	if !q.MayShow {
		q.Words = ""
	}
}

// Check is the command to say what a second person found.
type Check struct {
	// The decision. approved means that there is no name, no place and nothing else by which somebody
	// could be known.
	Decision string `json:"decision" enum:"approved,refused" example:"approved"`
}

// CheckQuote says what a second person found. Faults: forbidden (who chose it may not check it), conflict
// (it was checked already), consent_required.
func (s *Store) CheckQuote(ctx context.Context, id uuid.UUID, c Check) (q Quote, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if q, err = holdQuote(tx, id); err != nil {
			return err
		}
		q.settle()
		switch {
		case q.ChosenBy == tx.Actor.KeyID:
			return fault.New(fault.Forbidden, "Somebody else must check it: this credential chose it.")
		case q.State != "waiting":
			return fault.New(fault.Conflict, "It was checked already, or taken back.")
		case !q.MayShow:
			return fault.New(fault.ConsentRequired, "The person does not let these words be shown any more.")
		}
		q.State, q.CheckedBy, q.CheckedAt = c.Decision, tx.Actor.Key(), &tx.Now
		kind := events.ProjectQuoteRefused
		if c.Decision == "approved" {
			kind = events.ProjectQuoteApproved
		}
		return q.save(tx, kind)
	})
	return q, err
}

// TakeBack takes a quote back: it shows nowhere any more, and a published update says that something was
// withdrawn. One that was refused shows nowhere, and stays refused.
func (s *Store) TakeBack(ctx context.Context, id uuid.UUID) error {
	return s.DB.Do(ctx, func(tx *db.Tx) error {
		q, err := holdQuote(tx, id)
		if err != nil {
			return err
		}
		if q.State == "taken_back" || q.State == "refused" {
			return nil
		}
		q.State = "taken_back"
		return q.save(tx, events.ProjectQuoteTakenBack)
	})
}

func (q *Quote) save(tx *db.Tx, kind events.Kind) error {
	q.UpdatedAt = tx.Now
	if err := tx.Model(q).
		Where("id = ?", q.ID).
		Select("state", "checked_by", "checked_at", "updated_at").
		Updates(q).
		Error; err != nil {
		return err
	}
	return events.Record(
		tx,
		kind,
		events.Subject{ID: q.ProjectID},
		events.Data{"quote_id": q.ID.String()},
	)
}

// seen asks for quotes, and whether their words may be shown.
func seen(tx *db.Tx) *gorm.DB {
	return tx.Select("*, words_may_show(site_id, follow_up_id, created_at) as may_show")
}

func holdQuote(tx *db.Tx, id uuid.UUID) (Quote, error) {
	return db.First[Quote](seen(tx).Where("id = ?", id).Clauses(clause.Locking{Strength: "NO KEY UPDATE"}), "quote")
}
