// Package sites holds the places that use Waypost: their settings, their schedules
// of follow-ups, and their link workers.
package sites

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/normal"
	"waypost/internal/platform/patch"
)

// Store keeps sites and link workers.
type Store struct{ DB *db.DB }

// Site is a place whose link workers share one record, such as a primary care network.
type Site struct {
	// The site's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	Details
	// Rises with each change; also the ETag.
	Version int `json:"version" example:"1"`
	// When it was recorded.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`
}

// Revision is another after each change.
func (s Site) Revision() int64 { return int64(s.Version) }

// Details is what may be set of a site.
type Details struct {
	// The site's name.
	Name string `json:"name" pattern:"\\S" maxLength:"200" example:"Example Town"`
	// Short name, unique.
	Code string `json:"code" pattern:"^[a-z][a-z0-9_]{1,29}$" example:"example_town"`
	// ODS code of the practice or network: three to ten capitals and digits; small letters become
	// capitals.
	ODSCode *string `json:"ods_code" required:"false" maxLength:"20" example:"U00001"`
	// Dates of its records are days here; Europe/London when left out.
	TimeZone string `json:"time_zone" required:"false" maxLength:"50" example:"Europe/London"`
	// Days after sending when a silent organisation is asked again, the earliest first; an empty
	// list: never.
	ChaseDays db.Ints `json:"chase_days" required:"false" maxItems:"5" example:"[5, 10]"`
	// Days after sending when a silent referral expires; 14 when left out.
	ExpiryDays int `json:"expiry_days" required:"false" minimum:"1" maximum:"365" example:"14"`
	// The fewest people a published figure may rest on; never below 8.
	DisclosureThreshold int `json:"disclosure_threshold" required:"false" minimum:"8" maximum:"1000" example:"8"`
	// How many attempts at a follow-up are made before somebody counts as could_not_contact; 3 when
	// left out. Fewer are told of, and never refused.
	AttemptsWanted int `json:"attempts_wanted" required:"false" minimum:"1" maximum:"20" example:"3"`
	// Days after the invitation to a follow-up when somebody who has not answered is reminded, once
	// each; 14 when left out, and none with an empty list.
	ReminderDays db.Ints `json:"reminder_days" required:"false" maxItems:"5" example:"[14]"`
	// Days after which somebody whom nobody has reached is on the worklist no_recent_contact, and
	// somebody on a waiting list is to be held again; 28 when left out.
	ContactDays int `json:"contact_days" required:"false" minimum:"1" maximum:"365" example:"28"`
	// Address of the site's own privacy notice, which the page of a person's own link leads to.
	// Without one no such link can be made, and invitations to follow-ups wait. Once set it can be
	// changed, and not taken away. A demo's sites have an example of one when it is left out.
	PrivacyNoticeURL *string `json:"privacy_notice_url" required:"false" format:"https" maxLength:"500" example:"https://example.org/data"`
	// Who is responsible for the record by law (the controller), as the page of a person's own link
	// names them; null: the site, by its name.
	Controller *string `json:"controller" required:"false" pattern:"\\S" maxLength:"200" example:"Example Town Primary Care Network"`
	// How long answers are kept, as that page says it after "We keep your answers"; null: it says
	// that the privacy notice tells.
	KeptFor *string `json:"kept_for" required:"false" pattern:"\\S" maxLength:"300" example:"for 8 years after your support ends"`
	// The team's telephone number, for the people it supports, in E.164; what cannot be a number to
	// dial is kept as it was written. That page shows it.
	Phone *string `json:"phone" required:"false" pattern:"\\S" maxLength:"50" example:"+441632960001"`
	// Whether assessments may ask about the use of health services (instruments marked context); off
	// when left out.
	HealthServiceUse bool `json:"health_service_use" required:"false"`
	// When people are followed up; m9_12 when left out.
	Schedules []Schedule `json:"schedules" required:"false" gorm:"-" maxItems:"20"`
}

