package people

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/google/uuid"

	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/normal"
)

const (
	// likely is how alike two records are that may be of one person.
	likely = 0.7
	// mostUnlessNamed is how alike two records are at most whose names differ.
	mostUnlessNamed = 0.95
	// mostDuplicates is how many an answer names.
	mostDuplicates = 10
)

// identity is what tells whether two records are of one person. Names are folded, and each is a list of words; given
// holds the given and the preferred name.
type identity struct {
	Patient
	given  [][]string
	family []string
	keptID uuid.UUID // the record that is kept, where this one was merged away; else this one
}

// likeness is how alike two records are.
type likeness struct {
	score    float64 // at most 1, rounded
	uncapped float64 // the order of those whose score is 1
	reasons  []string
}

// alike weighs two records. Names and the date of birth make the score: 2 for the given and 2 for the family name, 3 for
// the date, of those that both have; where one of two has no such name, the score is at most 0.8. The same phone or
// e-mail address adds 0.1, the same postcode 0.05. Two NHS numbers are two people, so are two given names (twins share
// all the rest) and two dates of birth that differ in more than a digit. A family name that differs, or a digit of the
// date, takes the same phone or e-mail address; so does a given name that may be spelled otherwise, or is short for the
// other (Sara, Sarah; Liz, Elizabeth; J, John), and a given and a family name that are exchanged.
func (a identity) alike(b identity) (l likeness) {
	if a.NHSNumber != nil && b.NHSNumber != nil && !a.NHSNumberUnissued && !b.NHSNumberUnissued {
		if *a.NHSNumber != *b.NHSNumber {
			return likeness{}
		}
		return likeness{1, 1, []string{numberFits}}
	}
	born := a.bornAlike(b.Patient)
	given, family := bestGiven(a.given, b.given), familiesAlike(a.family, b.family)
	bothGiven, bothFamily := len(a.given) > 0 && len(b.given) > 0, len(a.family) > 0 && len(b.family) > 0
	spelled := false // otherwise, or given and family name exchanged
	if bothGiven && given == 0 {
		if given, family = namesSpelledOtherwise(a, b, family); given > 0 {
			spelled = true
		}
	}
	if born.fit == 0 && born.weight > 0 || bothGiven && given == 0 || !bothGiven && !bothFamily {
		return likeness{}
	}
	sum, all := born.weight*born.fit, born.weight
	if bothGiven {
		sum, all = sum+2*given, all+2
	}
	if bothFamily {
		sum, all = sum+2*family, all+2
	}
	l.score = min(sum/all, born.most)
	if (len(a.given) > 0) != (len(b.given) > 0) || (len(a.family) > 0) != (len(b.family) > 0) {
		l.score = min(l.score, 0.8)
	}
	switch {
	case bothFamily && family == 0:
		l.reasons = []string{givenFits}
	case (!bothGiven || given == 1) && (!bothFamily || family == 1):
		l.reasons = []string{nameFits}
	default:
		l.reasons = []string{nameSimilar}
	}
	if born.reason != "" {
		l.reasons = append(l.reasons, born.reason)
	}
	contact := l.addContact(a, b)
	if (bothFamily && family == 0 || born.fit < 1 && born.weight > 0 || spelled) && !contact {
		return likeness{}
	}
	if l.reasons[0] != nameFits { // whatever else is the same
		l.score = min(l.score, mostUnlessNamed)
	}
	l.uncapped = l.score
	l.score = math.Round(min(l.score, 1)*100) / 100
	return l
}

// spelledOtherwise is how alike names are that may be spellings of one name, or were exchanged.
const spelledOtherwise = 0.6

