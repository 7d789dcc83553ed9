package arauto

import "time"

// An Agent is a member of teams. Floor owns its state: who may be given work, and who may not now.
//
//	offline ──online──▶ available ──filled──▶ busy ──freed──▶ available
//	available ──reserved──▶ reserved ──took──▶ busy ──finished──▶ wrap_up ──wrapped──▶ available
//	reserved ──released──▶ available ──finished──▶ wrap_up ──online──▶ available
//	available, reserved, busy, wrap_up ──paused──▶ break ──online──▶ available
//	available, reserved, busy, wrap_up, break ──offline──▶ offline
//	available, reserved, busy, wrap_up, break ──vanished──▶ offline
//
// A chat that ends, or is taken away, changes the state only of who is available or busy; who comes back to
// available with no room for another chat is busy at once.
type Agent struct {
	ID      int64
	UUID    string
	Account int64
	User    int64   // who signs in as this agent; 0 = none
	Token   int64   // the token that acts as this agent; 0 = none
	Queues  []int64 // whose conversations and calls it gets, ascending

	Name     string
	Capacity int // chats at a time
	State    AgentState
	Reason   string // of a break, in people's words
	Chats    int    // now; never more than Capacity
	Moves    int64  // of states, so far
	Work     int64  // grows whenever something of theirs changes: who waits for work compares it

	StateAt   time.Time
	SeenAt    time.Time // the last heartbeat
	IdleAt    time.Time // without new work since: who waits longest is next
	UntilAt   time.Time // the end of wrap-up, or of a reservation
	CreatedAt time.Time
	UpdatedAt time.Time
	RemovedAt time.Time // zero = still there
}

// AgentState is what an agent does now.
type AgentState string

const (
	AgentOffline   AgentState = "offline"
	AgentAvailable AgentState = "available" // may be given work
	AgentReserved  AgentState = "reserved"  // for a call that is about to be theirs
	AgentBusy      AgentState = "busy"      // on a call, or with as many chats as they can have
	AgentWrapUp    AgentState = "wrap_up"   // after work, before the next
	AgentBreak     AgentState = "break"     // nothing new; what they have stays theirs
)

// AgentStates lists every state.
func AgentStates() []AgentState {
	return []AgentState{AgentOffline, AgentAvailable, AgentReserved, AgentBusy, AgentWrapUp, AgentBreak}
}

// AgentEvent is what happens to an agent.
type AgentEvent string

const (
	AgentOnlined  AgentEvent = "online"   // says: give me work
	AgentOfflined AgentEvent = "offline"  // says: I leave
	AgentVanished AgentEvent = "vanished" // no heartbeat for too long
	AgentPaused   AgentEvent = "paused"   // says: a break
	AgentHeld     AgentEvent = "reserved" // a call is about to be theirs
	AgentReleased AgentEvent = "released" // it is not, or the reservation ran out
	AgentTook     AgentEvent = "took"     // the call is theirs
	AgentFilled   AgentEvent = "filled"   // the last chat they can have was given
	AgentFreed    AgentEvent = "freed"    // a chat is over, or somebody else's, and no wrap-up follows
	AgentFinished AgentEvent = "finished" // a chat or a call is over, and wrap-up follows
	AgentWrapped  AgentEvent = "wrapped"  // wrap-up is over
)

// AgentEvents lists every event.
func AgentEvents() []AgentEvent {
	return []AgentEvent{
		AgentOnlined, AgentOfflined, AgentVanished, AgentPaused, AgentHeld, AgentReleased, AgentTook, AgentFilled, AgentFreed, AgentFinished, AgentWrapped,
	}
}

// agentTransitions is the whole life. A pair that is absent is a conflict.
var agentTransitions = map[AgentState]map[AgentEvent]AgentState{
	AgentOffline: {
		AgentOnlined: AgentAvailable, AgentOfflined: AgentOffline, AgentVanished: AgentOffline,
		AgentReleased: AgentOffline, AgentFreed: AgentOffline, AgentFinished: AgentOffline, AgentWrapped: AgentOffline,
	},
	AgentAvailable: {
		AgentOnlined: AgentAvailable, AgentOfflined: AgentOffline, AgentVanished: AgentOffline, AgentPaused: AgentBreak,
		AgentHeld: AgentReserved, AgentReleased: AgentAvailable, AgentFilled: AgentBusy, AgentFreed: AgentAvailable,
		AgentFinished: AgentWrapUp, AgentWrapped: AgentAvailable,
	},
	AgentReserved: {
		AgentOnlined: AgentReserved, AgentOfflined: AgentOffline, AgentVanished: AgentOffline, AgentPaused: AgentBreak,
		AgentReleased: AgentAvailable, AgentTook: AgentBusy, AgentFreed: AgentReserved, AgentFinished: AgentReserved, AgentWrapped: AgentReserved,
	},
	AgentBusy: {
		AgentOnlined: AgentBusy, AgentOfflined: AgentOffline, AgentVanished: AgentOffline, AgentPaused: AgentBreak,
		AgentReleased: AgentBusy, AgentTook: AgentBusy, AgentFilled: AgentBusy, AgentFreed: AgentAvailable,
		AgentFinished: AgentWrapUp, AgentWrapped: AgentBusy,
	},
	AgentWrapUp: {
		AgentOnlined: AgentAvailable, AgentOfflined: AgentOffline, AgentVanished: AgentOffline, AgentPaused: AgentBreak,
		AgentReleased: AgentWrapUp, AgentFreed: AgentWrapUp, AgentFinished: AgentWrapUp, AgentWrapped: AgentAvailable,
	},
	AgentBreak: {
		AgentOnlined: AgentAvailable, AgentOfflined: AgentOffline, AgentVanished: AgentOffline, AgentPaused: AgentBreak,
		AgentReleased: AgentBreak, AgentFreed: AgentBreak, AgentFinished: AgentBreak, AgentWrapped: AgentBreak,
	},
}

