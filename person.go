package arauto

import "time"

// A Person is one human in an account, known by aliases. The row is made at first touch: a contact
// that was only imported has none yet. Caps, suppressions and the timeline hang on PersonKey.
type Person struct {
	ID      int64
	Account int64
	Key     string
	Name    string

	FirstTouchAt time.Time
	LastTouchAt  time.Time
}

// An Alias is one way by which the outside names a person.
type Alias struct {
	Kind  AliasKind
	Value string
}

// AliasKind is what an alias is.
type AliasKind string

const (
	AliasPhone    AliasKind = "phone"    // E.164, as dialled
	AliasWAID     AliasKind = "wa_id"    // WhatsApp's, digits
	AliasUserID   AliasKind = "user_id"  // business-scoped, "BR.…"
	AliasUsername AliasKind = "username" // chosen by the person
)
