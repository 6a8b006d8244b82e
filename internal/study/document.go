package study

import (
	"time"

	"github.com/google/uuid"

	"waypost/internal/disclosure"
	"waypost/internal/insights"
	"waypost/internal/platform/day"
)

// Update is what a study tells everybody it answers to, in a reader's order. Its words hold all of its
// figures; those stand beside them as numbers too, and are those of GET /v1/insights/participants and
// /v1/insights/outcomes.
type Update struct {
	ProjectID    uuid.UUID   `json:"project_id" format:"uuid" doc:"The project."`
	Title        string      `json:"title" doc:"What the study is called." example:"Does it help? A year after being referred to a link worker"`
	To           string      `json:"to" doc:"The month up to whose end people joined, and things happened, that it tells of." example:"2026-10"`
	AsOf         time.Time   `json:"as_of" doc:"What its figures stand at: the end of a day."`
	For          string      `json:"for" enum:"members,everybody" doc:"Who may read it. members: it holds counts that are not protected, and is not for publication. everybody: it may be published."`
	Introduction string      `json:"introduction" doc:"What a study of this kind is, for somebody who never heard of it."`
	Notice       string      `json:"notice" doc:"For members: that it is not for publication. For everybody: what it is about."`
	Correction   *Correction `json:"correction,omitempty" doc:"That it corrects an earlier one."`
	InShort      []string    `json:"in_short" doc:"The answer to what most readers ask first."`
	Where        Where       `json:"where_we_are" doc:"How far the study is."`
	Told         Told        `json:"what_people_told_us" doc:"How people have been, whether they used what they were connected to, and whether it helped."`
	Hard         Hard        `json:"what_made_it_hard" doc:"What made collecting the answers hard."`
	Advised      []NewNote   `json:"who_advised_us" doc:"Who met, what they said, and what changed because of it."`
	Limits       []string    `json:"what_this_cannot_say" doc:"What these figures cannot say."`
	About        About       `json:"about" doc:"Whom to ask, who pays, and whom the study thanks."`
	Number       int         `json:"number" doc:"Of the project's published updates, which one it is; 0: it is a draft." example:"3"`
	PublishedOn  *day.Date   `json:"published_on" nullable:"true" format:"date" doc:"The day on which it was published, at the first of the project's sites."`
	Disclosure   Disclosure  `json:"disclosure" doc:"How small numbers are protected."`

	group string // of which sites the figures of all are, where they are not of all
}

// Disclosure is how an update's figures are protected.
type Disclosure = disclosure.Notice

// Correction says which update is corrected, and what was wrong in it.
type Correction struct {
	Number int      `json:"number" doc:"Of the project's updates, which one was wrong." example:"1"`
	On     day.Date `json:"on" format:"date" doc:"When that one was published."`
	Words  string   `json:"words" doc:"What was wrong."`
}

// Where is how far a study is.
type Where struct {
	Words        []string         `json:"words" doc:"The same in sentences, for readers."`
	Progress     []Progress       `json:"progress" doc:"For each follow-up of the project, how far each site is."`
	WorkPackages []WorkPackage    `json:"work_packages" doc:"Of what the study consists."`
	Interviews   []InterviewCount `json:"interviews" doc:"How many interviews were held."`
	Notes        []NewNote        `json:"notes" doc:"What got done."`
}

// Progress is how far each site is with one follow-up: all of them together first.
type Progress struct {
	Timepoint string        `json:"timepoint" doc:"Code of the follow-up." example:"m9_12"`
	When      string        `json:"when" doc:"When it is, in words." example:"9 to 12 months later"`
	Rows      []ProgressRow `json:"rows" doc:"All sites together, then each."`
}

// ProgressRow is how far one site is. A null is too few to show safely.
type ProgressRow struct {
	SiteID     *uuid.UUID `json:"site_id" nullable:"true" format:"uuid" doc:"The site; null: several together."`
	Site       string     `json:"site" doc:"Its name." example:"Example Town"`
	Target     *int       `json:"target" doc:"How many are to join; null: not said." example:"40"`
	Enrolled   *int       `json:"enrolled" doc:"People who agreed to take part." example:"35"`
	Baseline   *int       `json:"baseline" doc:"Of these, who were asked at the start." example:"30"`
	Due        *int       `json:"due" doc:"Of these, whose turn to be asked again has come." example:"20"`
	FollowedUp *int       `json:"followed_up" doc:"Of these, who answered." example:"15"`
	Suppressed bool       `json:"suppressed" doc:"Whether nothing of the row is shown, since it rests on too few, or could tell of others that do."`
}

