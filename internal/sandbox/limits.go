package sandbox

import (
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// Limits are the quotas that are not a fault of anybody. All are off by default.
type Limits struct {
	MessagesPerSecond int  `json:"messages_per_second"` // of each number, above it 130429; 0 is no limit
	Pair              bool `json:"pair"`                // one message in 6 s to one person, 45 on credit; beyond it 131056

	// Tier is how many people the portfolio may write to unasked in a moving 24 hours,
	// over all its numbers: TIER_250, TIER_2K, TIER_10K, TIER_100K, TIER_UNLIMITED.
	Tier        string `json:"tier"`
	EnforceTier bool   `json:"enforce_tier"`

	// Beyond is what happens to one person too many, which Meta does not document:
	// "refuse" (the default), "fail" (accepted, later failed) or "accept" (only counted).
	Beyond     string `json:"beyond_tier,omitempty"`
	BeyondCode int    `json:"beyond_code,omitempty"` // 0 is 131048: the only documented code about how much a number may send
}

const (
	beyondRefuse = "refuse"
	beyondFail   = "fail"
	beyondAccept = "accept"

	pairEvery = 6 * time.Second
	pairBurst = 45
	tierOver  = 24 * time.Hour
)

// tierSizes are Meta's words, old ones included; -1 is unlimited, as in
// business_capability_update.
var tierSizes = map[string]int{
	"TIER_50": 50, "TIER_250": 250, "TIER_1K": 1000, "TIER_2K": 2000, "TIER_10K": 10_000, "TIER_100K": 100_000, "TIER_UNLIMITED": -1,
}

func (l Limits) check() error {
	_, known := tierSizes[l.Tier]
	switch {
	case l.MessagesPerSecond < 0:
		return fmt.Errorf("messages_per_second cannot be negative")
	case !known:
		return fmt.Errorf("tier %q is none of TIER_250, TIER_2K, TIER_10K, TIER_100K, TIER_UNLIMITED", l.Tier)
	case l.Beyond != "" && l.Beyond != beyondRefuse && l.Beyond != beyondFail && l.Beyond != beyondAccept:
		return fmt.Errorf("beyond_tier is refuse, fail or accept")
	}
	return nil
}

// limiter counts towards the limits that span numbers. While none is on it costs one
// atomic load.
type limiter struct {
	on     atomic.Bool
	mu     sync.Mutex
	limits Limits
	pairs  map[pair]time.Time   // when the next message would be on time
	sweep  int                  // how many pairs may be kept before those on time are forgotten
	people map[string]time.Time // last written to unasked
	order  []reached            // the same, oldest first, with what was since renewed
	beyond int                  // people that Beyond decided about
}

type pair struct {
	from *number
	to   string
}

type reached struct {
	who string
	at  time.Time
}

func newLimiter() *limiter {
	l := &limiter{}
	l.set(Limits{})
	return l
}

func (l *limiter) set(limits Limits) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limits = limits
	l.pairs, l.people, l.order, l.beyond = map[pair]time.Time{}, map[string]time.Time{}, nil, 0
	l.on.Store(limits.Pair || limits.EnforceTier)
}

// change keeps what was counted.
func (l *limiter) change(limits Limits) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limits = limits
	l.on.Store(limits.Pair || limits.EnforceTier)
}

func (l *limiter) get() Limits {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.limits
}

func (l *limiter) tier() string { return l.get().Tier }

// allows decides about a message to a person; asked is one inside a window that the
// person opened. late is the code that an accepted message fails with later.
func (l *limiter) allows(from *number, to string, asked bool, now time.Time) (late int, e *graphError) {
	if !l.on.Load() {
		return 0, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	late, e = l.tierAllows(to, asked, now)
	if e != nil || !l.limits.Pair {
		return late, e
	}
	key := pair{from, to}
	next := l.pairs[key]
	if next.Before(now) {
		next = now
	}
	if next.Sub(now) > (pairBurst-1)*pairEvery {
		return 0, refuse(131056, "too many messages to this person in a short time")
	}
	l.pairs[key] = next.Add(pairEvery)
	if len(l.pairs) > l.sweep {
		maps.DeleteFunc(l.pairs, func(_ pair, next time.Time) bool { return next.Before(now) })
		l.sweep = 2*len(l.pairs) + 4096
	}
	return late, nil
}

func (l *limiter) tierAllows(to string, asked bool, now time.Time) (late int, e *graphError) {
	size := tierSizes[l.limits.Tier]
	if !l.limits.EnforceTier || asked || size < 0 {
		return 0, nil
	}
	l.forget(now)
	if _, counted := l.people[to]; !counted && len(l.people) >= size {
		l.beyond++
		code := l.limits.BeyondCode
		if code == 0 {
			code = 131048
		}
		switch l.limits.Beyond {
		case beyondAccept:
		case beyondFail:
			return code, nil
		default:
			return 0, refuse(code, "%s: %d people were written to in the last 24 hours", l.limits.Tier, len(l.people))
		}
	}
	l.people[to] = now
	l.order = append(l.order, reached{to, now})
	return 0, nil
}

// forget drops whoever was last written to more than a day ago.
func (l *limiter) forget(now time.Time) {
	for len(l.order) > 0 && now.Sub(l.order[0].at) >= tierOver {
		if first := l.order[0]; l.people[first.who].Equal(first.at) {
			delete(l.people, first.who)
		}
		l.order = l.order[1:]
	}
}

// Reach is how far the portfolio has gone in the last 24 hours.
type Reach struct {
	Tier   string `json:"tier"`
	People int    `json:"people"`
	Beyond int    `json:"beyond"` // messages that Limits.Beyond decided about
}

func (l *limiter) reach(now time.Time) Reach {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(now)
	return Reach{Tier: l.limits.Tier, People: len(l.people), Beyond: l.beyond}
}

// SetLimits changes the limits from now on, keeping what was counted, and tells a new
// tier by business_capability_update. It returns an error if l makes no sense.
func (s *Sandbox) SetLimits(l Limits) error {
	if err := l.check(); err != nil {
		return err
	}
	before := s.limits.get()
	s.limits.change(l)
	if l.MessagesPerSecond != before.MessagesPerSecond {
		for _, n := range s.numbers {
			n.mu.Lock()
			n.limit(l.MessagesPerSecond)
			n.mu.Unlock()
		}
	}
	if l.Tier != before.Tier {
		s.announce("business_capability_update", s.capability(l.Tier))
	}
	return nil
}

// Limits returns the limits that hold.
func (s *Sandbox) Limits() Limits { return s.limits.get() }

type capabilityValue struct {
	PerPhone    *int   `json:"max_daily_conversation_per_phone,omitempty"`
	PerBusiness string `json:"max_daily_conversations_per_business,omitempty"`
	Numbers     int    `json:"max_phone_numbers_per_business,omitempty"`
	OnWABA      int    `json:"max_phone_numbers_per_waba,omitempty"`
}

// capability has the older shape's integer, or the newer one's word.
func (s *Sandbox) capability(tier string) capabilityValue {
	v := capabilityValue{PerBusiness: tier, OnWABA: 25}
	size := tierSizes[tier]
	if size == 250 {
		v.Numbers, v.OnWABA = 2, 0
	}
	if s.delivery.Load().Shape == ShapeV23 {
		v.PerPhone, v.PerBusiness = &size, ""
	}
	return v
}
