package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"waypost/api"
	"waypost/internal/platform/db/dbtest"
	random "waypost/internal/platform/secret"
)

// No letter of a token is one that a route reads otherwise: whatever a link that does not work looks like,
// it is answered alike.
func TestATokenMayHoldAnyLetters(t *testing.T) {
	t.Parallel()
	server := api.New(on(dbtest.New(t)))
	letters := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	var all []string
	for i := range letters {
		letter := letters[i : i+1]
		whole := random.New("")
		all = append(all, letter, letter+whole[1:], whole[:39]+letter, whole[:42]+letter)
	}
	for _, root := range []string{"/v1/replies/", "/r/", "/f/", "/u/"} {
		first := ""
		for i, token := range all {
			r := httptest.NewRequest(http.MethodGet, root+token, nil)
			r.RemoteAddr = fmt.Sprintf("127.%d.%d.1:1", len(root), i) // an address each: tokens must not be tried out
			w := httptest.NewRecorder()
			if server.ServeHTTP(w, r); i == 0 {
				first = w.Body.String()
			}
			if w.Code != http.StatusNotFound || w.Body.String() != first {
				t.Errorf("%s%s: %d %s", root, token, w.Code, w.Body)
			}
		}
	}
}

// The tests' own client sends a token that ends like /readyz to the API.
func TestPathsOutsideTheAPI(t *testing.T) {
	t.Parallel()
	for path, outside := range map[string]bool{
		"/": true, "/readyz": true, "/livez": true, "/v1/me": true, "/docs/": true, "/openapi.json": true,
		"/replies/abcz": false, "/events?cursor=z": false,
	} {
		if outsideV1.MatchString(path) != outside {
			t.Errorf("%s: outside the API is %t", path, !outside)
		}
	}
}
