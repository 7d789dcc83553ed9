package arauto

import (
	"fmt"
	"time"
)

// A Cause is what stands behind a pause whose words people read: a fault of the provider's, which may
// pass by itself, or a person's decision, which only a person takes back.
type Cause struct {
	Code   int       // the provider's code; 0 = none
	Reason Reason    // "" = a person decided
	Since  time.Time // when the pause began; zero = before this was kept
	Until  time.Time // when it ends by itself; zero = with a fact of the provider's, or by a person
}

// ByPerson reports whether a person decided on the pause.
func (c Cause) ByPerson() bool { return c.Reason == "" }

// Ended reports whether the pause is over at now by itself.
func (c Cause) Ended(now time.Time) bool { return !c.Until.IsZero() && !c.Until.After(now) }

// A Halt is a pause that an engine asks for: of what, and why.
type Halt struct {
	Scope    Scope // sender, WABA, template or campaign; anything else halts the campaign
	Sender   int64
	Campaign int64 // the campaign, or one that sends the template
	Code     int   // the provider's; 0 = it is our own count
	Reason   Reason
	Words    string // for people; "" = as Say has them
	Detail   string // the provider's words
	// Failed of the last Of messages failed for Reason; 0 = one refusal was enough.
	Failed, Of int
	// After is how long the scope rests before it goes on by itself; 0 = until a fact or a person ends it.
	After time.Duration
}

// Say returns h with words for people who speak l: why something is paused and, where Arauto itself
// decided, what to do. Words that are there already stay.
func (h Halt) Say(l Language) Halt {
	if h.Words == "" {
		h.Words = h.words(l)
	}
	return h
}

func (h Halt) words(l Language) string {
	said := h.Reason.Words(l)
	if h.Of == 0 {
		words := fmt.Sprintf("Meta (%d): %s", h.Code, said)
		if h.Detail != "" {
			words += ": " + h.Detail
		}
		return words
	}
	next := haltNext[0]
	switch {
	case h.After > 0:
		next = haltNext[1]
	case h.Reason.Personal():
		next = haltNext[2]
	}
	switch l {
	case Portuguese:
		return fmt.Sprintf("%d de %d mensagens falharam: %s. %s", h.Failed, h.Of, said, next.pt)
	case Spanish:
		return fmt.Sprintf("%d de %d mensajes fallaron: %s. %s", h.Failed, h.Of, said, next.es)
	}
	return fmt.Sprintf("%d of %d messages failed: %s. %s", h.Failed, h.Of, said, next.en)
}

var haltNext = [...]words{
	{"Mend what the failures name, then resume", "Corrija o que as falhas indicam e retome", "Corrija lo que indican las fallas y reanude"},
	{"It goes on by itself after a rest", "Continua sozinha depois de um descanso", "Continúa sola después de un descanso"},
	{"Look at where the list comes from, then resume", "Verifique a origem da lista e retome", "Revise de dónde viene la lista y reanude"},
}

// Rest is how long a scope rests after a fault that asks for wait, when it rested for the same cause
// before: twice as long each time that it came back soon, up to a day. was is the pause
// before this one; the zero Cause is none.
func (h Halt) Rest(was Cause, now time.Time) time.Duration {
	const longest = 24 * time.Hour
	wait := h.After
	if wait <= 0 || was.Code != h.Code || was.Reason != h.Reason || was.Until.IsZero() {
		return wait
	}
	before := was.Until.Sub(was.Since)
	if now.Sub(was.Until) > 2*before {
		return wait
	}
	return max(wait, min(2*before, longest))
}

// Cause is what h leaves behind at now; was is as for Rest.
func (h Halt) Cause(was Cause, now time.Time) Cause {
	c := Cause{Code: h.Code, Reason: h.Reason, Since: now}
	if rest := h.Rest(was, now); rest > 0 {
		c.Until = now.Add(rest)
	}
	return c
}

// A Halted says that something was paused, or goes on again: for whoever counts.
type Halted struct {
	Scope   Scope
	Reason  Reason
	Code    int
	Resumed bool
}

// StatusHalts is what a template's status at the provider stops, if anything: the reason and the code
// that a message would be refused with. A status that is not known stops nothing: a refusal would.
func StatusHalts(status string) (Reason, int, bool) {
	switch status {
	case "PAUSED":
		return ReasonTemplatePaused, 132015, true
	case "DISABLED":
		return ReasonTemplateDisabled, 132016, true
	case "REJECTED", "DELETED", "ARCHIVED":
		return ReasonTemplateMissing, 132001, true
	}
	return "", 0, false
}

// EndsWithApproval reports whether a pause for r is over once the provider approves the template again.
func (r Reason) EndsWithApproval() bool {
	return r == ReasonTemplatePaused || r == ReasonTemplateMissing || r == ReasonTemplateDisabled
}

// A StoppedCountry is one that Meta does not let a WABA write to, until a person lifts it.
type StoppedCountry struct {
	Calling string // as Phone.CallingCode has it
	Code    int    // Meta's
	Words   string
	Since   time.Time
}

// Halt is the pause that e asks for: of the sender that met it, of its WABA, or of the campaign and what
// else sends its template.
func (e *SendError) Halt(sender, campaign int64) Halt {
	return Halt{
		Scope: e.Scope, Sender: sender, Campaign: campaign, Code: e.Code, Reason: e.Reason, Detail: e.Detail, After: time.Duration(e.After) * time.Second,
	}
}
