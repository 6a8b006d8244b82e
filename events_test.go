package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"waypost/internal/datasets"
	"waypost/internal/platform/codes"
	"waypost/internal/platform/events"
	"waypost/internal/referrals"
)

// Each code that an event is named after has its kind, and what is declared of a kind is whole.
func TestKindsOfEvents(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	known := map[string]bool{}
	for _, k := range events.Kinds() {
		if known[k.String()] {
			t.Errorf("%s is declared twice", k)
		}
		known[k.String()] = true
		for _, part := range append(k.Fields(), append(strings.SplitN(k.String(), ".", 2), k.Subject())...) {
			if !name.MatchString(part) {
				t.Errorf("%s has %q, which is no name", k, part)
			}
		}
	}
	decisions, _ := codes.Lookup("consent_decisions")
	for _, c := range decisions.Codes {
		if events.ConsentDecided(c.Code) == (events.Kind{}) {
			t.Errorf("no kind for the decision %s", c.Code)
		}
	}
	for _, s := range referrals.Statuses() {
		if s != referrals.Draft && s != referrals.Signposted && events.ReferralMoved(string(s)) == (events.Kind{}) {
			t.Errorf("no kind for the move to %s", s)
		}
	}
	for _, state := range []datasets.State{datasets.Ready, datasets.Refused, datasets.Failed} {
		if events.ReleaseEnded(string(state)) == (events.Kind{}) {
			t.Errorf("no kind for a release that is %s", state)
		}
	}
}

// The guide for partners lists every type.
func TestTheGuideListsEveryType(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("docs/partners.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	word := regexp.MustCompile("`([a-z_]+)`")
	for line := range strings.Lines(string(guide)) {
		cells := strings.Split(line, "|")
		if len(cells) != 4 {
			continue
		}
		for _, family := range word.FindAllStringSubmatch(cells[1], -1) {
			for _, what := range word.FindAllStringSubmatch(cells[2], -1) {
				told[family[1]+"."+what[1]] = true
			}
		}
	}
	for _, kind := range events.Types() {
		if !told[kind] {
			t.Errorf("the guide does not tell of %s", kind)
		}
	}
}
