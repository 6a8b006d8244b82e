package datasets

import (
	"slices"
)

var (
	site    = quasis[0].column("The site, under a code of this project", "sites")
	ageBand = quasis[1].column(
		"Age in bands of years; at the first baseline, or when first referred in. Who is known to be born in a year counts "+
			"as born on 1 July, in a month on its 16th",
		"patients.birth_date",
	)
	gender      = quasis[2].column("Gender as the person states it", "patients.gender")
	ethnicGroup = quasis[3].column(
		"Ethnic group: the groups of the census that the person's category belongs to",
		"patients.ethnic_category",
	)
	imdQuintile = quasis[4].column(
		"Deprivation of the home's neighbourhood, in fifths",
		"patients.imd_decile",
	)
	consent = Column{
		"consent",
		Text,
		"On what the person's data is here",
		"consents.decision",
		"c.consent",
		[]Value{
			{
				"consented",
				"Consent to research stands",
			},
			{"withdrawn_data_kept", "Withdrew, and let data be kept: what was collected until then"},
			{"not_asked", "Was not asked; another legal basis"},
		},
	}
	episodeNo = Column{
		"episode_no",
		Integer,
		"Which spell of support of the person's it is, from 1, in order",
		"episodes",
		"c.episode_no",
		nil,
	}
	needGroup = Column{
		"need_group",
		Text,
		"The group of the need; it is the episode's main one",
		"episodes.need_primary",
		"(select n.code_group from code_needs n where n.code = c.need_primary)",
		groups("needs"),
	}
	timepoint = Column{
		"timepoint",
		Text,
		"Code of the follow-up",
		"follow_ups.code",
		"c.code",
		nil,
	}
	states = []Value{
		{"followed_up", "The person answered the follow-up"},
		{"not_yet_due", "The window has not opened"},
		{"invited_still_open", "The window is open, and somebody has tried to reach the person"},
		{"not_invited", "Nobody has tried to reach the person; the window is open, or has closed"},
		{
			"invited_missed",
			"The window has closed, and somebody had tried to reach the person; no end is recorded",
		},
		{"lost", "Somebody recorded why there will be no answer"},
		{"died", "The person died before the window closed, and had not answered"},
		{"said_no_to_contact", "The person said no to being contacted, so nobody asks"},
		{"withdrew", "The person withdrew from research before the follow-up"},
	}
	state = Column{
		"state",
		Text,
		"What became of the follow-up; on the day of the snapshot",
		"follow_ups",
		"c.state",
		states,
	}
)

// stages are those of flow.csv, beside the states of follow-ups.
var stages = []Value{
	{"recorded", "People whom the sites' record holds"},
	{"never_referred_in", "People who were never referred in"},
	{"consented", "People whose consent to research stands"},
	{"withdrawn_data_kept", "People who withdrew from research, and let data be kept"},
	{"consent_withdrawn", "People who withdrew from research, and had their data taken out"},
	{"consent_declined", "People who declined to take part in research"},
	{"opted_out_or_not_checked", "People who opted out nationally, or were not checked against that"},
	{"not_asked", "People who were not asked whether they take part in research"},
	{"may_be_included", "People who may be included"},
	{"left_out_in_small_groups", "People who were left out, in groups smaller than the minimum k"},
	{"included", "People who are in the release"},
	{"episodes_with_baseline", "Episodes with a baseline"},
}

// dayOfRow is the one meaning of days_from_baseline.
const dayOfRow = "Days from the episode's baseline to what the row is of"

// tables are the six tables of a release.
var tables = []Table{participants, episodes, referrals, assessments, followUps, pairs}

