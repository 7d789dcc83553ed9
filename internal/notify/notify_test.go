package notify_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"arauto"
	"arauto/internal/notify"
	"arauto/internal/seal"
	"arauto/internal/store"
	"arauto/internal/store/storetest"
)

// world is an account with campaigns to change, over a real database, in a bubble whose clock stands still while
// anything runs.
type world struct {
	t       *testing.T
	path    string
	store   *store.Store
	account int64
	post    poster
	seen    *observer
	poll    time.Duration // 0 = the engine's own
}

// poster is where deliveries go: by endpoint, what was posted and when, and what is answered.
type poster struct {
	mu     sync.Mutex
	answer func(e arauto.Endpoint, list []arauto.Notice) arauto.Handover
	slow   func(e arauto.Endpoint) time.Duration
	posts  map[int64][]post
}

type post struct {
	at  time.Time
	ids []int64
}

func (p *poster) Post(ctx context.Context, now time.Time, e arauto.Endpoint, list []arauto.Notice) arauto.Handover {
	if p.slow != nil {
		select {
		case <-time.After(p.slow(e)):
		case <-ctx.Done():
			return arauto.Handover{Words: "did not answer"}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	one := post{at: now}
	for _, n := range list {
		one.ids = append(one.ids, n.ID)
	}
	if p.posts == nil {
		p.posts = map[int64][]post{}
	}
	p.posts[e.ID] = append(p.posts[e.ID], one)
	if p.answer == nil {
		return arauto.Handover{Status: 200}
	}
	return p.answer(e, list)
}

// of is everything that was posted to an endpoint.
func (p *poster) of(id int64) (list []post) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.posts[id])
}

type observer struct {
	mu           sync.Mutex
	taken, other int
	lags         []arauto.EndpointLag
}

func (o *observer) Delivered(_ int, taken bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if taken {
		o.taken++
	} else {
		o.other++
	}
}

func (o *observer) Lags(_ time.Time, list []arauto.EndpointLag) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lags = list
}

func inWorld(t *testing.T, fn func(*testing.T, *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, path: filepath.Join(t.TempDir(), "arauto.db"), seen: &observer{}}
		w.store = w.open()
		defer w.store.Close()
		a, err := w.store.CreateAccount(t.Context(), arauto.Actor{}, time.Now(), arauto.Account{Slug: "casa", Name: "Casa", Country: "BR", TimeZone: "America/Sao_Paulo", Language: arauto.Portuguese})
		w.check(err)
		w.account = a.ID
		fn(t, w)
	})
}

func (w *world) open() *store.Store {
	w.t.Helper()
	keys, err := seal.Parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	w.check(err)
	s, err := store.Open(w.t.Context(), storetest.Fresh(w.t, w.path), keys, time.Now())
	w.check(err)
	return s
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) endpoint() arauto.Endpoint {
	w.t.Helper()
	e, err := w.store.CreateEndpoint(w.t.Context(), arauto.System(w.account), time.Now(), arauto.Endpoint{Account: w.account, URL: "https://example.com", Secret: "whsec_eA=="})
	w.check(err)
	return e
}

// happens makes n notices.
func (w *world) happens(n int) {
	w.t.Helper()
	for range n {
		c, err := w.store.CreateCampaign(w.t.Context(), arauto.System(w.account), time.Now(), arauto.Campaign{Account: w.account, Name: "ofertas", Channel: arauto.ChannelWhatsApp})
		w.check(err)
		_, err = w.store.ChangeCampaign(w.t.Context(), arauto.System(w.account), time.Now(), w.account, c.ID, arauto.CampaignCancel, "")
		w.check(err)
	}
}

// run starts an engine and returns what stops it.
func (w *world) run(node string, s notify.Store) (stop func()) {
	w.t.Helper()
	e := notify.New(notify.Config{
		Store: s, Leases: w.store, Poster: &w.post, Observer: w.seen, Node: node, Now: func() time.Time { return time.Now().UTC() },
		Logger: slog.New(slog.DiscardHandler), Spread: func() float64 { return 0.5 }, Poll: w.poll,
	})
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error)
	go func() { done <- e.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	}
}

func (w *world) stands(id int64) arauto.Endpoint {
	w.t.Helper()
	e, err := w.store.Endpoint(w.t.Context(), w.account, id)
	w.check(err)
	return e
}

func upTo(first, last int64) (ids []int64) {
	for id := first; id <= last; id++ {
		ids = append(ids, id)
	}
	return ids
}

// heard is every notice once, in the order in which it was first posted; again is how many were posted before.
func heard(posts []post) (ids []int64, again int) {
	for _, p := range posts {
		for _, id := range p.ids {
			if slices.Contains(ids, id) {
				again++
				continue
			}
			ids = append(ids, id)
		}
	}
	return ids, again
}

