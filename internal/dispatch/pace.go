package dispatch

import (
	"sync"
	"time"
)

// pacer says how many messages may go now. It is a token bucket that is asked with the moment: it has no
// clock and no goroutine. One loop asks it; whoever hears "too fast" tells it.
//
// It starts empty, so nothing is saved up beforehand. What a late moment leaves unused is kept for a tenth
// of a second of the rate, and at least two messages: a second may see that much more than the rate, ten
// seconds 1 % more, and the rate is met although the loop wakes late.
//
// A provider that says "too fast" halves the rate and makes the pacer rest; then the rate grows back in
// equal steps (additive increase, multiplicative decrease).
type pacer struct {
	mu     sync.Mutex
	rate   float64 // a second, as configured
	tokens float64 // at at
	at     time.Time

	slow      float64   // what "too fast" left of the rate
	slowSince time.Time // when slow began to grow again: the end of the rest; zero = never slowed
	halvedAt  time.Time
	streak    int // times in a row that it was too fast again soon after the rest
}

const (
	// slowest is what the rate never falls below: one message a second tells whether the limit is gone.
	slowest = 1
	// regrowth is the part of the configured rate that a slowed rate gains each second: from half to all
	// of it in 25 s.
	regrowth = 0.02
	// longestRest is the most that one "too fast" makes a line rest.
	longestRest = 60 * time.Second
	// calm is how long after a rest another "too fast" still says that halving was not enough. What comes
	// later is the rate having grown into the limit, which is how the limit is found.
	calm = 2 * time.Second
)

func newPacer(perSecond int, now time.Time) *pacer {
	return &pacer{rate: float64(max(1, perSecond)), at: now}
}

// available is how many messages may go at now.
func (p *pacer) available(now time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fill(now)
	return max(0, int(p.tokens+epsilon))
}

// epsilon makes up for what adding many small parts loses.
const epsilon = 1e-9

// took says that n messages went at now. More than were available are a debt.
func (p *pacer) took(now time.Time, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fill(now)
	p.tokens -= float64(n)
}

// wait is how long it takes from now until n messages may go together; 0 = now. No more than the bucket
// holds are ever waited for.
func (p *pacer) wait(now time.Time, n int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fill(now)
	missing := min(float64(n), p.most()) - p.tokens
	if missing <= epsilon {
		return 0
	}
	from := p.at // later than now during a rest
	return from.Sub(now) + time.Duration(missing/p.rateAt(from)*float64(time.Second)) + 1
}

// set changes the configured rate: what a rate lowered by "too fast" has left, it keeps.
func (p *pacer) set(now time.Time, perSecond int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fill(now)
	p.rate = float64(max(1, perSecond))
}

// throttled tells that the provider said "too fast" at now, and returns until when to rest. What was in
// flight at the time is told the same: the rate is halved once a second at most, and not again for what is
// said before the rest is over. chance, from 0 to 1, spreads the rests of many lines: between one second
// and twice as long each time it happens again soon, 60 s at most.
func (p *pacer) throttled(now time.Time, chance float64) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.halvedAt.IsZero() && (now.Before(p.slowSince) || now.Sub(p.halvedAt) < time.Second) {
		return p.slowSince
	}
	p.fill(now)
	if p.slowSince.IsZero() || now.Sub(p.slowSince) >= calm {
		p.streak = 0
	} else {
		p.streak++
	}
	longest := min(time.Second<<min(p.streak+1, 6), longestRest)
	rest := time.Second + time.Duration(chance*float64(longest-time.Second))
	p.slow = max(slowest, p.rateAt(now)/2)
	p.halvedAt, p.slowSince = now, now.Add(rest)
	// Nothing is saved up during the rest.
	p.tokens, p.at = min(p.tokens, 0), p.slowSince
	return p.slowSince
}

// fill adds what has come since it was last asked. A clock that went back adds nothing.
func (p *pacer) fill(now time.Time) {
	since := now.Sub(p.at)
	if since <= 0 {
		return
	}
	mean := (p.rateAt(p.at) + p.rateAt(now)) / 2
	p.at = now
	p.tokens = min(p.most(), p.tokens+mean*since.Seconds())
}

// most is how much the bucket holds.
func (p *pacer) most() float64 { return max(2, p.rateAt(p.at)/10) }

// rateAt is the rate that holds at t.
func (p *pacer) rateAt(t time.Time) float64 {
	if p.slowSince.IsZero() {
		return p.rate
	}
	grown := max(0, t.Sub(p.slowSince).Seconds()) * regrowth * p.rate
	return min(p.rate, p.slow+grown)
}
