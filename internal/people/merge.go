package people

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// mostExternalIDs is how many a record has at most.
const mostExternalIDs = 20

// MergeState is where a merge stands.
type MergeState string

const (
	MergePending MergeState = "pending"
	MergeDone    MergeState = "done"
	MergeUndone  MergeState = "undone"
	MergeGivenUp MergeState = "given_up"
)

// NewMerge is the command to merge a record into another one of the same person.
type NewMerge struct {
	// The record that is kept.
	IntoPatientID uuid.UUID `json:"into_patient_id" format:"uuid"`
	// Why the two are one person, in free text.
	Reason string `json:"reason" pattern:"\\S" format:"prose" maxLength:"500" example:"She was recorded twice."`
}

// Merge is what was done, or is to be done, to make one record of two.
type Merge struct {
	// The merge's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// The site whose records these are.
	SiteID uuid.UUID `json:"site_id" format:"uuid"`
	// The record that was merged away, or is to be.
	PatientID uuid.UUID `json:"patient_id" format:"uuid"`
	// The record that is kept.
	IntoPatientID uuid.UUID `json:"into_patient_id" format:"uuid"`
	// Why the two are one person.
	Reason string `json:"reason"`
	// Where it stands. pending: the two have, or had, different NHS numbers, so that a second person must confirm
	// it, and nothing has moved. given_up: it was pending, and was overtaken: one of the two was merged
	// elsewhere, or somebody said that they are two people.
	State MergeState `json:"state" enum:"pending,done,undone,given_up"`
	// When it was asked for.
	RequestedAt time.Time `json:"requested_at"`
	// Who asked for it.
	RequestedBy actor.By `json:"requested_by"`
	// When it was done; null: it was not.
	MergedAt *time.Time `json:"merged_at"`
	// The second person; null: there had to be none, or there is none yet.
	ConfirmedBy *actor.By `json:"confirmed_by" format:"or-null"`
	// Details of the record that is kept which were empty, and were taken from the other one. An undo takes
	// them back, but for those that were changed since.
	Filled db.Texts `json:"filled" example:"phone"`
	// When it was undone; null: it was not.
	UndoneAt *time.Time `json:"undone_at"`
	// Who undid it.
	UndoneBy *actor.By `json:"undone_by" format:"or-null"`
	// Why it was undone.
	UndoReason *string `json:"undo_reason"`

	ExternalIDs        db.ExternalIDs `json:"-"` // those that the record that is kept took over
	RequestedByKey     *uuid.UUID     `json:"-"`
	RequestedByPartner *uuid.UUID     `json:"-"`
	ConfirmedByKey     *uuid.UUID     `json:"-"`
	UndoneByKey        *uuid.UUID     `json:"-"`
	Ordinal            *int64         `json:"-"`
	CreatedAt          time.Time      `json:"-" gorm:"autoCreateTime:false"`
	UpdatedAt          time.Time      `json:"-" gorm:"autoUpdateTime:false"`
}

// MergedPatient is the record that is kept, and the merge.
type MergedPatient struct {
	Patient
	// What was done, or waits for a second person.
	Merge Merge `json:"merge" gorm:"-"`
}

// Merge makes one record of two of the same person: what hangs on the one goes over to the other, which is returned.
// Two different NHS numbers need a second person: the merge is then pending, and nothing has moved. Faults: not_found,
// invalid (into itself, or another site's), conflict (one of the two was merged already).
func (s *Store) Merge(ctx context.Context, id uuid.UUID, n NewMerge) (out MergedPatient, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if n.IntoPatientID == id {
			return fault.InvalidAt("into_patient_id", fault.NotAllowed, "is the record itself")
		}
		if err := lockEpisodes(tx, id, n.IntoPatientID); err != nil {
			return err
		}
		from, into, err := lockBoth(tx, id, n.IntoPatientID)
		if err != nil {
			return err
		}
		if from.SiteID != into.SiteID {
			return fault.InvalidAt("into_patient_id", fault.NotAllowed, "is a record of another site")
		}
		m, err := requested(tx, from, into, n.Reason)
		if err != nil {
			return err
		}
		two, err := bothNumbered(tx, from, into)
		if err != nil {
			return err
		}
		if two {
			into.show()
			into.Warnings = append(into.Warnings, needsSecondPerson)
			out = MergedPatient{into, m}
			return events.Read(tx, "merge", into.SiteID, from.ID, into.ID)
		}
		out, err = s.perform(tx, m, from, into)
		return err
	})
	return out, err
}

