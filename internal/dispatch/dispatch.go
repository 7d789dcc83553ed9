// Package dispatch is the engine that sends WhatsApp campaigns: who is due → fill the template → pace →
// intent, which the gate decides on → post → record.
//
// Each sender is a line, driven by one node at a time. A contact is posted only after its intent is
// durable, and never twice for one intent; what a crash leaves open becomes unknown, not pending. The
// engine knows no database, no wire and no vendor: it is given a Store, a Messenger and leases.
package dispatch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"arauto"
	"arauto/internal/line"
)

// Store is what the engine keeps and asks about one sender.
type Store interface {
	// Work is the sender's running campaigns with their templates.
	Work(ctx context.Context, account, sender int64) ([]arauto.Work, error)
	// DueContacts reads pending contacts whose time has come, longest due first, behind the one with that due
	// time and id. It reserves nothing.
	DueContacts(ctx context.Context, now time.Time, account, campaign int64, dueAfter time.Time, idAfter int64, limit int) ([]arauto.Contact, error)
	// Advance records answers, then asks the gate about each candidate and makes those that may go
	// `sending`, each with an open attempt, all in one transaction. It answers candidate by candidate. When
	// the lease is no longer held it records the answers only, and the error is a conflict.
	Advance(ctx context.Context, now time.Time, lease arauto.Lease, sender int64, answers []arauto.Answer, list []arauto.Candidate) ([]arauto.Intended, error)
	// Record applies the provider's answers. It asks for no lease: what was answered is true whoever asked.
	Record(ctx context.Context, now time.Time, account int64, answers []arauto.Answer) error
	// Replies is how many messages of conversations have ever left by the sender.
	Replies(ctx context.Context, account, sender int64) (int64, error)
	// Recover makes attempts that an earlier driver left open unknown and counts them.
	Recover(ctx context.Context, now time.Time, lease arauto.Lease, sender int64) (int, error)
}

// Roster tells which senders have work, moves campaigns that move by themselves, and stops what the
// provider asks to stop.
type Roster interface {
	LiveSenders(ctx context.Context) ([]arauto.Sender, error)
	TendCampaigns(ctx context.Context, now time.Time) ([]arauto.Campaign, bool, error)
	// Halt pauses what h speaks of; what is paused already keeps its cause.
	Halt(ctx context.Context, now time.Time, account int64, h arauto.Halt) error
	// Outcomes are what became of the messages of every running campaign so far.
	Outcomes(ctx context.Context) ([]arauto.Outcomes, error)
}

// Messenger speaks to the provider. An error that is no *arauto.SendError is taken as: it may have
// been sent.
type Messenger interface {
	Send(ctx context.Context, from arauto.Sender, m arauto.Message) (arauto.Receipt, error)
}

// Observer counts what the engine does; nil counts nothing.
type Observer interface {
	Intended(sender int64, n int)
	Answered(sender int64, kind arauto.EventKind)
	// UnknownCode is told of a code of the provider's that no table has.
	UnknownCode(code int)
}

// Config is what an Engine works with. Zero numbers get their defaults.
type Config struct {
	Store     Store
	Roster    Roster
	Leases    line.Leases
	Messenger Messenger
	Observer  Observer
	Node      string
	Now       func() time.Time
	Logger    *slog.Logger

	Slots     int           // requests in flight per sender; 1,024. An eighth of that may have its intent beforehand
	Batch     int           // most intents in one transaction; 256
	Poll      time.Duration // how often work is looked for; 250 ms
	SendLimit time.Duration // deadline of one request; 30 s
	Drain     time.Duration // how long a stop waits for answers; 15 s
}

// Engine sends what is due until its Run ends. Make it with New.
type Engine struct {
	Config
	wake     chan struct{}
	outcomes outcomes
}