// Schedule is one planned time of following people up. Windows count from the anchor's day.
type Schedule struct {
	SiteID uuid.UUID `json:"-"`
	// Its name.
	Code string `json:"code" pattern:"^[a-z][a-z0-9_]{0,29}$" example:"m9_12"`
	// The day that windows count from.
	Anchor string `json:"anchor" enum:"baseline,first_contact,received_on,enrolled_on" example:"baseline"`
	// When the contact window opens, as an ISO 8601 duration after the anchor. From then on people
	// are asked.
	OpensAfter string `json:"opens_after" pattern:"^P([0-9]+[YMWD])+$" example:"P9M"`
	// When it is best to ask, as an ISO 8601 duration after the anchor.
	TargetAfter string `json:"target_after" pattern:"^P([0-9]+[YMWD])+$" example:"P10M15D"`
	// When the contact window closes, as an ISO 8601 duration after the anchor. Nobody is asked
	// later.
	ClosesAfter string `json:"closes_after" pattern:"^P([0-9]+[YMWD])+$" example:"P12M"`
	// The first day of the analysis window, in days after the anchor. An answer before it does not
	// count as change.
	AnalysisFrom int `json:"analysis_from" minimum:"0" maximum:"5000" example:"240"`
	// The last day of the analysis window, in days after the anchor. An answer after it does not
	// count as change.
	AnalysisTo int `json:"analysis_to" minimum:"0" maximum:"5000" example:"400"`
	// What a follow-up asks besides Waypost's own questions: keys of instruments; ons4 when left out.
	// A person's own link asks those that have wording.
	Instruments db.Texts `json:"instruments" required:"false" maxItems:"10" example:"[\"ons4\"]"`
}

// ExampleNotice is the privacy notice of a demo's sites, whose people are synthetic.
const ExampleNotice = "https://www.example.org/privacy"

// New is the command to add a site.
type New = Details

// Changes is a merge patch.
type Changes = patch.Merge[Details]

// M9To12 is the schedule a site has unless it sets its own: asked between 9 and 12 months after the baseline,
// best half way; analysed from day 240 to day 400.
var M9To12 = Schedule{
	Code:         "m9_12",
	Anchor:       "baseline",
	OpensAfter:   "P9M",
	TargetAfter:  "P10M15D",
	ClosesAfter:  "P12M",
	AnalysisFrom: 240,
	AnalysisTo:   400,
	Instruments:  db.Texts{"ons4"},
}

// Add adds a site.
func (s *Store) Add(ctx context.Context, n New) (site Site, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		site = Site{ID: tx.NewID(), Details: n, Version: 1, CreatedAt: tx.Now, UpdatedAt: tx.Now}
		if err := site.validate(Details{}); err != nil {
			return err
		}
		if err := tx.Create(&site).Error; err != nil {
			return err
		}
		if err := site.writeSchedules(tx); err != nil {
			return err
		}
		return events.Record(tx, events.SiteAdded, site.subject(), nil)
	})
	return site, err
}

// validate checks the details, normalises those that differ from what they were, and fills in what was left out.
func (site *Site) validate(was Details) error {
	if site.TimeZone == "" {
		site.TimeZone = db.DefaultZone
	}
	if site.ChaseDays == nil {
		site.ChaseDays = db.Ints{5, 10}
	}
	if site.ExpiryDays == 0 {
		site.ExpiryDays = 14
	}
	if site.DisclosureThreshold == 0 {
		site.DisclosureThreshold = 8
	}
	if site.AttemptsWanted == 0 {
		site.AttemptsWanted = 3
	}
	if site.ContactDays == 0 {
		site.ContactDays = 28
	}
	if site.ReminderDays == nil {
		site.ReminderDays = db.Ints{14}
	}
	if site.Schedules == nil {
		site.Schedules = []Schedule{M9To12}
	}
	normal.PhoneIfNew(&site.Phone, was.Phone)
	var c fault.Checks
	normal.Require(&c, "privacy_notice_url", &site.PrivacyNoticeURL, was.PrivacyNoticeURL, normal.URL, normal.NotAURL)
	normal.Require(&c, "ods_code", &site.ODSCode, was.ODSCode, normal.ODSCode, normal.NotAnODSCode)
	_, err := time.LoadLocation(site.TimeZone)
	c.Require(
		err == nil && site.TimeZone != "Local",
		"time_zone",
		fault.WrongFormat,
		"is no time zone of the IANA database",
	)
	c.Require(
		!slices.ContainsFunc(site.ChaseDays, func(d int) bool { return d < 1 || d >= site.ExpiryDays }),
		"chase_days",
		fault.OutOfRange,
		"must lie between 1 and the day before expiry_days",
	)
	c.Require(
		was.PrivacyNoticeURL == nil || site.PrivacyNoticeURL != nil,
		"privacy_notice_url",
		fault.NotAllowed,
		"can be changed but not taken away: links to people's own pages lead to it",
	)
	c.Require(ascending(site.ChaseDays), "chase_days", fault.Duplicate, "each stand once, the earliest first")
	c.Require(
		!slices.ContainsFunc(site.ReminderDays, func(d int) bool { return d < 1 || d > 365 }) &&
			slices.IsSorted(site.ReminderDays),
		"reminder_days",
		fault.OutOfRange,
		"must lie between 1 and 365, the earliest first",
	)
	for i := range site.Schedules {
		if site.Schedules[i].Instruments == nil {
			site.Schedules[i].Instruments = db.Texts{"ons4"}
		}
	}
	for i, schedule := range site.Schedules {
		at := fmt.Sprintf("schedules[%d]", i)
		same := func(s Schedule) bool { return s.Code == schedule.Code }
		c.Require(
			!slices.ContainsFunc(site.Schedules[:i], same),
			at+".code",
			fault.Duplicate,
			"is the name of another schedule of the site",
		)
		schedule.check(&c, at)
	}
	return c.Err()
}

