package arauto

import "time"

// A Fact is what the provider says happened. It may come late, twice and out of order; it is stored
// raw before it is acknowledged, and applying it twice changes nothing.
type Fact struct {
	Kind FactKind
	At   time.Time // by the provider's clock

	WABA          string // Meta id of the WABA the fact came under
	PhoneNumberID string // Meta id of the number; "" for facts about a WABA

	Status     Status
	Reply      Reply
	Preference PreferenceFact
	Template   TemplateFact
	Account    AccountFact
	Capacity   Capacity
	Identity   Identity
}

// FactKind says which part of a Fact is filled.
type FactKind string

const (
	FactStatus     FactKind = "status"     // of a message of ours
	FactReply      FactKind = "reply"      // a message a person wrote
	FactPreference FactKind = "preference" // a person's wish about marketing
	FactTemplate   FactKind = "template"   // of a template of ours
	FactCapacity   FactKind = "capacity"   // what a WABA's portfolio, or one of its numbers, may send
	FactAccount    FactKind = "account"    // of a WABA of ours, or of one of its numbers
	FactIdentity   FactKind = "identity"   // several names are one person's
	FactTrouble    FactKind = "trouble"    // an error of a number or a WABA that concerns no single message; Status says which
	FactOther      FactKind = "other"      // anything else: kept raw, not acted on
)

// Status is what became of a message.
type Status struct {
	Event      EventKind // sent, delivered, read, failed; "" for a status we do not know
	ProviderID string
	Ref        string // the attempt's Ref, as it travelled with the message; may be missing
	WAID       string
	UserID     string
	ParentID   string // business-scoped over the portfolios of one parent
	Username   string
	Pricing    Pricing
	Reason     Reason // of a failure
	Action     Action // what the failure asks for
	Scope      Scope  // what it speaks of
	After      int    // as SendError has it
	Code       int
	Detail     string
	Unknown    bool // the code is in no table of ours
}

// Stops reports whether s, told of no message, stops a number or a WABA, as the same error in an answer would.
func (s Status) Stops() bool {
	return s.Action == ActionPause && (s.Scope == ScopeSender || s.Scope == ScopeWABA)
}

// Reply is a message from a person.
type Reply struct {
	ProviderID string
	WAID       string // digits; may be missing when the person has a username
	UserID     string // business-scoped id
	ParentID   string // as UserID, over the portfolios of one parent
	Username   string
	Name       string // as their profile says
	Context    string // provider id of our message that it answers; "" for plainly typed text
	Ref        string // our own ref when it came back as a button's payload
	Kind       string // text, button, interactive, image, …
	Text       string
	Action     string // the button's label
	Payload    string // what the button carries, where that is no ref of ours
	Media      MediaIn

	Referral Referral // the ad or the post that brought them, where the message says so
}

// MediaIn is a file that a person sent, as the provider tells of it. No ID = none.
type MediaIn struct {
	Kind string // image, video, audio, document, sticker
	ID   string // at the provider
	Type string // as it says
	Name string // of a document
}

// PreferenceFact is a person's wish about marketing, told by the provider.
type PreferenceFact struct {
	WAID, UserID string
	Wish         Preference
	Detail       string
}

// TemplateFact is a change of a template's status at the provider.
type TemplateFact struct {
	MetaID, Name, Language, Status, Reason string
}

// AccountFact is a change of what a WABA, or one of its numbers, may do at the provider.
type AccountFact struct {
	Event  AccountEvent
	Phone  string    // the number it speaks of, as the provider displays it; "" = the whole WABA
	Until  time.Time // of a restriction; zero = not said
	Detail string
}

// AccountEvent is what happened to a WABA or a number.
type AccountEvent string

const (
	AccountRestricted AccountEvent = "restricted" // it may not start conversations, until AccountFact.Until
	AccountDisabled   AccountEvent = "disabled"   // it may do nothing
	AccountReinstated AccountEvent = "reinstated" // what was disabled works again
	AccountUpgraded   AccountEvent = "upgraded"   // the number's throughput: its short maintenance is over
)

// Reacts reports whether the message is a person's reaction: what the provider writes on a person's
// behalf (system notes, unsupported kinds) is not.
func (r Reply) Reacts() bool { return r.Kind != "system" && r.Kind != "unsupported" }

// Applied is what became of one fact.
type Applied struct {
	Orphan  bool   // the message it speaks of is not known (yet)
	Refused bool   // it speaks of a number or WABA that is not the app's
	Contact int64  // the contact a reply was matched to; 0 = none
	Note    string // for a person who looks
}
