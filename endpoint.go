package arauto

import (
	"encoding/base64"
	"io"
	"slices"
	"time"
)

// An Endpoint is an address of an account's that is told what happens, in order, at least once.
//
//	active ──disable──▶ disabled ──enable──▶ active
//	  ├──gone──▶ disabled
//	  └──exhaust──▶ dead ──enable──▶ active
//	disabled, dead ──replay──▶ active
//	dead ──disable──▶ disabled
//
// It has one place in the account's notices, Cursor, which moves on when a delivery is taken. While deliveries
// fail they are repeated, and nothing behind them is told: order is kept. An endpoint that was never reached for
// GiveUpAfter is dead until somebody lets it go on, from where it stopped or from wherever they say.
type Endpoint struct {
	ID   int64
	UUID string

	Account int64

	URL         string
	Description string
	Types       []NoticeType // what it is told of; none = everything

	Secret        Secret // signs deliveries
	Previous      Secret // signs them as well, until PreviousUntil; "" = none
	PreviousUntil time.Time

	State  EndpointState
	Cursor int64 // the last notice that was told or passed over
	Last   int64 // the last notice of the delivery that is being repeated; 0 = none is

	Tries        int // failed deliveries in a row
	NextAt       time.Time
	FailingSince time.Time // zero = it is not
	LastStatus   int       // of the last try's HTTP answer; 0 = there was none
	LastError    string    // in words; "" = it was taken
	TriedAt      time.Time
	DeliveredAt  time.Time // the last delivery that was taken

	CreatedAt time.Time
	UpdatedAt time.Time
}

// EndpointState is where an endpoint stands.
type EndpointState string

const (
	EndpointActive   EndpointState = "active"   // is told
	EndpointDisabled EndpointState = "disabled" // is not told for now: somebody, or the receiver itself, said so
	EndpointDead     EndpointState = "dead"     // was not reached for too long
)

// EndpointStates lists every state.
func EndpointStates() []EndpointState {
	return []EndpointState{EndpointActive, EndpointDisabled, EndpointDead}
}

// EndpointEvent is what can happen to an endpoint.
type EndpointEvent string

const (
	EndpointEnable  EndpointEvent = "enable"
	EndpointDisable EndpointEvent = "disable"
	EndpointReplay  EndpointEvent = "replay"
	EndpointGone    EndpointEvent = "gone"    // the receiver answered 410
	EndpointExhaust EndpointEvent = "exhaust" // deliveries failed for GiveUpAfter
)

// EndpointEvents lists every event.
func EndpointEvents() []EndpointEvent {
	return []EndpointEvent{EndpointEnable, EndpointDisable, EndpointReplay, EndpointGone, EndpointExhaust}
}

// endpointTransitions is the whole life cycle. What becomes of a delivery that was under way when somebody
// stopped the endpoint changes nothing any more.
var endpointTransitions = map[EndpointState]map[EndpointEvent]EndpointState{
	EndpointActive: {
		EndpointEnable: EndpointActive, EndpointDisable: EndpointDisabled, EndpointReplay: EndpointActive,
		EndpointGone: EndpointDisabled, EndpointExhaust: EndpointDead,
	},
	EndpointDisabled: {
		EndpointEnable: EndpointActive, EndpointDisable: EndpointDisabled, EndpointReplay: EndpointActive,
		EndpointGone: EndpointDisabled, EndpointExhaust: EndpointDisabled,
	},
	EndpointDead: {
		EndpointEnable: EndpointActive, EndpointDisable: EndpointDisabled, EndpointReplay: EndpointActive,
		EndpointGone: EndpointDead, EndpointExhaust: EndpointDead,
	},
}

const (
	// MaxEndpoints is how many endpoints an account may have.
	MaxEndpoints = 20
	// NoticesPerDelivery is how many notices one delivery carries at most.
	NoticesPerDelivery = 500
	// GiveUpAfter is how long deliveries may fail without one that is taken.
	GiveUpAfter = 72 * time.Hour
	// OldSecretFor is how long a secret still signs after it was replaced.
	OldSecretFor = 24 * time.Hour

	firstRetry   = 5 * time.Second
	longestRetry = 15 * time.Minute
	// longestWish is how long a receiver may ask to be left alone.
	longestWish = time.Hour
)

