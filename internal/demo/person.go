package demo

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"waypost/internal/people"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
)

// life is one person: what is known of them, and what happened, one thing after the other.
type life struct {
	*town
	dice // the person's own
	*book
	plot     plot
	person   people.Patient
	worker   actor.Actor // the link worker
	received day.Date    // when they were first referred in
	baseline day.Date
	end      day.Date // the last day of their story: yesterday, or the day they died
	twist    int      // tells the people of one plot apart
	err      error    // the first; the rest of the story is not told then
}

const (
	firstPeople   = 25   // enough for the planner's first statistics, see keep
	peopleAtATime = 1000 // some 55,000 rows, in some 30 MB
)

// populate makes the n people of the town, and hands the book to keep whenever it is full, and at the end.
func (t *town) populate(b *book, n int, keep func(*book) error) error {
	plots := cast(t.dice, plotsAt(t.FollowedUp), n)
	count := map[string]int{}
	for _, p := range plots {
		count[p.state]++
	}
	seen := ages{}
	for i, p := range plots {
		l := &life{town: t, dice: roll(t.seed, t.people), book: b, plot: p, end: t.yesterday, twist: seen[p.state]}
		l.worker = actor.Actor{Role: actor.LinkWorker, Sites: db.IDs{t.site.ID}, LinkWorkerID: t.worker(i)}
		age := seen.next(l.dice, p, count[p.state])
		if l.live(age); l.err != nil {
			return fmt.Errorf("person %d, %s: %w", i, p.state, l.err)
		}
		t.people++
		if len(b.patients) < peopleAtATime && t.people != firstPeople {
			continue
		}
		if err := keep(b); err != nil {
			return err
		}
		*b = book{log: b.log}
	}
	return keep(b)
}

// live tells the whole story, from being referred in to today.
func (l *life) live(age int) {
	l.baseline = l.today.AddDays(-age)
	switch l.plot.state {
	case "waiting":
		l.received = l.day(l.yesterday.AddDays(-40), l.yesterday.AddDays(-2))
	case "turned_away":
		l.received = l.day(l.yesterday.AddDays(-700), l.yesterday.AddDays(-40))
	default:
		l.received = l.baseline.AddDays(-l.between(2, 32))
	}
	l.introduce()
	s := l.open()
	switch l.plot.state {
	case "waiting":
		s.keepWaiting()
	case "turned_away":
		s.turnAway()
	default:
		s.support()
	}
	l.patients = append(l.patients, l.person)
}

// introduce makes up the person, recorded on the day they were referred in.
func (l *life) introduce() {
	at := l.meeting(l.dice, l.received)
	l.person = people.Patient{
		ID:          db.IDAt(at),
		SiteID:      l.site.ID,
		Details:     l.details(),
		RecordedVia: "demo",
		Version:     1,
		CreatedAt:   at,
		UpdatedAt:   at,
	}
	l.note(l.worker, at, events.PatientRecorded, l.about(), nil, nil)
}

func (l *life) details() people.Details {
	d := people.Details{
		NHSNumber: new(
			l.numbers.next(),
		),
		Gender:         l.of(genders),
		EthnicCategory: l.of(ethnicMajority),
		Carer:          l.of(carers),
		BirthDate:      new(l.birth().Whole()),
		Postcode:       new(postcode(l.dice)),
		GPPracticeCode: new(fmt.Sprintf("%s%d", l.ODSCode, 1+l.IntN(4))),
		ContactPreference: l.of(
			preferences,
		),
		AccessNeeds: maybe(l.dice, 0.12, phrases.AccessNeeds),
		Language:    new("en"),
	}
	if l.chance(l.Diverse) {
		d.EthnicCategory = l.of(ethnicMinority)
	}
	l.name(&d)
	l.reach(&d)
	if l.chance(0.93) {
		d.IMDDecile, d.IMDVersion = new(l.decile()), new("2025")
	}
	if l.chance(0.7) {
		d.NationalDataOptOut, d.NationalDataOptOutCheckedOn = new(l.chance(0.05)), new(l.received)
	}
	return d
}

