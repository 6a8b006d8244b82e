package events

import (
	"maps"
	"slices"
	"strings"
)

// types are all that can happen, by the kind of thing it happens to. Whoever records something new adds it here, and to
// docs/partners.md; a test reads the program and compares (events_test.go beside main.go).
var types = map[string][]string{
	"patient": {"recorded", "changed"},
	"consent": {"given", "declined", "withdrawn", "not_asked", "not_obtained", "best_interests"},
	// became_active was recorded when a referral alone made an episode active; subscribers may go on naming it.
	"episode": {
		"opened",
		"changed",
		"became_active",
		"first_contact",
		"baseline_taken",
		"paused",
		"resumed",
		"closed",
	},
	"contact": {"recorded", "changed"},
	"referral": {
		"drafted",
		"sent",
		"changed",
		"undone",
		"patient_reported",
		"reply_link_made",
		"reply_link_ended",
		"notice_sent",
		"notice_refused",
		"chased",
		"question_asked",
		"question_answered",
		"accepted",
		"waitlisted",
		"in_progress",
		"completed",
		"not_completed",
		"declined",
		"withdrawn",
		"expired",
		"entered_in_error",
	},
	"signpost":   {"given"},
	"attendance": {"attended", "did_not_attend", "entered_in_error"},
	"assessment": {"recorded", "corrected"},
	"follow_up": {
		"planned",
		"moved",
		"attempted",
		"link_made",
		"link_ended",
		"completed",
		"lost",
		"service_reported",
	},
	"safeguarding": {"raised", "seen"},
	"site":         {"added", "changed"},
	"link_worker":  {"added", "changed"},
	"instrument":   {"added", "wording_loaded"},
	"organisation": {"added", "changed", "email_confirmed"},
	"service":      {"added", "changed", "email_confirmed", "capacity_set"},
	"directory":    {"imported"},
	"api_key":      {"added", "changed", "confirmed", "replaced", "revoked"},
	"webhook":      {"added", "changed", "removed", "replayed", "secret_replaced", "disabled"},
	"project": {
		"added",
		"approved",
		"member_added",
		"member_removed",
		"study_changed",
		"note_added",
		"note_removed",
		"interview_added",
		"interview_removed",
		"quote_chosen",
		"quote_approved",
		"quote_refused",
		"quote_taken_back",
		"update_published",
		"update_link_made",
		"update_withdrawn",
	},
	"release": {"requested", "tried", "ready", "refused", "failed", "downloaded"},
}

// Types are all types of events, such as referral.sent, in the order of the alphabet.
func Types() (list []string) {
	for _, family := range Families() {
		for _, what := range types[family] {
			list = append(list, family+"."+what)
		}
	}
	slices.Sort(list)
	return list
}

// Families are the kinds of things that something happens to, in the order of the alphabet.
func Families() []string { return slices.Sorted(maps.Keys(types)) }

// Names reports whether a pattern names types that there are: one such as referral.sent, a family such as
// referral.*, or * for all.
func Names(pattern string) bool {
	family, what, _ := strings.Cut(pattern, ".")
	known, there := types[family]
	return pattern == "*" || there && (what == "*" || slices.Contains(known, what))
}