var participants = Table{
	Name: "participants", Label: "a person of the project, followed up or not", Key: []string{"study_id"},
	Columns: []Column{
		studyID,
		consent,
		{
			"consent_version",
			Text,
			"Version of the words by which the person was asked, where it is a number such as 2.1",
			"consents.wording_version",
			`substring(n.wording_version from '^v*([0-9]{1,3}([.][0-9]{1,2}){0,1})$')`,
			nil,
		},
		site,
		ageBand,
		gender,
		ethnicGroup,
		imdQuintile,
		{
			"imd_version",
			Text,
			"Which index the fifth is of",
			"patients.imd_version",
			"p.imd_version",
			[]Value{{"2019", "Indices of deprivation 2019"}, {"2025", "Indices of deprivation 2025"}},
		},
		{"carer", Text, "Whether the person is a carer", "patients.carer", "p.carer", list("carers")},
		{"episodes", Integer, "Spells of support in this release", "episodes", "s.n", nil},
		{
			"first_baseline_quarter",
			Text,
			"Quarter of the person's first baseline; empty: none yet",
			"episodes.baseline_on",
			quarter("s.baseline_on"),
			nil,
		},
		{
			"furthest_state",
			Text,
			"The furthest that any follow-up of the project's timepoints got; empty: none is planned, for want of a " +
				"baseline",
			"follow_ups",
			"f.state",
			states,
		},
	},
	From: `from pg_temp.staged_cohort c
join patients p on p.site_id = c.site_id and p.id = c.patient_id
left join standing_consents n on n.site_id = c.site_id and n.patient_id = c.patient_id and n.purpose = 'research'
join (
  select site_id, patient_id, count(*) as n, min(baseline_on) as baseline_on from spells group by 1, 2
) s on s.site_id = c.site_id and s.patient_id = c.patient_id
left join (
  select distinct on (site_id, patient_id) site_id, patient_id, state from turns
  order by site_id, patient_id, array_position(array['followed_up', 'invited_still_open', 'not_invited', 'not_yet_due',
    'said_no_to_contact', 'invited_missed', 'lost', 'withdrew', 'died'], state)
) f on f.site_id = c.site_id and f.patient_id = c.patient_id`,
}

