package directory

import (
	"context"
	"math"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"waypost/internal/platform/db"
)

// Hit is a service that a search found.
type Hit struct {
	Service
	// Who offers it.
	OrganisationName string `json:"organisation_name" example:"Example Lunch Club"`
	// How far it is from the place that was asked for, in kilometres as the crow flies.
	DistanceKm *float64 `json:"distance_km" example:"1.4"`
	Order      float64  `json:"-"` // what the list is sorted by, ascending
}

// Query is what a search asks for; empty fields ask nothing.
type Query struct {
	Words          string   // found in names, keywords and descriptions; every word must be there
	Needs          []string // any of these
	ActivityTypes  []string // any of these
	Capacities     []string // any of these
	OrganisationID *uuid.UUID
	Near           *Place
	WithinKm       float64 // 0: at any distance
}

// Place is a point on the earth in degrees.
type Place struct{ Latitude, Longitude float64 }

// Position is the last item of a page.
type Position struct {
	Order float64   `json:"o"`
	ID    uuid.UUID `json:"i"`
}

const (
	earthRadiusKm = 6371.0088                       // mean radius, IUGG
	kmPerDegree   = earthRadiusKm * math.Pi / 180.0 // of latitude
)

// haversine is the distance in km from one point (latitude, longitude, latitude) to a service's.
const haversine = `(2 * 6371.0088 * asin(least(1, sqrt(power(sin(radians(s.latitude - @lat) / 2), 2) +
	cos(radians(@lat)) * cos(radians(s.latitude)) * power(sin(radians(s.longitude - @lon) / 2), 2)))))`

// Search lists services that are not inactive: the nearest first when a place is given, else the best match for
// the words first, else by id.
func (s *Store) Search(ctx context.Context, by Query, page db.Page[*Position]) (list []Hit, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		inner := by.narrow(
			tx.Table("services s").
				Joins("join organisations o on o.id = s.organisation_id and o.status <> 'inactive'").
				Where("s.status <> 'inactive'"),
		)
		inner = by.choose(inner)
		hits := tx.Table("(?) hit", inner)
		if page.After != nil {
			hits = hits.Where(`("order", id) > (?, ?)`, page.After.Order, page.After.ID)
		}
		return hits.Order(`"order", id`).Scopes(page.Cut).Find(&list).Error
	})
	for i := range list {
		if d := list[i].DistanceKm; d != nil {
			rounded := math.Round(*d*100) / 100
			list[i].DistanceKm = &rounded
		}
	}
	return list, err
}

// nameHas is the SQL of whether a folded name has the words asked for, and none of those refused.
func nameHas(column string) string {
	return "((' ' || " + column + ") like all ((select wanted from name_patterns(@words))::text[]) and not (' ' || " +
		column + ") like any ((select refused from name_patterns(@words))::text[]))"
}

// choose names the columns. The arguments go along only where the SQL names one: gorm would bind them all the same.
func (by Query) choose(q *gorm.DB) *gorm.DB {
	columns := "s.*, o.name as organisation_name, " + by.distance() + " as distance_km, " + by.order() + ` as "order"`
	if by.Near == nil && by.Words == "" {
		return q.Select(columns)
	}
	return q.Select(columns, by.args())
}

func (by Query) args() map[string]any {
	a := map[string]any{"words": by.Words}
	if by.Near != nil {
		a["lat"], a["lon"] = by.Near.Latitude, by.Near.Longitude
	}
	return a
}

func (by Query) distance() string {
	if by.Near == nil {
		return "null::float8"
	}
	return haversine
}

func (by Query) order() string {
	switch {
	case by.Near != nil:
		return "coalesce(" + haversine + ", 1e9)" // without coordinates: last
	case by.Words != "":
		return "-ts_rank(s.words, websearch_to_tsquery('english', @words))::float8"
	default:
		return "0::float8"
	}
}

func (by Query) narrow(q *gorm.DB) *gorm.DB {
	if by.Words != "" {
		q = q.Where("(s.words @@ websearch_to_tsquery('english', @words) or "+nameHas("s.name_folded")+
			" or "+nameHas("o.name_folded")+")", by.args())
	}
	if len(by.Needs) > 0 {
		q = q.Where("s.needs && ?", db.Texts(by.Needs))
	}
	q = q.Scopes(db.OneOf("s.activity_type", by.ActivityTypes), db.OneOf("s.capacity", by.Capacities))
	if by.OrganisationID != nil {
		q = q.Where("s.organisation_id = ?", *by.OrganisationID)
	}
	if by.Near != nil && by.WithinKm > 0 {
		q = by.within(q)
	}
	return q
}

// within narrows by a box first, for which there is an index, and then by the true distance.
func (by Query) within(q *gorm.DB) *gorm.DB {
	dLat := by.WithinKm / kmPerDegree
	q = q.Where("s.latitude between ? and ?", by.Near.Latitude-dLat, by.Near.Latitude+dLat)
	if shrink := math.Cos(by.Near.Latitude * math.Pi / 180); shrink > 0.01 && by.WithinKm < 5000 {
		dLon := dLat / shrink * 1.1 // meridians converge towards the far edge of the box
		if west, east := by.Near.Longitude-dLon, by.Near.Longitude+dLon; west >= -180 && east <= 180 {
			q = q.Where("s.longitude between ? and ?", west, east)
		}
	}
	args := by.args()
	args["km"] = by.WithinKm
	return q.Where(haversine+" <= @km", args)
}
