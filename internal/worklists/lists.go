package worklists

import (
	"fmt"
	"strings"

	"waypost/internal/platform/day"
)

var lists = []List{
	{
		Name: "awaiting_reply",
		About: "Referrals that no organisation has answered, the longest silent first; those that have expired too, " +
			"since a late answer counts. Referrals about which the organisation has a question, answered or not, lead.",
		first: "l.question_on is not null",
		due:   "l.expiry_on",
		why:   whySilent,
		next:  nextOfSilent,
		may:   mayOfSilent,
	},
	{
		Name:  "caseload",
		About: "Everybody whose episode is open, by what is due next.",
		due:   "coalesce(least(l.died_on, l.first_contact_on, l.contact_on, l.follow_up_on, l.answer_on), date '9999-12-31')",
		why:   whySupported,
		next:  nextOfSupported,
		may:   mayOfSupported,
	},
	{Name: "follow_ups_due", About: "Follow-ups whose window is open, by the day that is best for asking.",
		due: "l.target_on", why: whyFollowedUp, next: nextOfFollowUp,
		may: always("record-attempt", "complete-follow-up", "create-follow-up-link", "record-follow-up-loss")},
	{
		Name:  "no_recent_contact",
		About: "People who are supported or wait to be, and whom nobody has reached for the site's contact_days, the longest first.",
		due:   "l.contact_on",
		why:   whyOutOfTouch,
		next:  func(f queryRow) *Due { return &Due{contactKind(f), *f.ContactOn} },
		may:   always("record-contact", "pause-episode", "close-episode"),
	},
	{
		Name:  "to_withdraw",
		About: "Open referrals of people who died: to be withdrawn, so that no organisation calls them.",
		due:   "l.died_on",
		why:   whyWithdrawn,
		next:  func(queryRow) *Due { return nil },
		may:   func(f queryRow) []string { return withConcerns(f, "move-referral") },
	},
	{
		Name:  "waiting_with_holding",
		About: "People on an organisation's waiting list, by when they were last held: reached while they wait.",
		due:   "l.contact_on",
		why:   whyWaiting,
		next:  nextOfWaiting,
		may:   mayOfWaiting,
	},
}

func always(operations ...string) func(queryRow) []string {
	return func(queryRow) []string { return operations }
}

// ago returns how long ago a day was, in words.
func ago(f queryRow, on day.Date) string {
	switch n := f.Today.DaysSince(on); {
	case n <= 0: // a list that was begun before midnight may hold a day after its own
		return "today"
	case n == 1:
		return "yesterday"
	default:
		return fmt.Sprintf("%d days ago", n)
	}
}

func whySupported(f queryRow) string {
	switch {
	case f.DiedOn != nil:
		return fmt.Sprintf("Died on %s; the episode is still open%s.", f.DiedOn, toWithdraw(f.OpenReferrals))
	case f.Status == "waiting":
		why := "Waits for a first contact; referred in " + ago(f, f.ReceivedOn)
		if f.OpenReferrals > 0 {
			why += "; " + plural(f.OpenReferrals, "open referral")
		}
		return why + "."
	}
	parts := []string{"Referred in " + ago(f, f.ReceivedOn)}
	switch {
	case f.Status == "paused":
		parts = []string{fmt.Sprintf("Support is paused since %s", f.PausedOn)}
	case f.MetOn != nil:
		parts = []string{fmt.Sprintf("Supported since %s", f.MetOn)}
	}
	if f.ReachedOn != nil {
		parts = append(parts, "last reached "+ago(f, *f.ReachedOn))
	} else {
		parts = append(parts, "never reached")
	}
	if f.BaselineOn == nil {
		parts = append(parts, "no baseline yet")
	}
	if f.OpenReferrals > 0 {
		parts = append(parts, plural(f.OpenReferrals, "open referral"))
	}
	return strings.Join(parts, "; ") + "."
}

