package arauto

import (
	"slices"
	"time"
)

// A Touch is one of our messages or calls to a person that went, as far as is known, over all campaigns
// and channels: what caps across campaigns and a portfolio's day are judged by. Of a contact that was
// tried several times it is the last that counts.
type Touch struct {
	At       time.Time
	Campaign int64
	Channel  Channel
}

// Touches are a person's touches, oldest first.
type Touches []Touch

const (
	// TouchesKept is how far back touches are looked for.
	TouchesKept = 31 * 24 * time.Hour
	// MaxTouches is how many of one person are looked at: the newest.
	MaxTouches = 64
)

// Newest is t in order, without all but the newest.
func (t Touches) Newest() Touches {
	slices.SortFunc(t, func(a, b Touch) int { return a.At.Compare(b.At) })
	return t[max(0, len(t)-MaxTouches):]
}

// Add returns t with touch as its latest, without what is older than TouchesKept at now.
func (t Touches) Add(touch Touch, now time.Time) Touches {
	oldest := now.Add(-TouchesKept)
	kept := slices.DeleteFunc(slices.Clone(t), func(old Touch) bool { return !old.At.After(oldest) })
	return append(kept, touch).Newest()
}

// Latest is the moment of the latest touch; zero = never touched.
func (t Touches) Latest() time.Time {
	if len(t) == 0 {
		return time.Time{}
	}
	return t[len(t)-1].At
}

// Since is how many touches there were at or after from.
func (t Touches) Since(from time.Time) int {
	n := 0
	for _, touch := range t {
		if !touch.At.Before(from) {
			n++
		}
	}
	return n
}
