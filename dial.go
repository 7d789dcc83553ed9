package arauto

import (
	"fmt"
	"strings"
	"time"
)

// A Dial is where a contact of a voice campaign stands for whoever dials it. Contact.State follows from it, so
// that what is due, counts and completion work alike for both channels; "" is a contact that is not dialled.
//
//	upcoming, skipped, redial ──dialed──▶ dialing ──answered──▶ queued ──connected──▶ connected ──ended──▶ finished
//	dialing ──connected──▶ connected ──transferred──▶ transferred ──ended──▶ transferred_finished
//	dialing ──unanswered──▶ not_picked_up ──redial──▶ redial
//	dialing ──unreached──▶ not_reached ──redial──▶ redial
//	queued, connected ──abandoned──▶ abandoned_by_contact ──redial──▶ redial
//	queued ──dropped──▶ abandoned_by_dialer ──redial──▶ redial
//	dialing, queued ──machine──▶ voicemail ──redial──▶ redial
//	dialing ──carrier──▶ carrier_error ──redial──▶ redial
//	dialing, queued, connected ──broke──▶ dialer_error ──redial──▶ redial
//	upcoming, redial ──skipped──▶ skipped
//	upcoming, skipped, redial ──closed──▶ skipped_closed
//	upcoming, skipped, redial, dialing, invalid_outbound ──invalid──▶ invalid_number
//	upcoming, skipped, redial, invalid_number ──misfit──▶ invalid_outbound
//	upcoming, skipped, redial ──forbidden──▶ do_not_call
//	upcoming, skipped, redial ──blocked──▶ blocked
//	skipped, redial, finished, transferred_finished, not_picked_up, not_reached ──again──▶ upcoming
//	abandoned_by_contact, abandoned_by_dialer, voicemail, carrier_error, dialer_error ──again──▶ upcoming
//	invalid_number, invalid_outbound, do_not_call, blocked ──again──▶ upcoming
//
// An outcome that is to be dialled again moves on to redial in the same transaction: that is temporary, and the
// last outcome stays. What is reported of a call that is over, or twice, changes nothing.
type Dial string

const (
	DialUpcoming            Dial = "upcoming"             // waits for its turn
	DialDialing             Dial = "dialing"              // is being called
	DialQueued              Dial = "queued"               // answered; waits for an agent
	DialConnected           Dial = "connected"            // speaks with an agent
	DialFinished            Dial = "finished"             // spoke with an agent; the call is over
	DialTransferred         Dial = "transferred"          // speaks with somebody the agent handed the call to
	DialTransferredFinished Dial = "transferred_finished" // that call is over
	DialNotPickedUp         Dial = "not_picked_up"        // it rang; nobody answered, was busy or declined
	DialNotReached          Dial = "not_reached"          // the call never got there
	DialAbandonedByContact  Dial = "abandoned_by_contact" // hung up before an agent, or within seconds of one
	DialSkipped             Dial = "skipped"              // an agent passed it over: offered again, to another
	DialSkippedClosed       Dial = "skipped_closed"       // an agent closed it: never again in this campaign
	DialInvalidNumber       Dial = "invalid_number"       // not a number that can be dialled
	DialCarrierError        Dial = "carrier_error"        // the carrier failed
	DialAbandonedByDialer   Dial = "abandoned_by_dialer"  // a person answered, and no agent was there in time
	DialVoicemail           Dial = "voicemail"            // judged to be a machine, and hung up on
	DialDialerError         Dial = "dialer_error"         // our own fault
	DialRedial              Dial = "redial"               // to be called again, later
	DialDoNotCall           Dial = "do_not_call"          // on a do-not-contact list
	DialInvalidOutbound     Dial = "invalid_outbound"     // its outbound number is not one of the campaign's
	DialBlocked             Dial = "blocked"              // abroad, where this campaign may not call
)

// dials is every status, once: its label, whether it is the end, what it makes of Contact.State, and why.
var dials = []struct {
	dial   Dial
	label  string
	final  bool
	state  ContactState
	reason Reason
}{
	{DialUpcoming, "Upcoming", false, ContactPending, ""},
	{DialDialing, "Dialing", false, ContactSending, ""},
	{DialQueued, "Queued", false, ContactSending, ""},
	{DialConnected, "Connected", false, ContactSending, ""},
	{DialFinished, "Finished", true, ContactReplied, ""},
	{DialTransferred, "Transferred", false, ContactSending, ""},
	{DialTransferredFinished, "Transferred and Finished", true, ContactReplied, ""},
	{DialNotPickedUp, "Not Picked Up", true, ContactFailed, ReasonNotPickedUp},
	{DialNotReached, "Not Reached to Contact", true, ContactFailed, ReasonNotReached},
	{DialAbandonedByContact, "Abandoned by Contact", true, ContactDelivered, ""},
	{DialSkipped, "Skipped", false, ContactPending, ""},
	{DialSkippedClosed, "Skipped and Closed", true, ContactCancelled, ReasonSkipped},
	{DialInvalidNumber, "Invalid Number", true, ContactFailed, ReasonInvalidPhone},
	{DialCarrierError, "Carrier Error", true, ContactFailed, ReasonCarrierError},
	{DialAbandonedByDialer, "Abandoned by Dialer", true, ContactDelivered, ""},
	{DialVoicemail, "Voicemail Hung Up", true, ContactFailed, ReasonVoicemail},
	{DialDialerError, "Dialer General Error", true, ContactFailed, ReasonDialerError},
	{DialRedial, "Redial Scheduled", false, ContactPending, ""},
	{DialDoNotCall, "Do Not Call", true, ContactSuppressed, ReasonSuppressed},
	{DialInvalidOutbound, "Invalid Outbound Number", true, ContactFailed, ReasonInvalidOutbound},
	{DialBlocked, "Blocked Phone Number", true, ContactCancelled, ReasonBlockedNumber},
}

