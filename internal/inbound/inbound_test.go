package inbound_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"arauto"
	"arauto/internal/inbound"
)

func TestReceive_IsDurableWhenItReturns(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancel(t.Context())
		kept := make(chan error, 1)
		go func() { kept <- w.engine.Keep(ctx) }()
		w.check(w.engine.Receive(t.Context(), w.app, []byte("raw")))
		list := w.in(arauto.WebhookNew)
		if len(list) != 1 || string(list[0].Body) != "raw" || list[0].App != w.app.ID || !list[0].ReceivedAt.Equal(time.Now()) {
			t.Fatalf("stored: %+v", list)
		}
		cancel()
		w.check(<-kept)
	})
}

// wait hands n webhooks over and returns once they all wait in the queue.
func (w *world) wait(n int) (results chan error) {
	results = make(chan error, n)
	for i := range n {
		go func() { results <- w.engine.Receive(w.t.Context(), w.app, fmt.Append(nil, i)) }()
	}
	synctest.Wait()
	return results
}

func TestKeep_StoresManyTogetherAndDrainsAtStop(t *testing.T) {
	inWorld(t, func(c *inbound.Config) { c.Batch = 100 }, func(t *testing.T, w *world) {
		results := w.wait(250)
		stopped, cancel := context.WithCancel(t.Context())
		cancel()
		w.check(w.engine.Keep(stopped))
		for range 250 {
			w.check(<-results)
		}
		if n := len(w.in(arauto.WebhookNew)); n != 250 || w.spy.saves != 3 {
			t.Fatalf("%d webhooks in %d writes, want 250 in 3", n, w.spy.saves)
		}
	})
}

func TestReceive_FullQueueIsLimited(t *testing.T) {
	inWorld(t, func(c *inbound.Config) { c.Queue = 2 }, func(t *testing.T, w *world) {
		results := w.wait(2)
		if err := w.engine.Receive(t.Context(), w.app, nil); arauto.KindOf(err) != arauto.KindLimited {
			t.Fatalf("got %v", err)
		}
		stopped, cancel := context.WithCancel(t.Context())
		cancel()
		if err := w.engine.Keep(stopped); err != nil || <-results != nil || <-results != nil {
			t.Fatal("what waited was not stored", err)
		}
	})
}

func TestApply_RunsUntilStopped(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		in := w.send(ana, 0)
		ctx, cancel := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { w.engine.Keep(ctx) })
		done.Go(func() { w.engine.Apply(ctx) })
		w.check(w.engine.Receive(t.Context(), w.app, body(ourNumber, status(wamid(in), "", "delivered", time.Now()))))
		time.Sleep(time.Second)
		w.wants(in, arauto.ContactDelivered)
		cancel()
		done.Wait()
	})
}

func TestApply_PoisonHoldsUpNobody(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		first, second := w.send(ana, 0), w.send(bia, 0)
		good := func(in arauto.Intended) []byte {
			return body(ourNumber, status(wamid(in), in.Attempt.Ref(), "delivered", time.Now()))
		}
		w.spy.refuse = func(facts []arauto.Fact) error {
			for _, f := range facts {
				if f.Status.ProviderID == "wamid.POISON" {
					return errors.New("a row that cannot be written")
				}
			}
			return nil
		}
		half := body(ourNumber, wire{"statuses": []wire{{"id": "x"}, {"id": wamid(first), "status": "read", "timestamp": "1790000000"}}})
		w.post(w.app, good(first), []byte("{"), half, body(ourNumber, status("wamid.POISON", "", "sent", time.Now())), good(second))
		w.wants(first, arauto.ContactRead)
		w.wants(second, arauto.ContactDelivered)
		w.expect(map[arauto.WebhookState]int{arauto.WebhookApplied: 2, arauto.WebhookBad: 2, arauto.WebhookOrphan: 1})
		if note := w.in(arauto.WebhookOrphan)[0].Note; !strings.Contains(note, "cannot be written") {
			t.Errorf("put aside with %q", note)
		}
		if note := w.in(arauto.WebhookBad)[1].Note; !strings.Contains(note, "statuses[0]") {
			t.Errorf("kept with %q", note)
		}
		w.tryUntilSettled()
		w.expect(map[arauto.WebhookState]int{arauto.WebhookApplied: 2, arauto.WebhookBad: 3})
	})
}

