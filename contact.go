package arauto

import (
	"fmt"
	"time"
)

// A Contact is one person inside one campaign. It is the row every report is about.
//
//	pending ──intended──▶ sending ──accepted──▶ sent ──delivered──▶ delivered ──read──▶ read ──replied──▶ replied
//	   ▲ │                 │ │ └──refused──▶ failed
//	   │ │                 │ └──lost──▶ unknown ──any fact──▶ where the fact says
//	   │ │                 └──deferred──▶ pending
//	   │ ├──suppressed──▶ suppressed
//	   │ ├──cancelled──▶ cancelled
//	   │ └──refused──▶ failed
//	   └──again── failed, unknown, suppressed, cancelled
//	unknown ──assumed──▶ sent
//
// Facts come late, twice and out of order: a later stage never goes back to an earlier one, a failure
// reported after delivery changes nothing, and a delivery reported after a failure wins. Whatever the
// order in which the same facts come, the contact ends the same.
//
// Only Apply changes State. Vendor words ("dnd", "completed") are projections of the edges in internal/compat.
type Contact struct {
	ID       int64  // ours, ascending with insertion within an account: newest first is by id
	External string // the customer's own id; may be empty

	Account      int64
	Campaign     int64
	Attempt      int64  // the latest attempt; 0 before the first
	Conversation string // UUID of the conversation that a reply opened; "" before
	PersonKey    string // canonical: unique in a campaign among contacts that are not deleted

	Name     string
	PhoneRaw string // as it was given; echoed, never dialled
	Phone    Phone  // dialled; never rewritten
	UserID   UserID // the person's id at Meta, written to where there is no Phone; "" = not given
	Fields   Fields // custom columns in the file's order
	Email    string // as it was given; may be empty
	Outbound string // the number to be called from, as it was given; "" = one of the campaign's
	Priority int    // in the order of dialling: what is higher goes first, 0 = none

	Version  int64 // one more with every change
	State    ContactState
	Dial     Dial   // of a voice campaign's contact, State follows from it; "" otherwise
	Reason   Reason // why, when the contact failed or was held back; "" otherwise
	Code     int    // the provider's own code behind Reason; 0 = none
	Detail   string // the provider's own words behind Reason
	Attempts int
	Forgiven int // of Attempts, those before a person last had the contact tried again

	ReplyAction string // the button the person used; "" for free text
	ReplyText   string

	ScheduledFor time.Time // a person's intent: not before this moment; zero = as the campaign
	DueAt        time.Time // the engine's next try; zero = none
	InsertedAt   time.Time
	UpdatedAt    time.Time
	SentAt       time.Time // accepted by the provider, or known to have been by a later stage
	DeliveredAt  time.Time // reported, or known by a later stage
	ReadAt       time.Time
	RepliedAt    time.Time
	FailedAt     time.Time // zero unless failed
	DeletedAt    time.Time
}

// Added is what became of one contact that was to be put into a campaign.
type Added struct {
	ID        int64 // the new contact's, or the one that was there
	Duplicate bool  // the person was in the campaign already
	Campaign  int64 // where the person is, when that is another campaign
	Row       int   // where the person is, when that is an earlier row of a list that is not in the campaign yet
	Err       error // why it was not taken in: as Voice.Dialable says, or because the person was erased; nil = it was
}

// AddedDial is what became of one contact that was to be put into a voice campaign.
type AddedDial struct {
	Contact   Contact // as it is kept; of a duplicate as it was given, with the ID of the one that was there
	Duplicate bool    // the phone was in the campaign already, or came earlier in the list
	Err       error   // invalid: why it was not taken in; nil = it was, or is a duplicate
}

// ContactState is where a contact stands.
type ContactState string

const (
	ContactPending    ContactState = "pending"    // waiting for its turn
	ContactSending    ContactState = "sending"    // an intent is durable; the provider has not answered
	ContactUnknown    ContactState = "unknown"    // the answer was lost: never sent again blindly
	ContactSent       ContactState = "sent"       // accepted by the provider: not delivered yet
	ContactDelivered  ContactState = "delivered"  // on the person's device
	ContactRead       ContactState = "read"       // opened
	ContactReplied    ContactState = "replied"    // the person reacted: text or button
	ContactFailed     ContactState = "failed"     // refused, or reported as failed
	ContactSuppressed ContactState = "suppressed" // held back by a do-not-contact entry
	ContactCancelled  ContactState = "cancelled"  // given up before sending: cancelled, expired, capped
)

// ContactStates lists every state in the order of a contact's life.
func ContactStates() []ContactState {
	return []ContactState{
		ContactPending, ContactSending, ContactUnknown, ContactSent, ContactDelivered,
		ContactRead, ContactReplied, ContactFailed, ContactSuppressed, ContactCancelled,
	}
}

