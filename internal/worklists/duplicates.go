package worklists

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/sqlfile"
)

// duplicates is the list of pairs, whose rows are of another form than those of the others.
const duplicates = "possible_duplicates"

// Pair is two records that may be of one person.
type Pair struct {
	// The record that the row begins with: a patient.
	Subject events.SubjectRef `json:"subject" gorm:"-"`
	// The site whose records these are.
	SiteID uuid.UUID `json:"site_id" format:"uuid"`
	// The record that came later.
	PatientID uuid.UUID `json:"patient_id" format:"uuid"`
	// What this person is called.
	Name string `json:"name" example:"Mary Example"`
	// The record that was there before.
	OtherPatientID uuid.UUID `json:"other_patient_id" format:"uuid"`
	// What that person is called.
	OtherName string `json:"other_name" example:"Mary Example"`
	// How alike the two are: 1 where all that both have is the same, at least 0.7.
	Score float64 `json:"score" minimum:"0" maximum:"1" example:"0.95"`
	// What of them is alike, by the codes of the list match_reasons.
	Reasons db.Texts `json:"reasons" format:"code:match_reasons"`
	// The open or else the last episode of the record that came later; null: it has none.
	EpisodeID *uuid.UUID `json:"episode_id" nullable:"true" format:"uuid"`
	// Whose episode that is.
	LinkWorkerID *uuid.UUID `json:"link_worker_id" nullable:"true" format:"uuid"`
	// An answer of either is a safeguarding concern that nobody has marked as seen.
	Safeguarding bool `json:"safeguarding"`
	// Why the row is on the list, in a line.
	Why string `json:"why" gorm:"-" example:"May be one person: the same name, date of birth."`
	// What is due next: nothing has a day here.
	NextDue *Due `json:"next_due" format:"or-null" gorm:"-"`
}

// PairPosition is a place in the list of pairs.
type PairPosition struct {
	Score float64   `json:"s"`
	ID    uuid.UUID `json:"i"`
	Other uuid.UUID `json:"o"`
}

// Position is the pair's place in the list.
func (p Pair) Position() PairPosition { return PairPosition{p.Score, p.PatientID, p.OtherPatientID} }

// pairScope is what the query of pairs varies by.
type pairScope struct {
	Worker bool // of people whom the link worker in the parameter worker supports, or did; else of everybody
	Rows   bool // as rows, and not only to be counted
	After  bool // after a row
}

func (p pairScope) sql() string { return files.Make(duplicates+".sql.tmpl", p) }

// Pairs reads the pairs that nobody has judged after a position, the most alike first, and counts all of them. They are
// the whole team's, unless a link worker is named.
func (s *Store) Pairs(ctx context.Context, worker *uuid.UUID, page db.Page[PairPosition]) (list []Pair, total int, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		of := pairScope{Worker: worker != nil, Rows: true, After: page.After.ID != uuid.Nil}
		args := map[string]any{"sites": db.IDs(tx.Actor.Sites), "limit": page.Limit}
		if worker != nil {
			args["worker"] = *worker
		}
		if of.After {
			args["score"], args["id"], args["other"] = page.After.Score, page.After.ID, page.After.Other
		}
		if err := tx.Query(sqlfile.Parse(of.sql()), args).Scan(&list).Error; err != nil {
			return err
		}
		if err := tx.Query(countOfPairs(worker != nil), args).Scan(&total).Error; err != nil {
			return err
		}
		var shown [][2]uuid.UUID
		for i := range list {
			p := &list[i]
			p.Subject, p.Why = events.SubjectRef{Type: "patient", ID: p.PatientID}, why(p.Reasons)
			shown = append(shown, [2]uuid.UUID{p.SiteID, p.PatientID}, [2]uuid.UUID{p.SiteID, p.OtherPatientID})
		}
		return events.ReadAll(tx, "worklist_"+duplicates, shown,
			func(s [2]uuid.UUID) (site, patient uuid.UUID) { return s[0], s[1] })
	})
	return list, total, err
}

func countOfPairs(worker bool) sqlfile.Text {
	return sqlfile.Parse("select count(*) from (" + pairScope{Worker: worker}.sql() + ") l")
}

// inWords are the reasons as a sentence names them.
var inWords = map[string]string{
	"name": "the same name", "name_similar": "nearly the same name", "given_name": "the same given name",
	"birth_date": "date of birth", "birth_date_similar": "nearly the same date of birth", "nhs_number": "the same NHS number",
	"phone": "phone", "email": "e-mail address", "postcode": "postcode",
}

func why(reasons []string) string {
	var words []string
	for _, r := range reasons {
		if w := inWords[r]; w != "" {
			words = append(words, w)
		}
	}
	return fmt.Sprintf("May be one person: %s.", strings.Join(words, ", "))
}
