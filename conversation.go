package arauto

import "time"

// A Conversation is a chat with one person on one sender. The first reply, or a click on an ad, opens
// it. It carries a numeric id and a UUID because integrations want one or the other.
//
//	unrouted ──routed──▶ queued ──assigned──▶ assigned ──snoozed──▶ snoozed ──woke──▶ queued
//	snoozed ──assigned──▶ assigned ──returned──▶ queued
//	assigned, snoozed ──routed──▶ queued
//	unrouted, queued, assigned, snoozed ──closed──▶ closed
//
// It is at most one agent's at a time: Agent is theirs while it is assigned or snoozed. Every turn is kept.
type Conversation struct {
	ID   int64
	UUID string

	Account      int64
	Sender       int64
	Person       int64
	PersonKey    string
	Contact      int64 // the contact whose reply opened it; 0 = none
	Campaign     int64
	Source       string // the ad or post it came from; "" = none
	RoutingPoint int64
	Queue        int64
	Agent        int64 // whose it is, or was when it closed; 0 = nobody's
	Former       int64 // who is asked first when it waits again
	Code         int64 // the activity code it was closed with, the sub-code where there is one; 0 = none

	State       ConversationState
	CloseReason string // why it is closed, where nobody closed it
	Turns       int64  // so far

	OpenedAt     time.Time
	LastAt       time.Time // when the person last wrote in it
	WindowAt     time.Time // when the person last wrote to this sender; zero = not known
	QueuedAt     time.Time // since when it waits, or waited last
	AssignedAt   time.Time
	AnsweredAt   time.Time // an agent's first reply
	SnoozedUntil time.Time
	ClosedAt     time.Time
}

// ConversationState is where a conversation stands.
type ConversationState string

const (
	ConversationUnrouted ConversationState = "unrouted" // open, and no rule says whose it is
	ConversationQueued   ConversationState = "queued"   // waits for an agent
	ConversationAssigned ConversationState = "assigned" // an agent's
	ConversationSnoozed  ConversationState = "snoozed"  // put off, until a moment or the person's next message
	ConversationClosed   ConversationState = "closed"
)

// ConversationStates lists every state.
func ConversationStates() []ConversationState {
	return []ConversationState{ConversationUnrouted, ConversationQueued, ConversationAssigned, ConversationSnoozed, ConversationClosed}
}

// ConversationEvent is what happens to a conversation.
type ConversationEvent string

const (
	ConversationRouted   ConversationEvent = "routed"   // into a queue: by a rule, or handed on by somebody
	ConversationGiven    ConversationEvent = "assigned" // to an agent
	ConversationReturned ConversationEvent = "returned" // its agent left or vanished
	ConversationPutOff   ConversationEvent = "snoozed"
	ConversationWoke     ConversationEvent = "woke" // its time came, or the person wrote
	ConversationEnded    ConversationEvent = "closed"
)

// ConversationEvents lists every event.
func ConversationEvents() []ConversationEvent {
	return []ConversationEvent{ConversationRouted, ConversationGiven, ConversationReturned, ConversationPutOff, ConversationWoke, ConversationEnded}
}

// conversationTransitions is the whole life. A pair that is absent is a conflict.
var conversationTransitions = map[ConversationState]map[ConversationEvent]ConversationState{
	ConversationUnrouted: {ConversationRouted: ConversationQueued, ConversationEnded: ConversationClosed},
	ConversationQueued: {
		ConversationRouted: ConversationQueued, ConversationGiven: ConversationAssigned, ConversationReturned: ConversationQueued,
		ConversationWoke: ConversationQueued, ConversationEnded: ConversationClosed,
	},
	ConversationAssigned: {
		ConversationRouted: ConversationQueued, ConversationGiven: ConversationAssigned, ConversationReturned: ConversationQueued,
		ConversationPutOff: ConversationSnoozed, ConversationWoke: ConversationAssigned, ConversationEnded: ConversationClosed,
	},
	ConversationSnoozed: {
		ConversationRouted: ConversationQueued, ConversationGiven: ConversationAssigned, ConversationReturned: ConversationSnoozed,
		ConversationPutOff: ConversationSnoozed, ConversationWoke: ConversationQueued, ConversationEnded: ConversationClosed,
	},
	ConversationClosed: {ConversationEnded: ConversationClosed, ConversationReturned: ConversationClosed, ConversationWoke: ConversationClosed},
}

// A Turn is one event of a conversation's, with what goes with it.
type Turn struct {
	Event  ConversationEvent
	At     time.Time
	Point  int64     // routed by a rule: the routing point
	Queue  int64     // routed: where to
	Agent  int64     // assigned: to whom
	Until  time.Time // snoozed: at the latest
	Code   int64     // closed: with which code
	Reason string    // closed: why, where nobody did it
}