// namesSpelledOtherwise weighs given names that differ, beside family names that fit as well as given.
func namesSpelledOtherwise(a, b identity, familyFits float64) (given, family float64) {
	for _, x := range a.given {
		for _, y := range b.given {
			if (len(x) == 1 || len(y) == 1 || slices.Equal(x[1:], y[1:])) && maybeSameGiven(x[0], y[0]) {
				return spelledOtherwise, familyFits
			}
			if slices.Equal(x, b.family) && slices.Equal(y, a.family) {
				return spelledOtherwise, spelledOtherwise
			}
		}
	}
	return 0, familyFits
}

// birthLikeness is how alike two birth dates are: from 0 to 1, what that weighs, why, and the most that the score of the
// names and the dates may be.
type birthLikeness struct {
	fit, weight, most float64
	reason            string
}

// bornAlike weighs two birth dates as far as both are known. Where one of them is not, names alone make too little: the
// same phone, e-mail address or postcode is needed.
func (p Patient) bornAlike(o Patient) birthLikeness {
	if p.BirthDate == nil || o.BirthDate == nil {
		return birthLikeness{most: 0.65}
	}
	a, b := p.BirthDate.String(), o.BirthDate.String()
	known := min(len(a), len(b))
	l := birthLikeness{weight: 3, most: 1}
	if known < len("1961-05-17") {
		l.most = 0.8
	}
	switch a, b = a[:known], b[:known]; {
	case a == b:
		l.fit, l.reason = p.bornFits(b)
		l.fit = 1
	case similar(a, b):
		l.fit, l.reason = 0.5, dateSimilar
	}
	return l
}

// addContact adds the contact details that two records share, and reports whether they share a phone or an e-mail
// address. A pseudo-postcode (ZZ99), such as that of no fixed abode, is not counted.
func (l *likeness) addContact(a, b identity) (reached bool) {
	for _, same := range []struct {
		kind  string
		value *string
		adds  float64
	}{{byPhone, b.Phone, 0.1}, {byEmail, b.Email, 0.1}, {byPostcode, b.Postcode, 0.05}} {
		if same.value == nil || same.kind == byPostcode && strings.HasPrefix(*same.value, "ZZ99") {
			continue
		}
		if fit, reason := a.fits(same.kind, *same.value); fit > 0 {
			l.score += same.adds
			l.reasons = append(l.reasons, reason)
			reached = reached || same.kind != byPostcode
		}
	}
	return reached
}

// bestGiven compares each given name of one person with each of the other, the preferred name included.
func bestGiven(a, b [][]string) (best float64) {
	for _, x := range a {
		for _, y := range b {
			best = max(best, givenAlike(x, y))
		}
	}
	return best
}

// givenAlike compares all words; where one of the two has a single word, only the first ones. Mary Ann is Mary, and is
// not Mary Jane.
func givenAlike(a, b []string) float64 {
	if fit := givenWordsAlike(strings.Join(a, ""), strings.Join(b, "")); fit > 0 {
		return fit
	}
	if len(a) == 1 || len(b) == 1 {
		return 0.9 * givenWordsAlike(a[0], b[0])
	}
	return 0
}

// givenWordsAlike takes no slip of the keys for one where both words are names: Marian and Marina, Daniele and Danielle.
func givenWordsAlike(a, b string) float64 {
	if twoGivenNames(a, b) {
		return 0
	}
	return wordsAlike(a, b)
}

// familiesAlike compares all words; or, of a double name, whether one has all that the other has but particles.
func familiesAlike(a, b []string) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	if fit := wordsAlike(strings.Join(a, ""), strings.Join(b, "")); fit > 0 {
		return fit
	}
	a, b = withoutParticles(a), withoutParticles(b)
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) == 0 || slices.ContainsFunc(a, func(w string) bool { return !slices.Contains(b, w) }) {
		return 0
	}
	return 0.9
}

// particles stand in many family names, so that one in common says nothing.
var particles = []string{"al", "el", "ap", "bin", "ibn", "da", "das", "de", "del", "dela", "den", "der", "di", "do", "dos",
	"du", "la", "le", "mac", "mc", "ni", "o", "of", "st", "ten", "ter", "van", "von", "y"}

