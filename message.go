package arauto

// A Message is one message ready to be sent: a template, or, where Template is "", a text or a file.
type Message struct {
	To Phone
	// Recipient is the person's id at the provider, for who has no number that we know; To is "" then.
	Recipient string
	Text      string // of a text message, or under a file
	Media     MediaOut
	Context   string // the provider's id of the message it answers; "" = none
	Template  string
	Language  string
	Named     bool
	// Parameters are in the order of Template.Parameters.
	Parameters []Filled
	// QuickReplies are the indexes of quick-reply buttons; each carries Ref as its payload, so that a
	// tap tells the message even where the provider sends no context.
	QuickReplies []int
	// Ref is the attempt's Ref: it travels with the message and comes back with every status.
	Ref string
}

// MediaOut is a file in a message: ID is that of an upload at the provider. No Kind = none.
type MediaOut struct{ Kind, ID, Name string }

// Filled is a parameter with its value.
type Filled struct {
	Parameter
	Text string
}

// A Receipt is the provider's word that it took a message. It is acceptance, never delivery.
type Receipt struct {
	ProviderID string // `wamid.…`
	WAID       string // the recipient as the provider knows them; may differ from what was dialled
	Held       Hold   // taken, but held back by the provider for now
}

// Hold is how a provider that took a message holds it back: it is sent later, or fails. "" = not at all.
type Hold string

const (
	HoldQuality Hold = "held"   // until it knows how the first ones of many are received
	HoldPaused  Hold = "paused" // its template was paused meanwhile
)

// Reason is why a contact whose message is held back counts as sent and has nothing to show for it.
func (h Hold) Reason() Reason {
	switch h {
	case HoldQuality:
		return ReasonHeld
	case HoldPaused:
		return ReasonHeldPaused
	}
	return ""
}

// Hold is how a message is held back whose contact has that reason; "" for every other one.
func (r Reason) Hold() Hold {
	for _, h := range []Hold{HoldQuality, HoldPaused} {
		if h.Reason() == r {
			return h
		}
	}
	return ""
}

// A SendError is a refusal or a silence, with what to do about it.
type SendError struct {
	Code   int    // the provider's; 0 for silence and transport faults
	Detail string // the provider's words
	Reason Reason
	Scope  Scope
	Action Action
	// After is how long to wait before the next try of this scope; 0 = as the action's default.
	After int // seconds
	// Tries is how often a contact is tried before it fails; 0 = RetryBudget.
	Tries   int
	Unknown bool // the code is in no table of ours
}

func (e *SendError) Error() string {
	if e.Detail != "" {
		return e.Detail
	}
	return string(e.Reason)
}

// Scope is what a refusal speaks of.
type Scope string

const (
	ScopeContact  Scope = "contact"
	ScopePair     Scope = "pair" // this sender to this person
	ScopeCampaign Scope = "campaign"
	ScopeTemplate Scope = "template"
	ScopeSender   Scope = "sender"
	ScopeWABA     Scope = "waba"
)

// Action is what a refusal asks of the engine.
type Action string

const (
	ActionRetry    Action = "retry"    // certainly not sent; try again later
	ActionWait     Action = "wait"     // done, unless the campaign allows one try more; not before After
	ActionFail     Action = "fail"     // this contact is done
	ActionSuppress Action = "suppress" // done, and do not contact for marketing again
	ActionPause    Action = "pause"    // stop the scope; the contact waits
	ActionUnknown  Action = "unknown"  // it may have been sent
)
