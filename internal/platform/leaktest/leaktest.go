// Package leaktest looks in a text for what must not be in it, and refuses to look for what the text may
// hold by chance: ids, tokens and times are random letters and digits, so a short word or number turns a
// test red once in a while.
package leaktest

import (
	"math"
	"strings"
	"testing"
)

// rarest is the highest chance at one place of a text that a secret may have: six letters of a token, or ten digits.
const rarest = 1e-10

// Hidden fails the test for each of the secrets that the text holds.
func Hidden(t testing.TB, where, text string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		if chance(secret) > rarest {
			t.Fatalf(
				"%q may be in a text by chance, in an id or a token: look for a longer word, or one with a space",
				secret,
			)
		}
		if strings.Contains(text, secret) {
			t.Errorf("%s holds %q: %s", where, secret, text)
		}
	}
}

// chance is how likely a secret is at one place of a random id, token or time of day.
func chance(secret string) float64 {
	return max(
		// a UUID, a hash, a trace
		within(secret, "0123456789abcdef-", 16),
		within(secret, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=", 64), // a token, a cursor
		within(secret, "0123456789:.+TZ", 10),                                                     // a time, a number
	)
}

func within(secret, alphabet string, size float64) float64 {
	for _, r := range secret {
		if !strings.ContainsRune(alphabet, r) {
			return 0
		}
	}
	return math.Pow(size, -float64(len(secret)))
}