func TestTold_InOrderWithinASecond(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		e := w.endpoint()
		stop := w.run("n1", w.store)
		w.happens(3)
		began := time.Now()
		time.Sleep(time.Second)
		w.happens(2)
		time.Sleep(time.Second)
		posts := w.post.of(e.ID)
		if ids, again := heard(posts); !slices.Equal(ids, upTo(1, 5)) || again > 0 || len(posts) > 4 || posts[0].at.Sub(began) > time.Second {
			t.Errorf("%+v", posts)
		}
		time.Sleep(time.Minute)
		stop()
		if n := len(w.post.of(e.ID)); n != len(posts) {
			t.Errorf("nothing happened, and it was told %d times", n-len(posts))
		}
		if len(w.seen.lags) != 1 || w.seen.lags[0].Notices != 0 || w.seen.taken == 0 || w.seen.other > 0 {
			t.Errorf("%+v", w.seen)
		}
	})
}

// TestDownThenUp: what happens while nobody answers is told once somebody does, in order, and soon.
func TestDownThenUp(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.poll = 20 * time.Second // days pass
		e := w.endpoint()
		down := true
		w.post.answer = func(arauto.Endpoint, []arauto.Notice) arauto.Handover {
			if down {
				return arauto.Handover{Status: 503, Words: "answered 503"}
			}
			return arauto.Handover{Status: 200}
		}
		stop := w.run("n1", w.store)
		defer stop()
		for range 30 {
			w.happens(1)
			time.Sleep(time.Hour)
		}
		posts := w.post.of(e.ID)
		if len(posts) < 100 || len(posts) > 200 {
			t.Errorf("tried %d times in 30 hours", len(posts))
		}
		for _, p := range posts {
			if !slices.Equal(p.ids, posts[0].ids) {
				t.Fatalf("a delivery was repeated as another: %v, %v", posts[0].ids, p.ids)
			}
		}
		if e := w.stands(e.ID); e.LastStatus != 503 || e.FailingSince.IsZero() || e.Cursor != 0 {
			t.Errorf("%+v", e)
		}
		w.post.mu.Lock()
		down = false
		w.post.mu.Unlock()
		time.Sleep(20 * time.Minute)
		if ids, _ := heard(w.post.of(e.ID)); !slices.Equal(ids, upTo(1, 30)) {
			t.Errorf("told %v", ids)
		}
		if e := w.stands(e.ID); e.Tries != 0 || e.Cursor != 30 || !e.FailingSince.IsZero() {
			t.Errorf("%+v", e)
		}
	})
}

// TestDead: after three days it is told nothing, until somebody lets it go on; then it begins where it stopped.
func TestDead(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.poll = 20 * time.Second // days pass
		e := w.endpoint()
		answer := arauto.Handover{Words: "no answer"}
		w.post.answer = func(arauto.Endpoint, []arauto.Notice) arauto.Handover { return answer }
		stop := w.run("n1", w.store)
		defer stop()
		w.happens(2)
		time.Sleep(arauto.GiveUpAfter - time.Minute)
		if e := w.stands(e.ID); e.State != arauto.EndpointActive {
			t.Errorf("%s too early", e.State)
		}
		time.Sleep(2 * time.Minute)
		if e := w.stands(e.ID); e.State != arauto.EndpointDead {
			t.Errorf("%s after three days", e.State)
		}
		n := len(w.post.of(e.ID))
		time.Sleep(24 * time.Hour)
		if more := len(w.post.of(e.ID)) - n; more > 0 {
			t.Errorf("tried %d times more", more)
		}
		w.post.mu.Lock()
		answer = arauto.Handover{Status: 200}
		w.post.mu.Unlock()
		_, err := w.store.ChangeEndpoint(t.Context(), arauto.System(w.account), time.Now(), w.account, e.ID, "replay", func(e arauto.Endpoint) (arauto.Endpoint, error) {
			return e.Apply(arauto.EndpointReplay, time.Now()), nil
		})
		w.check(err)
		time.Sleep(time.Minute)
		posts := w.post.of(e.ID)
		if last := posts[len(posts)-1]; !slices.Equal(last.ids, upTo(1, 2)) || len(posts) != n+1 {
			t.Errorf("%+v", last)
		}
	})
}

// TestGone: who says that they are gone is not asked again.
func TestGone(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.poll = 20 * time.Second // days pass
		e := w.endpoint()
		w.post.answer = func(arauto.Endpoint, []arauto.Notice) arauto.Handover { return arauto.Handover{Status: 410} }
		defer w.run("n1", w.store)()
		w.happens(1)
		time.Sleep(time.Hour)
		if e, n := w.stands(e.ID), len(w.post.of(e.ID)); n != 1 || e.State != arauto.EndpointDisabled || e.Cursor != 0 {
			t.Errorf("%d posts, %+v", n, e)
		}
	})
}