var episodes = Table{
	Name: "episodes", Label: "a spell of support", Key: []string{"study_id", "episode_no"},
	Columns: slices.Concat([]Column{
		studyID,
		episodeNo,
		site,
		{
			"source_group",
			Text,
			"Who referred the person in",
			"episodes.source",
			"(select g.code_group from code_sources g where g.code = c.source)",
			groups("sources"),
		},
		{"need_primary", Text, "The main need", "episodes.need_primary", "c.need_primary", list("needs")},
		needGroup,
	},
		needFlags(),
		[]Column{
			{
				"received_quarter",
				Text,
				"Quarter in which the person was referred in",
				"episodes.received_on",
				quarter("c.received_on"),
				nil,
			},
			{
				"days_to_first_contact",
				Integer,
				"Days from being referred in to the first contact",
				"episodes",
				days("c.received_on", "c.first_contact_on"),
				nil,
			},
			{
				"days_first_contact_to_baseline",
				Integer,
				"Days from the first contact to the baseline",
				"episodes",
				days("c.first_contact_on", "c.baseline_on"),
				nil,
			},
			{
				"baseline_quarter",
				Text,
				"Quarter of the row's baseline; empty: none",
				"episodes.baseline_on",
				quarter("c.baseline_on"),
				nil,
			},
			{
				"baseline_after_first_attendance",
				Integer,
				"Whether the person had come to a service before the baseline",
				"referrals.first_attended_on",
				"(c.baseline_on > r.attended_on)::int",
				yesNo,
			},
			{
				"contacts",
				Integer,
				"Contacts in which somebody spoke with the person",
				"contacts",
				"coalesce(k.spoken, 0)",
				nil,
			},
			{"contact_minutes", Integer, "Minutes of these, as far as recorded", "contacts.minutes", "k.minutes", nil},
			{
				"accompanied",
				Integer,
				"Whether a link worker went with the person to a service",
				"contacts.kind",
				"coalesce(k.accompanied, 0)",
				yesNo,
			},
			{"referrals", Integer, "Referrals that were sent", "referrals", "coalesce(r.referrals, 0)", nil},
			{"signposts", Integer, "Signposts given", "referrals", "coalesce(r.signposts, 0)", nil},
			{
				"referrals_attended",
				Integer,
				"Referrals that the person came to at least once",
				"referrals.first_attended_on",
				"coalesce(r.attended, 0)",
				nil,
			},
			{"episode_status", Text, "Where support stands", "episodes.status", "c.status", list("episode_statuses")},
			{
				"closure_reason",
				Text,
				"Why it was closed",
				"episodes.closure_reason",
				"c.closure_reason",
				list("closure_reasons"),
			},
			{
				"weeks_open",
				Integer,
				"Whole weeks from being referred in to the closure; empty: not closed",
				"episodes",
				"(c.closed_on - c.received_on) / 7",
				nil,
			},
			{
				"link_worker",
				Text,
				"The link worker, under a code of this project; empty where the site is not told",
				"link_workers",
				"case when c.site <> 'all' then w.code end",
				nil,
			},
		}),
	From: `from spells c
left join unnest(cast(:'workers' as uuid[]), cast(:'worker_codes' as text[])) w (id, code) on w.id = c.link_worker_id
left join (
  select k.site_id, k.episode_id,
    count(*) filter (where reaches_person(k.kind, k.outcome)) as spoken,
    sum(k.minutes) filter (where reaches_person(k.kind, k.outcome)) as minutes,
    max((k.kind = 'accompanied')::int) as accompanied
  from contacts k
  join spells s on s.site_id = k.site_id and s.episode_id = k.episode_id and k.contact_on <= s.until
  group by 1, 2
) k on k.site_id = c.site_id and k.episode_id = c.episode_id
left join (
  select r.site_id, r.episode_id,
    count(*) filter (where r.kind = 'referral') as referrals,
    count(*) filter (where r.kind = 'signpost') as signposts,
    count(*) filter (where r.kind = 'referral' and r.first_attended_on <= s.until) as attended,
    min(r.first_attended_on) filter (where r.first_attended_on <= s.until) as attended_on
  from sent_referrals r join spells s on s.site_id = r.site_id and s.episode_id = r.episode_id
  where r.sent_at < s.until + 1 group by 1, 2
) r on r.site_id = c.site_id and r.episode_id = c.episode_id`,
	Order: ", c.episode_no",
}

// needFlags tell of each group of needs whether the person has one of it.
func needFlags() (columns []Column) {
	for _, g := range groups("needs") {
		columns = append(
			columns,
			Column{
				"need_" + g.Value,
				Integer,
				"Whether the main need or another is of the group: " + g.Label,
				"episodes.need_others",
				"exists (select from code_needs n where n.code_group = '" + g.Value + "' " +
					"and (n.code = c.need_primary or n.code = any(c.need_others)))::int",
				yesNo,
			},
		)
	}
	return columns
}

