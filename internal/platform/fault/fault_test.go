package fault

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestWithin(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	for _, c := range []struct {
		err  error
		want []Field
	}{
		{InvalidAt("need", Required, "is needed").At("body", NotAllowed, "lacks it").
			At("query.x", NotAllowed, "is odd"), []Field{{"body.referrals[1].need", Required, "is needed"},
			{"body.referrals[1]", NotAllowed, "lacks it"}, {"query.x", NotAllowed, "is odd"}}},
		{InvalidAt("needs.others", NotAllowed, "repeats"), []Field{{"body.referrals[1].needs.others", NotAllowed, "repeats"}}},
		{fmt.Errorf("wrapped: %w", New(Conflict, "The service is closed.").Because(cause)),
			[]Field{{"body.referrals[1]", NotAllowed, "The service is closed."}}},
		{New(Unavailable, "The database is busy."), nil},
	} {
		var f *Error
		if got := Within("referrals[1]", c.err); !errors.As(got, &f) || !slices.Equal(f.Fields, c.want) {
			t.Errorf("%v: %+v", c.err, got)
		}
		if errors.Is(c.err, cause) != errors.Is(f, cause) {
			t.Errorf("%v: the cause is lost", c.err)
		}
	}
	one := InvalidAt("need", Required, "is needed")
	if _ = Within("a", one); one.Fields[0].Location != "body.need" {
		t.Error("the fault itself was changed")
	}
	if Within("a", nil) != nil || Within("a", cause) != cause {
		t.Error("what is no fault was changed")
	}
}

// A fault that a package declares is a value: what is said of one failure stays with that failure, whoever
// else fails at the time.
func TestFaultsAreValues(t *testing.T) {
	t.Parallel()
	declared := New(Unavailable, "The place does not answer.").At("query.of", NotAllowed, "is one of all")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			cause, place := fmt.Errorf("cause %d", i), fmt.Sprintf("body.field_%d", i)
			f := declared.Because(cause).At(place, NotAllowed, "is wrong").RetryIn(time.Duration(i) * time.Second)
			if !errors.Is(f, cause) || len(f.Fields) != 2 || f.Fields[1].Location != place ||
				f.RetryAfter != time.Duration(i)*time.Second {
				t.Errorf("%d: it is told as %+v", i, f)
			}
			if !errors.Is(f, declared) || !errors.Is(fmt.Errorf("wrapped: %w", f), declared) ||
				!errors.Is(Within("part", f), declared) {
				t.Errorf("%d: it is no longer what was declared: %v", i, f)
			}
			if errors.Is(f, New(Unavailable, "Something else.")) || errors.Is(f, New(Conflict, declared.Detail)) ||
				errors.Is(f, errors.New("x")) {
				t.Errorf("%d: it passes for another fault", i)
			}
		})
	}
	all.Wait()
	if declared.Cause != nil || len(declared.Fields) != 1 || declared.RetryAfter != 0 {
		t.Errorf("what was declared was changed: %+v", declared)
	}
}
