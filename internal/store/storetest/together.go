package storetest

import (
	"fmt"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

// testTogether applies the same messages one by one of some people and in one call of others: what is there afterwards
// is the same.
func testTogether(t *testing.T, s *store.Store) {
	const each = 6
	m := newTeam(t, s, 2*each, 1, 1)
	ctx, a := t.Context(), m.account.ID
	write := func(from int, apply func(facts []arauto.Fact)) {
		first := m.writes(from, time.Minute)
		given, err := s.AssignWaiting(ctx, base().Add(2*time.Minute), a, 1)
		ok(t, err)
		same(t, "somebody's", given, 1)
		var facts []arauto.Fact
		add := func(i int, id, text string, change func(*arauto.Reply)) {
			if id != "" {
				id = fmt.Sprintf("wamid.T%d.%s", from, id)
			}
			f := m.typed(from+i, id, text)
			f.At, f.PhoneNumberID = base().Add(time.Duration(3+len(facts))*time.Minute), m.business.sender.PhoneNumberID
			if change != nil {
				change(&f.Reply)
			}
			facts = append(facts, f)
		}
		name, user, source := fmt.Sprintf("ana%d", from), fmt.Sprintf("BR.77%d", from), "ad 1"
		add(0, "1", "mais uma", nil)
		add(1, "2", "Oi", nil)
		add(1, "3", "de novo", nil)
		add(1, "3", "de novo", nil)
		add(2, "4", "", func(r *arauto.Reply) { r.Kind, r.Action, r.Context = "button", "Quero", wamidOf(m.sent[from+2]) })
		add(3, "5", "foto", func(r *arauto.Reply) {
			r.Kind, r.Media = "image", arauto.MediaIn{Kind: "image", ID: "9", Type: "image/jpeg"}
		})
		add(3, "6", "SAIR", func(r *arauto.Reply) { r.Username = name })
		add(4, "7", "sou eu", func(r *arauto.Reply) { r.UserID = user })
		add(4, "8", "o mesmo", func(r *arauto.Reply) { r.WAID, r.UserID, r.Username = "", user, name })
		add(4, "", "sem id", nil)
		add(5, "9", "vi o anúncio", func(r *arauto.Reply) { r.Referral = arauto.Referral{SourceID: &source} })
		add(5, "10", "tocado por outra pessoa", func(r *arauto.Reply) { r.Kind, r.Action, r.Ref = "button", "Não", m.sent[from+2].Attempt.Ref() })
		apply(facts)
		_, err = s.SnoozeConversation(ctx, ana(a), base().Add(time.Hour), a, first.ID, base().Add(9*time.Hour))
		ok(t, err)
		facts = nil
		add(0, "11", "voltei", nil)
		add(1, "12", "também", nil)
		apply(facts)
		m.holds()
	}
	apply := func(facts []arauto.Fact) {
		_, err := s.ApplyFacts(ctx, base().Add(30*time.Minute), m.account, m.business.app.ID, facts)
		ok(t, err)
	}
	write(0, func(facts []arauto.Fact) {
		for _, f := range facts {
			apply([]arauto.Fact{f})
		}
	})
	write(each, apply)
	one, all := m.picture(0, each), m.picture(each, each)
	if len(one) != 3*each {
		t.Errorf("%d lines, want %d: %q", len(one), 3*each, one)
	}
	same(t, "together", all, one)
	same(t, "what agents were told", m.agent(1).Work, m.agent(0).Work)
	m.countsHold()
}

// picture is all that there is of some people, without ids.
func (m *team) picture(from, n int) (lines []string) {
	t, ctx, a := m.t, m.t.Context(), m.account.ID
	for i := from; i < from+n; i++ {
		key := m.contact(i).PersonKey
		list, err := m.s.FindConversations(ctx, a, arauto.ConversationFilter{PersonKey: key}, 0, 100)
		ok(t, err)
		line := ""
		for _, c := range list {
			turns, err := m.s.Turns(ctx, a, c.ID, 0, 100)
			ok(t, err)
			messages, err := m.s.Messages(ctx, a, c.ID, 0, 100)
			ok(t, err)
			line += fmt.Sprint(c.State, c.Contact != 0, c.Source, c.LastAt.Sub(base()), c.WindowAt.Sub(base()), len(turns))
			for _, v := range messages {
				line += fmt.Sprint("; ", v.Kind, v.Text, v.Action, v.Attachment != 0, v.At.Sub(base()))
			}
		}
		stops, err := m.s.Suppressions(ctx, a, 0, 10, key)
		ok(t, err)
		c := m.contact(i)
		lines = append(lines, line, fmt.Sprint(len(list), c.State, c.ReplyText, c.ReplyAction, c.Conversation != "", c.RepliedAt.Sub(base())), fmt.Sprint(len(stops)))
	}
	return lines
}
