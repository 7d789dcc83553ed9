package arauto

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// An Outgoing is a message to a person in a conversation: an agent's reply, or an automatic one. It is durable
// before it is posted and its Ref travels with it, as an attempt's does; its refs begin with another letter.
//
//	queued ──intended──▶ open ──accepted──▶ accepted ──sent──▶ sent ──delivered──▶ delivered ──read──▶ read
//	                     ├──refused──▶ failed   └──failed──▶ failed
//	                     ├──deferred──▶ queued ──refused──▶ failed
//	                     └──lost──▶ unknown ──any fact──▶ where the fact says
//
// What is unknown is never posted again by itself: whoever wrote it sees that, and decides.
type Outgoing struct {
	ID           int64 // the message's
	Account      int64
	Conversation int64
	Sender       int64
	Agent        int64  // 0 = nobody's: automatic, or a token's
	Author       string // who wrote it, by name
	Epoch        int64
	State        OutgoingState

	Text       string
	Attachment int64   // 0 = none
	Template   int64   // 0 = free text or media
	Parameters Mapping // of the template: fixed texts
	Context    string  // provider id of the message it answers; "" = none

	ProviderID string
	Tries      int
	Reason     Reason
	Code       int
	Detail     string

	QueuedAt    time.Time
	DueAt       time.Time // not before
	DeadlineAt  time.Time // not after: it fails rather than go out late
	PostedAt    time.Time
	AcceptedAt  time.Time
	SentAt      time.Time
	DeliveredAt time.Time
	ReadAt      time.Time
	FailedAt    time.Time
}

// OutgoingState is where an outgoing message stands.
type OutgoingState string

const (
	OutgoingQueued    OutgoingState = "queued"
	OutgoingOpen      OutgoingState = "open" // the request has left, or is about to
	OutgoingAccepted  OutgoingState = "accepted"
	OutgoingSent      OutgoingState = "sent"
	OutgoingDelivered OutgoingState = "delivered"
	OutgoingRead      OutgoingState = "read"
	OutgoingFailed    OutgoingState = "failed"
	OutgoingUnknown   OutgoingState = "unknown" // it may have been sent
)

// OutgoingStates lists every state.
func OutgoingStates() []OutgoingState {
	return []OutgoingState{
		OutgoingQueued, OutgoingOpen, OutgoingAccepted, OutgoingSent, OutgoingDelivered, OutgoingRead, OutgoingFailed, OutgoingUnknown,
	}
}

// Done reports whether s is where nothing is left for us to do.
func (s OutgoingState) Done() bool { return s != OutgoingQueued && s != OutgoingOpen }

// outgoingTransitions is the whole life. A pair that is absent is a conflict; one that maps to itself is late or
// repeated.
var outgoingTransitions = map[OutgoingState]map[EventKind]OutgoingState{
	OutgoingQueued: {EventIntended: OutgoingOpen, EventRefused: OutgoingFailed},
	OutgoingOpen: {
		EventAccepted: OutgoingAccepted, EventRefused: OutgoingFailed, EventDeferred: OutgoingQueued, EventLost: OutgoingUnknown,
		EventSent: OutgoingSent, EventDelivered: OutgoingDelivered, EventRead: OutgoingRead, EventFailed: OutgoingFailed,
	},
	OutgoingUnknown: {
		EventAccepted: OutgoingAccepted, EventRefused: OutgoingFailed, EventLost: OutgoingUnknown,
		EventSent: OutgoingSent, EventDelivered: OutgoingDelivered, EventRead: OutgoingRead, EventFailed: OutgoingFailed,
	},
	OutgoingAccepted: {
		EventAccepted: OutgoingAccepted, EventLost: OutgoingAccepted,
		EventSent: OutgoingSent, EventDelivered: OutgoingDelivered, EventRead: OutgoingRead, EventFailed: OutgoingFailed,
	},
	OutgoingSent: {
		EventAccepted: OutgoingSent, EventLost: OutgoingSent, EventSent: OutgoingSent,
		EventDelivered: OutgoingDelivered, EventRead: OutgoingRead, EventFailed: OutgoingFailed,
	},
	OutgoingDelivered: {
		EventAccepted: OutgoingDelivered, EventLost: OutgoingDelivered, EventSent: OutgoingDelivered,
		EventDelivered: OutgoingDelivered, EventFailed: OutgoingDelivered, EventRead: OutgoingRead,
	},
	OutgoingRead: {
		EventAccepted: OutgoingRead, EventLost: OutgoingRead, EventSent: OutgoingRead,
		EventDelivered: OutgoingRead, EventFailed: OutgoingRead, EventRead: OutgoingRead,
	},
	OutgoingFailed: {
		EventAccepted: OutgoingFailed, EventDeferred: OutgoingFailed, EventRefused: OutgoingFailed, EventLost: OutgoingFailed,
		EventSent: OutgoingFailed, EventFailed: OutgoingFailed, EventDelivered: OutgoingDelivered, EventRead: OutgoingRead,
	},
}

