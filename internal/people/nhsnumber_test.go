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
		"943 476 5919": "9434765919", "943-476-5919": "9434765919",
	} {
		if got, ok := NHSNumber(text); !ok || got != want {
			t.Errorf("%s: %s %v", text, got, ok)
		}
	}
	// 999000000x would need the check digit ten, which is never issued.
	for _, text := range []string{"", "943476591", "94347659190", "9434765918", "943476591x", "９434765919", "9990000000", "9990000001", "9990000009"} {
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
