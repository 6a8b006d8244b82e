package people

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// mostUnassigned is how many things a refusal lists.
const mostUnassigned = 200

// UndoMerge is the command to make two records of one again.
type UndoMerge struct {
	// Why the two are not one person, in free text.
	Reason string `json:"reason" pattern:"\\S" format:"prose" maxLength:"500" example:"They are mother and daughter."`
	// Whose each thing is that was recorded since the merge and hangs on the person: consents and
	// episodes. What hangs on an episode goes with it. Missing ones are a 409 that lists them.
	Assign []Assignment `json:"assign,omitempty" maxItems:"500" nullable:"true"`
}

// Assignment says whose something is that was recorded while two people had one record.
type Assignment struct {
	fault.Item
	// Whose it is: the survivor, into whose record the other was merged, or the merged one.
	To string `json:"to" enum:"survivor,merged" example:"survivor"`
}

// UndoMerge gives a person who was merged away their record back, as it was, with what hangs on their episodes. Of the
// merges into one record the newest is undone first. Faults: not_found, conflict (the person was not merged away; a
// newer merge stands in the way, which is named; something recorded since is not assigned), invalid (assign).
func (s *Store) UndoMerge(ctx context.Context, id uuid.UUID, n UndoMerge) (out MergedPatient, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		last, err := kept(tx, id)
		if err != nil {
			return err
		}
		if last.ID == id {
			return fault.New(fault.Conflict, "This record was not merged into another one: there is nothing to undo.")
		}
		if err := lockEpisodes(tx, id, last.ID); err != nil {
			return err
		}
		from, into, err := lockPair(tx, id, last.ID)
		if err != nil {
			return err
		}
		m, err := newest(tx, from)
		if err != nil {
			return err
		}
		moves, err := m.assigned(tx, into, n.Assign)
		if err != nil {
			return err
		}
		m.UndoneBy, m.UndoneByKey, m.UndoReason = new(tx.Actor.By()), tx.Actor.Key(), &n.Reason
		out, err = s.undo(tx, m, from, into, moves)
		return err
	})
	return out, err
}

// newest returns the merge of a person who was merged away, and holds it. Fault: conflict (a merge into the same record is
// newer).
func newest(tx *db.Tx, from Patient) (m Merge, err error) {
	var all []Merge
	// All merges into the record that is kept, and into those that were merged into it.
	err = tx.Raw(`select m.* from merges m join patients k on k.site_id = m.site_id and k.id = kept_patient(?)
		where m.site_id = ? and m.state = 'done' and (m.into_patient_id = k.id or m.into_patient_id = any(k.merged_ids))
		order by m.ordinal desc for update of m`, from.ID, from.SiteID).Scan(&all).Error
	switch {
	case err != nil:
		return m, err
	case !slices.ContainsFunc(all, func(m Merge) bool { return m.PatientID == from.ID }):
		return m, fault.New(fault.Conflict, "The merge was undone meanwhile.")
	case all[0].PatientID != from.ID:
		f := fault.New(fault.Conflict,
			"A newer merge into the same record must be undone first: undo_first_id names who was merged then.")
		f.UndoFirst = &all[0].PatientID
		return m, f
	}
	return all[0], nil
}

// assigned returns what goes to the person who gets their record back, of what was recorded since. Faults: conflict
// (something is not assigned), invalid (something is that is none of it, or is twice).
func (m *Merge) assigned(tx *db.Tx, into Patient, assign []Assignment) (moves []fault.Item, err error) {
	var since []fault.Item
	err = tx.Raw("select kind, id from recorded_since_merge(?, ?, ?)", m.ID, m.SiteID, into.ID).Scan(&since).Error
	if err != nil {
		return nil, err
	}
	var c fault.Checks
	to := map[fault.Item]string{}
	for i, a := range assign {
		at := fmt.Sprintf("assign[%d]", i)
		c.Require(slices.Contains(since, a.Item), at, fault.UnknownReference,
			"names nothing that was recorded of the person since the merge")
		c.Require(to[a.Item] == "", at, fault.Duplicate, "is assigned already")
		to[a.Item] = a.To
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	var open []fault.Item
	for _, item := range since {
		switch to[item] {
		case "merged":
			moves = append(moves, item)
		case "":
			open = append(open, item)
		}
	}
	if len(open) > 0 {
		f := fault.New(fault.Conflict,
			"Something was recorded since the merge: say in assign whose each is that unassigned lists.")
		f.Unassigned = open[:min(len(open), mostUnassigned)]
		return nil, f
	}
	return moves, nil
}

// undo moves back what the merge moved, and what was assigned. Both people are locked.
func (s *Store) undo(tx *db.Tx, m Merge, from, into Patient, moves []fault.Item) (out MergedPatient, err error) {
	if err := refuseWhilePassedOn(tx, from, into); err != nil {
		return out, err
	}
	kinds, ids := db.Texts{}, db.IDs{}
	for _, item := range moves {
		kinds, ids = append(kinds, item.Kind), append(ids, item.ID)
	}
	// First, since who is merged away can have nothing.
	into.unfill(m.Filled, &from)
	gone := append(db.IDs{from.ID}, from.MergedIDs...)
	into.MergedIDs = slices.DeleteFunc(into.MergedIDs, func(id uuid.UUID) bool { return slices.Contains(gone, id) })
	from.ExternalIDs = nil
	for _, e := range m.ExternalIDs {
		if at := slices.Index(into.ExternalIDs, e); at >= 0 { // else somebody took it away since
			into.ExternalIDs = slices.Delete(into.ExternalIDs, at, at+1)
			from.ExternalIDs = append(from.ExternalIDs, e)
		}
	}
	from.MergedIntoID, from.MergeUndone, into.MergeUndone = nil, true, true
	if err := s.saveMerge(tx, &m, &into, &from); err != nil {
		return out, err
	}
	err = tx.Exec("select unmerge_rows(?, ?, ?, ?, ?, ?, ?)", m.ID, m.SiteID, from.ID, into.ID, kinds, ids, tx.Now).Error
	if err != nil {
		return out, err
	}
	m.State, m.UndoneAt = MergeUndone, &tx.Now
	if err := notDuplicate(tx, from, into.ID); err != nil {
		return out, err
	}
	data := events.Data{"merge_id": m.ID.String(), "from_patient_id": into.ID.String()}
	if err := m.record(tx, events.PatientUnmerged, from, into, data); err != nil {
		return out, err
	}
	if err := s.pairAnew(tx, from, into); err != nil {
		return out, err
	}
	from.show()
	return MergedPatient{from, m}, events.Read(tx, "undo_merge", m.SiteID, from.ID, into.ID)
}
