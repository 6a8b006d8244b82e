package migrations_test

import (
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"waypost/internal/platform/db/dbtest"
)

// record is a database with one site, where a test writes rows by SQL and reads the rules in always/ back.
type record struct {
	*testing.T
	owner *sql.DB
}

func newRecord(t *testing.T) record {
	t.Parallel()
	_, url := dbtest.URLs(t)
	owner, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { owner.Close() })
	r := record{t, owner}
	r.exec(`
		create function site() returns uuid language sql immutable return md5('site')::uuid;
		insert into sites (id, name, code, created_at, updated_at) values (site(), 'First site', 'first', now(), now());
		insert into link_workers (site_id, id, name, email, created_at, updated_at)
			values (site(), md5('worker')::uuid, 'Sam Helper', 'sam@example.org', now(), now());
		insert into organisations (id, name, status, source, created_at, updated_at)
			values (md5('organisation')::uuid, 'Example Club', 'active', 'api', now(), now())`)
	return r
}

func (r record) exec(query string, args ...any) {
	r.Helper()
	if _, err := r.owner.ExecContext(r.Context(), query, args...); err != nil {
		r.Fatal(err)
	}
}

// person records somebody called by name, with an episode. Their ids are md5 of the name.
func (r record) person(name string) {
	r.Helper()
	r.exec(`insert into patients (site_id, id, given_name, birth_date, recorded_via, created_at, updated_at)
		values (site(), md5($1)::uuid, 'Marigold', '1950-01-01', 'api', now(), now())`, name)
	r.exec(`insert into episodes (site_id, id, patient_id, link_worker_id, source, received_on, need_primary, status,
			recorded_via, created_at, updated_at)
		values (site(), md5($1)::uuid, md5($1)::uuid, md5('worker')::uuid, 'gp', '2026-01-01', 'food', 'active', 'api',
			now(), now())`, name)
}

// consent records a decision of a day, such as "given 2026-01-05". Each is recorded an hour after the one before.
func (r record) consent(name, purpose string, decisions ...string) {
	r.Helper()
	for i, d := range decisions {
		decision, on, _ := strings.Cut(d, " ")
		r.exec(`insert into consents (site_id, id, patient_id, purpose, decision, decided_on, created_at, updated_at)
			values (site(), gen_random_uuid(), md5($1)::uuid, $2, $3, $4, $5::timestamptz + make_interval(hours => $6),
				now())`, name, purpose, decision, on, "2026-06-01T00:00Z", i)
	}
}

// texts reads one column, sorted by the query.
func (r record) texts(query string, args ...any) (list []string) {
	r.Helper()
	rows, err := r.owner.QueryContext(r.Context(), query, args...)
	if err != nil {
		r.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			r.Fatal(err)
		}
		list = append(list, s)
	}
	if err := rows.Err(); err != nil {
		r.Fatal(err)
	}
	return list
}

func (r record) want(want []string, query string, args ...any) {
	r.Helper()
	if got := r.texts(query, args...); !slices.Equal(got, want) {
		r.Errorf("%s\n\tis %q, want %q", query, got, want)
	}
}

