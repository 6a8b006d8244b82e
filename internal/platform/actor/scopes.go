package actor

// Scope is one thing that a role may do; every operation of the API declares the one it needs.
type Scope string

const (
	Self             Scope = "self" // any valid credential: who am I, which codes are there
	SitesRead        Scope = "sites:read"
	SitesWrite       Scope = "sites:write"
	LinkWorkersRead  Scope = "link_workers:read"
	LinkWorkersWrite Scope = "link_workers:write"
	DirectoryRead    Scope = "directory:read"
	DirectorySuggest Scope = "directory:suggest" // add an unverified organisation or service
	DirectoryWrite   Scope = "directory:write"
	DirectoryConfirm Scope = "directory:confirm" // vouch for an address that somebody else changed
	CapacityWrite    Scope = "capacity:write"
	RecordRead       Scope = "record:read" // patients, consents, episodes, contacts, assessments, follow-ups
	RecordWrite      Scope = "record:write"
	ReferralsRead    Scope = "referrals:read"
	ReferralsWrite   Scope = "referrals:write" // record a referral or undo a move
	ReferralsReply   Scope = "referrals:reply" // answer a referral, report attendance
	InsightsRead     Scope = "insights:read"
	InstrumentsWrite Scope = "instruments:write" // a site's own instruments, and its words for others
	ProjectsUse      Scope = "projects:use"      // propose one, ask for its releases and read them
	ProjectsApprove  Scope = "projects:approve"
	StudiesWrite     Scope = "studies:write" // what stands in a study's update, and to publish it
	QuotesCheck      Scope = "quotes:check"  // look for names and places in what somebody else chose to show
	KeysRead         Scope = "keys:read"
	KeysWrite        Scope = "keys:write"
	KeysConfirm      Scope = "keys:confirm" // open a key that reaches people's records and that somebody else made
	EventsRead       Scope = "events:read"
	WebhooksWrite    Scope = "webhooks:write"
	DemoClock        Scope = "demo:clock" // a demo only
)

var theRecord = []Scope{
	Self, SitesRead, LinkWorkersRead, DirectoryRead, DirectorySuggest, DirectoryConfirm, CapacityWrite,
	RecordRead, RecordWrite, ReferralsRead, ReferralsWrite, ReferralsReply, EventsRead, DemoClock,
}

func with(base []Scope, more ...Scope) []Scope { return append(append([]Scope{}, base...), more...) }

var scopes = map[Role][]Scope{
	LinkWorker:   with(theRecord, InsightsRead),
	SiteManager:  with(theRecord, InsightsRead, LinkWorkersWrite, InstrumentsWrite, QuotesCheck, KeysRead, KeysConfirm),
	Integration:  with(theRecord, WebhooksWrite),
	Organisation: {Self, DirectoryRead, CapacityWrite, ReferralsRead, ReferralsReply, EventsRead},
	Dashboard:    {Self, InsightsRead},
	Researcher:   {Self, ProjectsUse},
	DataSteward: {
		Self,
		SitesRead,
		SitesWrite,
		DirectoryRead,
		DirectoryConfirm,
		InstrumentsWrite,
		ProjectsUse,
		ProjectsApprove,
		StudiesWrite,
		QuotesCheck,
		KeysRead,
		KeysConfirm,
		EventsRead,
	},
	Administrator: {
		Self,
		SitesRead,
		SitesWrite,
		LinkWorkersRead,
		LinkWorkersWrite,
		DirectoryRead,
		DirectorySuggest,
		DirectoryWrite,
		CapacityWrite,
		InstrumentsWrite,
		KeysRead,
		KeysWrite,
		EventsRead,
		WebhooksWrite,
		DemoClock,
	},
}

// Holders lists the roles that carry the scope, in a fixed order; the API's document shows them.
func Holders(s Scope) []Role {
	var out []Role
	for _, r := range []Role{LinkWorker, SiteManager, Integration, Organisation, Dashboard, Researcher, DataSteward, Administrator} {
		if (Actor{Role: r}).Can(s) {
			out = append(out, r)
		}
	}
	return out
}
