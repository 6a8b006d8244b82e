package demo

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"waypost/internal/directory"
	"waypost/internal/instruments"
	"waypost/internal/outcomes"
	"waypost/internal/people"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/events"
	"waypost/internal/referrals"
	"waypost/internal/sites"
)

const (
	small = 300 // from here on every site has everything
	large = 1000
)

func TestEverySiteHasEveryState(t *testing.T) {
	d, _, _ := load(t, small, 7)
	for _, site := range allSites(t, d) {
		ctx := actor.With(t.Context(), actor.Actor{Role: actor.SiteManager, Sites: []uuid.UUID{site.ID}})
		store := &outcomes.Store{DB: d}
		for _, state := range []outcomes.State{
			outcomes.Upcoming, outcomes.Due, outcomes.Overdue, outcomes.Missed, outcomes.Paused, outcomes.Completed,
			outcomes.Lost,
		} {
			list, _, err := store.FollowUps(
				ctx,
				outcomes.FollowUpFilter{States: []outcomes.State{state}},
				db.Page[outcomes.FollowUpPosition]{Limit: 200},
			)
			if err != nil || len(list) == 0 {
				t.Errorf("%s has no follow-up that is %s (%v)", site.Code, state, err)
			}
		}
	}
}

func allSites(t testing.TB, d *db.DB) (list []sites.Site) {
	look(t, d, func(tx *db.Tx) error { return tx.Order("id").Find(&list).Error })
	return list
}

// TestRecord looks at one loaded demo from all sides.
func TestRecord(t *testing.T) {
	d, keys, _ := load(t, large, 9)
	for name, look := range map[string]func(*testing.T, *db.DB, Keys){
		"about half are completed":          aboutHalfAreCompleted,
		"referrals follow from moves":       referralsFollowFromTheirMoves,
		"scores follow from answers":        scoresFollowFromAnswers,
		"NHS numbers are valid":             nhsNumbersAreValid,
		"nothing impossible":                nothingImpossible,
		"some of everything":                thereIsSomeOfEverything,
		"open services near every site":     openServicesNearEverySite,
		"keys work":                         keysWork,
		"events tell all, and no free text": eventsTellAll,
	} {
		t.Run(name, func(t *testing.T) { look(t, d, keys) })
	}
}

// TestPlotsKeepTheirState on every day of four years, at both ends of their ages.
func TestPlotsKeepTheirState(t *testing.T) {
	d := dbtest.New(t)
	m := sites.M9To12
	s := outcomes.Schedule{
		Code:        m.Code,
		OpensAfter:  m.OpensAfter,
		TargetAfter: m.TargetAfter,
		ClosesAfter: m.ClosesAfter,
	}
	var wrong []string
	for _, p := range plots[2:] {
		recorded := slices.Contains(
			[]string{"completed", "lost", "paused"},
			p.state,
		) // by what is recorded, not by the day
		var opens, targets, closes, days []string
		for today := day.New(2025, 1, 1); today.Before(day.New(2029, 1, 1)); today = today.AddDays(1) {
			for _, age := range []int{p.oldest, p.newest} {
				f, err := outcomes.Planned(s, today.AddDays(-age))
				if err != nil {
					t.Fatal(err)
				}
				opens, targets = append(opens, f.OpensOn.String()), append(targets, f.TargetOn.String())
				closes, days = append(closes, f.ClosesOn.String()), append(days, today.String())
			}
		}
		look(t, d, func(tx *db.Tx) error {
			return tx.Raw(`select @plot || ' is ' || state || ' on ' || day from (
				select day, follow_up_state(null, null, false, opens_on, target_on, closes_on, day) as state
				from unnest(cast(@opens as date[]), cast(@targets as date[]), cast(@closes as date[]), cast(@days as date[]))
					as f (opens_on, target_on, closes_on, day)
				) f
				where case when not @recorded then state <> @plot when @plot = 'paused' then false else state = 'upcoming' end
				limit 3`, map[string]any{"plot": p.state, "recorded": recorded, "opens": db.Texts(opens),
				"targets": db.Texts(targets), "closes": db.Texts(closes), "days": db.Texts(days)}).Scan(&wrong).Error
		})
		if len(wrong) > 0 {
			t.Error(wrong)
		}
	}
}