// bothNumbered reports whether two records have, or ever had, different NHS numbers, which are two people but for a mistake.
// The numbers of records that were merged into one of the two are its own. Former ones count, so that nobody gets around
// the second person by taking a number away first.
func bothNumbered(tx *db.Tx, a, b Patient) (two bool, err error) {
	numbers := func(p Patient) (list db.Texts, err error) {
		of := append(db.IDs{p.ID}, p.MergedIDs...)
		err = tx.Raw(`select coalesce(array_agg(number), '{}') from (
				select nhs_number as number from patients where site_id = @site and id = any(@of)
				union
				select v #>> '{}' from record_changes c, unnest(array[c.from_value, c.to_value]) v
				where c.site_id = @site and c.subject_id = any(@of) and c.subject_type = 'patient' and c.field = 'nhs_number'
			) n where number is not null`, map[string]any{"site": p.SiteID, "of": of}).Row().Scan(&list)
		return list, err
	}
	mine, err := numbers(a)
	if err != nil {
		return false, err
	}
	theirs, err := numbers(b)
	return slices.ContainsFunc(mine, func(x string) bool {
		return slices.ContainsFunc(theirs, func(y string) bool { return x != y })
	}), err
}

// refuseWhileMergeWaits refuses another NHS number for somebody whose merge waits for a second person, who is to look at
// the two numbers.
func refuseWhileMergeWaits(tx *db.Tx, p Patient) error {
	var waits bool
	err := tx.Raw("select exists (select from merges where site_id = ? and state = 'pending' and ? in (patient_id, into_patient_id))",
		p.SiteID, p.ID).Scan(&waits).Error
	if err == nil && waits {
		err = fault.New(fault.Conflict, "A merge of this record waits for a second person. Until it is confirmed or given up "+
			"(not-duplicate), the NHS number stays.")
	}
	return err
}

// refuseWhilePassedOn refuses to merge, or to part, records of which another site is asked to take one on: it was asked for
// that record as it is.
func refuseWhilePassedOn(tx *db.Tx, a, b Patient) error {
	var asked bool
	err := tx.Raw("select exists (select from transfers where site_id = ? and patient_id in (?, ?) and state = 'pending' "+
		"and lapses_at > ?)", a.SiteID, a.ID, b.ID, tx.Now).Scan(&asked).Error
	if err == nil && asked {
		err = fault.New(fault.Conflict, "Another site is asked to take this person on: end the transfer first.")
	}
	return err
}

var needsSecondPerson = fault.Warning{Code: "needs_second_person",
	Detail: "The two records have, or had, different NHS numbers. Nothing has moved: somebody else must confirm the merge."}

// lockEpisodes holds the episodes of two people, before the people themselves: in the order in which whoever records
// something of an episode locks the two.
func lockEpisodes(tx *db.Tx, a, b uuid.UUID) error {
	return tx.Exec("select from episodes where patient_id in (?, ?) order by id for update", a, b).Error
}

// lockBoth finds two people and holds them until the transaction ends, whoever else names them. They are locked in the
// order of their ids, so that two merges at once wait for each other. Faults: not_found, conflict (one was merged away).
func lockBoth(tx *db.Tx, a, b uuid.UUID) (first, second Patient, err error) {
	if first, second, err = lockPair(tx, a, b); err != nil {
		return first, second, err
	}
	for _, p := range []*Patient{&first, &second} {
		if err := p.notMerged(tx); err != nil {
			return first, second, err
		}
	}
	return first, second, nil
}

func lockPair(tx *db.Tx, a, b uuid.UUID) (first, second Patient, err error) {
	var found []Patient
	err = tx.Where("id = any(?::uuid[])", db.IDs{a, b}).Order("id").Clauses(clause.Locking{Strength: "UPDATE"}).
		Find(&found).Error
	if err != nil {
		return first, second, err
	}
	at := func(id uuid.UUID) int { return slices.IndexFunc(found, func(p Patient) bool { return p.ID == id }) }
	if at(a) < 0 || at(b) < 0 {
		return first, second, fault.Missing("patient")
	}
	return found[at(a)], found[at(b)], nil
}