// Apply returns c after t, or a conflict naming state and event; c is then returned unchanged. Turns grows
// whenever something changes.
func (c Conversation) Apply(t Turn) (Conversation, error) {
	next, ok := conversationTransitions[c.State][t.Event]
	if !ok {
		return c, Errorf(KindConflict, "state", "a conversation that is %s cannot be %s", c.State, t.Event)
	}
	was := c
	switch t.Event {
	case ConversationRouted:
		c.Former, c.Agent = 0, 0
		c.Queue, c.QueuedAt = t.Queue, t.At
		if t.Point != 0 {
			c.RoutingPoint = t.Point
		}
	case ConversationGiven:
		c.Agent, c.Former, c.AssignedAt = t.Agent, t.Agent, t.At
	case ConversationReturned, ConversationWoke:
		if next == ConversationQueued && next != c.State {
			c.Former, c.Agent = c.Agent, 0
		}
		if t.Event == ConversationWoke && next != c.State {
			c.QueuedAt = t.At // one that is returned keeps its place
		}
		if t.Event == ConversationReturned && next == ConversationQueued {
			c.Former = 0
		}
	case ConversationPutOff:
		c.SnoozedUntil = t.Until
	case ConversationEnded:
		if next != c.State {
			c.ClosedAt, c.Code, c.CloseReason = t.At, t.Code, t.Reason
		}
	}
	if next != ConversationSnoozed {
		c.SnoozedUntil = time.Time{}
	}
	c.State = next
	if c != was {
		c.Turns++
	}
	return c, nil
}

// Follows is at, or the last turn's moment if that is later: what was decided a moment before another turn was
// stored, and found it there, comes after it.
func (c Conversation) Follows(at time.Time) time.Time {
	for _, turned := range []time.Time{c.QueuedAt, c.AssignedAt} {
		if turned.After(at) {
			at = turned
		}
	}
	return at
}

// Held reports whether the conversation counts among its agent's chats.
func (c Conversation) Held() bool { return c.State == ConversationAssigned }

// ServiceWindow is how long after a person's message one may write to them freely; later only a template goes.
//
// Vendor: MD/messages/send-messages, customer service windows.
const ServiceWindow = 24 * time.Hour

// WindowEnds is when only templates can be sent any more; zero when that is so already for good.
func (c Conversation) WindowEnds() time.Time {
	if c.WindowAt.IsZero() {
		return time.Time{}
	}
	return c.WindowAt.Add(ServiceWindow)
}

// A ConversationTurn is one turn as it is kept.
type ConversationTurn struct {
	N            int64
	At           time.Time
	Event        ConversationEvent
	State        ConversationState
	Queue, Agent int64
	Actor        string

	// Agent.Work, as of this turn, of whoever had it and has it no more, and of whoever has it now; 0 = nobody, or
	// not kept. They order the turns of one agent, whoever wrote them.
	LeftWork, AgentWork int64
}

// A ConversationFilter selects conversations for lists. Zero fields do not filter.
type ConversationFilter struct {
	State     ConversationState
	Open      bool // not closed
	Queue     int64
	Agent     int64
	Sender    int64
	Campaign  int64
	PersonKey string
	// Seat restricts the list to what an agent may see: their own, and those that wait or are nobody's in their
	// queues; nil = everything.
	Seat *Agent
}

// SeenBy reports whether an agent may see c: it is theirs, or of one of their queues.
func (c Conversation) SeenBy(a Agent) bool {
	return c.Agent == a.ID && c.Agent != 0 || c.Queue != 0 && a.in(c.Queue)
}

// An InboundMessage is one message of a conversation: what a person wrote, or, Out, what was written to them.
type InboundMessage struct {
	ID           int64
	Account      int64
	Conversation int64
	ProviderID   string // `wamid.…`
	Context      string // the message it answers, when the provider says so
	Kind         string // text, button, interactive, image, …
	Text         string
	Action       string
	At           time.Time
	Attachment   int64 // 0 = none
	Out          bool
}

// A Note is what agents write down for each other; the person never sees it.
type Note struct {
	ID           int64
	Account      int64
	Conversation int64
	Agent        int64
	Author       string
	Text         string
	At           time.Time
}

// MaxNote is how long a note may be.
const MaxNote = 4000

// A Callback is who is to be written to again, and when.
type Callback struct {
	ID           int64
	Account      int64
	Conversation int64 // the one that ended with it
	Queue        int64
	Agent        int64 // who is asked first
	Note         string
	At           time.Time
	DoneAt       time.Time
	Opened       int64 // the conversation that it opened, or joined
}

// A Face is what a person is called, and the number they write from.
type Face struct {
	Name  string
	Phone Phone
}
