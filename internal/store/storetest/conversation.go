package storetest

import (
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

func testConversation(t *testing.T, s *store.Store) {
	p := newPosted(t, s, 4)
	ctx, a := t.Context(), p.account.ID
	talk := func(i int) arauto.Conversation {
		t.Helper()
		v, err := s.ConversationByUUID(ctx, a, p.contact(i).Conversation)
		ok(t, err)
		return v
	}
	says := func(i int, id string, at time.Duration) {
		t.Helper()
		f := p.typed(i, id, "Oi")
		f.At, f.PhoneNumberID = base().Add(at), p.business.sender.PhoneNumberID
		_, err := s.ApplyFacts(ctx, base().Add(at), p.account, p.business.app.ID, []arauto.Fact{f})
		ok(t, err)
	}
	for i, id := range []string{"wamid.1", "wamid.2", "wamid.3"} {
		says(i, id, time.Minute)
	}
	t.Run("closed by a person", func(t *testing.T) {
		was := talk(0)
		closed, err := s.CloseConversation(ctx, ana(a), base().Add(time.Hour), a, was.UUID)
		ok(t, err)
		if closed.State != arauto.ConversationClosed || !closed.ClosedAt.Equal(base().Add(time.Hour)) {
			t.Errorf("%+v", closed)
		}
		again, err := s.CloseConversation(ctx, ana(a), base().Add(2*time.Hour), a, was.UUID)
		ok(t, err)
		same(t, "closed twice", again, closed)
		same(t, "who did", p.audited("conversation.close")["actor"], "Ana")
		_, err = s.CloseConversation(ctx, ana(a+1), base(), a+1, was.UUID)
		refused(t, err, arauto.KindNotFound, "")
		says(0, "wamid.4", 3*time.Hour)
		list, err := s.Conversations(ctx, a, 0, 10)
		ok(t, err)
		if len(list) != 4 || list[0].State != arauto.ConversationUnrouted || list[0].PersonKey != was.PersonKey {
			t.Errorf("what is written next opens another: %+v", list)
		}
	})
	t.Run("closed by silence", func(t *testing.T) {
		says(1, "wamid.5", 10*time.Hour)
		same(t, "last heard", talk(1).LastAt, base().Add(10*time.Hour))
		n, err := s.CloseSilent(ctx, base().Add(time.Minute+24*time.Hour-time.Millisecond), 10)
		ok(t, err)
		same(t, "too early", n, 0)
		n, err = s.CloseSilent(ctx, base().Add(time.Minute+24*time.Hour), 10)
		ok(t, err)
		same(t, "silent for a day", n, 1)
		same(t, "states", []arauto.ConversationState{talk(1).State, talk(2).State}, []arauto.ConversationState{arauto.ConversationUnrouted, arauto.ConversationClosed})
		same(t, "who did", p.audited("conversation.silent")["closed"], "1")
	})
	t.Run("as the account's rules say", func(t *testing.T) {
		account, err := s.Account(ctx, a)
		ok(t, err)
		for hours, want := range map[int]int64{-1: 0, 100: 0} {
			account.Rules.ConversationIdleHours = hours
			account, err = s.UpdateAccount(ctx, ana(a), base(), account)
			ok(t, err)
			n, err := s.CloseSilent(ctx, base().Add(72*time.Hour), 10)
			ok(t, err)
			same(t, "closed", n, want)
		}
		account.Rules.ConversationIdleHours = 48
		_, err = s.UpdateAccount(ctx, ana(a), base(), account)
		ok(t, err)
		n, err := s.CloseSilent(ctx, base().Add(72*time.Hour), 1)
		ok(t, err)
		same(t, "as many as asked for", n, 1)
	})
}

// testOpenConversation: whom somebody talks to is not interrupted by a campaign that says so, from any sender; by
// another it is.
func testOpenConversation(t *testing.T, s *store.Store) {
	p := newPosted(t, s, 2)
	ctx, a := t.Context(), p.account.ID
	p.facts(p.typed(0, "wamid.1", "Oi"))
	second, err := s.CreateSender(ctx, arauto.System(a), base(), arauto.Sender{Account: a, WABA: p.business.waba.ID, Name: "cobrança", PhoneNumberID: "6002", DisplayPhone: "+5511987654322", Token: "EAAG"})
	ok(t, err)
	try := func(name string, on arauto.OnOpenConversation) []arauto.Verdict {
		t.Helper()
		c, err := s.CreateCampaign(ctx, arauto.System(a), base(), arauto.Campaign{
			Account: a, Sender: second.ID, Template: p.campaign().Template, Name: name, Channel: arauto.ChannelWhatsApp, Policy: arauto.Policy{OnOpenConversation: on},
		})
		ok(t, err)
		var list []arauto.Contact
		for i := range 2 {
			list = append(list, arauto.Contact{Name: "Ana", PhoneRaw: string(phoneOf(i)), Phone: phoneOf(i), PersonKey: phoneOf(i).PersonKey()})
		}
		_, err = s.AddContacts(ctx, base(), a, c.ID, list)
		ok(t, err)
		_, err = s.ChangeCampaign(ctx, arauto.System(a), base(), a, c.ID, arauto.CampaignStart, "")
		ok(t, err)
		now := base().Add(time.Hour)
		due, err := s.DueContacts(ctx, now, a, c.ID, time.Time{}, 0, 10)
		ok(t, err)
		var candidates []arauto.Candidate
		var ids []int64
		for _, contact := range due {
			candidates, ids = append(candidates, arauto.Candidate{Contact: contact}), append(ids, contact.ID)
		}
		looked, err := s.GateInputs(ctx, now, a, ids)
		ok(t, err)
		got, err := s.Intend(ctx, now, hold(t, s, a, "sender 2", "n1"), second.ID, candidates)
		ok(t, err)
		var verdicts []arauto.Verdict
		for _, in := range got {
			verdicts = append(verdicts, in.Verdict)
		}
		same(t, "why says the same of the first", arauto.Decide(looked[0], now), verdicts[0])
		return verdicts
	}
	same(t, "a campaign that says so", try("avisos", arauto.FailOnOpenConversation),
		[]arauto.Verdict{{Outcome: arauto.Fail, Reason: arauto.ReasonOpenConversation}, {Outcome: arauto.Go}})
	_, err = s.CloseConversation(ctx, ana(a), base(), a, p.contact(0).Conversation)
	ok(t, err)
	same(t, "once it is closed", try("depois", arauto.FailOnOpenConversation)[0], arauto.Verdict{Outcome: arauto.Go})
	p.facts(p.typed(0, "wamid.2", "Voltei"))
	p.countsHold()
}
