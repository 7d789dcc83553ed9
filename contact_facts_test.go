package arauto_test

import (
	"fmt"
	"testing"

	"arauto"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The same facts leave the same contact and the same attempt, whatever their order and however often each comes.
func TestFacts_Converge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := drawFacts(t)
		one, two := shuffled(t, facts), shuffled(t, facts)
		if diff := cmp.Diff(live(t, one), live(t, two)); diff != "" {
			t.Fatalf("%s\nand\n%s\nend differently:\n%s", kinds(one), kinds(two), diff)
		}
		if diff := cmp.Diff(attempted(t, one), attempted(t, two)); diff != "" {
			t.Fatalf("%s\nand\n%s\nend an attempt differently:\n%s", kinds(one), kinds(two), diff)
		}
	})
}

// The same, for every order of all of them: 5,040 lives.
func TestFacts_ConvergeInEveryOrder(t *testing.T) {
	facts := []arauto.Event{
		{Kind: arauto.EventAccepted, At: after(2)},
		{Kind: arauto.EventLost, At: after(3), Reason: arauto.ReasonInterrupted},
		{Kind: arauto.EventSent, At: after(1)},
		{Kind: arauto.EventDelivered, At: after(9)},
		{Kind: arauto.EventRead, At: after(5)},
		{Kind: arauto.EventFailed, At: after(4), Reason: arauto.ReasonRefused, Code: 1},
		{Kind: arauto.EventReplied, At: after(6), ReplyText: "oi"},
	}
	want := live(t, facts)
	wantAttempt := attempted(t, facts)
	permute(facts, 0, func(order []arauto.Event) {
		if diff := cmp.Diff(want, live(t, order)); diff != "" {
			t.Fatalf("%s ends differently:\n%s", kinds(order), diff)
		}
		if diff := cmp.Diff(wantAttempt, attempted(t, order)); diff != "" {
			t.Fatalf("%s ends an attempt differently:\n%s", kinds(order), diff)
		}
	})
}

func permute(list []arauto.Event, from int, visit func([]arauto.Event)) {
	if from == len(list) {
		visit(list)
		return
	}
	for i := from; i < len(list); i++ {
		list[from], list[i] = list[i], list[from]
		permute(list, from+1, visit)
		list[from], list[i] = list[i], list[from]
	}
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func live(t fataler, facts []arauto.Event) arauto.Contact {
	t.Helper()
	c := arauto.Contact{ID: 7, Attempt: 3, Attempts: 1, State: arauto.ContactSending}
	for _, e := range facts {
		next, err := c.Apply(e)
		if err != nil {
			t.Fatalf("%v", err)
		}
		c = next
	}
	return c
}

func attempted(t fataler, facts []arauto.Event) arauto.Attempt {
	t.Helper()
	a := arauto.Attempt{ID: 3, State: arauto.AttemptOpen}
	for _, e := range facts {
		if e.Kind == arauto.EventReplied {
			continue // a reply is the contact's, not the message's
		}
		next, err := a.Apply(e)
		if err != nil {
			t.Fatalf("%v", err)
		}
		a = next
	}
	return a
}

func kinds(events []arauto.Event) string {
	var list []arauto.EventKind
	for _, e := range events {
		list = append(list, e.Kind)
	}
	return fmt.Sprint(list)
}
