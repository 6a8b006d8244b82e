package leaktest

import (
	"strings"
	"testing"
)

func TestWhatMayBeThereByChance(t *testing.T) {
	t.Parallel()
	for _, weak := range []string{"", "943", "1950", "07700", "900001", "10:15", "Sam", "Mary", "zq", "First", "deadbeef"} {
		if chance(weak) <= rarest {
			t.Errorf("%q may be in an id or a token", weak)
		}
	}
	for _, fit := range []string{"Marigold", "stigma", "9434765919", "07700 900001", "1950-04-01", "sam@", "NHS No",
		strings.Repeat("x", 50)} {
		if chance(fit) > rarest {
			t.Errorf("%q is in no id and no token", fit)
		}
	}
}

// record is a test that keeps what it is told.
type record struct {
	testing.TB
	errors, fatal int
}

func (r *record) Helper()               {}
func (r *record) Errorf(string, ...any) { r.errors++ }
func (r *record) Fatalf(string, ...any) { r.fatal++ }

func TestHidden(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text          string
		errors, fatal int
	}{{"Marigold Example", 1, 0}, {"Example", 0, 0}} {
		var r record
		if Hidden(&r, "a text", c.text, "Marigold", "Lives alone"); r.errors != c.errors || r.fatal != c.fatal {
			t.Errorf("%q: %+v", c.text, r)
		}
	}
	var r record
	if Hidden(&r, "a text", "nothing", "943"); r.fatal != 1 {
		t.Error("a short number is looked for")
	}
}