// InterviewCount is how many interviews were held with people of one kind.
type InterviewCount struct {
	WorkPackage     string `json:"work_package" doc:"Code of the work package." example:"WP1"`
	ParticipantKind string `json:"participant_kind" doc:"Who was interviewed." example:"link_worker"`
	Held            *int   `json:"held" doc:"How many; null: too few patients to show safely." example:"7"`
}

// Told is what people said.
type Told struct {
	FollowUps []ToldAt `json:"follow_ups" doc:"At each follow-up of the project."`
	Words     []string `json:"words" doc:"What the scores below are of, in words."`
	Changes   []Change `json:"changes" doc:"How scores changed of the people who answered both times, of everybody so far."`
	Quotes    []Said   `json:"quotes" doc:"In people's own words."`
	Withdrawn int      `json:"withdrawn" doc:"How many quotes were withdrawn since the update was published."`
}

// ToldAt is what people said at one follow-up.
type ToldAt struct {
	Timepoint string                  `json:"timepoint" doc:"Code of the follow-up." example:"m9_12"`
	When      string                  `json:"when" doc:"When it is, in words."`
	Words     []string                `json:"words" doc:"The same in sentences, for readers."`
	Figures   insights.ParticipantRow `json:"figures" doc:"The figures that the words are made of."`
}

// Said is a sentence that somebody said.
type Said struct {
	ID    uuid.UUID `json:"id" format:"uuid" doc:"The quote's id."`
	Words string    `json:"words" doc:"The person's words."`
}

// Change is how one score changed. Where it is suppressed, or of part of the time, its figures are null.
type Change struct {
	Says       string   `json:"says" doc:"How it changed, in words; empty where there is nothing to say."`
	Words      string   `json:"words" doc:"What the score is of, in words." example:"How satisfied people are with their life"`
	Instrument string   `json:"instrument" doc:"Key of the instrument." example:"ons4"`
	Score      string   `json:"score" doc:"Which of its scores." example:"life_satisfaction"`
	Timepoint  string   `json:"timepoint" doc:"Code of the follow-up compared with the start." example:"m9_12"`
	Better     string   `json:"better" enum:"higher,lower" doc:"Which way it gets better."`
	Low        *float64 `json:"low" doc:"The least it can be; null: not known." example:"0"`
	High       *float64 `json:"high" doc:"The most." example:"10"`
	People     *int     `json:"paired_n" doc:"People who answered both times." example:"45"`
	Before     *float64 `json:"baseline_mean" doc:"Their mean at the start." example:"5.1"`
	After      *float64 `json:"follow_up_mean" doc:"Their mean at the follow-up." example:"5.9"`
	Mean       *float64 `json:"mean_change" doc:"Mean of the change." example:"0.8"`
	CILow      *float64 `json:"ci_low" doc:"Lower end of its 95 % confidence interval." example:"0.3"`
	CIHigh     *float64 `json:"ci_high" doc:"Upper end of that interval." example:"1.2"`
	Suppressed bool     `json:"suppressed" doc:"Whether it rests on too few to show safely."`
}

// Hard is what made collecting answers hard.
type Hard struct {
	Words []string  `json:"words" doc:"The same in sentences, for readers."`
	Notes []NewNote `json:"notes" doc:"What else was hard."`
}

// About is who stands behind the study.
type About struct {
	Contact          *string `json:"contact" doc:"Whom to ask."`
	Funder           *string `json:"funder" doc:"Who pays."`
	FunderReference  *string `json:"funder_reference" doc:"The funder's number."`
	Acknowledgements *string `json:"acknowledgements" doc:"Whom the study thanks."`
	Disclaimer       *string `json:"disclaimer" doc:"What its funder wants said."`
}