// An AgentTurn is an event of an agent's, with what goes with it.
type AgentTurn struct {
	Event  AgentEvent
	At     time.Time
	Until  time.Time // reserved, finished: until when
	Reason string    // paused: why
}

// Apply returns a after e, or a conflict naming state and event; a is then returned unchanged.
func (a Agent) Apply(e AgentTurn) (Agent, error) {
	next, ok := agentTransitions[a.State][e.Event]
	if !ok {
		return a, Errorf(KindConflict, "state", "an agent who is %s cannot be %s", a.State, e.Event)
	}
	if next == AgentAvailable && a.Chats >= a.Capacity {
		next = AgentBusy
	}
	if next != AgentWrapUp && next != AgentReserved {
		a.UntilAt = time.Time{}
	} else if !e.Until.IsZero() {
		a.UntilAt = e.Until
	}
	if next == AgentBreak && e.Event == AgentPaused {
		a.Reason = e.Reason
	}
	if next == a.State {
		return a, nil
	}
	if next != AgentBreak {
		a.Reason = ""
	}
	if next == AgentAvailable {
		a.IdleAt = e.At
	}
	a.State, a.StateAt = next, e.At
	a.Moves++
	return a, nil
}

// Room reports whether a may be given a chat now.
func (a Agent) Room() bool {
	return a.State == AgentAvailable && a.Chats < a.Capacity && a.RemovedAt.IsZero()
}

// Given is a with one chat more; a conflict when there is no room for it.
func (a Agent) Given(now time.Time) (Agent, error) {
	if !a.Room() {
		return a, Errorf(KindConflict, "agent_id", "agent %s has no room for another conversation now: wait, or choose another", a.Name)
	}
	a.Chats++
	a.Work++
	a.IdleAt = now
	if a.Chats < a.Capacity {
		return a, nil
	}
	return a.Apply(AgentTurn{Event: AgentFilled, At: now})
}

// Relieved is a with one chat less, and in wrap-up for as long as wrapUp.
func (a Agent) Relieved(now time.Time, wrapUp time.Duration) (Agent, error) {
	a.Chats = max(0, a.Chats-1)
	a.Work++
	if wrapUp > 0 {
		return a.Apply(AgentTurn{Event: AgentFinished, At: now, Until: now.Add(wrapUp)})
	}
	return a.Apply(AgentTurn{Event: AgentFreed, At: now})
}

// Bounds of an agent.
const (
	DefaultCapacity = 5
	MaxCapacity     = 50
	// PresenceKept is how long an agent is there after a heartbeat.
	PresenceKept = 45 * time.Second
	MaxReason    = 100
)

// Check is nil for an agent that can be kept.
func (a Agent) Check() error {
	if err := checkName("name", a.Name); err != nil {
		return err
	}
	if a.Capacity < 1 || a.Capacity > MaxCapacity {
		return Errorf(KindInvalid, "capacity", "an agent has 1 to %d conversations at a time", MaxCapacity)
	}
	return nil
}

// An AgentMove is one change of an agent's state, as it is kept.
type AgentMove struct {
	Agent    int64
	N        int64
	At       time.Time
	Event    AgentEvent
	From, To AgentState
	Reason   string
}

// A Waiting is a conversation that waits for an agent.
type Waiting struct {
	ID     int64
	Queue  int64
	Former int64 // who is asked first; 0 = nobody
}

// An Offer gives a conversation to an agent.
type Offer struct{ Conversation, Agent int64 }

// Offers matches waiting conversations, those first that come first, with agents who have room: each goes to its
// former agent, else to who of its queue waits longest without new work, by id where that is the same. An agent
// gets as many as there is room for, one after the other.
func Offers(waiting []Waiting, agents []Agent, now time.Time) []Offer {
	var list []Offer
	room := make([]Agent, 0, len(agents))
	for _, a := range agents {
		if a.Room() {
			room = append(room, a)
		}
	}
	for _, w := range waiting {
		best := -1
		for i := range room {
			if !room[i].in(w.Queue) {
				continue
			}
			if room[i].ID == w.Former {
				best = i
				break
			}
			if best < 0 || room[i].before(room[best]) {
				best = i
			}
		}
		if best < 0 {
			continue
		}
		list = append(list, Offer{w.ID, room[best].ID})
		room[best].Chats++
		room[best].IdleAt = now
		if room[best].Chats >= room[best].Capacity {
			room = append(room[:best], room[best+1:]...)
		}
	}
	return list
}

func (a Agent) in(queue int64) bool {
	for _, q := range a.Queues {
		if q == queue {
			return true
		}
	}
	return false
}

// before is the order of agents with room. Of those who were given something at the same moment, who has fewer
// chats comes first.
func (a Agent) before(b Agent) bool {
	if !a.IdleAt.Equal(b.IdleAt) {
		return a.IdleAt.Before(b.IdleAt)
	}
	if a.Chats != b.Chats {
		return a.Chats < b.Chats
	}
	return a.ID < b.ID
}
