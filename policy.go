package arauto

import "time"

// A Policy is what a campaign asks of the engine beyond its list and its message: how fast, when, and
// what stops it. Its zero value asks for nothing. It is stored as JSON under these names: one that is
// renamed needs a migration.
type Policy struct {
	// Rate is the most messages a second that this campaign may send, within its sender's own; 0 = no limit.
	Rate int
	// Priority orders the campaigns of one sender: what is higher goes first. 0 is usual, from -100 to 100.
	Priority int
	// OnOpenConversation is what to do with a contact who is in an open conversation already, with whichever of
	// the account's senders, at the moment it would be tried.
	OnOpenConversation OnOpenConversation
	// FailurePause is when too many failures of one kind pause the campaign.
	FailurePause FailurePause
	// RetryMarketingCap tries a person whom Meta's limit on marketing held back once more, a day later.
	RetryMarketingCap bool
}

// OnOpenConversation is a campaign's answer to people who are in a conversation already.
type OnOpenConversation string

const (
	SendOnOpenConversation OnOpenConversation = ""     // send all the same
	FailOnOpenConversation OnOpenConversation = "fail" // the contact fails with that reason
)

// Check is nil for a policy that can be kept; the error names the field under `policy`.
func (p Policy) Check() error {
	if p.Rate < 0 || p.Rate > 10_000 {
		return Errorf(KindInvalid, "policy.rate", "a campaign sends between 1 and 10000 messages a second (0 = as fast as its sender), not %d", p.Rate)
	}
	if p.Priority < -100 || p.Priority > 100 {
		return Errorf(KindInvalid, "policy.priority", "a priority is between -100 and 100, not %d", p.Priority)
	}
	if err := p.FailurePause.Check(); err != nil {
		return err
	}
	if p.OnOpenConversation != SendOnOpenConversation && p.OnOpenConversation != FailOnOpenConversation {
		return Errorf(KindInvalid, "policy.on_open_conversation", "%q is not one of: send, fail", p.OnOpenConversation)
	}
	return nil
}

// Rules are what an account asks of every campaign. Their zero value asks for nothing. Stored as Policy is.
type Rules struct {
	// ConversationIdleHours is after how many hours without a message from the person a conversation closes by
	// itself; 0 = DefaultConversationIdle, -1 = never.
	ConversationIdleHours int
}

// DefaultConversationIdle is how long a conversation stays open in silence where nothing else was asked for.
const DefaultConversationIdle = 24 * time.Hour

// ConversationIdle is how long a conversation stays open in silence; 0 = it never closes by itself.
func (r Rules) ConversationIdle() time.Duration {
	switch r.ConversationIdleHours {
	case 0:
		return DefaultConversationIdle
	case -1:
		return 0
	}
	return time.Duration(r.ConversationIdleHours) * time.Hour
}

// Check is nil for rules that can be kept; the error names the field under `rules`.
func (r Rules) Check() error {
	if r.ConversationIdleHours < -1 || r.ConversationIdleHours > 24*365 {
		return Errorf(KindInvalid, "rules.conversation_idle_hours", "a conversation closes after 1 to 8760 hours of silence (0 = 24, -1 = never), not %d", r.ConversationIdleHours)
	}
	return nil
}
