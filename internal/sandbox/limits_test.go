package sandbox_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"arauto/internal/sandbox"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestLimits_Pair(t *testing.T) {
	inBubble(t, func(c *sandbox.Config) { c.PairLimit = true }, func(w *world) {
		codes := map[int]int{}
		for range 60 {
			codes[w.send(reader, "").code()]++
		}
		if diff := cmp.Diff(map[int]int{0: 45, 131056: 15}, codes); diff != "" {
			t.Error(diff)
		}
		if a := w.send("+5511975500011", ""); a.code() != 0 {
			t.Errorf("another person: %s", a.raw)
		}
		time.Sleep(6 * time.Second)
		if a := w.send(reader, ""); a.code() != 0 {
			t.Errorf("six seconds later: %s", a.raw)
		}
		if a := w.send(reader, ""); a.code() != 131056 {
			t.Errorf("and again: %s", a.raw)
		}
	})
}

// Over any run, one person gets at most 45 messages and one more every six seconds.
func TestLimits_PairNeverExceeded(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		gaps := rapid.SliceOfN(rapid.IntRange(0, 8000), 50, 150).Draw(rt, "gaps")
		problem := ""
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(c *sandbox.Config) { c.PairLimit = true })
			began, taken := time.Now(), 0
			for _, ms := range gaps {
				time.Sleep(time.Duration(ms) * time.Millisecond)
				if w.send(reader, "").code() == 0 {
					taken++
				}
				if most := 45 + int(time.Since(began)/(6*time.Second)); taken > most {
					problem = fmt.Sprintf("%d taken after %s, want %d at most", taken, time.Since(began), most)
				}
			}
		})
		if problem != "" {
			rt.Fatal(problem)
		}
	})
}

func TestLimits_Tier(t *testing.T) {
	tier := func(more func(*sandbox.Config)) func(*sandbox.Config) {
		return func(c *sandbox.Config) {
			c.Tier, c.EnforceTier, c.Pace = "TIER_250", true, 0
			if more != nil {
				more(c)
			}
		}
	}
	fill := func(w *world) {
		w.Helper()
		for i := 0; w.box.Summary().Reach.People < 250; i++ {
			w.send(fmt.Sprintf("+55119700%05d", i), "")
		}
	}
	t.Run("refuse", func(t *testing.T) {
		inBubble(t, tier(nil), func(w *world) {
			if err := w.box.SetLimits(sandbox.Limits{Tier: "TIER_250", EnforceTier: true}); err != nil {
				t.Fatal(err)
			}
			fill(w)
			if a := w.send(reader, ""); a.code() != 131048 {
				t.Errorf("one too many: %s", a.raw)
			}
			if a := w.send("+5511970000000", ""); a.code() != 0 && a.code() != 131026 {
				t.Errorf("somebody who was reached already: %s", a.raw)
			}
			if _, err := w.box.Say(sandbox.Inbound{From: reader, Text: "oi"}); err != nil {
				t.Fatal(err)
			}
			w.settle()
			if a := w.send(reader, ""); a.code() != 0 {
				t.Errorf("somebody who wrote: %s", a.raw)
			}
			time.Sleep(24*time.Hour + time.Second)
			if a := w.send("+5511975500011", ""); a.code() != 0 || w.box.Summary().Reach.People != 1 {
				t.Errorf("a day later: %s, %+v", a.raw, w.box.Summary().Reach)
			}
		})
	})
	t.Run("fail", func(t *testing.T) {
		inBubble(t, tier(nil), func(w *world) {
			if err := w.box.SetLimits(sandbox.Limits{Tier: "TIER_250", EnforceTier: true, Beyond: "fail", BeyondCode: 131049}); err != nil {
				t.Fatal(err)
			}
			fill(w)
			w.send(reader, "")
			w.settle()
			var got []int
			for _, u := range w.receiver.all() {
				if u.from == sandbox.Fate(7, reader).WAID {
					got = append(got, u.code)
				}
			}
			if diff := cmp.Diff([]int{131049}, got); diff != "" {
				t.Error(diff)
			}
		})
	})
	t.Run("accept", func(t *testing.T) {
		inBubble(t, tier(nil), func(w *world) {
			if err := w.box.SetLimits(sandbox.Limits{Tier: "TIER_250", EnforceTier: true, Beyond: "accept"}); err != nil {
				t.Fatal(err)
			}
			fill(w)
			if a := w.send(reader, ""); a.code() != 0 || w.box.Summary().Reach.Beyond != 1 {
				t.Errorf("%s, %+v", a.raw, w.box.Summary().Reach)
			}
		})
	})
	t.Run("numbers share it", func(t *testing.T) {
		inBubble(t, tier(func(c *sandbox.Config) { c.Numbers = []sandbox.Number{{ID: "2", DisplayPhone: "+55 11 4000-5678"}} }), func(w *world) {
			fill(w)
			if a := w.call("POST", "/v25.0/2/messages", offer(reader, "")); a.code() != 131048 {
				t.Errorf("from the other number: %s", a.raw)
			}
		})
	})
}

