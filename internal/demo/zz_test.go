package demo

import ("testing";"waypost/internal/platform/db";"fmt")

func TestZZ(t *testing.T) {
	d, _, r := load(t, 0, 0)
	type bare Report
	fmt.Printf("%+v\n", bare(r))
	for _, q := range []string{
		"select concat_ws(' ', b.score, count(*), round(avg(b.value)::numeric,2), round(stddev(b.value)::numeric,2), round(avg(f.value)::numeric,2), round(avg(f.value-b.value)::numeric,2), round(stddev(f.value-b.value)::numeric,2), round(corr(b.value,f.value)::numeric,2)) from assessment_scores b left join assessment_scores f on f.episode_id=b.episode_id and f.score=b.score and f.timepoint='m9_12' where b.timepoint='baseline' group by b.score",
		"select concat_ws(' ', score, count(*), round(avg(value)::numeric,2)) from assessment_scores where timepoint='baseline' group by score",
		"select concat_ws(' ', a.score,b.score, round(corr(a.value,b.value)::numeric,2)) from assessment_scores a join assessment_scores b using (assessment_id) where a.timepoint='baseline' and a.score<b.score group by a.score,b.score",
		"select concat_ws(' ', kind, status, count(*)) from referrals group by kind,status order by 1",
		"select concat_ws(' ', status, count(*)) from episodes group by status",
		"select concat_ws(' ', closure_reason, count(*)) from episodes where closed_on is not null group by closure_reason",
		"select concat_ws(' ', type, side, actor_role, count(*)) from events group by type,side,actor_role order by 1",
		"select concat_ws(' ', how_have_you_been, count(*)) from follow_up_completions group by how_have_you_been",
		"select concat_ws(' ', used, benefit, count(*)) from follow_up_services group by used,benefit",
		"select concat_ws(' ', count(*), count(*) filter (where exists (select from follow_up_services u where u.referral_id=r.id and u.used in ('did_not_use')))) from referrals r where status='completed'",
		"select concat_ws(' ', ethnic_category, count(*)) from patients group by ethnic_category order by 1",
		"select concat_ws(' ', imd_decile, count(*)) from patients group by imd_decile order by imd_decile",
		"select concat_ws(' ', gender, count(*), round(avg(('2026-01-01'::date-birth_date)/365.25),1), count(*) filter (where '2026-01-01'::date-birth_date > 40*365 and '2026-01-01'::date-birth_date < 90*365)) from patients group by gender",
		"select concat_ws(' ', given_name, family_name, preferred_name, birth_date, gender, ethnic_category, email, language, access_needs, postcode) from patients limit 15",
		"select concat_ws(' | ', name, description, fees, eligibility, address, postcode, capacity, wait_band, keywords) from services where source_ref like 'otter%' limit 6",
		"select concat_ws(' ', capacity, count(*)) from services group by capacity",
		"select concat_ws(' ', left(source_ref,8), count(*) filter (where capacity='open')) from services group by left(source_ref,8)",
		"select concat_ws(' ', to_char(received_on,'YYYY-MM'), count(*)) from episodes group by to_char(received_on,'YYYY-MM') order by 1",
		"select concat_ws(' ', o.name, count(*), count(*) filter (where r.status in ('sent','expired','accepted','waitlisted','in_progress')), count(*) filter (where r.status = 'sent')) from referrals r join organisations o on o.id=r.organisation_id group by o.name order by count(*) desc limit 8",
		"select concat_ws(' ', purpose, decision, count(*)) from consents group by purpose,decision order by 1",
		"select concat_ws(' ', w.name, count(*), count(*) filter (where e.status='active')) from episodes e join link_workers w on w.id=e.link_worker_id group by w.name",
		"select concat_ws(' ', count(*), avg(n)) from (select count(*) n from contacts group by episode_id) x",
		"select concat_ws(' ', kind, outcome, count(*)) from contacts group by kind,outcome order by 1",
		"select concat_ws(' ', occurred_at, recorded_at, type, side, actor_role, data) from events where patient_id=(select r.patient_id from referral_moves m join referrals r on r.id=m.referral_id join follow_ups f on f.episode_id=r.episode_id where voided_at is not null and f.completed_on is not null order by m.id limit 1) order by occurred_at, id",
	} {
		fmt.Println("--", q[:60])
		for _, l := range rows(t, d, q) { fmt.Println(l) }
	}
	_ = db.AppRole
}
