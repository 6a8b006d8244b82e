package events

import (
	"slices"
	"strings"
)

// Kind is a kind of event that is declared here, such as ReferralSent. The zero Kind is none.
type Kind struct{ *declaration }

type declaration struct {
	family, what string
	subject      string   // the kind of thing it happens to
	data         []string // what its data may hold: ids, codes, numbers and dates, each as a string
}

var declared []Kind

func declare(name, subject string, data ...string) Kind {
	family, what, _ := strings.Cut(name, ".")
	k := Kind{&declaration{family, what, subject, data}}
	declared = append(declared, k)
	return k
}

// All that can happen: its name, the kind of thing it happens to, and what its data may hold. Whoever records something
// new declares it here, and lists it in docs/partners.md.
var (
	PatientRecorded       = declare("patient.recorded", "patient")
	PatientChanged        = declare("patient.changed", "patient", "merge_id")
	PatientEnteredInError = declare("patient.entered_in_error", "patient")
	PatientRestored       = declare("patient.restored", "patient")
	PatientMerged         = declare("patient.merged", "patient", "merge_id", "into_patient_id")
	PatientUnmerged       = declare("patient.unmerged", "patient", "merge_id", "from_patient_id")

	ConsentGiven          = declare("consent.given", "consent", "purpose")
	ConsentDeclined       = declare("consent.declined", "consent", "purpose")
	ConsentWithdrawn      = declare("consent.withdrawn", "consent", "purpose")
	ConsentNotAsked       = declare("consent.not_asked", "consent", "purpose")
	ConsentNotObtained    = declare("consent.not_obtained", "consent", "purpose")
	ConsentBestInterests  = declare("consent.best_interests", "consent", "purpose")
	ConsentEnteredInError = declare("consent.entered_in_error", "consent", "purpose")
	ConsentRestored       = declare("consent.restored", "consent", "purpose")

	EpisodeOpened  = declare("episode.opened", "episode")
	EpisodeChanged = declare("episode.changed", "episode")
	// Deprecated: no longer recorded; kept so that subscriptions naming it stay valid.
	EpisodeBecameActive   = declare("episode.became_active", "episode")
	EpisodeFirstContact   = declare("episode.first_contact", "episode")
	EpisodeBaselineTaken  = declare("episode.baseline_taken", "episode")
	EpisodePaused         = declare("episode.paused", "episode")
	EpisodeResumed        = declare("episode.resumed", "episode")
	EpisodeClosed         = declare("episode.closed", "episode", "reason")
	EpisodeReopened       = declare("episode.reopened", "episode", "closed_on", "reason")
	EpisodeHandedOver     = declare("episode.handed_over", "episode", "handover_id", "from_link_worker_id", "to_link_worker_id")
	EpisodeCovered        = declare("episode.covered", "episode", "handover_id", "from_link_worker_id", "to_link_worker_id", "until")
	EpisodeCoverEnded     = declare("episode.cover_ended", "episode", "handover_id", "from_link_worker_id", "to_link_worker_id")
	EpisodeEnteredInError = declare("episode.entered_in_error", "episode")
	EpisodeRestored       = declare("episode.restored", "episode")

	TransferRequested = declare("transfer.requested", "transfer")
	TransferReceived  = declare("transfer.received", "transfer")
	TransferAccepted  = declare("transfer.accepted", "transfer")
	TransferRefused   = declare("transfer.refused", "transfer")
	TransferCancelled = declare("transfer.cancelled", "transfer")

	CorrectionTold = declare("correction.told", "correction", "breach")

	ContactRecorded       = declare("contact.recorded", "contact", "kind", "outcome")
	ContactChanged        = declare("contact.changed", "contact", "kind", "outcome")
	ContactEnteredInError = declare("contact.entered_in_error", "contact", "kind", "outcome")
	ContactRestored       = declare("contact.restored", "contact", "kind", "outcome")
	ContactReassigned     = declare("contact.reassigned", "contact", "from_episode_id", "to_episode_id")

	ReferralDrafted          = declare("referral.drafted", "referral", "need", "organisation_id")
	ReferralSent             = declare("referral.sent", "referral", "need", "organisation_id", "from", "reason", "via")
	ReferralChanged          = declare("referral.changed", "referral", "need")
	ReferralUndone           = declare("referral.undone", "referral", "move_id", "from", "to")
	ReferralPatientReported  = declare("referral.patient_reported", "referral", "used", "benefit", "reason")
	ReferralReplyLinkMade    = declare("referral.reply_link_made", "referral")
	ReferralReplyLinkEnded   = declare("referral.reply_link_ended", "referral")
	ReferralNoticeSent       = declare("referral.notice_sent", "referral", "ordinal")
	ReferralNoticeRefused    = declare("referral.notice_refused", "referral", "ordinal")
	ReferralChased           = declare("referral.chased", "referral", "ordinal")
	ReferralQuestionAsked    = declare("referral.question_asked", "referral", "question_id", "via")
	ReferralQuestionAnswered = declare("referral.question_answered", "referral", "question_id")
	ReferralAccepted         = declare("referral.accepted", "referral", "from", "reason", "via")
	ReferralWaitlisted       = declare("referral.waitlisted", "referral", "from", "reason", "via")
	ReferralInProgress       = declare("referral.in_progress", "referral", "from", "reason", "via")
	ReferralCompleted        = declare("referral.completed", "referral", "from", "reason", "via")
	ReferralNotCompleted     = declare("referral.not_completed", "referral", "from", "reason", "via")
	ReferralDeclined         = declare("referral.declined", "referral", "from", "reason", "via")
	ReferralWithdrawn        = declare("referral.withdrawn", "referral", "from", "reason", "via")
	ReferralExpired          = declare("referral.expired", "referral", "from", "reason", "via")
	ReferralEnteredInError   = declare("referral.entered_in_error", "referral", "from", "reason", "via")
	ReferralReassigned       = declare("referral.reassigned", "referral", "from_episode_id", "to_episode_id")

	SignpostGiven = declare("signpost.given", "referral", "need", "organisation_id")

	AttendanceAttended       = declare("attendance.attended", "attendance", "via")
	AttendanceDidNotAttend   = declare("attendance.did_not_attend", "attendance", "via")
	AttendanceEnteredInError = declare("attendance.entered_in_error", "attendance", "via")
	AttendanceRestored       = declare("attendance.restored", "attendance", "via")
	AttendanceReassigned     = declare("attendance.reassigned", "attendance", "from_referral_id", "to_referral_id")

	AssessmentRecorded       = declare("assessment.recorded", "assessment", "instrument", "timepoint")
	AssessmentCorrected      = declare("assessment.corrected", "assessment", "instrument", "timepoint")
	AssessmentEnteredInError = declare("assessment.entered_in_error", "assessment")
	AssessmentRestored       = declare("assessment.restored", "assessment")
	AssessmentReassigned     = declare("assessment.reassigned", "assessment", "from_episode_id", "to_episode_id")

	FollowUpPlanned                  = declare("follow_up.planned", "follow_up", "code", "opens_on")
	FollowUpMoved                    = declare("follow_up.moved", "follow_up", "code", "opens_on")
	FollowUpAttempted                = declare("follow_up.attempted", "follow_up", "channel", "result")
	FollowUpLinkMade                 = declare("follow_up.link_made", "follow_up", "code")
	FollowUpLinkEnded                = declare("follow_up.link_ended", "follow_up", "code")
	FollowUpCompleted                = declare("follow_up.completed", "follow_up", "code")
	FollowUpLost                     = declare("follow_up.lost", "follow_up", "reason")
	FollowUpServiceReported          = declare("follow_up.service_reported", "follow_up", "code")
	FollowUpCompletionEnteredInError = declare("follow_up.completion_entered_in_error", "follow_up", "code")
	FollowUpCompletionRestored       = declare("follow_up.completion_restored", "follow_up", "code")
	FollowUpCompletionReassigned     = declare("follow_up.completion_reassigned", "follow_up", "from_episode_id", "to_episode_id")
	FollowUpCompletionCorrected      = declare("follow_up.completion_corrected", "follow_up", "code")
	FollowUpLossEnteredInError       = declare("follow_up.loss_entered_in_error", "follow_up", "code")
	FollowUpLossRestored             = declare("follow_up.loss_restored", "follow_up", "code")
	FollowUpAttemptEnteredInError    = declare("follow_up.attempt_entered_in_error", "follow_up", "code")
	FollowUpAttemptRestored          = declare("follow_up.attempt_restored", "follow_up", "code")

	SafeguardingRaised = declare("safeguarding.raised", "safeguarding_flag", "assessment_id", "instrument", "item")
	SafeguardingSeen   = declare("safeguarding.seen", "safeguarding_flag", "assessment_id", "instrument", "item")

	SiteAdded   = declare("site.added", "site")
	SiteChanged = declare("site.changed", "site")

	LinkWorkerAdded   = declare("link_worker.added", "link_worker")
	LinkWorkerChanged = declare("link_worker.changed", "link_worker")

	InstrumentAdded         = declare("instrument.added", "site", "instrument", "version")
	InstrumentWordingLoaded = declare("instrument.wording_loaded", "site", "instrument", "version")

	OrganisationAdded          = declare("organisation.added", "organisation")
	OrganisationChanged        = declare("organisation.changed", "organisation")
	OrganisationEmailConfirmed = declare("organisation.email_confirmed", "organisation")

	ServiceAdded          = declare("service.added", "service")
	ServiceChanged        = declare("service.changed", "service")
	ServiceEmailConfirmed = declare("service.email_confirmed", "service")
	ServiceCapacitySet    = declare("service.capacity_set", "service")

	DirectoryImported = declare("directory.imported", "import",
		"source",
		"rows_refused",
		"organisations_read",
		"organisations_created",
		"organisations_updated",
		"organisations_unchanged",
		"organisations_refused",
		"services_read",
		"services_created",
		"services_updated",
		"services_unchanged",
		"services_refused",
	)

	APIKeyAdded     = declare("api_key.added", "api_key", "role", "state")
	APIKeyChanged   = declare("api_key.changed", "api_key")
	APIKeyConfirmed = declare("api_key.confirmed", "api_key", "role")
	APIKeyReplaced  = declare("api_key.replaced", "api_key", "by")
	APIKeyRevoked   = declare("api_key.revoked", "api_key")

	WebhookAdded          = declare("webhook.added", "webhook")
	WebhookChanged        = declare("webhook.changed", "webhook")
	WebhookRemoved        = declare("webhook.removed", "webhook")
	WebhookReplayed       = declare("webhook.replayed", "webhook")
	WebhookSecretReplaced = declare("webhook.secret_replaced", "webhook")
	WebhookDisabled       = declare("webhook.disabled", "webhook")

	ProjectAdded            = declare("project.added", "project")
	ProjectApproved         = declare("project.approved", "project")
	ProjectMemberAdded      = declare("project.member_added", "project", "api_key_id")
	ProjectMemberRemoved    = declare("project.member_removed", "project", "api_key_id")
	ProjectStudyChanged     = declare("project.study_changed", "project")
	ProjectNoteAdded        = declare("project.note_added", "project", "note_id", "kind")
	ProjectNoteRemoved      = declare("project.note_removed", "project", "note_id")
	ProjectInterviewAdded   = declare("project.interview_added", "project", "interview_id", "participant_kind")
	ProjectInterviewRemoved = declare("project.interview_removed", "project", "interview_id")
	ProjectQuoteChosen      = declare("project.quote_chosen", "project", "quote_id")
	ProjectQuoteApproved    = declare("project.quote_approved", "project", "quote_id")
	ProjectQuoteRefused     = declare("project.quote_refused", "project", "quote_id")
	ProjectQuoteTakenBack   = declare("project.quote_taken_back", "project", "quote_id")
	ProjectUpdatePublished  = declare("project.update_published", "project", "update_id")
	ProjectUpdateLinkMade   = declare("project.update_link_made", "project", "update_id")
	ProjectUpdateWithdrawn  = declare("project.update_withdrawn", "project", "update_id")

	ReleaseRequested  = declare("release.requested", "release", "project_id")
	ReleaseTried      = declare("release.tried", "project")
	ReleaseReady      = declare("release.ready", "release", "project_id")
	ReleaseRefused    = declare("release.refused", "release", "project_id")
	ReleaseFailed     = declare("release.failed", "release", "project_id")
	ReleaseDownloaded = declare("release.downloaded", "release", "file", "project_id")
)