// tryUntilSettled lets time pass until no orphan is left, and returns how long each try had to wait.
func (w *world) tryUntilSettled() (waits []time.Duration) {
	w.t.Helper()
	for wait := 500 * time.Millisecond; len(w.in(arauto.WebhookOrphan)) > 0; wait = min(2*wait, 3*time.Hour) {
		time.Sleep(wait - time.Millisecond)
		if n := w.apply(); n != 0 {
			w.t.Fatalf("try %d came before %s had passed", len(waits)+1, wait)
		}
		time.Sleep(time.Millisecond)
		if n := w.apply(); n != 1 {
			w.t.Fatalf("try %d did not come after %s", len(waits)+1, wait)
		}
		waits = append(waits, wait)
	}
	return waits
}

func TestApply_OrphanIsTriedForADayThenKept(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		began := time.Now()
		w.post(w.app, body(ourNumber, status("wamid.NOBODY", "", "read", began)))
		w.expect(map[arauto.WebhookState]int{arauto.WebhookOrphan: 1})
		waits, took := w.tryUntilSettled(), time.Since(began)
		if len(waits) != 20 || took < 18*time.Hour || took > 30*time.Hour {
			t.Fatalf("%d tries over %s", len(waits), took)
		}
		w.expect(map[arauto.WebhookState]int{arauto.WebhookUnmatched: 1})
		if note := w.in(arauto.WebhookUnmatched)[0].Note; !strings.Contains(note, "wamid.NOBODY") {
			t.Errorf("note %q", note)
		}
	})
}

func TestApply_OrphanIsAppliedOnceItsMessageIsKnown(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		in := w.intend(ana, 0)
		w.post(w.app, body(ourNumber, status(wamid(in), "", "delivered", time.Now())))
		w.expect(map[arauto.WebhookState]int{arauto.WebhookOrphan: 1})
		time.Sleep(500 * time.Millisecond)
		w.apply()
		w.wants(in, arauto.ContactSending)
		w.accept(in)
		time.Sleep(time.Second)
		w.apply()
		w.wants(in, arauto.ContactDelivered)
		w.expect(map[arauto.WebhookState]int{arauto.WebhookApplied: 1})
	})
}

// told is what a contact and its attempt say, without what depends on how often they were written.
type told struct {
	Contact arauto.Contact
	Attempt arauto.Attempt
}

func (w *world) told(in arauto.Intended) told {
	w.t.Helper()
	x := told{w.contact(in), w.attempt(in)}
	c, a := &x.Contact, &x.Attempt
	c.ID, c.Campaign, c.Attempt, c.Version, c.InsertedAt, c.UpdatedAt = 0, 0, 0, 0, time.Time{}, time.Time{}
	c.Phone, c.PhoneRaw, c.PersonKey = "", "", ""
	a.ID, a.Campaign, a.Contact, a.ProviderID, a.WAID, a.IntendedAt = 0, 0, 0, "", "", time.Time{}
	return x
}