// New returns an engine that does nothing yet.
func New(c Config) *Engine {
	c.Slots = orDefault(c.Slots, 1024)
	c.Batch = orDefault(c.Batch, 256)
	c.Poll = orDefault(c.Poll, 250*time.Millisecond)
	c.SendLimit = orDefault(c.SendLimit, 30*time.Second)
	c.Drain = orDefault(c.Drain, 15*time.Second)
	return &Engine{Config: c, wake: make(chan struct{}, 1)}
}

func orDefault[T int | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

// Wake makes the engine look for work now rather than at its next poll.
func (e *Engine) Wake() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Run tends campaigns and drives every sender that has work and that this node can get the line of. It
// returns when ctx ends, after the requests in flight were answered and recorded or Drain has passed.
func (e *Engine) Run(ctx context.Context) error {
	lines := &drivers{running: map[lineKey]driver{}}
	defer lines.wait()
	tick := time.NewTicker(e.Poll)
	defer tick.Stop()
	for {
		if err := e.look(ctx, lines); err != nil && ctx.Err() == nil {
			e.Logger.Error("looked for work in vain", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-e.wake:
		}
	}
}

// drivers are the senders that this node drives.
type drivers struct {
	mu      sync.Mutex
	running map[lineKey]driver
	group   sync.WaitGroup
}

type lineKey struct{ account, sender int64 }

// driver is one sender as it was when its line was taken.
type driver struct {
	sender arauto.Sender
	stop   context.CancelFunc
}

func (d *drivers) wait() { d.group.Wait() }

// start runs fn for a sender unless it runs already. One that was changed meanwhile is stopped, so that
// it starts anew with what holds now.
func (d *drivers) start(ctx context.Context, s arauto.Sender, fn func(context.Context)) {
	key := lineKey{s.Account, s.ID}
	d.mu.Lock()
	defer d.mu.Unlock()
	if old, ok := d.running[key]; ok {
		if old.sender != s {
			old.stop()
		}
		return
	}
	ctx, stop := context.WithCancel(ctx)
	d.running[key] = driver{s, stop}
	d.group.Go(func() {
		defer func() {
			stop()
			d.mu.Lock()
			delete(d.running, key)
			d.mu.Unlock()
		}()
		fn(ctx)
	})
}

func (e *Engine) look(ctx context.Context, lines *drivers) error {
	changed, more, err := e.Roster.TendCampaigns(ctx, e.Now())
	if err != nil && ctx.Err() == nil {
		e.Logger.Error("campaigns were not tended", "err", err) // whoever runs goes on
	}
	for _, c := range changed {
		e.Logger.Info("campaign changed by itself", "account", c.Account, "campaign", c.ID, "state", string(c.State))
	}
	if more {
		e.Wake()
	}
	if err := e.watchOutcomes(ctx); err != nil && ctx.Err() == nil {
		e.Logger.Error("outcomes were not looked at", "err", err)
	}
	senders, err := e.Roster.LiveSenders(ctx)
	for _, s := range senders {
		lines.start(ctx, s, func(ctx context.Context) { e.drive(ctx, s) })
	}
	return err
}

// leaseTime is how long a dead node's senders stand still before another node takes them.
const leaseTime = 6 * time.Second

// drive holds a sender's line while it has work.
func (e *Engine) drive(ctx context.Context, s arauto.Sender) {
	_, err := line.Try(ctx, e.Leases, s.Account, arauto.SenderLine(s.ID), e.Node, line.Options{Now: e.Now, TTL: leaseTime},
		func(ctx context.Context, lease arauto.Lease) error {
			lost, err := e.Store.Recover(ctx, e.Now(), lease, s.ID)
			if err != nil {
				return err
			}
			if lost > 0 {
				e.Logger.Warn("attempts left open by a crash became unknown", "account", s.Account, "sender", s.ID, "attempts", lost)
			}
			if s.Pause != "" {
				return nil
			}
			return newRun(e, s, lease).loop(ctx)
		})
	if err != nil && ctx.Err() == nil {
		e.Logger.Error("sender's line was let go", "account", s.Account, "sender", s.ID, "err", err)
	}
}
