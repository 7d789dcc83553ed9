package arauto

import (
	"strconv"
	"strings"
	"time"
)

// An Attempt is one try at a contact: for WhatsApp, one message. It is durable before the request
// leaves, and its Ref travels with the message, so that whatever the provider reports finds it again.
//
//	open ──accepted──▶ accepted ──sent──▶ sent ──delivered──▶ delivered ──read──▶ read
//	  ├──refused──▶ failed        └──failed──▶ failed
//	  ├──deferred──▶ failed
//	  └──lost──▶ unknown ──any fact──▶ where the fact says
//
// A person who treats a lost message as sent settles its contact: the attempt stays unknown, with their
// word beside what was known, for nobody knows more about it than before.
type Attempt struct {
	ID       int64
	Account  int64
	Campaign int64
	Contact  int64
	Sender   int64
	Previous int64 // the contact's attempt before this one; 0 = none
	Number   int   // 1 for a contact's first
	Epoch    int64
	State    AttemptState
	// ProviderID is the provider's message id (`wamid.…`), "" until accepted.
	ProviderID string
	WAID       string // the recipient's id in the provider's answer; may differ from what was dialled
	Code       int    // the provider's, of a failure or of silence; 0 = none
	Detail     string // the provider's words for it
	Charge     Charge // what it costs, once the provider named a price

	IntendedAt  time.Time
	AcceptedAt  time.Time
	SentAt      time.Time
	DeliveredAt time.Time
	ReadAt      time.Time
	FailedAt    time.Time // zero unless failed
}

// AttemptState is where an attempt stands.
type AttemptState string

const (
	AttemptOpen      AttemptState = "open"
	AttemptAccepted  AttemptState = "accepted"
	AttemptSent      AttemptState = "sent"
	AttemptDelivered AttemptState = "delivered"
	AttemptRead      AttemptState = "read"
	AttemptFailed    AttemptState = "failed"
	AttemptUnknown   AttemptState = "unknown"
)

// AttemptStates lists every state.
func AttemptStates() []AttemptState {
	return []AttemptState{AttemptOpen, AttemptAccepted, AttemptSent, AttemptDelivered, AttemptRead, AttemptFailed, AttemptUnknown}
}

var attemptTransitions = map[AttemptState]map[EventKind]AttemptState{
	AttemptOpen: {
		EventAccepted: AttemptAccepted, EventDeferred: AttemptFailed, EventRefused: AttemptFailed, EventLost: AttemptUnknown,
		EventSent: AttemptSent, EventDelivered: AttemptDelivered, EventRead: AttemptRead, EventFailed: AttemptFailed,
	},
	AttemptUnknown: {
		EventAccepted: AttemptAccepted, EventRefused: AttemptFailed, EventLost: AttemptUnknown, EventAssumed: AttemptUnknown,
		EventSent: AttemptSent, EventDelivered: AttemptDelivered, EventRead: AttemptRead, EventFailed: AttemptFailed,
	},
	AttemptAccepted: {
		EventAccepted: AttemptAccepted, EventLost: AttemptAccepted,
		EventSent: AttemptSent, EventDelivered: AttemptDelivered, EventRead: AttemptRead, EventFailed: AttemptFailed,
	},
	AttemptSent: {
		EventAccepted: AttemptSent, EventLost: AttemptSent, EventSent: AttemptSent,
		EventDelivered: AttemptDelivered, EventRead: AttemptRead, EventFailed: AttemptFailed,
	},
	AttemptDelivered: {
		EventAccepted: AttemptDelivered, EventLost: AttemptDelivered, EventSent: AttemptDelivered,
		EventDelivered: AttemptDelivered, EventFailed: AttemptDelivered, EventRead: AttemptRead,
	},
	AttemptRead: {
		EventAccepted: AttemptRead, EventLost: AttemptRead, EventSent: AttemptRead,
		EventDelivered: AttemptRead, EventFailed: AttemptRead, EventRead: AttemptRead,
	},
	AttemptFailed: {
		EventAccepted: AttemptFailed, EventDeferred: AttemptFailed, EventRefused: AttemptFailed, EventLost: AttemptFailed,
		EventSent: AttemptFailed, EventFailed: AttemptFailed, EventDelivered: AttemptDelivered, EventRead: AttemptRead,
	},
}

// Apply returns a after e, or a conflict naming state and event; a is then returned unchanged.
func (a Attempt) Apply(e Event) (Attempt, error) {
	next, ok := attemptTransitions[a.State][e.Kind]
	if !ok {
		return a, Errorf(KindConflict, "state", "an attempt that is %s cannot be %s", a.State, e.Kind)
	}
	if next != a.State {
		a.Code, a.Detail = 0, ""
		if next == AttemptFailed || next == AttemptUnknown {
			a.Code, a.Detail = e.Code, e.Detail
		}
	}
	a.State = next
	switch e.Kind {
	case EventAssumed:
		a.Detail = strings.TrimPrefix(a.Detail+" | "+e.Detail, " | ")
	case EventAccepted:
		keepFirst(&a.AcceptedAt, e.At)
	case EventSent:
		keepFirst(&a.SentAt, e.At)
	case EventDelivered:
		keepFirst(&a.DeliveredAt, e.At)
	case EventRead:
		keepFirst(&a.ReadAt, e.At)
	case EventFailed, EventRefused, EventDeferred:
		keepFirst(&a.FailedAt, e.At)
	}
	if next != AttemptFailed {
		a.FailedAt = time.Time{} // a delivery proves the failure wrong
	}
	return a, nil
}

// Ref is what travels with the message as `biz_opaque_callback_data` and comes back in every status.
// The epoch keeps the attempts of a restored backup apart from those the backup did not know.
func (a Attempt) Ref() string { return AttemptRef(a.Epoch, a.ID) }

// AttemptRef is the Ref of the attempt with that epoch and id.
func AttemptRef(epoch, id int64) string {
	return "a" + strconv.FormatInt(epoch, 36) + "." + strconv.FormatInt(id, 10)
}

// ParseAttemptRef reads a Ref; ok is false for anything that is not one of ours.
func ParseAttemptRef(s string) (epoch, id int64, ok bool) {
	head, tail, found := strings.Cut(s, ".")
	if !found || !strings.HasPrefix(head, "a") {
		return 0, 0, false
	}
	epoch, err := strconv.ParseInt(head[1:], 36, 64)
	if err != nil || epoch < 0 {
		return 0, 0, false
	}
	id, err = strconv.ParseInt(tail, 10, 64)
	if err != nil || id <= 0 {
		return 0, 0, false
	}
	return epoch, id, true
}

// Intended is the gate's word on one contact, and its attempt when the word was Go. Contact is as it
// stands after that.
type Intended struct {
	Contact Contact
	Attempt Attempt // zero unless Verdict is Go
	Verdict Verdict
	Stale   bool // the contact changed since it was read: read it again
	// InFlight says that the contact waits because a message to its person is on its way, from whichever
	// campaign: nothing was written, and asking again at once gives the same answer.
	InFlight bool
}

// An Answer is what became of the request that carried an attempt.
type Answer struct {
	Contact Contact // as it stood when the request left
	Attempt Attempt
	Event   Event // accepted, deferred, refused or lost
	Receipt Receipt
}
