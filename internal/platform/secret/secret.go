// Package secret makes what only its holder may know, such as an API key or a person's own link, and what
// is stored of it.
package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// New makes a secret: the prefix and 256 random bits, in characters that a URL takes as they are.
func New(prefix string) string {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return prefix + base64.RawURLEncoding.EncodeToString(b)
}

// Hash is what is stored of a secret. 256 random bits need no salt and no slow hash.
func Hash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
