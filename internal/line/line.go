// Package line is the one way anything is owned: senders, jobs, ticks. One node drives a line at a time, under a
// fenced lease, and stops before the lease could be another's.
//
// It may not know what a line is or what driving it means, nor where leases are kept.
package line

import (
	"context"
	"errors"
	"fmt"
	"time"

	"arauto"
)

// Leases is where leases are kept.
type Leases interface {
	// Take makes node the holder unless another holds the line; taken says so. A node's own line is taken at
	// once, with a higher fence.
	Take(ctx context.Context, now time.Time, account int64, line, node string, ttl time.Duration) (l arauto.Lease, taken bool, err error)
	// Renew keeps the lease, with its fence, for ttl more; held is false when it is another's by now.
	Renew(ctx context.Context, now time.Time, l arauto.Lease, ttl time.Duration) (renewed arauto.Lease, held bool, err error)
	// Release frees the line; it does nothing when the lease is no longer held.
	Release(ctx context.Context, l arauto.Lease) error
}

// Options say how a line is driven. Now must be set.
type Options struct {
	Now func() time.Time
	// TTL is how long a dead node's line stays its own; 0 = DefaultTTL. It is renewed three times as often.
	TTL time.Duration
	// Retry is how often Drive asks for a line that another holds; 0 = a third of TTL.
	Retry time.Duration
}

// DefaultTTL is Options.TTL where nothing else was asked for.
const DefaultTTL = 15 * time.Second

// ErrLost is why fn's context ended (see context.Cause): the lease is another's, or could not be kept in time.
var ErrLost = arauto.Errorf(arauto.KindConflict, "", "the lease on this line is lost: another node may drive it now")

// Drive takes a line, waiting while another node holds it, and runs fn once with its lease. fn's context ends
// with ctx, as soon as the lease is known to be lost, and in any case while it is still this node's: a sixth of
// TTL before it runs out, however the database hangs. A renewal that merely fails is tried again until then.
// fn must return when its context ends. Drive then frees the line and returns fn's error, or ErrLost where that
// is what ended it. The error is ctx's when ctx ended before the line was free.
//
// The lease's fence stays as fn got it; a write that names it is refused once the line has changed hands.
func Drive(ctx context.Context, leases Leases, account int64, line, node string, o Options, fn func(context.Context, arauto.Lease) error) error {
	o = o.withDefaults()
	for {
		taken, err := try(ctx, leases, account, line, node, o, fn)
		if taken || err != nil {
			return err
		}
		if err := pause(ctx, o.Retry); err != nil {
			return fmt.Errorf("wait for line %s: %w", line, err)
		}
	}
}

// Try is Drive without waiting: when another node holds the line it returns false at once, and fn is not run.
func Try(ctx context.Context, leases Leases, account int64, line, node string, o Options, fn func(context.Context, arauto.Lease) error) (taken bool, err error) {
	return try(ctx, leases, account, line, node, o.withDefaults(), fn)
}

func try(ctx context.Context, leases Leases, account int64, line, node string, o Options, fn func(context.Context, arauto.Lease) error) (bool, error) {
	asked := time.Now() // for measuring: leases count from before they were asked for
	lease, taken, err := leases.Take(ctx, o.Now(), account, line, node, o.TTL)
	if err != nil {
		return false, fmt.Errorf("take line %s: %w", line, err)
	}
	if !taken {
		return false, nil
	}
	defer release(ctx, leases, lease, o)
	if time.Since(asked) >= o.lasts() {
		return true, fmt.Errorf("take line %s: %w", line, ErrLost)
	}
	held, lose := context.WithCancelCause(ctx)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		keep(held, lose, leases, lease, asked, o)
	}()
	defer func() { lose(nil); <-kept }()
	err = fn(held, lease)
	if errors.Is(err, context.Canceled) && errors.Is(context.Cause(held), ErrLost) {
		err = ErrLost
	}
	if err != nil {
		return true, fmt.Errorf("drive line %s: %w", line, err)
	}
	return true, nil
}

// keep renews the lease until ctx ends, and calls lose while there is still time to stop.
func keep(ctx context.Context, lose context.CancelCauseFunc, leases Leases, lease arauto.Lease, asked time.Time, o Options) {
	expiry := time.NewTimer(time.Until(asked.Add(o.lasts())))
	defer expiry.Stop()
	next := time.NewTimer(time.Until(asked.Add(o.TTL / 3)))
	defer next.Stop()
	answers := make(chan answer, 1) // room for the one that comes when nobody waits any more
	for {
		select {
		case <-ctx.Done():
			return
		case <-expiry.C:
			lose(ErrLost)
			return
		case <-next.C:
			go func(asked time.Time) {
				_, held, err := leases.Renew(ctx, o.Now(), lease, o.TTL)
				answers <- answer{asked, held, err}
			}(time.Now())
		case a := <-answers:
			switch {
			case a.err != nil:
				next.Reset(o.TTL / 12)
			case !a.held:
				lose(ErrLost)
				return
			default:
				expiry.Reset(time.Until(a.asked.Add(o.lasts())))
				next.Reset(time.Until(a.asked.Add(o.TTL / 3)))
			}
		}
	}
}

type answer struct {
	asked time.Time
	held  bool
	err   error
}

// release frees the line also when ctx has ended, and does not wait for a database that hangs: the lease runs
// out by itself.
func release(ctx context.Context, leases Leases, lease arauto.Lease, o Options) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.TTL/3)
	released := make(chan struct{})
	go func() {
		defer cancel()
		defer close(released)
		_ = leases.Release(ctx, lease) // it then runs out
	}()
	select {
	case <-released:
	case <-ctx.Done():
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// lasts is how long this node counts on a lease: less than the others do, so that there is time to stop.
func (o Options) lasts() time.Duration { return o.TTL - o.TTL/6 }

func (o Options) withDefaults() Options {
	if o.TTL == 0 {
		o.TTL = DefaultTTL
	}
	if o.Retry == 0 {
		o.Retry = o.TTL / 3
	}
	return o
}