func aboutHalfAreCompleted(t *testing.T, d *db.DB, _ Keys) {
	var done, asked int
	look(t, d, func(tx *db.Tx) error {
		return tx.Raw("select count(completed_on), count(*) from follow_ups where opens_on <= ?", tx.Now).
			Row().
			Scan(&done, &asked)
	})
	if share := float64(done) / float64(asked); share < 0.4 || share > 0.6 {
		t.Errorf("%d of %d follow-ups are completed: %.2f", done, asked, share)
	}
}

func referralsFollowFromTheirMoves(t *testing.T, d *db.DB, _ Keys) {
	look(t, d, func(tx *db.Tx) error {
		statuses, undone := map[referrals.Status]int{}, 0
		for _, h := range histories(t, tx) {
			statuses[h.Status]++
			want, err := h.Replayed(tx)
			if err != nil {
				return err
			}
			if got := h.Progress; !reflect.DeepEqual(plain(got), plain(want)) {
				t.Errorf("referral %s is %+v; its moves make it %+v", h.ID, got, want)
			}
			undone += checkMoves(t, tx, h)
			checkAttendances(t, tx, h)
		}
		for _, s := range referrals.Statuses() {
			if s != referrals.Draft && s != referrals.EnteredInError && statuses[s] == 0 {
				t.Errorf("no referral is %s", s)
			}
		}
		if undone == 0 {
			t.Error("no move is undone")
		}
		return nil
	})
}

// plain is what pointers point to.
func plain(p referrals.Progress) []any {
	var out []any
	v := reflect.ValueOf(p)
	for i := range v.NumField() {
		switch f := reflect.Indirect(v.Field(i)); {
		case !f.IsValid():
			out = append(out, nil)
		case f.Type() == reflect.TypeFor[time.Time]():
			out = append(out, f.Interface().(time.Time).UnixMicro())
		default:
			out = append(out, f.Interface())
		}
	}
	return out
}

func histories(t *testing.T, tx *db.Tx) (list []*referrals.History) {
	var all []referrals.Referral
	var moves []referrals.Move
	var attendances []referrals.Attendance
	for _, into := range []any{&all, &moves, &attendances} {
		if err := tx.Order("id").Find(into).Error; err != nil {
			t.Fatal(err)
		}
	}
	byID := map[uuid.UUID]*referrals.History{}
	for _, r := range all {
		byID[r.ID] = &referrals.History{Referral: r}
		list = append(list, byID[r.ID])
	}
	for _, m := range moves {
		byID[m.ReferralID].Moves = append(byID[m.ReferralID].Moves, m)
	}
	for _, a := range attendances {
		byID[a.ReferralID].Attendances = append(byID[a.ReferralID].Attendances, a)
	}
	return list
}

// checkMoves follows the moves by the table of the lifecycle, and counts the undone ones.
func checkMoves(t *testing.T, tx *db.Tx, h *referrals.History) (undone int) {
	if len(h.Moves) == 0 {
		return 0
	}
	at := h.Moves[0].From
	for _, m := range h.Moves {
		if m.From != at || !slices.Contains(referrals.Allowed(m.From, m.ActorRole), m.To) {
			t.Errorf("referral %s, %s: a move from %s to %s by %s", h.ID, at, m.From, m.To, m.ActorRole)
		}
		if m.OccurredAt.Before(*h.SentAt) || m.RecordedAt.Before(m.OccurredAt) || m.RecordedAt.After(tx.Now) {
			t.Errorf("referral %s, sent %v: a move of %v, recorded %v", h.ID, h.SentAt, m.OccurredAt, m.RecordedAt)
		}
		if m.VoidedAt == nil {
			at = m.To
		} else {
			undone++
		}
	}
	return undone
}

func checkAttendances(t *testing.T, tx *db.Tx, h *referrals.History) {
	for _, a := range h.Attendances {
		sent, err := tx.DayOf(h.SiteID, *h.SentAt)
		if err != nil || a.On.Before(sent) || a.CreatedAt.After(tx.Now) {
			t.Errorf("referral %s, sent on %v: attendance of %v (%v)", h.ID, sent, a.On, err)
		}
	}
}