// birth makes most people between 40 and 90 when they were referred, some younger.
func (l *life) birth() day.Date {
	years := l.normal(63, 15)
	if l.chance(0.1) {
		years = l.normal(31, 7)
	}
	years = min(97, max(18.5, years))
	return l.received.AddDays(-int(years * 365.25))
}

// decile is of deprivation, 1 the most deprived: most people live in the more deprived half.
func (l *life) decile() int {
	return 1 + int(9.99*math.Pow(l.Float64(), 0.7+1.6*l.Deprived))
}

func (l *life) name(d *people.Details) {
	var fitting []heritage
	for _, h := range names {
		if slices.Contains(h.Ethnic, d.EthnicCategory) {
			fitting = append(fitting, h)
		}
	}
	h := pick(l.dice, fitting)
	given := h.Female
	if d.Gender == "male" || d.Gender != "female" && l.chance(0.5) {
		given = h.Male
	}
	d.GivenName, d.FamilyName = new(pick(l.dice, given)), new(pick(l.dice, h.Family))
	if short := phrases.ShortNames[*d.GivenName]; short != "" && l.chance(0.3) {
		d.PreferredName = &short
	}
	if h.Language != "" && l.chance(0.25) {
		d.Language = &h.Language
	}
	pronouns := map[string]string{"female": "she/her", "male": "he/him", "non_binary": "they/them"}
	if p, known := pronouns[d.Gender]; known && (d.Gender == "non_binary" || l.chance(0.15)) {
		d.Pronouns = &p
	}
}

// reach gives most people a telephone, and some an email address that nobody has.
func (l *life) reach(d *people.Details) {
	if l.chance(0.94) {
		d.Phone = new(mobile(l.dice))
	}
	if d.ContactPreference == "email" || l.chance(0.35) {
		local := strings.ToLower(strings.ReplaceAll(*d.GivenName+"."+*d.FamilyName, " ", "."))
		d.Email = new(fmt.Sprintf("%s.%s@example.org", local, (*d.NHSNumber)[6:]))
	}
}

// die ends the person's story, and notes it some days later.
func (l *life) die(on day.Date) {
	l.end = earlier(on, l.end)
	l.person.DiedOn = &l.end
	at := l.moment(l.dice, earlier(l.yesterday, l.end.AddDays(l.between(1, 8))))
	l.person.Version, l.person.UpdatedAt = l.person.Version+1, at
	l.note(l.worker, at, events.PatientChanged, l.about(), nil, nil)
}

// about is the person, as the subject of an event or the one it concerns.
func (l *life) about() events.Subject {
	return events.Subject{ID: l.person.ID, SiteID: l.site.ID, PatientID: l.person.ID}
}

// note puts an event into the log, recorded by somebody at some time; it happened on a day, or when it was recorded.
func (l *life) note(
	who actor.Actor,
	at time.Time,
	kind events.Kind,
	s events.Subject,
	data events.Data,
	on *day.Date,
	more ...events.Option,
) {
	then := as(l.tx, who, at)
	if on != nil {
		noon, err := then.Noon(l.site.ID, *on)
		l.fail(err)
		more = append(more, events.At(noon))
	}
	l.log.Record(then, kind, s, data, more...)
}

func (l *life) fail(err error) {
	if l.err == nil {
		l.err = err
	}
}

// nhsNumbers gives out valid NHS numbers from 9992000000 on, in order.
type nhsNumbers struct{ given int }

const firstNHSNumber = 999_200_000 // without its check digit

func (n *nhsNumbers) next() string {
	for {
		prefix := firstNHSNumber + n.given
		n.given++
		for check := range 10 {
			if number, ok := people.NHSNumber(fmt.Sprintf("%d%d", prefix, check)); ok {
				return number
			}
		}
	}
}
