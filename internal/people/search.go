package people

import (
	"cmp"
	"context"
	"embed"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/sqlfile"
)

//go:embed *.sql
var folder embed.FS

var apart = sqlfile.Load(folder).SQL("apart.sql")

// Search says who is looked for: exactly one of the four ways.
type Search struct {
	// The whole NHS number. Nobody is found by one outside the ranges that are known to be issued.
	NHSNumber *string `json:"nhs_number,omitempty" format:"nhs-number" maxLength:"50" example:"9991000003"`
	// The whole family name, with birth_date.
	FamilyName *string `json:"family_name,omitempty" minLength:"1" maxLength:"100" dependentRequired:"birth_date"`
	// Date of birth, or its month or year, with family_name. People of whom more is known are found too, and
	// those of whom less is known are not.
	BirthDate *day.Partial `json:"birth_date,omitempty" format:"partial-date" dependentRequired:"family_name"`
	// What another system calls the person.
	ExternalID *db.ExternalID `json:"external_id,omitempty"`
	// What a person would type: names or their beginnings in any order, with one slip of the keys in each; a date of
	// birth (17/5/1961, 17 May 1961, 1961-05-17), or its month or year; an NHS number, phone, e-mail address,
	// postcode, or the reference of another system. Several of these narrow it down. At least two letters, or
	// one of Chinese, Japanese or Korean.
	Q *string `json:"q,omitempty" minLength:"1" maxLength:"200"`
}

// FoundPatient is a patient whom a search found, with what tells people apart.
type FoundPatient struct {
	Patient
	// How well the person fits what was asked for.
	Match Match `json:"match" gorm:"-"`
	// The last day on which somebody met or spoke to the person, or tried to; null: nobody has.
	LastContactOn *day.Date `json:"last_contact_on" format:"date"`
	// Who supports the person in the episode that is open, or did in the last one; null: there is none.
	LinkWorkerName *string `json:"link_worker_name" example:"Sam Helper"`
	// The newest episode that is not closed; null: there is none.
	OpenEpisodeID *uuid.UUID `json:"open_episode_id" nullable:"true" format:"uuid"`
}

// TableName is where patients are.
func (FoundPatient) TableName() string { return "patients" }

// Match is how well a person fits what was asked for.
type Match struct {
	// How well, from 0 to 1: 1 is all of it, as it was typed.
	Score float64 `json:"score" minimum:"0" maximum:"1" example:"0.95"`
	// What of the person fits, by the codes of the list match_reasons.
	Reasons []string `json:"reasons" format:"code:match_reasons"`
}

// Place is where somebody stands in the order of a search: those who fit best come first.
type Place struct {
	Score float64   `json:"score"`
	ID    uuid.UUID `json:"id"`
}

// Place is where the person stands.
func (f FoundPatient) Place() Place { return Place{f.Match.Score, f.ID} }

func (p Place) before(o Place) bool {
	return p.Score > o.Score || p.Score == o.Score && strings.Compare(p.ID.String(), o.ID.String()) < 0
}

// mostFound is how many people of a site a search by q weighs for each way of fitting. More than these are told apart by
// nothing that was typed.
const mostFound = 200

// Find returns the patients of the actor's sites who match, those first who fit best, and whether others fit who were not
// weighed.
func (s *Store) Find(ctx context.Context, by Search, page db.Page[Place]) (list []FoundPatient, more bool, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if list, more, err = s.find(tx, by); err != nil {
			return err
		}
		if list, err = keptOf(tx, list); err != nil {
			return err
		}
		slices.SortFunc(list, func(a, b FoundPatient) int {
			return cmp.Or(cmp.Compare(b.Match.Score, a.Match.Score), strings.Compare(a.ID.String(), b.ID.String()))
		})
		if page.After.ID != uuid.Nil {
			list = slices.DeleteFunc(list, func(f FoundPatient) bool { return !page.After.before(f.Place()) })
		}
		list = list[:min(len(list), page.Limit)]
		if err := describe(tx, list); err != nil {
			return err
		}
		return events.ReadAll(tx, "patient_search", list, func(f FoundPatient) (site, patient uuid.UUID) { return f.SiteID, f.ID })
	})
	return list, more, err
}

