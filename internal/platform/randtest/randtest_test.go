package randtest

import (
	"fmt"
	"strings"
	"testing"
)

// failing is a test that failed, and keeps what it printed.
type failing struct {
	testing.TB
	ends    []func()
	printed string
}

func (f *failing) Helper()                    {}
func (f *failing) Failed() bool               { return true }
func (f *failing) Cleanup(end func())         { f.ends = append(f.ends, end) }
func (f *failing) Logf(form string, a ...any) { f.printed += fmt.Sprintf(form, a...) }

// The seed that a failed test prints gives its numbers again.
func TestASeedIsGivenAgain(t *testing.T) {
	var f failing
	source := New(&f)
	first := fmt.Sprint(source.Perm(10), source.IntN(1000))
	for _, end := range f.ends {
		end()
	}
	_, seed, found := strings.Cut(f.printed, variable+"=")
	if !found {
		t.Fatalf("printed %q", f.printed)
	}
	t.Setenv(variable, seed)
	again := New(&f)
	if second := fmt.Sprint(again.Perm(10), again.IntN(1000)); second != first {
		t.Errorf("%s, then %s", first, second)
	}
}