var referrals = Table{
	Name: "referrals", Label: "a referral to a service, or a signpost to one", Key: []string{"study_id", "referral_no"},
	Columns: []Column{
		studyID,
		episodeNo,
		{
			"referral_no",
			Integer,
			"Which of the person's it is, from 1, in order of sending",
			"referrals",
			"r.no",
			nil,
		},
		site,
		{
			"kind",
			Text,
			"A referral is answered for; a signpost is not",
			"referrals.kind",
			"r.kind",
			[]Value{{"referral", "Referral"}, {"signpost", "Signpost"}},
		},
		{"need", Text, "What it was for", "referrals.need", "r.need", list("needs")},
		{
			"activity_type",
			Text,
			"What kind of service it is",
			"services.activity_type",
			"coalesce(v.activity_type, 'not_known')",
			list("activity_types"),
		},
		{"referral_status", Text, "Where the referral stands", "referrals.status", "r.status", list("referral_statuses")},
		{
			"status_reason",
			Text,
			"Why it stands so",
			"referrals.status_reason",
			"case when c.until = 'infinity' then r.status_reason end",
			list("move_reasons"),
		},
		{"sent_quarter", Text, "Quarter in which it was sent", "referrals.sent_at", quarter("r.sent_on"), nil},
		{
			"days_from_baseline",
			Integer,
			dayOfRow + "; of a referral its sending, less than 0 before the baseline",
			"referrals.sent_at",
			days("c.baseline_on", "r.sent_on"),
			nil,
		},
		{
			"days_to_response",
			Integer,
			"Days from the sending to the first answer; empty: none",
			"referrals.responded_at",
			days("r.sent_on", "r.responded_on"),
			nil,
		},
		{
			"days_to_first_attendance",
			Integer,
			"Days from the sending to the first attendance; empty: none is known",
			"referrals.first_attended_on",
			days("r.sent_on", "r.attended_on"),
			nil,
		},
		{
			"days_to_end",
			Integer,
			"Days from the sending to the end; empty: it has not ended",
			"referrals.ended_on",
			days("r.sent_on", "r.over_on"),
			nil,
		},
		{
			"expected_wait",
			Text,
			"How long the organisation expects the person to wait",
			"referrals.expected_wait",
			"r.expected_wait",
			list("wait_bands"),
		},
		{
			"attended_by_organisation",
			Integer,
			"Attendances that the organisation reported",
			"attendances",
			"coalesce(a.organisation, 0)",
			nil,
		},
		{
			"attended_by_link_worker",
			Integer,
			"Attendances that a link worker reported",
			"attendances",
			"coalesce(a.link_worker, 0)",
			nil,
		},
		{
			"attended_by_patient",
			Integer,
			"Attendances that the person reported",
			"attendances",
			"coalesce(a.patient, 0)",
			nil,
		},
		{
			"patient_used",
			Text,
			"Whether the person says they used it, at the latest follow-up that asked; empty: not asked",
			"follow_up_services.used",
			"u.used",
			list("uses"),
		},
		{
			"patient_benefit",
			Text,
			"How much the person says it helped",
			"follow_up_services.benefit",
			"u.benefit",
			list("benefits"),
		},
		{
			"patient_reason",
			Text,
			"Why the person says they did not use it, or stopped",
			"follow_up_services.reason",
			"u.reason",
			list("unused_reasons"),
		},
	},
	From: `from spells c
join (
  select r.site_id, r.episode_id, r.id, r.service_id, r.kind, r.need, r.status_reason, r.expected_wait, s.until,
    case when s.until = 'infinity' then r.status else coalesce((
      select m.to_status from referral_moves m
      where m.site_id = r.site_id and m.referral_id = r.id and m.voided_at is null and m.occurred_at < s.until + 1
      order by m.sequence desc limit 1
    ), 'sent') end as status,
    (r.sent_at at time zone z.zone)::date as sent_on,
    case when r.responded_at < s.until + 1 then (r.responded_at at time zone z.zone)::date end as responded_on,
    case when r.first_attended_on <= s.until then r.first_attended_on end as attended_on,
    case when r.ended_on <= s.until then r.ended_on end as over_on,
    row_number() over (partition by s.site_id, s.patient_id order by r.sent_at, r.id) as no
  from spells s
  join sent_referrals r on r.site_id = s.site_id and r.episode_id = s.episode_id and r.sent_at < s.until + 1
  join unnest(cast(:'sites' as uuid[]), cast(:'zones' as text[])) z (site_id, zone) on z.site_id = r.site_id
) r on r.site_id = c.site_id and r.episode_id = c.episode_id
left join services v on v.id = r.service_id
left join (
  select a.site_id, a.referral_id,
    count(*) filter (where a.reported_by = 'organisation') as organisation,
    count(*) filter (where a.reported_by = 'link_worker') as link_worker,
    count(*) filter (where a.reported_by = 'patient') as patient
  from attendances a
  join referrals o on o.site_id = a.site_id and o.id = a.referral_id
  join spells s on s.site_id = o.site_id and s.episode_id = o.episode_id
  where a.attended and a.attended_on <= s.until group by 1, 2
) a on a.site_id = r.site_id and a.referral_id = r.id
left join (
  select distinct on (u.site_id, u.referral_id) u.site_id, u.referral_id, u.used, u.benefit, u.reason
  from follow_up_services u join turns t on t.site_id = u.site_id and t.follow_up_id = u.follow_up_id and t.completed_on is not null
  where u.referral_id is not null order by u.site_id, u.referral_id, t.completed_on desc, u.id desc
) u on u.site_id = r.site_id and u.referral_id = r.id`,
	Order: ", r.no",
}

