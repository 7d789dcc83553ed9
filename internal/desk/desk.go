// Package desk is the engine of conversations: those that wait go to agents who have room, what is written to
// people is posted once, and the files that people send are fetched.
//
//	queued ──assign──▶ an agent                        (every 200 ms, or when woken)
//	reply, durable ──open──▶ post ──▶ record           (unknown when the answer is lost: never again by itself)
//	file, waiting ──take──▶ fetch, sniff, keep ──▶ here
//
// Everything is a row compared or locked as it is written, so any number of nodes may work the same account, and
// a kill in between leaves nothing half done. It knows no SQL and no wire; agents' states are the floor's.
package desk

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"arauto"
)

// Queues is what the engine asks of the store about conversations that wait.
type Queues interface {
	Accounts(ctx context.Context) ([]arauto.Account, error)
	// AssignWaiting gives up to limit conversations to agents who have room, and returns how many.
	AssignWaiting(ctx context.Context, now time.Time, account int64, limit int) (int, error)
	WakeSnoozed(ctx context.Context, now time.Time, account int64, limit int) (int, error)
	CallBack(ctx context.Context, now time.Time, account int64, limit int) (int, error)
	// SayByItself queues automatic replies that are due, and returns how many.
	SayByItself(ctx context.Context, now time.Time, account int64, limit int) (int, error)
	// WorkOf tells how often something of each agent's changed who is not offline.
	WorkOf(ctx context.Context, account int64) (map[int64]int64, error)
}

// Outbox is what the engine asks of the store about what is written to people.
type Outbox interface {
	// OpenOutgoing makes durable that what it returns leaves now; nothing is returned twice unless it was
	// certainly refused. again is when a sender whose rate is used up may send more; zero where none is.
	OpenOutgoing(ctx context.Context, now time.Time, account int64, limit int) (list []arauto.Posting, again time.Time, err error)
	RecordOutgoing(ctx context.Context, account, id int64, e arauto.Event, receipt arauto.Receipt) (arauto.Outgoing, error)
	// LoseOutgoing counts what was never recorded as lost, and returns how many.
	LoseOutgoing(ctx context.Context, now time.Time, account int64, limit int) (int, error)
}

// Files is what the engine asks of the store about files to fetch.
type Files interface {
	// TakeAttachments hands out files that are the caller's alone for some minutes.
	TakeAttachments(ctx context.Context, now time.Time, account int64, limit int) ([]arauto.Attachment, error)
	// Fetched is false when somebody else decided meanwhile.
	Fetched(ctx context.Context, a arauto.Attachment) (bool, error)
	Sender(ctx context.Context, account, id int64) (arauto.Sender, error)
}

// Provider posts messages and has files.
type Provider interface {
	// Send's error is always an *arauto.SendError.
	Send(ctx context.Context, s arauto.Sender, m arauto.Message) (arauto.Receipt, error)
	Upload(ctx context.Context, s arauto.Sender, fileType, name string, body io.Reader) (id string, err error)
	// Media's error is not found, or invalid, when asking again will not help.
	Media(ctx context.Context, s arauto.Sender, id string) (body io.ReadCloser, saidType string, err error)
}

// Links opens public addresses, and none in private networks. The error is as of Provider.Media.
type Links interface {
	Get(ctx context.Context, address string) (body io.ReadCloser, saidType string, err error)
}

// Blobs keeps files.
type Blobs interface {
	Put(ctx context.Context, key string, body io.Reader) (int64, error)
	Open(ctx context.Context, key string) (io.ReadSeekCloser, error)
	Remove(ctx context.Context, key string) error
}

// Config is what a Desk works with. Zero numbers get their defaults.
type Config struct {
	Queues   Queues
	Outbox   Outbox
	Files    Files
	Provider Provider
	Links    Links
	Blobs    Blobs
	Now      func() time.Time
	Logger   *slog.Logger

	Poll     time.Duration // how often work is looked for; 200 ms
	Parallel int           // messages that are posted at the same time; 32
	Fetches  int           // files that are fetched at the same time; 4
}

// Desk works conversations. Make it with New.
type Desk struct {
	Config
	assign, send, fetch chan struct{}
	hub                 hub

	mu       sync.Mutex
	accounts []arauto.Account
	listed   time.Time
}

// New is a Desk that does nothing before Run.
func New(c Config) *Desk {
	if c.Poll == 0 {
		c.Poll = 200 * time.Millisecond
	}
	if c.Parallel == 0 {
		c.Parallel = 32
	}
	if c.Fetches == 0 {
		c.Fetches = 4
	}
	return &Desk{Config: c, assign: make(chan struct{}, 1), send: make(chan struct{}, 1), fetch: make(chan struct{}, 1), hub: hub{waiting: map[int64][]*waiter{}}}
}

const (
	atOnce        = 200
	storeTimeout  = 10 * time.Second
	accountsEvery = 5 * time.Second
)

// Wake makes Run look for conversations to assign now. It never blocks.
func (d *Desk) Wake() { poke(d.assign) }

// WakeOutbox makes Run look for messages to post now. It never blocks.
func (d *Desk) WakeOutbox() { poke(d.send) }

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run works until ctx ends, then lets what is under way end.
func (d *Desk) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.loop(ctx, d.assign, d.tend) })
	g.Go(func() error { return d.runOutbox(ctx) })
	g.Go(func() error { return d.runFiles(ctx) })
	g.Go(func() error { return d.runHub(ctx) })
	return g.Wait()
}

// loop does work for every account, again and again.
func (d *Desk) loop(ctx context.Context, wake <-chan struct{}, work func(ctx context.Context, account int64)) error {
	tick := time.NewTicker(d.Poll)
	defer tick.Stop()
	for ctx.Err() == nil {
		for _, a := range d.everyAccount(ctx) {
			if ctx.Err() == nil {
				work(ctx, a.ID)
			}
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-wake:
		}
	}
	return nil
}

func (d *Desk) everyAccount(ctx context.Context) []arauto.Account {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.Now()
	if now.Sub(d.listed) < accountsEvery && d.accounts != nil {
		return d.accounts
	}
	list, err := d.Queues.Accounts(ctx)
	if err != nil {
		if ctx.Err() == nil {
			d.Logger.Error("accounts were not read", "err", err)
		}
		return d.accounts
	}
	d.accounts, d.listed = list, now
	return list
}

// tend has everything of an account go on whose time has come, and then gives what waits to agents.
func (d *Desk) tend(ctx context.Context, account int64) {
	for _, step := range []struct {
		what string
		do   func(context.Context, time.Time, int64, int) (int, error)
	}{
		{"snoozed conversations", d.Queues.WakeSnoozed},
		{"callbacks", d.Queues.CallBack},
		{"waiting conversations", d.assignAll},
		{"automatic replies", d.Queues.SayByItself},
	} {
		ctx, cancel := context.WithTimeout(ctx, storeTimeout)
		n, err := step.do(ctx, d.Now(), account, atOnce)
		cancel()
		if err != nil && ctx.Err() == nil {
			d.Logger.Error("conversations were not looked after", "account", account, "what", step.what, "err", err)
			return
		}
		if n > 0 && step.what == "automatic replies" {
			d.WakeOutbox()
		}
	}
}

// assignAll gives as long as there is somebody to give to.
func (d *Desk) assignAll(ctx context.Context, _ time.Time, account int64, limit int) (all int, err error) {
	for ctx.Err() == nil {
		n, err := d.Queues.AssignWaiting(ctx, d.Now(), account, limit)
		if all += n; err != nil || n == 0 {
			return all, err
		}
	}
	return all, nil
}
