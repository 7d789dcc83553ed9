package dispatch_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"arauto"
	"arauto/internal/dispatch"
	"arauto/internal/sandbox"
	"arauto/internal/whatsapp"
)

// withWebhooks has Meta tell what becomes of messages, until the function that it returns is called.
func (w *world) withWebhooks() func() {
	w.t.Helper()
	hook := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		w.check(err)
		facts, err := whatsapp.Decode(body)
		w.check(err)
		_, err = w.store.ApplyFacts(r.Context(), time.Now(), w.account, w.sender.App, facts)
		w.check(err)
	})
	w.meta = sandbox.New(sandbox.Config{Tidy: true, WABAID: "2", WebhookURL: "http://arauto.test/", Client: &http.Client{Transport: sandbox.InProcess(hook)}})
	ctx, stop := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- w.meta.Run(ctx) }()
	w.newEngine(slowly)
	return func() {
		stop()
		w.check(<-done)
	}
}

// slowly has the engine look around seldom: these tests live for hours.
func slowly(c *dispatch.Config) { c.Poll = 5 * time.Second }

// toMagic is a standing campaign to the first n people of a magic group.
func (w *world) toMagic(group, n int, c arauto.Campaign) arauto.Campaign {
	w.t.Helper()
	c.Standing = true
	c = w.campaign(0, 0, c)
	for z := range n {
		w.add(c, person(fmt.Sprintf("+5511975500%02d%d", group, z)))
	}
	return c
}

func (w *world) contact(number string) arauto.Contact {
	w.t.Helper()
	rows, err := w.store.ContactsOf(w.t.Context(), w.account.ID, []string{arauto.Phone(number).PersonKey()})
	w.check(err)
	return rows[0].Contact
}

// requestsTo lists when Meta was asked to write to a number.
func (w *world) requestsTo(number string) (at []time.Time) {
	for e := range w.meta.Entries() {
		if arauto.Phone(e.To).PersonKey() == arauto.Phone(number).PersonKey() {
			at = append(at, e.At)
		}
	}
	return at
}

func TestRefusal_ThatMayHaveLeftIsNotSentAgainOnceAFactSaysItDid(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		defer w.withWebhooks()()
		w.start()
		w.toMagic(83, 1, arauto.Campaign{}) // taken, answered with 131000, then sent, delivered and read
		time.Sleep(30 * time.Minute)
		got := w.contact("+5511975500830")
		if got.State != arauto.ContactRead || got.Attempts != 1 || got.Reason != "" {
			t.Errorf("%s after %d attempts (%s)", got.State, got.Attempts, got.Reason)
		}
		if at := w.requestsTo("+5511975500830"); len(at) != 1 {
			t.Errorf("requests at %v, want one", at)
		}
	})
}

