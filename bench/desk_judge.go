package bench

import (
	"slices"
	"time"

	"arauto"
)

// deskRecord is all that is kept of a run: what the database says, and what agents saw.
type deskRecord struct {
	capacity int
	expected []string // the people who wrote, each once
	talks    []deskTalk
	seen     map[int64][]sighting // by conversation, in order
	events   []deskEvent          // without what was given, which talks say
	ended    time.Time
}

type deskTalk struct {
	arauto.Conversation
	turns []arauto.ConversationTurn
}

// sighting is an agent who saw a conversation among theirs.
type sighting struct {
	agent int64
	at    time.Time
}

// deskEvent is a change of how much room agents have, from when there can be more at the earliest.
type deskEvent struct {
	at   time.Time
	room int
}

// findings is what is wrong with a record, and how long each waited, ascending.
type findings struct {
	lost       int // people without a conversation that went all the way
	surplus    int // conversations that nobody's message explains
	twice      int // conversations that had, or were seen by, two agents at a time
	over       int // times that an agent was given one more than they have room for
	unordered  int // turns of agents that the database did not put in order
	unmeasured int // conversations whose wait is not known
	waits      []time.Duration
}

// judge says whether f is as it must be.
func (f findings) judge(v *verdict) {
	v.atMost("conversations lost", float64(f.lost), 0)
	v.atMost("conversations that nobody opened", float64(f.surplus), 0)
	v.atMost("conversations with two agents at a time", float64(f.twice), 0)
	v.atMost("times an agent had more than there is room for", float64(f.over), 0)
	v.atMost("turns of agents without an order", float64(f.unordered), 0)
	v.atMost("waits not measured", float64(f.unmeasured), 0)
	v.atMost("seconds waited with an agent free, 99th percentile", f.wait(0.99).Seconds(), 1)
}

// wait is that quantile; a day when there is none, so that nothing passes that was not measured.
func (f findings) wait(q float64) time.Duration {
	if len(f.waits) == 0 {
		return 24 * time.Hour
	}
	return f.waits[min(len(f.waits)-1, int(q*float64(len(f.waits))))]
}

func (k deskRecord) findings() findings {
	var f findings
	k.people(&f)
	k.agents(&f)
	k.wait(&f)
	return f
}

// people counts by who wrote: one with two conversations does not make up for one with none.
func (k deskRecord) people(f *findings) {
	whole := make(map[string]int, len(k.expected)) // by person: 1 = expected, 2 = there, 3 = went all the way
	for _, key := range k.expected {
		whole[key] = 1
	}
	for _, c := range k.talks {
		switch {
		case whole[c.PersonKey] != 1:
			f.surplus++
			continue
		case k.complete(c):
			whole[c.PersonKey] = 3
		default:
			whole[c.PersonKey] = 2
		}
	}
	for _, far := range whole {
		if far < 3 {
			f.lost++
		}
	}
}

// complete reports whether every turn of a conversation is there, up to its end, and an agent had it.
func (k deskRecord) complete(c deskTalk) bool {
	given := false
	for i, t := range c.turns {
		if t.N != int64(i+1) {
			return false
		}
		given = given || t.State == arauto.ConversationAssigned
	}
	return given && c.State == arauto.ConversationClosed && c.Turns == int64(len(c.turns)) && c.turns[len(c.turns)-1].State == arauto.ConversationClosed
}

// agents goes through what each was given and gave back in the order in which the database wrote it: an agent's row
// is locked while it counts, so no clock is asked.
func (k deskRecord) agents(f *findings) {
	type step struct {
		work int64
		by   int
	}
	steps := map[int64][]step{}
	for _, c := range k.talks {
		holder, doubled := int64(0), false
		for _, t := range c.turns {
			switch {
			case t.State == arauto.ConversationAssigned:
				doubled = doubled || holder != 0
				holder = t.Agent
				steps[holder] = append(steps[holder], step{t.AgentWork, 1})
			case holder != 0:
				steps[holder] = append(steps[holder], step{t.LeftWork, -1})
				holder = 0
			}
		}
		for _, s := range k.seen[c.ID] {
			doubled = doubled || s.agent != k.seen[c.ID][0].agent
		}
		if doubled {
			f.twice++
		}
	}
	for _, list := range steps {
		slices.SortStableFunc(list, func(a, b step) int { return int(a.work - b.work) })
		have := 0
		for i, s := range list {
			if s.work == 0 || i > 0 && s.work == list[i-1].work {
				f.unordered++
			}
			if have += s.by; have > k.capacity && s.by > 0 {
				f.over++
			}
			if have < 0 {
				f.unordered++
			}
		}
		if have != 0 {
			f.over++
		}
	}
}

// wait is how long each waited from the moment at which it was open and somebody had room, until its agent saw it.
// Room that there was all the while counts from when the conversation came.
func (k deskRecord) wait(f *findings) {
	spans := k.spans()
	for _, c := range k.talks {
		seen := k.seen[c.ID]
		at := slices.IndexFunc(spans, func(s span) bool { return s.to.After(c.QueuedAt) })
		if len(seen) == 0 || at < 0 || c.QueuedAt.IsZero() {
			f.unmeasured++
			continue
		}
		from := c.QueuedAt
		if spans[at].from.After(from) {
			from = spans[at].from
		}
		f.waits = append(f.waits, max(0, seen[0].at.Sub(from)))
	}
	slices.Sort(f.waits)
}

type span struct{ from, to time.Time }

// spans is when there was room, in order.
func (k deskRecord) spans() []span {
	events := slices.Clone(k.events)
	for _, c := range k.talks {
		for _, t := range c.turns {
			if t.State == arauto.ConversationAssigned {
				events = append(events, deskEvent{t.At, -1})
			}
		}
	}
	slices.SortStableFunc(events, func(a, b deskEvent) int { return a.at.Compare(b.at) })
	var list []span
	room, from := 0, time.Time{}
	for _, e := range events {
		was := room
		room += e.room
		if was <= 0 && room > 0 {
			from = e.at
		}
		if was > 0 && room <= 0 {
			list = append(list, span{from, e.at})
		}
	}
	if room > 0 {
		list = append(list, span{from, k.ended})
	}
	return list
}