func (s *Store) find(tx *db.Tx, by Search) (list []FoundPatient, more bool, err error) {
	if by.ways() != 1 {
		return nil, false, fault.New(
			fault.Invalid,
			"Search in exactly one way: nhs_number, family_name with birth_date, external_id, or q.",
		)
	}
	switch {
	case by.NHSNumber != nil:
		number, _, refusal := s.readNumber(*by.NHSNumber)
		if refusal != "" {
			return nil, false, fault.InvalidAt("nhs_number", fault.WrongFormat, refusal)
		}
		return s.candidates(tx, asked{others: []string{byNHSNumber + number}}, leastScore)
	case by.ExternalID != nil:
		list, err = withExternalID(tx, *by.ExternalID)
		return list, false, err
	case by.Q != nil && !enough(*by.Q):
		return nil, false, fault.InvalidAt("q", fault.TooShort, "takes at least two letters, or a word of Chinese, Japanese or Korean")
	case by.Q != nil:
		return s.candidates(tx, readTyped(*by.Q, tx.Now), leastScore)
	default:
		list, more, err = s.candidates(tx, asked{names: *by.FamilyName, others: []string{born(*by.BirthDate)}}, leastScore)
		if err != nil {
			return nil, false, err
		}
		list, err = ofFamily(tx, list, *by.FamilyName)
		return list, more, err
	}
}

