// Package people holds patients and what they agreed to.
package people

import (
	"context"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/normal"
	"waypost/internal/platform/patch"
	"waypost/internal/platform/voids"
)

// Store records patients and consents.
type Store struct {
	DB          *db.DB
	TestNumbers bool // NHS numbers that are kept for tests and documents are taken

	lookups lookups // OpenLookups
}

// Patient is a person supported by a link worker, as one site knows them.
type Patient struct {
	// The patient's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// The site whose record this is.
	SiteID uuid.UUID `json:"site_id" format:"uuid"`
	Details
	// The phone as people of this country write it, a foreign one with its country code; null where
	// phone is kept as it was written.
	PhoneNational *string `json:"phone_national" gorm:"-" example:"07700 900123"`

	NHSNumberUnissued bool `json:"-"` // outside the ranges that are known to be issued: nobody is found by it
	normal.AsWritten

	// Other records of the same person that were merged into this one. Reading one of them answers this
	// one.
	MergedIDs db.IDs `json:"merged_ids" format:"uuid"`

	MergedIntoID *uuid.UUID `json:"-"` // the record that is kept; of one that was merged away, which is never changed
	MergeUndone  bool       `json:"-"` // a merge with this one was undone
	askedFor     uuid.UUID  // the id that was asked for

	// The person should never have been recorded, and counts in nothing; null: they stand.
	EnteredInError *voids.InError `json:"entered_in_error" gorm:"-" format:"or-null"`
	VoidID         *uuid.UUID     `json:"-"`

	// How the record came in.
	RecordedVia string `json:"recorded_via" enum:"api,link,import,demo"`
	// Rises with each change; also the ETag.
	Version int `json:"version" example:"1"`
	// When it was recorded.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`

	// What of it is kept as it was written, since it could not be checked: nhs_number_not_issued,
	// phone_as_written, email_as_written, language_as_written. People see it; nobody is found by it,
	// and nothing is sent to it.
	Warnings []fault.Warning `json:"warnings,omitempty" gorm:"-"`
}

// Revision is another after each change.
func (p Patient) Revision() int64 { return int64(p.Version) }

// FoundAt is the path of the record that is kept, where one was asked for that was merged into it.
func (p Patient) FoundAt() string {
	if p.askedFor == p.ID || p.askedFor == uuid.Nil {
		return ""
	}
	return "/patients/" + p.ID.String()
}