var assessments = Table{
	Name:  "assessments_long",
	Label: "an answer to an item, or a score, of an assessment",
	Key:   []string{"study_id", "episode_no", "assessment_no", "item_or_score", "name"},
	Columns: []Column{
		studyID,
		episodeNo,
		{
			"assessment_no",
			Integer,
			"Which of the episode's assessments it is, from 1, in order",
			"assessments",
			"a.no",
			nil,
		},
		{"instrument", Text, "Key of the instrument", "assessments.instrument", "a.instrument", nil},
		{"instrument_version", Integer, "Version of the instrument", "assessments.instrument_version", "a.instrument_version", nil},
		{
			"timepoint",
			Text,
			"Code of the follow-up; or baseline, review, closure",
			"assessments.timepoint",
			"a.timepoint",
			nil,
		},
		{
			"days_from_baseline",
			Integer,
			dayOfRow + "; of an assessment its day, 0 the baseline itself",
			"assessments.completed_on",
			days("c.baseline_on", "a.completed_on"),
			nil,
		},
		{"mode", Text, "How the person answered", "assessments.mode", "a.mode", list("modes")},
		{"respondent", Text, "Who answered", "assessments.respondent", "a.respondent", list("respondents")},
		{
			"helper",
			Text,
			"Who helped the person, or answered for them; empty: nobody, or not said",
			"assessments.helper",
			"a.helper",
			list("helpers"),
		},
		{"collected_by", Text, "Who asked", "assessments.collected_by", "a.collected_by", list("collectors")},
		{
			"not_counted",
			Integer,
			"Whether somebody else answered what only the person may answer, or the person was too young for " +
				"the instrument; then it has no scores, and is in no pair",
			"assessments.not_counted",
			"a.not_counted::int",
			yesNo,
		},
		{
			"item_or_score",
			Text,
			"Whether the row is an item's answer, or a score",
			"assessments",
			"x.kind",
			[]Value{{"item", "An answer to one item"}, {"score", "A score that is made of items"}},
		},
		{"name", Text, "The item or the score", "assessments", "x.name", nil},
		{"value", Number, "The number; empty: missing, or the answer is a code", "assessments", "x.value", nil},
		{"answer", Text, "The code of the answer, where it is not a number", "assessments.responses", "x.answer", nil},
		{"missing_code", Integer, "Why there is no answer", "assessments.responses", "x.missing", missingCodes[1:]},
	},
	From: `from spells c
join (
  select a.*, row_number() over (partition by a.site_id, a.episode_id order by a.completed_on, a.id) as no
  from standing_assessments a join spells s on s.site_id = a.site_id and s.episode_id = a.episode_id
  where a.completed_on <= s.until and a.instrument = any(cast(:'instruments' as text[]))
    and (a.timepoint in ('baseline', 'review', 'closure') or a.timepoint = any(cast(:'timepoints' as text[])))
) a on a.site_id = c.site_id and a.episode_id = c.episode_id
cross join lateral (
  select 'item' as kind, i.code as name,
    case when jsonb_typeof(a.responses->i.code) = 'number' then (a.responses->>i.code)::float8 end as value,
    case when jsonb_typeof(a.responses->i.code) = 'string' then a.responses->>i.code end as answer,
    case when jsonb_typeof(a.responses->i.code) in ('number', 'string') then null else coalesce(m.code, -9) end as missing
  from (
    select * from unnest(cast(:'item_instruments' as text[]), cast(:'item_versions' as int[]),
      cast(:'item_codes' as text[])) i (instrument, version, code)
    union all
    select o.key, o.version, e->>'code' from instruments o, jsonb_array_elements(o.definition->'items') e
    where o.site_id = a.site_id and e->>'type' <> 'text'
  ) i
  left join (
    values ('not_applicable', -6), ('prefer_not_to_say', -7), ('dont_know', -8), ('not_asked', -9)
  ) m (reason, code) on m.reason = a.responses->i.code->>'missing'
  where i.instrument = a.instrument and i.version = a.instrument_version
  union all
  select 'score', s.score, s.value, null, null from assessment_scores s where s.site_id = a.site_id and s.assessment_id = a.id
) x`,
	Order: ", c.episode_no, a.no, x.kind, x.name",
}

