package demo

import (
	"embed"
	"fmt"

	"gopkg.in/yaml.v3"

	"waypost/internal/platform/db"
)

//go:embed words/*.yaml
var files embed.FS

// place is a town that nobody will find on a map.
type place struct {
	Name        string
	Code        string
	ODSCode     string `yaml:"ods_code"`
	Latitude    float64
	Longitude   float64
	Share       int     // how many of a demo's people live there, against the other places
	FollowedUp  int     `yaml:"followed_up"` // of a hundred people, 0 to 34, see plotsAt
	Deprived    float64 // 0 to 1
	Diverse     float64 // how much is not White British
	Services    int
	Halls       []string
	LinkWorkers []string `yaml:"link_workers"`
}

// offers are the organisations and services that a place may have.
type offers struct {
	Organisations []struct {
		Key, Name, Description string
		Popular                bool
	}
	Services []offer
}

type offer struct {
	Key, By, Name, Type, Fees, Eligibility, Description string
	Needs                                               db.Texts
	Few                                                 bool // a person comes two or three times, not week after week
}

// heritage is names that mostly go together.
type heritage struct {
	Ethnic   []string
	Language string
	Female   []string
	Male     []string
	Family   []string
}

type phrasebook struct {
	ShortNames       map[string]string `yaml:"short_names"`
	WhatMatters      []string          `yaml:"what_matters"`
	Risks            []string
	RequestedActions []string `yaml:"requested_actions"`
	Reasons          []string
	Notes            []string
	AccessNeeds      []string `yaml:"access_needs"`
	PauseReasons     []string `yaml:"pause_reasons"`
	NotObtained      []string `yaml:"not_obtained"`
	OtherServices    []string `yaml:"other_services"`
	Better           []string
	Same             []string
	Worse            []string
	Closing          []string
	ClosureNotes     []string `yaml:"closure_notes"`
}

// happened is what a study tells of itself: who pays, of what it consists, and what happened how many days ago.
type happened struct {
	Study struct {
		Funder, Reference, Contact, Thanks, Disclaimer string
	}
	Packages []struct {
		Code, Title, Status string
		From, To            int // in days from today
	}
	Notes []struct {
		Ago               int
		Kind, Group, Text string
	}
	Interviews []struct {
		Package, Kind, Mode string
		Each                int // at each site
		Ago                 int
	}
}

var (
	places  = read[[]place]("places")
	catalog = read[offers]("services")
	names   = read[[]heritage]("names")
	phrases = read[phrasebook]("phrases")
	toldOf  = read[happened]("study")
)

// read takes a word list; it is part of the program, so a fault in it stops the program at once.
func read[T any](name string) (out T) {
	text, err := files.ReadFile("words/" + name + ".yaml")
	if err == nil {
		err = yaml.Unmarshal(text, &out)
	}
	if err != nil {
		panic(fmt.Errorf("demo: words of %s: %w", name, err))
	}
	return out
}
