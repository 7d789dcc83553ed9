package arauto

import (
	"fmt"
	"slices"
	"time"
)

// Voice is how a voice campaign dials. When it may, and until when, its Policy says. It is stored as JSON under
// these names: one that is renamed needs a migration.
type Voice struct {
	Mode DialMode
	// CallerIDs are the numbers that people see; none = whichever the trunk shows. A contact that names an
	// outbound number that is not among them is not dialled.
	CallerIDs []Phone
	// MaxRedials is how often a contact is called again after its first call, RedialInterval how much later.
	MaxRedials     int
	RedialInterval time.Duration
	// Redials say otherwise for some outcomes.
	Redials []RedialRule
	// MaxAbandonment is the most calls in a hundred answered by people that may find no agent: predictive only.
	MaxAbandonment float64
	// Overdial is what the number of calls ahead of free agents is multiplied by: predictive only.
	Overdial float64
	// MaxCallsPerAgent is the most calls under way for each agent that is free: predictive only.
	MaxCallsPerAgent int
	// TargetOccupancy is how many minutes in a hundred agents are to speak: predictive only; 0 = as many as
	// MaxAbandonment lets them.
	TargetOccupancy int
	// DetectMachines hangs up on answering machines; predictive campaigns always do.
	DetectMachines bool
	// RingTimeout is how long a phone rings.
	RingTimeout time.Duration
	// External is the customer's own id for the campaign; "" = none.
	External string
	// Target is how many contacts the customer means to have worked; 0 = all. It stops nothing.
	Target int
}

// DialMode is how calls and agents meet.
type DialMode string

const (
	DialPreview     DialMode = "preview"     // an agent reads the contact, then calls or passes it over
	DialProgressive DialMode = "progressive" // one call for each agent that is kept free for it
	DialPredictive  DialMode = "predictive"  // more calls than free agents, as abandonment allows
)

// DialModes lists every mode.
func DialModes() []DialMode { return []DialMode{DialPreview, DialProgressive, DialPredictive} }

// A RedialRule is about one outcome of a call.
type RedialRule struct {
	On       Dial
	Max      int           // how often a contact is called again after it; 0 = never
	Interval time.Duration // how much later; 0 = as the campaign has it
}

// NewVoice is how a campaign of that mode dials where nothing else was asked for.
func NewVoice(mode DialMode) Voice {
	return Voice{
		Mode: mode, MaxRedials: 3, RedialInterval: 120 * time.Minute, MaxAbandonment: 3, Overdial: 1, MaxCallsPerAgent: 3,
		RingTimeout: 30 * time.Second,
	}
}

// Limits of Voice.
const (
	MaxCallerIDs      = 1000
	MaxRedialsLimit   = 20
	MaxRedialInterval = 30 * 24 * time.Hour
	MaxDialExternal   = 200 // bytes of Voice.External
	MaxDialTarget     = 100_000_000
)

// Check is nil for settings that can be kept; the error names the field under `voice`.
func (v Voice) Check() error {
	if !slices.Contains(DialModes(), v.Mode) {
		return Errorf(KindInvalid, "voice.mode", "%q is not a way to dial; use one of %s", v.Mode, fmt.Sprint(DialModes()))
	}
	if err := checkCallerIDs(v.CallerIDs); err != nil {
		return err
	}
	if err := v.checkRedials(); err != nil {
		return err
	}
	switch {
	case !(v.MaxAbandonment >= 0 && v.MaxAbandonment <= 100): // not a number neither
		return Errorf(KindInvalid, "voice.max_abandonment_percent", "between 0 and 100 calls in a hundred may be abandoned, not %v", v.MaxAbandonment)
	case !(v.Overdial >= 1 && v.Overdial <= 10):
		return Errorf(KindInvalid, "voice.overdial_multiplier", "the overdial multiplier is between 1 (dial for free agents only) and 10, not %v", v.Overdial)
	case v.MaxCallsPerAgent < 1 || v.MaxCallsPerAgent > 20:
		return Errorf(KindInvalid, "voice.max_calls_per_agent", "between 1 and 20 calls may be under way for each agent, not %d", v.MaxCallsPerAgent)
	case v.TargetOccupancy < 0 || v.TargetOccupancy > 100:
		return Errorf(KindInvalid, "voice.target_occupancy_percent", "agents speak between 1 and 100 minutes in a hundred (0 = as many as abandonment allows), not %d", v.TargetOccupancy)
	case v.RingTimeout < 5*time.Second || v.RingTimeout > 120*time.Second:
		return Errorf(KindInvalid, "voice.ring_timeout_seconds", "a phone rings between 5 and 120 seconds, not %v", v.RingTimeout.Seconds())
	case len(v.External) > MaxDialExternal:
		return Errorf(KindInvalid, "voice.external_campaign_id", "give an id of at most %d bytes", MaxDialExternal)
	case v.Target < 0 || v.Target > MaxDialTarget:
		return Errorf(KindInvalid, "voice.target_number_to_process", "between 1 and %d contacts can be meant to be worked (0 = all), not %d", MaxDialTarget, v.Target)
	}
	return nil
}

