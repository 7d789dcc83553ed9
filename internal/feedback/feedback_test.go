package feedback_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"arauto"
	"arauto/internal/feedback"
)

// world keeps conversions in memory, decides by the noun's own table, and is Meta too.
type world struct {
	mu     sync.Mutex
	list   map[int64]arauto.Conversion
	held   string
	fence  int64
	posts  []int64
	answer func(c arauto.Conversion) error
	onPost func(c arauto.Conversion)
}

func (w *world) Accounts(context.Context) ([]arauto.Account, error) {
	return []arauto.Account{{ID: 7}}, nil
}

func (w *world) pick(state arauto.ConversionState, until time.Time, limit int) (list []arauto.Conversion, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id := int64(1); id <= int64(len(w.list)); id++ {
		if c := w.list[id]; c.State == state && !c.DueAt.After(until) && len(list) < limit {
			list = append(list, c)
		}
	}
	return list, nil
}

func (w *world) DueConversions(_ context.Context, now time.Time, _ int64, limit int) ([]arauto.Conversion, error) {
	return w.pick(arauto.ConversionPending, now, limit)
}

func (w *world) StrandedConversions(_ context.Context, _ int64, limit int) ([]arauto.Conversion, error) {
	return w.pick(arauto.ConversionSending, time.Now().AddDate(9, 0, 0), limit)
}

func (w *world) MoveConversion(_ context.Context, now time.Time, l arauto.Lease, _, id int64, e arauto.ConversionEvent, code int, detail string) (arauto.Conversion, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l.Line != "" && l.Fence != w.fence {
		return arauto.Conversion{}, &arauto.NotHeld{Lease: l}
	}
	c, err := w.list[id].Apply(e, now, code, detail)
	if err == nil {
		w.list[id] = c
	}
	return c, err
}

func (w *world) Take(_ context.Context, now time.Time, account int64, line, node string, ttl time.Duration) (arauto.Lease, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held != "" && w.held != node {
		return arauto.Lease{}, false, nil
	}
	w.held = node
	w.fence++
	return arauto.Lease{Account: account, Line: line, Holder: node, Fence: w.fence, Until: now.Add(ttl)}, true, nil
}

func (w *world) Renew(_ context.Context, now time.Time, l arauto.Lease, ttl time.Duration) (arauto.Lease, bool, error) {
	l.Until = now.Add(ttl)
	return l, true, nil
}

func (w *world) Release(context.Context, arauto.Lease) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = ""
	return nil
}

func (w *world) Post(_ context.Context, c arauto.Conversion) error {
	w.mu.Lock()
	state := w.list[c.ID].State
	w.posts = append(w.posts, c.ID)
	w.mu.Unlock()
	if state != arauto.ConversionSending {
		return errors.New("it left before that was durable: " + string(state))
	}
	if w.onPost != nil {
		w.onPost(c)
	}
	if w.answer == nil {
		return nil
	}
	return w.answer(c)
}

func (w *world) state(id int64) arauto.Conversion {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.list[id]
}

// given is n conversions that are due now.
func given(n int) *world {
	w := &world{list: map[int64]arauto.Conversion{}}
	for i := range n {
		id := int64(i + 1)
		w.list[id] = arauto.Conversion{ID: id, Account: 7, Clid: "AR", Event: "Purchase", State: arauto.ConversionPending, DueAt: time.Now(), ClickedAt: time.Now(), At: time.Now()}
	}
	return w
}

func (w *world) engine() *feedback.Engine {
	return feedback.New(feedback.Config{Store: w, Leases: w, Poster: w, Node: "n1", Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
}

// runFor lets the engine run for so long.
func runFor(t *testing.T, e *feedback.Engine, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := e.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := given(3)
		runFor(t, w.engine(), time.Hour)
		if len(w.posts) != 3 {
			t.Errorf("posted %v", w.posts)
		}
		for id := range w.list {
			if c := w.state(id); c.State != arauto.ConversionSent || c.Tries != 1 {
				t.Errorf("%d is %s after %d tries", id, c.State, c.Tries)
			}
		}
	})
}

