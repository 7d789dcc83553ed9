package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

// team is an account with a queue, people who were written to, and agents.
type team struct {
	posted
	queue  arauto.Queue
	point  arauto.RoutingPoint
	agents []arauto.Agent
}

// newTeam has n people, and an agent of each capacity, who are all available.
func newTeam(t *testing.T, s *store.Store, n int, capacities ...int) *team {
	t.Helper()
	m := &team{posted: newPosted(t, s, n)}
	ctx, a := t.Context(), m.account.ID
	var err error
	m.queue, err = s.CreateQueue(ctx, ana(a), base(), arauto.Queue{Account: a, Name: "Vendas"})
	ok(t, err)
	m.point, err = s.CreateRoutingPoint(ctx, ana(a), base(), arauto.RoutingPoint{Account: a, Name: "Entrada", Queue: m.queue.ID})
	ok(t, err)
	_, err = s.AddRoutingRule(ctx, ana(a), base(), arauto.RoutingRule{Account: a, Point: m.point.ID, Kind: arauto.RuleDefault})
	ok(t, err)
	for i, c := range capacities {
		agent, err := s.CreateAgent(ctx, ana(a), base(), arauto.Agent{Account: a, Name: fmt.Sprintf("Agente %d", i+1), Capacity: c, Queues: []int64{m.queue.ID}})
		ok(t, err)
		m.agents = append(m.agents, agent)
		m.turn(i, base().Add(time.Duration(i)*time.Second), arauto.AgentOnlined)
	}
	return m
}

func (m *team) turn(i int, now time.Time, event arauto.AgentEvent) arauto.Agent {
	m.t.Helper()
	a, err := m.s.TurnAgent(m.t.Context(), ana(m.account.ID), now, m.account.ID, m.agents[i].ID, arauto.AgentTurn{Event: event, Reason: "almoço"})
	ok(m.t, err)
	return a
}

func (m *team) agent(i int) arauto.Agent {
	m.t.Helper()
	a, err := m.s.Agent(m.t.Context(), m.account.ID, m.agents[i].ID)
	ok(m.t, err)
	return a
}

// writes has person i write at that moment, and returns the conversation.
func (m *team) writes(i int, after time.Duration) arauto.Conversation {
	m.t.Helper()
	f := m.typed(i, fmt.Sprintf("wamid.IN%d.%d", i, after), "Oi")
	f.At, f.PhoneNumberID = base().Add(after), m.business.sender.PhoneNumberID
	_, err := m.s.ApplyFacts(m.t.Context(), base().Add(after), m.account, m.business.app.ID, []arauto.Fact{f})
	ok(m.t, err)
	list, err := m.s.FindConversations(m.t.Context(), m.account.ID, arauto.ConversationFilter{PersonKey: phoneOf(i).PersonKey()}, 0, 1)
	ok(m.t, err)
	return list[0]
}

func (m *team) talk(id int64) arauto.Conversation {
	m.t.Helper()
	c, err := m.s.ConversationByID(m.t.Context(), m.account.ID, id)
	ok(m.t, err)
	return c
}

func (m *team) assign(now time.Time) int {
	m.t.Helper()
	n, err := m.s.AssignWaiting(m.t.Context(), now, m.account.ID, 100)
	ok(m.t, err)
	return n
}

// holds checks that what agents have is what conversations say, and that nobody has more than room for.
func (m *team) holds() {
	m.t.Helper()
	list, err := m.s.FindConversations(m.t.Context(), m.account.ID, arauto.ConversationFilter{State: arauto.ConversationAssigned}, 0, 1000)
	ok(m.t, err)
	have := map[int64]int{}
	for _, c := range list {
		have[c.Agent]++
	}
	agents, err := m.s.Agents(m.t.Context(), m.account.ID, 0, 1000)
	ok(m.t, err)
	for _, a := range agents {
		if have[a.ID] != a.Chats || a.Chats > a.Capacity {
			m.t.Errorf("agent %d has %d conversations, and counts %d of %d", a.ID, have[a.ID], a.Chats, a.Capacity)
		}
	}
}