func checkCallerIDs(list []Phone) error {
	if len(list) > MaxCallerIDs {
		return Errorf(KindInvalid, "voice.caller_ids", "%d numbers are too many: give at most %d", len(list), MaxCallerIDs)
	}
	seen := make(map[Phone]bool, len(list))
	for i, p := range list {
		at := fmt.Sprintf("voice.caller_ids[%d]", i)
		if !p.Valid() {
			return Errorf(KindInvalid, at, "%q is not a number with its country code, such as +551140000000", string(p))
		}
		if seen[p] {
			return Errorf(KindInvalid, at, "this number is listed twice: keep one")
		}
		seen[p] = true
	}
	return nil
}

func (v Voice) checkRedials() error {
	if v.MaxRedials < 0 || v.MaxRedials > MaxRedialsLimit {
		return Errorf(KindInvalid, "voice.max_redial_count", "a contact is called again between 0 and %d times, not %d", MaxRedialsLimit, v.MaxRedials)
	}
	if v.RedialInterval < time.Minute || v.RedialInterval > MaxRedialInterval {
		return Errorf(KindInvalid, "voice.redial_interval_minutes", "a contact is called again after 1 to %d minutes, not %v", int(MaxRedialInterval.Minutes()), v.RedialInterval.Minutes())
	}
	seen := map[Dial]bool{}
	for i, r := range v.Redials {
		at := fmt.Sprintf("voice.redials[%d]", i)
		if !r.On.Missed() {
			return Errorf(KindInvalid, at+".on", "%q is not an outcome after which a contact can be called again; use one of %s", r.On, fmt.Sprint(MissedDials()))
		}
		if seen[r.On] {
			return Errorf(KindInvalid, at+".on", "there is a rule for %s already: keep one", r.On)
		}
		seen[r.On] = true
		if r.Max < 0 || r.Max > MaxRedialsLimit {
			return Errorf(KindInvalid, at+".max", "a contact is called again between 0 and %d times, not %d", MaxRedialsLimit, r.Max)
		}
		if r.Interval != 0 && (r.Interval < time.Minute || r.Interval > MaxRedialInterval) {
			return Errorf(KindInvalid, at+".interval_minutes", "a contact is called again after 1 to %d minutes (0 = as the campaign has it), not %v", int(MaxRedialInterval.Minutes()), r.Interval.Minutes())
		}
	}
	return nil
}

// Missed reports whether a contact may be called again after the outcome d.
func (d Dial) Missed() bool {
	_, ok := dialTransitions[d][DialEventRedial]
	return ok && d.Final()
}

// MissedDials lists the outcomes after which a contact may be called again.
func MissedDials() []Dial {
	return slices.DeleteFunc(Dials(), func(d Dial) bool { return !d.Missed() })
}

// RedialAt is when a contact whose calls-th call (from 1) came out so is called again; false when it is not.
// Where no rule says otherwise, people who answered and were not served are not called again: that is for a rule,
// and for the law of the place.
func (v Voice) RedialAt(outcome Dial, calls int, now time.Time) (time.Time, bool) {
	most, interval := v.MaxRedials, v.RedialInterval
	if outcome == DialAbandonedByContact || outcome == DialAbandonedByDialer {
		most = 0
	}
	for _, r := range v.Redials {
		if r.On == outcome {
			most = r.Max
			if r.Interval > 0 {
				interval = r.Interval
			}
		}
	}
	if !outcome.Missed() || calls > most {
		return time.Time{}, false
	}
	return now.Add(interval), true
}

// Owns reports whether the campaign may be heard from the number that a contact asks for, as it is written.
func (v Voice) Owns(outbound string) bool {
	if outbound == "" || len(v.CallerIDs) == 0 {
		return true
	}
	number, ok := ParseE164(outbound)
	return ok && slices.Contains(v.CallerIDs, number)
}

// SameButPace reports whether v is old but for what a supervisor turns while calls are made.
func (v Voice) SameButPace(old Voice) bool {
	return v.Mode == old.Mode && v.DetectMachines == old.DetectMachines && slices.Equal(v.CallerIDs, old.CallerIDs)
}
