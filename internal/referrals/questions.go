package referrals

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// Question is what an organisation asks of a referral. Whoever answers does so by telephone or mail, and
// marks it as answered.
type Question struct {
	// The question's id.
	ID     uuid.UUID `json:"id" format:"uuid"`
	SiteID uuid.UUID `json:"-"`
	// The referral that it is about.
	ReferralID uuid.UUID `json:"referral_id" format:"uuid"`
	NewQuestion
	// How it came in: link is an organisation without a key.
	RecordedVia string `json:"recorded_via" enum:"api,link"`
	// When it was asked.
	AskedAt time.Time `json:"asked_at"`
	// When somebody at the site marked it as answered; null: nobody has.
	AnsweredAt *time.Time `json:"answered_at"`
	// The link worker who marked it, where one did.
	AnsweredByLinkWorkerID *uuid.UUID `json:"answered_by_link_worker_id" nullable:"true" format:"uuid"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`
}

// Revision is another after each change.
func (q Question) Revision() int64 { return q.UpdatedAt.UnixMicro() }

func (Question) TableName() string { return "referral_questions" }

// NewQuestion is the command to ask.
type NewQuestion struct {
	// The question, in free text.
	Question string `json:"question" pattern:"\\S" format:"prose" maxLength:"2000" example:"Does the hall's step matter?"`
	// Who asks, and how to reach them.
	Contact *string `json:"contact" required:"false" maxLength:"200" example:"Jo at the lunch club, 020 7946 0000"`
}

// Limits of a question, in characters, for a page that checks nothing.
const (
	MaxQuestion = 2000
	MaxContact  = 200
)

// mostOpenQuestions is how many of one referral may wait to be answered: whoever holds a link could ask for ever.
const mostOpenQuestions = 10

func (n NewQuestion) check() error {
	var c fault.Checks
	c.Require(strings.TrimSpace(n.Question) != "", "question", fault.Required, "is needed")
	c.Require(
		utf8.RuneCountInString(n.Question) <= MaxQuestion,
		"question",
		fault.TooLong,
		"may have at most 2000 characters",
	)
	c.Require(
		n.Contact == nil || utf8.RuneCountInString(*n.Contact) <= MaxContact,
		"contact",
		fault.TooLong,
		"may have at most 200 characters",
	)
	return c.Err()
}

// AskQuestion takes an organisation's question. Faults: forbidden (the caller is no organisation), conflict
// (the referral takes no answer any more, or too many questions wait).
func (s *Store) AskQuestion(ctx context.Context, id uuid.UUID, n NewQuestion) (q Question, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		h, err := lockForUpdate(tx, id)
		if err != nil {
			return err
		}
		if _, err := ownOrganisation(tx); err != nil {
			return err
		}
		q, err = h.addQuestion(tx, n)
		return err
	})
	return q, err
}

// addQuestion records a question. The same again, while it waits, is the question there is. The referral is held.
func (h *History) addQuestion(tx *db.Tx, n NewQuestion) (q Question, err error) {
	if err := n.check(); err != nil {
		return q, err
	}
	if !h.answerable() {
		return q, fault.New(fault.Conflict, "A referral that is "+string(h.Status)+" takes no question.")
	}
	var waiting []Question
	if err := tx.Where("site_id = ? and referral_id = ? and answered_at is null", h.SiteID, h.ID).
		Order("asked_at, id").
		Find(&waiting).
		Error; err != nil {
		return q, err
	}
	for _, q := range waiting {
		if q.Question == n.Question {
			return q, nil
		}
	}
	if len(waiting) >= mostOpenQuestions {
		return q, ErrManyQuestions
	}
	q = Question{
		ID:          tx.NewID(),
		SiteID:      h.SiteID,
		ReferralID:  h.ID,
		NewQuestion: n,
		RecordedVia: h.via,
		AskedAt:     tx.Now,
		UpdatedAt:   tx.Now,
	}
	if err := tx.Create(&q).Error; err != nil {
		return q, err
	}
	return q, events.Record(
		tx,
		events.ReferralQuestionAsked,
		h.subject(),
		h.eventData(events.Data{"question_id": q.ID.String()}),
	)
}

// ErrManyQuestions is the refusal of a question where many wait already.
var ErrManyQuestions = fault.New(
	fault.Conflict,
	"Ten questions about this referral wait to be answered already: please call whoever sent it.",
)

// QuestionPosition is a place in a list of questions.
type QuestionPosition struct {
	At time.Time `json:"t"`
	ID uuid.UUID `json:"i"`
}

// Questions lists what was asked of a referral, oldest first, after the position given.
func (s *Store) Questions(
	ctx context.Context,
	id uuid.UUID,
	page db.Page[QuestionPosition],
) (list []Question, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		r, err := find(tx, id)
		if err != nil {
			return err
		}
		q := tx.Where("site_id = ? and referral_id = ?", r.SiteID, r.ID)
		if page.After.ID != uuid.Nil {
			q = q.Where("(asked_at, id) > (?, ?)", page.After.At, page.After.ID)
		}
		return q.Order("asked_at, id").Scopes(page.Cut).Find(&list).Error
	})
	return list, err
}

// MarkAnswered notes that a question was answered, by whatever way. One that was marked already stays as it is.
func (s *Store) MarkAnswered(ctx context.Context, id uuid.UUID) (q Question, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if q, err = db.FindForUpdate[Question](tx, "question", id); err != nil || q.AnsweredAt != nil {
			return err
		}
		r, err := db.Find[Referral](tx, "referral", q.ReferralID)
		if err != nil {
			return err
		}
		q.AnsweredAt, q.AnsweredByLinkWorkerID, q.UpdatedAt = &tx.Now, tx.Actor.LinkWorkerID, tx.Now
		row := tx.Model(&Question{}).Where("site_id = ? and id = ?", q.SiteID, q.ID)
		err = row.Updates(
			map[string]any{
				"answered_at":                tx.Now,
				"answered_by_link_worker_id": tx.Actor.LinkWorkerID,
				"updated_at":                 tx.Now,
			},
		).Error
		if err != nil {
			return err
		}
		return events.Record(tx, events.ReferralQuestionAnswered, r.subject(), events.Data{"question_id": q.ID.String()})
	})
	return q, err
}

// AskedBefore is a question as a link shows it: that it was asked, and not its words, which may name somebody.
type AskedBefore struct {
	// When it was asked.
	AskedAt time.Time `json:"asked_at"`
	// When somebody at the site marked it as answered; null: nobody has.
	AnsweredAt *time.Time `json:"answered_at"`
	AskedOn    day.Date   `json:"-" gorm:"-"` // at the site, for a page to say
}

func linkQuestions(tx *db.Tx, r *Received) (list []AskedBefore, err error) {
	list = []AskedBefore{}
	err = tx.Table("referral_questions").
		Select("asked_at, answered_at").
		Where("site_id = ? and referral_id = ?", r.SiteID, r.ID).
		Order("asked_at, id").
		Limit(50).
		Find(&list).
		Error
	for i := range list {
		if err == nil {
			list[i].AskedOn, err = tx.DayOf(r.SiteID, list[i].AskedAt)
		}
	}
	return list, err
}
