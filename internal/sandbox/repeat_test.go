package sandbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"arauto/internal/sandbox"

	"github.com/google/go-cmp/cmp"
)

// record is everything that a run leaves: the ledger, and the webhooks as they came.
type record struct {
	Ledger   []sandbox.Entry
	People   []sandbox.Person
	Webhooks []string
}

func stormyRun(t *testing.T, seed int64, reset bool) (r record) {
	inBubble(t, func(c *sandbox.Config) {
		c.Seed, c.Repeatable, c.Workers, c.Tidy, c.Batch = seed, true, 1, false, 20
		c.Script.Rules = []sandbox.Rule{{Percent: 10, Code: 131016}, {Percent: 10, Drop: sandbox.DropReset, Taken: true}, {Percent: 5, Failed: 131049}}
	}, func(w *world) {
		play := func() {
			for i := range 200 {
				w.send(mobile(i), fmt.Sprint("cb", i))
				time.Sleep(10 * time.Millisecond)
			}
			w.settle()
		}
		play()
		if reset {
			time.Sleep(2*time.Hour - time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))%(2*time.Hour))
			w.box.Reset(0)
			w.receiver.bodies = nil
			play()
		}
		r = record{w.box.Ledger(0, 10_000), w.box.People(0, 10_000), slices.Clone(w.receiver.bodies)}
	})
	return r
}

func TestRepeatable(t *testing.T) {
	first := stormyRun(t, 3, false)
	if len(first.Webhooks) == 0 || len(first.Ledger) != 200 || len(first.People) < 150 {
		t.Fatalf("%d webhooks, %d entries, %d people", len(first.Webhooks), len(first.Ledger), len(first.People))
	}
	if diff := cmp.Diff(first, stormyRun(t, 3, false)); diff != "" {
		t.Errorf("one seed, two runs: %s", diff)
	}
	if cmp.Equal(first, stormyRun(t, 4, false)) {
		t.Error("two seeds, one run")
	}
	t.Run("after a reset", func(t *testing.T) {
		again := stormyRun(t, 3, true)
		for i := range again.Ledger {
			again.Ledger[i].At = first.Ledger[i].At
		}
		if diff := cmp.Diff(first.Ledger, again.Ledger); diff != "" {
			t.Error(diff)
		}
		if len(first.Webhooks) != len(again.Webhooks) {
			t.Errorf("%d webhooks, then %d", len(first.Webhooks), len(again.Webhooks))
		}
	})
}

func TestReset(t *testing.T) {
	inBubble(t, func(c *sandbox.Config) { c.HoldFor = -1 }, func(w *world) {
		w.send(reader, "")
		w.send("+5511975500140", "")
		w.make("pedido", "")
		w.upload("text/plain", []byte("x"), "messaging_product", "whatsapp")
		w.call("POST", "/_sandbox/script", `{"rules":[{"code":4}]}`)
		w.call("POST", "/_sandbox/account", `{"code":368}`)
		w.call("POST", "/_sandbox/limits", `{"messages_per_second":1,"tier":"TIER_250"}`)
		if a := w.call("POST", "/_sandbox/reset", `{"seed":9}`); a.body["seed"] != 9. {
			t.Fatalf("answered %s", a.raw)
		}
		w.settle()
		want := sandbox.Summary{Refused: map[int]int{}, Reach: sandbox.Reach{Tier: "TIER_100K"}}
		if diff := cmp.Diff(want, w.box.Summary()); diff != "" {
			t.Error(diff)
		}
		if got := w.receiver.kinds(); got != "" {
			t.Errorf("told %q all the same", got)
		}
		if got := len(w.box.Templates()); got != 8 {
			t.Errorf("%d templates", got)
		}
		for range 3 {
			if a := w.send(reader, ""); a.code() != 0 {
				t.Errorf("answered %s", a.raw)
			}
		}
		w.settle()
		if got := last(w); got.from != sandbox.Fate(9, reader).WAID {
			t.Errorf("told %+v", got)
		}
	})
}