// Apply returns e after ev. Whoever lets it go on lets it begin anew: its tries are forgotten.
func (e Endpoint) Apply(ev EndpointEvent, now time.Time) Endpoint {
	next := endpointTransitions[e.State][ev]
	if next == EndpointActive {
		e.Tries, e.NextAt, e.FailingSince, e.Last = 0, time.Time{}, time.Time{}, 0
	}
	if next != e.State {
		e.State, e.UpdatedAt = next, now
	}
	return e
}

// Wants reports whether e is told of things of that type.
func (e Endpoint) Wants(t NoticeType) bool { return len(e.Types) == 0 || slices.Contains(e.Types, t) }

// Secrets are what a delivery at now is signed with, the newest first.
func (e Endpoint) Secrets(now time.Time) []Secret {
	if e.Previous == "" || !now.Before(e.PreviousUntil) {
		return []Secret{e.Secret}
	}
	return []Secret{e.Secret, e.Previous}
}

// Rotate returns e with a new secret; the one it had signs as well for OldSecretFor.
func (e Endpoint) Rotate(secret Secret, now time.Time) Endpoint {
	e.Previous, e.PreviousUntil = e.Secret, now.Add(OldSecretFor)
	e.Secret, e.UpdatedAt = secret, now
	return e
}

// endpointSecretPrefix is Standard Webhooks' for symmetric secrets.
const endpointSecretPrefix = "whsec_"

// NewEndpointSecret draws a secret of 256 random bits from random, written as Standard Webhooks has it: the key
// is what follows whsec_, in base64.
func NewEndpointSecret(random io.Reader) (Secret, error) {
	var b [32]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", err
	}
	return Secret(endpointSecretPrefix + base64.StdEncoding.EncodeToString(b[:])), nil
}

// A Delivery is what an endpoint is to be told next. Endpoint is as it stood then.
type Delivery struct {
	Endpoint Endpoint
	Notices  []Notice // ascending; none = there is nothing for it up to To
	To       int64    // where the cursor is once they are taken
	More     bool     // there is more behind To
}

// A Handover is what became of a delivery.
type Handover struct {
	Status int           // of the HTTP answer; 0 = there was none
	Words  string        // what went wrong; "" when it was taken
	After  time.Duration // how long the receiver asks to be left alone; 0 = it does not say
}

// Taken reports whether the receiver said that it has what it was told.
func (h Handover) Taken() bool { return h.Status >= 200 && h.Status <= 299 }

const statusGone = 410

// Told returns e after d was handed over as h says. spread, in [0, 1), moves the next try about, so that endpoints
// which failed together are not tried together.
func (e Endpoint) Told(d Delivery, h Handover, spread float64, now time.Time) Endpoint {
	if len(d.Notices) == 0 {
		e.Cursor = d.To
		return e
	}
	e.TriedAt, e.LastStatus, e.LastError = now, h.Status, h.Words
	if h.Taken() {
		e.Cursor, e.Last = d.To, 0
		e.Tries, e.NextAt, e.FailingSince = 0, time.Time{}, time.Time{}
		e.DeliveredAt, e.LastError = now, ""
		return e
	}
	e.Tries, e.Last = e.Tries+1, d.To
	if e.FailingSince.IsZero() {
		e.FailingSince = now
	}
	last := e.FailingSince.Add(GiveUpAfter)
	switch {
	case h.Status == statusGone:
		return e.Apply(EndpointGone, now)
	case !now.Before(last):
		return e.Apply(EndpointExhaust, now)
	}
	e.NextAt = now.Add(retryIn(e.Tries, h.After, spread))
	if e.NextAt.After(last) {
		e.NextAt = last
	}
	return e
}

// retryIn doubles from firstRetry to longestRetry, a fifth more or less. Notices are told in order, so a longer wait
// would hold up everything that happened since.
func retryIn(tries int, wish time.Duration, spread float64) time.Duration {
	wait := firstRetry
	for range tries - 1 {
		if wait *= 2; wait >= longestRetry {
			wait = longestRetry
			break
		}
	}
	wait = time.Duration(float64(wait) * (0.8 + 0.4*spread))
	return max(wait, min(wish, longestWish))
}

// EndpointKey names an endpoint.
type EndpointKey struct{ Account, ID int64 }

// EndpointLag is how far an endpoint is behind what happened.
type EndpointLag struct {
	EndpointKey
	State   EndpointState
	Notices int64     // ids between its cursor and the newest notice, whatever their type
	Oldest  time.Time // when the first of them was written; zero = there is none
}
