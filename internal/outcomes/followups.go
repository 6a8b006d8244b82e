package outcomes

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"waypost/internal/episodes"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/voids"
)

// FollowUp is one planned time of asking a person how they have been.
type FollowUp struct {
	// The follow-up's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// The site whose record this is.
	SiteID uuid.UUID `json:"site_id" format:"uuid"`
	// The episode.
	EpisodeID uuid.UUID `json:"episode_id" format:"uuid"`
	// The person.
	PatientID uuid.UUID `json:"patient_id" format:"uuid"`
	// Of the site's schedule it was made from.
	Code string `json:"code" example:"m9_12"`
	// The day its windows count from.
	AnchorOn day.Date `json:"anchor_on" format:"date"`
	// The first day on which the person is asked.
	OpensOn day.Date `json:"opens_on" format:"date"`
	// The day on which it is best to ask.
	TargetOn day.Date `json:"target_on" format:"date"`
	// The last day on which the person is asked.
	ClosesOn day.Date `json:"closes_on" format:"date"`
	// The first day of the analysis window. An answer before it does not count as change.
	AnalysisFrom day.Date `json:"analysis_from" format:"date"`
	// The last day of the analysis window. An answer after it does not count as change.
	AnalysisTo day.Date `json:"analysis_to" format:"date"`
	// Derived from today's date and what is recorded, never stored. missed: the window passed and
	// nothing was recorded. paused: the person died or does not agree to be contacted.
	State State `json:"state" gorm:"->;-:migration" format:"code:follow_up_states"`
	// The day the person answered.
	CompletedOn *day.Date `json:"completed_on" format:"date"`
	// The day it was given up.
	LostOn *day.Date `json:"lost_on" format:"date"`
	// Why it was given up.
	LossReason *string `json:"loss_reason" format:"code:loss_reasons"`
	// More about the reason, in free text.
	LossNote *string `json:"loss_note"`
	// Rises with each change.
	Version int `json:"version" example:"1"`
	// When it was planned.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`
	// It fell with its episode, or with the day that it counted from, and counts in nothing; null: it stands.
	EnteredInError *voids.InError `json:"entered_in_error" gorm:"->;-:migration" format:"or-null"`
	// How many attempts are recorded and not entered in error.
	AttemptsMade int `json:"attempts_made" gorm:"->;-:migration" example:"1"`
	// Who supports the person.
	LinkWorkerID uuid.UUID `json:"link_worker_id" gorm:"->;-:migration" format:"uuid"`
	Paused       bool      `json:"-" gorm:"->;-:migration"`
	// An answer of the episode is a safeguarding concern that nobody has marked as seen: see
	// safeguarding of the episode. Such follow-ups come first in a list.
	Safeguarding bool `json:"safeguarding" gorm:"->;-:migration"`
	// In the answer for one follow-up: every attempt, oldest first.
	Attempts []Attempt `json:"attempts,omitempty" gorm:"-"`
	// In the answer for one follow-up: what the person said.
	Completion *RecordedCompletion `json:"completion,omitempty" gorm:"-"`
	// In the answer for one follow-up: the assessments at its timepoint that stand, scored, also
	// those that were recorded by themselves before it was completed.
	Assessments []Assessment `json:"assessments,omitzero" gorm:"-"`
	// In the answer for one follow-up: how many questions the person has answered by their own link
	// without sending them yet.
	AnswersKept *int `json:"answers_kept,omitempty" gorm:"-"`
	// In the answer for one follow-up: referrals that the person's own page does not ask about, since
	// their service or need is sensitive, and that nobody has asked about yet: ask the person where
	// nobody else hears or reads it. What they say is recorded with the completion, or after it by
	// record-follow-up-service.
	AskInPerson []uuid.UUID `json:"ask_in_person,omitzero" gorm:"-" format:"uuid"`
	// In the answer for one follow-up: what the person said at the baseline, to be shown to them
	// again.
	SaidBefore []EarlierAnswer `json:"said_before,omitempty" gorm:"-"`
	// In the answer to a POST: what is worth knowing.
	Warnings []fault.Warning `json:"warnings,omitzero" gorm:"-"`
}

