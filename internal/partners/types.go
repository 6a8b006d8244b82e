package partners

import (
	"slices"
	"strings"

	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// everything reports whether the patterns name every type; none names every one too.
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

// checkTypes refuses patterns that name nothing there is: whoever mistyped one would wait for ever.
func checkTypes(patterns db.Texts, location string) error {
	if !slices.ContainsFunc(patterns, func(p string) bool { return !events.Names(p) }) {
		return nil
	}
	return fault.New(fault.Invalid, "The request is well formed, but not right.").At(location,
		fault.UnknownCode, "takes *, types that there are such as referral.sent, and families of them: "+
			strings.Join(events.Families(), ".*, ")+".*")
}
