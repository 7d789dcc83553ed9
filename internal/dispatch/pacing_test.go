package dispatch_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"arauto"
	"arauto/internal/dispatch"
	"arauto/internal/sandbox"
	"arauto/internal/whatsapp"
)

// postbox takes every message and remembers when.
type postbox struct {
	mu   sync.Mutex
	took []took
}

type took struct {
	to arauto.Phone
	at time.Time
}

func (p *postbox) messenger() messengerFunc {
	return func(m arauto.Message) (arauto.Receipt, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.took = append(p.took, took{m.To, time.Now()})
		return arauto.Receipt{ProviderID: "wamid." + m.Ref}, nil
	}
}

// between is how many messages to people from number a to b were taken from one moment to another.
func (p *postbox) between(from, to time.Time, a, b int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	first, last := arauto.Phone(fmt.Sprintf("+55119%08d", 80000000+a)), arauto.Phone(fmt.Sprintf("+55119%08d", 80000000+b))
	for _, m := range p.took {
		if !m.at.Before(from) && m.at.Before(to) && m.to >= first && m.to < last {
			n++
		}
	}
	return n
}

// rate gives the world's sender another one.
func (w *world) rate(perSecond int) {
	w.t.Helper()
	w.changeSender(func(s *arauto.Sender) { s.Rate = perSecond })
}

// changeSender changes the world's sender.
func (w *world) changeSender(change func(*arauto.Sender)) {
	w.t.Helper()
	var err error
	w.sender, err = w.store.UpdateSender(w.t.Context(), w.actor, time.Now(), w.account.ID, w.sender.ID, func(s arauto.Sender) (arauto.Sender, error) {
		change(&s)
		return s, nil
	})
	w.check(err)
}

func TestRun_MeetsTheRate(t *testing.T) {
	rates := []int{20, 80, 1000}
	if testing.Short() {
		rates = rates[:2] // ten thousand messages are too many under the race detector
	}
	for _, perSecond := range rates {
		t.Run(fmt.Sprint(perSecond), func(t *testing.T) {
			var box postbox
			inWorld(t, func(c *dispatch.Config) { c.Messenger = box.messenger() }, func(t *testing.T, w *world) {
				w.rate(perSecond)
				w.campaign(0, 11*perSecond, arauto.Campaign{})
				w.start()
				w.until("the first went", func() bool { return box.between(time.Time{}, time.Now().Add(time.Hour), 0, 1e6) > 0 })
				began := time.Now()
				time.Sleep(10 * time.Second)
				n := box.between(began, began.Add(10*time.Second), 0, 1e6)
				if want := 10 * perSecond; n < want-want/100 || n > want+want/100 {
					t.Errorf("%d in 10 s at %d a second", n, perSecond)
				}
				for second := range 10 {
					from := began.Add(time.Duration(second) * time.Second)
					if n := box.between(from, from.Add(time.Second), 0, 1e6); n > perSecond+max(2, perSecond/10) {
						t.Errorf("%d in second %d at %d a second", n, second, perSecond)
					}
				}
			})
		})
	}
}

func TestRun_HigherPriorityGoesFirst(t *testing.T) {
	var box postbox
	inWorld(t, func(c *dispatch.Config) { c.Messenger = box.messenger() }, func(t *testing.T, w *world) {
		w.campaign(0, 2000, arauto.Campaign{})
		high := w.campaign(5000, 400, arauto.Campaign{Policy: arauto.Policy{Priority: 1}})
		w.start()
		w.until("the higher one completed", func() bool { return w.state(high).State == arauto.CampaignCompleted })
		low := box.between(time.Time{}, time.Now(), 0, 5000)
		if low > 80 { // what goes in the moment in which its last answers come in
			t.Fatalf("%d of the campaign below went before the one above was through", low)
		}
		time.Sleep(5 * time.Second)
		if more := box.between(time.Time{}, time.Now(), 0, 5000) - low; more < 390 {
			t.Fatalf("afterwards %d went in 5 s", more)
		}
	})
}

