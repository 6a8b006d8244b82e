package api_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"waypost/docs"
)

// wholeSentence is a text that begins with a capital, a digit, a quote or a code, and ends with a full stop.
var wholeSentence = regexp.MustCompile("(?s)^[A-Z0-9\"'“`*(].*[.…]$")

// A description that was cut in half by a tag's comma, or that never was a sentence, does not reach a reader.
func TestDescriptionsAreWholeSentences(t *testing.T) {
	t.Parallel()
	var doc any
	if err := yaml.Unmarshal(docs.OpenAPI, &doc); err != nil {
		t.Fatal(err)
	}
	descriptions := 0
	for at, text := range descriptionsOf(t, doc) {
		descriptions++
		for paragraph := range strings.SplitSeq(text, "\n\n") {
			for line := range strings.SplitSeq(paragraph, "\n- ") {
				line = strings.TrimPrefix(strings.TrimSpace(line), "- ")
				if !wholeSentence.MatchString(line) {
					t.Errorf("%s: not whole sentences: %q", at, line)
				}
				if !strings.Contains(line, " ") {
					t.Errorf("%s: one word does not describe it: %q", at, line)
				}
			}
		}
	}
	if descriptions < 1000 {
		t.Errorf("only %d descriptions were found", descriptions)
	}
}

// descriptionsOf is every description of the document, by its place.
func descriptionsOf(t *testing.T, doc any) map[string]string {
	t.Helper()
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(b, &tree); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	collectDescriptions(tree, "", false, all)
	return all
}

// collectDescriptions walks the document. Below names, such as properties, a key is a name that somebody
// chose: a field that is called description is no description.
func collectDescriptions(node any, at string, names bool, all map[string]string) {
	switch n := node.(type) {
	case map[string]any:
		for key, value := range n {
			text, isText := value.(string)
			switch {
			case names:
				collectDescriptions(value, at+"/"+key, false, all)
			case key == "description" && isText:
				all[at] = text
			case key == "example" || key == "examples" || key == "default" || key == "enum":
			default:
				collectDescriptions(value, at+"/"+key, holdsNames[key], all)
			}
		}
	case []any:
		for i, value := range n {
			collectDescriptions(value, fmt.Sprintf("%s[%d]", at, i), false, all)
		}
	}
}

var holdsNames = map[string]bool{
	"properties": true, "paths": true, "schemas": true, "responses": true, "headers": true, "parameters": true,
	"securitySchemes": true, "content": true, "webhooks": true,
}
