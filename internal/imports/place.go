package imports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"waypost/internal/directory"
	"waypost/internal/platform/normal"
	"waypost/internal/platform/text"
)

// owner is whom a telephone number belongs to: the column that says so, and the id in it.
type owner struct{ column, id string }

// owners in the order in which a number's row is read: the closest thing it names has it.
var owners = []string{"service_id", "location_id", "organization_id"}

// numbers finds the first number to speak to somebody of everything that has one.
func (r *resolver) numbers() map[owner]string {
	first := map[owner]string{}
	for _, p := range r.folder.phones.rows {
		whose := r.ownerOf(p)
		number := p.get("number")
		p.require(p.refused() || isNumber(number), "holds no whole telephone number")
		if p.refused() || !isVoice(p.get("number_type")) || first[whose] != "" {
			continue
		}
		if extension := p.get("extension"); extension != "" {
			number += " ext. " + extension
		}
		number, ok := normal.Phone(number)
		if !ok {
			p.keep("number is kept as it was written, since it is none that can be dialled as it stands")
		}
		first[whose] = number
	}
	return first
}

// ownerOf refuses a number of something that no file has. That the thing itself was refused is no fault of the number.
func (r *resolver) ownerOf(p *row) (o owner) {
	of := map[string]map[string]*row{
		"service_id":      r.serviceByID,
		"location_id":     r.locationByID,
		"organization_id": r.organisationByID,
	}
	for _, column := range owners {
		id := p.get(column)
		if id == "" || p.torn {
			continue
		}
		p.require(of[column][id] != nil, column+" names nothing that exists")
		if o.id == "" {
			o = owner{column, id}
		}
	}
	p.require(o.id != "" || p.get("contact_id") != "", "belongs to no service, location or organisation")
	return o
}

// isVoice reports whether somebody answers there, unlike a fax or a text telephone.
func isVoice(kind string) bool {
	kind = strings.ToLower(kind)
	return kind == "" || kind == "voice" || kind == "hotline"
}

// isNumber asks for three figures or letters beyond an area code in brackets: 111 is a number, "(410)" is not.
func isNumber(s string) bool {
	if _, after, ok := strings.Cut(s, ")"); ok {
		s = after
	}
	n := 0
	for _, c := range s {
		if unicode.IsDigit(c) || unicode.IsLetter(c) {
			n++
		}
	}
	return n >= 3
}

func (r *resolver) phoneOf(service *row) string {
	if own := r.phones[owner{"service_id", service.get("id")}]; own != "" {
		return own
	}
	return r.phones[owner{"location_id", service.get("location_id")}]
}

// checkPlaces refuses locations and addresses that are wrong. A location falls with its address: a service
// whose address cannot be read is not loaded without one.
func (r *resolver) checkPlaces() {
	for _, l := range r.locations.rows {
		if l.refused() {
			continue
		}
		l.refer("organization_id", r.organisationByID, "an organisation")
		_, _, reason := coordinates(l)
		l.refuse(reason)
	}
	for _, a := range r.addresses.rows {
		if a.refused() {
			continue
		}
		a.require(r.locationByID[a.get("location_id")] != nil, "location_id names a location that does not exist")
	}
	for id, a := range r.addressByLocation {
		if l := r.locationByID[id]; l != nil && a.refused() {
			l.refuse(fmt.Sprintf("its address was refused (%s:%d)", a.table.file, a.line))
		}
	}
}

// place sets where a service is; a service may be nowhere in particular.
func (r *resolver) place(d *directory.ServiceDetails, at *row) {
	if at == nil {
		return
	}
	d.Latitude, d.Longitude, _ = coordinates(at)
	a := r.addressByLocation[at.get("id")]
	if a == nil {
		return
	}
	parts := []string{street(a.get("address_1"), a.get("address_2")), a.get("city"), a.get("state_province")}
	if code := a.get("postal_code"); code != "" {
		if postcode, ok := normal.Postcode(code); ok {
			d.Postcode = &postcode
		} else {
			a.keep("postal_code is kept in the address, since it is no postcode of the United Kingdom")
			parts = append(parts, code)
		}
	}
	d.Address = text.OrNil(joinNonBlank(parts...))
}

// coordinates are both there, or both blank.
func coordinates(l *row) (lat, lon *float64, reason string) {
	y, x := l.get("latitude"), l.get("longitude")
	if y == "" && x == "" {
		return nil, nil, ""
	}
	if lat = degrees(y, 90); lat == nil {
		return nil, nil, "latitude is not a number from -90 to 90"
	}
	if lon = degrees(x, 180); lon == nil {
		return nil, nil, "longitude is not a number from -180 to 180"
	}
	return lat, lon, ""
}

// degrees is nil unless s is a number within the limit; not-a-number fails every comparison.
func degrees(s string, limit float64) *float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f >= -limit && f <= limit) {
		return nil
	}
	return &f
}

// street leaves out the second line where the first has said it, as in "123 W 29th St 2nd Floor" and "2nd Floor".
func street(first, second string) string {
	if strings.Contains(strings.ToLower(first), strings.ToLower(second)) {
		return first
	}
	return joinNonBlank(first, second)
}

// joinNonBlank joins the parts that are not blank, each once.
func joinNonBlank(parts ...string) string {
	var kept []string
	for _, p := range parts {
		same := func(k string) bool { return strings.EqualFold(k, p) }
		if p != "" && !slices.ContainsFunc(kept, same) {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, ", ")
}
