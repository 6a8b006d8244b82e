// Package codes holds the closed lists of codes: one embedded seed from which the
// reference tables, GET /v1/code-lists and the enums of the API's document all come.
package codes

import (
	_ "embed"
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"
)

// Code is one code of a list.
type Code struct {
	// The code as records hold it.
	Code string `json:"code" yaml:"code"`
	// What it rolls up to, where a list has groups.
	Group string `json:"group,omitempty" yaml:"group"`
	// What it means.
	Gloss string `json:"gloss" yaml:"gloss"`
	// Whose reason it is, where a list of reasons has sides.
	Side string `json:"side,omitempty" yaml:"side"`
	// What it means in the words of an organisation that says it of itself, where it differs from the
	// gloss.
	Ours string `json:"organisation_gloss,omitempty" yaml:"ours"`
	// True for a need that nobody else may learn of: see sensitive of a service.
	Sensitive bool `json:"sensitive,omitempty" yaml:"sensitive"`
	// False for a code that old records hold and new ones may not.
	Active bool `json:"active" yaml:"-"`
}

// OrganisationWording is the gloss for organisations, or else the general one.
func (c Code) OrganisationWording() string {
	if c.Ours != "" {
		return c.Ours
	}
	return c.Gloss
}

// List is a closed list of codes, in the order in which people should see them.
type List struct {
	// The list's name.
	Name string `json:"name"`
	// What the list is for.
	Doc string `json:"doc" yaml:"doc"`
	// Its codes, in order.
	Codes []Code `json:"codes" yaml:"codes"`

	Groups map[string]string `json:"-"` // what a group is called, as an organisation says it; where a page shows the list in groups
}

//go:embed codes.yaml
var seed []byte

var lists = load()

// load reads the seed; it is part of the program, so a fault in it stops the program at once.
func load() map[string]List {
	var doc yaml.Node
	if err := yaml.Unmarshal(seed, &doc); err != nil {
		panic(err)
	}
	out := map[string]List{}
	pairs := doc.Content[0].Content
	for i := 0; i < len(pairs); i += 2 {
		var raw struct {
			Doc    string
			Groups map[string]string
			Codes  []Code
			Union  []string
		}
		if err := pairs[i+1].Decode(&raw); err != nil {
			panic(err)
		}
		list := List{Name: pairs[i].Value, Doc: raw.Doc, Groups: raw.Groups}
		for _, other := range raw.Union {
			list.add(out[other].Codes...)
		}
		list.add(raw.Codes...)
		out[list.Name] = list
	}
	return out
}

// add appends the codes that the list has not got yet, so that a union keeps the first gloss of a shared code.
func (l *List) add(more ...Code) {
	for _, c := range more {
		if !l.has(c.Code) {
			c.Active = true
			l.Codes = append(l.Codes, c)
		}
	}
}

func (l *List) has(code string) bool {
	return slices.ContainsFunc(l.Codes, func(c Code) bool { return c.Code == code })
}

// Lookup returns the list of that name.
func Lookup(name string) (List, bool) {
	l, ok := lists[name]
	return l, ok
}

// Has reports whether the list has the code; a list that does not exist is a programming error.
func Has(list, code string) bool {
	l, ok := lists[list]
	if !ok {
		panic(fmt.Sprintf("codes: no list %q", list))
	}
	return l.has(code)
}

// SensitiveOf are the sensitive codes of a list.
func SensitiveOf(list string) (out []string) {
	for _, c := range lists[list].Codes {
		if c.Sensitive {
			out = append(out, c.Code)
		}
	}
	return out
}

// Sensitive reports whether one of the codes is a sensitive one of the list.
func Sensitive(list string, among ...string) bool {
	return slices.ContainsFunc(SensitiveOf(list), func(code string) bool { return slices.Contains(among, code) })
}

// Names lists the lists, in alphabetical order.
func Names() []string {
	names := make([]string, 0, len(lists))
	for n := range lists {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
