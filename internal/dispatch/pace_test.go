package dispatch

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"arauto"
)

// went is how many messages went at a moment.
type went struct {
	at time.Time
	n  int
}

// run lets p work for as long as asked, woken at intervals of gap, and takes what it may each time.
func (p *pacer) run(from time.Time, long time.Duration, gap func() time.Duration) []went {
	var list []went
	for now := from; now.Sub(from) < long; now = now.Add(gap()) {
		n := p.available(now)
		p.took(now, n)
		list = append(list, went{now, n})
	}
	return list
}

// extremes are the fewest and the most that went within any window of that length, the first one from the
// start on.
func extremes(list []went, window time.Duration) (fewest, most int) {
	fewest, sum, first := 1<<62, 0, 0
	for i := range list {
		sum += list[i].n
		for list[i].at.Sub(list[first].at) >= window {
			// What lies between the two moments is a window that is whole.
			fewest = min(fewest, sum-list[first].n)
			sum -= list[first].n
			first++
		}
		most = max(most, sum)
	}
	return fewest, most
}

func TestPacer_TenSecondsAreWithinOnePercent(t *testing.T) {
	for _, rate := range []int{20, 80, 1000} {
		rapid.Check(t, func(t *rapid.T) {
			jitter := rapid.IntRange(1, 20)
			p := newPacer(rate, epoch)
			list := p.run(epoch, 25*time.Second, func() time.Duration { return time.Duration(jitter.Draw(t, "gap")) * time.Millisecond })
			fewest, most := extremes(list, 10*time.Second)
			// A window begins and ends at wake-ups: one gap's worth and a message begun are cut off.
			slack := rate/50 + 1
			if want := 10 * rate; most > want+want/100 || fewest < want-want/100-slack {
				t.Fatalf("at %d a second, 10 s saw between %d and %d messages", rate, fewest, most)
			}
			if _, most := extremes(list, time.Second); most > rate+slack {
				t.Fatalf("at %d a second, one second saw %d", rate, most)
			}
		})
	}
}

func TestPacer_NeverExceedsWhateverTheWakeUps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.IntRange(1, 1000).Draw(t, "rate")
		gaps := rapid.IntRange(0, 3000)
		p := newPacer(rate, epoch)
		list := p.run(epoch, 30*time.Second, func() time.Duration { return time.Duration(1+gaps.Draw(t, "gap")) * time.Millisecond })
		saved := max(2, rate/10+1)
		for _, window := range []time.Duration{time.Second, 10 * time.Second} {
			if _, most := extremes(list, window); most > rate*int(window.Seconds())+saved {
				t.Fatalf("at %d a second, %s saw %d", rate, window, most)
			}
		}
		total := 0
		for _, w := range list {
			total += w.n
			if due := float64(rate) * w.at.Sub(epoch).Seconds(); float64(total) > due+1e-6 {
				t.Fatalf("%d went within %s: %f were due", total, w.at.Sub(epoch), due)
			}
		}
	})
}

func TestPacer_WaitIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPacer(rapid.IntRange(1, 1000).Draw(t, "rate"), epoch)
		now := epoch
		for range 20 {
			n := rapid.IntRange(1, int(p.most())).Draw(t, "n")
			wait := p.wait(now, n)
			if wait > 2*time.Millisecond && p.available(now.Add(wait-2*time.Millisecond)) >= n {
				t.Fatalf("told to wait %s for %d, which were there before", wait, n)
			}
			now = now.Add(wait)
			if got := p.available(now); got < n {
				t.Fatalf("after waiting %s for %d there were %d", wait, n, got)
			}
			p.took(now, n)
		}
	})
}

// In a bubble time passes as it does for the loop that asks the pacer how long to sleep.
func TestPacer_SleepingAsToldMeetsTheRate(t *testing.T) {
	for _, rate := range []int{20, 80, 1000} {
		synctest.Test(t, func(t *testing.T) {
			began, sent := time.Now(), 0
			p := newPacer(rate, began)
			for time.Since(began) < 10*time.Second {
				time.Sleep(max(time.Millisecond, p.wait(time.Now(), 1)))
				n := p.available(time.Now())
				p.took(time.Now(), n)
				sent += n
			}
			if want := 10 * rate; sent > want+1 || sent < want-want/100 {
				t.Fatalf("at %d a second, %d in 10 s", rate, sent)
			}
		})
	}
}