func scoresFollowFromAnswers(t *testing.T, d *db.DB, _ Keys) {
	look(t, d, func(tx *db.Tx) error {
		var list []outcomes.Assessment
		if err := tx.Find(&list).Error; err != nil {
			return err
		}
		var kept, want int64
		for _, a := range list {
			i, err := instruments.Lookup(a.Instrument)
			if err != nil || i.Check("", a.Responses) != nil || !reflect.DeepEqual(i.Compute(a.Responses), a.Scores) {
				t.Errorf("assessment %s: %v scored %v", a.ID, a.Responses, a.Scores)
			}
			want += int64(len(a.Scores))
		}
		err := tx.Raw(`select count(*) from assessment_scores s join assessments a on a.site_id = s.site_id and
			a.id = s.assessment_id
			where a.responses -> s.score = to_jsonb(s.value) and s.completed_on = a.completed_on and
				s.timepoint = a.timepoint`).Scan(&kept).Error
		if kept != want || want < 2*large {
			t.Errorf("%d rows of scores for %d scores", kept, want)
		}
		return err
	})
}

func nhsNumbersAreValid(t *testing.T, d *db.DB, _ Keys) {
	numbers := rows(t, d, "select nhs_number from patients order by 1")
	for _, n := range numbers {
		if _, ok := people.NHSNumber(n); !ok || n < "9992000000" {
			t.Errorf("NHS number %s", n)
		}
	}
	if unique := slices.Compact(slices.Clone(numbers)); len(unique) != large {
		t.Errorf("%d NHS numbers of %d people", len(unique), large)
	}
}

func openServicesNearEverySite(t *testing.T, d *db.DB, _ Keys) {
	ctx := actor.With(t.Context(), actor.Actor{Role: actor.Administrator})
	for _, p := range places {
		near := directory.Query{
			Capacities: []string{"open"},
			Near:       &directory.Place{Latitude: p.Latitude, Longitude: p.Longitude},
			WithinKm:   10,
		}
		hits, err := (&directory.Store{DB: d}).Search(ctx, near, db.Page[*directory.Position]{Limit: 200})
		if err != nil || len(hits) < openServices || len(hits) >= p.Services {
			t.Errorf("%s: %d of %d services are open (%v)", p.Name, len(hits), p.Services, err)
		}
	}
}

// nothingImpossible asks for what must not be, each with a query that finds it.
func nothingImpossible(t *testing.T, d *db.DB, _ Keys) {
	for what, sql := range map[string]string{
		"an event of the future": "select type from events where occurred_at > recorded_at or recorded_at > @now",
		"an episode before birth": "select e.id::text from episodes e join patients p on p.id = e.patient_id " +
			"where e.received_on <= born_from(p.birth_date) + 6570",
		"a contact after death or closing": "select c.id::text from contacts c join episodes e on e.id = c.episode_id " +
			"join patients p on p.id = e.patient_id where c.contact_on > coalesce(e.closed_on, 'infinity') or c.contact_on > " +
			"coalesce(p.died_on, 'infinity') or c.contact_on < e.received_on",
		"attendance after death": "select a.id::text from attendances a join referrals r on r.id = a.referral_id join patients p on " +
			"p.id = r.patient_id where a.attended_on > p.died_on",
		"a referral outside its episode": "select r.id::text from referrals r join episodes e on e.id = r.episode_id " +
			"where r.sent_at::date < e.received_on or r.created_at::date > coalesce(e.closed_on, 'infinity')",
		"a referral without consent": "select r.id::text from referrals r where kind = 'referral' and status <> 'draft' and (select " +
			"decision from consents c where c.patient_id = r.patient_id and purpose = " +
			"'share_with_organisations' and decided_on <= r.sent_at::date order by decided_on desc, created_at " +
			"desc limit 1) not in ('given', 'best_interests')",
		"a completion before its baseline": "select id::text from follow_ups where completed_on <= anchor_on or lost_on <= opens_on",
		"a completed follow-up without answer": "select f.id::text from follow_ups f left join follow_up_completions c " +
			"on c.follow_up_id = f.id where (f.completed_on is not null) <> (c.id is not null)",
		"a moved anchor": "select f.id::text from follow_ups f join episodes e on e.id = f.episode_id where e.baseline_on <> f.anchor_on",
		"a use that was not answered whole": "select id::text from follow_up_services where (used in ('still_using', 'used_stopped')) = " +
			"(benefit = 'not_applicable') or used = 'still_using' and reason is not null",
		"withdrawn research without its terms": "select id::text from consents " +
			"where (purpose = 'research' and decision = 'withdrawn') <> (withdrawal is not null)",
		"a consent before the referral in": "select c.id::text from consents c join episodes e on e.patient_id = c.patient_id where " +
			"c.decided_on < e.received_on or c.decided_on > @now",
		"something recorded otherwise": "select id::text from patients where recorded_via <> 'demo' union select id::text from referrals " +
			"where recorded_via <> 'demo' union select id::text from contacts where recorded_via <> 'demo'",
		"support of somebody never met": "select id::text from episodes where status in ('active', 'paused') " +
			"and first_contact_on is null and baseline_on is null",
		"two consents that stand": "select patient_id::text from consents group by patient_id, purpose " +
			"having count(*) filter (where stands) <> 1",
		"a waiting episode that was reached": "select id::text from episodes where (status = 'waiting') " +
			"and (first_contact_on is not null or baseline_on is not null)",
	} {
		var args []any
		if strings.Contains(sql, "@now") {
			args = append(args, map[string]any{"now": d.Clock.Now()})
		}
		if found := rows(t, d, sql, args...); len(found) > 0 {
			t.Errorf("%s: %d, such as %s", what, len(found), found[0])
		}
	}
}

