package bench

import (
	"bytes"
	"testing"
	"time"

	"arauto"
)

// goodRecord is of two people with one agent who has room for one: the second waits until the first is done.
func goodRecord() deskRecord {
	at := func(ms int) time.Time { return time.UnixMilli(1_700_000_000_000 + int64(ms)).UTC() }
	turns := func(assigned int, from, to int64) []arauto.ConversationTurn {
		return []arauto.ConversationTurn{
			{N: 1, State: arauto.ConversationQueued},
			{N: 2, State: arauto.ConversationAssigned, At: at(assigned), Agent: 7, AgentWork: from},
			{N: 3, State: arauto.ConversationClosed, Agent: 7, LeftWork: to},
		}
	}
	talk := func(id int64, key string, queued int, turns []arauto.ConversationTurn) deskTalk {
		return deskTalk{arauto.Conversation{ID: id, PersonKey: key, State: arauto.ConversationClosed, Turns: 3, QueuedAt: at(queued)}, turns}
	}
	return deskRecord{
		capacity: 1, expected: []string{"5511", "5512"}, ended: at(5000),
		talks:  []deskTalk{talk(1, "5511", 100, turns(200, 2, 4)), talk(2, "5512", 250, turns(1350, 5, 7))},
		seen:   map[int64][]sighting{1: {{7, at(300)}}, 2: {{7, at(1400)}}},
		events: []deskEvent{{at(0), 1}, {at(1300), 1}, {at(2000), 1}},
	}
}

func TestDesk_Findings(t *testing.T) {
	for _, c := range []struct {
		name string
		harm func(*deskRecord)
		miss string
	}{
		{"nothing is wrong", func(*deskRecord) {}, ""},
		{"somebody has no conversation", func(k *deskRecord) { k.talks = k.talks[:1] }, "conversations lost"},
		{"somebody has another's", func(k *deskRecord) { k.talks[1].PersonKey = "5511" }, "conversations lost"},
		{"somebody has two", func(k *deskRecord) { k.expected = k.expected[:1] }, "conversations that nobody opened"},
		{"one is still open", func(k *deskRecord) { k.talks[0].State = arauto.ConversationAssigned }, "conversations lost"},
		{"a turn is missing", func(k *deskRecord) { k.talks[0].turns = k.talks[0].turns[1:] }, "conversations lost"},
		{"the last turn is missing", func(k *deskRecord) { k.talks[0].turns = k.talks[0].turns[:2] }, "conversations lost"},
		{"given to a second while the first has it", func(k *deskRecord) {
			v := &k.talks[0]
			v.turns = append(v.turns[:2:2], arauto.ConversationTurn{N: 3, State: arauto.ConversationAssigned, Agent: 8, AgentWork: 1}, arauto.ConversationTurn{N: 4, State: arauto.ConversationClosed, LeftWork: 2})
			v.Turns = 4
		}, "conversations with two agents at a time"},
		{"seen by two", func(k *deskRecord) { k.seen[1] = append(k.seen[1], sighting{8, k.ended}) }, "conversations with two agents at a time"},
		{"given before the first is back, though the clocks say otherwise", func(k *deskRecord) { k.talks[1].turns[1].AgentWork = 3 }, "times an agent had more than there is room for"},
		{"never given back", func(k *deskRecord) { k.talks[1].turns = k.talks[1].turns[:2] }, "times an agent had more than there is room for"},
		{"an order is not kept", func(k *deskRecord) { k.talks[1].turns[1].AgentWork = 0 }, "turns of agents without an order"},
		{"seen by nobody", func(k *deskRecord) { delete(k.seen, 2) }, "waits not measured"},
		{"a wait of a second and more", func(k *deskRecord) { k.seen[2][0].at = k.seen[2][0].at.Add(time.Second) }, "seconds waited with an agent free, 99th percentile"},
		{"nobody was given anything", func(k *deskRecord) { k.seen = nil }, "seconds waited with an agent free, 99th percentile"},
	} {
		k := goodRecord()
		c.harm(&k)
		v := &verdict{out: &bytes.Buffer{}}
		k.findings().judge(v)
		found := c.miss == "" && len(v.miss) == 0
		for _, m := range v.miss {
			found = found || m == c.miss
		}
		if !found {
			t.Errorf("%s: missed %q, want %q", c.name, v.miss, c.miss)
		}
	}
	if got := goodRecord().findings().waits; len(got) != 2 || got[0] != 100*time.Millisecond || got[1] != 200*time.Millisecond {
		t.Errorf("waits %v", got)
	}
}
