package dispatch_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"arauto"
	"arauto/internal/dispatch"
)

func TestRun_SendsEachContactOnceAndCompletes(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		c := w.campaign(0, 300, arauto.Campaign{})
		w.start()
		w.until("completed", func() bool { return w.state(c).State == arauto.CampaignCompleted })
		w.wroteOnceTo(300)
		counts := w.counts(c)
		if counts[arauto.ContactSent]+counts[arauto.ContactFailed] != 300 || counts[arauto.ContactSent] < 280 {
			t.Fatalf("counts %v", counts)
		}
	})
}

func TestRun_KeepsTheSendersPace(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		c := w.campaign(0, 1000, arauto.Campaign{})
		began := time.Now()
		w.start()
		w.until("all were tried", func() bool { return w.counts(c)[arauto.ContactPending] == 0 })
		// 1,000 at 80 a second are 12.5 s.
		if took := time.Since(began).Seconds(); took < 12.2 || took > 13.2 {
			t.Fatalf("1,000 messages at 80 a second took %.2f s", took)
		}
	})
}

func TestRun_PauseHoldsWithinASecond(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		c := w.campaign(0, 1000, arauto.Campaign{})
		w.start()
		time.Sleep(3 * time.Second)
		w.change(c, arauto.CampaignPause)
		at := w.meta.Summary().Accepted
		time.Sleep(time.Second)
		soon := w.meta.Summary().Accepted
		time.Sleep(10 * time.Second)
		if later := w.meta.Summary().Accepted; later != soon || at == 0 || soon-at > 80 {
			t.Fatalf("accepted %d at the pause, %d a second later, %d in the end", at, soon, later)
		}
		w.change(c, arauto.CampaignResume)
		w.until("completed", func() bool { return w.state(c).State == arauto.CampaignCompleted })
		w.wroteOnceTo(1000)
	})
}

func TestRun_HoldsAfterTheFirstN(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		c := w.campaign(0, 200, arauto.Campaign{HoldAfter: 37})
		w.start()
		w.until("paused", func() bool { return w.state(c).State == arauto.CampaignPaused })
		time.Sleep(5 * time.Second)
		if tried := w.counts(c).Tried(); tried != 37 {
			t.Fatalf("%d contacts were tried before the hold, want 37", tried)
		}
		w.change(c, arauto.CampaignResume)
		w.until("completed", func() bool { return w.state(c).State == arauto.CampaignCompleted })
	})
}

func TestRun_StandingCampaignWaitsForMore(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		c := w.campaign(0, 5, arauto.Campaign{Standing: true})
		w.start()
		time.Sleep(20 * time.Second)
		if state := w.state(c).State; state != arauto.CampaignRunning {
			t.Fatalf("a standing campaign became %s", state)
		}
		w.add(c, person("+5511987650000"))
		w.until("the late contact was tried", func() bool { return w.counts(c)[arauto.ContactPending] == 0 })
	})
}

func TestRun_StandingCampaignEnds(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		c := w.campaign(0, 5, arauto.Campaign{Standing: true, Policy: arauto.Policy{EndAt: time.Now().Add(time.Minute)}})
		w.start()
		time.Sleep(50 * time.Second)
		if state := w.state(c).State; state != arauto.CampaignRunning {
			t.Fatalf("before its end it became %s", state)
		}
		w.until("it ended", func() bool { return w.state(c).State == arauto.CampaignCompleted })
	})
}

func TestRun_SuppressedIsNeverPosted(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		left := person("+5511980000003")
		_, err := w.store.AddSuppressions(t.Context(), w.actor, time.Now(), w.account.ID, []arauto.Suppression{
			{Account: w.account.ID, PersonKey: left.PersonKey, Phone: left.Phone, Scope: arauto.SuppressAll, Source: "api"},
		})
		w.check(err)
		c := w.campaign(0, 10, arauto.Campaign{})
		w.start()
		w.until("completed", func() bool { return w.state(c).State == arauto.CampaignCompleted })
		if n := w.counts(c)[arauto.ContactSuppressed]; n != 1 {
			t.Fatalf("%d suppressed, want 1", n)
		}
		for e := range w.meta.Entries() {
			if arauto.Phone(e.To).PersonKey() == left.PersonKey {
				t.Fatal("a suppressed person was written to")
			}
		}
	})
}

