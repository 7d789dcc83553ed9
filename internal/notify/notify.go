// Package notify is the engine that tells accounts' endpoints what happened: each in order, up to 500 notices in
// a delivery, again and again until a delivery is taken or the endpoint is given up.
//
// One node at a time tells an endpoint, under a lease, and writes its place down only after a delivery was taken:
// whatever crashes in between, a notice may be told twice and is never passed over. What a notice says, how it
// travels and where it is kept are others' business.
package notify

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"arauto"
	"arauto/internal/line"
)

// Store is what the engine reads and writes.
type Store interface {
	// DueEndpoints names active endpoints with something to be told whose next try has come, over all accounts.
	DueEndpoints(ctx context.Context, now time.Time, limit int) ([]arauto.EndpointKey, error)
	// Delivery is what an endpoint is to be told next; the error is not found once it is deleted.
	Delivery(ctx context.Context, account, id int64) (arauto.Delivery, error)
	// Told keeps what became of a delivery; a conflict when it no longer counts: the lease is lost, or somebody
	// moved the endpoint to another place.
	Told(ctx context.Context, now time.Time, l arauto.Lease, d arauto.Delivery, h arauto.Handover, spread float64) (arauto.Endpoint, error)
	// EndpointLags tells how far every endpoint is behind.
	EndpointLags(ctx context.Context) ([]arauto.EndpointLag, error)
}

// Poster carries notices to an endpoint.
type Poster interface {
	Post(ctx context.Context, now time.Time, e arauto.Endpoint, list []arauto.Notice) arauto.Handover
}

// Observer counts.
type Observer interface {
	// Delivered is called after each delivery.
	Delivered(notices int, taken bool)
	// Lags is called now and then with all endpoints there are.
	Lags(now time.Time, list []arauto.EndpointLag)
}

// Config is what an Engine works with. Zero numbers get their defaults.
type Config struct {
	Store    Store
	Leases   line.Leases
	Poster   Poster
	Observer Observer
	Node     string
	Now      func() time.Time
	Logger   *slog.Logger
	// Spread draws from [0, 1): how much a next try is moved about.
	Spread func() float64

	Poll     time.Duration // how often endpoints are looked for; 500 ms
	Parallel int           // endpoints that are told at the same time; 64
}

const (
	postTimeout  = 20 * time.Second // the poster has a shorter one
	storeTimeout = 10 * time.Second
	leaseTTL     = 30 * time.Second
	lagsEvery    = 15 * time.Second
	// turn is how long an endpoint is told without a look at who else waits.
	turn = 30 * time.Second
	// listed is how many due endpoints are looked at together.
	listed = 1000
)

// Engine tells endpoints. Make it with New.
type Engine struct {
	Config
	wake  chan struct{}
	slots chan struct{} // one for each endpoint that is being told

	mu    sync.Mutex
	local map[arauto.EndpointKey]*local
}

// local is what this node remembers of an endpoint.
type local struct {
	running bool
	notTill time.Time // not to be looked at before: another node's, or the database failed
}

// New is an Engine that does nothing before Run.
func New(c Config) *Engine {
	if c.Poll == 0 {
		c.Poll = 500 * time.Millisecond
	}
	if c.Parallel == 0 {
		c.Parallel = 64
	}
	return &Engine{Config: c, wake: make(chan struct{}, 1), slots: make(chan struct{}, c.Parallel), local: map[arauto.EndpointKey]*local{}}
}

// Wake makes Run look for endpoints now. It never blocks.
func (e *Engine) Wake() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Run tells endpoints until ctx ends, then lets deliveries that are under way end, within their deadline.
func (e *Engine) Run(ctx context.Context) error {
	var telling sync.WaitGroup
	defer telling.Wait()
	poll := time.NewTicker(e.Poll)
	defer poll.Stop()
	lags := time.NewTicker(lagsEvery)
	defer lags.Stop()
	for ctx.Err() == nil {
		e.startDue(ctx, &telling)
		select {
		case <-ctx.Done():
		case <-poll.C:
		case <-e.wake:
		case <-lags.C:
			e.observe(ctx)
		}
	}
	return nil
}

// Ping posts a notice of no consequence to an endpoint, whatever its state, and says what became of it. It moves
// nothing.
func (e *Engine) Ping(ctx context.Context, endpoint arauto.Endpoint) arauto.Handover {
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	now := e.Now()
	return e.Poster.Post(ctx, now, endpoint, []arauto.Notice{{Account: endpoint.Account, Type: arauto.NoticePing, At: now, Data: `{}`}})
}