// Details is what is known of a patient; all of it may be changed later.
type Details struct {
	// NHS number: ten digits, of which the last is checked; spaces and hyphens of any kind are
	// dropped. Once per site. A placeholder such as ten equal digits is refused; so is a number for
	// tests, but on a server for trials. One outside the ranges that are known to be issued is kept
	// with a warning, and nobody is found by it.
	NHSNumber *string `json:"nhs_number" required:"false" format:"nhs-number" maxLength:"50" example:"9991000003"`
	// First name; it or family_name is needed, since some people have one name.
	GivenName *string `json:"given_name" required:"false" maxLength:"100" example:"Mary"`
	// Family name; it or given_name is needed.
	FamilyName *string `json:"family_name" required:"false" maxLength:"100" example:"Example"`
	// What the person likes to be called.
	PreferredName *string `json:"preferred_name" required:"false" maxLength:"100"`
	// The person's pronouns.
	Pronouns *string `json:"pronouns" required:"false" maxLength:"50" example:"she/her"`
	// Date of birth, not in the future: the day, or the month (1961-05) or the year (1961) where no more is
	// known. It or birth_date_unknown is needed. Where an instrument has a minimum age, the last day that it
	// may be counts; figures and datasets take the middle (1 July; the 16th).
	BirthDate *day.Partial `json:"birth_date" required:"false" format:"partial-date" example:"1950-04-01"`
	// True: nothing is known of the date of birth, and birth_date is null. A change that gives a birth_date
	// need not say that this is false.
	BirthDateUnknown bool `json:"birth_date_unknown" required:"false" gorm:"-"`
	// Gender as the person states it; not_known when left out.
	Gender string `json:"gender" required:"false" format:"code:genders"`
	// Ethnic category; 99 (not known) when left out.
	EthnicCategory string `json:"ethnic_category" required:"false" format:"code:ethnic_categories"`
	// Whether the person is an unpaid carer; not_known when left out.
	Carer string `json:"carer" required:"false" format:"code:carers"`
	// Postcode of the home, in capitals with one space; a pseudo-postcode such as ZZ99 3VZ (no fixed
	// abode) is one too.
	Postcode *string `json:"postcode" required:"false" maxLength:"20" example:"ZZ99 3WZ"`
	// Lower layer super output area of the home.
	LSOA *string `json:"lsoa" required:"false" maxLength:"20"`
	// Decile of the index of multiple deprivation; goes with imd_version.
	IMDDecile *int `json:"imd_decile" required:"false" minimum:"1" maximum:"10" example:"3"`
	// The index's edition; the two are not comparable.
	IMDVersion *string `json:"imd_version" required:"false" enum:"2019,2025" example:"2025"`
	// ODS code of the general practice: three to ten capitals and digits; small letters become
	// capitals.
	GPPracticeCode *string `json:"gp_practice_code" required:"false" maxLength:"20" example:"Y00001"`
	// Telephone number, in E.164. What cannot be a number to dial, such as one with an extension or a
	// Relay UK prefix, is kept as it was written, with a warning.
	Phone *string `json:"phone" required:"false" maxLength:"50" example:"+447700900123"`
	// Email address, without a name before it. What cannot be one to send to is kept as it was
	// written, with a warning.
	Email *string `json:"email" required:"false" maxLength:"254" example:"mary@example.org"`
	// How the person prefers to be reached.
	ContactPreference string `json:"contact_preference" required:"false" format:"code:contact_preferences"`
	// Preferred language, as a BCP 47 tag; a name of a language, such as Polish, becomes its tag. A
	// language that has none here, such as Makaton, is kept as it was written, with a warning.
	Language *string `json:"language" required:"false" maxLength:"60" example:"en"`
	// Reasonable adjustments and other access needs.
	AccessNeeds *string `json:"access_needs" required:"false" format:"prose" maxLength:"2000"`
	// Whether the national data opt-out stands; null: not checked.
	NationalDataOptOut *bool `json:"national_data_opt_out" required:"false"`
	// When that was checked.
	NationalDataOptOutCheckedOn *day.Date `json:"national_data_opt_out_checked_on" required:"false" format:"date"`
	// Date of death, where the person has died.
	DiedOn *day.Date `json:"died_on" required:"false" format:"date"`
	// What other systems call this person.
	ExternalIDs db.ExternalIDs `json:"external_ids" required:"false" maxItems:"20"`
}

// New is the command to record a patient.
type New struct {
	// The site; may be left out where the credential reaches one only.
	SiteID *uuid.UUID `json:"site_id,omitempty" nullable:"true" format:"uuid"`
	Details
}

// OnDuplicate says what to do where the site knows somebody who may be the same person.
type OnDuplicate struct {
	// What to do where the site knows somebody who may be the same person: warn, as when it is left out, records, and names them in
	// possible_duplicates; refuse is 409, with possible_duplicates in the problem.
	OnPossibleDuplicate string `json:"on_possible_duplicate,omitempty" enum:"warn,refuse"`
}

// Recording is the command to record a patient who may be known.
type Recording struct {
	New
	OnDuplicate
}

// RecordedPatient is a patient who was recorded, and who may be the same person.
type RecordedPatient struct {
	Patient
	// People whom the site knows and who may be the same person, the most alike first, at most ten. After a
	// change that does not say who the person is, nobody is looked for. Two NHS numbers are two people, and
	// so are two given names with one date of birth and address.
	PossibleDuplicates []fault.PossibleDuplicate `json:"possible_duplicates" gorm:"-"`
}

// Changes is a merge patch of a patient's details.
type Changes = patch.Merge[Details]

