package storetest

import (
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

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
