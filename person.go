package arauto

import "time"

// A Person is one human in an account, known by aliases. The row is made at first touch: a contact
// that was only imported has none yet. Caps, suppressions and the timeline hang on Key.
//
// Two persons who turn out to be one are merged: Key is then the one they are known by, and Merged the
// keys that stand for it since.
type Person struct {
	ID      int64 // 0 until something points at the person
	Account int64
	Key     string
	Name    string

	FirstTouchAt time.Time
	LastTouchAt  time.Time

	Merged  []string // other keys, of persons who were merged into this one
	Aliases []Alias  // by kind, then value
}

// An Alias is one way by which the outside names a person.
type Alias struct {
	Kind  AliasKind
	Value string
}

// AliasKind is what an alias is.
type AliasKind string

const (
	AliasWAID     AliasKind = "wa_id"          // WhatsApp's, digits
	AliasUserID   AliasKind = "user_id"        // business-scoped, "BR.…"
	AliasParentID AliasKind = "parent_user_id" // as AliasUserID, over the portfolios of one parent: "BR.ENT.…"
	AliasUsername AliasKind = "username"       // chosen by the person, who may give it up: it identifies nobody
)

// AliasKinds lists every kind.
func AliasKinds() []AliasKind {
	return []AliasKind{AliasWAID, AliasUserID, AliasParentID, AliasUsername}
}

// Identifies reports whether everything that goes by one alias of kind k is one person.
func (k AliasKind) Identifies() bool { return k != AliasUsername }

// Identity is what a provider says of who is who: everything named is one person.
type Identity struct {
	WAID      string // may be missing
	UserIDs   []string
	ParentIDs []string
}

// Contacted reports whether a contact in this state was written to, or may have been: whoever is the same
// person must not be written to again in that campaign.
func (s ContactState) Contacted() bool {
	switch s {
	case ContactSending, ContactUnknown, ContactSent, ContactDelivered, ContactRead, ContactReplied:
		return true
	}
	return false
}