// Record adds a patient. Faults: invalid (NHS number, dates), conflict (the NHS number is recorded at the
// site already, or somebody may be the same person and that is to be refused).
func (s *Store) Record(ctx context.Context, n Recording, via string) (r RecordedPatient, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		site, err := tx.Site(n.SiteID)
		if err != nil {
			return err
		}
		p := &r.Patient
		*p = Patient{
			ID:          tx.NewID(),
			SiteID:      site,
			Details:     n.Details,
			RecordedVia: via,
			Version:     1,
			CreatedAt:   tx.Now,
			UpdatedAt:   tx.Now,
		}
		if err := s.validate(tx, p, Details{}); err != nil {
			return err
		}
		list, err := s.checkDuplicates(tx, *p, n.OnPossibleDuplicate == "refuse")
		if err != nil {
			return err
		}
		if err := tx.Create(p).Error; err != nil {
			return err
		}
		if err := s.keepLookups(tx, *p); err != nil {
			return err
		}
		if len(list) > 0 {
			if err := keepPairs(tx, *p, list, false); err != nil {
				return err
			}
		}
		if err := r.nameDuplicates(tx, list); err != nil {
			return err
		}
		return events.Record(tx, events.PatientRecorded, p.subject(), nil)
	})
	return r, err
}

// Find returns a patient whose record may be written to. Fault: conflict (it was merged into another one).
func Find(tx *db.Tx, id uuid.UUID) (Patient, error) {
	p, err := db.Find[Patient](tx, "patient", id)
	if err == nil {
		err = p.notMerged(tx)
	}
	return p, err
}

// LockForChange returns a patient whose record may be written to, and locks it. Faults: those of Find.
func LockForChange(tx *db.Tx, id uuid.UUID) (Patient, error) {
	p, err := db.FindForUpdate[Patient](tx, "patient", id)
	if err == nil {
		err = p.notMerged(tx)
	}
	return p, err
}

// notMerged is the fault of writing to a record that was merged into another one, or entered in error.
func (p *Patient) notMerged(tx *db.Tx) error {
	switch {
	case p.VoidID != nil:
		return fault.New(
			fault.Conflict,
			"This patient is entered in error: nothing can be done with the record until that is taken back.",
		)
	case p.MergedIntoID == nil:
		return nil
	}
	into, err := kept(tx, p.ID)
	if err != nil {
		return err
	}
	return fault.MergedAway(into.ID)
}

// kept returns the record that is kept of a person: the one with the id, or the one that it was merged into.
func kept(tx *db.Tx, id uuid.UUID) (p Patient, err error) {
	for next := &id; next != nil; next = p.MergedIntoID {
		if p, err = db.Find[Patient](tx, "patient", *next); err != nil {
			return p, err
		}
	}
	p.askedFor = id
	return p, nil
}

// Get returns a patient; of a record that was merged into another one, that one.
func (s *Store) Get(ctx context.Context, id uuid.UUID) (p Patient, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if p, err = kept(tx, id); err != nil {
			return err
		}
		if err := p.showInError(tx); err != nil {
			return err
		}
		return events.Read(tx, "patient", p.SiteID, p.ID)
	})
	return p, err
}

// Change applies a merge patch to the version the caller read. Where it changes who the person is, possible duplicates are
// looked for. Faults: stale, and those of Record.
func (s *Store) Change(ctx context.Context, id uuid.UUID, version int, c Changes) (r RecordedPatient, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		r = RecordedPatient{PossibleDuplicates: []fault.PossibleDuplicate{}}
		p := &r.Patient
		if *p, err = LockForChange(tx, id); err != nil {
			return err
		}
		if err := db.Match(version, p.Version); err != nil {
			return err
		}
		was := p.Details
		if p.Details, err = c.Apply(was); err != nil {
			return err
		}
		p.applyBirthChange(c)
		if err := s.validate(tx, p, was); err != nil {
			return err
		}
		if normal.Changed(p.NHSNumber, was.NHSNumber) {
			if err := refuseWhileMergeWaits(tx, *p); err != nil {
				return err
			}
		}
		list := []fault.PossibleDuplicate{}
		if p.differs(was) || c.Has("external_ids") {
			if list, err = s.checkDuplicates(tx, *p, false); err != nil {
				return err
			}
		}
		p.Version, p.UpdatedAt = p.Version+1, tx.Now
		if err := db.Save(tx, p.SiteID, p.ID, p); err != nil {
			return err
		}
		if err := s.keepLookups(tx, *p); err != nil {
			return err
		}
		if p.differs(was) {
			if err := keepPairs(tx, *p, list, false); err != nil {
				return err
			}
		}
		if err := r.nameDuplicates(tx, list); err != nil {
			return err
		}
		return events.Record(tx, events.PatientChanged, p.subject(), nil)
	})
	return r, err
}