// toWithdraw returns the words for the open referrals of somebody who died.
func toWithdraw(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "; 1 open referral is to be withdrawn"
	default:
		return fmt.Sprintf("; %d open referrals are to be withdrawn", n)
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// nextOfSupported returns the earliest of the days by which the list is sorted.
func nextOfSupported(f queryRow) (next *Due) {
	for _, d := range []struct {
		what string
		on   *day.Date
	}{
		{"closure", f.DiedOn},
		{"first_contact", f.FirstContactOn},
		{"contact", f.ContactOn},
		{"follow_up", f.FollowUpOn},
		{"answer", f.AnswerOn},
	} {
		if d.on != nil && (next == nil || d.on.Before(next.On)) {
			next = &Due{d.what, *d.on}
		}
	}
	return next
}

func mayOfSupported(f queryRow) []string {
	switch {
	case f.DiedOn != nil:
		return withConcerns(f, "close-episode")
	case f.Status == "paused":
		return withConcerns(f, "record-contact", "resume-episode", "close-episode")
	case f.BaselineOn == nil:
		return withConcerns(f, "record-contact", "record-assessment", "record-referral", "pause-episode", "close-episode")
	}
	return withConcerns(f, "record-contact", "record-referral", "pause-episode", "close-episode")
}

// withConcerns puts the operation that reads concerns first when there is an open one.
func withConcerns(f queryRow, operations ...string) []string {
	if f.Safeguarding {
		return append([]string{"list-concerns"}, operations...)
	}
	return operations
}

func whySilent(f queryRow) string {
	why := fmt.Sprintf("Sent %s to %s, which has not answered", ago(f, f.SentOn), f.Organisation)
	if f.QuestionOn != nil {
		why = fmt.Sprintf("%s asked a question %s, which waits to be answered", f.Organisation, ago(f, *f.QuestionOn))
	}
	if f.Status == "expired" {
		why += "; it expired, which is no answer"
	}
	if why += circumstances(f); !f.Shared {
		why += "; the person no longer agrees to share, so that it is not asked again"
	}
	return why + "."
}

// circumstances returns what a caller should know before telephoning.
func circumstances(f queryRow) string {
	switch {
	case f.DiedOn != nil:
		return fmt.Sprintf("; the person died on %s: it is to be withdrawn", f.DiedOn)
	case f.ClosedOn != nil:
		return fmt.Sprintf("; the episode was closed on %s", f.ClosedOn)
	}
	return ""
}

func nextOfSilent(f queryRow) *Due {
	switch {
	case f.QuestionOn != nil:
		return &Due{"question", *f.QuestionOn}
	case f.Status == "expired":
		return &Due{"answer", f.ExpiryOn}
	case f.ChaseOn != nil && f.DiedOn == nil && f.Shared:
		return &Due{"chase", *f.ChaseOn}
	}
	return &Due{"expiry", f.ExpiryOn}
}

func mayOfSilent(f queryRow) []string {
	if f.QuestionOn != nil {
		return withConcerns(f, "list-referral-questions", "move-referral", "record-contact")
	}
	if f.DiedOn != nil || f.ClosedOn != nil {
		return withConcerns(f, "move-referral")
	}
	if !f.Shared {
		return withConcerns(f, "move-referral", "record-contact")
	}
	return withConcerns(f, "move-referral", "create-reply-link", "record-contact")
}

func whyWithdrawn(f queryRow) string {
	return fmt.Sprintf(
		"%s still has the referral, which is %s%s.",
		f.Organisation,
		strings.ReplaceAll(f.Status, "_", " "),
		circumstances(f),
	)
}

func whyFollowedUp(f queryRow) string {
	why := fmt.Sprintf("%s is due: to be asked from %s, best by %s", f.Code, f.OpensOn, f.TargetOn)
	if f.Today.After(f.TargetOn) {
		why = fmt.Sprintf("%s is overdue since %s, and can be asked until %s", f.Code, f.TargetOn, f.ClosesOn)
	}
	if f.Attempts == 0 {
		return why + "; nobody has tried yet."
	}
	return why + fmt.Sprintf("; %s, the last %s.", plural(f.Attempts, "attempt"), ago(f, *f.AttemptedOn))
}

func nextOfFollowUp(f queryRow) *Due {
	if f.Today.After(f.TargetOn) {
		return &Due{"follow_up_closes", f.ClosesOn}
	}
	return &Due{"follow_up", f.TargetOn}
}

func contactKind(f queryRow) string {
	if f.Status == "waiting" {
		return "first_contact"
	}
	return "contact"
}

func whyOutOfTouch(f queryRow) string {
	why := fmt.Sprintf("Never reached; referred in %s", ago(f, f.ReceivedOn))
	if f.ReachedOn != nil {
		why = fmt.Sprintf("Last reached %s", ago(f, *f.ReachedOn))
	}
	if f.Attempts > 0 {
		why += "; " + plural(f.Attempts, "attempt") + " since"
	}
	return why + "."
}

func whyWaiting(f queryRow) string {
	why := fmt.Sprintf("On the waiting list of %s since %s", f.Organisation, f.WaitingSince)
	if f.ExpectedWait != nil {
		why += ", expected wait: " + strings.ToLower(*f.ExpectedWait)
	}
	if f.HeldOn == nil {
		return why + "; not held since" + circumstances(f) + "."
	}
	return why + "; last held " + ago(f, *f.HeldOn) + circumstances(f) + "."
}

func nextOfWaiting(f queryRow) *Due {
	if f.DiedOn != nil || f.ClosedOn != nil {
		return nil // there is nobody to call
	}
	return &Due{"holding", *f.ContactOn}
}

func mayOfWaiting(f queryRow) []string {
	if f.DiedOn != nil || f.ClosedOn != nil {
		return withConcerns(f, "move-referral")
	}
	return withConcerns(f, "record-contact", "move-referral", "record-attendance")
}