func TestRun_CampaignKeepsItsOwnRate(t *testing.T) {
	var box postbox
	inWorld(t, func(c *dispatch.Config) { c.Messenger = box.messenger() }, func(t *testing.T, w *world) {
		slow := w.campaign(0, 500, arauto.Campaign{Policy: arauto.Policy{Rate: 10, Priority: 5}})
		w.campaign(5000, 2000, arauto.Campaign{})
		w.start()
		time.Sleep(time.Second)
		from := time.Now()
		time.Sleep(10 * time.Second)
		a, b := box.between(from, time.Now(), 0, 5000), box.between(from, time.Now(), 5000, 10000)
		if a < 99 || a > 101 || a+b < 792 || a+b > 808 {
			t.Fatalf("in 10 s %d of the campaign that may send 10 a second, and %d of the other", a, b)
		}
		_, err := w.store.UpdateCampaign(t.Context(), w.actor, time.Now(), w.slower(slow, 40))
		w.check(err)
		time.Sleep(2 * time.Second)
		from = time.Now()
		time.Sleep(5 * time.Second)
		if a := box.between(from, time.Now(), 0, 5000); a < 196 || a > 204 {
			t.Fatalf("in 5 s %d of the campaign that may now send 40 a second", a)
		}
	})
}

// slower is c as it stands, with another rate.
func (w *world) slower(c arauto.Campaign, perSecond int) arauto.Campaign {
	c = w.state(c)
	c.Policy.Rate = perSecond
	return c
}

func TestRun_AdaptsToWhatMetaTakes(t *testing.T) {
	for _, limit := range []int{30, 70} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			meta := sandbox.New(sandbox.Config{Tidy: true, MessagesPerSecond: limit})
			change := func(c *dispatch.Config) {
				c.Messenger = whatsapp.New(whatsapp.Config{Transport: sandbox.InProcess(meta)})
			}
			inWorld(t, change, func(t *testing.T, w *world) {
				c := w.campaign(0, 600, arauto.Campaign{Policy: arauto.Policy{Attempts: 2}})
				w.start()
				w.until("completed", func() bool { return w.state(c).State == arauto.CampaignCompleted })
				counts := w.counts(c)
				if counts[arauto.ContactUnknown] != 0 {
					t.Errorf("counts %v", counts)
				}
				rows, err := w.store.ContactRows(t.Context(), w.account.ID, arauto.ContactFilter{Campaigns: []int64{c.ID}, States: []arauto.ContactState{arauto.ContactFailed}}, 0, 1000)
				w.check(err)
				for _, r := range rows {
					if r.Reason == arauto.ReasonTooFast || r.Reason == arauto.ReasonTooManyAttempts {
						t.Fatalf("%s failed for the pace: %s after %d attempts", r.PhoneRaw, r.Reason, r.Attempts)
					}
				}
			})
		})
	}
}

func TestRun_HeldBackIsShownUntilItIsSettled(t *testing.T) {
	held := messengerFunc(func(m arauto.Message) (arauto.Receipt, error) {
		return arauto.Receipt{ProviderID: "wamid." + m.Ref, Held: arauto.HoldQuality}, nil
	})
	inWorld(t, func(c *dispatch.Config) { c.Messenger = held }, func(t *testing.T, w *world) {
		c := w.campaign(0, 3, arauto.Campaign{})
		w.start()
		w.until("completed", func() bool { return w.state(c).State == arauto.CampaignCompleted })
		rows, err := w.store.ContactRows(t.Context(), w.account.ID, arauto.ContactFilter{Campaigns: []int64{c.ID}}, 0, 10)
		w.check(err)
		for _, r := range rows {
			if r.State != arauto.ContactSent || r.Reason != arauto.ReasonHeld {
				t.Fatalf("%s (%s), want sent and held", r.State, r.Reason)
			}
		}
	})
}

