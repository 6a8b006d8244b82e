package db_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

var otherSite = uuid.MustParse("01938c2e-7a40-7000-8000-0000000000ff")

// everyTable puts one row into every table of a site, by SQL, since the areas are above this package.
const everyTable = `
insert into sites (id, name, code, created_at, updated_at) values ('S', 'Site', 'site', now(), now());
insert into sites (id, name, code, created_at, updated_at) values ('A', 'Another site', 'another', now(), now());
insert into schedules values ('S', 'm9_12', 'baseline', 'P9M', 'P10M', 'P12M', 240, 400);
insert into link_workers values ('S', 'W', 'Sam', 'sam@example.org', true, 1, now(), now());
insert into organisations (id, name, status, source, created_at, updated_at) values ('O', 'Club', 'active',
	'test', now(), now());
insert into link_workers values ('S', 'V', 'Kim', 'kim@example.org', true, 1, now(), now());
insert into patients (site_id, id, given_name, family_name, birth_date, external_ids, recorded_via, created_at,
	updated_at) values ('S', 'P', 'Ann', 'Bee', '1950-01-01', '[{"system":"x","value":"1"}]', 'api', now(), now());
insert into person_lookups values ('S', 'n', '00', 'P');
insert into patients (site_id, id, given_name, birth_date, recorded_via, created_at, updated_at) values ('S',
	'01938c2e-7a40-7000-8000-0000000000f2', 'Bea', '1950-01-01', 'api', now(), now());
insert into merges (site_id, id, patient_id, into_patient_id, reason, state, requested_at, requested_by, created_at,
	updated_at) values ('S', 'A', 'P', '01938c2e-7a40-7000-8000-0000000000f2', 'same', 'pending', now(), '{}', now(), now());
insert into merge_items values ('S', 'A', 'consent', 'C', true);
insert into moved_events values ('S', 'C', 'P');
insert into duplicate_pairs values ('S', 'P', '01938c2e-7a40-7000-8000-0000000000f2', 1, '{}', now());
insert into not_duplicates values ('S', 'P', '01938c2e-7a40-7000-8000-0000000000f2', '{}', null, null, now());
insert into consents (site_id, id, patient_id, purpose, decision, decided_on, created_at, updated_at) values
	('S', 'C', 'P', 'research', 'given', '2026-01-01', now(), now());
insert into outweighed_consents values ('S', 'C', 'C', 'A', now());
insert into episodes (site_id, id, patient_id, link_worker_id, source, received_on, need_primary, status,
	recorded_via, created_at, updated_at) values ('S', 'E', 'P', 'W', 'gp', '2026-01-01', 'food', 'waiting',
	'api', now(), now());
insert into episode_reopenings (site_id, id, episode_id, reason, closed_on, closure_reason, actor_role, on_behalf,
	created_at) values ('S', 'C', 'E', 'It was not over', '2026-01-03', 'plan_completed', 'system', false, now());
insert into transfers (site_id, id, patient_id, to_site_id, reason, basis, state, lapses_at, actor_role, on_behalf,
	created_at, updated_at) values ('S', 'C', 'P', 'A', 'Moves', 'direct_care', 'pending', now(), 'system', false, now(), now());
insert into transfer_offers (site_id, id, from_site_id, reason, basis, state, lapses_at, requested_by_role, created_at, updated_at)
	values ('S', 'C', 'A', 'Moves', 'direct_care', 'pending', now(), 'system', now(), now());
insert into handovers (site_id, id, from_link_worker_id, reason, actor_role, on_behalf, created_at, updated_at) values
	('S', 'H', 'W', 'Leave', 'system', false, now(), now());
insert into handover_items values ('S', 'H', 'episode', 'E', 'E', 'V');
insert into covers values ('S', 'C', 'H', 'W', 'V', null, '2026-01-01', '2026-01-02');
insert into contacts (site_id, id, episode_id, contact_on, mode, kind, outcome, recorded_via, created_at,
	updated_at) values ('S', 'C', 'E', '2026-01-02', 'telephone', 'support', 'spoke', 'api', now(), now());
insert into referrals (site_id, id, episode_id, patient_id, organisation_id, kind, need, status, sent_at,
	recorded_via, created_at, updated_at) values ('S', 'R', 'E', 'P', 'O', 'referral', 'food', 'sent', now(),
	'api', now(), now());
insert into referral_moves (site_id, id, referral_id, sequence, from_status, to_status, side, occurred_at,
	recorded_at, actor_role) values ('S', 'C', 'R', 1, 'sent', 'accepted', 'organisation', now(), now(), 'system');
insert into attendances (site_id, id, referral_id, attended_on, attended, reported_by, created_at, updated_at)
	values ('S', 'C', 'R', '2026-01-05', true, 'patient', now(), now());
insert into corrections (site_id, id, subject_type, subject_id, from_patient_id, to_patient_id, reason, received_by,
	at, by, updated_at) values ('S', 'A', 'contact', 'C', 'P', 'P', 'Wrong', '[]', now(), '{}', now());
update patients set postcode = 'ZZ99 3WZ' where id = 'P';
insert into voids (site_id, id, subject_type, subject_id, patient_id, at, by_role, by_on_behalf) values
	('S', 'A', 'attendance', 'C', 'P', now(), 'organisation', false);
insert into referral_questions (site_id, id, referral_id, question, recorded_via, asked_at, updated_at) values
	('S', 'C', 'R', 'Which day?', 'link', now(), now());
insert into follow_ups (site_id, id, episode_id, patient_id, code, anchor_on, opens_on, target_on, closes_on,
	analysis_from, analysis_to, created_at, updated_at) values ('S', 'F', 'E', 'P', 'm9_12', '2026-01-01',
	'2026-01-01', '2026-01-01', '2026-01-01', '2026-01-01', '2026-01-01', now(), now());
insert into follow_up_attempts values ('S', 'C', 'F', now(), 'telephone', 'no_answer', now(), now());
insert into follow_up_completions (site_id, id, follow_up_id, completed_on, mode, respondent, collected_by,
	how_have_you_been, benefit, created_at, updated_at) values ('S', 'C', 'F', '2026-01-01', 'telephone',
	'self', 'link_worker', 'same', 'some', now(), now());
insert into follow_up_services (site_id, id, follow_up_id, referral_id, used, benefit) values ('S', 'C', 'F',
	'R', 'still_using', 'some');
insert into follow_up_links values ('token', 'S', 'F', '2026-01-01', now());
insert into reply_links values ('A', 'token', 'S', 'R', now(), now());
insert into figure_snapshots (id, day, as_of, sites, threshold, made, built_at) values ('A', current_date,
	now(), array['S']::uuid[], 8, '{}', now());
insert into figures (snapshot_id, metric, dimension, site_id, value, subgroup, periods) values ('A', 'retention',
	'', 'S', '', '', '[]');
insert into outbox (site_id, id, kind, subject_id, ordinal, channel, state, next_try_at, created_at,
	updated_at) values ('S', 'C', 'follow_up_invitation', 'F', 1, 'email', 'waiting', now(), now(), now());
insert into follow_up_answers values ('S', 'F', 'benefit', 'some', now(), now());
insert into instruments values ('S', 'own', 1, '{}', now());
insert into instrument_wordings values ('S', 'own', 1, 'registered', '[]', now(), now());
insert into assessments (site_id, id, episode_id, instrument, instrument_version, timepoint, completed_on,
	mode, respondent, collected_by, responses, scores, recorded_via, created_at, updated_at) values ('S', 'A',
	'E', 'ons4', 1, 'baseline', '2026-01-01', 'telephone', 'self', 'link_worker', '{}', '[]', 'api', now(), now());
insert into assessment_scores (site_id, assessment_id, episode_id, instrument, instrument_version, score,
	timepoint, completed_on, value) values ('S', 'A', 'E', 'ons4', 1, 'anxiety', 'baseline', '2026-01-01', 5);
insert into safeguarding_flags (site_id, id, episode_id, patient_id, assessment_id, instrument, item,
	raised_at, created_at, updated_at) values ('S', 'F', 'E', 'P', 'A', 'check_in', 'feels_unsafe', now(),
	now(), now());
insert into projects (id, title, purpose, legal_basis, setting, site_ids, instruments, timepoints, schedule,
	quasi_identifiers, generalisation, minimum_k, most_suppressed_percent, expires_on, state, pseudonym_key,
	created_at, updated_at)
  values ('A', 'T', 'P', 'explicit_consent', 'outside', array['S']::uuid[], '{ons4}', '{m9_12}', '[]', '{}',
	'{}', 10, 5, '2099-12-31', 'draft', '', now(), now());
insert into study_interviews (id, project_id, work_package, participant_kind, site_id, held_on, mode,
	created_at, updated_at) values ('A', 'A', 'WP1', 'patient', 'S', '2026-01-01', 'telephone', now(), now());
insert into study_quotes (id, project_id, site_id, follow_up_id, words, said_on, chosen_by, state, created_at,
	updated_at) values ('A', 'A', 'S', 'F', 'Yes', '2026-01-01', 'A', 'waiting', now(), now());
insert into events (id, site_id, type, subject_type, subject_id, patient_id, referral_id, actor_role, side,
	occurred_at, recorded_at, data) values ('C', 'S', 'patient.recorded', 'patient', 'P', 'P', 'R', 'system',
	'system', now(), now(), '{}')`

func fillEveryTable(t *testing.T, d *db.DB) {
	t.Helper()
	sql := everyTable
	for i, letter := range strings.Split("S W O P C E R F A V H", " ") {
		sql = strings.ReplaceAll(sql, "'"+letter+"'", "'01938c2e-7a40-7000-8000-00000000000"+string("123456789ab"[i])+"'")
	}
	err := d.Do(actor.With(t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		for _, statement := range strings.Split(sql, ";\n") {
			if err := tx.Exec(strings.ReplaceAll(statement, "?", "")).Error; err != nil {
				t.Fatalf("%s: %v", statement[:40], err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
