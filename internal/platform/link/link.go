// Package link makes the secret links: whoever holds one needs no key, and may do the one thing that it is for.
// A link ends with its token, of which only a hash is stored.
package link

import (
	"crypto/subtle"

	"waypost/internal/platform/secret"
)

// Kind is what a link is for. It is the start of the link's path.
type Kind string

// The kinds of links. Links that were handed out go on working for years: never change these.
const (
	FollowUp Kind = "/f/" // a person answers one follow-up
	Reply    Kind = "/r/" // an organisation answers one referral
	Update   Kind = "/u/" // everybody reads a published update of a study
)

// Kinds are all kinds of links.
var Kinds = []Kind{FollowUp, Reply, Update}

// Path is the path of a link under the public URL.
func (k Kind) Path(token string) string { return string(k) + token }

// URL is the whole link, as it is handed out.
func (k Kind) URL(publicURL, token string) string { return publicURL + k.Path(token) }

// NewToken makes the token of a new link, and the hash to store.
func NewToken() (token string, hash []byte) {
	token = secret.New("")
	return token, Hash(token)
}

// Hash is what is stored of a token.
func Hash(token string) []byte { return secret.Hash(token) }

// Matches reports whether a stored hash is that of the token, in a time that does not depend on either.
func Matches(hash []byte, token string) bool {
	return subtle.ConstantTimeCompare(hash, Hash(token)) == 1
}
