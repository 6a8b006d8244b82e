package api

import (
	"context"

	"waypost/api/wire"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/link"
	"waypost/internal/referrals"
)

func (s *server) replyOperations() {
	wire.Create(
		s.Server,
		wire.Operation{
			ID:      "create-reply-link",
			Path:    "/referrals/{id}/reply-link",
			Tag:     "referrals",
			Scope:   actor.ReferralsWrite,
			Faults:  []fault.Kind{fault.ConsentRequired},
			Summary: "Make the organisation's link",
			Description: "Makes a link for the organisation to answer this referral without a key, to hand on by e-mail or " +
				"telephone: a page for people, and /v1/replies/{token} for systems. It shows what consent allows " +
				"of this one referral. It stands in this answer and is never shown again; earlier links of the " +
				"referral end. For an organisation that is not active none is made (conflict). It ends when the " +
				"referral is withdrawn, and on its last day.",
		},
		func(r referrals.ReplyLink) string { return "/referrals/" + r.ReferralID.String() },
		s.createReplyLink,
	)
	wire.Delete(
		s.Server,
		wire.Operation{
			ID:      "revoke-reply-link",
			Path:    "/referrals/{id}/reply-link",
			Tag:     "referrals",
			Scope:   actor.ReferralsWrite,
			Summary: "End the organisation's link",
			Description: "Ends every link of this referral at once, such as one that was sent to somebody else; where none " +
				"works, nothing changes. The next notice to the organisation holds a new one.",
		},
		s.revokeReplyLink,
	)
	wire.Get(s.Server, wire.Operation{
		ID:      "get-reply",
		Path:    "/replies/{token}",
		Tag:     "referrals",
		ByLink:  true,
		Summary: "See the referral behind a link",
		Description: "Shows the organisation the referral that the link is for. Name and contact are there only while " +
			"the person's consent to share stands and something is still expected of the organisation. A link " +
			"that is unknown, cut, expired, ended or replaced, and one of a withdrawn referral or of an " +
			"organisation that is no longer active, is 404, and says so in plain words; addresses that try " +
			"links out are slowed down.",
	}, s.getReply)
	wire.Post(
		s.Server,
		wire.Operation{
			ID:      "record-reply",
			Path:    "/replies/{token}",
			Tag:     "referrals",
			ByLink:  true,
			Faults:  []fault.Kind{fault.MoveNotAllowed},
			Summary: "Answer a referral by a link",
			Description: "Takes the organisation's answer, as its page at /r/{token} does: to accept, put on the waiting " +
				"list or decline, and later that the person came or not, finished, or that it did not work out. " +
				"The same rules hold as for moves and attendances by key; what was recorded says recorded_via " +
				"link, and what was said of a day already is answered as it stands, or refused (conflict) where it " +
				"is said otherwise. An answer that comes too late for what it asks, such as to a referral that was " +
				"withdrawn, is move_not_allowed, and says where it stands.",
		},
		s.recordReply,
	)
}

func (s *server) createReplyLink(ctx context.Context, in *wire.ID) (referrals.ReplyLink, error) {
	l, err := s.Referrals.ReplyLink(ctx, in.ID)
	l.URL = link.Reply.URL(s.PublicURL, l.Token)
	return l, err
}

func (s *server) revokeReplyLink(ctx context.Context, in *wire.ID) error {
	return s.Referrals.EndReplyLink(ctx, in.ID)
}

// Token is the path of operations by a link. The transaction began with it.
type Token struct {
	// What the link ends with.
	Token string `path:"token" maxLength:"200"`
}

func (s *server) getReply(ctx context.Context, _ *Token) (referrals.LinkPage, error) {
	return s.Referrals.ReadLinkPage(ctx)
}

func (s *server) recordReply(ctx context.Context, in *struct {
	Token
	Body referrals.Answer
}) (referrals.LinkPage, error) {
	return s.Referrals.Answer(ctx, in.Body)
}
