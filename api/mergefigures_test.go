package api_test

import (
	"fmt"
	"testing"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// A dataset that is made after a merge has one person, under the pseudonym of the record that is kept, with what both had.
func TestADatasetHasOnePersonAfterAMerge(t *testing.T) {
	s := newResearchWorld(t)
	patients := s.people(13)
	project := s.project("")
	first := s.release(project)
	s.merge(patients[0], patients[1]).want(200)
	second := s.release(project)
	if first.number("report.n") != 13 || second.number("report.n") != 12 {
		t.Errorf("%v people, and after the merge %v", first.at("report.n"), second.at("report.n"))
	}
	if gone, came := s.missingFrom(second, first), s.missingFrom(first, second); len(gone) != 1 || len(came) != 0 {
		t.Errorf("%d pseudonyms are gone, %d came", len(gone), len(came))
	}
	if n := len(s.table(second, "episodes")); n != 13 {
		t.Errorf("%d episodes", n)
	}
	s.unmerge(patients[0], "").want(200)
	third := s.release(project)
	if gone := s.missingFrom(third, first); third.number("report.n") != 13 || len(gone) != 0 {
		t.Errorf("after the undo: %s", third.body)
	}
}

// What was entered in error goes along, comes back with an undo, and can be restored wherever it is.
func TestMistakesMoveWithAMerge(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	kept, _ := w.supported()
	away, episode := w.supported()
	contact := lw.post("/episodes/"+episode+"/contacts", fmt.Sprintf(`{"on":%q,"mode":"telephone","kind":"support",
		"outcome":"spoke"}`, w.today())).made()
	refusal := w.decideOn(away, "research", "declined", w.daysAgo(20)).text("id")
	w.decideOn(kept, "research", "given", w.daysAgo(3))
	const mistake = `{"reason":"It was somebody else of the same name."}`
	lw.post("/contacts/"+contact+"/entered-in-error", mistake).want(200)
	whose := func() (patient string) {
		err := w.db.Do(actor.With(t.Context(), actor.Named("test")), func(tx *db.Tx) error {
			return tx.Raw("select patient_id from voids where subject_id = ?", contact).Row().Scan(&patient)
		})
		if err != nil {
			t.Fatal(err)
		}
		return patient
	}
	w.merge(away, kept).want(200)
	if got := whose(); got != kept {
		t.Errorf("the mistake is %s's", got)
	}
	if got := w.standing(kept, "research"); got != "declined" {
		t.Errorf("after the merge %q stands", got)
	}
	lw.post("/consents/"+refusal+"/entered-in-error", mistake).want(200)
	if got := w.standing(kept, "research"); got != "given" {
		t.Errorf("a refusal in error outweighs: %q stands", got)
	}
	lw.post("/consents/"+refusal+"/entered-in-error/undo", mistake).want(200)
	if got := w.standing(kept, "research"); got != "declined" {
		t.Errorf("a refusal that is restored does not: %q stands", got)
	}
	lw.post("/contacts/"+contact+"/entered-in-error/undo", mistake).want(200)
	lw.post("/contacts/"+contact+"/entered-in-error", mistake).want(200)
	w.unmerge(away, "").want(200)
	if got := whose(); got != away {
		t.Errorf("after the undo the mistake is %s's", got)
	}
	if a, b := w.standing(kept, "research"), w.standing(away, "research"); a != "given" || b != "declined" {
		t.Errorf("after the undo %q and %q stand", a, b)
	}
	lw.post("/contacts/"+contact+"/entered-in-error/undo", mistake).want(200)
}
