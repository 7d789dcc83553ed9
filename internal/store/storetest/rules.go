package storetest

import (
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

// testRules: a cap holds over campaigns inside the transaction that intends, `why` sees the same, and who was
// put off is asked again once the rules have changed.
func testRules(t *testing.T, s *store.Store) {
	ctx := t.Context()
	p := newPosted(t, s, 5)
	a := p.account.ID
	_, err := s.ChangeRules(ctx, ana(a), base(), a, func(r *arauto.Rules) error {
		r.Caps = []arauto.Cap{{Limit: 1, Days: 1}}
		return nil
	})
	ok(t, err)

	first := p.campaign()
	second, err := s.CreateCampaign(ctx, ana(a), base(), arauto.Campaign{
		Account: a, Sender: first.Sender, Template: first.Template, Name: "outra", Channel: arauto.ChannelWhatsApp,
	})
	ok(t, err)
	var list []arauto.Contact
	for i := range 7 {
		list = append(list, arauto.Contact{PhoneRaw: string(phoneOf(i)), Phone: phoneOf(i), PersonKey: phoneOf(i).PersonKey()})
	}
	_, err = s.AddContacts(ctx, base(), a, second.ID, list)
	ok(t, err)
	_, err = s.ChangeCampaign(ctx, ana(a), base(), a, second.ID, arauto.CampaignStart, "")
	ok(t, err)
	now := base().Add(time.Minute)
	due, err := s.DueContacts(ctx, now, a, second.ID, time.Time{}, 0, 10)
	ok(t, err)
	var candidates []arauto.Candidate
	var ids []int64
	for _, c := range due {
		candidates = append(candidates, arauto.Candidate{Contact: c})
		ids = append(ids, c.ID)
	}
	inputs, err := s.GateInputs(ctx, now, a, ids)
	ok(t, err)
	answers, err := s.Intend(ctx, now, hold(t, s, a, "sender", "n1"), first.Sender, candidates)
	ok(t, err)
	midnight := time.Date(2026, 3, 11, 3, 0, 0, 0, time.UTC) // in São Paulo
	for i, answer := range answers {
		want := arauto.Verdict{Outcome: arauto.Go}
		if i < 5 {
			want = arauto.Verdict{Outcome: arauto.Wait, Reason: arauto.ReasonFrequencyCap, Words: "o limite da conta: 1 / 1 dia", Until: midnight}
		}
		got := answer.Verdict
		got.Until = got.Until.UTC()
		same(t, "the engine's verdict", got, want)
		got = arauto.Decide(inputs[i], now)
		got.Until = got.Until.UTC()
		same(t, "why's verdict", got, want)
	}

	t.Run("who was put off is asked again when rules have changed", func(t *testing.T) {
		n, err := s.Recall(ctx, now, a, first.ID)
		ok(t, err)
		same(t, "of a campaign in which nobody waits", n, 0)
		later := now.Add(time.Minute)
		n, err = s.Recall(ctx, later, a, second.ID)
		ok(t, err)
		same(t, "recalled", n, 5)
		n, err = s.Recall(ctx, later, a, second.ID)
		ok(t, err)
		same(t, "recalled again", n, 0)
		due, err := s.DueContacts(ctx, later, a, second.ID, later.Add(-time.Millisecond), 0, 10)
		ok(t, err)
		same(t, "due at once", len(due), 5)
	})

	t.Run("rules are kept as a whole or not at all", func(t *testing.T) {
		_, err := s.ChangeRules(ctx, ana(a), base(), a, func(r *arauto.Rules) error {
			r.Packs = []arauto.PackRef{{Name: "atlantis", Version: 1}}
			return nil
		})
		refused(t, err, arauto.KindInvalid, "rules.packs[0]")
		_, err = s.ChangeRules(ctx, ana(a), base(), a, func(*arauto.Rules) error { return arauto.Errorf(arauto.KindNotFound, "", "no") })
		refused(t, err, arauto.KindNotFound, "")
		_, err = s.ChangeRules(ctx, ana(a), base(), 999, func(*arauto.Rules) error { return nil })
		refused(t, err, arauto.KindNotFound, "account")
	})

	t.Run("holidays outlive a change of the account", func(t *testing.T) {
		stale, err := s.Account(ctx, a)
		ok(t, err)
		christmas := arauto.Holiday{Date: arauto.Date{Month: time.December, Day: 25}, Region: "BR", Name: "Natal"}
		rules, err := s.ChangeRules(ctx, ana(a), base(), a, func(r *arauto.Rules) error {
			r.Holidays = r.Holidays.With(christmas)
			return nil
		})
		ok(t, err)
		stale.Name = "Casa nova"
		_, err = s.UpdateAccount(ctx, ana(a), base(), stale)
		ok(t, err)
		is, err := s.Account(ctx, a)
		ok(t, err)
		same(t, "rules", is.Rules, rules)
		same(t, "holidays", is.Rules.Holidays, arauto.Holidays{christmas})
		audits, err := s.Audits(ctx, a, 0, 2)
		ok(t, err)
		same(t, "who did it", audits[1].Action+" by "+audits[1].Actor.Name, "account.rules by Ana")
	})
}