func testDesk(t *testing.T, s *store.Store) {
	m := newTeam(t, s, 5, 1, 2)
	ctx, a := t.Context(), m.account.ID
	first := m.writes(0, time.Minute)
	same(t, "routed as it opens", []any{first.State, first.Queue, first.RoutingPoint, first.QueuedAt}, []any{arauto.ConversationQueued, m.queue.ID, m.point.ID, base().Add(time.Minute)})
	same(t, "its window", first.WindowEnds(), base().Add(time.Minute+24*time.Hour))
	second, third, fourth := m.writes(1, 2*time.Minute), m.writes(2, 3*time.Minute), m.writes(3, 4*time.Minute)
	same(t, "given", m.assign(base().Add(5*time.Minute)), 3)
	same(t, "who waits longest first, then as there is room", []int64{m.talk(first.ID).Agent, m.talk(second.ID).Agent, m.talk(third.ID).Agent, m.talk(fourth.ID).Agent},
		[]int64{m.agents[0].ID, m.agents[1].ID, m.agents[1].ID, 0})
	same(t, "both are full", []arauto.AgentState{m.agent(0).State, m.agent(1).State}, []arauto.AgentState{arauto.AgentBusy, arauto.AgentBusy})
	same(t, "nobody else", m.assign(base().Add(5*time.Minute)), 0)
	m.holds()
	t.Run("closing makes room", func(t *testing.T) {
		_, err := s.EndConversation(ctx, ana(a), base().Add(6*time.Minute), a, second.ID, arauto.Closing{Note: "resolvido"})
		ok(t, err)
		same(t, "the next", m.assign(base().Add(6*time.Minute)), 1)
		same(t, "whose", m.talk(fourth.ID).Agent, m.agents[1].ID)
		notes, err := s.Notes(ctx, a, second.ID, 0, 10)
		ok(t, err)
		same(t, "the note", notes[0].Text, "resolvido")
		m.holds()
	})
	t.Run("transfer", func(t *testing.T) {
		_, err := s.GiveConversation(ctx, ana(a), base().Add(7*time.Minute), a, third.ID, m.agents[0].ID)
		refused(t, err, arauto.KindConflict, "agent_id")
		_, err = s.EndConversation(ctx, ana(a), base().Add(7*time.Minute), a, first.ID, arauto.Closing{})
		ok(t, err)
		_, err = s.GiveConversation(ctx, ana(a), base().Add(8*time.Minute), a, third.ID, m.agents[0].ID)
		ok(t, err)
		m.holds()
		moved, err := s.RouteConversation(ctx, ana(a), base().Add(9*time.Minute), a, third.ID, m.queue.ID)
		ok(t, err)
		same(t, "back in a queue", []any{moved.State, moved.Agent}, []any{arauto.ConversationQueued, int64(0)})
		m.holds()
		same(t, "and given again", m.assign(base().Add(9*time.Minute)), 1)
		turns, err := s.Turns(ctx, a, third.ID, 0, 10)
		ok(t, err)
		var events []string
		for _, v := range turns {
			events = append(events, string(v.Event))
		}
		same(t, "every turn is kept", events, []string{"routed", "assigned", "assigned", "routed", "assigned"})
		for i, v := range turns {
			same(t, fmt.Sprintf("turn %d names the counts of those who had it and have it", i+1), []bool{v.LeftWork > 0, v.AgentWork > 0},
				[]bool{i == 2 || i == 3, v.State == arauto.ConversationAssigned})
		}
	})
	t.Run("snooze", func(t *testing.T) {
		was := m.talk(third.ID)
		_, err := s.SnoozeConversation(ctx, ana(a), base().Add(10*time.Minute), a, third.ID, base().Add(time.Hour))
		ok(t, err)
		m.holds()
		n, err := s.WakeSnoozed(ctx, base().Add(time.Hour-time.Second), a, 10)
		ok(t, err)
		same(t, "too early", n, 0)
		n, err = s.WakeSnoozed(ctx, base().Add(time.Hour), a, 10)
		ok(t, err)
		same(t, "in time", n, 1)
		same(t, "who had it is asked first", m.talk(third.ID).Former, was.Agent)
		same(t, "given", m.assign(base().Add(time.Hour)), 1)
		same(t, "to whom", m.talk(third.ID).Agent, was.Agent)
		_, err = s.SnoozeConversation(ctx, ana(a), base().Add(2*time.Hour), a, third.ID, base().Add(9*time.Hour))
		ok(t, err)
		same(t, "what the person writes wakes it", m.writes(2, 3*time.Hour).State, arauto.ConversationQueued)
		m.assign(base().Add(3 * time.Hour))
		m.holds()
	})
	t.Run("who vanishes leaves what they have", func(t *testing.T) {
		agent := m.agent(1)
		n, err := s.VanishAgents(ctx, base().Add(4*time.Hour), a, base().Add(4*time.Hour-arauto.PresenceKept), 10)
		ok(t, err)
		same(t, "vanished", n, 2)
		same(t, "is gone", []any{m.agent(1).State, m.agent(1).Chats}, []any{arauto.AgentOffline, 0})
		waiting, err := s.FindConversations(ctx, a, arauto.ConversationFilter{State: arauto.ConversationQueued}, 0, 10)
		ok(t, err)
		if len(waiting) != 2 || slices.ContainsFunc(waiting, func(c arauto.Conversation) bool { return c.QueuedAt.After(base().Add(3 * time.Hour)) }) {
			t.Errorf("they keep their places: %+v", waiting)
		}
		moves, err := s.AgentMoves(ctx, a, agent.ID, 0, 1)
		ok(t, err)
		same(t, "the move", []any{moves[0].Event, moves[0].To}, []any{arauto.AgentVanished, arauto.AgentOffline})
		m.holds()
	})
	t.Run("strangers", func(t *testing.T) {
		_, err := s.EndConversation(ctx, ana(a+1), base(), a+1, third.ID, arauto.Closing{})
		refused(t, err, arauto.KindNotFound, "")
		_, err = s.Agent(ctx, a+1, m.agents[0].ID)
		refused(t, err, arauto.KindNotFound, "")
		list, err := s.FindConversations(ctx, a+1, arauto.ConversationFilter{Seat: &m.agents[0]}, 0, 10)
		ok(t, err)
		same(t, "another account's", len(list), 0)
	})
}

