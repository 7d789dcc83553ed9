package storetest

import (
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

func testConversion(t *testing.T, s *store.Store) {
	p := newPosted(t, s, 4)
	ctx, a := t.Context(), p.account.ID
	code := func(c arauto.ActivityCode) arauto.ActivityCode {
		t.Helper()
		c.Account, c.Name = a, c.Code
		c, err := s.CreateActivityCode(ctx, ana(a), base(), c)
		ok(t, err)
		return c
	}
	sale, other := code(arauto.ActivityCode{Code: "VENDA"}), code(arauto.ActivityCode{Code: "OUTRO"})
	worth := arauto.Money{Currency: arauto.BRL, Micros: 150_000_000}
	rule := arauto.ConversionRule{Account: a, Code: sale.ID, Event: "Purchase", Value: worth}
	ok(t, s.SaveConversionRule(ctx, ana(a), base(), rule))
	sub := code(arauto.ActivityCode{Code: "CARTAO", Parent: sale.ID})
	refused(t, s.SaveConversionRule(ctx, ana(a), base(), arauto.ConversionRule{Account: a, Code: 999, Event: "Purchase", Value: worth}), arauto.KindNotFound, "")
	refused(t, s.SaveConversionRule(ctx, ana(a), base(), arauto.ConversionRule{Account: a, Code: sale.ID, Event: "Lead"}), arauto.KindInvalid, "event")
	rules, err := s.ConversionRules(ctx, a, 0, 10)
	ok(t, err)
	same(t, "rules", rules, []arauto.ConversionRule{rule})

	p.facts(
		p.clicking(0, "wamid.1", time.Minute, ad("120", "AR1")), p.clicking(1, "wamid.2", time.Minute, ad("120", "")), p.clicking(2, "wamid.3", time.Minute, ad("121", "AR3")),
		p.typed(3, "wamid.4", "Oi"),
	)
	closing := func(i int, code int64, after time.Duration) arauto.Conversation {
		t.Helper()
		v, err := s.ConversationByUUID(ctx, a, p.contact(i).Conversation)
		ok(t, err)
		v, err = s.EndConversation(ctx, ana(a), base().Add(after), a, v.ID, arauto.Closing{Code: code})
		ok(t, err)
		return v
	}
	first := closing(0, sub.ID, time.Hour)
	closing(0, sub.ID, 2*time.Hour)
	closing(1, sub.ID, time.Hour)
	closing(2, other.ID, time.Hour)
	closing(3, sub.ID, time.Hour)
	list, err := s.Conversions(ctx, a, "", 0, 10)
	ok(t, err)
	if len(list) != 2 {
		t.Fatalf("%d conversions: %+v", len(list), list)
	}
	told, skipped := list[1], list[0]
	t.Run("of a click, by its code or its main code", func(t *testing.T) {
		same(t, "told", told, arauto.Conversion{
			ID: told.ID, Account: a, Click: 1, Conversation: first.ID, Code: sub.ID, Sender: p.business.sender.ID, Clid: "AR1", Event: "Purchase", Value: worth,
			At: base().Add(time.Hour), ClickedAt: base().Add(time.Minute), State: arauto.ConversionPending, DueAt: base().Add(time.Hour), CreatedAt: base().Add(time.Hour),
		})
		if skipped.State != arauto.ConversionSkipped || skipped.Detail == "" || skipped.DoneAt.IsZero() {
			t.Errorf("%+v", skipped)
		}
	})
	t.Run("once for each click", func(t *testing.T) {
		again := p.clicking(0, "wamid.5", 3*time.Hour, ad("120", "AR1"))
		_, err := s.ApplyFacts(ctx, base().Add(3*time.Hour), p.account, p.business.app.ID, []arauto.Fact{{Kind: again.Kind, At: again.At, PhoneNumberID: p.business.sender.PhoneNumberID, Reply: again.Reply}})
		ok(t, err)
		open, err := s.Conversations(ctx, a, 0, 1)
		ok(t, err)
		_, err = s.EndConversation(ctx, ana(a), base().Add(4*time.Hour), a, open[0].ID, arauto.Closing{Code: sub.ID})
		ok(t, err)
		list, err := s.Conversions(ctx, a, "", 0, 10)
		ok(t, err)
		same(t, "still", len(list), 2)
	})
	t.Run("leaves once, under the fence", func(t *testing.T) {
		lease := hold(t, s, a, "conversions", "n1")
		now := base().Add(time.Hour)
		due, err := s.DueConversions(ctx, now, a, 10)
		ok(t, err)
		same(t, "due", len(due), 1)
		early, err := s.DueConversions(ctx, now.Add(-time.Second), a, 10)
		ok(t, err)
		same(t, "too early", len(early), 0)
		c, err := s.MoveConversion(ctx, now, lease, a, told.ID, arauto.ConversionPosted, 0, "")
		ok(t, err)
		same(t, "leaving", c.State, arauto.ConversionSending)
		_, err = s.MoveConversion(ctx, now, lease, a, told.ID, arauto.ConversionPosted, 0, "")
		refused(t, err, arauto.KindConflict, "state")
		stranded, err := s.StrandedConversions(ctx, a, 10)
		ok(t, err)
		same(t, "stranded", len(stranded), 1)
		c, err = s.MoveConversion(ctx, now, arauto.Lease{}, a, told.ID, arauto.ConversionRefused, 100, "words")
		ok(t, err)
		if c.State != arauto.ConversionFailed || c.ErrorCode != 100 || c.Detail != "words" {
			t.Errorf("%+v", c)
		}
		void := lease
		void.Fence--
		if _, err := s.MoveConversion(ctx, now, void, a, told.ID, arauto.ConversionAgain, 0, ""); err == nil {
			t.Error("an old fence still holds")
		}
		c, err = s.ReplayConversion(ctx, ana(a), now.Add(time.Hour), a, told.ID)
		ok(t, err)
		if c.State != arauto.ConversionPending || !c.DueAt.Equal(now.Add(time.Hour)) || c.Tries != 0 {
			t.Errorf("%+v", c)
		}
		same(t, "who did", p.audited("conversion.replay")["actor"], "Ana")
		_, err = s.ReplayConversion(ctx, ana(a), now, a, skipped.ID)
		refused(t, err, arauto.KindConflict, "state")
		_, err = s.ReplayConversion(ctx, ana(a+1), now, a+1, told.ID)
		refused(t, err, arauto.KindNotFound, "")
	})
	t.Run("listed by state, and as value of the ad", func(t *testing.T) {
		some, err := s.Conversions(ctx, a, arauto.ConversionSkipped, 0, 10)
		ok(t, err)
		same(t, "skipped", len(some), 1)
		sources, err := s.Sources(ctx, a, base(), base().Add(time.Hour), arauto.SourceKey{}, 10)
		ok(t, err)
		same(t, "value", sources[0].Values, []arauto.Money{{Currency: arauto.BRL, Micros: 2 * worth.Micros}})
		rows, err := s.Clicks(ctx, a, arauto.ClickFilter{Source: "121"}, 0, 10)
		ok(t, err)
		same(t, "outcome", rows[0].Activity, "OUTRO")
	})
	ok(t, s.DeleteConversionRule(ctx, ana(a), base(), a, sale.ID))
	refused(t, s.DeleteConversionRule(ctx, ana(a), base(), a, sale.ID), arauto.KindNotFound, "")
	ok(t, s.SaveDataset(ctx, a, p.business.waba.ID, "700"))
	id, err := s.Dataset(ctx, a, p.business.waba.ID)
	ok(t, err)
	none, err := s.Dataset(ctx, a, 99)
	ok(t, err)
	same(t, "datasets", []string{id, none}, []string{"700", ""})
}