var followUps = Table{
	Name:  "follow_ups",
	Label: "a follow-up of an episode, answered or not",
	Key:   []string{"study_id", "episode_no", "timepoint"},
	Columns: []Column{
		studyID,
		episodeNo,
		timepoint,
		site,
		state,
		{
			"contact_window",
			Text,
			"Where the window for asking was, on the day of the snapshot",
			"follow_ups",
			"c.contact_window",
			[]Value{{"before", "Not open yet"}, {"open", "Open"}, {"over", "Over"}},
		},
		{"attempts", Integer, "How often somebody tried", "follow_up_attempts", "c.attempts", nil},
		{
			"days_from_baseline",
			Integer,
			dayOfRow + "; of a follow-up its answer",
			"follow_ups.completed_on",
			days("c.baseline_on", "c.completed_on"),
			nil,
		},
		{
			"in_analysis_window",
			Integer,
			"Whether the answer lies in the window in which it counts as change",
			"follow_ups",
			"(c.completed_on between c.analysis_from and c.analysis_to)::int",
			yesNo,
		},
		{"loss_reason", Text, "Why it was lost", "follow_ups.loss_reason", "c.loss_reason", list("loss_reasons")},
		{"mode", Text, "How the person answered", "follow_up_completions.mode", "d.mode", list("modes")},
		{"respondent", Text, "Who answered", "follow_up_completions.respondent", "d.respondent", list("respondents")},
		{
			"helper",
			Text,
			"Who helped the person, or answered for them; empty: nobody, or not said",
			"follow_up_completions.helper",
			"d.helper",
			list("helpers"),
		},
		{"collected_by", Text, "Who asked", "follow_up_completions.collected_by", "d.collected_by", list("collectors")},
		{
			"how_have_you_been",
			Text,
			"How the person says they have been since",
			"follow_up_completions.how_have_you_been",
			"d.how_have_you_been",
			list("well_being_since"),
		},
		{
			"benefit",
			Text,
			"How much the person says meeting the link worker helped",
			"follow_up_completions.benefit",
			"d.benefit",
			list("benefits"),
		},
	},
	From: `from turns c
left join follow_up_completions d on d.site_id = c.site_id and d.follow_up_id = c.follow_up_id and c.completed_on is not null`,
	Order: ", c.episode_no, c.code",
}

