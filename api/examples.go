package api

import (
	_ "embed"

	"gopkg.in/yaml.v3"

	"waypost/api/wire"
)

// exampleThings are what the document's examples tell of. A demo's document has ids of its own in their places.
var exampleThings = []string{
	"site", "link_worker", "organisation", "service", "patient", "consent", "episode", "contact", "referral", "attendance",
	"question", "assessment", "follow_up", "flag", "project", "release", "note", "interview", "quote", "update", "api_key",
	"webhook", "delivery", "event", "message", "move", "attempt",
}

//go:embed examples.yaml
var exampleTexts []byte

// Examples are those of the document.
var Examples = func() wire.Examples {
	e := wire.Examples{Things: exampleThings}
	if err := yaml.Unmarshal(exampleTexts, &e); err != nil {
		panic(err) // it is part of the program
	}
	return e
}()