func TestRun_PortfolioBudgetIsMetAndComesBack(t *testing.T) {
	var box postbox
	inWorld(t, func(c *dispatch.Config) { c.Messenger = box.messenger() }, func(t *testing.T, w *world) {
		waba, err := w.store.WABA(t.Context(), w.account.ID, w.sender.WABA)
		w.check(err)
		_, err = w.store.UpdatePortfolio(t.Context(), w.actor, time.Now(), arauto.Portfolio{Account: w.account.ID, ID: waba.Portfolio, Limit: 250})
		w.check(err)
		c := w.campaign(0, 300, arauto.Campaign{})
		began := time.Now()
		w.start()
		time.Sleep(time.Minute)
		if n := box.between(began, time.Now(), 0, 1e6); n != 250 {
			t.Fatalf("%d people were reached, want 250", n)
		}
		again := w.campaign(0, 100, arauto.Campaign{Name: "outra"})
		w.until("those reached already are written to again", func() bool { return w.counts(again)[arauto.ContactSent] == 100 })
		_, err = w.store.LimitPortfolio(t.Context(), w.actor, time.Now(), w.account.ID, w.sender.WABA, 2000)
		w.check(err)
		w.until("a raised limit is used at once", func() bool { return w.state(c).State == arauto.CampaignCompleted })
	})
}

// Meta is asked by no more than Slots at once; only behind a full house do a few more have their intent, so that nobody
// waits for a transaction.
func TestRun_FewIntentsAheadOfTheSlots(t *testing.T) {
	const slots = 16
	var mu sync.Mutex
	asked, most := 0, 0
	atOnce := func() int {
		mu.Lock()
		defer mu.Unlock()
		return most
	}
	var answer chan struct{} // of the bubble
	slow := messengerFunc(func(m arauto.Message) (arauto.Receipt, error) {
		mu.Lock()
		asked++
		most = max(most, asked)
		mu.Unlock()
		<-answer
		mu.Lock()
		asked--
		mu.Unlock()
		return arauto.Receipt{ProviderID: "wamid." + m.Ref}, nil
	})
	inWorld(t, func(c *dispatch.Config) { c.Messenger, c.Slots, answer = slow, slots, make(chan struct{}) }, func(t *testing.T, w *world) {
		c := w.campaign(0, 60, arauto.Campaign{})
		w.start()
		time.Sleep(10 * time.Second)
		if sending := w.counts(c)[arauto.ContactSending]; sending != slots+slots/8 || atOnce() != slots {
			t.Errorf("%d have their intent and %d were asked at once, want %d and %d", sending, atOnce(), slots+slots/8, slots)
		}
		close(answer)
		w.until("completed", func() bool { return w.state(c).State == arauto.CampaignCompleted })
		if n := atOnce(); n != slots {
			t.Errorf("%d at once, want %d", n, slots)
		}
	})
}

// talkative is a store in which people are talked to by the sender: so many replies a second.
type talkative struct {
	dispatch.Store
	began     time.Time
	perSecond int
}

func (s talkative) Replies(context.Context, int64, int64) (int64, error) {
	return int64(time.Since(s.began).Seconds() * float64(s.perSecond)), nil
}

// The rate is one for campaigns and conversations, and whoever talks to somebody goes first.
func TestRun_GivesWayToReplies(t *testing.T) {
	for replies, want := range map[int]int{0: 800, 30: 500, 80: 0, 120: 0} {
		t.Run(fmt.Sprint(replies), func(t *testing.T) {
			var box postbox
			inWorld(t, func(c *dispatch.Config) {
				c.Messenger, c.Store = box.messenger(), talkative{c.Store, time.Now(), replies}
			}, func(t *testing.T, w *world) {
				w.campaign(0, 1000, arauto.Campaign{})
				w.start()
				time.Sleep(time.Second)
				began := time.Now()
				time.Sleep(10 * time.Second)
				if n := box.between(began, began.Add(10*time.Second), 0, 1e6); n < want-8 || n > want+8 {
					t.Errorf("%d of the campaign in 10 s beside %d replies a second, want %d", n, replies, want)
				}
			})
		})
	}
}
