// Package inbound is the engine that takes in what the provider says: raw and durable first, then
// applied to contacts, attempts, persons and conversations.
//
// A webhook is acknowledged once its bytes are stored. Applying goes by state, not by position, so
// nothing is passed over; what speaks of a message that is not known yet is tried again for a day.
// The engine knows no wire: it is given a Decoder; and no database: it is given a Store.
package inbound

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"arauto"
	"arauto/internal/line"
)

// Store is what the engine keeps.
type Store interface {
	// SaveWebhooks returns when all of list is durable.
	SaveWebhooks(ctx context.Context, now time.Time, list []arauto.Webhook) error
	// OpenWebhooks reads what is new, and the orphans whose next try has come.
	OpenWebhooks(ctx context.Context, now time.Time, limit int) ([]arauto.Webhook, error)
	// ApplyFacts finds what each fact speaks of, among what that app may speak of, and lets the nouns' tables
	// decide what it changes; it answers fact by fact. A fact that was applied before changes nothing.
	ApplyFacts(ctx context.Context, now time.Time, account arauto.Account, app int64, facts []arauto.Fact) ([]arauto.Applied, error)
	// SettleWebhooks writes each webhook's state and note; orphans come again at retryAt.
	SettleWebhooks(ctx context.Context, now time.Time, list []arauto.Webhook, retryAt time.Time) error
	Account(ctx context.Context, id int64) (arauto.Account, error)
}

// Decoder reads a webhook's bytes into facts. It returns what it could read even when it also returns an
// error.
type Decoder interface {
	Decode(body []byte) ([]arauto.Fact, error)
}

// Config is what an Engine works with. Zero numbers get their defaults.
type Config struct {
	Store   Store
	Leases  line.Leases
	Decoder Decoder
	Node    string
	Now     func() time.Time
	Logger  *slog.Logger

	// UnknownCode is told of a code of the provider's that no table has; nil is told nothing.
	UnknownCode func(code int)
	// Trouble is told of each error of a number or a WABA that a webhook tells, with no message of ours at fault; nil is
	// told nothing.
	Trouble func(told arauto.Status)

	Batch int           // webhooks applied together; 256
	Poll  time.Duration // how often open webhooks are looked for; 200 ms
	Queue int           // webhooks waiting to be stored; more are refused; 4096
}

// Engine takes in webhooks. Make it with New.
type Engine struct {
	Config
	incoming chan *arrival
	wake     chan struct{}
}

// New returns an engine that does nothing yet.
func New(c Config) *Engine {
	if c.Batch == 0 {
		c.Batch = 256
	}
	if c.Poll == 0 {
		c.Poll = 200 * time.Millisecond
	}
	if c.Queue == 0 {
		c.Queue = 4096
	}
	return &Engine{Config: c, incoming: make(chan *arrival, c.Queue), wake: make(chan struct{}, 1)}
}

// arrival is a webhook waiting to be durable.
type arrival struct {
	webhook arauto.Webhook
	done    chan error
}

