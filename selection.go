package arauto

import (
	"slices"
	"time"
)

// A Selection picks contacts of one campaign for work on many of them. Its zero value picks everybody; what is
// set must all hold. It is stored as JSON under these names: one that is renamed needs a migration.
type Selection struct {
	States      []ContactState
	Reasons     []Reason
	Codes       []int  // the provider's own
	ReplyAction string // the button that was used; case, accents and spacing do not matter
	ReplyText   string // the whole text of the reply; compared alike
	UpTo        int64  // the highest contact id: who came later is not meant; 0 = no bound
}

// Picks reports whether c, a contact of the campaign, is meant.
func (s Selection) Picks(c Contact) bool {
	return (len(s.States) == 0 || slices.Contains(s.States, c.State)) &&
		(len(s.Reasons) == 0 || slices.Contains(s.Reasons, c.Reason)) &&
		(len(s.Codes) == 0 || slices.Contains(s.Codes, c.Code)) &&
		(s.ReplyAction == "" || sameWords(s.ReplyAction, c.ReplyAction)) &&
		(s.ReplyText == "" || sameWords(s.ReplyText, c.ReplyText)) &&
		(s.UpTo == 0 || c.ID <= s.UpTo) && c.DeletedAt.IsZero()
}

func sameWords(a, b string) bool { return squeeze(Fold(a)) == squeeze(Fold(b)) }

// Reached are the states of those who have a message and did not react to it: whom a follow-up for want of an
// answer is for.
func Reached() []ContactState {
	return []ContactState{ContactSent, ContactDelivered, ContactRead}
}

// CheckRetry is nil when the contacts that s picks may be tried again because a person says so, else it names
// the reason that forbids it.
func (s Selection) CheckRetry() error {
	for _, r := range s.Reasons {
		if !r.Retryable() {
			return Errorf(KindInvalid, "reasons", "%s is never tried again: %s", r, r.Words(English))
		}
	}
	return nil
}

// A Decision is what a person says about a message whose fate is unknown.
type Decision string

const (
	DecideSent  Decision = "sent"  // treat it as sent
	DecideAgain Decision = "again" // send again: the person may get it twice
)

// Event is what the decision makes happen to the contact of an attempt, by whom it was made.
func (d Decision) Event(a Attempt, by string, now time.Time) Event {
	if d == DecideSent {
		return Event{Kind: EventAssumed, At: a.IntendedAt, Detail: "treated as sent by " + by}
	}
	return Event{Kind: EventAgain, At: now, Due: now}
}

// Check is nil for a decision there is.
func (d Decision) Check() error {
	if d != DecideSent && d != DecideAgain {
		return Errorf(KindInvalid, "decision", "%q is not a decision: use sent or again", d)
	}
	return nil
}

// A Settled is what became of one contact that a person decided on. Err is not found or a conflict: somebody, or
// a fact, settled it before.
type Settled struct {
	ID    int64
	State ContactState
	Err   error
}

// An Unknown is a contact whose message's fate was lost, with what is known of it.
type Unknown struct {
	Contact Contact
	Attempt Attempt
	// WebhookAt is when the attempt's app was last heard of: silence about this message while others are
	// reported on is evidence, too. Zero = never.
	WebhookAt time.Time
}

// MayBeRetried reports whether a person may have c tried again: false for a failure whose reason forbids it,
// and for who was given up because another contact of the campaign is the same person.
func (c Contact) MayBeRetried() bool {
	switch c.State {
	case ContactFailed:
		return c.Reason.Retryable()
	case ContactCancelled:
		return c.Reason != ReasonMergedDuplicate
	}
	return true
}
