package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

// testDeskPace: replies keep to their sender's rate, however many nodes open them, and what they use up is known to
// campaigns: the rate by its count, the portfolio's people and the number's day by templates alone.
func testDeskPace(t *testing.T, s *store.Store) {
	m := newTeam(t, s, 8, 5)
	ctx, a, sender := t.Context(), m.account.ID, m.business.sender
	_, err := s.UpdatePortfolio(ctx, arauto.System(a), base(), arauto.Portfolio{Account: a, ID: m.business.waba.Portfolio, Limit: 250})
	ok(t, err)
	sender.Rate, sender.RampUp = 20, 100
	sender, err = s.UpdateSender(ctx, arauto.System(a), base(), a, sender.ID, to(sender))
	ok(t, err)
	templates, err := s.Templates(ctx, a, 0, 1)
	ok(t, err)
	day := 25 * time.Hour // what campaigns sent at base counts no more
	for i := range 8 {
		o := arauto.Outgoing{Account: a, Conversation: m.writes(i, day).ID, Author: "Ana", Text: "Oi"}
		if i == 0 {
			o.Template, o.Text = templates[0].ID, ""
		}
		_, err := s.Say(ctx, ana(a), base().Add(day), o, false)
		ok(t, err)
	}
	now := base().Add(day)
	var mu sync.Mutex
	opened := map[int64]int{}
	open := func(now time.Time) (n int, again time.Time) {
		list, again, err := s.OpenOutgoing(ctx, now, a, 10)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, p := range list {
			opened[p.Outgoing.ID]++
		}
		return len(list), again
	}
	n, _ := open(now)
	same(t, "a tenth of a second's at once, and at least two", n, 2)
	n, again := open(now)
	same(t, "then none", n, 0)
	same(t, "until one is due", again, now.Add(50*time.Millisecond))
	n, _ = open(again)
	same(t, "one", n, 1)

	var nodes sync.WaitGroup
	var both [2]int
	for i := range both {
		nodes.Go(func() { both[i], _ = open(again.Add(100 * time.Millisecond)) })
	}
	nodes.Wait()
	same(t, "two nodes at once share one rate", both[0]+both[1], 2)
	said, err := s.Replies(ctx, a, sender.ID)
	ok(t, err)
	same(t, "counted", said, int64(5))
	for id, n := range opened {
		same(t, fmt.Sprint("opened once: ", id), n, 1)
	}
	reach, err := s.Reach(ctx, now, a, m.business.waba.Portfolio)
	ok(t, err)
	same(t, "a template reaches a person", reach.Used, 1)
	ramp, err := s.RampUp(ctx, now, sender)
	ok(t, err)
	same(t, "and is one of the number's day", ramp.Used, 1)
}
