package demo

// How often each code is drawn. The needs follow what the literature says of referrals in England: mental
// well-being and loneliness come first. All of it is made up to look plausible, and is no estimate of anything.

var needs = mix{
	{
		"mental_wellbeing",
		24,
	},
	{"loneliness_isolation", 20},
	{"money_debt", 8},
	{"benefits_advice", 7},
	{"physical_activity", 6},
	{
		"long_term_condition_management",
		5,
	},
	{"housing_condition", 4},
	{"caring_role", 4},
	{"bereavement", 4},
	{"weight_diet", 3},
	{
		"employment_volunteering",
		2.5,
	},
	{"food", 2},
	{"digital_access", 2},
	{"memory_dementia", 2},
	{"practical_help_at_home", 2},
	{"pain", 1.5},
	{
		"transport_mobility",
		1.5,
	},
	{"fuel_utilities", 1.2},
	{"relationships_family", 1.2},
	{"parenting", 1},
	{"alcohol_drugs", 1},
	{
		"homelessness",
		1,
	},
	{"sensory_or_disability_support", 1},
	{"domestic_abuse", 0.7},
	{"education_skills", 0.7},
	{"arts_nature_interest", 0.7},
	{
		"refugee_asylum",
		0.6,
	},
	{"immigration_legal", 0.5},
	{"smoking", 0.5},
	{"language_culture", 0.5},
	{"armed_forces", 0.4},
	{"leaving_prison_justice", 0.3},
	{"other", 0.3},
	{"not_yet_known", 0.4},
}

var sources = mix{
	{
		"gp",
		42,
	},
	{"practice_nurse", 9},
	{"other_practice_staff", 10},
	{"pharmacy", 2},
	{"community_health", 4},
	{"hospital", 3},
	{"mental_health_service", 4},
	{
		"proactive_case_finding",
		4,
	},
	{"social_care", 4},
	{"local_authority_other", 1.5},
	{"housing", 2},
	{"job_centre", 1},
	{"police_fire", 0.5},
	{"school_college", 0.5},
	{"vcse", 4},
	{"prison_probation", 0.3},
	{"refugee_service", 0.5},
	{"family_carer", 2},
	{"self", 5},
	{"other", 0.7},
}

var (
	genders = mix{
		{"female", 61},
		{"male", 36.5},
		{"non_binary", 0.6},
		{"other", 0.2},
		{"not_stated", 1.2},
		{"not_known", 0.5},
	}
	// White British and not said; everybody else, in proportions of a mixed town.
	ethnicMajority = mix{{"A", 93}, {"Z", 3}, {"99", 4}}
	ethnicMinority = mix{
		{"B", 3},
		{"C", 14},
		{"D", 4},
		{"E", 2},
		{"F", 2},
		{"G", 3},
		{"H", 13},
		{"J", 15},
		{"K", 6},
		{"L", 7},
		{"M", 9},
		{"N", 12},
		{"P", 3},
		{"R", 3},
		{"S", 4},
	}
	carers      = mix{{"yes", 17}, {"no", 68}, {"not_stated", 3}, {"not_known", 12}}
	preferences = mix{
		{"telephone", 58},
		{"text_message", 16},
		{"email", 8},
		{"letter", 5},
		{"in_person", 5},
		{"not_known", 8},
	}
)

var (
	firstModes   = mix{{"telephone", 52}, {"face_to_face", 34}, {"home_visit", 10}, {"video", 4}}
	supportModes = mix{
		{"telephone", 55},
		{"face_to_face", 25},
		{"home_visit", 9},
		{"text_message", 4},
		{"video", 3},
		{"email", 2},
		{"group", 2},
	}
	contactKinds = mix{{"support", 66}, {"review", 14}, {"holding", 11}, {"on_behalf", 9}}
	results      = mix{{"spoke", 79}, {"no_answer", 9}, {"message_left", 5}, {"did_not_attend", 4}, {"cancelled", 3}}
	unreached    = mix{{"no_answer", 65}, {"message_left", 35}}
	closures     = mix{
		{"plan_completed", 52},
		{"partly_completed", 18},
		{"disengaged", 12},
		{"could_not_contact", 6},
		{"referred_to_clinical_or_statutory", 5},
		{"moved_practice", 4},
		{"other", 3},
	}
	turnedAway = mix{{"could_not_contact", 45}, {"declined_service", 40}, {"inappropriate_referral", 15}}
)

