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

var registry = load()

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

// Instruments lists those that come with Waypost.
func Instruments() []Instrument { return registry }

// Lookup returns the instrument of that name that comes with Waypost.
func Lookup(key string) (Instrument, error) {
	at := slices.IndexFunc(registry, func(i Instrument) bool { return i.Key == key })
	if at < 0 {
		return Instrument{}, fault.Missing("instrument")
	}
	return registry[at], nil
}
