package api_test

import (
	"os"
	"syscall"
	"testing"
)

// On a disk that is full no release is ready; once there is room again, it is made.
func TestAFullDiskMakesNoRelease(t *testing.T) {
	s := newResearchWorld(t)
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", s.folder, "tmpfs", 0, "size=32k"); err != nil {
		t.Skipf("no disk of our own to fill: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(s.folder, syscall.MNT_DETACH) })
	s.people(10)
	failed := s.release(s.project(""))
	if failed.text("state") != "failed" || failed.text("reasons.0.code") != "storage" ||
		len(failed.at("files").([]any)) != 0 {
		t.Fatalf("on a full disk: %s", failed.body)
	}
	if err := syscall.Mount("tmpfs", s.folder, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	s.advance("P1D")
	s.build()
	if made := s.as("data_steward").get("/releases/" + failed.text("id")); made.text("state") != "ready" {
		t.Errorf("with room again: %s", made.body)
	}
}