func TestPacer_TooFastHalvesOnceASecondAndRests(t *testing.T) {
	p := newPacer(80, epoch)
	now := epoch.Add(time.Second)
	until := p.throttled(now, 0)
	if until != now.Add(time.Second) {
		t.Fatalf("rests until %s, want one second", until.Sub(now))
	}
	for i := range 50 { // what was in flight
		if p.throttled(now.Add(time.Duration(i)*10*time.Millisecond), 1) != until {
			t.Fatal("an answer of the same second began another rest")
		}
	}
	if n := p.available(until.Add(-time.Millisecond)); n != 0 {
		t.Fatalf("%d may go during the rest", n)
	}
	if rate := p.rateAt(until); rate != 40 {
		t.Fatalf("after the rest %.1f a second, want 40", rate)
	}
	if rate := p.rateAt(until.Add(10 * time.Second)); rate != 56 {
		t.Fatalf("10 s later %.1f a second, want 56", rate)
	}
	if rate := p.rateAt(until.Add(time.Minute)); rate != 80 {
		t.Fatalf("a minute later %.1f a second, want all 80", rate)
	}
}

func TestPacer_TooFastAgainRestsLongerAndNeverStops(t *testing.T) {
	p := newPacer(20, epoch)
	now := epoch
	var rests []int
	for range 9 {
		until := p.throttled(now, 1)
		rests = append(rests, int(until.Sub(now).Seconds()))
		now = until.Add(time.Second)
	}
	if rests[0] != 2 || rests[1] != 4 || rests[4] != 32 || rests[8] != 60 {
		t.Fatalf("rests of %v seconds", rests)
	}
	if p.slow < slowest {
		t.Fatalf("slowed to %f", p.slow)
	}
	now = now.Add(time.Hour)
	if until := p.throttled(now, 1); until.Sub(now) != 2*time.Second {
		t.Fatalf("after an hour's peace a rest of %s", until.Sub(now))
	}
}

func TestPacer_AdaptsToALimitBelowItsRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(10, 70).Draw(t, "limit")
		chance := rapid.Float64Range(0, 1)
		p, provider := newPacer(80, epoch), newPacer(limit, epoch)
		taken, refused := 0, 0
		for now := epoch; now.Sub(epoch) < 10*time.Minute; now = now.Add(10 * time.Millisecond) {
			n := p.available(now)
			p.took(now, n)
			ok := min(n, provider.available(now))
			provider.took(now, ok)
			taken, refused = taken+ok, refused+n-ok
			if ok < n {
				p.throttled(now, chance.Draw(t, "chance"))
			}
		}
		if taken < 600*limit/4 {
			t.Fatalf("under a limit of %d a second only %d of %d went", limit, taken, 600*limit)
		}
		if refused > taken/5 {
			t.Fatalf("under a limit of %d a second %d were refused and %d taken", limit, refused, taken)
		}
	})
}

func TestPacer_Upgraded(t *testing.T) {
	p := newPacer(80, epoch)
	p.set(epoch.Add(time.Second), 1000)
	list := p.run(epoch.Add(time.Second), 10*time.Second, func() time.Duration { return 5 * time.Millisecond })
	total := 0
	for _, w := range list {
		total += w.n
	}
	if total < 9900 || total > 10100 {
		t.Fatalf("%d in 10 s at 1,000 a second", total)
	}
}

var epoch = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// feeds of campaigns that have many contacts waiting.
func feedsOf(policies ...arauto.Policy) []*feed {
	list := make([]*feed, len(policies))
	for i, p := range policies {
		f := &feed{Work: arauto.Work{Campaign: arauto.Campaign{ID: int64(i + 1), Policy: p}}}
		for range 10_000 {
			f.waiting = append(f.waiting, prepared{Candidate: arauto.Candidate{Contact: arauto.Contact{Campaign: f.Campaign.ID}}})
		}
		list[i] = f
	}
	return list
}

// picked is how many contacts of each campaign are in batch.
func picked(batch []prepared) map[int64]int {
	n := map[int64]int{}
	for _, p := range batch {
		n[p.Contact.Campaign]++
	}
	return n
}

func TestTurn_EqualsShare(t *testing.T) {
	var r turn
	feeds := feedsOf(arauto.Policy{}, arauto.Policy{}, arauto.Policy{})
	r.adopt(epoch, feeds)
	total := map[int64]int{}
	for range 300 { // one at a time: nobody is always the first
		for id, n := range picked(r.pick(epoch, 1, feeds)) {
			total[id] += n
		}
	}
	if total[1] != 100 || total[2] != 100 || total[3] != 100 {
		t.Fatalf("in turn: %v", total)
	}
	if n := picked(r.pick(epoch, 99, feeds)); n[1] != 33 || n[2] != 33 || n[3] != 33 {
		t.Fatalf("at once: %v", n)
	}
}