func TestStandingConsents(t *testing.T) {
	r := newRecord(t)
	for _, c := range []struct {
		name, purpose string
		decisions     []string
		stands, means string
	}{
		{"the only one", "share_with_organisations", []string{"given 2026-01-01"}, "given", "permits"},
		{"the latest day", "share_with_organisations", []string{"withdrawn 2026-02-01", "given 2026-01-01"},
			"withdrawn", "rules out"},
		{"given again", "share_with_organisations", []string{"declined 2026-01-01", "given 2026-02-01"}, "given", "permits"},
		{"a refusal of one day", "share_with_organisations", []string{"declined 2026-01-01", "given 2026-01-01"},
			"declined", "rules out"},
		{"the last recorded of one day", "share_with_organisations",
			[]string{"given 2026-01-01", "best_interests 2026-01-01"}, "best_interests", "permits"},
		{"not asking replaces nothing", "share_with_organisations", []string{"given 2026-01-01", "not_asked 2026-02-01"},
			"given", "permits"},
		{"not obtaining replaces nothing", "share_with_organisations",
			[]string{"given 2026-01-01", "not_obtained 2026-02-01"}, "given", "permits"},
		{"not obtained", "share_with_organisations", []string{"not_asked 2026-02-01", "not_obtained 2026-01-01"},
			"not_obtained", "rules out"},
		{"never asked", "share_with_organisations", []string{"not_asked 2026-01-01"}, "not_asked", "neither"},
		{"best interests", "share_with_organisations", []string{"best_interests 2026-01-01"}, "best_interests", "permits"},
		{"no best interests in research", "research", []string{"best_interests 2026-01-01"}, "", ""},
		{"research that was declined", "research", []string{"declined 2026-01-01", "best_interests 2026-02-01"},
			"declined", "rules out"},
	} {
		r.person(c.name)
		r.consent(c.name, c.purpose, c.decisions...)
		var want []string
		if c.stands != "" {
			want = []string{c.stands + ": " + c.means}
		}
		r.want(want, `select decision || ': ' || case when permits then 'permits' when rules_out then 'rules out' else 'neither' end
			from standing_consents where patient_id = md5($1)::uuid and purpose = $2`, c.name, c.purpose)
		permits := map[bool]string{true: "true", false: "false"}[c.means == "permits"]
		r.want([]string{permits}, "select consent_stands(site(), md5($1)::uuid, $2)::text", c.name, c.purpose)
	}
}

// A consent that a later one replaces stands no more, whatever the days; what was known before is known still.
func TestStandingConsentThatIsReplaced(t *testing.T) {
	r := newRecord(t)
	r.person("Marigold")
	r.consent("Marigold", "research", "declined 2026-03-01")
	r.exec(`insert into consents (site_id, id, patient_id, purpose, decision, decided_on, created_at, updated_at, replaces)
		select site_id, gen_random_uuid(), patient_id, purpose, 'given', '2026-02-01', '2026-06-02T00:00Z', now(), id
		from consents`)
	r.want([]string{"given"}, "select decision from standing_consents")
	r.want([]string{"declined"}, "select decision from standing_consent(site(), md5('Marigold')::uuid, 'research', '2026-06-01T12:00Z')")
}

func TestSentReferrals(t *testing.T) {
	r := newRecord(t)
	r.person("Marigold")
	for _, c := range []struct {
		kind, status string
		sent, counts bool
	}{
		{"referral", "draft", false, false},
		{"referral", "withdrawn", false, false}, // a draft that was withdrawn
		{"referral", "sent", true, true},
		{"referral", "accepted", true, true},
		{"referral", "withdrawn", true, true},
		{"referral", "expired", true, true},
		{"referral", "entered_in_error", true, false},
		{"referral", "entered_in_error", false, false},
		{"signpost", "signposted", true, true},
		{"signpost", "entered_in_error", true, false},
	} {
		r.exec(`insert into referrals (site_id, id, episode_id, patient_id, organisation_id, kind, need, status, sent_at,
				recorded_via, created_at, updated_at)
			values (site(), gen_random_uuid(), md5('Marigold')::uuid, md5('Marigold')::uuid, md5('organisation')::uuid, $1,
				'food', $2, case when $3 then now() end, 'api', now(), now())`, c.kind, c.status, c.sent)
		var want []string
		if c.counts {
			want = []string{c.kind + " " + c.status}
		}
		r.want(want, "select kind || ' ' || status from sent_referrals")
		r.exec("delete from referrals")
	}
}

