// Package floor is the engine that owns agents: who is there, what they do now, and until when. The desk gives
// chats only to who is available here, and the dialer reserves agents here for calls.
//
// An agent is there while heartbeats come; who vanished is taken off, and what they had goes back to its queue.
// Wrap-up and reservations end by themselves. Every change is a row compared or locked as it is written, so any
// number of nodes may look after the same agents. It knows no conversation, no call and no wire.
package floor

import (
	"context"
	"log/slog"
	"time"

	"arauto"
)

// Store is what the engine reads and writes.
type Store interface {
	Accounts(ctx context.Context) ([]arauto.Account, error)
	// TurnAgent is a conflict where Agent.Apply is one. Who goes offline leaves what they have.
	TurnAgent(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, turn arauto.AgentTurn) (arauto.Agent, error)
	Beat(ctx context.Context, now time.Time, was arauto.Agent) error
	// VanishAgents takes who was not heard of since off the floor, and returns how many.
	VanishAgents(ctx context.Context, now time.Time, account int64, since time.Time, limit int) (int, error)
	// EndTimers ends wrap-ups and reservations whose time is over, and returns how many.
	EndTimers(ctx context.Context, now time.Time, account int64, limit int) (int, error)
	Reserve(ctx context.Context, now time.Time, account, queue int64, until time.Time, limit int) ([]arauto.Agent, error)
}

// Config is what a Floor works with. Zero numbers get their defaults.
type Config struct {
	Store  Store
	Now    func() time.Time
	Logger *slog.Logger
	// Wake is called when somebody may have become available; nil = nobody wants to know.
	Wake func()

	Poll     time.Duration // how often timers and heartbeats are looked at; 250 ms
	Presence time.Duration // how long a heartbeat keeps somebody; arauto.PresenceKept
}

// Floor looks after agents. Make it with New.
type Floor struct{ Config }

// New is a Floor that does nothing by itself before Run.
func New(c Config) *Floor {
	if c.Poll == 0 {
		c.Poll = 250 * time.Millisecond
	}
	if c.Presence == 0 {
		c.Presence = arauto.PresenceKept
	}
	if c.Wake == nil {
		c.Wake = func() {}
	}
	return &Floor{c}
}

const (
	atOnce       = 100
	storeTimeout = 10 * time.Second
	// accountsEvery is how often accounts are listed anew.
	accountsEvery = 5 * time.Second
)

// Run ends timers and takes off who vanished, until ctx ends.
func (f *Floor) Run(ctx context.Context) error {
	tick := time.NewTicker(f.Poll)
	defer tick.Stop()
	var accounts []arauto.Account
	var listed time.Time
	for {
		if now := f.Now(); now.Sub(listed) >= accountsEvery {
			if list, err := f.Store.Accounts(ctx); err == nil {
				accounts, listed = list, now
			} else if ctx.Err() == nil {
				f.Logger.Error("accounts were not read", "err", err)
			}
		}
		for _, a := range accounts {
			f.tend(ctx, a.ID)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// tend looks after one account's agents once.
func (f *Floor) tend(ctx context.Context, account int64) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	now := f.Now()
	gone, err := f.Store.VanishAgents(ctx, now, account, now.Add(-f.Presence), atOnce)
	if gone > 0 {
		f.Logger.Info("agents vanished", "account", account, "agents", gone)
	}
	ended, err2 := 0, error(nil)
	if err == nil {
		ended, err2 = f.Store.EndTimers(ctx, now, account, atOnce)
	}
	if err == nil {
		err = err2
	}
	if err != nil && ctx.Err() == nil {
		f.Logger.Error("agents were not looked after", "account", account, "err", err)
	}
	if gone+ended > 0 {
		f.Wake()
	}
}

// Turn has what an agent says of themselves happen: online, offline or a break with its reason. The error is
// invalid for anything else, or a conflict.
func (f *Floor) Turn(ctx context.Context, actor arauto.Actor, account, agent int64, event arauto.AgentEvent, reason string) (arauto.Agent, error) {
	switch event {
	case arauto.AgentOnlined, arauto.AgentOfflined, arauto.AgentPaused:
	default:
		return arauto.Agent{}, arauto.Errorf(arauto.KindInvalid, "state", "an agent says available, break or offline; the rest comes by itself")
	}
	if len(reason) > arauto.MaxReason {
		return arauto.Agent{}, arauto.Errorf(arauto.KindInvalid, "reason", "say why in at most %d characters", arauto.MaxReason)
	}
	a, err := f.Store.TurnAgent(ctx, actor, f.Now(), account, agent, arauto.AgentTurn{Event: event, Reason: reason})
	f.Wake()
	return a, err
}

// Beat keeps that an agent is there; a is the agent as they were read just now.
func (f *Floor) Beat(ctx context.Context, a arauto.Agent) error {
	if a.State == arauto.AgentOffline {
		return nil
	}
	return f.Store.Beat(ctx, f.Now(), a)
}

// Reserve holds up to that many agents of a queue for calls that are about to be theirs, those first who wait
// longest. Who is not taken in that time is available again by itself.
func (f *Floor) Reserve(ctx context.Context, account, queue int64, long time.Duration, limit int) ([]arauto.Agent, error) {
	now := f.Now()
	return f.Store.Reserve(ctx, now, account, queue, now.Add(long), limit)
}

// Release lets an agent go who was reserved for a call that is not theirs after all.
func (f *Floor) Release(ctx context.Context, account, agent int64) (arauto.Agent, error) {
	a, err := f.Store.TurnAgent(ctx, arauto.System(account), f.Now(), account, agent, arauto.AgentTurn{Event: arauto.AgentReleased})
	f.Wake()
	return a, err
}

// Took says that the call is the agent's.
func (f *Floor) Took(ctx context.Context, account, agent int64) (arauto.Agent, error) {
	return f.Store.TurnAgent(ctx, arauto.System(account), f.Now(), account, agent, arauto.AgentTurn{Event: arauto.AgentTook})
}

// Finished says that an agent's call is over; they have wrapUp before the next work.
func (f *Floor) Finished(ctx context.Context, account, agent int64, wrapUp time.Duration) (arauto.Agent, error) {
	turn := arauto.AgentTurn{Event: arauto.AgentFreed}
	if wrapUp > 0 {
		turn = arauto.AgentTurn{Event: arauto.AgentFinished, Until: f.Now().Add(wrapUp)}
	}
	a, err := f.Store.TurnAgent(ctx, arauto.System(account), f.Now(), account, agent, turn)
	f.Wake()
	return a, err
}
