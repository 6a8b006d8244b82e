package gpmessage

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"waypost/internal/platform/codes"
)

// The map is what docs/gp-message.md shows, and every code of ours in it is one.
func TestTheCodeMapIsTheDocumentedOne(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/gp-message.md")
	if err != nil {
		t.Fatal(err)
	}
	var mapped []string
	for _, m := range codeMap {
		mapped = append(mapped, m.Concept)
		if m.List != "event_types" && !codes.Has(m.List, m.Code) {
			t.Errorf("%s has no code %s", m.List, m.Code)
		}
		if m.System != "http://snomed.info/sct" || m.Display == "" || m.Source == "" {
			t.Errorf("%s lacks something", m.Concept)
		}
	}
	if shown := regexp.MustCompile(`\b\d{9,18}\b`).
		FindAllString(string(text), -1); len(mapped) == 0 ||
		!slices.Equal(shown, mapped) {
		t.Errorf("the document shows %v, the map has %v", shown, mapped)
	}
}