func TestPeople_Pages(t *testing.T) {
	w := newWorld(t, func(c *sandbox.Config) {
		c.Script.Rules = []sandbox.Rule{{Drop: sandbox.DropReset, First: 1, To: []string{"+5511975500012"}}}
	})
	for range 2 {
		w.send("+5511975500010", "")
		w.send("+551175500011", "") // the same person as the next
		w.send("+5511975500011", "")
		w.send("+5511975500012", "")
		w.send("+5511975500300", "")
	}
	var got []string
	after := "0"
	for more := true; more; {
		a := w.call("GET", "/_sandbox/people?limit=2&after="+after, "")
		for _, p := range a.body["people"].([]any) {
			got = append(got, fmt.Sprint(dig(p, "number"), " ", dig(p, "accepted"), " ", dig(p, "refused"), " ", dig(p, "lost"), " ", dig(p, "end")))
		}
		after, more = fmt.Sprint(a.body["after"]), a.body["more"].(bool)
	}
	want := []string{"5511975500010 2 0 0 read", "5511975500011 4 0 0 read", "5511975500012 1 0 1 read", "5511975500300 0 2 0 refused"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if a := w.call("GET", "/_sandbox/people?number=%2B5511975500011", ""); a.body["accepted"] != 4. {
		t.Errorf("one person: %s", a.raw)
	}
	if a := w.call("GET", "/_sandbox/people?number=551175500011", ""); a.body["accepted"] != 4. {
		t.Errorf("one person, other spelling: %s", a.raw)
	}
	for _, bad := range []string{"number=x", "limit=0", "after=-1"} {
		if a := w.call("GET", "/_sandbox/people?"+bad, ""); a.status != 400 {
			t.Errorf("%s answered %d", bad, a.status)
		}
	}
}

func TestDelivery(t *testing.T) {
	t.Run("up to 1,000 in one", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(c *sandbox.Config) { c.Batch, c.Workers = 1000, 1 })
			for i := range 1500 {
				if err := w.box.Tell("x", json.RawMessage(fmt.Sprintf(`{"n":%d}`, i))); err != nil {
					t.Fatal(err)
				}
			}
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			if err := w.box.Run(ctx); err != nil {
				t.Fatal(err)
			}
			var got []int
			for _, body := range w.receiver.bodies {
				got = append(got, len(changesOf(t, body)))
			}
			if diff := cmp.Diff([]int{1000, 500}, got); diff != "" {
				t.Error(diff)
			}
		})
	})
	t.Run("never above 3 MB", func(t *testing.T) {
		inBubble(t, func(c *sandbox.Config) { c.Batch, c.Workers = 1000, 1 }, func(w *world) {
			big, err := json.Marshal(map[string]string{"big": strings.Repeat("x", 20<<10)})
			if err != nil {
				t.Fatal(err)
			}
			for range 300 {
				if err := w.box.Tell("x", big); err != nil {
					t.Fatal(err)
				}
			}
			w.settle()
			all := 0
			for _, body := range w.receiver.bodies {
				if len(body) > 3<<20 {
					t.Errorf("a webhook of %d bytes", len(body))
				}
				all += len(changesOf(t, body))
			}
			if sum := w.box.Summary().Webhooks; all != 300 || sum.Delivered != 300 || sum.Pending != 0 {
				t.Errorf("%d told, %+v", all, sum)
			}
		})
	})
	t.Run("delay", func(t *testing.T) {
		inBubble(t, nil, func(w *world) {
			w.call("POST", "/_sandbox/delivery", `{"delay":"1m"}`)
			began := time.Now()
			w.send(reader, "")
			w.settle()
			if took := w.receiver.at[0].Sub(began); took < time.Minute || took > time.Minute+time.Second {
				t.Errorf("sent was told after %s", took)
			}
			if got := w.receiver.kinds(); got != "sent delivered read" {
				t.Errorf("told %q", got)
			}
		})
	})
	t.Run("all twice", func(t *testing.T) {
		inBubble(t, nil, func(w *world) {
			w.call("POST", "/_sandbox/delivery", `{"twice":100}`)
			w.send(reader, "")
			w.settle()
			if got := len(w.receiver.all()); got != 6 {
				t.Errorf("told %q", w.receiver.kinds())
			}
		})
	})
	t.Run("given up", func(t *testing.T) {
		inBubble(t, func(c *sandbox.Config) { c.RetryMost = time.Hour }, func(w *world) {
			w.receiver.failures = 1 << 30
			w.box.Say(sandbox.Inbound{From: reader, Text: "oi"})
			w.settle()
			n := len(w.receiver.at)
			if took := w.receiver.at[n-1].Sub(w.receiver.at[0]); took < 7*24*time.Hour || took > 7*24*time.Hour+time.Hour {
				t.Errorf("given up after %s", took)
			}
			for i := 2; i < n; i++ {
				if before, gap := w.receiver.at[i-1].Sub(w.receiver.at[i-2]), w.receiver.at[i].Sub(w.receiver.at[i-1]); gap < before {
					t.Fatalf("try %d came after %s, the one before after %s", i, gap, before)
				}
			}
			if sum := w.box.Summary().Webhooks; sum.Failed != 1 || sum.Pending != 0 {
				t.Errorf("%+v", sum)
			}
		})
	})
	t.Run("refused settings", func(t *testing.T) {
		w := newWorld(t, nil)
		for _, bad := range []string{`{"batch":0}`, `{"batch":1001}`, `{"twice":101}`, `{"late":-1}`, `{"delay":"-1s"}`, `{"shape":"v1"}`, `{"x":1}`} {
			if a := w.call("POST", "/_sandbox/delivery", bad); a.status != 400 {
				t.Errorf("%s answered %d", bad, a.status)
			}
		}
	})
}

// GET /_sandbox/ lists what there is, and all of it is there.
func TestControl_Index(t *testing.T) {
	w := newWorld(t, nil)
	index := w.call("GET", "/_sandbox/", "")
	for name := range index.body["get"].(map[string]any) {
		if a := w.call("GET", "/_sandbox/"+name, ""); a.status != 200 {
			t.Errorf("GET %s answered %d %s", name, a.status, a.raw)
		}
	}
	for name := range index.body["post"].(map[string]any) {
		if a := w.call("POST", "/_sandbox/"+name, `{"no such member":1}`); a.status != 400 {
			t.Errorf("POST %s answered %d %s", name, a.status, a.raw)
		}
	}
}