// thereIsSomeOfEverything asks for what makes a demo worth looking at.
func thereIsSomeOfEverything(t *testing.T, d *db.DB, _ Keys) {
	for what, sql := range map[string]string{
		"people who died":               "select id::text from patients where died_on is not null",
		"withdrawn consents":            "select id::text from consents where decision = 'withdrawn'",
		"consents to research":          "select id::text from consents where purpose = 'research' and decision = 'given'",
		"paused episodes":               "select id::text from episodes where status = 'paused'",
		"people who wait":               "select id::text from episodes where status = 'waiting'",
		"closed episodes":               "select id::text from episodes where status = 'closed'",
		"missing answers":               "select id::text from assessments where responses::text like '%missing%'",
		"narratives":                    "select id::text from follow_up_completions where narrative is not null",
		"referrals that follow another": "select id::text from referrals where follows_referral_id is not null",
		"organisation and person disagree": `select r.id::text from referrals r join follow_up_services u on
			u.referral_id = r.id
			where r.status = 'completed' and r.first_attended_on is not null and u.used = 'did_not_use'`,
		"invitations by email":    "select id::text from follow_up_attempts where channel = 'email' and result = 'invitation_sent'",
		"contacts on going along": "select id::text from contacts where kind = 'accompanied' and attended",
	} {
		if len(rows(t, d, sql)) == 0 {
			t.Errorf("there are no %s", what)
		}
	}
}

// Every event is of a declared kind, about the thing that is declared of it, and holds nothing else.
func TestEventsAreAsDeclared(t *testing.T) {
	d, _, _ := load(t, small, 7)
	kinds := map[string]events.Kind{}
	for _, k := range events.Kinds() {
		kinds[k.String()] = k
	}
	var found []struct{ Type, SubjectType, Field string }
	err := d.Do(actor.With(t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		return tx.Raw(`select distinct e.type, e.subject_type, coalesce(f.field, '') as field
			from events e left join lateral jsonb_object_keys(e.data) as f (field) on true`).Scan(&found).Error
	})
	if err != nil || len(found) < 20 {
		t.Fatalf("%d kinds and fields: %v", len(found), err)
	}
	for _, f := range found {
		k := kinds[f.Type]
		if k.Subject() != f.SubjectType {
			t.Errorf("%s is about a %q, and declared of a %q", f.Type, f.SubjectType, k.Subject())
		} else if f.Field != "" && !slices.Contains(k.Fields(), f.Field) {
			t.Errorf("%s holds %s, which is not declared", f.Type, f.Field)
		}
	}
}
