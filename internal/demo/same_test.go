package demo

import (
	"regexp"
	"slices"
	"testing"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// figures are everything that the seed settles: all but ids, which are random, and times of day.
const figures = `select md5(string_agg(line, '|' order by line)) from (
	select concat_ws(',', given_name, family_name, nhs_number, birth_date, gender, ethnic_category, postcode,
		imd_decile, died_on, phone, access_needs) as line from patients
	union all select concat_ws(',', received_on, first_contact_on, baseline_on, status, closed_on,
		closure_reason, need_primary, need_others) from episodes
	union all select concat_ws(',', purpose, decision, decided_on, withdrawal) from consents
	union all select concat_ws(',', contact_on, kind, mode, outcome, minutes, note) from contacts
	union all select concat_ws(',', kind, need, status, status_reason, sent_at, responded_at,
		first_attended_on, ended_on, reason) from referrals
	union all select concat_ws(',', from_status, to_status, side, reason, occurred_at, recorded_at, voided_at)
		from referral_moves
	union all select concat_ws(',', attended_on, attended, reason, reported_by) from attendances
	union all select concat_ws(',', timepoint, completed_on, responses, scores) from assessments
	union all select concat_ws(',', completed_on, how_have_you_been, benefit, narrative) from follow_up_completions
	union all select concat_ws(',', name, used, reason, benefit) from follow_up_services
	union all select concat_ws(',', name, description, capacity, latitude, longitude, phone) from services
	union all select concat_ws(',', type, side, actor_role, occurred_at, recorded_at) from events where type <>
		'api_key.added') l`

func TestTheSeedSettlesAll(t *testing.T) {
	digest := func(seed uint64) (string, Report) {
		d, _, r := load(t, small, seed)
		return rows(t, d, figures)[0], r
	}
	first, counts := digest(21)
	again, countsAgain := digest(21)
	if first != again || counts != countsAgain {
		t.Errorf("the same seed made %s and %s", first, again)
	}
	if other, _ := digest(22); other == first {
		t.Error("another seed made the same")
	}
}

func keysWork(t *testing.T, d *db.DB, k Keys) {
	list := allSites(t, d)
	for role, want := range map[string]struct {
		key   string
		role  actor.Role
		sites int
	}{
		"administrator":          {k.Administrator, actor.Administrator, 0},
		"link_worker":            {k.LinkWorker, actor.LinkWorker, 1},
		"site_manager":           {k.SiteManager, actor.SiteManager, 1},
		"other_site_link_worker": {k.OtherSiteLinkWorker, actor.LinkWorker, 1},
		"integration":            {k.Integration, actor.Integration, 1},
		"organisation":           {k.Organisation, actor.Organisation, 0},
		"dashboard":              {k.Dashboard, actor.Dashboard, len(list)},
		"researcher":             {k.Researcher, actor.Researcher, 0},
		"data_steward":           {k.DataSteward, actor.DataSteward, 0},
	} {
		if a := behind(t, d, want.key); a.Role != want.role || len(a.Sites) != want.sites {
			t.Errorf("%s is %+v", role, a)
		}
	}
	mine := behind(t, d, k.LinkWorker)
	other := behind(t, d, k.OtherSiteLinkWorker)
	if mine.Sites[0] == other.Sites[0] {
		t.Error("both link workers are of one site")
	}
	busiest := rows(
		t,
		d,
		"select link_worker_id::text from episodes where site_id = ? group by 1 order by count(*) desc limit 1",
		mine.Sites[0],
	)
	if busiest[0] != mine.LinkWorkerID.String() {
		t.Error("the link worker's caseload is not the biggest of the site")
	}
	own := behind(t, d, k.Organisation)
	sent := rows(
		t,
		d,
		"select status from referrals where organisation_id = ? and site_id = ? and kind = 'referral' and status <> 'draft'",
		*own.OrganisationID,
		mine.Sites[0],
	)
	open := slices.DeleteFunc(slices.Clone(sent), func(s string) bool {
		return slices.Contains([]string{"completed", "not_completed", "declined", "withdrawn", "entered_in_error"}, s)
	})
	if len(sent) < 15 || len(open) < 3 {
		t.Errorf("the organisation has had %d referrals, of which %d are open", len(sent), len(open))
	}
}

var code = regexp.MustCompile(
	`^([a-z0-9_]{1,50}|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`,
)

func eventsTellAll(t *testing.T, d *db.DB, _ Keys) {
	for _, v := range rows(t, d, "select distinct value from events, jsonb_each_text(data)") {
		if !code.MatchString(v) {
			t.Errorf("an event says %q", v)
		}
	}
	for what, sql := range map[string]string{
		"a referral without its beginning": "select id::text from referrals where id not in (select subject_id from events where type in " +
			"('referral.sent', 'referral.drafted', 'signpost.given'))",
		"a move without its event": "select m.id::text from referral_moves m where not exists (select from events e where " +
			"e.referral_id = m.referral_id and e.type = 'referral.' || m.to_status and e.occurred_at = " +
			"m.occurred_at and e.side = m.side)",
		"an attendance without its event": "select id::text from attendances where (id, attended) not in (select subject_id, type = " +
			"'attendance.attended' from events where subject_type = 'attendance')",
		"an assessment without its event": "select id::text from assessments where id not in (select subject_id from events where type = " +
			"'assessment.recorded')",
		"a contact without its event": "select id::text from contacts " +
			"where id not in (select subject_id from events where type = 'contact.recorded')",
		"a consent without its event": "select id::text from consents where (id, decision) not in (select subject_id, substr(type, 9) " +
			"from events where subject_type = 'consent')",
		"a follow-up not planned": "select id::text from follow_ups where id not in (select subject_id from events where type = " +
			"'follow_up.planned')",
		"a follow-up not completed": "select id::text from follow_ups where (completed_on is not null) <> (id in (select subject_id " +
			"from events where type = 'follow_up.completed'))",
		"a follow-up not lost": "select id::text from follow_ups where (lost_on is not null) <> (id in (select subject_id from " +
			"events where type = 'follow_up.lost'))",
		"a version that events do not count": "select r.id::text from referrals r join (select subject_id, count(*) as n from events " +
			"where subject_type = 'referral' and type <> 'referral.patient_reported' group by 1) e on e.subject_id = " +
			"r.id where version - n not in (0, (first_attended_on is not null)::int)",
		"an id out of order": "select a.id::text from events a where abs(extract(epoch from recorded_at) * 1000 - ('x' || " +
			"lpad(left(replace(id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint) > 1",
	} {
		if found := rows(t, d, sql); len(found) > 0 {
			t.Errorf("%s: %d", what, len(found))
		}
	}
}

func BenchmarkDefaultSize(b *testing.B) {
	for b.Loop() {
		var d *db.DB
		d, _, _ = load(b, 0, 1)
		d.Close()
	}
}
