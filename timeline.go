package arauto

import "time"

// A Happening is one thing that happened with a person: a line of their timeline, over all campaigns and
// channels.
type Happening struct {
	At   time.Time
	Kind HappeningKind
	ID   int64 // of the attempt, message, conversation, click or suppression; of the person who was merged

	Channel      Channel // "" where it concerns none or all
	Campaign     int64
	Contact      int64
	Conversation int64

	State string // of an attempt; how a conversation ended; a suppression's scope
	Text  string // what was written, in a message; the ad's headline, in a click; a suppression's source
	Code  int    // the provider's error code of an attempt
}

// HappeningKind is what happened.
type HappeningKind string

const (
	HappenedAttempt    HappeningKind = "attempt"             // a message of a campaign, or a call
	HappenedMessageIn  HappeningKind = "message_in"          // they wrote
	HappenedMessageOut HappeningKind = "message_out"         // we answered
	HappenedOpened     HappeningKind = "conversation_opened" //
	HappenedClosed     HappeningKind = "conversation_closed"
	HappenedClick      HappeningKind = "click"      // an ad or a post brought them
	HappenedSuppressed HappeningKind = "suppressed" // not to be contacted from then on
	HappenedLifted     HappeningKind = "lifted"     // to be contacted again
	HappenedMerged     HappeningKind = "merged"     // somebody else turned out to be them
)

// HappeningKinds lists every kind, in the order in which things of one moment are shown: the last first.
func HappeningKinds() []HappeningKind {
	return []HappeningKind{
		HappenedAttempt, HappenedClick, HappenedOpened, HappenedMessageIn, HappenedMessageOut, HappenedClosed, HappenedSuppressed, HappenedLifted,
		HappenedMerged,
	}
}

// Rank is the kind's place in HappeningKinds.
func (k HappeningKind) Rank() int {
	for i, kind := range HappeningKinds() {
		if kind == k {
			return i
		}
	}
	return -1
}

// Before reports whether h comes after o on a timeline that shows the latest first.
func (h Happening) Before(o Happening) bool {
	if !h.At.Equal(o.At) {
		return h.At.Before(o.At)
	}
	if h.Kind != o.Kind {
		return h.Kind.Rank() < o.Kind.Rank()
	}
	return h.ID < o.ID
}