// requested returns the merge of these two that waits, or a new one.
func requested(tx *db.Tx, from, into Patient, reason string) (m Merge, err error) {
	var waiting []Merge
	err = tx.Where("site_id = ? and state = 'pending' and least(patient_id, into_patient_id) = least(?::uuid, ?::uuid) "+
		"and greatest(patient_id, into_patient_id) = greatest(?::uuid, ?::uuid)", from.SiteID, from.ID, into.ID, from.ID, into.ID).
		Find(&waiting).Error
	switch {
	case err != nil:
		return m, err
	case len(waiting) > 0 && waiting[0].PatientID != from.ID:
		return m, fault.New(fault.Conflict, "A merge of these two the other way round waits for a second person already.")
	case len(waiting) > 0:
		return waiting[0], nil
	}
	m = Merge{
		ID: tx.NewID(), SiteID: from.SiteID, PatientID: from.ID, IntoPatientID: into.ID, Reason: reason,
		State: MergePending, RequestedAt: tx.Now, RequestedBy: tx.Actor.By(), RequestedByKey: tx.Actor.Key(),
		Filled: db.Texts{}, CreatedAt: tx.Now, UpdatedAt: tx.Now,
	}
	if err := tx.Raw("select caller_partner()").Row().Scan(&m.RequestedByPartner); err != nil {
		return m, err
	}
	return m, tx.Create(&m).Error
}

// perform moves everything from one record to the other. Both are locked.
func (s *Store) perform(tx *db.Tx, m Merge, from, into Patient) (out MergedPatient, err error) {
	if len(from.ExternalIDs)+len(into.ExternalIDs) > mostExternalIDs {
		return out, fault.New(fault.Conflict, "Together the two records have more than 20 external_ids: take some away first.")
	}
	if err := refuseWhilePassedOn(tx, from, into); err != nil {
		return out, err
	}
	warnings, err := warningsOf(tx, from, into)
	if err != nil {
		return out, err
	}
	var ended []struct {
		Subject   string
		SubjectID uuid.UUID
	}
	err = tx.Raw("select * from merge_rows(?, ?, ?, ?, ?)", m.ID, m.SiteID, from.ID, into.ID, tx.Now).Scan(&ended).Error
	if err != nil {
		return out, err
	}
	for _, e := range ended {
		kind, of := events.FollowUpLinkEnded, events.Subject{ID: e.SubjectID, SiteID: m.SiteID, PatientID: into.ID}
		if e.Subject == "referral" {
			kind, of.ReferralID = events.ReferralReplyLinkEnded, e.SubjectID
		}
		if err := events.Record(tx, kind, of, nil); err != nil {
			return out, err
		}
	}
	m.Filled, m.ExternalIDs = into.fill(&from), from.ExternalIDs
	m.State, m.MergedAt = MergeDone, &tx.Now
	into.MergedIDs = append(append(into.MergedIDs, from.ID), from.MergedIDs...)
	into.ExternalIDs = append(into.ExternalIDs, from.ExternalIDs...)
	from.MergedIntoID, from.ExternalIDs = &into.ID, nil
	if err := s.saveMerge(tx, &m, &from, &into); err != nil { // the number and the external ids are given up before they are taken
		return out, err
	}
	data := events.Data{"merge_id": m.ID.String(), "into_patient_id": into.ID.String()}
	if err := m.record(tx, events.PatientMerged, from, into, data); err != nil {
		return out, err
	}
	if err := s.pairAnew(tx, into); err != nil {
		return out, err
	}
	into.show()
	into.Warnings = append(into.Warnings, warnings...)
	return MergedPatient{into, m}, events.Read(tx, "merge", m.SiteID, from.ID, into.ID)
}

// saveMerge stores the merge and the two people, in this order.
func (s *Store) saveMerge(tx *db.Tx, m *Merge, people ...*Patient) error {
	for _, p := range people {
		p.Version, p.UpdatedAt = p.Version+1, tx.Now
		if err := db.Save(tx, p.SiteID, p.ID, p); err != nil {
			return err
		}
		if err := s.keepLookups(tx, *p); err != nil {
			return err
		}
	}
	return tx.Model(m).Where("site_id = ? and id = ?", m.SiteID, m.ID).
		Select("filled", "external_ids", "confirmed_by", "confirmed_by_key", "undone_by", "undone_by_key", "undo_reason").
		Updates(m).Error
}

// record tells of the merge or its undo, and that the record that is kept has changed with it.
func (m *Merge) record(tx *db.Tx, kind events.Kind, from, into Patient, data events.Data) error {
	if err := events.Record(tx, kind, from.subject(), data); err != nil {
		return err
	}
	return events.Record(tx, events.PatientChanged, into.subject(), events.Data{"merge_id": m.ID.String()})
}