func TestAssessmentsThatCount(t *testing.T) {
	r := newRecord(t)
	r.person("Marigold")
	add := func(name string, notCounted bool) {
		r.exec(`insert into assessments (site_id, id, episode_id, instrument, instrument_version, timepoint, completed_on,
				mode, respondent, collected_by, responses, scores, recorded_via, created_at, updated_at, not_counted)
			values (site(), md5($1)::uuid, md5('Marigold')::uuid, 'ons4', 1, 'review', '2026-02-01', 'telephone', 'self',
				'link_worker', '{}', '[]', 'api', now(), now(), $2)`, name, notCounted)
	}
	score := func(name string, superseded bool) {
		r.exec(`insert into assessment_scores (site_id, assessment_id, episode_id, instrument, instrument_version, score,
				timepoint, completed_on, value, superseded)
			values (site(), md5($1)::uuid, md5('Marigold')::uuid, 'ons4', 1, 'happy', 'review', '2026-02-01', 5, $2)`,
			name, superseded)
	}
	names := func(column, view string) string {
		return "select n from unnest(array['corrected', 'correction', 'not counted', 'plain']) n join " + view +
			" v on v." + column + " = md5(n)::uuid order by n"
	}
	add("plain", false)
	add("not counted", true)
	add("corrected", false)
	add("correction", false)
	r.exec("update assessments set corrected_by_id = md5('correction')::uuid where id = md5('corrected')::uuid")
	r.exec("update assessments set corrects_id = md5('corrected')::uuid where id = md5('correction')::uuid")
	score("plain", false)
	score("corrected", true)
	score("correction", false)
	r.want([]string{"correction", "not counted", "plain"}, names("id", "standing_assessments"))
	r.want([]string{"correction", "plain"}, names("id", "counted_assessments"))
	r.want([]string{"correction", "plain"}, names("assessment_id", "counted_scores"))
}

func TestOpenSafeguardingFlags(t *testing.T) {
	r := newRecord(t)
	r.person("Marigold")
	r.exec(`insert into assessments (site_id, id, episode_id, instrument, instrument_version, timepoint, completed_on,
			mode, respondent, collected_by, responses, scores, recorded_via, created_at, updated_at)
		values (site(), md5('answers')::uuid, md5('Marigold')::uuid, 'check_in', 1, 'review', '2026-02-01', 'telephone',
			'self', 'link_worker', '{}', '[]', 'api', now(), now());
		insert into safeguarding_flags (site_id, id, episode_id, patient_id, assessment_id, instrument, item, raised_at,
			seen_at, seen_by_role, created_at, updated_at)
		select site(), gen_random_uuid(), md5('Marigold')::uuid, md5('Marigold')::uuid, md5('answers')::uuid, 'check_in',
			item, '2026-02-01T09:00Z', seen, case when seen is not null then 'link_worker' end, now(), now()
		from (values ('open', null::timestamptz), ('seen', '2026-02-02T09:00Z')) f (item, seen)`)
	r.want([]string{"open"}, "select item from open_safeguarding_flags")
	for instant, want := range map[string][]string{
		"2026-02-01T08:59:59Z": nil,
		"2026-02-01T09:00:00Z": {"open", "seen"},
		"2026-02-02T08:59:59Z": {"open", "seen"},
		"2026-02-02T09:00:00Z": {"open"},
	} {
		r.want(want, "select item from safeguarding_flags_open_at($1) order by item", instant)
	}
}

func TestFollowUpPauses(t *testing.T) {
	r := newRecord(t)
	for _, c := range []struct {
		decision string
		died     bool
		why      []string
	}{
		{"", false, nil},
		{"given", false, nil},
		{"best_interests", false, nil},
		{"not_asked", false, nil},
		{"declined", false, []string{"said_no"}},
		{"withdrawn", false, []string{"said_no"}},
		{"not_obtained", false, []string{"said_no"}},
		{"given", true, []string{"died"}},
		{"declined", true, []string{"said_no"}},
	} {
		name := fmt.Sprintf("%q, died %t", c.decision, c.died)
		r.person(name)
		if c.decision != "" {
			r.consent(name, "follow_up_contact", c.decision+" 2026-01-01")
		}
		if c.died {
			r.exec("update patients set died_on = '2026-02-01' where id = md5($1)::uuid", name)
		}
		r.want(c.why, "select why from follow_up_pauses where patient_id = md5($1)::uuid order by why", name)
	}
	r.person("of another purpose")
	r.consent("of another purpose", "research", "declined 2026-01-01")
	r.want(nil, "select why from follow_up_pauses where patient_id = md5('of another purpose')::uuid")
}

