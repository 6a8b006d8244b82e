// Package stores makes the stores of every area, once for each process: the API, its jobs and the commands share them.
package stores

import (
	"waypost/internal/casework"
	"waypost/internal/datasets"
	"waypost/internal/directory"
	"waypost/internal/episodes"
	"waypost/internal/gpmessage"
	"waypost/internal/insights"
	"waypost/internal/instruments"
	"waypost/internal/keys"
	"waypost/internal/outcomes"
	"waypost/internal/partners"
	"waypost/internal/people"
	"waypost/internal/platform/db"
	"waypost/internal/platform/outbox"
	"waypost/internal/referrals"
	"waypost/internal/sites"
	"waypost/internal/study"
	"waypost/internal/worklists"
)

// Stores are the stores on one database.
type Stores struct {
	DB *db.DB

	Casework    *casework.Store
	Datasets    *datasets.Store
	Directory   *directory.Store
	Episodes    *episodes.Store
	GPMessages  *gpmessage.Store
	Insights    *insights.Store
	Instruments *instruments.Store
	Keys        *keys.Store
	Outbox      *outbox.Store
	Outcomes    *outcomes.Store
	Partners    *partners.Store
	People      *people.Store
	Referrals   *referrals.Store
	Sites       *sites.Store
	Study       *study.Store
	Worklists   *worklists.Store
}

// New makes the stores. What only a server has, such as the master key and the place of files, it sets itself.
func New(d *db.DB) *Stores {
	s := &Stores{
		DB:          d,
		Datasets:    &datasets.Store{DB: d},
		Directory:   &directory.Store{DB: d},
		Episodes:    &episodes.Store{DB: d},
		GPMessages:  &gpmessage.Store{DB: d},
		Insights:    &insights.Store{DB: d},
		Instruments: &instruments.Store{DB: d},
		Keys:        &keys.Store{DB: d},
		Outbox:      &outbox.Store{DB: d},
		Outcomes:    &outcomes.Store{DB: d},
		Partners:    &partners.Store{DB: d},
		People:      &people.Store{DB: d},
		Referrals:   &referrals.Store{DB: d},
		Sites:       &sites.Store{DB: d},
		Worklists:   &worklists.Store{DB: d},
	}
	s.Casework = &casework.Store{
		DB:        d,
		People:    s.People,
		Episodes:  s.Episodes,
		Referrals: s.Referrals,
		Outcomes:  s.Outcomes,
	}
	s.Study = &study.Store{DB: d, Insights: s.Insights}
	return s
}
