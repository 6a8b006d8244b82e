package referrals

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/codes"
	"waypost/internal/platform/day"
)

// The moves that each role may make, written out a second time: a change of the table in lifecycle.go must be meant.
func TestAllowedMoves(t *testing.T) {
	t.Parallel()
	anAnswer := []Status{Accepted, Waitlisted, Declined, InProgress, Completed, NotCompleted}
	want := map[Status][]Status{
		Draft: {
			Sent,
			Withdrawn,
		},
		Sent:    append(slices.Clone(anAnswer), Withdrawn),
		Expired: append(slices.Clone(anAnswer), Withdrawn),
		Accepted: {
			Waitlisted,
			InProgress,
			Completed,
			NotCompleted,
			Declined,
			Withdrawn,
		},
		Waitlisted:   {Accepted, InProgress, NotCompleted, Declined, Withdrawn},
		InProgress:   {Waitlisted, Completed, NotCompleted, Withdrawn},
		Declined:     {Accepted, Waitlisted},
		Completed:    {},
		NotCompleted: {},
		Withdrawn:    {},
		Signposted:   {},
	}
	for from, to := range want {
		got := Allowed(from, actor.LinkWorker)
		to = append(to, EnteredInError)
		slices.Sort(got)
		slices.Sort(to)
		if !slices.Equal(got, to) {
			t.Errorf("from %s: %v, want %v", from, got, to)
		}
	}
	if len(Allowed(EnteredInError, actor.LinkWorker)) != 0 {
		t.Error("a referral that was entered in error can be moved")
	}
	for _, from := range Statuses() {
		expires := slices.Contains(Allowed(from, actor.System), Expired)
		if expires != (from == Sent) {
			t.Errorf("the system may expire %s: %v", from, expires)
		}
		for _, to := range Allowed(from, actor.Organisation) {
			if !slices.Contains(anAnswer, to) {
				t.Errorf("an organisation may move %s to %s", from, to)
			}
		}
	}
}

func TestReasons(t *testing.T) {
	t.Parallel()
	for to, takes := range map[Status][]string{
		Declined: {"no_capacity", "not_interested_now", "other"}, NotCompleted: {"risk_or_safety", "unwell"},
		Withdrawn: {"sent_in_error", "moved", "transport"}, Waitlisted: {"under_1_month", "not_known"},
	} {
		for _, reason := range takes {
			if err := checkReason(to, &reason); err != nil {
				t.Errorf("%s refuses %s: %v", to, reason, err)
			}
		}
		nonsense := "nonsense"
		if checkReason(to, nil) == nil || checkReason(to, &nonsense) == nil {
			t.Errorf("%s is accepted without a reason, or with one that is in no list", to)
		}
	}
	reason := "other"
	if checkReason(Accepted, &reason) == nil || checkReason(Accepted, nil) != nil {
		t.Error("a move to accepted must have no reason, and is refused without one or taken with one")
	}
	for _, list := range reasons[Declined] {
		if _, ok := codes.Lookup(list); !ok {
			t.Errorf("no list %s", list)
		}
	}
}

// The progress of a referral is what its moves give when they are replayed, so that undoing the latest move gives the
// progress that there was before it.
func TestProgressIsItsMoves(t *testing.T) {
	t.Parallel()
	sent := time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC)
	replay := func(moves []Move) Progress {
		p := Progress{Status: Sent, SentAt: &sent}
		for _, m := range moves {
			p = p.after(m, day.Of(m.OccurredAt))
		}
		return p
	}
	rapid.Check(t, func(t *rapid.T) {
		var moves []Move
		before := replay(nil)
		for i := range rapid.IntRange(0, 6).Draw(t, "moves") {
			p := replay(moves)
			may := Allowed(p.Status, actor.LinkWorker)
			if len(may) == 0 {
				break
			}
			before = p
			side := rapid.SampledFrom([]actor.Side{actor.SideOrganisation, actor.SidePatient, actor.SideLinkWorker}).
				Draw(t, "side")
			moves = append(
				moves,
				Move{
					To:         rapid.SampledFrom(may).Draw(t, "to"),
					Side:       side,
					OccurredAt: sent.Add(time.Duration(i) * time.Hour),
				},
			)
			p = replay(moves)
			if (p.EndedOn != nil) != slices.Contains(ends, p.Status) {
				t.Errorf("%s: ended on %v", p.Status, p.EndedOn)
			}
			if before.RespondedAt != nil && !p.RespondedAt.Equal(*before.RespondedAt) {
				t.Error("a later move changed when the first answer came")
			}
		}
		if len(moves) > 0 && !reflect.DeepEqual(replay(moves[:len(moves)-1]), before) {
			t.Errorf("undoing the latest of %v does not give what there was", moves)
		}
	})
}