func TestRefusal_Retries(t *testing.T) {
	for _, c := range []struct {
		name   string
		group  int
		state  arauto.ContactState
		reason arauto.Reason
		code   int
		gaps   []time.Duration // at least so long between requests
		within time.Duration   // and not longer by more
	}{
		{"131000 once: after a quiet time", 74, arauto.ContactDelivered, "", 0, []time.Duration{5 * time.Minute}, time.Minute},
		{"131000 always: three tries", 36, arauto.ContactFailed, arauto.ReasonTooManyAttempts, 131000, []time.Duration{5 * time.Minute, 20 * time.Minute}, time.Minute},
		{"131016 once: soon", 72, arauto.ContactDelivered, "", 0, []time.Duration{2 * time.Second}, 30 * time.Second},
		{"131056 twice: each time four times as long", 71, arauto.ContactDelivered, "", 0, []time.Duration{time.Second, 4 * time.Second}, 10 * time.Second},
		{"130429 once: the line rests", 70, arauto.ContactDelivered, "", 0, []time.Duration{time.Second}, 30 * time.Second},
		{"131057 once: a minute of maintenance", 73, arauto.ContactDelivered, "", 0, []time.Duration{time.Minute}, 10 * time.Second},
		{"132000: once more as long as nothing else went, then it fails", 56, arauto.ContactFailed, arauto.ReasonTemplateMismatch, 132000, []time.Duration{30 * time.Second}, 10 * time.Second},
		{"an unknown code: never", 64, arauto.ContactFailed, arauto.ReasonRefused, 139999, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, nil, func(t *testing.T, w *world) {
				defer w.withWebhooks()()
				w.start()
				w.toMagic(c.group, 1, arauto.Campaign{})
				number := fmt.Sprintf("+5511975500%02d0", c.group)
				quiet := 2 * time.Minute
				for _, gap := range c.gaps {
					quiet += gap + c.within
				}
				time.Sleep(quiet)
				if got := w.contact(number); got.State != c.state || got.Reason != c.reason || got.Code != c.code {
					t.Errorf("%s (%s %d %s), want %s (%s %d)", got.State, got.Reason, got.Code, got.Detail, c.state, c.reason, c.code)
				}
				at := w.requestsTo(number)
				if len(at) != len(c.gaps)+1 {
					t.Fatalf("requests at %v", at)
				}
				for i, gap := range c.gaps {
					if got := at[i+1].Sub(at[i]); got < gap || got > gap+c.within {
						t.Errorf("%s between requests %d and %d, want %s", got, i, i+1, gap)
					}
				}
			})
		})
	}
}

// refusing is a Meta that answers as it is told.
type refusing struct {
	mu    sync.Mutex
	asked int
	code  func(n int, m arauto.Message) int // of the n-th request, from 1; 0 = taken
}

func (f *refusing) Send(_ context.Context, _ arauto.Sender, m arauto.Message) (arauto.Receipt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if code := f.code(f.asked, m); code != 0 {
		return arauto.Receipt{}, whatsapp.Classify(code, "", http.StatusBadRequest)
	}
	return arauto.Receipt{ProviderID: "wamid." + m.Ref}, nil
}

func (f *refusing) requests() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

func always(code int) *refusing {
	return &refusing{code: func(int, arauto.Message) int { return code }}
}

func (w *world) from() arauto.Sender {
	w.t.Helper()
	s, err := w.store.Sender(w.t.Context(), w.account.ID, w.sender.ID)
	w.check(err)
	return s
}

func TestRefusal_AMappingThatFitsNobodyPausesAndLosesNobody(t *testing.T) {
	meta := always(132000)
	inWorld(t, func(c *dispatch.Config) { c.Messenger = meta }, func(t *testing.T, w *world) {
		c := w.campaign(0, 300, arauto.Campaign{})
		w.start()
		w.until("paused", func() bool { return w.state(c).State == arauto.CampaignPaused })
		time.Sleep(10 * time.Minute)
		now := w.state(c)
		if now.State != arauto.CampaignPaused || now.Cause.Reason != arauto.ReasonTemplateMismatch || now.Cause.ByPerson() {
			t.Errorf("%s for %+v (%s)", now.State, now.Cause, now.Pause)
		}
		if counts := w.counts(c); counts[arauto.ContactPending] != 300 {
			t.Errorf("counts %v, want everybody waiting", counts)
		}
		if n := meta.requests(); n > 100 {
			t.Errorf("%d requests before it paused", n)
		}
	})
}

func TestRefusal_SporadicMisfitsFailAndNothingPauses(t *testing.T) {
	meta := &refusing{code: func(n int, _ arauto.Message) int {
		if n%10 == 0 {
			return 132012
		}
		return 0
	}}
	inWorld(t, func(c *dispatch.Config) { c.Messenger = meta }, func(t *testing.T, w *world) {
		c := w.campaign(0, 300, arauto.Campaign{})
		w.start()
		w.until("completed", func() bool { return w.state(c).State == arauto.CampaignCompleted })
		if counts := w.counts(c); counts[arauto.ContactFailed] != 30 || counts[arauto.ContactSent] != 270 {
			t.Errorf("counts %v", counts)
		}
	})
}