func TestLimits_Refused(t *testing.T) {
	s := sandbox.New(sandbox.Config{})
	for name, bad := range map[string]sandbox.Limits{
		"tier": {Tier: "TIER_3"}, "rate": {Tier: "TIER_250", MessagesPerSecond: -1}, "beyond": {Tier: "TIER_250", Beyond: "x"},
	} {
		if err := s.SetLimits(bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestNumber_Upgrade(t *testing.T) {
	for shape, current := range map[string]any{sandbox.ShapeV24: nil, sandbox.ShapeV23: "TIER_UNLIMITED"} {
		t.Run(shape, func(t *testing.T) {
			inBubble(t, func(c *sandbox.Config) { c.MessagesPerSecond, c.Conversations = 80, shape == sandbox.ShapeV23 }, func(w *world) {
				if a := w.call("POST", "/_sandbox/number", `{"messages_per_second":1000,"maintenance":"45s","quality":"YELLOW"}`); a.status != 200 {
					t.Fatalf("answered %s", a.raw)
				}
				if a := w.send(reader, ""); a.code() != 131057 {
					t.Errorf("meanwhile: %s", a.raw)
				}
				number := "/v25.0/" + w.cfg.PhoneNumberID + "?fields=throughput,quality_rating,whatsapp_business_manager_messaging_limit"
				if a := w.call("GET", number, ""); dig(a.body, "throughput.level") != "STANDARD" || dig(a.body, "quality_rating") != "YELLOW" {
					t.Errorf("meanwhile: %s", a.raw)
				}
				time.Sleep(46 * time.Second)
				w.settle()
				if a := w.call("GET", number, ""); dig(a.body, "throughput.level") != "HIGH" {
					t.Errorf("afterwards: %s", a.raw)
				}
				codes := map[int]int{}
				for range 200 {
					codes[w.send(reader, "").code()]++
				}
				if codes[0] != 200 {
					t.Errorf("afterwards: %v", codes)
				}
				body := w.event("phone_number_quality_update")
				if dig(body, "event") != "THROUGHPUT_UPGRADE" || dig(body, "display_phone_number") != "551140001234" || dig(body, "current_limit") != current {
					t.Errorf("told %v", body)
				}
			})
		})
	}
	t.Run("downgrade at once", func(t *testing.T) {
		inBubble(t, func(c *sandbox.Config) { c.MessagesPerSecond = 80 }, func(w *world) {
			if err := w.box.ChangeNumber(sandbox.NumberChange{MessagesPerSecond: 20}); err != nil {
				t.Fatal(err)
			}
			w.settle()
			if got := dig(w.event("phone_number_quality_update"), "event"); got != "DOWNGRADE" {
				t.Errorf("told %v", got)
			}
		})
	})
	t.Run("offline", func(t *testing.T) {
		w := newWorld(t, nil)
		if a := w.call("POST", "/_sandbox/number", `{"status":"DISCONNECTED"}`); dig(a.body, "status") != "DISCONNECTED" {
			t.Errorf("answered %s", a.raw)
		}
		if a := w.send(reader, ""); a.code() != 133010 {
			t.Errorf("answered %s", a.raw)
		}
		for _, bad := range []string{`{"id":"7","quality":"RED"}`, `{"quality":"PINK"}`, `{"messages_per_second":-1}`} {
			if a := w.call("POST", "/_sandbox/number", bad); a.status != 400 {
				t.Errorf("%s answered %d", bad, a.status)
			}
		}
	})
}

func TestLimits_NewTierIsTold(t *testing.T) {
	for shape, want := range map[string]map[string]any{
		sandbox.ShapeV24: {"max_daily_conversations_per_business": "TIER_2K", "max_phone_numbers_per_waba": 25.},
		sandbox.ShapeV23: {"max_daily_conversation_per_phone": 2000., "max_phone_numbers_per_waba": 25.},
	} {
		t.Run(shape, func(t *testing.T) {
			inBubble(t, func(c *sandbox.Config) { c.Conversations = shape == sandbox.ShapeV23 }, func(w *world) {
				if a := w.call("POST", "/_sandbox/limits", `{"tier":"TIER_2K"}`); a.status != 200 {
					t.Fatal(a.raw)
				}
				w.settle()
				if diff := cmp.Diff(want, w.event("business_capability_update")); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestNumbers_EachItsOwn(t *testing.T) {
	inBubble(t, func(c *sandbox.Config) {
		c.MessagesPerSecond, c.Batch = 20, 10
		c.Numbers = []sandbox.Number{{ID: "2", DisplayPhone: "+55 11 4000-5678", VerifiedName: "Loja 2"}}
	}, func(w *world) {
		codes := map[int]int{}
		for range 25 {
			codes[w.send(reader, "").code()]++
			codes[w.call("POST", "/v25.0/2/messages", offer("+5511975500020", "")).code()]++
		}
		if diff := cmp.Diff(map[int]int{0: 40, 130429: 10}, codes); diff != "" {
			t.Error(diff)
		}
		w.settle()
		for _, body := range w.receiver.bodies {
			for _, c := range changesOf(t, body) {
				id, to := dig(c, "value.metadata.phone_number_id"), dig(c, "value.messages.0.context.from")
				if from := dig(c, "value.messages.0.from"); from != nil && (id != "2" || to != "551140005678") {
					t.Errorf("a reply to the second number came to %v, in answer to %v", id, to)
				}
			}
		}
		a := w.call("GET", "/v25.0/"+w.cfg.WABAID+"/phone_numbers", "")
		if dig(a.body, "data.1.id") != "2" || dig(a.body, "data.1.verified_name") != "Loja 2" {
			t.Errorf("listed %s", a.raw)
		}
	})
}