func TestApply_StatusesConverge(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		at := time.Now().Add(time.Hour)
		people := 0
		// Inside a bubble nobody may ask a test for its deadline, as rapid would.
		rapid.Check(struct{ rapid.TB }{t}, func(r *rapid.T) {
			var states []string
			for _, state := range []string{"sent", "delivered", "read", "failed"} {
				if rapid.Bool().Draw(r, state) {
					states = append(states, state)
				}
			}
			if len(states) == 0 {
				r.Skip("nothing happened")
			}
			people += 2
			straight := w.intend(arauto.Phone(fmt.Sprintf("+55119%08d", 70000000+people)), 0)
			mixed := w.intend(arauto.Phone(fmt.Sprintf("+55119%08d", 70000001+people)), 0)
			say := func(in arauto.Intended, n int) []byte {
				return body(ourNumber, status(wamid(in), in.Attempt.Ref(), states[n], at.Add(time.Duration(n)*time.Second)))
			}
			now := time.Now()
			w.accept(straight)
			for n := range states {
				w.post(w.app, say(straight, n))
			}
			var order []int
			for n := range states {
				order = append(order, n)
			}
			order = append(order, rapid.SliceOfN(rapid.IntRange(0, len(states)-1), 0, 3).Draw(r, "again")...)
			order = rapid.Permutation(order).Draw(r, "order")
			answer := rapid.IntRange(0, len(order)).Draw(r, "statuses before the answer")
			cut := rapid.IntRange(0, len(order)).Draw(r, "statuses posted one by one")
			var together [][]byte
			for i, n := range order {
				if i == answer {
					w.accept(mixed)
				}
				if i < cut {
					w.post(w.app, say(mixed, n))
				} else {
					together = append(together, say(mixed, n))
				}
			}
			w.post(w.app, together...)
			if answer == len(order) {
				w.accept(mixed)
			}
			if !time.Now().Equal(now) {
				r.Fatal("time went by")
			}
			if d := cmp.Diff(w.told(straight), w.told(mixed)); d != "" {
				r.Fatalf("%v, the answer after %d (-in order, +mixed):\n%s", order, answer, d)
			}
		})
	})
}

func TestApply_TheSameAgainChangesNothing(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		in := w.send(ana, 0)
		bodies := [][]byte{
			body(ourNumber, status(wamid(in), "", "delivered", time.Now())),
			body(ourNumber, w.says(ana, "Quero", nil)),
			body(ourNumber, w.says(ana, "SAIR", nil)),
		}
		w.post(w.app, bodies...)
		c, a, stops := w.contact(in), w.attempt(in), w.suppressions(ana)
		time.Sleep(time.Hour)
		w.post(w.app, bodies...)
		w.post(w.app, bodies[2], bodies[0], bodies[1])
		if d := cmp.Diff(c, w.contact(in)) + cmp.Diff(a, w.attempt(in)) + cmp.Diff(stops, w.suppressions(ana)); d != "" {
			t.Fatal(d)
		}
		if c.State != arauto.ContactReplied || len(stops) != 1 {
			t.Fatalf("%s, %d suppressions", c.State, len(stops))
		}
		conversations, err := w.store.Conversations(t.Context(), w.account.ID, 0, 10)
		w.check(err)
		messages, err := w.store.Messages(t.Context(), w.account.ID, conversations[0].ID, 0, 10)
		w.check(err)
		if len(conversations) != 1 || len(messages) != 2 {
			t.Fatalf("%d conversations, %d messages", len(conversations), len(messages))
		}
	})
}

func TestReply_TypedMatchesWithinTheCampaignsWindow(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		in, late := w.send(ana, time.Hour), w.send(bia, time.Hour)
		time.Sleep(time.Hour)
		w.post(w.app, body(ourNumber, w.says(ana, "Quero saber mais", nil)))
		time.Sleep(time.Second)
		w.post(w.app, body(ourNumber, w.says(bia, "Quem é?", nil)))
		w.wants(in, arauto.ContactReplied)
		w.wants(late, arauto.ContactSent)
		if c := w.contact(in); c.ReplyText != "Quero saber mais" || c.Conversation == "" || c.ReplyAction != "" {
			t.Errorf("contact %+v", c)
		}
		// Who answers nothing of ours is heard all the same.
		list, err := w.store.Conversations(t.Context(), w.account.ID, 0, 10)
		w.check(err)
		if len(list) != 2 || list[0].PersonKey != bia.PersonKey() || list[0].Contact != 0 || list[1].Contact != in.Contact.ID {
			t.Errorf("conversations %+v", list)
		}
	})
}