// Dials lists every status in the order in which reports show them.
func Dials() []Dial {
	list := make([]Dial, len(dials))
	for i, d := range dials {
		list[i] = d.dial
	}
	return list
}

// Label is d's name in the outbound dialer's own words; "" for a contact that is not dialled.
func (d Dial) Label() string {
	for _, x := range dials {
		if x.dial == d {
			return x.label
		}
	}
	return ""
}

// Final reports whether the dialer has nothing more to do for a contact at d.
func (d Dial) Final() bool {
	for _, x := range dials {
		if x.dial == d {
			return x.final
		}
	}
	return false
}

// Live reports whether a call is under way at d.
func (d Dial) Live() bool { return d != "" && d.State() == ContactSending }

// State is what d makes of a contact for what both channels share; "" for "".
func (d Dial) State() ContactState {
	state, _ := d.means()
	return state
}

func (d Dial) means() (ContactState, Reason) {
	for _, x := range dials {
		if x.dial == d {
			return x.state, x.reason
		}
	}
	return "", ""
}

// ParseDial is the status of that code or label, or an invalid error listing the codes.
func ParseDial(s string) (Dial, error) {
	for _, x := range dials {
		if string(x.dial) == s || strings.EqualFold(x.label, s) {
			return x.dial, nil
		}
	}
	return "", Errorf(KindInvalid, "dial_status", "%q is not a dial status; use one of %s", s, fmt.Sprint(Dials()))
}

// DialCounts is how many contacts of a voice campaign stand at each status, kept as Counts is.
type DialCounts map[Dial]int64

// Total is the number of contacts that are not deleted.
func (n DialCounts) Total() int64 {
	var sum int64
	for _, v := range n {
		sum += v
	}
	return sum
}

// Completed is the number of those that the dialer has nothing more to do for.
func (n DialCounts) Completed() int64 {
	var sum int64
	for d, v := range n {
		if d.Final() {
			sum += v
		}
	}
	return sum
}

// DialEvent is what can happen to a contact that is dialled.
type DialEvent string

const (
	DialEventDialed      DialEvent = "dialed"      // the intent to call is about to be durable
	DialEventAnswered    DialEvent = "answered"    // a person, or what may be one, answered; no agent yet
	DialEventConnected   DialEvent = "connected"   // bridged to an agent
	DialEventTransferred DialEvent = "transferred" // the agent handed the call on
	DialEventEnded       DialEvent = "ended"       // over, after an agent had it
	DialEventUnanswered  DialEvent = "unanswered"  // rang out, was busy or declined
	DialEventUnreached   DialEvent = "unreached"   // no ring at all: off, out of coverage
	DialEventAbandoned   DialEvent = "abandoned"   // the person hung up before an agent, or at once
	DialEventDropped     DialEvent = "dropped"     // no agent within the time allowed: hung up by us
	DialEventMachine     DialEvent = "machine"     // judged to be an answering machine
	DialEventCarrier     DialEvent = "carrier"     // the carrier refused or failed
	DialEventBroke       DialEvent = "broke"       // media, ports, a crash: our own fault
	DialEventInvalid     DialEvent = "invalid"     // no such number, before the call or by the carrier's answer
	DialEventMisfit      DialEvent = "misfit"      // its outbound number is not the campaign's
	DialEventForbidden   DialEvent = "forbidden"   // the gate: do not contact
	DialEventBlocked     DialEvent = "blocked"     // the gate: may not be called from here
	DialEventSkipped     DialEvent = "skipped"     // an agent: not me
	DialEventClosed      DialEvent = "closed"      // an agent: nobody
	DialEventRedial      DialEvent = "redial"      // the campaign's rules: once more, at Due
	DialEventAgain       DialEvent = "again"       // a person decided: once more
)