func TestRun_SamePersonInTwoCampaignsIsSpaced(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		a, b := w.campaign(0, 1, arauto.Campaign{Name: "a"}), w.campaign(0, 1, arauto.Campaign{Name: "b"})
		w.start()
		w.until("both completed", func() bool {
			return w.state(a).State == arauto.CampaignCompleted && w.state(b).State == arauto.CampaignCompleted
		})
		var at []time.Time
		for e := range w.meta.Entries() {
			at = append(at, e.At)
		}
		if len(at) != 2 || at[1].Sub(at[0]) < arauto.PairInterval {
			t.Fatalf("the same person was written to at %v", at)
		}
	})
}

func TestRun_Outcomes(t *testing.T) {
	for _, tc := range []struct {
		name, number string
		state        arauto.ContactState
		reason       arauto.Reason
	}{
		{"refused", "+5511975500300", arauto.ContactFailed, arauto.ReasonNotOnWhatsApp},
		{"limited once, then taken", "+5511975500700", arauto.ContactSent, ""},
		{"pair limit twice, then taken", "+5511975500710", arauto.ContactSent, ""},
		{"read, then closed", "+5511975500820", arauto.ContactUnknown, arauto.ReasonNoAnswer},
		{"slow beyond the deadline", "+5511975500800", arauto.ContactUnknown, arauto.ReasonNoAnswer},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inWorld(t, func(c *dispatch.Config) { c.SendLimit = 2 * time.Second }, func(t *testing.T, w *world) {
				c := w.campaign(0, 0, arauto.Campaign{})
				w.add(c, person(tc.number))
				w.start()
				w.until("completed", func() bool { return w.state(c).State == arauto.CampaignCompleted })
				rows, err := w.store.ContactsOf(t.Context(), w.account.ID, []string{arauto.Phone(tc.number).PersonKey()})
				w.check(err)
				if got := rows[0]; got.State != tc.state || got.Reason != tc.reason {
					t.Fatalf("%s (%s %d %s), want %s (%s)", got.State, got.Reason, got.Code, got.Detail, tc.state, tc.reason)
				}
			})
		})
	}
}

func TestRun_BadTokenPausesTheSenderAndLosesNobody(t *testing.T) {
	inWorld(t, func(c *dispatch.Config) { c.Messenger = &stubborn{code: 190} }, func(t *testing.T, w *world) {
		c := w.campaign(0, 50, arauto.Campaign{})
		w.start()
		w.until("the sender is paused", func() bool {
			s, err := w.store.Sender(t.Context(), w.account.ID, w.sender.ID)
			w.check(err)
			return s.Pause != ""
		})
		time.Sleep(5 * time.Second)
		if counts := w.counts(c); counts[arauto.ContactPending] != 50 {
			t.Fatalf("counts %v, want everybody pending", counts)
		}
	})
}

// stubborn refuses everything with one code.
type stubborn struct{ code int }

func (s *stubborn) Send(context.Context, arauto.Sender, arauto.Message) (arauto.Receipt, error) {
	return arauto.Receipt{}, &arauto.SendError{Code: s.code, Reason: arauto.ReasonSenderTrouble, Scope: arauto.ScopeSender, Action: arauto.ActionPause, Detail: "expired"}
}

func TestRun_MissingValueFailsThatContactOnly(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		_, _, err := w.store.SaveTemplates(t.Context(), time.Now(), w.account.ID, w.template.WABA, []arauto.Template{
			{MetaID: "9", Name: "aviso_simples", Language: "pt_BR", Category: "UTILITY", Status: arauto.TemplateApproved, Body: "Olá {{1}}"},
		})
		w.check(err)
		c := arauto.Campaign{
			Account: w.account.ID, Sender: w.sender.ID, Template: w.template.ID, Name: "c", Channel: arauto.ChannelWhatsApp,
			Mapping: arauto.Mapping{"body.1": {From: arauto.FromField, Text: "cpf"}},
		}
		c, err = w.store.CreateCampaign(t.Context(), w.actor, time.Now(), c)
		w.check(err)
		with, without := person("+5511980000001"), person("+5511980000002")
		with.Fields = arauto.Fields{{Key: "CPF", Value: "1"}}
		w.add(c, with, without)
		w.change(c, arauto.CampaignStart)
		var sent sync.Map
		w.newEngine(func(c *dispatch.Config) { c.Messenger = recorderOf(&sent) })
		w.start()
		w.until("completed", func() bool { return w.state(c).State == arauto.CampaignCompleted })
		if counts := w.counts(c); counts[arauto.ContactSent] != 1 || counts[arauto.ContactFailed] != 1 {
			t.Fatalf("counts %v, want one sent and one failed", counts)
		}
		if _, ok := sent.Load(without.Phone); ok {
			t.Fatal("a message without its value was posted")
		}
	})
}

