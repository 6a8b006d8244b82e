package api_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"waypost/api/wire"
	"waypost/docs"
)

// A field that is new in an answer breaks no client that validates, while one that nobody knows in a
// request is refused.
func TestAnswersMayGrowAndRequestsMayNot(t *testing.T) {
	t.Parallel()
	doc, _ := operations(t)
	var published struct {
		Components struct{ Schemas map[string]map[string]any }
	}
	if err := yaml.Unmarshal(docs.OpenAPI, &published); err != nil {
		t.Fatal(err)
	}
	schemas := published.Components.Schemas
	for _, answer := range []string{"Me", "Patient", "Referral", "Problem"} {
		if schemas[answer] == nil || schemas[answer]["additionalProperties"] != nil {
			t.Errorf("%s forbids further fields", answer)
		}
		if doc.Components.Schemas.Map()[answer].AdditionalProperties != false {
			t.Errorf("%s is open for our own tests too", answer)
		}
	}
	for _, request := range []string{"NewPatient", "NewReferral", "NewEpisode", "NewIntake"} {
		if schemas[request]["additionalProperties"] != false {
			t.Errorf("%s takes further fields", request)
		}
	}
}

func TestTheDocumentBeginsWithItsHeadAndSaysThingsOnce(t *testing.T) {
	t.Parallel()
	at := 0
	for _, key := range []string{"openapi:", "\ninfo:", "\nservers:", "\ntags:", "\npaths:", "\ncomponents:"} {
		found := bytes.Index(docs.OpenAPI, []byte(key))
		if found < at {
			t.Errorf("%q stands at byte %d, before byte %d", strings.TrimSpace(key), found, at)
		}
		at = found
	}
	for _, said := range []string{"A repeat within 24 hours gets the first answer", "The ETag of the version that was read"} {
		if n := bytes.Count(docs.OpenAPI, []byte(said)); n != 1 {
			t.Errorf("%q stands %d times", said, n)
		}
	}
}

// The two forms of the document say the same.
func TestTheDocumentAsJSON(t *testing.T) {
	t.Parallel()
	inJSON, err := wire.DocumentJSON(docs.OpenAPI, "")
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	if err := json.Unmarshal(inJSON, &got); err != nil {
		t.Fatal(err)
	}
	inYAML, err := wire.DocumentYAML(docs.OpenAPI, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(inYAML, &want); err != nil {
		t.Fatal(err)
	}
	if want = asSent(t, want); !reflect.DeepEqual(got, want) {
		t.Error("openapi.json and openapi.yaml differ")
	}
}

// An object that may be null is a reference or null, so that a client generated from the document has a name for it.
func TestObjectsThatMayBeNullHaveAName(t *testing.T) {
	t.Parallel()
	var published any
	if err := yaml.Unmarshal(docs.OpenAPI, &published); err != nil {
		t.Fatal(err)
	}
	nullable := 0
	var check func(n any, at string)
	check = func(n any, at string) {
		switch n := n.(type) {
		case map[string]any:
			if types, is := n["type"].([]any); is {
				nullable++
				if types[0] == "object" && n["properties"] != nil {
					t.Errorf("%s: an object without a name", at)
				}
			}
			for name, c := range n {
				check(c, at+"/"+name)
			}
		case []any:
			for _, c := range n {
				check(c, at)
			}
		}
	}
	check(published, "")
	if nullable < 100 {
		t.Errorf("only %d fields that may be null were found", nullable)
	}
}