// Open reports whether the engine still has something to do for a contact in this state. The others
// are settled, which does not close them to later facts: a delivery may be reported weeks later.
func (s ContactState) Open() bool { return s == ContactPending || s == ContactSending }

// EventKind is what can happen to a contact, and to its attempt.
type EventKind string

const (
	EventIntended   EventKind = "intended"   // the intent is about to be durable
	EventAccepted   EventKind = "accepted"   // the provider took the message
	EventDeferred   EventKind = "deferred"   // the provider refused it in a way that may pass: try again at Due
	EventRefused    EventKind = "refused"    // the provider, or the gate before it, refused it for good
	EventLost       EventKind = "lost"       // no answer, or a crash before it was recorded
	EventSuppressed EventKind = "suppressed" // the gate: do not contact
	EventCancelled  EventKind = "cancelled"  // the gate or a person: no longer wanted
	EventAgain      EventKind = "again"      // a person decided: try once more
	EventAssumed    EventKind = "assumed"    // a person decided: treat what was lost as sent
	EventSent       EventKind = "sent"       // fact
	EventDelivered  EventKind = "delivered"  // fact
	EventRead       EventKind = "read"       // fact
	EventFailed     EventKind = "failed"     // fact
	EventReplied    EventKind = "replied"    // fact
)

// EventKinds lists every kind.
func EventKinds() []EventKind {
	return []EventKind{
		EventIntended, EventAccepted, EventDeferred, EventRefused, EventLost, EventSuppressed,
		EventCancelled, EventAgain, EventAssumed, EventSent, EventDelivered, EventRead, EventFailed, EventReplied,
	}
}

// An Event is one thing that happened to a contact.
type Event struct {
	Kind        EventKind
	At          time.Time
	Attempt     int64     // intended: the new attempt
	Due         time.Time // deferred, again: the next try
	Free        bool      // deferred: the try does not count, for what was at fault is not the contact's
	Reason      Reason
	Code        int
	Detail      string
	ReplyAction string
	ReplyText   string
}

// contactTransitions is the whole life cycle. A pair that is absent is a conflict; a pair that maps to
// its own state is a fact that came late or twice.
var contactTransitions = map[ContactState]map[EventKind]ContactState{
	ContactPending: {
		EventIntended: ContactSending, EventSuppressed: ContactSuppressed, EventCancelled: ContactCancelled, EventRefused: ContactFailed,
		// An earlier attempt of a contact that was put back may still be reported on.
		EventDeferred: ContactPending, EventLost: ContactPending, EventFailed: ContactPending,
		EventAccepted: ContactSent, EventSent: ContactSent, EventDelivered: ContactDelivered, EventRead: ContactRead, EventReplied: ContactReplied,
	},
	ContactSending: {
		EventAccepted: ContactSent, EventDeferred: ContactPending, EventRefused: ContactFailed, EventLost: ContactUnknown,
		// Facts overtake the answer of the very request they speak of.
		EventSent: ContactSent, EventDelivered: ContactDelivered, EventRead: ContactRead, EventFailed: ContactFailed, EventReplied: ContactReplied,
	},
	ContactUnknown: {
		EventAccepted: ContactSent, EventRefused: ContactFailed, EventLost: ContactUnknown, EventAgain: ContactPending, EventAssumed: ContactSent,
		EventSent: ContactSent, EventDelivered: ContactDelivered, EventRead: ContactRead, EventFailed: ContactFailed, EventReplied: ContactReplied,
	},
	ContactSent: {
		EventAccepted: ContactSent, EventLost: ContactSent, EventSent: ContactSent,
		EventDelivered: ContactDelivered, EventRead: ContactRead, EventFailed: ContactFailed, EventReplied: ContactReplied,
	},
	ContactDelivered: {
		EventAccepted: ContactDelivered, EventLost: ContactDelivered, EventSent: ContactDelivered, EventDelivered: ContactDelivered,
		EventFailed: ContactDelivered, EventRead: ContactRead, EventReplied: ContactReplied,
	},
	ContactRead: {
		EventAccepted: ContactRead, EventLost: ContactRead, EventSent: ContactRead, EventDelivered: ContactRead,
		EventFailed: ContactRead, EventRead: ContactRead, EventReplied: ContactReplied,
	},
	ContactReplied: {
		EventAccepted: ContactReplied, EventLost: ContactReplied, EventSent: ContactReplied, EventDelivered: ContactReplied,
		EventFailed: ContactReplied, EventRead: ContactReplied, EventReplied: ContactReplied,
	},
	ContactFailed: {
		EventAccepted: ContactFailed, EventRefused: ContactFailed, EventLost: ContactFailed, EventSent: ContactFailed, EventFailed: ContactFailed,
		EventDelivered: ContactDelivered, EventRead: ContactRead, EventReplied: ContactReplied, EventAgain: ContactPending,
	},
	ContactSuppressed: {
		EventSuppressed: ContactSuppressed, EventAgain: ContactPending, EventLost: ContactSuppressed, EventFailed: ContactSuppressed,
		EventAccepted: ContactSent, EventSent: ContactSent, EventDelivered: ContactDelivered, EventRead: ContactRead, EventReplied: ContactReplied,
	},
	ContactCancelled: {
		EventCancelled: ContactCancelled, EventAgain: ContactPending, EventLost: ContactCancelled, EventFailed: ContactCancelled,
		EventAccepted: ContactSent, EventSent: ContactSent, EventDelivered: ContactDelivered, EventRead: ContactRead, EventReplied: ContactReplied,
	},
}

