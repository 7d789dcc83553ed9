package arauto_test

import (
	"slices"
	"testing"

	"arauto"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func drawEvent(t *rapid.T) arauto.Event {
	return arauto.Event{
		Kind:        rapid.SampledFrom(arauto.EventKinds()).Draw(t, "kind"),
		At:          after(rapid.IntRange(0, 100).Draw(t, "at")),
		Due:         after(rapid.IntRange(0, 100).Draw(t, "due")),
		Attempt:     rapid.Int64Range(1, 9).Draw(t, "attempt"),
		Reason:      rapid.SampledFrom([]arauto.Reason{"", arauto.ReasonRefused, arauto.ReasonNoAnswer}).Draw(t, "reason"),
		ReplyText:   rapid.SampledFrom([]string{"", "sim", "não"}).Draw(t, "text"),
		ReplyAction: rapid.SampledFrom([]string{"", "Sim"}).Draw(t, "action"),
	}
}

// stage is how far a contact got on its way to a reaction; 0 for the states off that way.
func stage(s arauto.ContactState) int {
	return 1 + slices.Index([]arauto.ContactState{arauto.ContactDelivered, arauto.ContactRead, arauto.ContactReplied}, s)
}

// Whatever happens, in whatever order: no stage is lost, and a contact says what its state says.
func TestContact_RandomLives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := arauto.Contact{State: arauto.ContactPending}
		for range rapid.IntRange(1, 40).Draw(t, "events") {
			e := drawEvent(t)
			next, err := c.Apply(e)
			if err != nil {
				if diff := cmp.Diff(c, next); diff != "" {
					t.Fatalf("refused %s, and changed:\n%s", e.Kind, diff)
				}
				continue
			}
			if stage(next.State) < stage(c.State) {
				t.Fatalf("%s + %s went back to %s", c.State, e.Kind, next.State)
			}
			if next.UpdatedAt.Before(c.UpdatedAt) {
				t.Fatalf("%s + %s: UpdatedAt went back", c.State, e.Kind)
			}
			if again, err := next.Apply(e); isFact(e.Kind) && (err != nil || cmp.Diff(next, again) != "") {
				t.Fatalf("%s twice, after %s: %v\n%s", e.Kind, c.State, err, cmp.Diff(next, again))
			}
			c = next
			checkContact(t, c)
		}
	})
}

func isFact(k arauto.EventKind) bool {
	return slices.Contains([]arauto.EventKind{arauto.EventSent, arauto.EventDelivered, arauto.EventRead, arauto.EventFailed, arauto.EventReplied}, k)
}

// checkContact fails where a contact's parts contradict its state.
func checkContact(t *rapid.T, c arauto.Contact) {
	t.Helper()
	reached := stage(c.State)
	for _, p := range []struct {
		what string
		ok   bool
	}{
		{"due only while pending", c.DueAt.IsZero() || c.State == arauto.ContactPending},
		{"failed at, exactly when failed", c.FailedAt.IsZero() != (c.State == arauto.ContactFailed)},
		{"a reason only where one is needed", c.Reason == "" || slices.Contains([]arauto.ContactState{
			arauto.ContactPending,
			arauto.ContactUnknown, arauto.ContactFailed, arauto.ContactSuppressed, arauto.ContactCancelled,
			arauto.ContactSent, // held back by the provider
		}, c.State)},
		{"delivered at, from delivered on", c.DeliveredAt.IsZero() == (reached == 0)},
		{"read at, when read", c.State != arauto.ContactRead || !c.ReadAt.IsZero()},
		{"replied at, exactly when replied", c.RepliedAt.IsZero() == (c.State != arauto.ContactReplied)},
		{"sent at, from sent on", !c.SentAt.IsZero() || (reached == 0 && c.State != arauto.ContactSent)},
		{"no sent at while it never left", c.SentAt.IsZero() || !slices.Contains([]arauto.ContactState{arauto.ContactPending, arauto.ContactSending, arauto.ContactUnknown}, c.State)},
		{"sent not after delivered", reached == 0 || !c.SentAt.After(c.DeliveredAt)},
		{"delivered not after read", c.ReadAt.IsZero() || !c.DeliveredAt.After(c.ReadAt)},
		{"words only of a reply", c.State == arauto.ContactReplied || c.ReplyText+c.ReplyAction == ""},
	} {
		if !p.ok {
			t.Fatalf("not %s: %+v", p.what, c)
		}
	}
}

// drawFacts are some of what can be reported of one message, each at its own moment, as a clock gone wrong
// may have it.
func drawFacts(t *rapid.T) []arauto.Event {
	kinds := []arauto.EventKind{arauto.EventAccepted, arauto.EventLost, arauto.EventSent, arauto.EventDelivered, arauto.EventRead, arauto.EventFailed, arauto.EventReplied}
	var facts []arauto.Event
	for _, k := range kinds {
		if !rapid.Bool().Draw(t, string(k)) {
			continue
		}
		e := arauto.Event{Kind: k, At: after(rapid.IntRange(0, 9).Draw(t, "at"))}
		switch k {
		case arauto.EventAccepted:
			e.Reason = rapid.SampledFrom([]arauto.Hold{"", arauto.HoldQuality, arauto.HoldPaused}).Draw(t, "held").Reason()
		case arauto.EventLost:
			e.Reason = arauto.ReasonNoAnswer
		case arauto.EventFailed:
			e.Reason, e.Code, e.Detail = arauto.ReasonNotOnWhatsApp, 131026, "undeliverable"
		case arauto.EventReplied:
			e.ReplyText = "sim"
		}
		facts = append(facts, e)
	}
	return facts
}

// shuffled is facts in some order, each at least once.
func shuffled(t *rapid.T, facts []arauto.Event) []arauto.Event {
	order := slices.Clone(facts)
	for range rapid.IntRange(0, 6).Draw(t, "repeats") {
		if len(facts) > 0 {
			order = append(order, rapid.SampledFrom(facts).Draw(t, "repeated"))
		}
	}
	return rapid.Permutation(order).Draw(t, "order")
}