func TestRefusal_TooManyOfOneReasonPause(t *testing.T) {
	for _, tc := range []struct {
		name   string
		policy arauto.Policy
		state  arauto.CampaignState
	}{
		{"by default", arauto.Policy{}, arauto.CampaignPaused},
		{"off", arauto.Policy{FailurePause: arauto.FailurePause{Percent: -1}}, arauto.CampaignCompleted},
		{"more are borne", arauto.Policy{FailurePause: arauto.FailurePause{Percent: 80}}, arauto.CampaignCompleted},
	} {
		t.Run(tc.name, func(t *testing.T) {
			meta := &refusing{code: func(n int, _ arauto.Message) int {
				if n%2 == 0 {
					return 132005
				}
				return 0
			}}
			inWorld(t, func(c *dispatch.Config) { c.Messenger = meta }, func(t *testing.T, w *world) {
				c := w.campaign(0, 1000, arauto.Campaign{Policy: tc.policy})
				w.start()
				w.until("it stands still", func() bool { return w.state(c).State != arauto.CampaignRunning })
				now := w.state(c)
				if now.State != tc.state {
					t.Fatalf("%s (%s), want %s", now.State, now.Pause, tc.state)
				}
				if tc.state == arauto.CampaignPaused && (now.Cause.Reason != arauto.ReasonTemplateTooLong || now.Pause == "" || meta.requests() > 200) {
					t.Errorf("%+v (%s) after %d requests", now.Cause, now.Pause, meta.requests())
				}
			})
		})
	}
}

func TestOutcomes_FailuresToldLaterPause(t *testing.T) {
	var mu sync.Mutex
	var refs []string
	taken := messengerFunc(func(m arauto.Message) (arauto.Receipt, error) {
		mu.Lock()
		defer mu.Unlock()
		refs = append(refs, m.Ref)
		return arauto.Receipt{ProviderID: "wamid." + m.Ref}, nil
	})
	inWorld(t, func(c *dispatch.Config) { c.Messenger = taken }, func(t *testing.T, w *world) {
		c := w.campaign(0, 200, arauto.Campaign{Standing: true})
		w.start()
		w.until("all were taken", func() bool { return w.counts(c)[arauto.ContactSent] == 200 })
		time.Sleep(2 * time.Second)
		var facts []arauto.Fact
		for i, ref := range refs {
			s := arauto.Status{Event: arauto.EventDelivered, Ref: ref, ProviderID: "wamid." + ref}
			if i%2 == 0 {
				s.Event, s.Reason, s.Action, s.Scope, s.Code = arauto.EventFailed, arauto.ReasonMedia, arauto.ActionFail, arauto.ScopeContact, 131053
			}
			facts = append(facts, arauto.Fact{Kind: arauto.FactStatus, At: time.Now(), PhoneNumberID: w.sender.PhoneNumberID, Status: s})
		}
		_, err := w.store.ApplyFacts(t.Context(), time.Now(), w.account, w.sender.App, facts)
		w.check(err)
		w.until("paused", func() bool { return w.state(c).State == arauto.CampaignPaused })
		if now := w.state(c); now.Cause.Reason != arauto.ReasonMedia {
			t.Errorf("for %+v (%s)", now.Cause, now.Pause)
		}
	})
}

func TestRefusal_WABARestsAndIsTriedWithOneMessage(t *testing.T) {
	meta := &refusing{}
	var mended bool
	meta.code = func(int, arauto.Message) int {
		if mended {
			return 0
		}
		return 131064
	}
	inWorld(t, func(c *dispatch.Config) { c.Messenger = meta; slowly(c) }, func(t *testing.T, w *world) {
		c := w.campaign(0, 300, arauto.Campaign{})
		w.start()
		w.until("paused", func() bool { return w.from().Pause != "" })
		time.Sleep(5 * time.Second)
		first := meta.requests()
		if s := w.from(); !s.Inherited || s.Cause.Code != 131064 || s.Cause.Until.Sub(s.Cause.Since) != time.Hour {
			t.Fatalf("%+v", s)
		}
		time.Sleep(time.Hour)
		if n := meta.requests() - first; n != 1 {
			t.Errorf("%d requests after the first rest, want one", n)
		}
		if s := w.from(); s.Pause == "" || s.Cause.Until.Sub(s.Cause.Since) < 2*time.Hour-time.Minute {
			t.Errorf("the second rest is %s", s.Cause.Until.Sub(s.Cause.Since))
		}
		meta.mu.Lock()
		mended = true
		meta.mu.Unlock()
		time.Sleep(2*time.Hour + time.Minute)
		if counts := w.counts(c); counts[arauto.ContactSent] != 300 {
			t.Errorf("counts %v, want everybody sent to", counts)
		}
	})
}