// Apply returns c after e. It does no I/O and reads no clock. The error is a conflict that names the
// state and the event; c is then returned unchanged.
func (c Contact) Apply(e Event) (Contact, error) {
	if c.Dial != "" {
		return c.appliedToDial(e)
	}
	next, ok := contactTransitions[c.State][e.Kind]
	if !ok {
		return c, Errorf(KindConflict, "state", "a contact that is %s cannot be %s", c.State, e.Kind)
	}
	moved := next != c.State
	c.State = next
	c.stamp(e, moved)
	if moved {
		c.DueAt = time.Time{}
		if next == ContactPending {
			c.DueAt = e.Due
		}
		c.explain(e)
	} else if e.Kind == EventSent && next == ContactSent {
		c.Reason = "" // what was held back is on its way
	}
	c.UpdatedAt = later(c.UpdatedAt, e.At)
	return c, nil
}

// Tries is how many attempts count against the contact's budget: those since a person last had it tried again. Limits on
// how often a person is contacted count all of them.
func (c Contact) Tries() int { return max(0, c.Attempts-c.Forgiven) }

// stamp keeps the earliest moment at which each stage is known to have been reached, whatever the order
// of the reports: Meta may skip `delivered` when a message is read at once, and what a person answers
// had been sent.
func (c *Contact) stamp(e Event, moved bool) {
	switch e.Kind {
	case EventIntended:
		c.Attempt, c.Attempts = e.Attempt, c.Attempts+1
	case EventDeferred:
		if e.Free && moved {
			c.Attempts = max(0, c.Attempts-1)
		}
	case EventAgain:
		c.SentAt, c.Forgiven = time.Time{}, c.Attempts // the earlier attempt keeps its moment
	case EventRefused, EventFailed:
		if c.State == ContactFailed {
			keepFirst(&c.FailedAt, e.At)
		}
	case EventReplied:
		if first := c.ReplyText == "" && c.ReplyAction == ""; first || (e.At.Before(c.RepliedAt) && (e.ReplyText != "" || e.ReplyAction != "")) {
			c.ReplyAction, c.ReplyText = e.ReplyAction, e.ReplyText
		}
		keepFirst(&c.RepliedAt, e.At)
	case EventRead:
		keepFirst(&c.ReadAt, e.At)
	}
	switch e.Kind {
	case EventDelivered, EventRead, EventReplied:
		keepFirst(&c.DeliveredAt, e.At)
		keepFirst(&c.SentAt, e.At)
	case EventAccepted, EventSent, EventAssumed:
		keepFirst(&c.SentAt, e.At)
	}
	if c.State != ContactFailed {
		c.FailedAt = time.Time{}
	}
}

// explain sets why, for the states that need a reason, and clears it for those that do not.
func (c *Contact) explain(e Event) {
	switch c.State {
	case ContactSending, ContactSent, ContactDelivered, ContactRead, ContactReplied:
		c.Reason, c.Code, c.Detail = "", 0, ""
		if e.Kind == EventAccepted && c.State == ContactSent {
			c.Reason = e.Reason // taken, but held back
		}
	default:
		c.Reason, c.Code, c.Detail = e.Reason, e.Code, e.Detail
	}
}

// keepFirst moves t back to at, if that is earlier. A report that names no moment says nothing about it.
func keepFirst(t *time.Time, at time.Time) {
	if !at.IsZero() && (t.IsZero() || at.Before(*t)) {
		*t = at
	}
}

// ParseContactState is the state of that name, or an invalid error listing those there are.
func ParseContactState(s string) (ContactState, error) {
	for _, state := range ContactStates() {
		if string(state) == s {
			return state, nil
		}
	}
	return "", Errorf(KindInvalid, "state", "%q is not a contact state; use one of %s", s, fmt.Sprint(ContactStates()))
}