func TestTurn_HigherPriorityFirstAndTheRestBelow(t *testing.T) {
	var r turn
	feeds := feedsOf(arauto.Policy{}, arauto.Policy{Priority: 5}, arauto.Policy{Priority: -1})
	r.adopt(epoch, feeds)
	if n := picked(r.pick(epoch, 100, feeds)); n[2] != 100 {
		t.Fatalf("%v, want all of the campaign above", n)
	}
	for _, f := range feeds {
		f.waiting = f.waiting[:min(30, len(f.waiting))]
	}
	if n := picked(r.pick(epoch, 70, feeds)); n[2] != 30 || n[1] != 30 || n[3] != 10 {
		t.Fatalf("%v, want what is left below", n)
	}
}

func TestTurn_OwnRateLeavesTheRestToTheOthers(t *testing.T) {
	var r turn
	feeds := feedsOf(arauto.Policy{Rate: 10, Priority: 1}, arauto.Policy{})
	r.adopt(epoch, feeds)
	total := map[int64]int{}
	now := epoch
	for range 1000 {
		now = now.Add(10 * time.Millisecond)
		for id, n := range picked(r.pick(now, 1, feeds)) {
			total[id] += n
		}
	}
	if total[1] < 99 || total[1] > 101 || total[1]+total[2] != 1000 {
		t.Fatalf("in 10 s: %v", total)
	}
}

func TestTurn_WaitsForTheSoonestAndGivesBack(t *testing.T) {
	var r turn
	feeds := feedsOf(arauto.Policy{Rate: 1}, arauto.Policy{Rate: 4})
	r.adopt(epoch, feeds)
	if wait := r.wait(epoch, feeds); wait < 250*time.Millisecond || wait > 251*time.Millisecond {
		t.Fatalf("waits %s, want a quarter of a second", wait)
	}
	now := epoch.Add(time.Second)
	first := picked(r.pick(now, 100, feeds))
	if len(picked(r.pick(now, 100, feeds))) != 0 {
		t.Fatalf("after %v more was picked in the same moment", first)
	}
	r.putBack(now, 1)
	if n := picked(r.pick(now, 100, feeds)); n[1] != 1 {
		t.Fatalf("what did not go was not given back: %v", n)
	}
	r.adopt(now, feeds) // a campaign keeps what it has used
	if n := picked(r.pick(now, 100, feeds)); len(n) != 0 {
		t.Fatalf("a refresh gave %v", n)
	}
}

func TestTurn_PicksEachWaitingContactOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var feeds []*feed
		want := map[int64]int{}
		for i := range rapid.IntRange(0, 5).Draw(t, "campaigns") {
			f := feedsOf(arauto.Policy{Priority: rapid.IntRange(-2, 2).Draw(t, "priority"), Rate: rapid.SampledFrom([]int{0, 0, 7}).Draw(t, "rate")})[0]
			f.Campaign.ID = int64(i + 1)
			f.waiting = f.waiting[:rapid.IntRange(0, 40).Draw(t, "waiting")]
			for k := range f.waiting {
				f.waiting[k].Contact = arauto.Contact{ID: int64(k), Campaign: f.Campaign.ID}
			}
			feeds, want[f.Campaign.ID] = append(feeds, f), len(f.waiting)
		}
		var r turn
		r.adopt(epoch, feeds)
		got := map[int64]int{}
		now := epoch
		for range 400 {
			room := rapid.IntRange(1, 20).Draw(t, "room")
			batch := r.pick(now, room, feeds)
			if len(batch) > room {
				t.Fatalf("%d picked into room for %d", len(batch), room)
			}
			for _, p := range batch {
				if p.Contact.ID != int64(got[p.Contact.Campaign]) {
					t.Fatalf("contact %d of campaign %d out of turn", p.Contact.ID, p.Contact.Campaign)
				}
				got[p.Contact.Campaign]++
			}
			now = now.Add(50 * time.Millisecond)
		}
		for id, n := range want {
			if got[id] != n {
				t.Fatalf("campaign %d: %d of %d were picked", id, got[id], n)
			}
		}
	})
}
