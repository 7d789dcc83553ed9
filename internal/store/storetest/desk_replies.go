package storetest

import (
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

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
