package text_test

import (
	"testing"

	"waypost/internal/platform/text"
)

func TestBlank(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", " ", "\t\r\n", "\u00a0", "\u200b\ufeff", "\u3164", "\u2800", "\ufe0f"} {
		if !text.Blank(s) || text.OrNil(s) != nil {
			t.Errorf("%+q is seen", s)
		}
	}
	for _, s := range []string{".", " a ", "é", "名"} {
		if text.Blank(s) || text.OrNil(s) == nil || *text.OrNil(s) != s {
			t.Errorf("%+q is blank", s)
		}
	}
}

func TestOneLine(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"a\nb", "a\r", "a\tb", "a\x7f", "a\u0085b", "a\u2028b", "a\u2029b", "a\u202eb",
		"a\u202a", "a\u2066b", "a\u2069", "\x1b[2J"} {
		if text.OneLine(s) {
			t.Errorf("%+q is one line", s)
		}
	}
	for _, s := range []string{"", "Anne-Marie O’Neill", "דנה\u200f", "\u0646\u200c\u0631", "👩\u200d⚕️"} {
		if !text.OneLine(s) {
			t.Errorf("%+q is not one line", s)
		}
	}
}

func TestTrim(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"": "", " ": "", "a": "a", " a b ": "a b", "\u00a0a\u3000": "a", "\u200ba\ufeff": "a", "\r\na\t": "a",
		"\u2060a\u202f": "a", "דנה\u200f ": "דנה\u200f",
	} {
		if got := text.Trim(written); got != want {
			t.Errorf("%+q becomes %+q and not %+q", written, got, want)
		}
	}
}