// DialEvents lists every event.
func DialEvents() []DialEvent {
	return []DialEvent{
		DialEventDialed, DialEventAnswered, DialEventConnected, DialEventTransferred, DialEventEnded, DialEventUnanswered,
		DialEventUnreached, DialEventAbandoned, DialEventDropped, DialEventMachine, DialEventCarrier, DialEventBroke,
		DialEventInvalid, DialEventMisfit, DialEventForbidden, DialEventBlocked, DialEventSkipped, DialEventClosed,
		DialEventRedial, DialEventAgain,
	}
}

// waiting is what may happen to a contact before it is called.
func waiting(also map[DialEvent]Dial) map[DialEvent]Dial {
	moves := map[DialEvent]Dial{
		DialEventDialed: DialDialing, DialEventSkipped: DialSkipped, DialEventClosed: DialSkippedClosed, DialEventInvalid: DialInvalidNumber,
		DialEventMisfit: DialInvalidOutbound, DialEventForbidden: DialDoNotCall, DialEventBlocked: DialBlocked, DialEventAgain: DialUpcoming,
	}
	for e, next := range also {
		moves[e] = next
	}
	return moves
}

// missed is what may happen after a call that can be made again.
func missed() map[DialEvent]Dial {
	return map[DialEvent]Dial{DialEventRedial: DialRedial, DialEventAgain: DialUpcoming}
}

func over() map[DialEvent]Dial { return map[DialEvent]Dial{DialEventAgain: DialUpcoming} }

// dialTransitions is the whole life cycle, but for late is what is reported of a call twice or after it. A pair
// in neither is a conflict.
var dialTransitions = map[Dial]map[DialEvent]Dial{
	DialUpcoming: waiting(nil),
	DialSkipped:  waiting(nil),
	DialRedial:   waiting(map[DialEvent]Dial{DialEventRedial: DialRedial}),
	DialDialing: {
		DialEventAnswered: DialQueued, DialEventConnected: DialConnected, DialEventUnanswered: DialNotPickedUp, DialEventUnreached: DialNotReached,
		DialEventMachine: DialVoicemail, DialEventCarrier: DialCarrierError, DialEventBroke: DialDialerError, DialEventInvalid: DialInvalidNumber,
	},
	DialQueued: {
		DialEventAnswered: DialQueued, DialEventConnected: DialConnected, DialEventAbandoned: DialAbandonedByContact,
		DialEventDropped: DialAbandonedByDialer, DialEventMachine: DialVoicemail, DialEventBroke: DialDialerError,
	},
	DialConnected: {
		DialEventAnswered: DialConnected, DialEventConnected: DialConnected, DialEventTransferred: DialTransferred, DialEventEnded: DialFinished,
		DialEventAbandoned: DialAbandonedByContact, DialEventBroke: DialDialerError,
	},
	DialTransferred: {
		DialEventAnswered: DialTransferred, DialEventConnected: DialTransferred, DialEventTransferred: DialTransferred,
		DialEventEnded: DialTransferredFinished,
	},
	DialFinished:            over(),
	DialTransferredFinished: over(),
	DialNotPickedUp:         missed(),
	DialNotReached:          missed(),
	DialAbandonedByContact:  missed(),
	DialAbandonedByDialer:   missed(),
	DialVoicemail:           missed(),
	DialCarrierError:        missed(),
	DialDialerError:         missed(),
	DialInvalidNumber:       {DialEventMisfit: DialInvalidOutbound, DialEventAgain: DialUpcoming},
	DialInvalidOutbound:     {DialEventInvalid: DialInvalidNumber, DialEventAgain: DialUpcoming},
	DialDoNotCall:           over(),
	DialBlocked:             over(),
	DialSkippedClosed:       {DialEventClosed: DialSkippedClosed},
}

// late are the events that speak of a call: where none is under way they come too late, or twice.
var late = map[DialEvent]bool{
	DialEventAnswered: true, DialEventConnected: true, DialEventTransferred: true, DialEventEnded: true, DialEventUnanswered: true,
	DialEventUnreached: true, DialEventAbandoned: true, DialEventDropped: true, DialEventMachine: true, DialEventCarrier: true, DialEventBroke: true,
}

// After is where e leads from d; false when it cannot happen there.
func (d Dial) After(e DialEvent) (Dial, bool) {
	if next, ok := dialTransitions[d][e]; ok {
		return next, true
	}
	return d, d != "" && late[e] && !d.Live()
}

// A DialFact is one thing that happened to a contact that is dialled.
type DialFact struct {
	Kind    DialEvent
	At      time.Time
	Attempt int64     // dialed: the new attempt
	Due     time.Time // redial, again: the next try
	Code    int       // what the carrier answered; 0 = nothing
	Detail  string    // in its own words
}

// A DialMove is a fact of one contact.
type DialMove struct {
	Contact int64
	Fact    DialFact
}

// DialMoved is what became of a DialMove.
type DialMoved struct {
	Contact Contact // after it, or as it was
	Err     error   // a conflict, or not found; nil = it was applied, or changes nothing
}