// TestSlow: one that answers late, or never, holds up nobody else.
func TestSlow(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		slow, never, quick := w.endpoint(), w.endpoint(), w.endpoint()
		w.post.slow = func(e arauto.Endpoint) time.Duration {
			return map[int64]time.Duration{slow.ID: 14 * time.Second, never.ID: time.Hour}[e.ID]
		}
		defer w.run("n1", w.store)()
		for i := range int64(20) {
			w.happens(1)
			began := time.Now()
			time.Sleep(time.Second)
			posts := w.post.of(quick.ID)
			if last := posts[len(posts)-1]; !slices.Equal(last.ids, upTo(i+1, i+1)) || last.at.Sub(began) > time.Second {
				t.Fatalf("notice %d: %+v", i+1, last)
			}
		}
		time.Sleep(time.Minute)
		if ids, _ := heard(w.post.of(slow.ID)); !slices.Equal(ids, upTo(1, 20)) {
			t.Errorf("the slow one was told %v", ids)
		}
		if e := w.stands(never.ID); e.Tries == 0 || e.Cursor != 0 {
			t.Errorf("%+v", e)
		}
	})
}

// forgetful is a store that a crash keeps from writing down what became of a delivery, some of the time.
type forgetful struct {
	*store.Store
	mu    sync.Mutex
	calls int
	lost  func(call int) bool
}

func (f *forgetful) Told(ctx context.Context, now time.Time, l arauto.Lease, d arauto.Delivery, h arauto.Handover, spread float64) (arauto.Endpoint, error) {
	f.mu.Lock()
	f.calls++
	lost := f.lost(f.calls)
	f.mu.Unlock()
	if lost {
		return arauto.Endpoint{}, errors.New("the program ended")
	}
	return f.Store.Told(ctx, now, l, d, h, spread)
}

// TestCrashBeforeItIsWrittenDown: what was posted is posted again; nothing is passed over.
func TestCrashBeforeItIsWrittenDown(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		e := w.endpoint()
		defer w.run("n1", &forgetful{Store: w.store, lost: func(call int) bool { return call%3 != 0 }})()
		for range 10 {
			w.happens(3)
			time.Sleep(2 * time.Second)
		}
		time.Sleep(2 * time.Minute)
		ids, again := heard(w.post.of(e.ID))
		if !slices.Equal(ids, upTo(1, 30)) || again == 0 {
			t.Errorf("told %v, %d again", ids, again)
		}
		if e := w.stands(e.ID); e.Cursor != 30 {
			t.Errorf("at %d", e.Cursor)
		}
	})
}

// TestStopped: a program that ends lets a delivery end, and writes it down; another node goes on behind it.
func TestStopped(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		e := w.endpoint()
		w.post.slow = func(arauto.Endpoint) time.Duration { return 3 * time.Second }
		w.happens(2)
		stop := w.run("n1", w.store)
		time.Sleep(5 * time.Second)
		stop()
		w.happens(2)
		time.Sleep(time.Second)
		defer w.run("n2", w.store)()
		time.Sleep(10 * time.Second)
		if ids, again := heard(w.post.of(e.ID)); !slices.Equal(ids, upTo(1, 4)) || again > 0 {
			t.Errorf("told %v, %d again", ids, again)
		}
	})
}

// TestManyNodes: whoever else is there, an endpoint is told by one at a time.
func TestManyNodes(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var list []arauto.Endpoint
		for range 5 {
			list = append(list, w.endpoint())
		}
		w.post.slow = func(arauto.Endpoint) time.Duration { return 700 * time.Millisecond }
		for i := range 3 {
			defer w.run(fmt.Sprint("n", i), w.store)()
		}
		for range 20 {
			w.happens(2)
			time.Sleep(time.Second)
		}
		time.Sleep(30 * time.Second)
		for _, e := range list {
			if ids, again := heard(w.post.of(e.ID)); !slices.Equal(ids, upTo(1, 40)) || again > 0 {
				t.Errorf("endpoint %d was told %v, %d again", e.ID, ids, again)
			}
		}
	})
}

func TestManyNotices(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		e := w.endpoint()
		w.happens(1200)
		defer w.run("n1", w.store)()
		time.Sleep(5 * time.Second)
		var sizes []int
		for _, p := range w.post.of(e.ID) {
			sizes = append(sizes, len(p.ids))
		}
		if !slices.Equal(sizes, []int{500, 500, 200}) {
			t.Errorf("deliveries of %v", sizes)
		}
	})
}

func TestPing(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		e := w.endpoint()
		var got []arauto.Notice
		w.post.answer = func(_ arauto.Endpoint, list []arauto.Notice) arauto.Handover {
			got = list
			return arauto.Handover{Status: 201}
		}
		engine := notify.New(notify.Config{Poster: &w.post, Now: time.Now})
		if h := engine.Ping(t.Context(), e); h.Status != 201 || len(got) != 1 || got[0].Type != arauto.NoticePing || got[0].Data != `{}` {
			t.Errorf("%+v, %+v", h, got)
		}
		if e := w.stands(e.ID); e.Cursor != 0 || !e.TriedAt.IsZero() {
			t.Errorf("%+v", e)
		}
	})
}