var pairs = Table{
	Name:  "outcomes_paired",
	Label: "a score of a baseline, with the response that pairs with it at a timepoint, or without one",
	Key:   []string{"study_id", "episode_no", "instrument", "instrument_version", "score", "timepoint"},
	Columns: []Column{
		studyID,
		episodeNo,
		{"instrument", Text, "Key of the instrument", "assessment_scores.instrument", "b.instrument", nil},
		{"instrument_version", Integer, "Version of the instrument", "assessment_scores.instrument_version", "b.instrument_version", nil},
		{"score", Text, "Which of the instrument's scores", "assessment_scores.score", "b.score", nil},
		timepoint,
		{
			"better",
			Text,
			"Which way the score gets better",
			"the instrument",
			"g.better",
			[]Value{{"higher", "Higher is better"}, {"lower", "Lower is better"}},
		},
		{"baseline", Number, "The score at the baseline", "assessment_scores.value", "b.value", nil},
		{
			"follow_up",
			Number,
			"The score of the response in the analysis window nearest the target day, ties to the earlier; empty: none",
			"assessment_scores.value",
			"a.value",
			nil,
		},
		{
			"change",
			Number,
			"The score at the follow-up less that at the baseline, in points; empty: no pair",
			"assessment_scores.value",
			"a.value - b.value",
			nil,
		},
		{
			"missing_code",
			Integer,
			"Why there is no answer; see state",
			"follow_ups",
			"case when a.value is null then -1 end",
			missingCodes[:1],
		},
		state,
		{
			"days_between",
			Integer,
			"Days from the baseline to the follow-up",
			"assessment_scores.completed_on",
			days("b.completed_on", "a.completed_on"),
			nil,
		},
		{
			"in_window",
			Integer,
			"Whether there is a response in the analysis window",
			"follow_ups",
			"(a.value is not null)::int",
			yesNo,
		},
		{
			"responder",
			Integer,
			"Whether the score became better by its instrument's threshold or more; empty: no pair, or no threshold is known",
			"the instrument",
			"case when a.value is not null and g.responder is not null then (case g.better when 'higher' " +
				"then a.value - b.value else b.value - a.value end >= g.responder - 1e-9)::int end",
			yesNo,
		},
		{"mode_baseline", Text, "How the baseline was taken", "assessments.mode", "ab.mode", list("modes")},
		{"mode_follow_up", Text, "How the follow-up was taken", "assessments.mode", "aa.mode", list("modes")},
		{
			"collected_by_baseline",
			Text,
			"Who asked at the baseline",
			"assessments.collected_by",
			"ab.collected_by",
			list("collectors"),
		},
		{
			"collected_by_follow_up",
			Text,
			"Who asked at the follow-up",
			"assessments.collected_by",
			"aa.collected_by",
			list("collectors"),
		},
		{
			"baseline_quarter",
			Text,
			"Quarter of the row's baseline",
			"assessments.completed_on",
			quarter("b.completed_on"),
			nil,
		},
		site,
		needGroup,
		imdQuintile,
		ageBand,
		gender,
		ethnicGroup,
		consent,
	},
	From: `from turns c
join counted_scores b on b.site_id = c.site_id and b.episode_id = c.episode_id and b.timepoint = 'baseline'
  and b.completed_on <= c.until and b.instrument = any(cast(:'instruments' as text[]))
join assessments ab on ab.site_id = b.site_id and ab.id = b.assessment_id
left join lateral (
  select a.assessment_id, a.value, a.completed_on from counted_scores a
  where a.site_id = c.site_id and a.episode_id = c.episode_id
    and a.instrument = b.instrument and a.score = b.score and a.instrument_version = b.instrument_version
    and a.timepoint <> 'baseline' and a.completed_on between c.analysis_from and c.analysis_to and a.completed_on <= c.until
  order by abs(a.completed_on - c.target_on), a.completed_on, a.assessment_id limit 1
) a on true
left join assessments aa on aa.site_id = c.site_id and aa.id = a.assessment_id
left join (
  select * from unnest(cast(:'score_instruments' as text[]), cast(:'score_versions' as int[]),
    cast(:'score_codes' as text[]), cast(:'score_better' as text[]), cast(:'score_responder' as float8[]))
    g (instrument, version, score, better, responder)
  union all
  select o.key, o.version, e->>'code', e->>'better', (e->>'responder_threshold')::float8
  from instruments o, jsonb_array_elements(o.definition->'scores') e
  where o.site_id = any(cast(:'sites' as uuid[]))
) g on g.instrument = b.instrument and g.version = b.instrument_version and g.score = b.score`,
	Order: ", c.episode_no, b.instrument, b.instrument_version, b.score, c.code",
}
