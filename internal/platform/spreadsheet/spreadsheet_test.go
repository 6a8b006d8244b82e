package spreadsheet

import "testing"

func TestText(t *testing.T) {
	t.Parallel()
	for _, run := range []string{"=1+1", "+44 1632 960000", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠SUM(A1)", "="} {
		if got := Text(run); got != "'"+run || !Formula([]byte(run)) {
			t.Errorf("%q is written as %q", run, got)
		}
	}
	for _, plain := range []string{"", "a", "1", "a=b", "2026-01-01", "'=1", " =1", "É", "\xff", "\xef\xbc"} {
		if got := Text(plain); got != plain || Formula([]byte(plain)) {
			t.Errorf("%q is written as %q", plain, got)
		}
	}
}
