package people

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

func TestNHSNumber(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"9434765919": "9434765919", "4010232137": "4010232137", "9990000018": "9990000018", "9990000123": "9990000123",
		"943 476 5919": "9434765919", "943-476-5919": "9434765919", "943\u00a0476\u20095919": "9434765919",
		"\u200b943\u2011476\u20135919\t\n": "9434765919",
	} {
		if got, ok := NHSNumber(text); !ok || got != want {
			t.Errorf("%s: %s %v", text, got, ok)
		}
	}
	// 999000000x would need the check digit ten, which is never issued.
	for _, text := range []string{"", "943476591", "94347659190", "9434765918", "943476591x", "９434765919",
		"9990000000", "9990000001", "9990000009"} {
		if _, ok := NHSNumber(text); ok {
			t.Errorf("%s was taken for an NHS number", text)
		}
	}
}

// One digit mistyped, or two neighbours swapped, is always noticed: that is what the check digit is for.
func TestNHSNumberNoticesSlips(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		digits := []byte(fmt.Sprintf("%09d0", rapid.IntRange(400_000_000, 799_999_999).Draw(t, "nine digits")))
		for d := byte('0'); d <= '9'; d++ {
			digits[9] = d
			if _, ok := NHSNumber(string(digits)); ok {
				break
			}
		}
		if _, ok := NHSNumber(string(digits)); !ok {
			t.Skip("these nine digits have no check digit")
		}
		slip := append([]byte{}, digits...)
		i := rapid.IntRange(0, 8).Draw(t, "at")
		if rapid.Bool().Draw(t, "swap") {
			slip[i], slip[i+1] = slip[i+1], slip[i]
		} else {
			slip[i] = '0' + (slip[i]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		}
		if _, ok := NHSNumber(string(slip)); ok && string(slip) != string(digits) {
			t.Errorf("%s passed for %s", slip, digits)
		}
	})
}

func FuzzNHSNumber(f *testing.F) {
	f.Add("943 476 5919")
	f.Fuzz(func(t *testing.T, text string) {
		digits, ok := NHSNumber(text)
		if ok && len(digits) != 10 {
			t.Errorf("%q gave %q", text, digits)
		}
	})
}

func TestWhoHasANumber(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]numberStatus{
		"4010232137": issued, "4000000012": issued, "7999999996": issued, "3999999990": issued, "0101500006": issued,
		"9990000018": forTests, "9434765919": forTests, "9999999999": placeholder, "0000000000": placeholder,
		"5555555555": placeholder, "0123456789": placeholder, "9876543210": placeholder,
		"6000000006": placeholder, "7000000007": placeholder, "2000000002": placeholder, "4000000004": placeholder,
		"0000000019": placeholder, "9434765870": forTests,
		"5000000013": unissued, "8000000003": placeholder, "9449305552": unissued, "3213000008": issued, "3113500001": unissued,
	} {
		if got := statusOf(number); got != want {
			t.Errorf("%s: %d, and should be %d", number, got, want)
		}
	}
	for _, number := range numbers.Placeholders {
		if _, ok := NHSNumber(number); !ok {
			t.Errorf("%s does not pass the check digit: it need not be listed", number)
		}
	}
	for _, r := range append(numbers.Issued, numbers.ForTests...) {
		if len(r.From) != 10 || len(r.To) != 10 || r.From > r.To || r.Where == "" {
			t.Errorf("a range that is none: %+v", r)
		}
	}
	if numbers.ReadOn == "" || len(numbers.Sources) == 0 {
		t.Error("the list says neither when nor where it was read")
	}
}
