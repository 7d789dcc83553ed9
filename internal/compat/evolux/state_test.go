package evolux

import (
	"slices"
	"testing"
	"time"

	"arauto"
)

var shownStates = []state{statePending, stateScheduled, stateSent, stateDND, stateCompleted, stateError}

// rowsIn is a contact in s: without a time, with one that is still to come, and with one that has just come.
func rowsIn(s arauto.ContactState) []arauto.ContactRow {
	asap := arauto.ContactRow{Contact: arauto.Contact{State: s}}
	later := asap
	later.Scheduled = now.Add(time.Millisecond)
	due := asap
	due.Scheduled = now
	return []arauto.ContactRow{asap, later, due}
}

func TestProjectionsAreTotal(t *testing.T) {
	for _, s := range arauto.ContactStates() {
		for _, r := range rowsIn(s) {
			p := project(&r, now)
			if !slices.Contains(projections, p) {
				t.Errorf("%s (scheduled %v) has no row in projections: decide how it is shown", s, r.Scheduled)
			}
		}
	}
	for _, s := range shownStates {
		if contacts, _ := s.selects(); len(contacts) == 0 {
			t.Errorf("no contact is ever shown as %s", s)
		}
	}
}

// TestFilterFindsWhatIsShown: a row is found under the word it shows, and under no other.
func TestFilterFindsWhatIsShown(t *testing.T) {
	for _, s := range arauto.ContactStates() {
		for _, r := range rowsIn(s) {
			shown := project(&r, now).shown
			for _, asked := range shownStates {
				f := arauto.ContactFilter{Now: now}
				f.States, f.Intent = asked.selects()
				if found := matches(f, r); found != (asked == shown) {
					t.Errorf("a %s contact, scheduled %v, is shown as %s: found under %s %v", s, r.Scheduled, shown, asked, found)
				}
			}
		}
	}
}

func TestShownStates(t *testing.T) {
	want := map[arauto.ContactState][2]state{ // without and with a time to come
		arauto.ContactPending:    {statePending, stateScheduled},
		arauto.ContactSending:    {statePending, statePending},
		arauto.ContactUnknown:    {statePending, statePending},
		arauto.ContactSent:       {stateSent, stateSent},
		arauto.ContactDelivered:  {stateSent, stateSent},
		arauto.ContactRead:       {stateSent, stateSent},
		arauto.ContactReplied:    {stateCompleted, stateCompleted},
		arauto.ContactSuppressed: {stateDND, stateDND},
		arauto.ContactFailed:     {stateError, stateError},
		arauto.ContactCancelled:  {stateError, stateError},
	}
	for _, s := range arauto.ContactStates() {
		rows := rowsIn(s)
		got := [2]state{project(&rows[0], now).shown, project(&rows[1], now).shown}
		if got != want[s] {
			t.Errorf("%s is shown as %v, want %v", s, got, want[s])
		}
		if due := project(&rows[2], now).shown; due != want[s][0] {
			t.Errorf("%s whose time has come is shown as %s, want %s", s, due, want[s][0])
		}
	}
}

func TestErrorMessage(t *testing.T) {
	contact := func(s arauto.ContactState, reason arauto.Reason, code int, detail string) arauto.Contact {
		return arauto.Contact{State: s, Reason: reason, Code: code, Detail: detail}
	}
	for name, c := range map[string]struct {
		contact  arauto.Contact
		language arauto.Language
		want     string
	}{
		"reason, code and detail": {contact(arauto.ContactFailed, arauto.ReasonTemplatePaused, 132015, "Template is paused"), arauto.English, "Meta paused the template for its quality (132015: Template is paused)"},
		"code alone":              {contact(arauto.ContactFailed, arauto.ReasonTemplatePaused, 132015, ""), arauto.Spanish, "Meta pausó la plantilla por su calidad (132015)"},
		"detail alone":            {contact(arauto.ContactFailed, arauto.ReasonMissingValue, 0, "body.2"), arauto.Portuguese, "O contato não tem valor para um parâmetro do template (body.2)"},
		"an error is never mute":  {contact(arauto.ContactFailed, "", 131000, ""), arauto.English, "Meta refused the message (131000)"},
		"in a conversation":       {contact(arauto.ContactFailed, arauto.ReasonOpenConversation, 0, ""), arauto.Portuguese, "A pessoa já está em uma conversa aberta"},
		"capped":                  {contact(arauto.ContactCancelled, arauto.ReasonMarketingCap, 0, ""), arauto.Portuguese, "A Meta limita por ora as mensagens de marketing para esta pessoa"},
		"unknown":                 {contact(arauto.ContactUnknown, "", 0, ""), arauto.English, "Meta did not answer: the message may have been sent"},
		"waiting to be retried":   {contact(arauto.ContactPending, arauto.ReasonTooFast, 130429, ""), arauto.English, ""},
		"on the list":             {contact(arauto.ContactSuppressed, arauto.ReasonSuppressed, 0, ""), arauto.English, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := arauto.ContactRow{Contact: c.contact}
			if got := project(&r, now).explain(&r, c.language); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
