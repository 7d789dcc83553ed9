package arauto

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Dialed returns c, a contact of a voice campaign, after f. It does no I/O and reads no clock. The error is a
// conflict that names the status and the event; c is then returned unchanged.
func (c Contact) Dialed(f DialFact) (Contact, error) {
	next, ok := c.Dial.After(f.Kind)
	if !ok {
		return c, Errorf(KindConflict, "dial_status", "a contact that is %s cannot be %s", c.dialWord(), f.Kind)
	}
	if f.Kind == DialEventAgain && !c.Phone.Valid() {
		return c, Errorf(KindConflict, "phone", "this contact has no number that can be dialled: correct its phone first")
	}
	c.UpdatedAt = later(c.UpdatedAt, f.At)
	if next == c.Dial && f.Kind != DialEventRedial && f.Kind != DialEventSkipped {
		return c, nil
	}
	c.Dial = next
	c.State, c.Reason = next.means()
	c.Code, c.Detail = f.Code, f.Detail
	c.stampDial(f)
	return c, nil
}

// stampDial keeps when the last call was placed, when it was answered, and when an agent's call was over.
func (c *Contact) stampDial(f DialFact) {
	c.DueAt, c.FailedAt = time.Time{}, time.Time{}
	switch f.Kind {
	case DialEventDialed:
		c.Attempt, c.Attempts = f.Attempt, c.Attempts+1
		c.SentAt, c.DeliveredAt, c.RepliedAt = f.At, time.Time{}, time.Time{}
	case DialEventAnswered, DialEventConnected:
		keepFirst(&c.DeliveredAt, f.At)
	case DialEventEnded:
		keepFirst(&c.RepliedAt, f.At)
	case DialEventAgain:
		c.SentAt = time.Time{}
	}
	switch c.State {
	case ContactPending:
		if c.DueAt = f.Due; f.Due.IsZero() {
			c.DueAt = f.At
		}
	case ContactFailed:
		c.FailedAt = f.At
	}
}

// dialsAs is what of that which happens to contacts of both channels is to one that is dialled. The rest is about
// messages.
var dialsAs = map[EventKind]DialEvent{
	EventAgain: DialEventAgain, EventSuppressed: DialEventForbidden, EventCancelled: DialEventClosed,
}

// appliedToDial is Apply for a contact that is dialled.
func (c Contact) appliedToDial(e Event) (Contact, error) {
	kind, ok := dialsAs[e.Kind]
	if !ok {
		return c, Errorf(KindConflict, "dial_status", "a contact that is dialled cannot be %s: that is for messages", e.Kind)
	}
	next, err := c.Dialed(DialFact{Kind: kind, At: e.At, Due: e.Due, Code: e.Code, Detail: e.Detail})
	if err == nil && next.Dial != c.Dial && next.Reason != "" && e.Reason != "" {
		next.Reason = e.Reason
	}
	return next, err
}

func (c Contact) dialWord() string {
	if c.Dial == "" {
		return "not dialled"
	}
	return string(c.Dial)
}

// Dialable returns c as a voice campaign takes it in: the phone checked for shape and length only, not against
// the country's plan, and the outbound number against the campaign's. What is wrong with either becomes its
// status. Phone, where the caller read a national number, is kept; else PhoneRaw is read. The error is invalid:
// what a contact cannot be without, or what does not fit. One that has a DueAt before now has waited since then.
func (v Voice) Dialable(c Contact, now time.Time) (Contact, error) {
	if err := c.checkDialed(); err != nil {
		return c, err
	}
	if !c.Phone.Valid() {
		c.Phone, _ = ParseE164(c.PhoneRaw)
	}
	c.PersonKey = c.Phone.PersonKey()
	c.Dial, c.Attempt, c.Attempts = DialUpcoming, 0, 0
	if c.PersonKey == "" {
		c.PersonKey = keyOfRaw(c.PhoneRaw)
		c.Dial = DialInvalidNumber
	} else if !v.Owns(c.Outbound) {
		c.Dial = DialInvalidOutbound
	}
	c.State, c.Reason = c.Dial.means()
	waits := now
	if !c.DueAt.IsZero() && c.DueAt.Before(now) {
		waits = c.DueAt
	}
	c.DueAt, c.FailedAt = time.Time{}, time.Time{}
	if c.State == ContactPending {
		c.DueAt = later(waits, c.ScheduledFor)
	} else {
		c.FailedAt = now
	}
	return c, nil
}

const (
	maxDialText     = 500 // bytes of a name, an e-mail address or a customer's own id
	maxDialPhone    = 64  // bytes of a phone as it is written
	MaxDialPriority = 100
)

func (c Contact) checkDialed() error {
	texts := []struct {
		field, text string
		limit       int
	}{
		{"phone_number", c.PhoneRaw, maxDialPhone},
		{"outbound_number", c.Outbound, maxDialPhone},
		{"name", c.Name, maxDialText},
		{"email", c.Email, maxDialText},
		{"external_unique_id", c.External, maxDialText},
	}
	for _, x := range texts {
		if len(x.text) > x.limit {
			return Errorf(KindInvalid, x.field, "is %d bytes long: give at most %d", len(x.text), x.limit)
		}
		if strings.ContainsRune(x.text, 0) || !utf8.ValidString(x.text) {
			return Errorf(KindInvalid, x.field, "is not text: send UTF-8 without NUL characters")
		}
	}
	if strings.TrimSpace(c.PhoneRaw) == "" && c.UserID != "" {
		return Errorf(KindInvalid, "phone_number", "is missing, and a business-scoped id cannot be called: give the phone, or write to this person in a WhatsApp campaign")
	}
	if strings.TrimSpace(c.PhoneRaw) == "" {
		return Errorf(KindInvalid, "phone_number", "is missing: a contact is dialled by its phone")
	}
	if c.Priority < 0 || c.Priority > MaxDialPriority {
		return Errorf(KindInvalid, "priority", "a priority is between 0 (none) and %d, the first to be dialled, not %d", MaxDialPriority, c.Priority)
	}
	return nil
}

// keyOfRaw is the key of a phone that is none, so that the same one is not taken in twice. It never equals the
// key of a phone or of a user id.
func keyOfRaw(raw string) string { return "raw:" + strings.ToLower(strings.TrimSpace(raw)) }