// Receive makes a webhook durable; when it returns nil it may be acknowledged. It returns a limited
// error when too many wait already.
func (e *Engine) Receive(ctx context.Context, app arauto.App, body []byte) error {
	a := &arrival{webhook: arauto.Webhook{Account: app.Account, App: app.ID, Body: body}, done: make(chan error, 1)}
	select {
	case e.incoming <- a:
	default:
		return arauto.Errorf(arauto.KindLimited, "", "too many webhooks are waiting to be stored: send it again")
	}
	select {
	case err := <-a.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Keep stores what Receive hands over, as many together as are waiting, until ctx ends and nothing waits.
func (e *Engine) Keep(ctx context.Context) error {
	for {
		select {
		case first := <-e.incoming:
			e.keep(context.WithoutCancel(ctx), first)
		case <-ctx.Done():
			select {
			case first := <-e.incoming:
				e.keep(context.WithoutCancel(ctx), first)
			default:
				return nil
			}
		}
	}
}

func (e *Engine) keep(ctx context.Context, first *arrival) {
	group := []*arrival{first}
	list := []arauto.Webhook{first.webhook}
	for more := true; more && len(group) < e.Batch; {
		select {
		case a := <-e.incoming:
			group, list = append(group, a), append(list, a.webhook)
		default:
			more = false
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err := e.Store.SaveWebhooks(ctx, e.Now(), list)
	for _, a := range group {
		a.done <- err
	}
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// inboundLine is driven by one node at a time, over all accounts.
const inboundLine = "inbound"

// Apply applies stored webhooks until ctx ends, on the one node that holds the line.
func (e *Engine) Apply(ctx context.Context) error {
	for ctx.Err() == nil {
		err := line.Drive(ctx, e.Leases, 0, inboundLine, e.Node, line.Options{Now: e.Now, TTL: 6 * time.Second},
			func(ctx context.Context, _ arauto.Lease) error { return e.apply(ctx) })
		if err != nil && ctx.Err() == nil {
			e.Logger.Error("webhooks were not applied", "err", err)
			pause(ctx, nil, time.Second)
		}
	}
	return nil
}

func (e *Engine) apply(ctx context.Context) error {
	for ctx.Err() == nil {
		n, err := e.ApplyOnce(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			pause(ctx, e.wake, e.Poll)
		}
	}
	return nil
}

func pause(ctx context.Context, wake <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-t.C:
	}
}

// ApplyOnce applies one batch of open webhooks and returns how many there were.
func (e *Engine) ApplyOnce(ctx context.Context) (int, error) {
	list, err := e.Store.OpenWebhooks(ctx, e.Now(), e.Batch)
	if err != nil {
		return 0, err
	}
	// What became of one group is written down while the next is applied; all of it before anything is read
	// again, or a webhook would be found open that is not.
	var settled errgroup.Group
	for rest := list; err == nil && len(rest) > 0; {
		group := sameApp(rest)
		err = e.applyGroup(ctx, group, &settled)
		rest = rest[len(group):]
	}
	if err = errors.Join(err, settled.Wait()); err != nil {
		return 0, err
	}
	return len(list), nil
}

// together bounds, in bytes, what is applied in one transaction: some hundreds of statuses. Whoever waits to
// store a webhook, or to send, waits for it where there is one writer.
const together = 128 << 10

// sameApp is the longest start of list that one app signed and that fits together.
func sameApp(list []arauto.Webhook) []arauto.Webhook {
	n, size := 1, len(list[0].Body)
	for n < len(list) && list[n].Account == list[0].Account && list[n].App == list[0].App {
		if size += len(list[n].Body); size > together {
			break
		}
		n++
	}
	return list[:n]
}

// applyGroup applies webhooks of one app together, and one by one when that does not go: what is wrong
// with one must not hold up the others.
func (e *Engine) applyGroup(ctx context.Context, group []arauto.Webhook, settled *errgroup.Group) error {
	account, err := e.Store.Account(ctx, group[0].Account)
	if err != nil {
		return err
	}
	err = e.settle(ctx, account, group, settled)
	if err == nil || len(group) == 1 || ctx.Err() != nil {
		if err != nil && ctx.Err() == nil {
			return e.putAside(ctx, group[0], err)
		}
		return err
	}
	e.Logger.Warn("a group of webhooks is applied one by one", "account", account.ID, "webhooks", len(group), "err", err)
	for i := range group {
		if err := e.settle(ctx, account, group[i:i+1], settled); err != nil {
			if ctx.Err() != nil {
				return err
			}
			if err := e.putAside(ctx, group[i], err); err != nil {
				return err
			}
		}
	}
	return nil
}

// settle decodes and applies webhooks, then writes down what became of each. A crash between the two
// applies them again, which changes nothing.
func (e *Engine) settle(ctx context.Context, account arauto.Account, group []arauto.Webhook, settled *errgroup.Group) error {
	var facts []arauto.Fact
	var owner []int
	for i := range group {
		decoded, err := e.Decoder.Decode(group[i].Body)
		group[i].State, group[i].Note = arauto.WebhookApplied, ""
		if err != nil {
			group[i].State, group[i].Note = arauto.WebhookBad, clip(err.Error())
		}
		for _, f := range decoded {
			if f.At.IsZero() {
				f.At = group[i].ReceivedAt // the provider named no moment that can be read
			}
			facts, owner = append(facts, f), append(owner, i)
		}
	}
	now := e.Now()
	applied, err := e.Store.ApplyFacts(ctx, now, account, group[0].App, facts)
	if err != nil {
		return err
	}
	e.tellUnknown(facts, applied)
	for n, a := range applied {
		w := &group[owner[n]]
		if facts[n].Kind == arauto.FactTrouble && w.State == arauto.WebhookApplied && !a.Refused {
			w.Note = clip(a.Note) // what was heard stays with the webhook: no message shows it
			e.Logger.Warn("the provider tells an error of a number or a WABA", "account", account.ID, "webhook", w.ID, "note", w.Note)
			if e.Trouble != nil {
				e.Trouble(facts[n].Status)
			}
		}
		mark(w, a)
	}
	e.report(account, group)
	settled.Go(func() error { return e.keepSettled(ctx, e.Now(), group) })
	return nil
}

// tellUnknown reports the codes that nobody knows, of messages that are ours.
func (e *Engine) tellUnknown(facts []arauto.Fact, applied []arauto.Applied) {
	for i, f := range facts {
		if f.Status.Unknown && e.UnknownCode != nil && !applied[i].Orphan && !applied[i].Refused {
			e.UnknownCode(f.Status.Code)
		}
	}
}

// mark lets the worst that became of a webhook's facts decide its state.
func mark(w *arauto.Webhook, a arauto.Applied) {
	switch {
	case a.Orphan && w.Tries < orphanTries:
		w.State = arauto.WebhookOrphan
	case (a.Orphan || a.Refused) && w.State == arauto.WebhookApplied:
		w.State = arauto.WebhookUnmatched
	default:
		return
	}
	w.Note = clip(a.Note)
}

// orphanTries, at the spacing of keepSettled, is about a day.
const orphanTries = 20

// keepSettled writes down what became of webhooks. Each orphan is tried again after a time of its own: soon at
// first, since what it speaks of may be on its way.
func (e *Engine) keepSettled(ctx context.Context, now time.Time, group []arauto.Webhook) error {
	const settled = -1
	alike := map[int][]arauto.Webhook{}
	for _, w := range group {
		tries := settled
		if w.State == arauto.WebhookOrphan {
			tries = w.Tries
			w.Tries++
		}
		alike[tries] = append(alike[tries], w)
	}
	for tries, list := range alike {
		again := min(500*time.Millisecond<<max(tries, 0), 3*time.Hour)
		if err := e.Store.SettleWebhooks(ctx, now, list, now.Add(again)); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) report(account arauto.Account, group []arauto.Webhook) {
	for _, w := range group {
		switch w.State {
		case arauto.WebhookBad:
			e.Logger.Error("webhook could not be read; it is kept", "account", account.ID, "webhook", w.ID, "err", w.Note)
		case arauto.WebhookUnmatched:
			e.Logger.Warn("webhook speaks of nothing of ours; it is kept", "account", account.ID, "webhook", w.ID, "note", w.Note)
		}
	}
}

// putAside keeps a webhook that could not be applied for a later try, as an orphan, so that it holds up
// nobody.
func (e *Engine) putAside(ctx context.Context, w arauto.Webhook, cause error) error {
	e.Logger.Error("webhook was put aside", "account", w.Account, "webhook", w.ID, "err", cause)
	w.State, w.Note = arauto.WebhookOrphan, clip(cause.Error())
	if w.Tries >= orphanTries {
		w.State = arauto.WebhookBad
	}
	return e.keepSettled(ctx, e.Now(), []arauto.Webhook{w})
}

func clip(s string) string {
	if len(s) > 500 {
		s = strings.ToValidUTF8(s[:500], "") + "…"
	}
	return s
}