func withoutParticles(words []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool {
		return len([]rune(w)) == 1 || slices.Contains(particles, w)
	})
}

// wordsAlike is 1 for equal words, and less where two letters changed places, or one within a long word is missing. A
// letter that is another makes another name: Jane and June, Francis and Frances.
func wordsAlike(a, b string) float64 {
	x, y := []rune(a), []rune(b)
	switch {
	case a == b:
		return 1
	case len(x) == len(y) && len(x) >= 4 && exchanged(x, y):
		return slipFits
	case len(x) != len(y) && min(len(x), len(y)) >= 5 && oneSlip(x, y) && x[len(x)-1] == y[len(y)-1]:
		return slipFits
	default:
		return 0
	}
}

// exchanged reports whether two neighbouring letters changed places.
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

// differs reports whether anything changed by which records are compared.
func (p *Patient) differs(was Details) bool {
	return !sameBirth(p.BirthDate, was.BirthDate) || normal.Changed(p.GivenName, was.GivenName) ||
		normal.Changed(p.FamilyName, was.FamilyName) || normal.Changed(p.PreferredName, was.PreferredName) ||
		normal.Changed(p.NHSNumber, was.NHSNumber) || normal.Changed(p.Phone, was.Phone) ||
		normal.Changed(p.Email, was.Email) || normal.Changed(p.Postcode, was.Postcode)
}

func sameBirth(a, b *day.Partial) bool { return a == b || a != nil && b != nil && *a == *b }

// Likely reports whether two records are likely of one person, by the rule of possible duplicates.
func Likely(tx *db.Tx, a, b Patient) (bool, error) {
	x, err := identify(tx, a)
	if err != nil {
		return false, err
	}
	y, err := identify(tx, b)
	return x.alike(y).score >= likely, err
}

// duplicates are the people of the same site who may be the person, the most alike first. What records say that were merged
// into one of the two counts as well.
func (s *Store) duplicates(tx *db.Tx, p Patient) ([]fault.PossibleDuplicate, error) {
	selves := []Patient{p}
	if len(p.MergedIDs) > 0 {
		var away []Patient
		if err := tx.Where("site_id = ? and id = any(?)", p.SiteID, p.MergedIDs).Find(&away).Error; err != nil {
			return nil, err
		}
		selves = append(selves, away...)
	}
	type found struct {
		fault.PossibleDuplicate
		uncapped float64
	}
	best := map[uuid.UUID]found{}
	for _, self := range selves {
		if self.NHSNumber == nil {
			self.NHSNumber, self.NHSNumberUnissued = p.NHSNumber, p.NHSNumberUnissued
		}
		known, err := s.maybeSame(tx, self)
		if err != nil {
			return nil, err
		}
		me, err := identify(tx, self)
		if err != nil {
			return nil, err
		}
		for _, k := range known {
			l := me.alike(k)
			if l.score < likely || k.SiteID != p.SiteID || k.keptID == p.ID {
				continue
			}
			if slices.Contains(l.reasons, numberFits) {
				l.uncapped = math.Inf(1) // before those who are only alike, of whom ten are named
			}
			if was, there := best[k.keptID]; there && was.uncapped >= l.uncapped {
				continue
			}
			if k.keptID != k.ID || self.ID != p.ID {
				l.reasons = append(slices.Clone(l.reasons), formerRecord)
			}
			best[k.keptID] = found{fault.PossibleDuplicate{PatientID: k.keptID, Score: l.score, Reasons: l.reasons}, l.uncapped}
		}
	}
	list := []fault.PossibleDuplicate{}
	for _, f := range best {
		list = append(list, f.PossibleDuplicate)
	}
	slices.SortFunc(list, func(a, b fault.PossibleDuplicate) int {
		return cmp.Or(
			cmp.Compare(best[b.PatientID].uncapped, best[a.PatientID].uncapped),
			strings.Compare(a.PatientID.String(), b.PatientID.String()),
		)
	})
	list, err := judged(tx, p, list)
	if err != nil {
		return nil, err
	}
	return list[:min(len(list), mostDuplicates)], nil
}

