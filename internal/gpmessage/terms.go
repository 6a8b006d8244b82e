package gpmessage

import (
	"cmp"

	"waypost/internal/platform/codes"
)

// Term is a code of the record with what it means.
type Term struct {
	// As the record holds it; see /v1/code-lists.
	Code string `json:"code" example:"not_completed"`
	// What it means, in few words.
	Text string `json:"text" example:"Not completed"`
}

// inShort are words for codes whose gloss explains more than a practice needs. Silence is never told as a no.
var inShort = map[string]map[string]string{
	"episode_statuses": {
		"waiting": "Waiting: nobody has met the person yet",
		"active":  "Support goes on",
		"paused":  "Support is paused",
		"closed":  "Support has ended",
	},
	"referral_statuses": {
		"sent":          "Sent, and not answered yet",
		"accepted":      "Accepted",
		"waitlisted":    "On the waiting list",
		"in_progress":   "Started",
		"completed":     "Completed",
		"not_completed": "Not completed",
		"declined":      "Declined",
		"withdrawn":     "Withdrawn",
		"expired":       "No answer from the organisation, which is not a no",
		"signposted":    "Signposted: nothing was sent",
	},
}

// term is a code of a list in words.
func term(list, code string) Term {
	gloss := ""
	l, _ := codes.Lookup(list)
	for _, c := range l.Codes {
		if c.Code == code {
			gloss = c.Gloss
		}
	}
	return Term{code, cmp.Or(inShort[list][code], gloss, code)}
}

// termOf is the term of a code that may not be there.
func termOf(list string, code *string) *Term {
	if code == nil {
		return nil
	}
	t := term(list, *code)
	return &t
}
