package evolux

import (
	"strconv"
	"time"

	"arauto"
)

// A state is this vendor's word for where a subscriber stands.
type state string

const (
	statePending   state = "pending"
	stateScheduled state = "scheduled"
	stateSent      state = "sent"
	stateDND       state = "dnd"
	stateCompleted state = "completed"
	stateError     state = "error"
)

// A projection shows contacts in one of our states, and of one intent where that matters, as one of the vendor's.
type projection struct {
	contact arauto.ContactState
	intent  arauto.Intent
	shown   state
	// reason explains the state when the contact carries none of its own; "" = such a contact has no error_message.
	reason arauto.Reason
}

// projections is the whole mapping. A row's state and the state filter are both read from it, so they cannot disagree.
var projections = []projection{
	{arauto.ContactPending, arauto.IntentFuture, stateScheduled, ""},
	{arauto.ContactPending, arauto.IntentNow, statePending, ""},
	{arauto.ContactSending, arauto.IntentAny, statePending, ""},
	// Nobody knows whether it was sent. Not an error yet: a fact may still settle it.
	{arauto.ContactUnknown, arauto.IntentAny, statePending, arauto.ReasonNoAnswer},
	// Delivered and read are finer than this vendor's words. Held by Meta is accepted, too.
	{arauto.ContactSent, arauto.IntentAny, stateSent, ""},
	{arauto.ContactDelivered, arauto.IntentAny, stateSent, ""},
	{arauto.ContactRead, arauto.IntentAny, stateSent, ""},
	{arauto.ContactReplied, arauto.IntentAny, stateCompleted, ""},
	{arauto.ContactSuppressed, arauto.IntentAny, stateDND, ""},
	{arauto.ContactFailed, arauto.IntentAny, stateError, arauto.ReasonRefused},
	{arauto.ContactCancelled, arauto.IntentAny, stateError, arauto.ReasonCancelled},
}

// project is how r is shown at now.
func project(r *arauto.ContactRow, now time.Time) projection {
	intent := arauto.IntentNow
	if r.Future(now) {
		intent = arauto.IntentFuture
	}
	for _, p := range projections {
		if p.contact == r.State && (p.intent == arauto.IntentAny || p.intent == intent) {
			return p
		}
	}
	// A state without a row is a fault that the totality test catches; until then it hides nobody.
	return projection{contact: r.State, shown: stateError, reason: arauto.Reason(r.State)}
}

// selects is the filter that finds exactly what is shown as s; nothing for a word that is no state.
func (s state) selects() (contacts []arauto.ContactState, intent arauto.Intent) {
	for _, p := range projections {
		if p.shown != s {
			continue
		}
		contacts = append(contacts, p.contact)
		if p.intent != arauto.IntentAny {
			intent = p.intent
		}
	}
	return contacts, intent
}

// explain is the error_message of r, "" for none: our reason in words, then in parentheses what the provider said.
func (p projection) explain(r *arauto.ContactRow, l arauto.Language) string {
	if p.reason == "" {
		return ""
	}
	reason := r.Reason
	if reason == "" {
		reason = p.reason
	}
	words := reason.Words(l)
	switch {
	case r.Code != 0 && r.Detail != "":
		return words + " (" + strconv.Itoa(r.Code) + ": " + r.Detail + ")"
	case r.Code != 0:
		return words + " (" + strconv.Itoa(r.Code) + ")"
	case r.Detail != "":
		return words + " (" + r.Detail + ")"
	}
	return words
}
