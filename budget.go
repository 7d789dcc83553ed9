package arauto

import (
	"maps"
	"reflect"
	"slices"
	"time"
)

// A Budget is what is left of a limit that many contacts share. The zero value is no limit.
type Budget struct {
	Limit  int // 0 = none
	Used   int
	FreeAt time.Time // when more is left than now; zero = nothing is used
}

// Left is how much is left; without a limit it says nothing.
func (b Budget) Left() int { return max(0, b.Limit-b.Used) }

// Spent reports whether there is a limit and nothing is left of it.
func (b Budget) Spent() bool { return b.Limit > 0 && b.Used >= b.Limit }

// Reach is how many people a portfolio has reached lately, by the moment of their last message from it,
// in slots of ReachSlot. A person is in one slot only, so that the sum over the last 24 hours is how many
// different people those were.
//
// Vendor: MD/messaging-limits.
type Reach struct {
	Limit int           // people in any 24 hours; 0 = no limit
	Slots map[int64]int // by number; see SlotOf
}

const (
	// ReachSlot is how finely Reach remembers. A slot leaves the window as a whole, up to that much late.
	ReachSlot = 5 * time.Minute
	// ReachWindow is what a portfolio's limit is for.
	ReachWindow = 24 * time.Hour
)

// SlotOf is the number of the slot that t is in.
func SlotOf(t time.Time) int64 { return t.Unix() / int64(ReachSlot/time.Second) }

// FirstSlot is the oldest slot that counts at now.
func FirstSlot(now time.Time) int64 { return SlotOf(now.Add(-ReachWindow)) }

// Counts reports whether somebody who is in that slot is among those reached at now: another message to
// them uses nothing up. Slot 0 is nobody's.
func (r Reach) Counts(slot int64, now time.Time) bool {
	return slot != 0 && slot >= FirstSlot(now)
}

// Budget is what is used at now and when the first of it comes back.
func (r Reach) Budget(now time.Time) Budget {
	b := Budget{Limit: r.Limit}
	first := FirstSlot(now)
	for slot, n := range r.Slots {
		if slot >= first {
			b.Used += n
		}
	}
	// When the limit was lowered, more than one has to leave before anybody may be reached again.
	missing := max(1, b.Used-r.Limit+1)
	for _, slot := range slices.Sorted(maps.Keys(r.Slots)) {
		if slot < first || r.Slots[slot] <= 0 {
			continue
		}
		b.FreeAt = time.Unix((slot+1)*int64(ReachSlot/time.Second), 0).UTC().Add(ReachWindow)
		if missing -= r.Slots[slot]; missing <= 0 {
			break
		}
	}
	return b
}

// Touch moves somebody from the slot they are in, 0 for none, to now's, which it returns.
func (r Reach) Touch(slot int64, now time.Time) int64 {
	if r.Counts(slot, now) {
		r.Slots[slot]--
	}
	r.Slots[SlotOf(now)]++
	return SlotOf(now)
}

// A RampUp is how far a new number has been warmed up. Its first day it sends Start messages; after every
// day on which it sent at least half of what it might it sends twice as many, until the limit is gone. A
// day is 24 hours from its first message.
type RampUp struct {
	Start int // messages on the first day; 0 = the number is not being warmed up
	Step  int // how often it has doubled
	Sent  int // on the day that began at Began
	Began time.Time
}

// RampedUp is the day's limit that is none any more.
const RampedUp = 100_000

// At is r on the day of now, with the day before it judged.
func (r RampUp) At(now time.Time) RampUp {
	if r.Began.IsZero() {
		r.Began = now
	}
	if now.Before(r.Began.Add(24 * time.Hour)) {
		return r
	}
	if limit := r.limit(); limit > 0 && 2*r.Sent >= limit {
		r.Step++
	}
	r.Began, r.Sent = now, 0
	return r
}

// Budget is what is left of the day. r is of that day: see At.
func (r RampUp) Budget() Budget {
	b := Budget{Limit: r.limit(), Used: r.Sent}
	if r.Sent > 0 {
		b.FreeAt = r.Began.Add(24 * time.Hour)
	}
	return b
}

func (r RampUp) limit() int {
	limit := r.Start << min(r.Step, 20)
	if limit >= RampedUp {
		return 0
	}
	return limit
}

// reachRule holds a contact who would be one person too many for the portfolio's day.
func reachRule(in GateInput, _ time.Time) (Verdict, bool) {
	return Verdict{Outcome: Wait, Reason: ReasonPortfolioBudget, Until: in.Reach.FreeAt}, in.New && in.Reach.Spent()
}

// rampUpRule holds a contact when its sender has sent what a new number sends in a day.
func rampUpRule(in GateInput, _ time.Time) (Verdict, bool) {
	return Verdict{Outcome: Wait, Reason: ReasonRampUp, Until: in.RampUp.FreeAt}, in.RampUp.Spent()
}

// Shared reports whether v waits for something that many contacts share: nothing about this contact makes
// it wait, and when the wait is over few may go at first.
func (v Verdict) Shared() bool {
	return v.Reason == ReasonPortfolioBudget || v.Reason == ReasonRampUp
}

// A Capacity is what the provider lets a number do, as far as it says.
type Capacity struct {
	Rate int // messages a second; 0 = not said
	// People is how many its portfolio may reach in any 24 hours, 0 = no limit; only when PeopleSaid.
	People     int
	PeopleSaid bool
}

// RateWithin is the sender's rate once the provider has said what it takes: never more than that; more than
// before only for a number that went as fast as a standard one may, since a lower rate is a person's choice.
func (s Sender) RateWithin(c Capacity) int {
	if c.Rate > 0 && (s.Rate > c.Rate || s.Rate == DefaultRate) {
		return c.Rate
	}
	return s.Rate
}

// SameButPace reports whether c is old but for its rate and its priority, and how far and how often it dials: what
// may change while it runs.
func (c Campaign) SameButPace(old Campaign) bool {
	c.Policy.Rate, c.Policy.Priority = old.Policy.Rate, old.Policy.Priority
	if c.Voice.SameButPace(old.Voice) {
		c.Voice = old.Voice
	}
	return reflect.DeepEqual(c, old)
}