// Apply returns o after e, or a conflict naming state and event; o is then returned unchanged. A deferral past
// the deadline, or when every try is used up, is a failure.
func (o Outgoing) Apply(e Event) (Outgoing, error) {
	if e.Kind == EventDeferred && o.State == OutgoingOpen && (e.Due.After(o.DeadlineAt) || o.Tries >= OutgoingTries) {
		e.Kind = EventRefused
	}
	next, ok := outgoingTransitions[o.State][e.Kind]
	if !ok {
		return o, Errorf(KindConflict, "state", "a message that is %s cannot be %s", o.State, e.Kind)
	}
	if next != o.State {
		o.Reason, o.Code, o.Detail = "", 0, ""
		if next == OutgoingFailed || next == OutgoingUnknown || next == OutgoingQueued {
			o.Reason, o.Code, o.Detail = e.Reason, e.Code, e.Detail
		}
	}
	o.State = next
	switch e.Kind {
	case EventIntended:
		o.Tries++
		o.PostedAt = e.At
	case EventDeferred:
		o.DueAt = e.Due
	case EventAccepted:
		keepFirst(&o.AcceptedAt, e.At)
	case EventSent:
		keepFirst(&o.SentAt, e.At)
	case EventDelivered:
		keepFirst(&o.DeliveredAt, e.At)
	case EventRead:
		keepFirst(&o.ReadAt, e.At)
	case EventFailed, EventRefused:
		keepFirst(&o.FailedAt, e.At)
	}
	if next != OutgoingFailed {
		o.FailedAt = time.Time{} // a delivery proves the failure wrong
	}
	return o, nil
}

const (
	// OutgoingTries is how often a reply is posted when the provider refuses it in a way that may pass.
	OutgoingTries = 6
	// OutgoingPatience is how long a reply may wait to be sent: later it would answer nothing.
	OutgoingPatience = 10 * time.Minute
	// OutgoingAnswer is after how long a reply whose answer is not recorded counts as lost: longer than any
	// request takes.
	OutgoingAnswer = 2 * time.Minute
	// MaxText is how long a text message may be.
	//
	// Vendor: MD/messages/text-messages.
	MaxText = 4096
)

// Backoff is how long a reply that was deferred waits after so many tries.
func (o Outgoing) Backoff() time.Duration {
	return min(time.Minute, time.Second<<(2*max(0, o.Tries-1)))
}

// Ref travels with the message, and comes back in every status.
func (o Outgoing) Ref() string { return OutgoingRef(o.Epoch, o.ID) }

// OutgoingRef is the Ref of the message with that epoch and id.
func OutgoingRef(epoch, id int64) string {
	return "r" + strconv.FormatInt(epoch, 36) + "." + strconv.FormatInt(id, 10)
}

// ParseOutgoingRef reads a Ref; ok is false for anything that is not one of ours.
func ParseOutgoingRef(s string) (epoch, id int64, ok bool) {
	rest, found := strings.CutPrefix(s, "r")
	if !found {
		return 0, 0, false
	}
	return ParseAttemptRef("a" + rest)
}

// A Saying is what is known when a message is to be written to a person in a conversation.
type Saying struct {
	Conversation Conversation
	Text         string
	Attachment   *Attachment // nil = none
	Template     *Template   // nil = none
	Stops        []Suppression
	Automatic    bool
}

// Check is nil when it may be said at now. Free text and media go only inside the service window. Of those who are
// not to be contacted: who stopped marketing gets answers, but no marketing template; who stopped everything gets
// an answer only to what they wrote after that, inside the window, and no template. Nothing automatic goes to
// either.
func (s Saying) Check(now time.Time) error {
	c := s.Conversation
	if c.State == ConversationClosed {
		return Errorf(KindConflict, "state", "the conversation is closed: what the person writes next opens another")
	}
	if err := s.checkContent(); err != nil {
		return err
	}
	marketing := s.Template != nil && strings.EqualFold(s.Template.Category, "MARKETING")
	for _, stop := range s.Stops {
		if !stop.InForce(now) || stop.Channel != "" && stop.Channel != ChannelWhatsApp {
			continue
		}
		answer := stop.Scope == SuppressMarketing && !marketing || s.Template == nil && c.WindowAt.After(stop.CreatedAt)
		if s.Automatic || !answer {
			return Errorf(KindConflict, "suppression", "the person asked on %s not to be contacted: only what they write after that may be answered, and not with a template",
				stop.CreatedAt.UTC().Format("2006-01-02 15:04"))
		}
	}
	if s.Template == nil && !now.Before(c.WindowEnds()) {
		return Errorf(KindConflict, "window", "more than 24 hours have passed since the person wrote: write with a template")
	}
	return nil
}

func (s Saying) checkContent() error {
	switch {
	case s.Template != nil && (s.Text != "" || s.Attachment != nil):
		return Errorf(KindInvalid, "template_id", "send a template, or a text or file of your own, not both")
	case s.Template != nil && s.Template.Status != TemplateApproved:
		return Errorf(KindConflict, "template_id", "the template %q is %s, not approved", s.Template.Name, strings.ToLower(s.Template.Status))
	case s.Template == nil && s.Attachment == nil && strings.TrimSpace(s.Text) == "":
		return Errorf(KindInvalid, "text", "write something, attach a file or choose a template")
	case utf8.RuneCountInString(s.Text) > MaxText, s.Attachment != nil && utf8.RuneCountInString(s.Text) > MaxCaption:
		return Errorf(KindInvalid, "text", "a text has at most %d characters, one under a file %d", MaxText, MaxCaption)
	case s.Attachment != nil && s.Attachment.State != AttachmentHere:
		return Errorf(KindConflict, "attachment_uuid", "the file is not here: upload it again")
	case s.Attachment != nil && s.Text != "" && (s.Attachment.Kind == "audio" || s.Attachment.Kind == "sticker"):
		return Errorf(KindInvalid, "text", "no text goes with %s: send it as a message of its own", s.Attachment.Kind)
	}
	return nil
}

// A Posting is an outgoing message whose request is about to leave: what is posted, from where, and the file that
// goes with it.
type Posting struct {
	Outgoing Outgoing
	Sender   Sender
	Message  Message
	File     *Attachment // nil = none
}
