package arauto_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"arauto"
)

func TestConversation_Total(t *testing.T) {
	refused := map[string]bool{
		"unrouted returned": true, "unrouted assigned": true, "unrouted snoozed": true, "unrouted woke": true, "queued snoozed": true,
		"closed routed": true, "closed assigned": true, "closed snoozed": true,
	}
	for _, s := range arauto.ConversationStates() {
		for _, e := range arauto.ConversationEvents() {
			got, err := arauto.Conversation{State: s}.Apply(arauto.Turn{Event: e, At: base, Queue: 1, Agent: 2})
			if want := refused[string(s)+" "+string(e)]; (err != nil) != want {
				t.Errorf("%s, %s: %v", s, e, err)
			}
			if !slices.Contains(arauto.ConversationStates(), got.State) {
				t.Errorf("%s, %s: %+v", s, e, got)
			}
		}
	}
}

// TestConversation_Lives: it is somebody's exactly while it is assigned or snoozed, waits only in a queue, and what
// is closed stays as it was closed.
func TestConversation_Lives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := arauto.Conversation{State: arauto.ConversationUnrouted}
		now := base
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Second)
			was := c
			turn := arauto.Turn{
				Event: rapid.SampledFrom(arauto.ConversationEvents()).Draw(t, "event"), At: now, Queue: rapid.Int64Range(1, 3).Draw(t, "queue"),
				Agent: rapid.Int64Range(1, 3).Draw(t, "agent"), Until: now.Add(time.Hour), Code: 7,
			}
			next, err := c.Apply(turn)
			if err != nil {
				if next != was {
					t.Fatalf("refused, and changed: %+v, %+v", was, next)
				}
				continue
			}
			c = next
			if (c != was) != (c.Turns == was.Turns+1) {
				t.Fatalf("a turn is not counted: %+v, %+v", was, c)
			}
			held := c.State == arauto.ConversationAssigned || c.State == arauto.ConversationSnoozed
			if c.State != arauto.ConversationClosed && held != (c.Agent != 0) {
				t.Fatalf("%s, and of agent %d", c.State, c.Agent)
			}
			if c.State == arauto.ConversationQueued && (c.Queue == 0 || c.QueuedAt.IsZero()) {
				t.Fatalf("waits nowhere: %+v", c)
			}
			if (c.State == arauto.ConversationSnoozed) != !c.SnoozedUntil.IsZero() {
				t.Fatalf("%+v", c)
			}
			if was.State == arauto.ConversationClosed && c != was {
				t.Fatalf("closed, and changed: %+v, %+v", was, c)
			}
		}
	})
}

func TestConversation_Turns(t *testing.T) {
	at := func(c arauto.Conversation, turns ...arauto.Turn) arauto.Conversation {
		t.Helper()
		for _, turn := range turns {
			var err error
			if c, err = c.Apply(turn); err != nil {
				t.Fatal(err)
			}
		}
		return c
	}
	queued := at(arauto.Conversation{State: arauto.ConversationUnrouted}, arauto.Turn{Event: arauto.ConversationRouted, At: base, Queue: 3, Point: 2})
	assigned := at(queued, arauto.Turn{Event: arauto.ConversationGiven, At: base.Add(time.Second), Agent: 5})
	if back := at(assigned, arauto.Turn{Event: arauto.ConversationReturned, At: base.Add(time.Hour)}); !back.QueuedAt.Equal(base) || back.Former != 0 || back.Agent != 0 {
		t.Errorf("what an agent left behind keeps its place and waits for nobody in particular: %+v", back)
	}
	snoozed := at(assigned, arauto.Turn{Event: arauto.ConversationPutOff, At: base, Until: base.Add(time.Hour)})
	if woke := at(snoozed, arauto.Turn{Event: arauto.ConversationWoke, At: base.Add(time.Hour)}); woke.Former != 5 || woke.Agent != 0 || !woke.QueuedAt.Equal(base.Add(time.Hour)) {
		t.Errorf("who put it off is asked first: %+v", woke)
	}
	if moved := at(assigned, arauto.Turn{Event: arauto.ConversationRouted, At: base.Add(time.Hour), Queue: 9}); moved.RoutingPoint != 2 || moved.Queue != 9 || moved.Former != 0 {
		t.Errorf("handed to another queue: %+v", moved)
	}
}

