package api

import (
	"github.com/danielgtaylor/huma/v2"

	"waypost/api/wire"
	"waypost/internal/stores"
)

const introduction = `Waypost tracks social prescribing referrals and what came of them: a patient is supported by a
link worker, who refers them to community organisations; months later the patient says how they have been, what they
used, and whether it helped.

**Credentials.** Send an API key as ` + "`Authorization: Bearer wp_…`" + `. What a key may do follows from its role;
each operation says which roles may call it. A partner system (role integration) may add
` + "`Waypost-On-Behalf-Of: <link worker id>`" + `. An organisation without a key answers a referral by a link, whose
token is the credential of ` + "`/v1/replies/{token}`" + `.

**Guides** stand beside this document, at ` + "`/docs/guides/`" + `.

**Errors** are problem documents (RFC 9457) with a stable ` + "`code`" + `; they never repeat what was sent.

**Repeating a POST** is safe with an ` + "`Idempotency-Key`" + `: the first answer comes back, and nothing happens
twice.

**Changes** are JSON merge patches and need ` + "`If-Match`" + ` with the ETag that was read, or a list of
those that are fine. The weak form that compression makes of one is taken too.

**HEAD** is answered wherever GET is, and longer answers are compressed for whoever takes it, unless they show a secret.

**Lists** are ordered and paged by ` + "`cursor`" + `; the last page has ` + "`next_cursor: null`" + ` (not so the
event feed, which has no end). An unknown query parameter is refused.

**Texts.** A blank text is nothing: where a text may be left out it is ` + "`null`" + `, in a merge patch too, and
where it is needed it is refused. A text is one line, without control characters, line breaks or direction overrides,
unless its format is ` + "`prose`" + `. A phone, e-mail address, postcode, ODS code or language is recorded in one
form, whichever way it was written. A phone, e-mail address or language that cannot be is kept as it was written, with
a warning: people see it, and no program goes by it. The spaces around a text of one line are dropped.

**Dates** (` + "`YYYY-MM-DD`" + `) are days in the site's time zone; instants are RFC 3339 in UTC. What belongs to
several sites, such as a project or a key, has the days of the first of them, and what belongs to none those of
Europe/London. Things may be recorded late, and may not lie in the future; an instant that is ahead by up to a minute,
as clocks differ, is kept as now.

**Growth.** Requests are closed: a field or parameter that an operation does not know is refused. Answers may gain
fields, and the codes of answers may grow in number, so a client passes over what it does not know. Nothing else
changes within v1. What is to go is answered with the headers ` + "`Deprecation`" + ` and ` + "`Sunset`" + ` for at
least 12 months. v1 is served for at least 24 months after a v2 is released.`

var tags = []*huma.Tag{
	{Name: "me", Description: "Who you are, and which codes there are."},
	{Name: "sites", Description: "Sites and their link workers."},
	{
		Name:        "directory",
		Description: "Organisations and services that all sites share.",
	},
	{
		Name:        "patients",
		Description: "People, what they agreed to, and what happened.",
	},
	{Name: "episodes", Description: "Spells of support and the contacts in them."},
	{Name: "referrals", Description: "The closed loop."},
	{Name: "outcomes", Description: "Instruments, assessments and follow-ups."},
	{
		Name:        "worklists",
		Description: "What needs doing today, and the link worker's own figures.",
	},
	{Name: "insights", Description: "Figures: paired, with denominators, protected."},
	{
		Name:        "datasets",
		Description: "Projects of research, and their frozen, pseudonymised releases.",
	},
	{
		Name:        "study",
		Description: "What a project tells everybody it answers to: what happened in it, and its update.",
	},
	{
		Name:        "partners",
		Description: "What partner systems are told: the event feed, and webhooks.",
	},
	{Name: "administration", Description: "API keys."},
	{Name: "demo", Description: "What only a demo can do."},
}

