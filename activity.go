package arauto

import (
	"strings"
	"time"
	"unicode/utf8"
)

// An ActivityCode says how a conversation ended. A main code may have sub-codes, which are chosen instead of it.
// An id never changes and is never given again; a code that is not wanted any more is archived, so that what was
// closed with it still says so.
type ActivityCode struct {
	ID      int64
	UUID    string
	Account int64
	Parent  int64 // the main code of a sub-code; 0 = a main one

	Code string // what reports show, such as "01" or VENDA
	Name string

	// What closing with it does besides.
	Suppress    SuppressionScope // the person is not contacted any more, that far; "" = nothing
	Callback    bool             // a moment to call back must be given
	StopContact bool             // the campaign's contact is not tried again

	CreatedAt  time.Time
	UpdatedAt  time.Time
	ArchivedAt time.Time // zero = in use
}

// MaxCode is how long a code may be.
const MaxCode = 60

// Check is nil for a code that can be kept.
func (c ActivityCode) Check() error {
	if strings.TrimSpace(c.Code) != c.Code || c.Code == "" || utf8.RuneCountInString(c.Code) > MaxCode {
		return Errorf(KindInvalid, "code", "give it a code of 1 to %d characters, without spaces around it", MaxCode)
	}
	if err := checkName("name", c.Name); err != nil {
		return err
	}
	switch c.Suppress {
	case "", SuppressMarketing, SuppressAll:
		return nil
	}
	return Errorf(KindInvalid, "suppress", "%q is no scope; use marketing or all, or leave it out", c.Suppress)
}

// A Closing is how somebody closes a conversation.
type Closing struct {
	Code       int64 // 0 = none
	CallbackAt time.Time
	Note       string // kept with the conversation
}

// CallbackAhead is how far ahead a callback may be.
const CallbackAhead = 180 * 24 * time.Hour

// Check is nil when a conversation of queue may be closed like that at now; code is the code, zero for none, and
// subs says that it has sub-codes in use.
func (c Closing) Check(queue Queue, code ActivityCode, subs bool, now time.Time) error {
	switch {
	case c.Code == 0 && queue.CodeRequired:
		return Errorf(KindInvalid, "activity_code_id", "the queue %q wants an activity code: choose one", queue.Name)
	case c.Code != 0 && !code.ArchivedAt.IsZero():
		return Errorf(KindInvalid, "activity_code_id", "the activity code %q is archived: choose another", code.Code)
	case c.Code != 0 && subs:
		return Errorf(KindInvalid, "activity_code_id", "%q has sub-codes: choose one of them", code.Code)
	case code.Callback && c.CallbackAt.IsZero():
		return Errorf(KindInvalid, "callback_at", "%q wants a moment to call back", code.Code)
	case !c.CallbackAt.IsZero() && (!c.CallbackAt.After(now) || c.CallbackAt.After(now.Add(CallbackAhead))):
		return Errorf(KindInvalid, "callback_at", "call back in the future, at most %d days ahead", int(CallbackAhead/(24*time.Hour)))
	case utf8.RuneCountInString(c.Note) > MaxNote:
		return Errorf(KindInvalid, "note", "a note has at most %d characters", MaxNote)
	}
	return nil
}

// A Canned is a reply that agents need not type.
type Canned struct {
	ID      int64
	Account int64
	Queue   int64 // whose agents see it; 0 = everybody

	Title string
	Text  string

	CreatedAt time.Time
	UpdatedAt time.Time
}

// Check is nil for a canned reply that can be kept.
func (c Canned) Check() error {
	if err := checkName("title", c.Title); err != nil {
		return err
	}
	if strings.TrimSpace(c.Text) == "" || utf8.RuneCountInString(c.Text) > MaxText {
		return Errorf(KindInvalid, "text", "give it a text of 1 to %d characters", MaxText)
	}
	return nil
}
