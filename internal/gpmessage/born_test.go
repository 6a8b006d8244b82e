package gpmessage

import (
	"testing"

	"waypost/internal/platform/day"
)

// The text says as much of a birth date as is known, and what is not.
func TestABirthDateIsWrittenAsFarAsItIsKnown(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1950-04-01": "; born 01-Apr-1950",
		"1950-04":    "; born Apr-1950 (day not known)",
		"1950":       "; born 1950 (day and month not known)",
	} {
		born, err := day.ParsePartial(text)
		if got := bornOn(&born); err != nil || got != want {
			t.Errorf("%s: %q, want %q, %v", text, got, want, err)
		}
	}
	if got := bornOn(nil); got != "; date of birth not known" {
		t.Errorf("not known: %q", got)
	}
}