func TestReply_FindsItsMessage(t *testing.T) {
	for name, more := range map[string]func(older arauto.Intended) wire{
		"by context": func(older arauto.Intended) wire { return wire{"context": wire{"id": wamid(older)}} },
		"by a button's ref": func(older arauto.Intended) wire {
			return wire{"type": "button", "button": wire{"text": "Sim", "payload": older.Attempt.Ref()}}
		},
		"by a list's ref": func(older arauto.Intended) wire {
			return wire{"type": "interactive", "interactive": wire{"type": "list_reply", "list_reply": wire{"title": "Sim", "id": older.Attempt.Ref()}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, nil, func(t *testing.T, w *world) {
				older := w.send(ana, time.Hour)
				time.Sleep(48 * time.Hour)
				newer := w.send(ana, time.Hour)
				w.post(w.app, body(ourNumber, w.says(ana, "Sim", more(older))))
				w.wants(older, arauto.ContactReplied)
				w.wants(newer, arauto.ContactSent)
				if c := w.contact(older); c.ReplyText != "Sim" || (c.ReplyAction == "Sim") != (name != "by context") {
					t.Errorf("text %q, action %q", c.ReplyText, c.ReplyAction)
				}
				w.post(w.app, body(ourNumber, w.says(ana, "e mais", nil)))
				w.wants(newer, arauto.ContactReplied)
			})
		})
	}
}

func TestReply_OptOutAndBack(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		in := w.send(ana, 0)
		w.post(w.app, body(ourNumber, w.says(ana, "não quero sair", nil)))
		if n := len(w.suppressions(ana)); n != 0 {
			t.Fatalf("%d suppressions for a sentence", n)
		}
		w.post(w.app, body(ourNumber, w.says(ana, "  Sair! ", nil)))
		got := w.suppressions(ana)
		want := arauto.Suppression{
			ID: got[0].ID, Account: w.account.ID, PersonKey: ana.PersonKey(), Phone: ana, Scope: arauto.SuppressAll, Source: "opt_out_keyword",
			Evidence: "wamid.IN2:   Sair! ", Contact: in.Contact.ID, CreatedAt: time.Now().UTC(),
		}
		if d := cmp.Diff([]arauto.Suppression{want}, got); d != "" {
			t.Fatal(d)
		}
		time.Sleep(time.Minute)
		w.post(w.app, body(ourNumber, w.says(ana, "Voltar", nil)))
		lifted := w.suppressions(ana)[0]
		if !lifted.LiftedAt.Equal(time.Now()) || !strings.HasPrefix(lifted.Evidence, want.Evidence) || !strings.Contains(lifted.Evidence, "wamid.IN3") {
			t.Fatalf("lifted: %+v", lifted)
		}
	})
}

func TestPreference_ByUserIDReachesThePhonesKey(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.send(ana, 0)
		w.post(w.app, body(ourNumber, w.says(ana, "Oi", nil)))
		wish := func(value string) []byte {
			return body(ourNumber, wire{"user_preferences": []wire{{
				"user_id": "BR." + ana.Digits(), "category": "marketing_messages", "value": value, "detail": "asked to " + value, "timestamp": time.Now().Unix(),
			}}})
		}
		w.post(w.app, wish("stop"))
		got := w.suppressions(ana)
		if len(got) != 1 || got[0].Scope != arauto.SuppressMarketing || got[0].Source != "user_preferences" || got[0].Evidence != "asked to stop" {
			t.Fatalf("suppressions %+v", got)
		}
		w.post(w.app, wish("resume"))
		if got := w.suppressions(ana); len(got) != 1 || got[0].LiftedAt.IsZero() {
			t.Fatalf("suppressions %+v", got)
		}
	})
}

