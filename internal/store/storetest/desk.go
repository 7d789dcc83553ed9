package storetest

import (
	"fmt"
	"slices"
	"sync"
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

// testDeskClosing: what an activity code asks for is done with the closing.
func testDeskClosing(t *testing.T, s *store.Store) {
	m := newTeam(t, s, 3, 3)
	ctx, a := t.Context(), m.account.ID
	_, err := s.ChangeQueue(ctx, ana(a), base(), a, m.queue.ID, func(q arauto.Queue) (arauto.Queue, error) {
		q.CodeRequired, q.WrapUp = true, time.Minute
		return q, nil
	})
	ok(t, err)
	code := func(parent int64, c string, more arauto.ActivityCode) arauto.ActivityCode {
		t.Helper()
		more.Account, more.Parent, more.Code, more.Name = a, parent, c, c
		made, err := s.CreateActivityCode(ctx, ana(a), base(), more)
		ok(t, err)
		return made
	}
	sale := code(0, "VENDA", arauto.ActivityCode{})
	card := code(sale.ID, "CARTAO", arauto.ActivityCode{})
	stop := code(0, "NAO LIGAR", arauto.ActivityCode{Suppress: arauto.SuppressMarketing, StopContact: true})
	later := code(0, "RETORNAR", arauto.ActivityCode{Callback: true})
	_, err = s.CreateActivityCode(ctx, ana(a), base(), arauto.ActivityCode{Account: a, Code: "VENDA", Name: "outra"})
	refused(t, err, arauto.KindConflict, "code")
	_, err = s.CreateActivityCode(ctx, ana(a), base(), arauto.ActivityCode{Account: a, Parent: card.ID, Code: "X", Name: "X"})
	refused(t, err, arauto.KindInvalid, "parent_id")
	for i := range 3 {
		m.writes(i, time.Minute)
	}
	same(t, "given", m.assign(base().Add(time.Minute)), 3)
	end := func(i int, how arauto.Closing) (arauto.Conversation, error) {
		list, err := s.FindConversations(ctx, a, arauto.ConversationFilter{PersonKey: phoneOf(i).PersonKey()}, 0, 1)
		ok(t, err)
		return s.EndConversation(ctx, ana(a), base().Add(2*time.Minute), a, list[0].ID, how)
	}
	_, err = end(0, arauto.Closing{})
	refused(t, err, arauto.KindInvalid, "activity_code_id")
	_, err = end(0, arauto.Closing{Code: sale.ID})
	refused(t, err, arauto.KindInvalid, "activity_code_id")
	_, err = end(0, arauto.Closing{Code: 99})
	refused(t, err, arauto.KindNotFound, "")
	closed, err := end(0, arauto.Closing{Code: card.ID})
	ok(t, err)
	same(t, "the sub-code", closed.Code, card.ID)
	same(t, "wrap-up", []any{m.agent(0).State, m.agent(0).UntilAt}, []any{arauto.AgentWrapUp, base().Add(3 * time.Minute)})
	again, err := end(0, arauto.Closing{Code: later.ID})
	ok(t, err)
	same(t, "closed twice", again.Code, card.ID)
	_, err = end(1, arauto.Closing{Code: stop.ID})
	ok(t, err)
	stops, err := s.SuppressionsOf(ctx, a, []string{phoneOf(1).PersonKey()})
	ok(t, err)
	if list := stops[phoneOf(1).PersonKey()]; len(list) != 1 || list[0].Scope != arauto.SuppressMarketing || list[0].Source != "activity_code" {
		t.Errorf("suppressed as the code says: %+v", list)
	}
	_, err = end(2, arauto.Closing{Code: later.ID})
	refused(t, err, arauto.KindInvalid, "callback_at")
	was, err := end(2, arauto.Closing{Code: later.ID, CallbackAt: base().Add(30 * time.Hour), Note: "de manhã"})
	ok(t, err)
	m.holds()
	n, err := s.EndTimers(ctx, base().Add(3*time.Minute), a, 10)
	ok(t, err)
	same(t, "wrap-up is over", []any{n, m.agent(0).State}, []any{1, arauto.AgentAvailable})
	n, err = s.CallBack(ctx, base().Add(30*time.Hour-time.Second), a, 10)
	ok(t, err)
	same(t, "too early", n, 0)
	for _, want := range []int{1, 0} {
		n, err = s.CallBack(ctx, base().Add(30*time.Hour), a, 10)
		ok(t, err)
		same(t, "called back once", n, want)
	}
	list, err := s.FindConversations(ctx, a, arauto.ConversationFilter{PersonKey: phoneOf(2).PersonKey(), Open: true}, 0, 2)
	ok(t, err)
	if len(list) != 1 || list[0].State != arauto.ConversationQueued || list[0].Former != was.Agent || !list[0].WindowAt.Equal(base().Add(time.Minute)) {
		t.Errorf("a new conversation waits, for the same agent first, and knows the window: %+v", list)
	}
	archived, err := s.ChangeActivityCode(ctx, ana(a), base(), a, card.ID, func(c arauto.ActivityCode) (arauto.ActivityCode, error) {
		c.ArchivedAt = base()
		return c, nil
	})
	ok(t, err)
	same(t, "the id stays", archived.ID, card.ID)
}

// testDeskReplies: a reply is posted once, whatever is lost, and what facts say of it is kept.
func testDeskReplies(t *testing.T, s *store.Store) {
	m := newTeam(t, s, 3, 5)
	ctx, a := t.Context(), m.account.ID
	c := m.writes(0, time.Minute)
	m.assign(base().Add(time.Minute))
	say := func(text string, now time.Duration) (arauto.Outgoing, error) {
		return s.Say(ctx, ana(a), base().Add(now), arauto.Outgoing{Account: a, Conversation: c.ID, Agent: m.agents[0].ID, Author: "Agente 1", Text: text}, false)
	}
	open := func(now time.Duration) []arauto.Posting {
		t.Helper()
		list, _, err := s.OpenOutgoing(ctx, base().Add(now), a, 10)
		ok(t, err)
		return list
	}
	one, err := say("Bom dia", 2*time.Minute)
	ok(t, err)
	two, err := say("Em que posso ajudar?", 2*time.Minute)
	ok(t, err)
	same(t, "answered", m.talk(c.ID).AnsweredAt, base().Add(2*time.Minute))
	posting := open(2 * time.Minute)
	if len(posting) != 1 || posting[0].Outgoing.ID != one.ID || posting[0].Message.Text != "Bom dia" || posting[0].Message.Ref != one.Ref() || posting[0].Message.To != phoneOf(0) || posting[0].Sender.Token != "EAAG" {
		t.Fatalf("one after the other, to who wrote: %+v", posting)
	}
	same(t, "never twice", len(open(2*time.Minute)), 0)
	_, err = s.RecordOutgoing(ctx, a, one.ID, arauto.Event{Kind: arauto.EventDeferred, At: base().Add(2 * time.Minute), Due: base().Add(3 * time.Minute)}, arauto.Receipt{})
	ok(t, err)
	same(t, "not before its time", len(open(2*time.Minute+59*time.Second)), 0)
	same(t, "again, for it was certainly refused", open(3 * time.Minute)[0].Outgoing.Tries, 2)
	_, err = s.RecordOutgoing(ctx, a, one.ID, arauto.Event{Kind: arauto.EventAccepted, At: base().Add(3 * time.Minute)}, arauto.Receipt{ProviderID: "wamid.R1"})
	ok(t, err)
	same(t, "then the second", open(3 * time.Minute)[0].Outgoing.ID, two.ID)
	status := func(ref, id string, event arauto.EventKind, number string) arauto.Applied {
		t.Helper()
		f := arauto.Fact{Kind: arauto.FactStatus, At: base().Add(4 * time.Minute), PhoneNumberID: number, Status: arauto.Status{Event: event, ProviderID: id, Ref: ref}}
		got, err := s.ApplyFacts(ctx, base().Add(4*time.Minute), m.account, m.business.app.ID, []arauto.Fact{f})
		ok(t, err)
		return got[0]
	}
	state := func(id int64) arauto.OutgoingState {
		t.Helper()
		list, err := s.OutgoingOf(ctx, a, []int64{id})
		ok(t, err)
		return list[id].State
	}
	number := m.business.sender.PhoneNumberID
	status("", "wamid.R1", arauto.EventRead, number)
	same(t, "by the provider's id", state(one.ID), arauto.OutgoingRead)
	status(two.Ref(), "wamid.R2", arauto.EventDelivered, number)
	same(t, "by the ref, before the answer", state(two.ID), arauto.OutgoingDelivered)
	if got := status("", "wamid.R2", arauto.EventRead, "6999"); !got.Refused {
		t.Errorf("another app's number: %+v", got)
	}
	_, err = s.RecordOutgoing(ctx, a, two.ID, arauto.Event{Kind: arauto.EventLost, At: base().Add(5 * time.Minute)}, arauto.Receipt{})
	ok(t, err)
	same(t, "facts know better", state(two.ID), arauto.OutgoingDelivered)
	if got := status("", "wamid.R3", arauto.EventRead, number); !got.Orphan {
		t.Errorf("nobody's: %+v", got)
	}

	three, err := say("Alô?", 6*time.Minute)
	ok(t, err)
	same(t, "opened", len(open(6*time.Minute)), 1)
	n, err := s.LoseOutgoing(ctx, base().Add(6*time.Minute+arauto.OutgoingAnswer-time.Second), a, 10)
	ok(t, err)
	same(t, "the answer may still come", n, 0)
	_, err = s.LoseOutgoing(ctx, base().Add(6*time.Minute+arauto.OutgoingAnswer), a, 10)
	ok(t, err)
	same(t, "killed in between", state(three.ID), arauto.OutgoingUnknown)
	same(t, "and never posted again", len(open(9*time.Minute)), 0)
	late, err := say("Um momento", 10*time.Minute)
	ok(t, err)
	same(t, "too late to go out", len(open(20*time.Minute)), 0)
	same(t, "expired", state(late.ID), arauto.OutgoingFailed)
	messages, err := s.Messages(ctx, a, c.ID, 0, 10)
	ok(t, err)
	same(t, "both ways in one list", []bool{messages[0].Out, messages[1].Out, messages[4].Out}, []bool{false, true, true})

	t.Run("what may not be said", func(t *testing.T) {
		_, err := say("Oi", 24*time.Hour+time.Minute)
		refused(t, err, arauto.KindConflict, "window")
		f := m.typed(0, "wamid.STOP", "SAIR")
		f.At, f.PhoneNumberID = base().Add(30*time.Minute), number
		_, err = s.ApplyFacts(ctx, base().Add(30*time.Minute), m.account, m.business.app.ID, []arauto.Fact{f})
		ok(t, err)
		_, err = say("Tem certeza?", 31*time.Minute)
		refused(t, err, arauto.KindConflict, "suppression")
		m.writes(0, 32*time.Minute)
		answer, err := say("Claro, está feito.", 33*time.Minute)
		ok(t, err)
		same(t, "what they write afterwards is answered", len(open(33*time.Minute)), 1)
		_, err = s.RecordOutgoing(ctx, a, answer.ID, arauto.Event{Kind: arauto.EventAccepted, At: base()}, arauto.Receipt{ProviderID: "wamid.R9"})
		ok(t, err)
	})
	t.Run("automatic replies", func(t *testing.T) {
		_, err := s.ChangeQueue(ctx, ana(a), base(), a, m.queue.ID, func(q arauto.Queue) (arauto.Queue, error) {
			q.Windows, q.Zone = arauto.Windows{{Days: arauto.EveryDay, From: 0, To: 60}}, "UTC"
			q.AwayText, q.WaitText, q.WaitAfter = "Estamos fechados.", "Já vamos.", 2*time.Minute
			return q, nil
		})
		ok(t, err)
		closed := m.writes(1, time.Hour)
		same(t, "a closed queue gives nothing out", m.assign(base().Add(time.Hour)), 0)
		for _, want := range []int{1, 0} {
			n, err := s.SayByItself(ctx, base().Add(time.Hour), a, 10)
			ok(t, err)
			same(t, "said once", n, want)
		}
		posting := open(time.Hour)
		same(t, "the text", posting[0].Message.Text, "Estamos fechados.")
		same(t, "nobody answered", m.talk(closed.ID).AnsweredAt, time.Time{})
		f := m.typed(2, "wamid.STOP2", "SAIR")
		f.At, f.PhoneNumberID = base().Add(time.Hour), number
		_, err = s.ApplyFacts(ctx, base().Add(time.Hour), m.account, m.business.app.ID, []arauto.Fact{f})
		ok(t, err)
		_, err = s.SayByItself(ctx, base().Add(time.Hour), a, 10)
		ok(t, err)
		same(t, "nothing automatic to who asked to be left alone", len(open(time.Hour)), 0)
		opens := 12*time.Hour + 10*time.Minute // ten past midnight
		n, err := s.SayByItself(ctx, base().Add(opens), a, 10)
		ok(t, err)
		same(t, "who waits long enough is told so", n, 2)
		same(t, "an open queue gives them out", m.assign(base().Add(opens)), 2)
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

// testDeskRace: many assign at once, agents close and vanish, and nobody has more than room for, nothing is lost and
// each conversation has one agent.
func testDeskRace(t *testing.T, s *store.Store) {
	const people, agents = 40, 4
	m := newTeam(t, s, people, 1, 2, 3, 2)
	ctx, a := t.Context(), m.account.ID
	for i := range people {
		m.writes(i, time.Minute)
	}
	var wait sync.WaitGroup
	fail := make(chan error, 100)
	for range 3 {
		wait.Go(func() {
			for range 25 {
				if _, err := s.AssignWaiting(ctx, base().Add(2*time.Minute), a, 5); err != nil {
					fail <- err
				}
			}
		})
	}
	for i := range agents {
		wait.Go(func() {
			for range 8 {
				list, err := s.FindConversations(ctx, a, arauto.ConversationFilter{Agent: m.agents[i].ID, State: arauto.ConversationAssigned}, 0, 2)
				if err != nil {
					fail <- err
				}
				for _, c := range list {
					if _, err := s.EndConversation(ctx, ana(a), base().Add(3*time.Minute), a, c.ID, arauto.Closing{}); err != nil {
						fail <- err
					}
				}
			}
		})
	}
	wait.Go(func() {
		for range 3 {
			for _, event := range []arauto.AgentEvent{arauto.AgentOfflined, arauto.AgentOnlined} {
				if _, err := s.TurnAgent(ctx, ana(a), base().Add(3*time.Minute), a, m.agents[0].ID, arauto.AgentTurn{Event: event}); err != nil {
					fail <- err
				}
			}
		}
	})
	wait.Wait()
	close(fail)
	for err := range fail {
		t.Error(err)
	}
	m.holds()
	all, err := s.FindConversations(ctx, a, arauto.ConversationFilter{}, 0, 1000)
	ok(t, err)
	same(t, "none is lost", len(all), people)
	for _, c := range all {
		turns, err := s.Turns(ctx, a, c.ID, 0, 100)
		ok(t, err)
		for i, v := range turns {
			if v.N != int64(i+1) {
				t.Fatalf("conversation %d: turn %d is numbered %d", c.ID, i+1, v.N)
			}
		}
		last := turns[len(turns)-1]
		if last.State != c.State || last.Agent != c.Agent {
			t.Errorf("conversation %d is %s of %d, and its last turn says %s of %d", c.ID, c.State, c.Agent, last.State, last.Agent)
		}
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