func TestRefusal_CountryIsAskedForOnce(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]int{}
	meta := messengerFunc(func(m arauto.Message) (arauto.Receipt, error) {
		mu.Lock()
		defer mu.Unlock()
		asked[m.To.CallingCode()]++
		if m.To.CallingCode() == "57" {
			return arauto.Receipt{}, whatsapp.Classify(130497, "not there", http.StatusForbidden)
		}
		return arauto.Receipt{ProviderID: "wamid." + m.Ref}, nil
	})
	inWorld(t, func(c *dispatch.Config) { c.Messenger = meta }, func(t *testing.T, w *world) {
		c := w.campaign(0, 10, arauto.Campaign{Standing: true})
		w.add(c, person("+573001234567"))
		w.start()
		w.until("tried", func() bool { return w.counts(c)[arauto.ContactFailed] == 1 })
		for i := range 20 {
			w.add(c, person(fmt.Sprintf("+5730112345%02d", i)))
		}
		w.until("all failed", func() bool { return w.counts(c)[arauto.ContactFailed] == 21 })
		mu.Lock()
		defer mu.Unlock()
		if asked["57"] != 1 || asked["55"] != 10 {
			t.Errorf("asked %v", asked)
		}
		if got := w.contact("+573011234519"); got.Reason != arauto.ReasonCountry || got.Attempts != 0 {
			t.Errorf("%+v", got)
		}
	})
}

func TestRefusal_MarketingCapOnceMoreAfterADay(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		defer w.withWebhooks()()
		w.toMagic(21, 1, arauto.Campaign{Policy: arauto.Policy{RetryMarketingCap: true}}) // told by a webhook
		w.toMagic(63, 1, arauto.Campaign{Policy: arauto.Policy{RetryMarketingCap: true}, Name: "answered"})
		for range 3 { // nothing runs in between
			w.start()
			time.Sleep(time.Minute)
			w.stop()
			time.Sleep(25 * time.Hour)
		}
		for _, number := range []string{"+5511975500210", "+5511975500630"} {
			at := w.requestsTo(number)
			if len(at) != 2 || at[1].Sub(at[0]) < 24*time.Hour {
				t.Errorf("%s: requests at %v, want two, a day apart", number, at)
			}
			if got := w.contact(number); got.State != arauto.ContactFailed || got.Reason != arauto.ReasonMarketingCap {
				t.Errorf("%s: %s (%s)", number, got.State, got.Reason)
			}
		}
	})
}

type countingObserver struct {
	mu      sync.Mutex
	unknown []int
}

func (o *countingObserver) Intended(int64, int)              {}
func (o *countingObserver) Answered(int64, arauto.EventKind) {}
func (o *countingObserver) UnknownCode(code int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.unknown = append(o.unknown, code)
}

func TestRefusal_UnknownCodeIsTold(t *testing.T) {
	o := &countingObserver{}
	inWorld(t, func(c *dispatch.Config) { c.Observer = o }, func(t *testing.T, w *world) {
		c := w.toMagic(64, 2, arauto.Campaign{})
		w.start()
		w.until("failed", func() bool { return w.counts(c)[arauto.ContactFailed] == 2 })
		o.mu.Lock()
		defer o.mu.Unlock()
		if len(o.unknown) != 2 || o.unknown[0] != 139999 {
			t.Errorf("told %v", o.unknown)
		}
	})
}