type messengerFunc func(arauto.Message) (arauto.Receipt, error)

func (f messengerFunc) Send(_ context.Context, _ arauto.Sender, m arauto.Message) (arauto.Receipt, error) {
	return f(m)
}

func recorderOf(sent *sync.Map) messengerFunc {
	return func(m arauto.Message) (arauto.Receipt, error) {
		sent.Store(m.To, m)
		return arauto.Receipt{ProviderID: "wamid." + m.Ref}, nil
	}
}

func TestRun_StopDrainsWhatIsInFlight(t *testing.T) {
	slow := messengerFunc(func(m arauto.Message) (arauto.Receipt, error) {
		time.Sleep(3 * time.Second)
		return arauto.Receipt{ProviderID: "wamid." + m.Ref}, nil
	})
	inWorld(t, func(c *dispatch.Config) { c.Messenger = slow }, func(t *testing.T, w *world) {
		c := w.campaign(0, 100, arauto.Campaign{})
		w.start()
		time.Sleep(time.Second)
		w.stop()
		counts := w.counts(c)
		if counts[arauto.ContactSending] != 0 || counts[arauto.ContactUnknown] != 0 || counts[arauto.ContactSent] == 0 {
			t.Fatalf("after a stop: %v", counts)
		}
	})
}

func TestRun_CrashLeavesUnknownNeverASecondMessage(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		c := w.campaign(0, 40, arauto.Campaign{})
		lease, _, err := w.store.Take(t.Context(), time.Now(), w.account.ID, arauto.SenderLine(w.sender.ID), "node", time.Minute)
		w.check(err)
		due, err := w.store.DueContacts(t.Context(), time.Now(), w.account.ID, c.ID, time.Time{}, 0, 10)
		w.check(err)
		var list []arauto.Candidate
		for _, d := range due {
			list = append(list, arauto.Candidate{Contact: d})
		}
		_, err = w.store.Intend(t.Context(), time.Now(), lease, w.sender.ID, list)
		w.check(err)
		// Here the process dies: intents are durable, nothing else is. The same node comes back.
		w.start()
		w.until("completed", func() bool { return w.state(c).State == arauto.CampaignCompleted })
		if counts := w.counts(c); counts[arauto.ContactUnknown] != 10 {
			t.Fatalf("counts %v, want 10 unknown", counts)
		}
		w.wroteOnceTo(30)
	})
}

func TestIntend_OldFenceIsRefused(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		c := w.campaign(0, 1, arauto.Campaign{})
		line := arauto.SenderLine(w.sender.ID)
		old, _, err := w.store.Take(t.Context(), time.Now(), w.account.ID, line, "a", time.Second)
		w.check(err)
		time.Sleep(2 * time.Second)
		_, taken, err := w.store.Take(t.Context(), time.Now(), w.account.ID, line, "b", time.Second)
		w.check(err)
		if !taken {
			t.Fatal("an expired line could not be taken")
		}
		due, err := w.store.DueContacts(t.Context(), time.Now(), w.account.ID, c.ID, time.Time{}, 0, 1)
		w.check(err)
		_, err = w.store.Intend(t.Context(), time.Now(), old, w.sender.ID, []arauto.Candidate{{Contact: due[0]}})
		if arauto.KindOf(err) != arauto.KindConflict {
			t.Fatalf("Intend under an old fence: %v, want a conflict", err)
		}
		if counts := w.counts(c); counts[arauto.ContactPending] != 1 {
			t.Fatalf("counts %v", counts)
		}
	})
}

