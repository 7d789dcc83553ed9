// Package feedback is the engine that tells Meta what clicks led to: one conversion at a time is made durable as leaving,
// posted, and written down with what became of it.
//
// One node at a time does so for an account, under a lease. What was leaving when a node died is unknown, and stays so
// until a person says otherwise: Meta would take an event twice. The engine knows no wire and no database.
package feedback

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"arauto"
	"arauto/internal/line"
)

// Store is what the engine reads and writes.
type Store interface {
	Accounts(ctx context.Context) ([]arauto.Account, error)
	// DueConversions are those whose (next) try has come, the oldest first.
	DueConversions(ctx context.Context, now time.Time, account int64, limit int) ([]arauto.Conversion, error)
	// StrandedConversions are those that were leaving when whoever told them died.
	StrandedConversions(ctx context.Context, account int64, limit int) ([]arauto.Conversion, error)
	// MoveConversion keeps what happened; it is a conflict when the lease is lost, or the state has no such event.
	MoveConversion(ctx context.Context, now time.Time, l arauto.Lease, account, id int64, e arauto.ConversionEvent, code int, detail string) (arauto.Conversion, error)
}

// Poster tells Meta of one conversion, once. Its error is an *arauto.SendError whose action is retry or pause only where
// Meta certainly did not take it, and unknown where it may have.
type Poster interface {
	Post(ctx context.Context, c arauto.Conversion) error
}

// Config is what an Engine works with. Zero numbers get their defaults.
type Config struct {
	Store  Store
	Leases line.Leases
	Poster Poster
	Node   string
	Now    func() time.Time
	Logger *slog.Logger

	Poll time.Duration // how often conversions are looked for; 2 s
}

const (
	atOnce       = 100
	postTimeout  = 40 * time.Second // the poster has a shorter one
	storeTimeout = 10 * time.Second
	leaseTTL     = 60 * time.Second
	lineName     = "conversions"
)

// Engine tells conversions. Make it with New.
type Engine struct{ Config }

// New is an Engine that does nothing before Run.
func New(c Config) *Engine {
	if c.Poll == 0 {
		c.Poll = 2 * time.Second
	}
	return &Engine{Config: c}
}

// Run tells conversions until ctx ends; the one under way then ends first, within its deadline.
func (e *Engine) Run(ctx context.Context) error {
	poll := time.NewTicker(e.Poll)
	defer poll.Stop()
	for ctx.Err() == nil {
		if err := e.Round(ctx); err != nil && ctx.Err() == nil {
			e.Logger.Warn("conversions were not told", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-poll.C:
		}
	}
	return nil
}

// Round looks at every account once.
func (e *Engine) Round(ctx context.Context) error {
	accounts, err := e.Store.Accounts(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, a := range accounts {
		if ctx.Err() != nil {
			return failed
		}
		failed = errors.Join(failed, e.account(ctx, a.ID))
	}
	return failed
}

// account takes the account's line if there is anything to do.
func (e *Engine) account(ctx context.Context, account int64) error {
	due, err := e.Store.DueConversions(ctx, e.Now(), account, 1)
	if err != nil {
		return err
	}
	stranded, err := e.Store.StrandedConversions(ctx, account, 1)
	if err != nil || len(due)+len(stranded) == 0 {
		return err
	}
	_, err = line.Try(ctx, e.Leases, account, lineName, e.Node, line.Options{Now: e.Now, TTL: leaseTTL}, func(ctx context.Context, l arauto.Lease) error {
		return e.tell(ctx, l, account)
	})
	return err
}

func (e *Engine) tell(ctx context.Context, l arauto.Lease, account int64) error {
	// Whoever held the line before has nothing in hand that may still be told: their fence is void.
	stranded, err := e.Store.StrandedConversions(ctx, account, atOnce)
	if err != nil {
		return err
	}
	for _, c := range stranded {
		if _, err := e.Store.MoveConversion(ctx, e.Now(), l, account, c.ID, arauto.ConversionLost, 0, "the program ended before Meta's answer was written down"); err != nil {
			return err
		}
	}
	due, err := e.Store.DueConversions(ctx, e.Now(), account, atOnce)
	if err != nil {
		return err
	}
	for _, c := range due {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := e.one(ctx, l, c); err != nil {
			return err
		}
	}
	return nil
}

// one posts c after it is durable that it leaves.
func (e *Engine) one(ctx context.Context, l arauto.Lease, c arauto.Conversion) error {
	now := e.Now()
	if c.TooOld(now) {
		_, err := e.Store.MoveConversion(ctx, now, l, c.Account, c.ID, arauto.ConversionTooOld, c.ErrorCode, "the click is more than 7 days old: Meta takes nothing of it any more")
		return err
	}
	if _, err := e.Store.MoveConversion(ctx, now, l, c.Account, c.ID, arauto.ConversionPosted, 0, ""); err != nil {
		return err
	}
	// It is posted to the end also while the program stops: half a request would be an unknown one.
	posting, cancel := context.WithTimeout(context.WithoutCancel(ctx), postTimeout)
	err := e.Poster.Post(posting, c)
	cancel()
	event, code, detail := outcome(err)
	keeping, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	// What Meta answered is true whoever holds the line by now.
	after, err := e.Store.MoveConversion(keeping, e.Now(), arauto.Lease{}, c.Account, c.ID, event, code, detail)
	if err == nil && (after.State == arauto.ConversionFailed || after.State == arauto.ConversionUnknown) {
		e.Logger.Warn("conversion is not sent", "account", c.Account, "conversion", c.ID, "state", string(after.State), "why", detail)
	}
	return err
}

// outcome is what an answer of the poster's comes to.
func outcome(err error) (e arauto.ConversionEvent, code int, detail string) {
	if err == nil {
		return arauto.ConversionTaken, 0, ""
	}
	refusal, ok := errors.AsType[*arauto.SendError](err)
	if !ok {
		return arauto.ConversionLost, 0, err.Error()
	}
	switch refusal.Action {
	case arauto.ActionRetry, arauto.ActionPause, arauto.ActionWait:
		return arauto.ConversionDeferred, refusal.Code, refusal.Error()
	case arauto.ActionUnknown:
		return arauto.ConversionLost, refusal.Code, refusal.Error()
	}
	return arauto.ConversionRefused, refusal.Code, refusal.Error()
}