// A follow-up opens on 1 March, is best done by 10 March, and closes on 20 March.
const days = "date '2026-03-01', date '2026-03-10', date '2026-03-20'"

func TestFollowUpState(t *testing.T) {
	r := newRecord(t)
	for _, c := range []struct{ recorded, day, want string }{
		{"null, null, false", "2026-02-28", "upcoming"},
		{"null, null, false", "2026-03-01", "due"},
		{"null, null, false", "2026-03-10", "due"},
		{"null, null, false", "2026-03-11", "overdue"},
		{"null, null, false", "2026-03-20", "overdue"},
		{"null, null, false", "2026-03-21", "missed"},
		{"null, null, true", "2026-02-28", "paused"},
		{"null, null, true", "2026-03-05", "paused"},
		{"null, null, true", "2026-03-21", "paused"},
		{"'2026-03-05', null, false", "2026-02-28", "completed"},
		{"'2026-03-05', null, true", "2026-03-21", "completed"},
		{"null, '2026-03-05', false", "2026-02-28", "lost"},
		{"null, '2026-03-05', true", "2026-03-21", "lost"},
	} {
		r.want([]string{c.want}, "select follow_up_state("+c.recorded+", "+days+", $1)", c.day)
	}
}

func TestCountedFollowUpState(t *testing.T) {
	r := newRecord(t)
	const alive, died, silent, saidNo = ", false", ", true", ", false", ", true"
	for _, c := range []struct{ recorded, day, want string }{
		{"null, null, null" + alive + silent, "2026-02-28", "not_yet_due"},
		{"null, null, null" + alive + silent, "2026-03-01", "due"},
		{"null, null, null" + alive + silent, "2026-03-11", "due"},
		{"null, null, null" + alive + silent, "2026-03-20", "due"},
		{"null, null, null" + alive + silent, "2026-03-21", "missed"},
		{"null, null, null" + alive + saidNo, "2026-02-28", "paused"},
		{"null, null, null" + alive + saidNo, "2026-03-21", "paused"},
		{"null, null, null" + died + silent, "2026-03-05", "died"},
		{"null, null, null" + died + saidNo, "2026-03-05", "died"},
		{"null, null, null, null" + silent, "2026-03-05", "due"}, // no day of death
		{"'2026-03-05', null, null" + alive + silent, "2026-03-06", "completed"},
		{"'2026-03-05', null, null" + died + saidNo, "2026-03-06", "completed"},
		{"null, '2026-03-05', 'moved'" + alive + silent, "2026-03-06", "lost"},
		{"null, '2026-03-05', 'moved'" + died + saidNo, "2026-03-06", "lost"},
		{"null, '2026-03-05', 'died'" + alive + silent, "2026-03-06", "died"},
	} {
		r.want([]string{c.want}, "select counted_follow_up_state("+c.recorded+", '2026-03-01', '2026-03-20', $1)", c.day)
	}
}

