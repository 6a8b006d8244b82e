package link_test

import (
	"encoding/hex"
	"regexp"
	"testing"

	"waypost/internal/platform/link"
)

// Links that people hold were stored in this form: they must go on working.
const (
	oldToken = "Zm9yIHRoZSB0ZXN0OiBhIGZpeGVkIHRva2VuLCAzMiE"
	oldHash  = "8b582d505a1c5ab362105bd427759f83fce72b9084c53c653b5e65744ab562e1"
)

func TestOldLinksWork(t *testing.T) {
	t.Parallel()
	if got := hex.EncodeToString(link.Hash(oldToken)); got != oldHash {
		t.Errorf("the hash of an old token is %s, stored is %s", got, oldHash)
	}
	stored, err := hex.DecodeString(oldHash)
	if err != nil {
		t.Fatal(err)
	}
	if !link.Matches(stored, oldToken) {
		t.Error("an old token does not match its stored hash")
	}
	for kind, want := range map[link.Kind]string{
		link.FollowUp: "https://waypost.example/f/" + oldToken,
		link.Reply:    "https://waypost.example/r/" + oldToken,
		link.Update:   "https://waypost.example/u/" + oldToken,
	} {
		if got := kind.URL("https://waypost.example", oldToken); got != want {
			t.Errorf("%s is not %s", got, want)
		}
	}
}

func TestNewTokens(t *testing.T) {
	t.Parallel()
	token, hash := link.NewToken()
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`).MatchString(token) {
		t.Errorf("%q is not 256 bits in characters that a URL takes", token)
	}
	if !link.Matches(hash, token) {
		t.Error("the hash of a new token is not its own")
	}
	other, _ := link.NewToken()
	if other == token || link.Matches(hash, other) || link.Matches(nil, token) || link.Matches(hash, "") {
		t.Error("another token matches")
	}
}
