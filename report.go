package arauto

import "time"

// A ContactFilter selects contacts for lists and reports. Zero fields do not filter; the others must
// all hold.
type ContactFilter struct {
	Campaigns  []int64
	States     []ContactState
	Channel    Channel // of their campaigns; "" = every channel
	Dials      []Dial  // of voice campaigns: any of these
	Template   int64
	PersonKeys []string // any of them
	Name       string   // contained, ignoring case and accents
	FieldKey   string   // compared without case; together with FieldValue
	FieldValue string   // compared exactly
	Digits     string   // four or more of the phone's in a row
	Reasons    []Reason
	IDs        []int64 // these contacts
	// Intent splits the pending contacts by their scheduled time, as seen at Now.
	Intent Intent
	Now    time.Time
	// InsertedFrom and InsertedTo bound the moment of insertion, both inclusive.
	InsertedFrom time.Time
	InsertedTo   time.Time
	Empty        bool // nothing matches: an id in the request names nothing here
}

// Intent tells apart pending contacts whose sending time is set in the future.
type Intent string

const (
	IntentAny    Intent = ""
	IntentFuture Intent = "future" // scheduled for a moment after Now
	IntentNow    Intent = "now"    // the others
)

// A ContactRow is a contact with what a report says about it beyond itself.
type ContactRow struct {
	Contact
	RawFields    string // Contact.Fields as the JSON object it is stored as; Contact.Fields is not filled
	CampaignUUID string
	CampaignName string
	TemplateName string
	// Scheduled is when the contact is meant to be tried, its own or its campaign's wish; zero = none.
	Scheduled time.Time
}

// Future reports whether r waits for a moment that somebody set and that is still to come.
func (r ContactRow) Future(now time.Time) bool {
	return r.State == ContactPending && r.Scheduled.After(now)
}