// warningsOf are what is worth knowing of a merge.
func warningsOf(tx *db.Tx, from, into Patient) (list []fault.Warning, err error) {
	var open int64
	err = tx.Raw("select count(distinct patient_id) from episodes where site_id = ? and patient_id in (?, ?) "+
		"and status <> 'closed'", from.SiteID, from.ID, into.ID).Scan(&open).Error
	if open == 2 {
		list = append(list, fault.Warning{Code: "open_episode_exists",
			Detail: "Both records had an episode that is not closed: the person has two now. Close one, unless they are " +
				"two spells of support."})
	}
	if from.DiedOn != nil || into.DiedOn != nil {
		list = append(list, fault.Warning{Code: "person_died",
			Detail: "One of the two records says that the person died, and so does the one that is kept."})
	}
	if bornOtherwise(from, into) {
		list = append(list, fault.Warning{Code: "birth_dates_differ",
			Detail: "The two records have different dates of birth. The one that is kept has its own: see whether it is right."})
	}
	return list, err
}

// bornOtherwise reports whether two dates of birth cannot both be right; a year goes with each of its days.
func bornOtherwise(a, b Patient) bool {
	if a.BirthDate == nil || b.BirthDate == nil {
		return false
	}
	x, y := a.BirthDate.String(), b.BirthDate.String()
	return !strings.HasPrefix(x, y) && !strings.HasPrefix(y, x)
}

// ConfirmMerge does what waits for a second person, who must be another one than asked for it. Faults: not_found,
// forbidden (the same person), conflict (it does not wait, or one of the two was merged meanwhile).
func (s *Store) ConfirmMerge(ctx context.Context, id uuid.UUID) (out MergedPatient, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		m, err := db.Find[Merge](tx, "merge", id)
		if err != nil {
			return err
		}
		if err := lockEpisodes(tx, m.PatientID, m.IntoPatientID); err != nil {
			return err
		}
		from, into, err := lockPair(tx, m.PatientID, m.IntoPatientID)
		if err != nil {
			return err
		}
		if m, err = db.FindForUpdate[Merge](tx, "merge", id); err != nil {
			return err
		}
		if m.State != MergePending {
			return fault.New(fault.Conflict, "The merge does not wait to be confirmed: its state says where it stands.")
		}
		for _, p := range []*Patient{&from, &into} {
			if err := p.notMerged(tx); err != nil {
				return err
			}
		}
		if err := m.bySomebodyElse(tx); err != nil {
			return err
		}
		m.ConfirmedBy, m.ConfirmedByKey = new(tx.Actor.By()), tx.Actor.Key()
		out, err = s.perform(tx, m, from, into)
		return err
	})
	return out, err
}

// bySomebodyElse refuses whoever asked for the merge, or may have. Two link workers are two people, also where one
// system acts for both; who acts for nobody is told from others by the key.
func (m *Merge) bySomebodyElse(tx *db.Tx) error {
	mine, theirs := tx.Actor.LinkWorkerID, m.RequestedBy.LinkWorkerID
	same := mine != nil && theirs != nil && *mine == *theirs
	if mine == nil || theirs == nil {
		var partner *uuid.UUID
		if err := tx.Raw("select caller_partner()").Row().Scan(&partner); err != nil {
			return err
		}
		same = partner == nil || m.RequestedByPartner == nil || *partner == *m.RequestedByPartner
	}
	if same {
		return fault.New(fault.Forbidden, "It takes a second person: you asked for this merge yourself.")
	}
	return nil
}

// GetMerge returns a merge.
func (s *Store) GetMerge(ctx context.Context, id uuid.UUID) (m Merge, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if m, err = db.Find[Merge](tx, "merge", id); err != nil {
			return err
		}
		return events.Read(tx, "merge", m.SiteID, m.PatientID, m.IntoPatientID)
	})
	return m, err
}

// Merges lists the merges of the caller's sites, the newest first; with a state, those that stand there.
func (s *Store) Merges(ctx context.Context, state MergeState, page db.Page[uuid.UUID]) (list []Merge, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		q := tx.InSites()
		if state != "" {
			q = q.Where("state = ?", state)
		}
		if page.After != uuid.Nil {
			q = q.Where("id < ?", page.After)
		}
		if err := q.Order("id desc").Scopes(page.Cut).Find(&list).Error; err != nil {
			return err
		}
		var shown [][2]uuid.UUID
		for _, m := range list {
			shown = append(shown, [2]uuid.UUID{m.SiteID, m.PatientID}, [2]uuid.UUID{m.SiteID, m.IntoPatientID})
		}
		return events.ReadAll(tx, "merges", shown, func(s [2]uuid.UUID) (site, patient uuid.UUID) { return s[0], s[1] })
	})
	return list, err
}
