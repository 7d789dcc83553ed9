package line_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"arauto"
	"arauto/internal/line"
)

const (
	ttl  = 12 * time.Second
	name = "sender:1"
)

// fake keeps one lease by the rules of the store.
type fake struct {
	mu       sync.Mutex
	lease    arauto.Lease
	renewals int
	hang     chan struct{} // while set, calls do not return
	fail     error         // of Renew and Take
}

func (f *fake) Take(_ context.Context, now time.Time, account int64, name, node string, ttl time.Duration) (arauto.Lease, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil || !f.lease.Free(node, now) {
		return f.lease, false, f.fail
	}
	f.lease = arauto.Lease{Account: account, Line: name, Holder: node, Fence: f.lease.Fence + 1, Until: now.Add(ttl)}
	return f.lease, true, nil
}

func (f *fake) Renew(_ context.Context, now time.Time, l arauto.Lease, ttl time.Duration) (arauto.Lease, bool, error) {
	f.waitWhileHanging()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.renewals++
	if f.fail != nil || f.lease.Holder != l.Holder || f.lease.Fence != l.Fence {
		return l, false, f.fail
	}
	f.lease.Until = now.Add(ttl)
	return f.lease, true, nil
}

func (f *fake) Release(_ context.Context, l arauto.Lease) error {
	f.waitWhileHanging()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lease.Holder == l.Holder && f.lease.Fence == l.Fence {
		f.lease.Holder, f.lease.Until = "", time.Time{}
	}
	return nil
}

// waitWhileHanging ignores contexts, as a database that hangs may.
func (f *fake) waitWhileHanging() {
	f.mu.Lock()
	hang := f.hang
	f.mu.Unlock()
	if hang != nil {
		<-hang
	}
}

func (f *fake) set(change func(*fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fake) now() (lease arauto.Lease, renewals int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lease, f.renewals
}

func options() line.Options { return line.Options{Now: time.Now, TTL: ttl} }

// drive runs a line that does nothing but last until its context ends.
func drive(ctx context.Context, f *fake) error {
	return line.Drive(ctx, f, 1, name, "a", options(), untilDone)
}

func untilDone(ctx context.Context, _ arauto.Lease) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestDrive_RenewsAndReleases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute+time.Second, cancel)
		if err := drive(ctx, f); !errors.Is(err, context.Canceled) || errors.Is(err, line.ErrLost) {
			t.Errorf("got %v", err)
		}
		lease, renewals := f.now()
		if lease.Holder != "" {
			t.Errorf("the line is still %q's", lease.Holder)
		}
		if renewals != 15 { // every 4 s of 61
			t.Errorf("renewed %d times in a minute", renewals)
		}
	})
}

func TestDrive_ReturnsWhatItRan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		broken := errors.New("broken")
		err := line.Drive(t.Context(), f, 1, name, "a", options(), func(_ context.Context, l arauto.Lease) error {
			if l.Fence != 1 || l.Line != name || l.Account != 1 {
				t.Errorf("lease %+v", l)
			}
			return broken
		})
		if lease, _ := f.now(); !errors.Is(err, broken) || lease.Holder != "" {
			t.Errorf("got %v, the lease is %+v", err, lease)
		}
	})
}

func TestDrive_ReleasesOnPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		defer func() {
			if lease, _ := f.now(); recover() == nil || lease.Holder != "" {
				t.Errorf("the lease is %+v", lease)
			}
		}()
		_ = line.Drive(t.Context(), f, 1, name, "a", options(), func(context.Context, arauto.Lease) error { panic("a mistake") })
	})
}

func TestDrive_LostLeaseCancels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		began := time.Now()
		time.AfterFunc(10*time.Second, func() {
			f.set(func(f *fake) { f.lease.Holder, f.lease.Fence = "b", f.lease.Fence+1 })
		})
		if err := drive(t.Context(), f); !errors.Is(err, line.ErrLost) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took != ttl {
			t.Errorf("stopped after %v: the next renewal was due at 12 s", took)
		}
		if lease, _ := f.now(); lease.Holder != "b" {
			t.Errorf("released another's lease: %+v", lease)
		}
	})
}

