package people

import (
	"context"
	"strings"
	"unicode"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// Search says who is looked for: exactly one of the four ways.
type Search struct {
	// The whole NHS number. Nobody is found by one outside the ranges that are known to be issued.
	NHSNumber *string `json:"nhs_number,omitempty" format:"nhs-number" maxLength:"50" example:"9991000003"`
	// The whole family name, with birth_date.
	FamilyName *string `json:"family_name,omitempty" minLength:"1" maxLength:"100" dependentRequired:"birth_date"`
	// Date of birth, with family_name.
	BirthDate *day.Date `json:"birth_date,omitempty" format:"date" dependentRequired:"family_name"`
	// What another system calls the person.
	ExternalID *db.ExternalID `json:"external_id,omitempty"`
	// The beginning of a given, preferred or family name.
	Q *string `json:"q,omitempty" minLength:"2" maxLength:"100"`
}

// Find returns the patients of the actor's sites who match, by id, after the id given (zero: from the start).
func (s *Store) Find(ctx context.Context, by Search, page db.Page[uuid.UUID]) (list []Patient, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		q, err := s.where(tx, by)
		if err != nil {
			return err
		}
		if err := q.Where("id > ?", page.After).Order("id").Scopes(page.Cut).Find(&list).Error; err != nil {
			return err
		}
		return events.ReadAll(
			tx,
			"patient_search",
			list,
			func(p Patient) (site, patient uuid.UUID) { return p.SiteID, p.ID },
		)
	})
	return list, err
}

func (s *Store) where(tx *db.Tx, by Search) (*gorm.DB, error) {
	if ways := by.ways(); ways != 1 {
		return nil, fault.New(
			fault.Invalid,
			"Search in exactly one way: nhs_number, family_name with birth_date, external_id, or q.",
		)
	}
	switch {
	case by.NHSNumber != nil:
		number, _, refusal := s.readNumber(*by.NHSNumber)
		if refusal != "" {
			return nil, fault.InvalidAt("nhs_number", fault.WrongFormat, refusal)
		}
		return tx.Where("nhs_number = ? and not nhs_number_unissued", number), nil
	case by.ExternalID != nil:
		return tx.Where(
			"(site_id, id) in (select site_id, subject_id from external_ids where system = ? and value = ? and "+
				"subject_type = 'patients')",
			by.ExternalID.System,
			by.ExternalID.Value,
		), nil
	case by.Q != nil && len(strings.TrimSpace(*by.Q)) < 2:
		return nil, fault.InvalidAt("q", fault.TooShort, "takes at least two letters")
	case by.Q != nil:
		from := strings.ToLower(strings.TrimSpace(*by.Q))
		between := map[string]any{"from": from, "to": from + string(unicode.MaxRune)}
		return tx.Where(`(family_key ~>=~ @from and family_key ~<~ @to) or (given_key ~>=~ @from and given_key ~<~ @to)
			or (preferred_key ~>=~ @from and preferred_key ~<~ @to)`, between), nil
	default:
		return tx.Where(
			"family_key = lower(?) and birth_date = ?",
			strings.TrimSpace(*by.FamilyName),
			*by.BirthDate,
		), nil
	}
}

func (by Search) ways() (n int) {
	for _, used := range []bool{by.NHSNumber != nil, by.FamilyName != nil && by.BirthDate != nil, by.ExternalID != nil, by.Q != nil} {
		if used {
			n++
		}
	}
	return n
}