// startDue begins to tell every due endpoint that nobody is known to tell, as far as there is room. An endpoint has
// one place however much waits for it, so that one that is slow holds up nobody else.
func (e *Engine) startDue(ctx context.Context, telling *sync.WaitGroup) {
	listing, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	due, err := e.Store.DueEndpoints(listing, e.Now(), listed)
	if err != nil {
		if ctx.Err() == nil {
			e.Logger.Warn("endpoints could not be listed", "err", err)
		}
		return
	}
	e.forget(due)
	for _, k := range due {
		if !e.claim(k) {
			continue
		}
		select {
		case e.slots <- struct{}{}:
		default:
			e.unclaim(k, time.Time{})
			return // who ends wakes Run
		}
		telling.Go(func() {
			notTill := e.drive(ctx, k)
			<-e.slots
			e.unclaim(k, notTill)
			e.Wake()
		})
	}
}

// drive takes an endpoint's line and tells it what there is. It returns the moment before which there is no use in
// trying again.
func (e *Engine) drive(ctx context.Context, k arauto.EndpointKey) (notTill time.Time) {
	name := "endpoint:" + strconv.FormatInt(k.ID, 10)
	taken, err := line.Try(ctx, e.Leases, k.Account, name, e.Node, line.Options{Now: e.Now, TTL: leaseTTL}, func(ctx context.Context, l arauto.Lease) error {
		return e.tell(ctx, l, k)
	})
	switch {
	case ctx.Err() != nil:
		return time.Time{}
	case err != nil && arauto.KindOf(err) == arauto.KindInternal:
		e.Logger.Warn("endpoint was not told", "account", k.Account, "endpoint", k.ID, "err", err)
		return e.Now().Add(5 * time.Second)
	case !taken:
		return e.Now().Add(leaseTTL / 6) // another node's
	}
	return time.Time{}
}

// tell hands over one delivery after the other until nothing is left, one is not taken, or others' turn has come.
func (e *Engine) tell(ctx context.Context, l arauto.Lease, k arauto.EndpointKey) error {
	for began := e.Now(); ctx.Err() == nil && e.Now().Sub(began) < turn; {
		reading, cancel := context.WithTimeout(ctx, storeTimeout)
		d, err := e.Store.Delivery(reading, k.Account, k.ID)
		cancel()
		if err != nil {
			return err
		}
		waits := d.Endpoint.State != arauto.EndpointActive || d.Endpoint.NextAt.After(e.Now())
		if waits || d.To == d.Endpoint.Cursor {
			return nil
		}
		var h arauto.Handover
		if len(d.Notices) > 0 {
			if h = e.post(ctx, d); !h.Taken() && ctx.Err() != nil {
				return ctx.Err() // we ended it, not the receiver
			}
		}
		after, err := e.keep(ctx, l, d, h)
		if err != nil {
			return err
		}
		if len(d.Notices) > 0 && !h.Taken() || !d.More {
			e.report(d, after)
			return nil
		}
	}
	return ctx.Err()
}

func (e *Engine) post(ctx context.Context, d arauto.Delivery) arauto.Handover {
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	h := e.Poster.Post(ctx, e.Now(), d.Endpoint, d.Notices)
	if ctx.Err() == nil || h.Taken() {
		e.Observer.Delivered(len(d.Notices), h.Taken())
	}
	return h
}

// keep writes down what became of a delivery, also while the program stops: what was taken need not be told twice.
// The lease's fence sees to it that nobody else is written over.
func (e *Engine) keep(ctx context.Context, l arauto.Lease, d arauto.Delivery, h arauto.Handover) (arauto.Endpoint, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	return e.Store.Told(ctx, e.Now(), l, d, h, e.Spread())
}

// report logs what an operator would want to know: that an endpoint stopped, and why.
func (e *Engine) report(d arauto.Delivery, after arauto.Endpoint) {
	if after.State != d.Endpoint.State {
		e.Logger.Warn("endpoint is told nothing any more", "account", after.Account, "endpoint", after.ID, "state", string(after.State), "why", after.LastError)
		return
	}
	if after.Tries > 0 {
		e.Logger.Debug("endpoint did not take a delivery", "account", after.Account, "endpoint", after.ID, "tries", after.Tries, "next", after.NextAt, "why", after.LastError)
	}
}

func (e *Engine) observe(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	list, err := e.Store.EndpointLags(ctx)
	if err != nil {
		if ctx.Err() == nil {
			e.Logger.Warn("endpoints' lags could not be read", "err", err)
		}
		return
	}
	e.Observer.Lags(e.Now(), list)
}

func (e *Engine) claim(k arauto.EndpointKey) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.local[k]
	if l == nil {
		l = &local{}
		e.local[k] = l
	}
	if l.running || e.Now().Before(l.notTill) {
		return false
	}
	l.running = true
	return true
}

func (e *Engine) unclaim(k arauto.EndpointKey, notTill time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l := e.local[k]; l != nil {
		l.running, l.notTill = false, notTill
	}
}

// forget keeps what is remembered as small as the list of due endpoints.
func (e *Engine) forget(due []arauto.EndpointKey) {
	there := make(map[arauto.EndpointKey]bool, len(due))
	for _, k := range due {
		there[k] = true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for k, l := range e.local {
		if !there[k] && !l.running {
			delete(e.local, k)
		}
	}
}