// maybeSame are the records that share a name, a birth date, a number or an address with one.
func (s *Store) maybeSame(tx *db.Tx, p Patient) ([]identity, error) {
	a := asked{names: strings.Join(firstNames(p), " ")}
	if p.BirthDate != nil {
		a.others = append(a.others, born(*p.BirthDate))
	}
	for kind, value := range map[string]*string{byPhone: p.Phone, byEmail: p.Email} {
		if value != nil {
			a.add(kind, strings.ToLower(*value))
		}
	}
	if p.NHSNumber != nil && !p.NHSNumberUnissued {
		a.add(byNHSNumber, *p.NHSNumber)
	}
	words, err := fold(tx, a.names)
	if err != nil {
		return nil, err
	}
	found, err := s.weigh(tx, words, a.others)
	if err != nil || len(found.ids) == 0 {
		return nil, err
	}
	return identities(tx, found.ids)
}

// identities reads what tells people apart, and their names as they are compared.
func identities(tx *db.Tx, ids db.IDs) ([]identity, error) {
	var rows []struct {
		Patient
		KeptID                   uuid.UUID
		Given, Preferred, Family string
	}
	err := tx.Raw(`select p.site_id, p.id, k.id as kept_id, coalesce(p.nhs_number, k.nhs_number) as nhs_number,
			case when p.nhs_number is null then k.nhs_number_unissued else p.nhs_number_unissued end as nhs_number_unissued,
			p.birth_date, p.phone, p.email, p.postcode, n.given, n.preferred, n.family
		from person_names n
		join patients p on p.site_id = n.site_id and p.id = n.patient_id
		join patients k on k.site_id = p.site_id
			and k.id = case when p.merged_into_id is null then p.id else kept_patient(p.id) end
		where n.patient_id = any(?)`, ids).Scan(&rows).Error
	out := make([]identity, len(rows))
	for i, r := range rows {
		out[i] = named(r.Patient, r.Given, r.Preferred, r.Family)
		out[i].keptID = r.KeptID
	}
	return out, err
}

// identify folds the names of somebody who is not recorded yet.
func identify(tx *db.Tx, p Patient) (identity, error) {
	var given, preferred, family string
	err := tx.Raw("select coalesce(fold_name(?), ''), coalesce(fold_name(?), ''), coalesce(fold_name(?), '')",
		p.GivenName, p.PreferredName, p.FamilyName).Row().Scan(&given, &preferred, &family)
	return named(p, given, preferred, family), err
}

func named(p Patient, given, preferred, family string) identity {
	id := identity{Patient: p, family: strings.Fields(family)}
	for _, name := range []string{given, preferred} {
		if words := strings.Fields(name); len(words) > 0 {
			id.given = append(id.given, words)
		}
	}
	return id
}

// refuse is the fault of recording somebody whom the site knows: by the NHS number or what another system calls them
// always, and by what else is alike where that is asked for. Whom it names is logged though nothing is recorded.
func (s *Store) refuse(tx *db.Tx, site uuid.UUID, list []fault.PossibleDuplicate, all bool) error {
	said := ""
	switch {
	case hasReason(list, numberFits):
		said = "The NHS number is recorded at this site already: see possible_duplicates."
	case hasReason(list, idFits):
		said = "Another record of this site has this external id already: see possible_duplicates."
	case all && len(list) > 0:
		said = "The site knows somebody who may be the same person: see possible_duplicates."
	default:
		return nil
	}
	err := s.DB.Do(db.Apart(tx.Context()), func(apart *db.Tx) error {
		return events.Read(apart, "possible_duplicates", site, idsIn(list)...)
	})
	if err != nil {
		return err
	}
	return fault.New(fault.Conflict, said).Naming(list)
}