func TestRoute(t *testing.T) {
	rules := []arauto.RoutingRule{
		{ID: 1, Point: 1, Kind: arauto.RuleDefault},
		{ID: 2, Point: 2, Kind: arauto.RuleSender, Value: "4"},
		{ID: 3, Point: 3, Kind: arauto.RuleKeyword, Value: "BOLETO"},
		{ID: 4, Point: 4, Kind: arauto.RuleKeyword, Value: "segunda via do boleto"},
		{ID: 5, Point: 5, Kind: arauto.RuleCampaign, Value: "12"},
		{ID: 6, Point: 6, Kind: arauto.RuleSource, Value: "120208"},
		{ID: 7, Point: 7, Kind: arauto.RuleButton, Value: "Falar com vendas!"},
	}
	for i := range rules {
		var err error
		if rules[i], err = rules[i].Tidy(); err != nil {
			t.Fatal(err)
		}
	}
	all := arauto.Arrival{Button: "falar com VENDAS", Source: "120208", Campaign: "12", Text: "Preciso da segunda via do boleto, por favor", Sender: "4"}
	for want, spoil := range map[int64]func(*arauto.Arrival){
		7: func(*arauto.Arrival) {},
		6: func(a *arauto.Arrival) { a.Button = "Não" },
		5: func(a *arauto.Arrival) { a.Button, a.Source = "", "1" },
		4: func(a *arauto.Arrival) { a.Button, a.Source, a.Campaign = "", "", "" },
		3: func(a *arauto.Arrival) { a.Button, a.Source, a.Campaign, a.Text = "", "", "", "«Boleto»?" },
		2: func(a *arauto.Arrival) { a.Button, a.Source, a.Campaign, a.Text = "", "", "", "boletos" },
		1: func(a *arauto.Arrival) { *a = arauto.Arrival{} },
	} {
		in := all
		spoil(&in)
		if got, found := arauto.Route(rules, in); !found || got.Point != want {
			t.Errorf("%+v: %v, want %d", in, got, want)
		}
	}
	if _, found := arauto.Route(rules[1:], arauto.Arrival{Text: "oi"}); found {
		t.Error("without a default something fits nothing")
	}
	for _, bad := range []arauto.RoutingRule{{Kind: "moon", Value: "1"}, {Kind: arauto.RuleDefault, Value: "1"}, {Kind: arauto.RuleKeyword}} {
		if _, err := bad.Tidy(); arauto.KindOf(err) != arauto.KindInvalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestClosing_Check(t *testing.T) {
	for name, c := range map[string]struct {
		closing arauto.Closing
		queue   arauto.Queue
		code    arauto.ActivityCode
		subs    bool
		field   string
	}{
		"without a code":      {},
		"one is required":     {queue: arauto.Queue{CodeRequired: true}, field: "activity_code_id"},
		"archived":            {closing: arauto.Closing{Code: 1}, code: arauto.ActivityCode{ID: 1, ArchivedAt: base}, field: "activity_code_id"},
		"a sub-code is meant": {closing: arauto.Closing{Code: 1}, subs: true, field: "activity_code_id"},
		"no moment":           {closing: arauto.Closing{Code: 1}, code: arauto.ActivityCode{ID: 1, Callback: true}, field: "callback_at"},
		"a moment":            {closing: arauto.Closing{Code: 1, CallbackAt: base.Add(time.Hour)}, code: arauto.ActivityCode{ID: 1, Callback: true}},
		"in the past":         {closing: arauto.Closing{CallbackAt: base}, field: "callback_at"},
		"in a year":           {closing: arauto.Closing{CallbackAt: base.AddDate(1, 0, 0)}, field: "callback_at"},
	} {
		err := c.closing.Check(c.queue, c.code, c.subs, base)
		if faultOf(err) != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func faultOf(err error) string {
	if e, ok := errors.AsType[*arauto.Error](err); ok {
		return e.Field
	}
	return ""
}