func TestRun_RecordsAgainWhenTheDatabaseComesBack(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		flaky := &flakyStore{Store: w.store}
		w.newEngine(func(c *dispatch.Config) { c.Store = flaky })
		c := w.campaign(0, 20, arauto.Campaign{})
		w.start()
		w.until("completed", func() bool { return w.state(c).State == arauto.CampaignCompleted })
		if counts := w.counts(c); counts[arauto.ContactUnknown] != 0 {
			t.Fatalf("counts %v", counts)
		}
		if flaky.failed == 0 {
			t.Fatal("the fault was never met")
		}
	})
}

// flakyStore loses the first three answers, whichever way they are to be recorded.
type flakyStore struct {
	dispatch.Store
	mu     sync.Mutex
	failed int
}

func (f *flakyStore) gone(answers []arauto.Answer) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(answers) > 0 && f.failed < 3 {
		f.failed++
		return errors.New("database is gone")
	}
	return nil
}

func (f *flakyStore) Advance(ctx context.Context, now time.Time, lease arauto.Lease, sender int64, answers []arauto.Answer, list []arauto.Candidate) ([]arauto.Intended, error) {
	if err := f.gone(answers); err != nil {
		return nil, err
	}
	return f.Store.Advance(ctx, now, lease, sender, answers, list)
}

func (f *flakyStore) Record(ctx context.Context, now time.Time, account int64, answers []arauto.Answer) error {
	if err := f.gone(answers); err != nil {
		return err
	}
	return f.Store.Record(ctx, now, account, answers)
}

func TestRun_OutageUsesUpNobodysTries(t *testing.T) {
	down := true
	var mu sync.Mutex
	network := messengerFunc(func(m arauto.Message) (arauto.Receipt, error) {
		mu.Lock()
		defer mu.Unlock()
		if down {
			return arauto.Receipt{}, &arauto.SendError{Reason: arauto.ReasonProviderTrouble, Scope: arauto.ScopeSender, Action: arauto.ActionRetry, After: 5, Detail: "no route"}
		}
		return arauto.Receipt{ProviderID: "wamid." + m.Ref}, nil
	})
	inWorld(t, func(c *dispatch.Config) { c.Messenger = network }, func(t *testing.T, w *world) {
		c := w.campaign(0, 30, arauto.Campaign{})
		w.start()
		time.Sleep(30 * time.Minute) // many times what a contact's tries would last
		mu.Lock()
		down = false
		mu.Unlock()
		w.until("completed", func() bool { return w.state(c).State == arauto.CampaignCompleted })
		if counts := w.counts(c); counts[arauto.ContactSent] != 30 {
			t.Fatalf("after half an hour without a network: %v, want everybody sent", counts)
		}
	})
}

func TestRun_ChangedSenderAndMappingHoldFromTheNextMessage(t *testing.T) {
	var mu sync.Mutex
	tokens := map[string]int{}
	inWorld(t, func(c *dispatch.Config) {
		c.Messenger = senderFunc(func(s arauto.Sender, m arauto.Message) (arauto.Receipt, error) {
			mu.Lock()
			defer mu.Unlock()
			tokens[string(s.Token)]++
			return arauto.Receipt{ProviderID: "wamid." + m.Ref}, nil
		})
	}, func(t *testing.T, w *world) {
		c := w.campaign(0, 400, arauto.Campaign{})
		w.start()
		time.Sleep(2 * time.Second)
		w.changeSender(func(s *arauto.Sender) { s.Token = "rotated" })
		w.until("completed", func() bool { return w.state(c).State == arauto.CampaignCompleted })
		mu.Lock()
		defer mu.Unlock()
		if tokens["t"] == 0 || tokens["rotated"] < 150 || tokens["t"]+tokens["rotated"] != 400 {
			t.Fatalf("messages by token: %v", tokens)
		}
	})
}

type senderFunc func(arauto.Sender, arauto.Message) (arauto.Receipt, error)

func (f senderFunc) Send(_ context.Context, s arauto.Sender, m arauto.Message) (arauto.Receipt, error) {
	return f(s, m)
}
