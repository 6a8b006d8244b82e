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
	// The project.
	ProjectID uuid.UUID `json:"project_id" format:"uuid"`
	// What the study is called.
	Title string `json:"title" example:"Does it help? A year after being referred to a link worker"`
	// The month up to whose end people joined, and things happened, that it tells of.
	To string `json:"to" example:"2026-10"`
	// What its figures stand at: the end of a day.
	AsOf time.Time `json:"as_of"`
	// Who may read it. members: it holds counts that are not protected, and is not for publication.
	// everybody: it may be published.
	For string `json:"for" enum:"members,everybody"`
	// What a study of this kind is, for somebody who never heard of it.
	Introduction string `json:"introduction"`
	// For members: that it is not for publication. For everybody: what it is about.
	Notice string `json:"notice"`
	// That it corrects an earlier one.
	Correction *Correction `json:"correction,omitempty"`
	// The answer to what most readers ask first.
	InShort []string `json:"in_short"`
	// How far the study is.
	Where Where `json:"where_we_are"`
	// How people have been, whether they used what they were connected to, and whether it helped.
	Told Findings `json:"what_people_told_us"`
	// What made collecting the answers hard.
	Hard Hard `json:"what_made_it_hard"`
	// Who met, what they said, and what changed because of it.
	Advised []NewNote `json:"who_advised_us"`
	// What these figures cannot say.
	Limits []string `json:"what_this_cannot_say"`
	// Whom to ask, who pays, and whom the study thanks.
	About About `json:"about"`
	// Of the project's published updates, which one it is; 0: it is a draft.
	Number int `json:"number" example:"3"`
	// The day on which it was published, at the first of the project's sites.
	PublishedOn *day.Date `json:"published_on" nullable:"true" format:"date"`
	// How small numbers are protected.
	Disclosure Disclosure `json:"disclosure"`

	group string // of which sites the figures of all are, where they are not of all
}

// Disclosure is how an update's figures are protected.
type Disclosure = disclosure.Notice

// Correction says which update is corrected, and what was wrong in it.
type Correction struct {
	// Of the project's updates, which one was wrong.
	Number int `json:"number" example:"1"`
	// When that one was published.
	On day.Date `json:"on" format:"date"`
	// What was wrong.
	Words string `json:"words"`
}

// Where is how far a study is.
type Where struct {
	// The same in sentences, for readers.
	Words []string `json:"words"`
	// For each follow-up of the project, how far each site is.
	Progress []Progress `json:"progress"`
	// Of what the study consists.
	WorkPackages []WorkPackage `json:"work_packages"`
	// How many interviews were held.
	Interviews []InterviewCount `json:"interviews"`
	// What got done.
	Notes []NewNote `json:"notes"`
}

// Progress is how far each site is with one follow-up: all of them together first.
type Progress struct {
	// Code of the follow-up.
	Timepoint string `json:"timepoint" example:"m9_12"`
	// When it is, in words.
	When string `json:"when" example:"9 to 12 months later"`
	// All sites together, then each.
	Rows []ProgressRow `json:"rows"`
}

// ProgressRow is how far one site is. A null is too few to show safely.
type ProgressRow struct {
	// The site's id. Null: several sites together.
	SiteID *uuid.UUID `json:"site_id" nullable:"true" format:"uuid"`
	// The site's name. Of several sites together, which they are.
	SiteName string `json:"site_name" example:"Example Town"`
	// How many people are to join. Null: not said.
	Target *int `json:"target" example:"40"`
	// People whose consent to research stands.
	Enrolled *int `json:"enrolled" example:"35"`
	// Of enrolled: the person has a baseline.
	WithBaseline *int `json:"with_baseline" example:"30"`
	// Of enrolled: the window of the follow-up has opened, or the person answered before. Whoever died
	// before it closed, and had not answered, is left out.
	EverDue *int `json:"ever_due" example:"20"`
	// Of ever_due: the person answered the follow-up.
	FollowedUp *int `json:"followed_up" example:"15"`
	// Whether the figures of the row are withheld. They rest on too few, or could tell of others that do.
	Suppressed bool `json:"suppressed"`
}

