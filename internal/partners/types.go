package partners

import (
	"regexp"
	"slices"
	"strings"

	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// TypePattern is the form of what names types of events: one such as referral.sent, a family such as referral.*, or * for all.
const TypePattern = `^(\*|[a-z_]{1,50}\.(\*|[a-z_]{1,50}))$`

var isPattern = regexp.MustCompile(TypePattern)

// everything tells whether the patterns name every type; none names every one too.
func everything(patterns db.Texts) bool { return len(patterns) == 0 || slices.Contains(patterns, "*") }

// families splits patterns into types and the families of which every type is meant.
func families(patterns db.Texts) (exact, family db.Texts) {
	for _, p := range patterns {
		if f, is := strings.CutSuffix(p, ".*"); is {
			family = append(family, f)
		} else {
			exact = append(exact, p)
		}
	}
	return exact, family
}

// checkTypes refuses what is no pattern.
func checkTypes(patterns db.Texts, location string) error {
	for _, p := range patterns {
		if !isPattern.MatchString(p) {
			return fault.New(fault.Invalid, "The request is well formed, but not right.").At(location, "takes types such as referral.sent, families such as referral.*, or *")
		}
	}
	return nil
}