func TestPreference_ComesAgainLater(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		in := w.send(ana, 0)
		wish := func(value string) []byte {
			return body(ourNumber, wire{"user_preferences": []wire{{"wa_id": ana.Digits(), "category": "marketing_messages", "value": value, "timestamp": time.Now().Unix()}}})
		}
		holds := func(want bool, rows int) {
			t.Helper()
			list := w.suppressions(ana)
			got := false
			for _, s := range list {
				got = got || s.Holds(arauto.ChannelWhatsApp, true, time.Now())
			}
			if got != want || len(list) != rows {
				t.Fatalf("in force %v, want %v, %d rows, want %d: %+v", got, want, len(list), rows, list)
			}
		}
		refused := status(wamid(in), "", "failed", time.Now())
		refused["statuses"].([]wire)[0]["errors"] = []wire{{"code": 131050, "title": "Stopped marketing"}}
		stop := [][]byte{wish("stop"), body(ourNumber, refused)}
		w.post(w.app, stop...)
		holds(true, 1)
		time.Sleep(time.Minute)
		resume := wish("resume")
		w.post(w.app, resume)
		holds(false, 1)
		time.Sleep(time.Minute)
		w.post(w.app, stop...)
		holds(false, 1)
		w.post(w.app, wish("stop"))
		holds(true, 2)
		time.Sleep(time.Minute)
		w.post(w.app, resume)
		holds(true, 2)
	})
}

func TestApply_AnotherAppsNumberIsRefused(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		in := w.send(ana, 0)
		before := w.told(in)
		w.post(w.other,
			body(ourNumber, status(wamid(in), in.Attempt.Ref(), "failed", time.Now())),
			body(ourNumber, w.says(ana, "SAIR", wire{"context": wire{"id": wamid(in)}})),
			body(ourNumber, wire{"user_preferences": []wire{{"wa_id": ana.Digits(), "category": "marketing_messages", "value": "stop", "timestamp": time.Now().Unix()}}}),
		)
		w.expect(map[arauto.WebhookState]int{arauto.WebhookUnmatched: 3})
		// Nor may it speak, through a number of its own, of a message that is not its.
		w.post(w.other, body(otherNumber, status(wamid(in), in.Attempt.Ref(), "failed", time.Now())))
		w.expect(map[arauto.WebhookState]int{arauto.WebhookUnmatched: 3, arauto.WebhookOrphan: 1})
		w.post(w.other, body(otherNumber, w.says(ana, "Oi", wire{"context": wire{"id": wamid(in)}})))
		if d := cmp.Diff(before, w.told(in)); d != "" {
			t.Fatal(d)
		}
		if n := len(w.suppressions(ana)); n != 0 {
			t.Fatalf("%d suppressions", n)
		}
	})
}

// An error that names no message stops what it speaks of, and is kept with its webhook; another app's stops nothing.
func TestApply_ErrorOfNoMessage(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		told := func(code int) []byte {
			return body(ourNumber, wire{"errors": []wire{{"code": code, "title": "Trouble", "error_data": wire{"details": "Meta's words."}}}})
		}
		paused := func() arauto.Cause {
			t.Helper()
			s, err := w.store.Sender(t.Context(), w.account.ID, w.sender.ID)
			w.check(err)
			return s.Cause
		}
		w.post(w.other, told(190))
		w.expect(map[arauto.WebhookState]int{arauto.WebhookUnmatched: 1})
		w.post(w.app, told(131026))
		if c := paused(); c != (arauto.Cause{}) {
			t.Fatalf("paused for another's error or a contact's: %+v", c)
		}
		w.post(w.app, told(190))
		if c := paused(); c.Code != 190 || c.Reason != arauto.ReasonSenderTrouble {
			t.Errorf("the number's pause: %+v", c)
		}
		var notes []string
		for _, kept := range w.in(arauto.WebhookApplied) {
			notes = append(notes, kept.Note)
		}
		if d := cmp.Diff([]string{"error 131026: Meta's words. (nothing is stopped for it)", "error 190: Meta's words."}, notes); d != "" {
			t.Error(d)
		}
	})
}