// InterviewCount is how many interviews were held with people of one kind.
type InterviewCount struct {
	// Code of the work package.
	WorkPackage string `json:"work_package" example:"WP1"`
	// Who was interviewed.
	ParticipantKind string `json:"participant_kind" example:"link_worker"`
	// Interviews that were held. Null: too few patients to show safely.
	Held *int `json:"held" example:"7"`
}

// Findings is what people said.
type Findings struct {
	// At each follow-up of the project.
	FollowUps []FollowUpFindings `json:"follow_ups"`
	// What the scores below are of, in words.
	Words []string `json:"words"`
	// How scores changed of the people who answered both times, of everybody so far.
	Changes []Change `json:"changes"`
	// In people's own words.
	Quotes []PublishedQuote `json:"quotes"`
	// Quotes that were withdrawn since the update was published.
	QuotesWithdrawn int `json:"quotes_withdrawn"`
}

// FollowUpFindings is what people said at one follow-up.
type FollowUpFindings struct {
	// Code of the follow-up.
	Timepoint string `json:"timepoint" example:"m9_12"`
	// When it is, in words.
	When string `json:"when"`
	// The same in sentences, for readers.
	Words []string `json:"words"`
	// The figures that the words are made of.
	Figures insights.ParticipantRow `json:"figures"`
}

// PublishedQuote is a sentence that somebody said.
type PublishedQuote struct {
	// The quote's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// The person's words.
	Words string `json:"words"`
}

// Change is how one score changed. Where it is suppressed, or of part of the time, its figures are null.
type Change struct {
	// How it changed, in words; empty where there is nothing to say.
	Says string `json:"says"`
	// What the score is of, in words.
	Words string `json:"words" example:"How satisfied people are with their life"`
	// Key of the instrument.
	Instrument string `json:"instrument" example:"ons4"`
	// Which of the instrument's scores.
	Score string `json:"score" example:"life_satisfaction"`
	// Code of the follow-up. It is compared with the baseline.
	Timepoint string `json:"timepoint" example:"m9_12"`
	// Which way the score gets better.
	Better string `json:"better" enum:"higher,lower"`
	// The lowest value that the score can have. Null: not known.
	Low *float64 `json:"low" example:"0"`
	// The highest value that the score can have. Null: not known.
	High *float64 `json:"high" example:"10"`
	// People with the score at the baseline and at the timepoint.
	People *int `json:"paired_n" example:"45"`
	// Mean of the score at the baseline, in points.
	Before *float64 `json:"baseline_mean" example:"5.1"`
	// Mean of the score at the timepoint, in points.
	After *float64 `json:"follow_up_mean" example:"5.9"`
	// Mean of follow-up minus baseline, in points.
	Mean *float64 `json:"mean_change" example:"0.8"`
	// Lower end of the 95 % confidence interval of mean_change (paired t).
	CILow *float64 `json:"ci_low" example:"0.3"`
	// Upper end of the 95 % confidence interval of mean_change (paired t).
	CIHigh *float64 `json:"ci_high" example:"1.2"`
	// Whether the figures of the row are withheld. They rest on too few.
	Suppressed bool `json:"suppressed"`
}

// Hard is what made collecting answers hard.
type Hard struct {
	// The same in sentences, for readers.
	Words []string `json:"words"`
	// What else was hard.
	Notes []NewNote `json:"notes"`
}

// About is who stands behind the study.
type About struct {
	// Whom to ask.
	Contact *string `json:"contact"`
	// Who pays.
	Funder *string `json:"funder"`
	// The funder's number.
	FunderReference *string `json:"funder_reference"`
	// Whom the study thanks.
	Acknowledgements *string `json:"acknowledgements"`
	// What its funder wants said.
	Disclaimer *string `json:"disclaimer"`
}
