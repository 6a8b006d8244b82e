package people

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// NotDuplicate is the command to say that two records are not of one person.
type NotDuplicate struct {
	// The other record.
	OtherPatientID uuid.UUID `json:"other_patient_id" format:"uuid"`
}

// Judgement is that somebody said of two records that they are not of one person.
type Judgement struct {
	// One of the two records: the one of the path.
	PatientID uuid.UUID `json:"patient_id" format:"uuid"`
	// The other one.
	OtherPatientID uuid.UUID `json:"other_patient_id" format:"uuid" gorm:"column:other_id"`
	// When it was said first.
	SaidAt time.Time `json:"said_at" gorm:"column:created_at"`
	// Who said it first.
	SaidBy actor.By `json:"said_by"`
}

// NotDuplicate remembers that two records are not of one person. From then on neither is proposed with the other, and a
// merge of the two that waits for a second person is given up. To say it again changes nothing. Faults: not_found,
// invalid (of itself, or another site's), conflict (one of the two was merged away).
func (s *Store) NotDuplicate(ctx context.Context, id uuid.UUID, n NotDuplicate) (j Judgement, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if n.OtherPatientID == id {
			return fault.InvalidAt("other_patient_id", fault.NotAllowed, "is the record itself")
		}
		p, other, err := lockBoth(tx, id, n.OtherPatientID)
		if err != nil {
			return err
		}
		if p.SiteID != other.SiteID {
			return fault.InvalidAt("other_patient_id", fault.NotAllowed, "is a record of another site")
		}
		if err := notDuplicate(tx, p, other.ID); err != nil {
			return err
		}
		err = tx.Exec("update merges set state = 'given_up', updated_at = ? where site_id = ? and state = 'pending' "+
			"and patient_id in (?, ?) and into_patient_id in (?, ?)", tx.Now, p.SiteID, p.ID, other.ID, p.ID, other.ID).Error
		if err != nil {
			return err
		}
		first, second := inOrder(p.ID, other.ID)
		err = tx.Raw("select said_by, created_at from not_duplicates where site_id = ? and patient_id = ? and other_id = ?",
			p.SiteID, first, second).Row().Scan(&j.SaidBy, &j.SaidAt)
		j.PatientID, j.OtherPatientID = p.ID, other.ID
		tx.Concerns(p.SiteID, p.ID, other.ID)
		return err
	})
	return j, err
}

func notDuplicate(tx *db.Tx, p Patient, other uuid.UUID) error {
	first, second := inOrder(p.ID, other)
	return tx.Exec(`insert into not_duplicates (site_id, patient_id, other_id, said_by, said_by_key, created_at)
		values (?, ?, ?, ?, ?, ?) on conflict do nothing`, p.SiteID, first, second, tx.Actor.By(), tx.Actor.Key(), tx.Now).Error
}

func inOrder(a, b uuid.UUID) (first, second uuid.UUID) {
	if bytes.Compare(a[:], b[:]) > 0 {
		return b, a
	}
	return a, b
}

// keepPairs stores the pairs that a person is in, with the commit.
func keepPairs(tx *db.Tx, p Patient, list []fault.PossibleDuplicate, checked bool) error {
	return tx.WithCommit(func(q *gorm.DB) *gorm.DB {
		return q.Exec("select keep_duplicate_pairs(?, ?, ?, ?, ?)", p.SiteID, p.ID,
			db.JSON[[]fault.PossibleDuplicate]{V: list}, checked, tx.Now)
	})
}

// pairAnew works out the pairs that these people are in.
func (s *Store) pairAnew(tx *db.Tx, people ...Patient) error {
	for _, p := range people {
		list, err := s.duplicates(tx, p)
		if err != nil {
			return err
		}
		if err := keepPairs(tx, p, list, false); err != nil {
			return err
		}
	}
	return nil
}

// judged takes those out of whom somebody said that they are not the same person.
func judged(tx *db.Tx, p Patient, list []fault.PossibleDuplicate) ([]fault.PossibleDuplicate, error) {
	if len(list) == 0 {
		return list, nil
	}
	var not []uuid.UUID
	err := tx.Raw(`select other_id from not_duplicates where site_id = ? and patient_id = ?
		union all select patient_id from not_duplicates where site_id = ? and other_id = ?`, p.SiteID, p.ID, p.SiteID, p.ID).
		Scan(&not).Error
	return slices.DeleteFunc(list, func(d fault.PossibleDuplicate) bool { return slices.Contains(not, d.PatientID) }), err
}

const (
	checksAtOnce = 50
	longestCheck = 30 * time.Second // of a run, which goes on with the next one
)

// FindDuplicates compares whoever was recorded or changed with everybody else of their site, and keeps the pairs. Of two
// who are recorded at once, the later one that it looks at finds the other.
func (s *Store) FindDuplicates(ctx context.Context) error {
	for began := time.Now(); time.Since(began) < longestCheck; {
		n, err := s.findSomeDuplicates(ctx)
		if err != nil || n == 0 {
			return err
		}
	}
	return nil
}

func (s *Store) findSomeDuplicates(ctx context.Context) (n int, err error) {
	var sites []uuid.UUID
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		return tx.Raw("select site_id from duplicate_checks limit 1").Scan(&sites).Error
	})
	if err != nil || len(sites) == 0 {
		return 0, err
	}
	who := actor.From(ctx)
	who.Sites = sites
	err = s.DB.Do(actor.With(ctx, who), func(tx *db.Tx) error {
		var list []Patient
		err := tx.Raw(`select p.* from patients p join (select site_id, patient_id from duplicate_checks where site_id = ?
			order by patient_id limit ? for update skip locked) c on p.site_id = c.site_id and p.id = c.patient_id`,
			sites[0], checksAtOnce).Scan(&list).Error
		if n = len(list); err != nil {
			return err
		}
		for _, p := range list {
			found := []fault.PossibleDuplicate{}
			if p.MergedIntoID == nil && p.VoidID == nil {
				if found, err = s.duplicates(tx, p); err != nil {
					return err
				}
			}
			if err := keepPairs(tx, p, found, true); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}