// enough reports whether there is enough to search for: two letters, or one that may be a whole name.
func enough(q string) bool {
	letters := []rune(strings.TrimSpace(q))
	return len(letters) > 1 || len(letters) == 1 && unicode.In(letters[0], unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

func (by Search) ways() (n int) {
	for _, used := range []bool{
		by.NHSNumber != nil, by.FamilyName != nil && by.BirthDate != nil, by.ExternalID != nil, by.Q != nil,
	} {
		if used {
			n++
		}
	}
	return n
}

// weighed are people who may be meant.
type weighed struct {
	ids   db.IDs
	names map[uuid.UUID][]string // folded
	more  bool                   // others fit as well, and were not looked at
}

// candidates returns people who may be meant, with how well each fits: those whose score is at least as given.
func (s *Store) candidates(tx *db.Tx, a asked, atLeast float64) (list []FoundPatient, more bool, err error) {
	words, err := fold(tx, a.names)
	if err != nil {
		return nil, false, err
	}
	w, err := s.weigh(tx, words, a.others)
	if err != nil || len(w.ids) == 0 {
		return nil, false, err
	}
	if err := tx.Where("id = any(?)", w.ids).Find(&list).Error; err != nil {
		return nil, false, err
	}
	for i := range list {
		list[i].Match = a.fit(words, w.names[list[i].ID], list[i].Patient)
	}
	return slices.DeleteFunc(list, func(f FoundPatient) bool { return f.Match.Score < atLeast }), w.more, nil
}

// weigh finds people who may be meant: by words and dates, and by each of the other things exactly.
func (s *Store) weigh(tx *db.Tx, words [][]string, others []string) (w weighed, err error) {
	dates, exact := db.Texts{}, db.IDs{}
	for _, o := range others {
		if kind := o[:1]; recorded[kind] == "" {
			dates = append(dates, o)
			continue
		}
		ids, err := s.lookUp(tx, o[:1], o[1:], mostFound)
		if err != nil {
			return w, err
		}
		exact, w.more = append(exact, ids...), w.more || len(ids) >= mostFound
	}
	var rows []struct {
		SiteID    uuid.UUID
		PatientID uuid.UUID
		Names     db.Texts
		Way       int // 0: exactly
	}
	if len(words) > 0 || len(dates) > 0 {
		err := tx.Raw("select * from find_people(?, ?, ?)", db.JSON[[][]string]{V: words}, dates, mostFound).Scan(&rows).Error
		if err != nil {
			return w, err
		}
	}
	if len(exact) > 0 {
		exactly := rows[:0:0]
		err := tx.Raw("select site_id, patient_id, names, 0 as way from person_names "+
			"where site_id = any(cast(? as uuid[])) and patient_id = any(?)", db.IDs(tx.Actor.Sites), exact).
			Scan(&exactly).Error
		if err != nil {
			return w, err
		}
		rows = append(exactly, rows...)
	}
	w.names = make(map[uuid.UUID][]string, len(rows))
	strictest, n := math.MaxInt, map[uuid.UUID]int{}
	for _, r := range rows {
		if _, known := w.names[r.PatientID]; !known {
			w.ids = append(w.ids, r.PatientID)
		}
		w.names[r.PatientID] = r.Names
		strictest = min(strictest, r.Way)
	}
	for _, r := range rows {
		if r.Way == strictest && r.Way > 0 {
			n[r.SiteID]++
			w.more = w.more || n[r.SiteID] >= mostFound
		}
	}
	return w, nil
}

// keptOf puts the records that are kept in the place of those that were merged into them: each person once, as what fits
// best. Who is found by another record alone has the reason former_record.
func keptOf(tx *db.Tx, list []FoundPatient) ([]FoundPatient, error) {
	best := map[uuid.UUID]Match{} // by the id of the record that was merged away, then of the one that is kept
	for _, f := range list {
		if f.MergedIntoID != nil {
			best[f.ID] = Match{f.Match.Score, append(slices.Clone(f.Match.Reasons), formerRecord)}
		}
	}
	if len(best) == 0 {
		return list, nil
	}
	list = slices.DeleteFunc(list, func(f FoundPatient) bool { return f.MergedIntoID != nil })
	var kept []struct {
		FoundPatient
		AwayID uuid.UUID
	}
	err := tx.Raw("select p.*, a.id as away_id from unnest(?::uuid[]) a (id) join patients p on p.id = kept_patient(a.id) order by a.id",
		db.IDs(slices.Collect(maps.Keys(best)))).Scan(&kept).Error
	for _, k := range kept {
		at := slices.IndexFunc(list, func(f FoundPatient) bool { return f.ID == k.ID })
		switch m := best[k.AwayID]; {
		case at < 0:
			k.Match = m
			list = append(list, k.FoundPatient)
		case list[at].Match.Score < m.Score:
			list[at].Match = m
		}
	}
	return list, err
}

// withExternalID is the person whom another system calls so: one a site, by the index of external ids.
func withExternalID(tx *db.Tx, id db.ExternalID) (list []FoundPatient, err error) {
	err = tx.Where("(site_id, id) in (select site_id, subject_id from external_ids where system = ? and value = ? "+
		"and subject_type = 'patients')", id.System, id.Value).Find(&list).Error
	for i := range list {
		list[i].Match = Match{Score: 1, Reasons: []string{idFits}}
	}
	return list, err
}

// ofFamily keeps those who fit completely and have this family name.
func ofFamily(tx *db.Tx, list []FoundPatient, family string) ([]FoundPatient, error) {
	var ids db.IDs
	err := tx.Raw("select coalesce(array_agg(id), '{}') from patients where id = any(?) and fold_name(family_name) = "+
		"fold_name(?)", idsOf(list), family).Row().Scan(&ids)
	return slices.DeleteFunc(list, func(f FoundPatient) bool {
		return f.Match.Score < 1 || !slices.Contains(ids, f.ID)
	}), err
}

func idsOf(list []FoundPatient) db.IDs {
	ids := make(db.IDs, len(list))
	for i, f := range list {
		ids[i] = f.ID
	}
	return ids
}

// fold returns the words of names as they are compared, each with its neighbours (withNeighbours).
func fold(tx *db.Tx, names string) ([][]string, error) {
	if names == "" {
		return [][]string{}, nil
	}
	var words db.Texts
	err := tx.Raw("select array_remove(string_to_array(fold_name(?), ' '), '')", names).Row().Scan(&words)
	return withNeighbours(words[:min(len(words), mostWords)]), err
}

// describe adds what tells people apart.
func describe(tx *db.Tx, list []FoundPatient) error {
	if len(list) == 0 {
		return nil
	}
	var rows []struct {
		PatientID      uuid.UUID
		LastContactOn  *day.Date
		LinkWorkerName *string
		OpenEpisodeID  *uuid.UUID
	}
	if err := tx.Query(apart, map[string]any{"patients": idsOf(list)}).Scan(&rows).Error; err != nil {
		return err
	}
	for i := range list {
		f := &list[i]
		for _, r := range rows {
			if r.PatientID == f.ID {
				f.LastContactOn, f.LinkWorkerName, f.OpenEpisodeID = r.LastContactOn, r.LinkWorkerName, r.OpenEpisodeID
			}
		}
	}
	return nil
}