func TestOutcomes(t *testing.T) {
	refusal := func(code int, a arauto.Action) error {
		return &arauto.SendError{Code: code, Detail: "words", Action: a}
	}
	for name, c := range map[string]struct {
		err   error
		state arauto.ConversionState
		posts int
	}{
		"refused":            {refusal(100, arauto.ActionFail), arauto.ConversionFailed, 1},
		"no answer":          {refusal(0, arauto.ActionUnknown), arauto.ConversionUnknown, 1},
		"something else":     {errors.New("odd"), arauto.ConversionUnknown, 1},
		"too fast for ever":  {refusal(4, arauto.ActionRetry), arauto.ConversionFailed, arauto.ConversionTries},
		"a token that ended": {refusal(190, arauto.ActionPause), arauto.ConversionFailed, arauto.ConversionTries},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := given(1)
				w.answer = func(arauto.Conversion) error { return c.err }
				runFor(t, w.engine(), 5*24*time.Hour)
				got := w.state(1)
				if got.State != c.state || len(w.posts) != c.posts || got.Detail == "" {
					t.Errorf("%s after %d posts: %q", got.State, len(w.posts), got.Detail)
				}
			})
		})
	}
}

func TestRetryThenTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := given(1)
		w.answer = func(c arauto.Conversion) error {
			if c.Tries < 2 {
				return &arauto.SendError{Code: 4, Action: arauto.ActionRetry}
			}
			return nil
		}
		runFor(t, w.engine(), 24*time.Hour)
		if c := w.state(1); c.State != arauto.ConversionSent || len(w.posts) != 3 || c.ErrorCode != 0 {
			t.Errorf("%+v after %d posts", c, len(w.posts))
		}
	})
}

func TestTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := given(2)
		old := w.list[2]
		old.ClickedAt = time.Now().Add(-arauto.ClickLife - time.Second)
		w.list[2] = old
		runFor(t, w.engine(), time.Minute)
		if w.state(1).State != arauto.ConversionSent || w.state(2).State != arauto.ConversionExpired || len(w.posts) != 1 {
			t.Errorf("%s, %s, posted %v", w.state(1).State, w.state(2).State, w.posts)
		}
	})
}

// TestCrash: what was leaving when its node died is unknown to the next, and posted by nobody.
func TestCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := given(2)
		left, err := w.list[1].Apply(arauto.ConversionPosted, time.Now(), 0, "")
		if err != nil {
			t.Fatal(err)
		}
		w.list[1] = left
		runFor(t, w.engine(), time.Minute)
		if c := w.state(1); c.State != arauto.ConversionUnknown || !strings.Contains(c.Detail, "ended") {
			t.Errorf("%+v", c)
		}
		if w.state(2).State != arauto.ConversionSent || len(w.posts) != 1 {
			t.Errorf("posted %v", w.posts)
		}
	})
}

// TestStop: a stop lets the one under way end, and begins no other.
func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := given(5)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		w.onPost = func(c arauto.Conversion) {
			if c.ID == 2 {
				stop()
				time.Sleep(time.Second)
			}
		}
		if err := w.engine().Run(ctx); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[int64]arauto.ConversionState{1: arauto.ConversionSent, 2: arauto.ConversionSent, 3: arauto.ConversionPending, 5: arauto.ConversionPending} {
			if got := w.state(id).State; got != want {
				t.Errorf("%d is %s, want %s", id, got, want)
			}
		}
	})
}

// TestOthersLine: a node that does not hold the line tells nothing.
func TestOthersLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := given(1)
		w.held = "n2"
		runFor(t, w.engine(), time.Minute)
		if len(w.posts) != 0 {
			t.Errorf("posted %v", w.posts)
		}
	})
}