// testDeskErased: who is to be forgotten is not answered any more, not even with what waited, unless they write again.
func testDeskErased(t *testing.T, s *store.Store) {
	m := newTeam(t, s, 1, 5)
	ctx, a := t.Context(), m.account.ID
	c := m.writes(0, time.Minute)
	say := func(now time.Duration) (arauto.Outgoing, error) {
		return s.Say(ctx, ana(a), base().Add(now), arauto.Outgoing{Account: a, Conversation: c.ID, Author: "Ana", Text: "Bom dia"}, false)
	}
	waits, err := say(2 * time.Minute)
	ok(t, err)
	j, err := s.QueueErasure(ctx, ana(a), base().Add(3*time.Minute), a, phoneOf(0).PersonKey(), "asked for")
	ok(t, err)
	posting, _, err := s.OpenOutgoing(ctx, base().Add(3*time.Minute), a, 10)
	ok(t, err)
	list, err := s.OutgoingOf(ctx, a, []int64{waits.ID})
	ok(t, err)
	if len(posting) != 0 || list[waits.ID].State != arauto.OutgoingFailed {
		t.Errorf("%d are posted; what waited is %s", len(posting), list[waits.ID].State)
	}
	_, err = say(4 * time.Minute)
	refused(t, err, arauto.KindConflict, "suppression")

	l := hold(t, s, a, "job", "n")
	j, err = s.StartJob(ctx, base().Add(5*time.Minute), l, j)
	ok(t, err)
	e, err := s.PlanErasure(ctx, l, j)
	ok(t, err)
	_, err = s.EraseRows(ctx, base().Add(5*time.Minute), l, j, e)
	ok(t, err)
	is, err := s.ConversationByUUID(ctx, a, c.UUID)
	ok(t, err)
	if is.State != arauto.ConversationClosed || is.CloseReason != "erasure" {
		t.Errorf("the conversation of who was erased is %s (%s)", is.State, is.CloseReason)
	}
}

func testDeskFiles(t *testing.T, s *store.Store) {
	m := newTeam(t, s, 1, 1)
	ctx, a := t.Context(), m.account.ID
	f := m.typed(0, "wamid.VOICE", "")
	f.At, f.PhoneNumberID = base().Add(time.Minute), m.business.sender.PhoneNumberID
	f.Reply.Kind, f.Reply.Media = "audio", arauto.MediaIn{Kind: "audio", ID: "1002003004005", Type: "audio/ogg; codecs=opus"}
	_, err := s.ApplyFacts(ctx, base().Add(time.Minute), m.account, m.business.app.ID, []arauto.Fact{f})
	ok(t, err)
	take := func(now time.Duration) []arauto.Attachment {
		t.Helper()
		list, err := s.TakeAttachments(ctx, base().Add(now), a, 10)
		ok(t, err)
		return list
	}
	list := take(time.Minute)
	if len(list) != 1 || list[0].Address != "1002003004005" || list[0].Kind != "audio" || list[0].Sender != m.business.sender.ID || list[0].Tries != 1 {
		t.Fatalf("%+v", list)
	}
	same(t, "somebody's alone", len(take(2*time.Minute)), 0)
	same(t, "who did not report has it taken", len(take(10*time.Minute)), 1)
	got := list[0]
	got.State, got.Type, got.Size, got.Blob, got.FetchedAt = arauto.AttachmentHere, "audio/ogg", 12, "1/attachment/x", base().Add(time.Hour)
	kept, err := s.Fetched(ctx, got)
	ok(t, err)
	got.State = arauto.AttachmentGone
	again, err := s.Fetched(ctx, got)
	ok(t, err)
	same(t, "the first decides", []bool{kept, again}, []bool{true, false})
	same(t, "fetched once", len(take(100*time.Hour)), 0)
	read, err := s.Attachment(ctx, a, got.UUID)
	ok(t, err)
	same(t, "is here", []any{read.State, read.Blob}, []any{arauto.AttachmentHere, "1/attachment/x"})
	_, err = s.Attachment(ctx, a+1, got.UUID)
	refused(t, err, arauto.KindNotFound, "")
}