// schemaNames names types in the document that would not say what they are there. A package alone gives
// all of its types a prefix.
var schemaNames = map[string]string{
	"waypost/internal/people.New":                    "IntakePatient",
	"waypost/internal/people.Recording":              "NewPatient",
	"waypost/internal/outcomes.RecordedCompletion":   "Completed",
	"waypost/internal/people.Search":                 "PatientSearch",
	"waypost/internal/people.UndoMerge":              "MergeUndo",
	"waypost/internal/people.Assignment":             "MergeAssignment",
	"waypost/internal/people.NotDuplicate":           "NewNotDuplicate",
	"waypost/internal/people.Judgement":              "NotDuplicate",
	"waypost/internal/platform/fault.Item":           "UnassignedItem",
	"waypost/internal/episodes.New":                  "NewEpisode",
	"waypost/internal/episodes.Details":              "IntakeEpisode",
	"waypost/internal/episodes.ContactDetails":       "IntakeContact",
	"waypost/internal/referrals.Request":             "IntakeReferral",
	"waypost/internal/casework.Baseline":             "IntakeAssessment",
	"waypost/internal/casework.NewIntake":            "NewIntake",
	"waypost/internal/casework.Intake":               "Intake",
	"waypost/internal/casework.Closure":              "EpisodeClosure",
	"waypost/internal/casework.Closed":               "ClosedEpisode",
	"waypost/internal/worklists.Due":                 "NextDue",
	"waypost/internal/referrals.New":                 "NewReferral",
	"waypost/internal/referrals.Move":                "ReferralMove",
	"waypost/internal/referrals.NewMove":             "NewReferralMove",
	"waypost/internal/referrals.Received":            "ReceivedReferral",
	"waypost/internal/referrals.LinkPage":            "ReferralToAnswer",
	"waypost/internal/referrals.Answer":              "ReferralAnswer",
	"waypost/internal/outcomes.New":                  "NewAssessment",
	"waypost/internal/outcomes.Answers":              "AssessmentAnswers",
	"waypost/internal/outcomes.Used":                 "ServiceUsed",
	"waypost/internal/outcomes.EarlierAnswer":        "Said",
	"waypost/internal/gpmessage.":                    "GP",
	"waypost/internal/gpmessage.ScoreAt":             "GPValue",
	"waypost/internal/sites.Details":                 "NewSite",
	"waypost/internal/directory.OrganisationDetails": "NewOrganisation",
	"waypost/internal/directory.ServiceDetails":      "NewService",
	"waypost/internal/directory.Hit":                 "ServiceFound",
	"waypost/internal/directory.Capacity":            "ServiceCapacity",
	"waypost/internal/directory.Room":                "ServiceRoom",
	"waypost/internal/keys.Key":                      "APIKey",
	"waypost/internal/keys.NewKey":                   "NewAPIKey",
	"waypost/internal/study.Details":                 "StudyDetails",
	"waypost/internal/study.Update":                  "StudyUpdate",
	"waypost/internal/study.Whole":                   "PublishedUpdateWhole",
	"waypost/internal/study.Published":               "PublishedUpdate",
	"waypost/internal/study.NewLink":                 "NewUpdateLink",
	"waypost/internal/study.Check":                   "QuoteCheck",
	"waypost/internal/study.Where":                   "UpdateWhere",
	"waypost/internal/study.Findings":                "UpdateTold",
	"waypost/internal/study.FollowUpFindings":        "UpdateToldAt",
	"waypost/internal/study.Hard":                    "UpdateHard",
	"waypost/internal/study.About":                   "UpdateAbout",
	"waypost/internal/study.PublishedQuote":          "UpdateQuote",
	"waypost/internal/study.Change":                  "UpdateChange",
	"waypost/internal/study.Progress":                "UpdateProgress",
	"waypost/internal/study.ProgressRow":             "UpdateProgressRow",
	"waypost/internal/study.Correction":              "UpdateCorrection",
	"waypost/internal/datasets.Details":              "NewProject",
	"waypost/internal/datasets.Stage":                "ParticipantStage",
	"waypost/internal/datasets.Value":                "LabelledValue",
	"waypost/internal/datasets.Missing":              "MissingShare",
	"waypost/internal/datasets.Reason":               "ReleaseReason",
	"waypost/internal/datasets.File":                 "ReleaseFile",
	"waypost/internal/datasets.Report":               "ReleaseReport",
	"waypost/internal/datasets.Trial":                "ReleaseTrial",
	"waypost/internal/datasets.Member":               "ProjectMember",
	"waypost/internal/datasets.NewMember":            "NewProjectMember",
	"waypost/internal/partners.WebhookDetails":       "NewWebhook",
	"waypost/internal/partners.Message":              "WebhookMessage",
	"waypost/internal/partners.Delivery":             "WebhookDelivery",
	"waypost/internal/partners.Attempt":              "WebhookAttempt",
	"waypost/internal/partners.Event":                "FeedEvent",
	"waypost/internal/partners.Links":                "EventLinks",
	"waypost/internal/platform/fault.Field":          "ProblemField",
	"waypost/internal/platform/codes.List":           "CodeList",
	"waypost/internal/platform/db.ExternalID":        "ExternalID",
}

// OpenAPI is the document that every request is held to, without the descriptions of fields.
func OpenAPI() *huma.OpenAPI {
	_, s := build(Config{Stores: stores.New(nil)})
	return s.API.OpenAPI()
}

// Document makes the OpenAPI document of this version, as YAML, which package docs embeds. Its descriptions of
// fields are the comments in the source.
func Document(comment wire.Comment) ([]byte, error) {
	_, s := assemble(Config{Stores: stores.New(nil)})
	return s.MakeDocument(comment)
}
