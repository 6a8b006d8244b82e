package people

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/google/uuid"

	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

const (
	// likely is how alike two records are that may be of one person.
	likely = 0.7
	// mostDuplicates is how many an answer names.
	mostDuplicates = 10
)

// identity is what tells whether two records are of one person; names are folded and written together.
type identity struct {
	Patient
	given, family []string
}

// alike weighs two records. Names and the date of birth make the score: 2 for the given and 2 for the family name, 3 for
// the date, of those that both have. The same phone or e-mail address adds 0.1, the same postcode 0.05. Two NHS numbers
// are two people, and so are two given names: twins share all the rest. A family name that differs, or a date of birth,
// takes the same phone, e-mail address or postcode.
func (a identity) alike(b identity) (score float64, reasons []string) {
	if a.NHSNumber != nil && b.NHSNumber != nil && !a.NHSNumberUnissued && !b.NHSNumberUnissued {
		if *a.NHSNumber == *b.NHSNumber {
			return 1, []string{numberFits}
		}
		return 0, nil
	}
	given, family := namesAlike(a.given, b.given), namesAlike(a.family, b.family)
	born, bornReason := a.fits(byDay, b.BirthDate.String())
	if given == 0 && len(a.given) > 0 && len(b.given) > 0 {
		return 0, nil
	}
	sum, all := 3*born, 3.0
	for _, n := range []struct {
		fit  float64
		both bool
	}{{given, len(a.given) > 0 && len(b.given) > 0}, {family, len(a.family) > 0 && len(b.family) > 0}} {
		if n.both {
			sum, all = sum+2*n.fit, all+2
		}
	}
	score = sum / all
	if worst := min(given, family); given+family > 0 {
		reasons = append(reasons, map[bool]string{true: nameFits, false: nameSimilar}[worst == 1])
	}
	if born > 0 {
		reasons = append(reasons, bornReason)
	}
	before := len(reasons)
	for _, same := range []struct {
		kind  string
		value *string
		adds  float64
	}{{byPhone, b.Phone, 0.1}, {byEmail, b.Email, 0.1}, {byPostcode, b.Postcode, 0.05}} {
		if same.value == nil {
			continue
		}
		if fit, reason := a.fits(same.kind, *same.value); fit > 0 {
			score, reasons = score+same.adds, append(reasons, reason)
		}
	}
	if (family < slipFits || born < 1) && len(reasons) == before {
		return 0, nil
	}
	return math.Round(min(score, 1)*100) / 100, reasons
}

// namesAlike is how alike two names are, each given by its words and what they make together.
func namesAlike(a, b []string) (best float64) {
	for _, x := range a {
		for _, y := range b {
			switch long := min(len(x), len(y)) >= 6; {
			case x == y:
				return 1
			case long && oneSlip([]rune(x), []rune(y)) || len(x) == len(y) && exchanged([]rune(x), []rune(y)):
				best = max(best, slipFits)
			}
		}
	}
	return best
}

// exchanged reports whether two neighbouring letters changed places. Of short names, any other slip makes another name:
// Jane and June.
func exchanged(a, b []rune) bool {
	differ := []int{}
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			differ = append(differ, i)
		}
	}
	return len(a) == len(b) && len(differ) == 2 && differ[1] == differ[0]+1 &&
		a[differ[0]] == b[differ[1]] && a[differ[1]] == b[differ[0]]
}

// duplicates are the people of the same site who may be the person, the most alike first.
func duplicates(tx *db.Tx, p Patient) ([]fault.PossibleDuplicate, error) {
	a := asked{others: []string{byDay + p.BirthDate.String()}}
	for _, name := range []*string{p.GivenName, p.FamilyName} {
		if name != nil {
			a.names += *name + " "
		}
	}
	for kind, value := range map[string]*string{byPhone: p.Phone, byEmail: p.Email} {
		if value != nil {
			a.add(kind, strings.ToLower(*value))
		}
	}
	if p.NHSNumber != nil && !p.NHSNumberUnissued {
		a.add(byNHSNumber, *p.NHSNumber)
	}
	list := []fault.PossibleDuplicate{}
	found, err := candidates(tx, a, anyScore)
	if err != nil || len(found) == 0 {
		return list, err
	}
	known, err := identities(tx, append(found, FoundPatient{Patient: p}))
	if err != nil {
		return nil, err
	}
	self := known[len(known)-1]
	for _, k := range known[:len(known)-1] {
		if score, reasons := self.alike(k); score >= likely && k.SiteID == p.SiteID && k.ID != p.ID {
			list = append(list, fault.PossibleDuplicate{PatientID: k.ID, Score: score, Reasons: reasons})
		}
	}
	slices.SortFunc(list, func(a, b fault.PossibleDuplicate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.PatientID.String(), b.PatientID.String()))
	})
	return list[:min(len(list), mostDuplicates)], nil
}

// identities reads the names of people as they are compared.
func identities(tx *db.Tx, list []FoundPatient) ([]identity, error) {
	given, family := db.Texts{}, db.Texts{}
	text := func(names ...*string) (all string) {
		for _, n := range names {
			if n != nil {
				all += *n + "\n"
			}
		}
		return all
	}
	for _, p := range list {
		given, family = append(given, text(p.GivenName, p.PreferredName)), append(family, text(p.FamilyName))
	}
	var rows []struct{ Given, Family db.Texts }
	err := tx.Raw(`select array(select distinct unnest(name_words(l)) from string_to_table(g, e'\n') l) as given,
			name_words(f) as family
		from unnest(cast(? as text[]), cast(? as text[])) with ordinality t (g, f, n) order by n`, given, family).
		Scan(&rows).Error
	out := make([]identity, len(rows))
	for i, r := range rows {
		out[i] = identity{list[i].Patient, r.Given, r.Family}
	}
	return out, err
}

// refuse is the fault of recording somebody whom the site knows: by the NHS number always, and by what else is alike
// where that is asked for.
func refuse(list []fault.PossibleDuplicate, all bool) error {
	switch {
	case slices.ContainsFunc(list, func(d fault.PossibleDuplicate) bool { return slices.Contains(d.Reasons, numberFits) }):
		return fault.New(fault.Conflict, "The NHS number is recorded at this site already: see possible_duplicates.").
			Naming(list)
	case all && len(list) > 0:
		return fault.New(fault.Conflict, "The site knows somebody who may be the same person: see possible_duplicates.").
			Naming(list)
	}
	return nil
}

func idsIn(list []fault.PossibleDuplicate) (ids []uuid.UUID) {
	for _, d := range list {
		ids = append(ids, d.PatientID)
	}
	return ids
}

// possibleDuplicate warns of them.
func possibleDuplicate(n int) fault.Warning {
	detail := "Somebody whom the site knows may be the same person: see possible_duplicates."
	if n > 1 {
		detail = "Several people whom the site knows may be the same person: see possible_duplicates."
	}
	return fault.Warning{Code: "possible_duplicate", Detail: detail}
}
