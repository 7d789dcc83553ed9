package arauto

import "time"

// A Conversation is a chat with one person on one sender. The first reply, or a click on an ad, opens
// it. It carries a numeric id and a UUID because integrations want one or the other.
type Conversation struct {
	ID   int64
	UUID string

	Account   int64
	Sender    int64
	Person    int64
	PersonKey string
	Contact   int64 // the contact whose reply opened it; 0 = none
	Campaign  int64

	State ConversationState

	OpenedAt time.Time
	LastAt   time.Time // when the person last wrote
	ClosedAt time.Time
}

// ConversationState is where a conversation stands.
type ConversationState string

const (
	ConversationUnrouted ConversationState = "unrouted" // open, and nobody's yet
	ConversationClosed   ConversationState = "closed"
)

// An InboundMessage is one message a person wrote.
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
}
