package migrations_test

import (
	"strings"
	"testing"
)

const pairsThatDiffer = `select k || ' ' || to_jsonb(x) from (
	select 'missing' as k, d as x from (table derived_pairs except table pairs) d
	union all select 'too many', p from (table pairs except table derived_pairs) p) w`

// Pairs follow whatever is written to what they are found from, by SQL too: each trigger for itself, since without it
// they do not.
func TestPairsFollowWhatTheyAreFoundFrom(t *testing.T) {
	r := newRecord(t)
	score := func(assessment, timepoint, on string, values ...float64) {
		r.Helper()
		r.exec(`insert into assessments (site_id, id, episode_id, instrument, instrument_version, timepoint, completed_on,
				mode, respondent, collected_by, responses, scores, recorded_via, created_at, updated_at)
			values (site(), md5($1)::uuid, md5('Marigold')::uuid, 'ons4', 1, $2, $3, 'telephone', 'self', 'link_worker',
				'{}', '[]', 'api', now(), now())`, assessment, timepoint, on)
		for _, v := range values {
			r.exec(`insert into assessment_scores (site_id, assessment_id, episode_id, instrument, instrument_version, score,
					timepoint, completed_on, value)
				values (site(), md5($1)::uuid, md5('Marigold')::uuid, 'ons4', 1, 'happy', $2, $3, $4)`, assessment, timepoint, on, v)
		}
	}
	const followUp = `insert into follow_ups (site_id, id, episode_id, patient_id, code, anchor_on, opens_on, target_on,
			closes_on, analysis_from, analysis_to, created_at, updated_at)
		values (site(), md5('follow-up')::uuid, md5('Marigold')::uuid, md5('Marigold')::uuid, 'm9_12', '2026-01-01',
			'2026-10-01', '2026-11-01', '2027-01-01', '2026-09-01', '2027-02-01', now(), now())`
	const response = `insert into assessment_scores (site_id, assessment_id, episode_id, instrument, instrument_version,
			score, timepoint, completed_on, value)
		values (site(), md5('response')::uuid, md5('Marigold')::uuid, 'ons4', 1, 'happy', 'm9_12', '2026-11-02', 7)`
	r.person("Marigold")
	r.person("Bea")
	score("baseline", "baseline", "2026-01-01", 4)
	score("response", "m9_12", "2026-11-02")
	for _, c := range []struct{ trigger, statement string }{
		{"follow_ups_pairs_added on follow_ups_all", followUp},
		{"assessment_scores_pairs_added on assessment_scores", response},
		{"assessment_scores_pairs_changed on assessment_scores", "update assessment_scores set superseded = true " +
			"where timepoint = 'm9_12'"},
		{"assessment_scores_pairs_changed on assessment_scores", "update assessment_scores set superseded = false"},
		{"assessment_scores_pairs_changed on assessment_scores", "update assessment_scores set value = value + 1"},
		{"assessment_scores_pairs_changed on assessment_scores", "update assessment_scores set episode_id = md5('Bea')::uuid"},
		{"assessment_scores_pairs_changed on assessment_scores", "update assessment_scores set " +
			"episode_id = md5('Marigold')::uuid"},
		{"follow_ups_pairs_changed on follow_ups_all", "update follow_ups_all set analysis_to = '2026-11-01'"},
		{"follow_ups_pairs_changed on follow_ups_all", "update follow_ups_all set analysis_to = '2027-02-01'"},
		{"follow_ups_pairs_changed on follow_ups_all", "update follow_ups_all set analysis_from = '2026-12-01'"},
		{"follow_ups_pairs_changed on follow_ups_all", "update follow_ups_all set analysis_from = '2026-09-01'"},
		{"follow_ups_pairs_changed on follow_ups_all", "update follow_ups_all set code = 'm12'"},
		{"follow_ups_pairs_changed on follow_ups_all", "update follow_ups_all set void_id = md5('void')::uuid"},
		{"follow_ups_pairs_changed on follow_ups_all", "update follow_ups_all set void_id = null"},
		{"follow_ups_pairs_changed on follow_ups_all", "update follow_ups_all set episode_id = md5('Bea')::uuid"},
		{"follow_ups_pairs_changed on follow_ups_all", "update follow_ups_all set episode_id = md5('Marigold')::uuid"},
		{"episodes_pairs_changed on episodes_all", "update episodes_all set void_id = md5('void')::uuid"},
		{"episodes_pairs_changed on episodes_all", "update episodes_all set void_id = null"},
		{"assessment_scores_pairs_removed on assessment_scores", "delete from assessment_scores where timepoint = 'm9_12'"},
		{"follow_ups_pairs_removed on follow_ups_all", "delete from follow_ups_all"},
	} {
		if c.trigger == "follow_ups_pairs_added on follow_ups_all" {
			r.exec(`insert into voids (site_id, id, subject_type, subject_id, patient_id, at, by_role, by_on_behalf)
				values (site(), md5('void')::uuid, 'episode', md5('Marigold')::uuid, md5('Marigold')::uuid, now(), 'system', false)`)
		}
		name, table, _ := strings.Cut(c.trigger, " on ")
		if !r.differsWithout(name, table, c.statement) {
			t.Errorf("%s: without %s nothing differs, so the test cannot tell", c.statement, name)
		}
		r.exec(c.statement)
		if wrong := r.texts(pairsThatDiffer); len(wrong) > 0 {
			t.Errorf("after %s: %v", c.statement, wrong)
		}
	}
}

// differsWithout reports whether pairs differ after a statement where a trigger is off. All of it is undone.
func (r record) differsWithout(trigger, table, statement string) (differs bool) {
	r.Helper()
	tx, err := r.owner.BeginTx(r.Context(), nil)
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	for _, s := range []string{"alter table " + table + " disable trigger " + trigger, statement} {
		if _, err := tx.ExecContext(r.Context(), s); err != nil {
			r.Fatal(err)
		}
	}
	if err := tx.QueryRowContext(r.Context(), "select exists ("+pairsThatDiffer+")").Scan(&differs); err != nil {
		r.Fatal(err)
	}
	return differs
}
