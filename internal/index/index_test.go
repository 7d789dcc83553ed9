package index_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"arauto"
	"arauto/internal/index"
)

// world is the store: accounts with pieces to add, and pieces with changes. It remembers what was done, and when.
type world struct {
	mu     sync.Mutex
	began  time.Time
	behind map[int64]int // pieces to add, by account
	stale  []arauto.StaleSegment
	older  []arauto.StaleSegment
	fail   error // of Index, once
	lost   bool  // the lease is another's
	fence  int64
	did    []string
}

func newWorld() *world { return &world{began: time.Now(), behind: map[int64]int{}} }

func (w *world) note(format string, args ...any) {
	w.did = append(w.did, fmt.Sprintf("%s %s", time.Since(w.began), fmt.Sprintf(format, args...)))
}

func (w *world) SearchBehind(_ context.Context, limit int) (list []int64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for account, n := range w.behind {
		if n > 0 {
			list = append(list, account)
		}
	}
	slices.Sort(list)
	return list[:min(limit, len(list))], nil
}

func (w *world) Index(_ context.Context, _ time.Time, l arauto.Lease, account int64) (int, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lost || l.Fence != w.fence {
		return 0, false, &arauto.NotHeld{Lease: l}
	}
	if err := w.fail; err != nil {
		w.fail = nil
		w.note("failed")
		return 0, false, err
	}
	if w.behind[account] == 0 {
		return 0, false, nil
	}
	w.behind[account]--
	w.note("add %d", account)
	return 1, true, nil
}

func (w *world) SearchStale(_ context.Context, limit int) ([]arauto.StaleSegment, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.stale[:min(limit, len(w.stale))]), nil
}

func (w *world) SearchOlder(_ context.Context, limit int) ([]arauto.StaleSegment, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.older[:min(limit, len(w.older))]), nil
}

func (w *world) Reindex(_ context.Context, _ time.Time, _ arauto.Lease, g arauto.StaleSegment) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note("anew %d", g.Number)
	is := func(s arauto.StaleSegment) bool { return s == g }
	w.stale, w.older = slices.DeleteFunc(w.stale, is), slices.DeleteFunc(w.older, is)
	return nil
}

func (w *world) Take(_ context.Context, now time.Time, account int64, line, node string, ttl time.Duration) (arauto.Lease, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lost {
		return arauto.Lease{Holder: "another", Until: now.Add(ttl)}, false, nil
	}
	w.fence++
	return arauto.Lease{Account: account, Line: line, Holder: node, Fence: w.fence, Until: now.Add(ttl)}, true, nil
}

func (w *world) Renew(_ context.Context, now time.Time, l arauto.Lease, ttl time.Duration) (arauto.Lease, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l.Until = now.Add(ttl)
	return l, !w.lost, nil
}

func (w *world) Release(context.Context, arauto.Lease) error { return nil }

// change is what becomes of the contacts meanwhile.
func (w *world) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func (w *world) done() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.did
	w.did = nil
	return list
}

// following runs the engine while f goes on, and sees it end with its context.
func following(t *testing.T, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		e := index.New(index.Config{Store: w, Leases: w, Node: "n1", Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
		go func() { ended <- e.Run(ctx) }()
		f(w)
		cancel()
		synctest.Wait()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		default:
			t.Error("Run goes on when its context has ended")
		}
	})
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func told(t *testing.T, what string, w *world, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, w.done()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// TestEngine_Follows: accounts take turns until nothing is left, without a pause between; what comes later is seen
// within a second.
func TestEngine_Follows(t *testing.T) {
	following(t, func(w *world) {
		w.change(func() { w.behind[1], w.behind[2] = 2, 1 })
		synctest.Wait()
		told(t, "at once", w, "0s add 1", "0s add 2", "0s add 1")
		pass(2500 * time.Millisecond)
		told(t, "nothing to do", w)
		w.change(func() { w.behind[2] = 1 })
		pass(time.Second)
		told(t, "a second later", w, "3s add 2")
	})
}

// TestEngine_Stale: who was added goes first; a piece with many changes is made anew at once, one with few every half
// minute.
func TestEngine_Stale(t *testing.T) {
	following(t, func(w *world) {
		w.change(func() {
			w.behind[1] = 1
			w.stale = []arauto.StaleSegment{{Account: 1, Number: 5, Stale: 500}, {Account: 1, Number: 6, Stale: 128}, {Account: 1, Number: 7, Stale: 2}, {Account: 1, Number: 8, Stale: 1}}
		})
		pass(10 * time.Second)
		told(t, "in order", w, "0s add 1", "0s anew 5", "0s anew 6", "0s anew 7")
		pass(30 * time.Second)
		told(t, "a few changes", w, "30s anew 8")
	})
}

// TestEngine_Older: pieces of an earlier version are made anew when nothing else is urgent, and not looked for again.
func TestEngine_Older(t *testing.T) {
	following(t, func(w *world) {
		w.change(func() {
			w.behind[1] = 1
			w.stale = []arauto.StaleSegment{{Account: 1, Number: 5, Stale: 500}, {Account: 1, Number: 7, Stale: 2}}
			w.older = []arauto.StaleSegment{{Account: 1, Number: 1}, {Account: 1, Full: true, Number: 1}}
		})
		pass(10 * time.Second)
		told(t, "in order", w, "0s add 1", "0s anew 5", "0s anew 1", "0s anew 1", "0s anew 7")
		w.change(func() { w.older = []arauto.StaleSegment{{Account: 1, Number: 2}} })
		pass(10 * time.Second)
		told(t, "looked for once", w)
	})
}

// TestEngine_Fails: after a failure it begins again, five seconds later.
func TestEngine_Fails(t *testing.T) {
	following(t, func(w *world) {
		w.change(func() { w.behind[1], w.fail = 1, errors.New("the disk is full") })
		pass(4 * time.Second)
		told(t, "at first", w, "0s failed")
		pass(2 * time.Second)
		told(t, "again", w, "5s add 1")
	})
}

// TestEngine_OneNode: while another node has the lease nothing is done, and soon after that ends it goes on.
func TestEngine_OneNode(t *testing.T) {
	following(t, func(w *world) {
		synctest.Wait()
		w.change(func() { w.lost, w.behind[1] = true, 1 })
		pass(time.Minute)
		told(t, "another's", w)
		w.change(func() { w.lost = false })
		pass(time.Minute)
		if did := w.done(); len(did) != 1 {
			t.Errorf("ours again: %v", did)
		}
	})
}
