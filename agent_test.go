package arauto_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"arauto"
)

// TestAgent_Total: every event is decided in every state.
func TestAgent_Total(t *testing.T) {
	refused := map[string]bool{ // who is not there has no work to be given; a call is taken by who was reserved for it
		"offline paused": true, "offline reserved": true, "offline took": true, "offline filled": true, "available took": true,
		"reserved reserved": true, "reserved filled": true, "busy reserved": true, "wrap_up reserved": true, "wrap_up took": true, "wrap_up filled": true,
		"break reserved": true, "break took": true, "break filled": true,
	}
	for _, s := range arauto.AgentStates() {
		for _, e := range arauto.AgentEvents() {
			was := arauto.Agent{State: s, Capacity: 2}
			got, err := was.Apply(arauto.AgentTurn{Event: e, At: base})
			if want := refused[string(s)+" "+string(e)]; (err != nil) != want {
				t.Errorf("%s, %s: %v", s, e, err)
			}
			if !slices.Contains(arauto.AgentStates(), got.State) || (got.State != s) != (got.Moves == 1) {
				t.Errorf("%s, %s: %+v", s, e, got)
			}
		}
	}
}

// TestAgent_Lives: whatever happens in whatever order, nobody has more chats than room, only who is available is
// given one, and timers run only where there is something to wait for.
func TestAgent_Lives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := arauto.Agent{State: arauto.AgentOffline, Capacity: rapid.IntRange(1, 4).Draw(t, "capacity")}
		now := base
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Second)
			was := a
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				next, err := a.Given(now)
				if (err == nil) != was.Room() {
					t.Fatalf("given to %+v: %v", was, err)
				}
				a = next
			case 1:
				if a.Chats == 0 {
					continue
				}
				next, err := a.Relieved(now, time.Duration(rapid.IntRange(0, 1).Draw(t, "wrap"))*time.Minute)
				if err != nil {
					t.Fatalf("%+v cannot be relieved: %v", was, err)
				}
				a = next
			default:
				event := rapid.SampledFrom([]arauto.AgentEvent{arauto.AgentOnlined, arauto.AgentPaused, arauto.AgentOfflined, arauto.AgentVanished, arauto.AgentWrapped, arauto.AgentHeld, arauto.AgentTook, arauto.AgentReleased}).Draw(t, "event")
				if next, err := a.Apply(arauto.AgentTurn{Event: event, At: now, Until: now.Add(time.Minute), Reason: "almoço"}); err == nil {
					a = next
				}
			}
			if a.Chats > a.Capacity || a.Chats < 0 || a.State == arauto.AgentAvailable && a.Chats == a.Capacity {
				t.Fatalf("%+v after %+v", a, was)
			}
			if !a.UntilAt.IsZero() && a.State != arauto.AgentWrapUp && a.State != arauto.AgentReserved {
				t.Fatalf("a timer without reason: %+v", a)
			}
			if (a.Reason != "") && a.State != arauto.AgentBreak {
				t.Fatalf("a reason without a break: %+v", a)
			}
		}
	})
}

func TestOffers(t *testing.T) {
	agent := func(id int64, idle time.Duration, capacity int, queues ...int64) arauto.Agent {
		return arauto.Agent{ID: id, State: arauto.AgentAvailable, Capacity: capacity, Queues: queues, IdleAt: base.Add(idle)}
	}
	agents := []arauto.Agent{agent(1, 3*time.Second, 2, 1), agent(2, time.Second, 1, 1, 2), agent(3, 2*time.Second, 1, 2), {ID: 4, State: arauto.AgentBreak, Capacity: 9, Queues: []int64{1}}}
	got := arauto.Offers([]arauto.Waiting{{ID: 10, Queue: 1}, {ID: 11, Queue: 1, Former: 1}, {ID: 12, Queue: 2}, {ID: 13, Queue: 1}, {ID: 14, Queue: 1}, {ID: 15, Queue: 3}}, agents, base.Add(time.Minute))
	want := []arauto.Offer{{Conversation: 10, Agent: 2}, {Conversation: 11, Agent: 1}, {Conversation: 12, Agent: 3}, {Conversation: 13, Agent: 1}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if agents[0].Chats != 0 {
		t.Error("who asked finds their agents changed")
	}
}

// TestOffers_Fair: no conversation twice, no agent over capacity or from another queue, and nobody waits while there
// is room for them.
func TestOffers_Fair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var agents []arauto.Agent
		for i := range rapid.IntRange(0, 6).Draw(t, "agents") {
			a := arauto.Agent{
				ID: int64(i + 1), State: rapid.SampledFrom(arauto.AgentStates()).Draw(t, "state"), Capacity: rapid.IntRange(1, 3).Draw(t, "capacity"),
				Queues: rapid.SliceOfNDistinct(rapid.Int64Range(1, 3), 0, 3, rapid.ID).Draw(t, "queues"), IdleAt: base.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "idle")) * time.Second),
			}
			a.Chats = rapid.IntRange(0, a.Capacity).Draw(t, "chats")
			agents = append(agents, a)
		}
		var waiting []arauto.Waiting
		for i := range rapid.IntRange(0, 12).Draw(t, "waiting") {
			waiting = append(waiting, arauto.Waiting{ID: int64(i + 100), Queue: rapid.Int64Range(1, 3).Draw(t, "queue"), Former: rapid.Int64Range(0, 3).Draw(t, "former")})
		}
		given := map[int64]int64{}
		for _, o := range arauto.Offers(waiting, agents, base) {
			if given[o.Conversation] != 0 {
				t.Fatalf("%d is given twice", o.Conversation)
			}
			given[o.Conversation] = o.Agent
			a := &agents[o.Agent-1]
			var err error
			if *a, err = a.Given(base); err != nil {
				t.Fatal(err)
			}
		}
		for _, w := range waiting {
			for _, a := range agents {
				in := slices.Contains(a.Queues, w.Queue)
				if given[w.ID] == a.ID && !in {
					t.Fatalf("%v went to %v", w, a)
				}
				if given[w.ID] == 0 && in && a.Room() {
					t.Fatalf("%v waits and %v has room", w, a)
				}
			}
		}
	})
}
