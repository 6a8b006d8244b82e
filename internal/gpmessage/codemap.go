package gpmessage

import (
	_ "embed"
	"slices"

	"gopkg.in/yaml.v3"

	"waypost/internal/platform/day"
)

// mapping says which code of another system means exactly what a code of ours does.
type mapping struct {
	List    string // one of the code lists, or event_types
	Code    string // of ours
	System  string // a URI
	Concept string
	Display string
	Source  string // where the two were read to mean the same
}

//go:embed code_map.yaml
var codeMapYAML []byte

var codeMap = loadCodeMap()

// loadCodeMap reads the map; it is part of the program, so a fault in it stops it at once.
func loadCodeMap() (all []mapping) {
	if err := yaml.Unmarshal(codeMapYAML, &all); err != nil {
		panic(err)
	}
	return all
}

// coded is a code of ours in the other system, on the day it was true; none where no code means exactly that.
func coded(list, code string, on day.Date) []Code {
	at := slices.IndexFunc(codeMap, func(m mapping) bool { return m.List == list && m.Code == code })
	if at < 0 {
		return nil
	}
	m := codeMap[at]
	return []Code{{m.System, m.Concept, m.Display, on}}
}
