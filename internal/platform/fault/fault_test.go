package fault

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

func TestWithin(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	for _, c := range []struct {
		err  error
		want []Field
	}{
		{InvalidAt("need", "is needed").At("body", "lacks it").At("query.x", "is odd"), []Field{{"body.referrals[1].need", "is needed"}, {"body.referrals[1]", "lacks it"}, {"query.x", "is odd"}}},
		{InvalidAt("needs.others", "repeats"), []Field{{"body.referrals[1].needs.others", "repeats"}}},
		{fmt.Errorf("wrapped: %w", New(Conflict, "The service is closed.").Because(cause)), []Field{{"body.referrals[1]", "The service is closed."}}},
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
	one := InvalidAt("need", "is needed")
	if _ = Within("a", one); one.Fields[0].Location != "body.need" {
		t.Error("the fault itself was changed")
	}
	if Within("a", nil) != nil || Within("a", cause) != cause {
		t.Error("what is no fault was changed")
	}
}