// Revision is another after each change.
func (f FollowUp) Revision() int64 { return int64(f.Version) }

// Person is whom it is about.
func (f FollowUp) Person() (site, patient uuid.UUID) { return f.SiteID, f.PatientID }

// State of a follow-up.
type State string

const (
	Upcoming  State = "upcoming"
	Due       State = "due"
	Overdue   State = "overdue"
	Missed    State = "missed"
	Paused    State = "paused"
	Completed State = "completed"
	Lost      State = "lost"
)

// followUps reads follow-ups as of an instant: each with its state, its link worker, whether asking is paused, and
// whether its episode had an open concern. The SQL function follow_up_state is the rule of states.
func followUps(tx *db.Tx, at time.Time) *gorm.DB { return tx.InSites().Table(followUpRows, at, at) }

// recordedRows is followUpRows with what is in error.
var recordedRows = strings.NewReplacer("from follow_ups f", "from recorded_follow_ups f", "join episodes e", "join recorded_episodes e").
	Replace(followUpRows)

const followUpRows = `(
	select f.*, e.link_worker_id, p.paused, t.today,
		follow_up_state(f.completed_on, f.lost_on, p.paused, f.opens_on, f.target_on, f.closes_on, t.today) as state,
		(select count(*) from follow_up_attempts a where a.site_id = f.site_id and a.follow_up_id = f.id) as attempts_made,
		exists (
			select from safeguarding_flags_open_at(?) g where g.site_id = f.site_id and g.episode_id = f.episode_id
		) as safeguarding
	from follow_ups f
	join episodes e on e.site_id = f.site_id and e.id = f.episode_id
	join sites s on s.id = f.site_id
	cross join lateral (select (? at time zone s.time_zone)::date as today) t
	cross join lateral (
		select exists (
			select from follow_up_pauses h where h.site_id = f.site_id and h.patient_id = f.patient_id
		) as paused
	) p
) f`

// inState narrows followUps to those in one of the states. Of one it is the plain condition, by which the parts of the
// view of other states fall away.
func inState(q *gorm.DB, states []State) *gorm.DB {
	join := "join (select site_id, id, starts_on, ends_on from follow_up_states where state in ?) w using (site_id, id)"
	var wanted any = states
	if len(states) == 1 {
		join, wanted = strings.Replace(join, "in ?", "= ?", 1), states[0]
	}
	return q.Select("f.*").
		Joins(join, wanted).
		Where("today between starts_on and ends_on")
}

// schedule is a row of a site's schedule of follow-ups.
type schedule struct {
	Code         string
	Anchor       string
	OpensAfter   string
	TargetAfter  string
	ClosesAfter  string
	AnalysisFrom int
	AnalysisTo   int
}

// Plan makes the follow-ups of an episode whose anchor is known, and moves the windows of open ones whose
// anchor was corrected. What is completed or lost is history and stays. What is only missed moves too: nothing was
// recorded, it was counted from a wrong day, and where the right day makes it due again, the person is asked after all.
// Nothing is enqueued: what is due is found by date.
func Plan(tx *db.Tx, e episodes.Episode) error {
	var schedules []schedule
	if err := tx.Table("schedules").Where("site_id = ?", e.SiteID).Order("code").Find(&schedules).Error; err != nil {
		return err
	}
	for _, s := range schedules {
		anchor := map[string]*day.Date{"baseline": e.BaselineOn, "first_contact": e.FirstContactOn, "received_on": &e.ReceivedOn}[s.Anchor]
		if anchor == nil {
			continue
		}
		if err := s.plan(tx, e, *anchor); err != nil {
			return err
		}
	}
	return nil
}

