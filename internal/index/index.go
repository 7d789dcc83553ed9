// Package index lets the search index follow the contacts: what was added is indexed within seconds, what changed is
// indexed anew. One node does it for all accounts, under a lease.
//
// It may not know what is in the index or how it is kept, and nothing waits for it: what is not indexed yet is found
// more slowly.
package index

import (
	"context"
	"log/slog"
	"time"

	"arauto"
	"arauto/internal/line"
)

// Store is where contacts and the index are kept.
type Store interface {
	// SearchBehind lists accounts that have contacts to add to the index.
	SearchBehind(ctx context.Context, limit int) ([]int64, error)
	// Index adds the next piece, of n contacts; more is false when there was none.
	Index(ctx context.Context, now time.Time, l arauto.Lease, account int64) (n int, more bool, err error)
	// SearchStale lists pieces of which contacts changed, those with the most first.
	SearchStale(ctx context.Context, limit int) ([]arauto.StaleSegment, error)
	// SearchOlder lists pieces that an earlier version made.
	SearchOlder(ctx context.Context, limit int) ([]arauto.StaleSegment, error)
	// Reindex makes a piece anew.
	Reindex(ctx context.Context, now time.Time, l arauto.Lease, g arauto.StaleSegment) error
}

// Config is what an Engine needs.
type Config struct {
	Store  Store
	Leases line.Leases
	Node   string
	Now    func() time.Time
	Logger *slog.Logger
}

const (
	lineName    = "search"
	followEvery = time.Second
	retryAfter  = 5 * time.Second
	accounts    = 100 // looked at in one go
	// worth is how many contacts of a piece must have changed before it is made anew at once: until then they are
	// looked at themselves, which costs little.
	worth = 128
	// calm is how often a piece with fewer is made anew, so that what was erased is gone before long.
	calm         = 30 * time.Second
	storeTimeout = 2 * time.Minute
)

// Engine follows. Make it with New.
type Engine struct {
	Config
	refreshed time.Time // when a piece with few changes was last made anew
	current   bool      // no piece is of an earlier version
}

// New is an Engine that does nothing before Run.
func New(c Config) *Engine { return &Engine{Config: c} }

// Run follows until ctx ends, while no other node does.
func (e *Engine) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := line.Drive(ctx, e.Leases, 0, lineName, e.Node, line.Options{Now: e.Now}, e.follow)
		if ctx.Err() == nil {
			e.Logger.Warn("search index was not followed", "err", err)
			pause(ctx, retryAfter)
		}
	}
	return nil
}

func (e *Engine) follow(ctx context.Context, l arauto.Lease) error {
	e.current = false // whoever had the lease before may have been one
	for ctx.Err() == nil {
		busy, err := e.step(ctx, l)
		if err != nil {
			return err
		}
		if !busy {
			pause(ctx, followEvery)
		}
	}
	return ctx.Err()
}

// step does a little of what there is to do, and says whether there may be more.
func (e *Engine) step(ctx context.Context, l arauto.Lease) (busy bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	behind, err := e.Store.SearchBehind(ctx, accounts)
	if err != nil {
		return false, err
	}
	for _, account := range behind {
		began := e.Now()
		n, more, err := e.Store.Index(ctx, began, l, account)
		if err != nil {
			return false, err
		}
		busy = busy || more
		e.Logger.Debug("contacts were indexed", "account", account, "contacts", n, "took", e.Now().Sub(began))
	}
	if busy {
		return true, nil // who was added goes first
	}
	return e.refresh(ctx, l)
}

// refresh makes the piece with the most changes anew, if it is worth it. Next are those of an earlier version.
func (e *Engine) refresh(ctx context.Context, l arauto.Lease) (bool, error) {
	list, err := e.Store.SearchStale(ctx, 1)
	if err != nil {
		return false, err
	}
	now := e.Now()
	if !e.current && (len(list) == 0 || list[0].Stale < worth) {
		older, err := e.Store.SearchOlder(ctx, 1)
		if err != nil {
			return false, err
		}
		if len(older) > 0 {
			return true, e.Store.Reindex(ctx, now, l, older[0])
		}
		e.current = true
	}
	if len(list) == 0 {
		return false, nil
	}
	if list[0].Stale < worth {
		if now.Sub(e.refreshed) < calm {
			return false, nil
		}
		e.refreshed = now
	}
	return true, e.Store.Reindex(ctx, now, l, list[0])
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
