package api_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"waypost/api"
	"waypost/internal/datasets"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/vault"
)

// Under another master key than the project's no release is made, and it says so; once the right one is
// back it is, with the same pseudonyms as before.
func TestAnotherMasterKeyMakesNoRelease(t *testing.T) {
	s := newStudy(t, 60)
	project := s.project("section_251", "safe_setting", 5)
	before := studyIDs(t, s.release(project))
	other, err := vault.Open(filepath.Join(t.TempDir(), "master-key.json"))
	if err != nil {
		t.Fatal(err)
	}
	id := s.as("data_steward").post("/projects/"+project+"/releases", `{}`).want(202).text("id")
	job := actor.With(t.Context(), actor.Named("releases"))
	if err := (&datasets.Store{DB: s.db, Cipher: other, Files: s.store.Files, Software: api.Version}).Build(
		job,
	); err == nil {
		t.Error("nobody is told that the key is another")
	}
	failed := s.as("data_steward").get("/releases/" + id).want(200)
	if failed.text("state") != "failed" || failed.text("reasons.0.code") != "internal" || failed.at("report") != nil ||
		failed.at("next_try_at") == nil {
		t.Errorf("it says %s", failed.body)
	}
	s.advance("P1D")
	if err := s.store.Build(job); err != nil {
		t.Fatal(err)
	}
	if state := s.as("data_steward").get("/releases/" + id).text("state"); state != "ready" {
		t.Errorf("with the right key it is %s", state)
	}
	if after := studyIDs(t, s.release(project)); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Error("people have other pseudonyms than before")
	}
}

// studyIDs are the people of a release.
func studyIDs(t *testing.T, folder string) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	for _, row := range tableOf(t, folder, "participants.csv") {
		ids[row["study_id"]] = true
	}
	if len(ids) < 10 {
		t.Fatalf("there are %d people", len(ids))
	}
	return ids
}
