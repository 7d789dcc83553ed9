package arauto

import (
	"slices"
	"time"
)

// A Conversion is what a click led to, told to Meta so that its ads find more people like that: an event of the
// Conversions API. Closing a conversation that a click opened or joined with an activity code that has a rule makes one.
// Meta takes whatever it is sent, also twice, so each click's event exists once and leaves once.
//
//	pending ──posted──▶ sending ──taken──▶ sent
//	   │                  ├──deferred──▶ pending
//	   │                  ├──refused──▶ failed
//	   │                  └──lost──▶ unknown
//	   ├──refused──▶ failed
//	   └──expired──▶ expired
//	failed, unknown, expired ──again──▶ pending
//	unknown ──taken──▶ sent
//	unknown ──refused──▶ failed
//
// What was sending when the program died is unknown: nobody sends it again but a person. One without the click's id can
// be told to nobody and is skipped from the start; reports count it all the same.
type Conversion struct {
	ID      int64
	Account int64

	Click        int64
	Conversation int64
	Code         int64 // the activity code
	Sender       int64 // with whose token it is told
	Clid         string

	Event     string // Meta's name
	Value     Money  // zero = none
	At        time.Time
	ClickedAt time.Time

	State     ConversionState
	Detail    string // why it is not sent
	ErrorCode int    // Meta's
	Tries     int
	DueAt     time.Time
	CreatedAt time.Time
	DoneAt    time.Time // when it came to rest
}

// ConversionState is where a conversion stands.
type ConversionState string

const (
	ConversionPending ConversionState = "pending" // waits for its (next) try
	ConversionSending ConversionState = "sending" // durable before the request leaves
	ConversionSent    ConversionState = "sent"    // Meta took it
	ConversionFailed  ConversionState = "failed"  // Meta refused it, or every try was used up
	ConversionUnknown ConversionState = "unknown" // it may have been taken
	ConversionExpired ConversionState = "expired" // its click is too old for Meta
	ConversionSkipped ConversionState = "skipped" // Meta did not name the click
)

// ConversionStates lists every state.
func ConversionStates() []ConversionState {
	return []ConversionState{ConversionPending, ConversionSending, ConversionSent, ConversionFailed, ConversionUnknown, ConversionExpired, ConversionSkipped}
}

// ConversionEvent is what happens to a conversion.
type ConversionEvent string

const (
	ConversionPosted   ConversionEvent = "posted"
	ConversionTaken    ConversionEvent = "taken"
	ConversionDeferred ConversionEvent = "deferred" // certainly not taken, and worth another try
	ConversionRefused  ConversionEvent = "refused"
	ConversionLost     ConversionEvent = "lost" // no answer that can be read
	ConversionTooOld   ConversionEvent = "expired"
	ConversionAgain    ConversionEvent = "again" // a person says so
)

// ConversionEvents lists every event.
func ConversionEvents() []ConversionEvent {
	return []ConversionEvent{ConversionPosted, ConversionTaken, ConversionDeferred, ConversionRefused, ConversionLost, ConversionTooOld, ConversionAgain}
}

// conversionTransitions is the whole life. A pair that is absent is a conflict.
var conversionTransitions = map[ConversionState]map[ConversionEvent]ConversionState{
	ConversionPending: {ConversionPosted: ConversionSending, ConversionRefused: ConversionFailed, ConversionTooOld: ConversionExpired, ConversionAgain: ConversionPending},
	ConversionSending: {
		ConversionTaken: ConversionSent, ConversionDeferred: ConversionPending, ConversionRefused: ConversionFailed, ConversionLost: ConversionUnknown,
	},
	ConversionSent:    {ConversionTaken: ConversionSent},
	ConversionFailed:  {ConversionAgain: ConversionPending, ConversionRefused: ConversionFailed},
	ConversionUnknown: {ConversionAgain: ConversionPending, ConversionTaken: ConversionSent, ConversionRefused: ConversionFailed, ConversionLost: ConversionUnknown},
	ConversionExpired: {ConversionAgain: ConversionPending},
	ConversionSkipped: {},
}

const (
	// ClickLife is how long after a click Meta takes what it led to.
	ClickLife = 7 * 24 * time.Hour
	// ConversionTries is how often one is tried; with what is between them, about a day and a half.
	ConversionTries = 12
)

// Apply returns c after e at that moment, or a conflict; c is then returned unchanged. A deferred one whose tries are
// used up has failed.
func (c Conversion) Apply(e ConversionEvent, at time.Time, code int, detail string) (Conversion, error) {
	next, ok := conversionTransitions[c.State][e]
	if !ok {
		return c, Errorf(KindConflict, "state", "a conversion that is %s cannot be %s", c.State, e)
	}
	switch e {
	case ConversionPosted:
		c.Tries++
	case ConversionDeferred:
		if c.DueAt = at.Add(min(6*time.Hour, 30*time.Second<<min(2*c.Tries, 12))); c.Tries >= ConversionTries {
			next = ConversionFailed
		}
	case ConversionAgain:
		c.Tries, c.DueAt = 0, at
	}
	if next != c.State {
		c.ErrorCode, c.Detail, c.DoneAt = code, detail, time.Time{}
		if next != ConversionPending && next != ConversionSending {
			c.DoneAt = at
		}
	}
	c.State = next
	return c, nil
}

// TooOld reports whether Meta would not take it any more.
func (c Conversion) TooOld(now time.Time) bool { return now.Sub(c.ClickedAt) > ClickLife }

// A ConversionRule says which event closing a conversation with an activity code is, and what it is worth.
type ConversionRule struct {
	Account int64
	Code    int64
	Event   string
	Value   Money // zero = none
}

// conversionEvents are those that Meta knows of conversations.
//
// Vendor: Conversions API for business messaging.
var conversionEvents = []string{
	"Purchase", "LeadSubmitted", "QualifiedLead", "InitiateCheckout", "AddToCart", "ViewContent", "OrderCreated", "OrderShipped", "OrderDelivered",
	"OrderCanceled", "OrderReturned", "CartAbandoned", "RatingProvided", "ReviewProvided",
}

// Check is nil for a rule that can be kept.
func (r ConversionRule) Check() error {
	if !slices.Contains(conversionEvents, r.Event) {
		return Errorf(KindInvalid, "event", "%q is not an event that Meta knows of conversations; use one of %v", r.Event, conversionEvents)
	}
	if r.Value == (Money{}) {
		if r.Event == "Purchase" {
			return Errorf(KindInvalid, "value", "a Purchase has a value: give it one")
		}
		return nil
	}
	if !slices.Contains(Currencies(), r.Value.Currency) || r.Value.Micros < 0 || r.Value.Micros > 1_000_000_000*1_000_000 {
		return Errorf(KindInvalid, "value", "a value is between 0 and 1,000,000,000 in one of %v", Currencies())
	}
	return nil
}