func (s schedule) plan(tx *db.Tx, e episodes.Episode, anchor day.Date) error {
	var have []FollowUp
	if err := tx.Table("follow_ups").
		Where("site_id = ? and episode_id = ? and code = ?", e.SiteID, e.ID, s.Code).
		Find(&have).
		Error; err != nil {
		return err
	}
	if len(have) == 0 {
		f := FollowUp{
			ID:        tx.NewID(),
			SiteID:    e.SiteID,
			EpisodeID: e.ID,
			PatientID: e.PatientID,
			Code:      s.Code,
			Version:   1,
			CreatedAt: tx.Now,
			UpdatedAt: tx.Now,
		}
		if err := s.window(&f, anchor); err != nil {
			return err
		}
		if err := tx.Table("follow_ups").Create(&f).Error; err != nil {
			return err
		}
		return f.recordEvent(tx, events.FollowUpPlanned, nil, events.Data{"code": f.Code, "opens_on": f.OpensOn.String()})
	}
	f := have[0]
	if f.AnchorOn == anchor || f.CompletedOn != nil || f.LostOn != nil {
		return nil // history stays as it was
	}
	if err := s.window(&f, anchor); err != nil {
		return err
	}
	return f.save(tx, events.FollowUpMoved, nil, events.Data{"code": f.Code, "opens_on": f.OpensOn.String()})
}

// window sets the follow-up's days from its anchor.
func (s schedule) window(f *FollowUp, anchor day.Date) error {
	f.AnchorOn = anchor
	days := []*day.Date{&f.OpensOn, &f.TargetOn, &f.ClosesOn}
	for i, text := range []string{s.OpensAfter, s.TargetAfter, s.ClosesAfter} { // two of them may be the same
		p, err := day.ParsePeriod(text)
		if err != nil {
			return err
		}
		*days[i] = anchor.Add(p)
	}
	f.AnalysisFrom, f.AnalysisTo = anchor.AddDays(s.AnalysisFrom), anchor.AddDays(s.AnalysisTo)
	return nil
}

func (f *FollowUp) save(tx *db.Tx, kind events.Kind, on *day.Date, data events.Data) error {
	f.Version, f.UpdatedAt = f.Version+1, tx.Now
	if err := tx.Table("follow_ups").
		Where("site_id = ? and id = ?", f.SiteID, f.ID).
		Select("*").
		Updates(f).
		Error; err != nil {
		return err
	}
	return f.recordEvent(tx, kind, on, data)
}

func (f *FollowUp) recordEvent(tx *db.Tx, kind events.Kind, on *day.Date, data events.Data) error {
	subject := events.Subject{ID: f.ID, SiteID: f.SiteID, PatientID: f.PatientID}
	if on == nil {
		return events.Record(tx, kind, subject, data)
	}
	at, err := tx.Noon(f.SiteID, *on)
	if err != nil {
		return err
	}
	return events.Record(tx, kind, subject, data, events.At(at))
}

// FollowUp returns one, with its attempts and its completion.
func (s *Store) FollowUp(ctx context.Context, id uuid.UUID) (f FollowUp, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if f, err = readRecorded(tx, id); err != nil {
			return err
		}
		if err := tx.Table("recorded_follow_up_attempts").
			Where("site_id = ? and follow_up_id = ?", f.SiteID, f.ID).
			Order("at, id").
			Find(&f.Attempts).
			Error; err != nil {
			return err
		}
		if err := f.addDetails(tx); err != nil {
			return err
		}
		if err := f.addEarlierAnswers(tx); err != nil {
			return err
		}
		if err := f.addAskInPerson(tx); err != nil {
			return err
		}
		return events.Read(tx, "follow_up", f.SiteID, f.PatientID)
	})
	return f, err
}

// read returns a follow-up that the actor may see, with its state today. Fault: conflict (it is in error).
func read(tx *db.Tx, id uuid.UUID) (FollowUp, error) {
	f, err := db.First[FollowUp](followUps(tx, tx.Now).Where("id = ?", id), "follow-up")
	if fault.Is(err, fault.NotFound) {
		_, err = db.Find[FollowUp](tx, "follow-up", id)
	}
	return f, err
}

// readRecorded is read, and finds what is in error too.
func readRecorded(tx *db.Tx, id uuid.UUID) (FollowUp, error) {
	return db.First[FollowUp](tx.InSites().Table(recordedRows, tx.Now, tx.Now).Where("id = ?", id), "follow-up")
}