// ConsentDecided is the kind of a decision on consent, by its code.
func ConsentDecided(decision string) Kind { return find("consent", decision) }

// ReferralMoved is the kind of a move of a referral, by the status it moves to.
func ReferralMoved(status string) Kind { return find("referral", status) }

// ReleaseEnded is the kind of the end of making a release, by its state.
func ReleaseEnded(state string) Kind { return find("release", state) }

func find(family, what string) Kind {
	at := slices.IndexFunc(declared, func(k Kind) bool { return k.family == family && k.what == what })
	if at < 0 {
		return Kind{}
	}
	return declared[at]
}

// String is such as referral.sent; nothing of the zero Kind.
func (k Kind) String() string {
	if k.declaration == nil {
		return ""
	}
	return k.family + "." + k.what
}

// Subject is the kind of thing it happens to, such as referral.
func (k Kind) Subject() string {
	if k.declaration == nil {
		return ""
	}
	return k.subject
}

// Fields are the names of what its data may hold.
func (k Kind) Fields() []string { return slices.Clone(k.data) }

// Kinds are all kinds of events, by name.
func Kinds() []Kind {
	return slices.SortedFunc(slices.Values(declared), func(a, b Kind) int { return strings.Compare(a.String(), b.String()) })
}

// Types are the names of all kinds of events, in the order of the alphabet.
func Types() (list []string) {
	for _, k := range Kinds() {
		list = append(list, k.String())
	}
	return list
}

// Families are the first parts of the names of kinds, in the order of the alphabet.
func Families() (list []string) {
	for _, k := range declared {
		list = append(list, k.family)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Names reports whether a pattern names kinds that there are: one such as referral.sent, a family such as
// referral.*, or * for all.
func Names(pattern string) bool {
	return pattern == "*" || slices.ContainsFunc(declared, func(k Kind) bool {
		return pattern == k.String() || pattern == k.family+".*"
	})
}