func hasReason(list []fault.PossibleDuplicate, reason string) bool {
	return slices.ContainsFunc(list, func(d fault.PossibleDuplicate) bool { return slices.Contains(d.Reasons, reason) })
}

// withSameID are the people of the site whom another system calls the same, apart from the person.
func withSameID(tx *db.Tx, p Patient) (list []fault.PossibleDuplicate, err error) {
	for _, e := range p.ExternalIDs {
		var ids db.IDs
		err := tx.Raw("select coalesce(array_agg(subject_id), '{}') from external_ids where site_id = ? and system = ? and value = ? "+
			"and subject_type = 'patients' and subject_id <> ?", p.SiteID, e.System, e.Value, p.ID).Row().Scan(&ids)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			list = append(list, fault.PossibleDuplicate{PatientID: id, Score: 1, Reasons: []string{idFits}})
		}
	}
	return list, nil
}

// checkDuplicates finds who may be the same person, and refuses what the site knows by a number, or all of them.
func (s *Store) checkDuplicates(tx *db.Tx, p Patient, refuseAll bool) ([]fault.PossibleDuplicate, error) {
	if err := oneByOne(tx, p); err != nil {
		return nil, err
	}
	same, err := withSameID(tx, p)
	if err != nil {
		return nil, err
	}
	if err := s.refuse(tx, p.SiteID, same, true); err != nil {
		return nil, err
	}
	list, err := s.duplicates(tx, p)
	if err != nil {
		return nil, err
	}
	return list, s.refuse(tx, p.SiteID, list, refuseAll)
}

// oneByOne makes whoever records the same person at the same moment wait until this transaction has ended, and then find the
// person: whoever shares a name and the year of birth, or the phone, e-mail address or postcode. Others do not wait.
func oneByOne(tx *db.Tx, p Patient) error {
	year := ""
	if p.BirthDate != nil {
		year = p.BirthDate.String()[:len("1961")]
	}
	list := db.Texts{}
	for _, value := range []*string{p.Phone, p.Email, p.Postcode} {
		if value != nil {
			list = append(list, strings.ToLower(*value))
		}
	}
	// In the order of the keys, so that nobody waits for whoever waits for them.
	return tx.Exec(`select pg_advisory_xact_lock(k) from (
			select distinct hashtextextended('recording ' || ?::text || v, 0) as k from (
				select ? || replace(fold_name(n), ' ', '') from unnest(?::text[]) n
				union all select unnest(?::text[])
			) t (v) order by k offset 0) k`, p.SiteID, year, firstNames(p), list).Error
}

// firstNames are the first given name, since a further one is often left out, and the family name.
func firstNames(p Patient) (list db.Texts) {
	list = db.Texts{}
	if p.GivenName != nil {
		list = append(list, strings.Fields(*p.GivenName + " -")[0])
	}
	if p.FamilyName != nil {
		list = append(list, *p.FamilyName)
	}
	return list
}

// nameDuplicates warns of those who may be the same person, and logs whom the caller is shown.
func (r *RecordedPatient) nameDuplicates(tx *db.Tx, list []fault.PossibleDuplicate) error {
	if r.PossibleDuplicates = list; len(list) == 0 {
		return nil
	}
	r.Warnings = append(r.Warnings, possibleDuplicate(len(list)))
	return events.Read(tx, "possible_duplicates", r.SiteID, idsIn(list)...)
}

func idsIn(list []fault.PossibleDuplicate) (ids []uuid.UUID) {
	for _, d := range list {
		ids = append(ids, d.PatientID)
	}
	return ids
}

// possibleDuplicate is the warning of n possible duplicates.
func possibleDuplicate(n int) fault.Warning {
	detail := "Somebody whom the site knows may be the same person: see possible_duplicates."
	if n > 1 {
		detail = "Several people whom the site knows may be the same person: see possible_duplicates."
	}
	return fault.Warning{Code: "possible_duplicate", Detail: detail}
}