// validate checks the details, normalises those that differ from what they were, and fills in what was left out.
func (s *Store) validate(tx *db.Tx, p *Patient, was Details) error {
	today, err := tx.Today(p.SiteID)
	if err != nil {
		return err
	}
	p.Gender, p.EthnicCategory = orElse(p.Gender, "not_known"), orElse(p.EthnicCategory, "99")
	p.Carer, p.ContactPreference = orElse(p.Carer, "not_known"), orElse(p.ContactPreference, "not_known")
	var c fault.Checks
	c.Require(p.GivenName != nil || p.FamilyName != nil, "given_name", fault.Required, "or family_name is needed")
	for field, names := range map[string][2]*string{
		"given_name": {p.GivenName, was.GivenName}, "family_name": {p.FamilyName, was.FamilyName},
	} {
		c.Require(!normal.Changed(names[0], names[1]) || names[0] == nil || strings.ContainsFunc(*names[0], isOfAName), field,
			fault.WrongFormat, "holds no letter: nobody would be found by it")
	}
	s.validateNumber(&c, p, was)
	p.normalise(&c, was)
	p.validateBirth(&c, today)
	c.Require(
		p.DiedOn == nil || !p.DiedOn.After(today) && !p.BornAfter(*p.DiedOn),
		"died_on",
		fault.OutOfRange,
		"must lie between birth and today",
	)
	c.Require(
		p.NationalDataOptOutCheckedOn == nil || !p.NationalDataOptOutCheckedOn.After(today),
		"national_data_opt_out_checked_on",
		fault.OutOfRange,
		"must not lie in the future",
	)
	c.Require(
		(p.IMDDecile == nil) == (p.IMDVersion == nil),
		"imd_version",
		fault.NotAllowed,
		"goes with imd_decile: both or neither",
	)
	p.show()
	return c.Err()
}

// applyBirthChange lets what a change says of the date of birth win over what was known, where it names one of the two fields.
func (d *Details) applyBirthChange(c Changes) {
	switch date, unknown := c.Has("birth_date"), c.Has("birth_date_unknown"); {
	case date && !unknown:
		d.BirthDateUnknown = false
	case unknown && !date && d.BirthDateUnknown:
		d.BirthDate = nil
	}
}

// validateBirth checks the date of birth.
func (p *Patient) validateBirth(c *fault.Checks, today day.Date) {
	known := p.BirthDate != nil
	c.Require(known || p.BirthDateUnknown, "birth_date", fault.Required, "or birth_date_unknown is needed")
	c.Require(!known || !p.BirthDateUnknown, "birth_date_unknown", fault.NotAllowed,
		"goes without birth_date: exactly one of the two")
	c.Require(!p.BornAfter(today), "birth_date", fault.OutOfRange, "must not lie in the future")
	c.Require(!known || today.Before(p.BirthDate.Latest().AddDays(130*366)), "birth_date", fault.OutOfRange,
		"lies more than 130 years back")
}

// BornAfter reports whether the person was born after a day for certain.
func (p *Patient) BornAfter(d day.Date) bool {
	return p.BirthDate != nil && p.BirthDate.Earliest().After(d)
}

func isOfAName(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func (p *Patient) subject() events.Subject {
	return events.Subject{ID: p.ID, SiteID: p.SiteID, PatientID: p.ID}
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// Timeline lists what happened to and for a patient, oldest first, also what was recorded of the records that were merged
// into this one.
func (s *Store) Timeline(
	ctx context.Context,
	id uuid.UUID,
	page db.Page[events.Position],
) (list []events.Event, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		p, err := kept(tx, id)
		if err != nil {
			return err
		}
		of := events.Person{SiteID: p.SiteID, IDs: append(db.IDs{p.ID}, p.MergedIDs...), MergeUndone: p.MergeUndone}
		if list, err = events.OfPatient(tx, of, page); err != nil {
			return err
		}
		return events.Read(tx, "patient_timeline", p.SiteID, p.ID)
	})
	return list, err
}