func ascending(days []int) bool {
	return slices.IsSorted(days) && len(slices.Compact(slices.Clone(days))) == len(days)
}

func (s Schedule) check(c *fault.Checks, at string) {
	c.Require(
		!slices.Contains([]string{"baseline", "review", "closure"}, s.Code),
		at+".code",
		fault.Duplicate,
		"is the name of another timepoint",
	)
	var after [3]day.Period
	for i, text := range []string{s.OpensAfter, s.TargetAfter, s.ClosesAfter} {
		p, err := day.ParsePeriod(text)
		c.Require(err == nil, at, fault.WrongFormat, "has an offset that is no period such as P9M or P10M15D")
		after[i] = p
	}
	c.Require(
		inOrder(after),
		at,
		fault.OutOfRange,
		"must open before its target, and close after it, whatever day it counts from: months differ in length",
	)
	c.Require(s.AnalysisTo >= s.AnalysisFrom, at, fault.OutOfRange, "must have analysis_to after analysis_from")
	keys := slices.Sorted(slices.Values(s.Instruments))
	c.Require(
		len(slices.Compact(keys)) == len(s.Instruments),
		at+".instruments",
		fault.Duplicate,
		"names an instrument twice",
	)
}

// inOrder reports whether the days come in that order after every day of four years: P31D is past P1M after
// some days alone.
func inOrder(after [3]day.Period) bool {
	for from, n := day.New(2001, 1, 1), 0; n < 4*365+1; from, n = from.AddDays(1), n+1 {
		if from.Add(after[1]).Before(from.Add(after[0])) || from.Add(after[2]).Before(from.Add(after[1])) {
			return false
		}
	}
	return true
}

// writeSchedules replaces the site's schedules. Follow-ups that were planned keep the windows they have.
func (site *Site) writeSchedules(tx *db.Tx) error {
	if err := tx.Where("site_id = ?", site.ID).Delete(&Schedule{}).Error; err != nil {
		return err
	}
	for i := range site.Schedules {
		site.Schedules[i].SiteID = site.ID
		if err := tx.Create(&site.Schedules[i]).Error; err != nil {
			return err
		}
	}
	return nil
}

func (site *Site) readSchedules(tx *db.Tx) error {
	return tx.Where("site_id = ?", site.ID).Order("analysis_from, code").Find(&site.Schedules).Error
}

func (site *Site) subject() events.Subject {
	return events.Subject{ID: site.ID, SiteID: site.ID}
}

// Get returns a site that the actor may see.
func (s *Store) Get(ctx context.Context, id uuid.UUID) (site Site, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if site, err = db.First[Site](tx.Where("id = ?", id), "site"); err != nil {
			return err
		}
		return site.readSchedules(tx)
	})
	return site, err
}

// List returns the sites that the actor may see by id, after the id given.
func (s *Store) List(ctx context.Context, page db.Page[uuid.UUID]) (list []Site, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if err := tx.Where("id > ?", page.After).Order("id").Scopes(page.Cut).Find(&list).Error; err != nil {
			return err
		}
		for i := range list {
			if err := list[i].readSchedules(tx); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// Change applies a merge patch to the version the caller read.
func (s *Store) Change(ctx context.Context, id uuid.UUID, version int, c Changes) (site Site, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if site, err = db.First[Site](
			tx.Where("id = ?", id).Clauses(clause.Locking{Strength: "UPDATE"}),
			"site",
		); err != nil {
			return err
		}
		if err := db.Match(version, site.Version); err != nil {
			return err
		}
		if err := site.readSchedules(tx); err != nil {
			return err
		}
		was := site.Details
		if site.Details, err = c.Apply(was); err != nil {
			return err
		}
		if err := site.validate(was); err != nil {
			return err
		}
		site.Version, site.UpdatedAt = site.Version+1, tx.Now
		if err := tx.Select("*").Updates(&site).Error; err != nil {
			return err
		}
		if err := site.writeSchedules(tx); err != nil {
			return err
		}
		return events.Record(tx, events.SiteChanged, site.subject(), nil)
	})
	return site, err
}
