package demo

import (
	"math"
	"slices"
	"strings"
	"time"

	"waypost/internal/directory"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/text"
)

const openServices = 20 // at each site, at least

var days = []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday"}

// settle fills the directory around the town.
func (t *town) settle(tx *db.Tx, log *events.Log) error {
	offered := catalog.Services[:t.place.Services]
	capacities := t.capacities(len(offered))
	var batch directory.Batch
	for _, o := range catalog.Organisations {
		if slices.ContainsFunc(offered, func(s offer) bool { return s.By == o.Key }) {
			row := t.organisation(o.Key, o.Name, o.Description)
			batch.NewOrganisations = append(batch.NewOrganisations, row)
			log.Record(
				as(tx, administrator, row.CreatedAt),
				events.OrganisationAdded,
				events.Subject{ID: row.ID},
				nil,
			)
		}
	}
	for i, o := range offered {
		s := t.service(o, capacities[i])
		if s.Capacity != "closed" {
			t.offer(s)
		}
		batch.NewServices = append(batch.NewServices, s.Service)
		log.Record(as(tx, administrator, s.CreatedAt), events.ServiceAdded, events.Subject{ID: s.ID}, nil)
	}
	return batch.Write(tx)
}

// capacities says how many people each service can take: most are open, the first few always.
func (t *town) capacities(n int) []string {
	others := []string{"waitlist", "full", "assessment_required", "not_known", "closed", "waitlist"}
	out := make([]string, n)
	open := max(openServices, n*7/10)
	for i := range out {
		out[i] = "open"
		if i >= open {
			out[i] = others[i%len(others)]
		}
	}
	shuffle(t.dice, out[8:])
	return out
}

func (t *town) organisation(key, name, description string) directory.Organisation {
	at := t.site.CreatedAt.Add(time.Duration(24+t.IntN(200)) * time.Hour)
	id := db.IDAt(at)
	t.byOffer[key] = id
	home := t.domain(key)
	return directory.Organisation{
		ID: id,
		Entry: directory.Entry{
			Source:    "demo",
			SourceRef: new(t.Code + "/" + key),
			Version:   1,
			CreatedAt: at,
			UpdatedAt: at,
		},
		OrganisationDetails: directory.OrganisationDetails{
			Name: t.fill(
				name,
			),
			Description: text.Optional(t.fill(description)),
			URL:         new("https://" + home),
			Email:       new("hello@" + home),
			Phone:       new(landline(t.dice)),
			Status:      "active",
		},
	}
}

func (t *town) domain(key string) string {
	return strings.ReplaceAll(key+"."+t.Code, "_", "-") + ".example"
}

// fill puts the town's own words into a text.
func (t *town) fill(words string, more ...string) string {
	return strings.NewReplacer(append(more, "{place}", t.Name)...).Replace(words)
}

func (t *town) service(o offer, capacity string) service {
	at := t.site.CreatedAt.Add(time.Duration(240+t.IntN(200)) * time.Hour)
	hall, weekday := pick(t.dice, t.Halls), pick(t.dice, days)
	words := []string{"{hall}", hall, "{day}", weekday}
	s := service{few: o.Few, answers: len(t.services)%3 != 1}
	s.Service = directory.Service{
		ID:             db.IDAt(at),
		OrganisationID: t.byOffer[o.By],
		NeedsSource:    "stated",
		Capacity:       capacity,
		Entry: directory.Entry{
			Source:    "demo",
			SourceRef: new(t.Code + "/" + o.Key),
			Version:   1,
			CreatedAt: at,
			UpdatedAt: at,
		},
		ServiceDetails: directory.ServiceDetails{
			Name: t.fill(
				o.Name,
				words...),
			Description:  text.Optional(t.fill(o.Description, words...)),
			ActivityType: o.Type,
			Needs:        o.Needs,
			Keywords:     text.Optional(t.Name + " " + strings.ReplaceAll(o.Key, "_", " ")),
			Eligibility:  text.Optional(t.fill(o.Eligibility)),
			Fees:         text.Optional(o.Fees),
			URL:          new("https://" + t.domain(o.By) + "/" + o.Key),
			Phone:        new(landline(t.dice)),
			Address: new(
				strings.ToUpper(hall[:1]) + hall[1:] + ", " + t.Name,
			),
			Postcode: new(postcode(t.dice)),
			Status:   "active",
		},
	}
	s.FillIn()
	s.Latitude, s.Longitude = new(t.near(t.Latitude, 0.03)), new(t.near(t.Longitude, 0.045)) // some 3 km each way
	t.sayCapacity(&s.Service)
	return s
}

func (t *town) near(centre, reach float64) float64 {
	return math.Round((centre+reach*(2*t.Float64()-1))*1e5) / 1e5
}

// sayCapacity notes who said lately what the service can take. What is not known, nobody said.
func (t *town) sayCapacity(s *directory.Service) {
	if s.Capacity == "not_known" {
		return
	}
	at := t.moment(t.dice, t.yesterday.AddDays(-t.IntN(45)))
	s.CapacityAsOf, s.CapacitySetBy, s.UpdatedAt = &at, new(
		pick(t.dice, []string{"organisation", "organisation", "link_worker", "administrator"}),
	), at
	if s.Capacity == "waitlist" || s.Capacity == "full" {
		s.WaitBand = new(t.of(waits))
	}
}

// offer lets people be referred to the service: the more popular, the more often.
func (t *town) offer(s service) {
	t.services = append(t.services, s)
	tickets := 1
	if s.Capacity == "open" {
		tickets = 2
	}
	for _, o := range catalog.Organisations {
		if o.Popular && t.byOffer[o.Key] == s.OrganisationID {
			tickets *= 2
		}
	}
	for _, need := range s.Needs {
		t.byNeed[need] = append(t.byNeed[need], slices.Repeat([]int{len(t.services) - 1}, tickets)...)
	}
}