// On every day, the view has the one state of each follow-up that the function says, and to_ask for due and overdue.
func TestFollowUpStatesAreThoseOfTheFunction(t *testing.T) {
	r := newRecord(t)
	for name, decision := range map[string]string{"never asked": "", "agreed": "given", "said no": "declined", "died": "given"} {
		r.person(name)
		if decision != "" {
			r.consent(name, "follow_up_contact", decision+" 2026-01-01")
		}
		r.exec(`insert into follow_ups (site_id, id, episode_id, patient_id, code, anchor_on, opens_on, target_on, closes_on,
				analysis_from, analysis_to, completed_on, lost_on, loss_reason, created_at, updated_at)
			select site(), gen_random_uuid(), md5($1)::uuid, md5($1)::uuid, code, '2026-01-01', o.opens_on, o.target_on,
				o.closes_on, o.opens_on, o.closes_on, completed_on, lost_on, loss_reason, now(), now()
			from (values ('m3', null::date, null::date, null), ('m6', '2026-03-05', null, null),
				('m9', null, '2026-03-05', 'moved')) f (code, completed_on, lost_on, loss_reason),
				(select `+days+`) o (opens_on, target_on, closes_on)`, name)
	}
	r.exec("update patients set died_on = '2026-03-05' where id = md5('died')::uuid")
	r.want(nil, `
		with expected as (
			select f.id, d.day, follow_up_state(f.completed_on, f.lost_on,
				exists (select from follow_up_pauses p where p.patient_id = f.patient_id),
				f.opens_on, f.target_on, f.closes_on, d.day) as state
			from follow_ups f, (select g::date as day from generate_series(timestamp '2026-02-01', '2026-05-01', '1 day') g) d
		), found as (
			select e.id, e.day, e.state, array_agg(s.state order by s.state) filter (where s.state is not null) as states
			from expected e
			left join follow_up_states s on s.id = e.id and e.day between s.starts_on and s.ends_on
			group by e.id, e.day, e.state
		)
		select day || ' ' || state || ': ' || coalesce(states::text, 'none') from found
		where states is distinct from case when state in ('due', 'overdue') then array[state, 'to_ask'] else array[state] end
		order by 1`)
	r.want([]string{"m3 agreed", "m3 never asked"}, `
		select code || ' ' || n from open_follow_ups f
		join unnest(array['never asked', 'agreed', 'said no', 'died']) n on f.patient_id = md5(n)::uuid order by 1`)
}

// A published update keeps what it says, and has its counts under the names of today too.
func TestPublishedUpdatesHaveTheNamesOfToday(t *testing.T) {
	r := newRecord(t)
	r.exec(`insert into projects (id, title, purpose, legal_basis, setting, site_ids, instruments, timepoints,
			quasi_identifiers, generalisation, minimum_k, most_suppressed_percent, expires_on, state, pseudonym_key,
			created_at, updated_at)
		values (site(), '', '', 'anonymised', 'outside', '{}', '{}', '{}', '{}', '{}', 10, 5, '2030-01-01', 'draft', '',
			now(), now())`)
	r.exec(`insert into study_updates (id, project_id, number, up_to, as_of, content, sha256, token_hash, expires_on,
			created_at, updated_at)
		values (site(), site(), 1, '2026-10', now(), $1, 'of what was published', '', '2030-01-01', now(), now())`,
		`{"rows": [{"site": "The \"due\": 5 site", "site_id": null, "baseline": 30, "due": null}],
			"figures": {"lost": 10, "better": 20, "worse": 15, "same_or_not_said": 5, "made_worse": null},
			"changes": [{"better": "higher"}]}`)
	text, err := os.ReadFile("0119_figure_names.sql")
	if err != nil {
		t.Fatal(err)
	}
	r.exec(string(text))
	r.want([]string{`The "due": 5 site`, "30", "", "5"}, `select coalesce(content #>> path, '') from study_updates,
		(values (1, '{rows,0,site_name}'::text[]), (2, '{rows,0,with_baseline}'), (3, '{rows,0,ever_due}'),
			(4, '{figures,been_same_or_not_said}')) p (place, path) order by place`)
	r.want([]string{"10 20 15 null", "true", "of what was published"}, `
		select concat_ws(' ', f->'lost_or_said_no', f->'been_better', f->'been_worse', f->'services_made_worse')
		from study_updates, jsonb_extract_path(content, 'figures') f
		union all
		select (content->'changes' = '[{"better": "higher"}]' and content #> '{rows,0,site}' is not null
			and content #>> '{figures,better}' = '20')::text from study_updates
		union all
		select sha256 from study_updates`)
}