// Whatever Renew does, fn's context ends while the lease is still this node's.
func TestDrive_CannotRenew(t *testing.T) {
	for what, break_ := range map[string]func(*fake){
		"hangs": func(f *fake) { f.hang = make(chan struct{}) },
		"fails": func(f *fake) { f.fail = errors.New("the database is away") },
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{}
				time.AfterFunc(30*time.Second, func() { f.set(break_) })
				err := line.Drive(t.Context(), f, 1, name, "a", options(), func(ctx context.Context, _ arauto.Lease) error {
					<-ctx.Done()
					if lease, _ := f.now(); !time.Now().Before(lease.Until) {
						t.Errorf("stopped %v after the lease ran out", time.Since(lease.Until))
					}
					return ctx.Err()
				})
				if !errors.Is(err, line.ErrLost) {
					t.Errorf("got %v", err)
				}
				f.set(func(f *fake) {
					if f.hang != nil {
						close(f.hang)
						f.hang = nil
					}
				})
			})
		})
	}
}

// A database that is away for less than the lease lasts costs nothing.
func TestDrive_RenewFailsForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(7*time.Second, func() { f.set(func(f *fake) { f.fail = errors.New("busy") }) })
		time.AfterFunc(12*time.Second, func() { f.set(func(f *fake) { f.fail = nil }) })
		time.AfterFunc(time.Minute, cancel)
		if err := drive(ctx, f); !errors.Is(err, context.Canceled) || errors.Is(err, line.ErrLost) {
			t.Errorf("got %v", err)
		}
	})
}

// A lease that took longer to get than it lasts is not driven.
func TestDrive_TakenTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := slowTake{&fake{}}
		err := line.Drive(t.Context(), slow, 1, name, "a", options(), func(context.Context, arauto.Lease) error {
			t.Error("drove it")
			return nil
		})
		if !errors.Is(err, line.ErrLost) {
			t.Errorf("got %v", err)
		}
	})
}

type slowTake struct{ *fake }

func (s slowTake) Take(ctx context.Context, now time.Time, account int64, name, node string, ttl time.Duration) (arauto.Lease, bool, error) {
	l, taken, err := s.fake.Take(ctx, now, account, name, node, ttl)
	time.Sleep(ttl)
	return l, taken, err
}

func TestDrive_WaitsForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{lease: arauto.Lease{Holder: "b", Fence: 6, Until: time.Now().Add(ttl)}}
		began := time.Now()
		err := line.Drive(t.Context(), f, 1, name, "a", options(), func(_ context.Context, l arauto.Lease) error {
			if l.Fence != 7 {
				t.Errorf("fence %d", l.Fence)
			}
			return nil
		})
		if took := time.Since(began); err != nil || took != ttl {
			t.Errorf("got %v after %v", err, took)
		}
	})
}

func TestDrive_GivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{lease: arauto.Lease{Holder: "b", Until: time.Now().Add(time.Hour)}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := drive(ctx, f); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestTry_HeldByAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{lease: arauto.Lease{Holder: "b", Until: time.Now().Add(ttl)}}
		began := time.Now()
		taken, err := line.Try(t.Context(), f, 1, name, "a", options(), func(context.Context, arauto.Lease) error {
			t.Error("drove another's line")
			return nil
		})
		if taken || err != nil || time.Since(began) != 0 {
			t.Errorf("taken %v, %v, after %v", taken, err, time.Since(began))
		}
	})
}

// After a restart the same node does not wait for its earlier life's lease.
func TestTry_SameNodeRetakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{lease: arauto.Lease{Holder: "a", Fence: 3, Until: time.Now().Add(ttl)}}
		taken, err := line.Try(t.Context(), f, 1, name, "a", options(), func(_ context.Context, l arauto.Lease) error {
			if l.Fence != 4 {
				t.Errorf("fence %d", l.Fence)
			}
			return nil
		})
		if !taken || err != nil {
			t.Errorf("taken %v, %v", taken, err)
		}
	})
}