var (
	declines = mix{
		{"no_capacity", 26},
		{"waitlist_closed", 14},
		{"not_eligible", 20},
		{"out_of_area", 6},
		{"needs_too_complex", 14},
		{"risk_or_safety", 3},
		{"wrong_service", 8},
		{"duplicate", 3},
		{"service_closed", 3},
		{"insufficient_information", 3},
	}
	refusals = mix{
		{"not_interested_now", 30},
		{"need_already_met", 12},
		{"prefers_other", 14},
		{"timing", 12},
		{"transport", 10},
		{"anxiety_or_confidence", 14},
		{"stigma", 3},
		{"cost", 5},
	}
	failures = mix{
		{"not_interested_now", 15},
		{"unwell", 18},
		{"caring_or_work_commitments", 13},
		{"transport", 11},
		{"cost", 4},
		{"anxiety_or_confidence", 16},
		{"language_or_access", 3},
		{"timing", 8},
		{"could_not_contact", 12},
	}
	withdrawals = mix{
		{"patient_changed_mind", 48},
		{"replaced_by_other", 26},
		{"sent_in_error", 8},
		{"moved", 8},
		{"unwell", 10},
	}
	waits    = mix{{"under_1_month", 30}, {"1_to_3_months", 42}, {"over_3_months", 16}, {"not_known", 12}}
	absences = mix{
		{"forgot", 18},
		{"unwell", 34},
		{"transport", 14},
		{"anxious_to_go_alone", 14},
		{"activity_cancelled_by_provider", 7},
		{"not_what_expected", 4},
		{"unknown", 9},
	}
	attendanceBy  = mix{{"organisation", 68}, {"link_worker", 14}, {"patient", 18}}
	referralFates = mix{
		{"silent", 15},
		{"declined", 8},
		{"refused", 4},
		{"withdrawn", 5},
		{"waitlisted", 12},
		{"accepted", 38},
		{"came", 10},
		{"never_started", 8},
	}
)

var (
	losses = mix{
		{"could_not_contact", 40},
		{"declined", 15},
		{"moved", 12},
		{"too_unwell", 9},
		{"withdrew", 8},
		{"died", 6},
		{"lacks_capacity", 3},
		{"not_attempted", 4},
		{"other", 3},
	}
	askedBy = mix{
		{"telephone", 60},
		{"face_to_face", 15},
		{"online", 12},
		{"home_visit", 5},
		{"paper", 5},
		{"video", 3},
	}
	respondents  = mix{{"self", 86}, {"self_with_help", 10}, {"proxy", 4}}
	collectors   = mix{{"link_worker", 68}, {"researcher", 26}, {"organisation", 6}}
	channels     = mix{{"telephone", 92}, {"text_message", 8}}
	writing      = mix{{"text_message", 70}, {"letter", 30}}
	tries        = mix{{"no_answer", 50}, {"message_left", 30}, {"invitation_sent", 12}, {"spoke", 8}}
	missingCodes = mix{{"prefer_not_to_say", 40}, {"dont_know", 35}, {"not_asked", 25}}
	signpostUses = mix{
		{"did_not_use", 38},
		{"still_using", 22},
		{"used_stopped", 16},
		{"do_not_remember", 10},
		{"tried_could_not", 8},
		{"not_yet", 6},
	}
	helped = mix{
		{"a_lot", 40},
		{"some", 32},
		{"a_little", 14},
		{"not_at_all", 7},
		{"dont_know", 4},
		{"prefer_not_to_say", 2},
		{"made_worse", 1},
	}
	hardlyHelped = mix{
		{"a_lot", 12},
		{"some", 27},
		{"a_little", 28},
		{"not_at_all", 25},
		{"made_worse", 4},
		{"dont_know", 4},
	}
	stops = mix{
		{"finished", 40},
		{"got_what_i_needed", 25},
		{"unwell", 10},
		{"service_ended", 5},
		{"transport", 6},
		{"not_what_expected", 6},
		{"caring_or_work_commitments", 8},
	}
	obstacles = mix{
		{"anxiety_or_confidence", 22},
		{"unwell", 20},
		{"transport", 14},
		{"timing", 10},
		{"not_interested_now", 14},
		{"prefers_other", 8},
		{"cost", 6},
		{"dont_know", 6},
	}
)
