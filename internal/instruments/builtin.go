package instruments

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"waypost/internal/platform/fault"
)

//go:embed definitions/*.yaml
var definitions embed.FS

var builtin = load()

// load reads the definitions; they are part of the program, so a fault in them stops it at once.
func load() []Instrument {
	files, err := definitions.ReadDir("definitions")
	if err != nil {
		panic(err)
	}
	var out []Instrument
	for _, f := range files {
		text, err := definitions.ReadFile("definitions/" + f.Name())
		if err != nil {
			panic(err)
		}
		var i Instrument
		d := yaml.NewDecoder(bytes.NewReader(text))
		d.KnownFields(true)
		if err := errors.Join(d.Decode(&i), i.Validate()); err != nil {
			panic(fmt.Errorf("%s: %w", f.Name(), err))
		}
		i.fillEmptyLists()
		out = append(out, i)
	}
	return out
}

// Builtin lists the instruments that come with Waypost.
func Builtin() []Instrument { return builtin }

// BuiltinScore returns a score of an instrument that comes with Waypost.
func BuiltinScore(instrument, score string) (s Score, known bool) {
	i, err := Lookup(instrument)
	at := slices.IndexFunc(i.Scores, func(s Score) bool { return s.Code == score })
	if err != nil || at < 0 {
		return Score{}, false
	}
	return i.Scores[at], true
}

// Lookup returns the instrument of that name that comes with Waypost.
func Lookup(key string) (Instrument, error) {
	at := slices.IndexFunc(builtin, func(i Instrument) bool { return i.Key == key })
	if at < 0 {
		return Instrument{}, fault.Missing("instrument")
	}
	return builtin[at], nil
}
