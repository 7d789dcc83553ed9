package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

// numbers are two senders of one portfolio, each with a campaign of its own.
type numbers struct {
	t         *testing.T
	s         *store.Store
	account   int64
	business  business
	portfolio int64
	senders   [2]arauto.Sender
	campaigns [2]int64
	leases    [2]arauto.Lease
}

func newNumbers(t *testing.T, s *store.Store, change func(*arauto.Sender)) *numbers {
	t.Helper()
	ctx := t.Context()
	n := &numbers{t: t, s: s, account: newAccount(t, s, "a").ID}
	n.business = newBusiness(t, s, n.account)
	n.portfolio = n.business.waba.Portfolio
	_, _, err := s.SaveTemplates(ctx, base(), n.account, n.business.waba.ID, []arauto.Template{{MetaID: "m1", Name: "aviso", Language: "pt_BR", Category: "UTILITY", Status: arauto.TemplateApproved, Body: "Olá"}})
	ok(t, err)
	templates, err := s.Templates(ctx, n.account, 0, 1)
	ok(t, err)
	for i := range n.senders {
		sender := n.business.sender
		if i > 0 {
			sender = arauto.Sender{Account: n.account, WABA: n.business.waba.ID, Name: "suporte", PhoneNumberID: "6009", Token: "t"}
			sender, err = s.CreateSender(ctx, arauto.System(n.account), base(), sender)
			ok(t, err)
		}
		if change != nil {
			change(&sender)
			sender, err = s.UpdateSender(ctx, arauto.System(n.account), base(), n.account, sender.ID, to(sender))
			ok(t, err)
		}
		c, err := s.CreateCampaign(ctx, arauto.System(n.account), base(), arauto.Campaign{
			Account: n.account, Sender: sender.ID, Template: templates[0].ID, Name: fmt.Sprint("campanha ", i), Channel: arauto.ChannelWhatsApp, Standing: true,
		})
		ok(t, err)
		_, err = s.ChangeCampaign(ctx, arauto.System(n.account), base(), n.account, c.ID, arauto.CampaignStart, "")
		ok(t, err)
		n.senders[i], n.campaigns[i] = sender, c.ID
		n.leases[i] = hold(t, s, n.account, fmt.Sprint("sender ", sender.ID), "n1")
	}
	return n
}

// people puts those with the numbers from..to in a campaign.
func (n *numbers) people(i, from, to int) {
	n.t.Helper()
	var list []arauto.Contact
	for k := from; k < to; k++ {
		list = append(list, arauto.Contact{Name: "Ana", PhoneRaw: string(phoneOf(k)), Phone: phoneOf(k), PersonKey: phoneOf(k).PersonKey()})
	}
	_, err := n.s.AddContacts(n.t.Context(), base(), n.account, n.campaigns[i], list)
	ok(n.t, err)
}

func (n *numbers) limit(people int, now time.Time) {
	n.t.Helper()
	_, err := n.s.UpdatePortfolio(n.t.Context(), arauto.System(n.account), now, arauto.Portfolio{Account: n.account, ID: n.portfolio, Limit: people})
	ok(n.t, err)
}

func (n *numbers) used(now time.Time) arauto.Budget {
	n.t.Helper()
	b, err := n.s.Reach(n.t.Context(), now, n.account, n.portfolio)
	ok(n.t, err)
	return b
}

// send has one of the numbers try whoever is due, in small transactions, until none goes. answer is what
// the provider said; it returns who went and the first verdict of those who did not.
func (n *numbers) send(i int, now time.Time, answer arauto.Event) (went []string, held arauto.Verdict) {
	ctx := n.t.Context()
	for {
		due, err := n.s.DueContacts(ctx, now, n.account, n.campaigns[i], time.Time{}, 0, 17)
		if err != nil {
			n.t.Error(err)
			return went, held
		}
		var candidates []arauto.Candidate
		for _, c := range due {
			candidates = append(candidates, arauto.Candidate{Contact: c})
		}
		list, err := n.s.Intend(ctx, now, n.leases[i], n.senders[i].ID, candidates)
		if err != nil {
			n.t.Error(err)
			return went, held
		}
		var answers []arauto.Answer
		for _, in := range list {
			if in.Verdict.Outcome != arauto.Go {
				if held.Outcome == "" {
					held = in.Verdict
				}
				continue
			}
			went = append(went, in.Contact.PersonKey)
			a := arauto.Answer{Contact: in.Contact, Attempt: in.Attempt, Event: answer}
			if answer.Kind == arauto.EventAccepted {
				a.Receipt.ProviderID = wamidOf(in)
			}
			answers = append(answers, a)
		}
		if err := n.s.Record(ctx, now, n.account, answers); err != nil {
			n.t.Error(err)
		}
		if len(answers) == 0 {
			return went, held
		}
	}
}

func accepted(now time.Time) arauto.Event {
	return arauto.Event{Kind: arauto.EventAccepted, At: now}
}

func testReach(t *testing.T, s *store.Store) {
	n := newNumbers(t, s, nil)
	n.limit(250, base())
	n.people(0, 0, 200)
	n.people(1, 150, 400) // fifty of them are in both
	t.Run("two numbers at once spend one budget", func(t *testing.T) {
		var went [2][]string
		var held [2]arauto.Verdict
		var both sync.WaitGroup
		for i := range went {
			both.Go(func() { went[i], held[i] = n.send(i, base(), accepted(base())) })
		}
		both.Wait()
		people := map[string]bool{}
		for _, who := range append(went[0], went[1]...) {
			people[who] = true
		}
		if b := n.used(base()); len(people) != 250 || b.Used != 250 || !b.Spent() {
			t.Fatalf("%d people were reached, %+v", len(people), b)
		}
		back := base().Add(24*time.Hour + arauto.ReachSlot)
		for _, v := range held {
			if v.Outcome != "" && (v.Reason != arauto.ReasonPortfolioBudget || v.Until.Before(base().Add(24*time.Hour)) || v.Until.After(back)) && v.Reason != arauto.ReasonJustContacted {
				t.Fatalf("held by %+v", v)
			}
		}
	})
	t.Run("whoever was reached may be again, and counts once", func(t *testing.T) {
		at := base().Add(23 * time.Hour)
		went, _ := n.send(1, at, accepted(at))
		again, _ := n.send(0, at, accepted(at))
		if b := n.used(at); b.Used != 250 {
			t.Fatalf("%d and %d went, %+v", len(went), len(again), b)
		}
	})
	t.Run("places come back after 24 hours, but not those of people written to since", func(t *testing.T) {
		early, late := base().Add(24*time.Hour-time.Minute), base().Add(24*time.Hour+arauto.ReachSlot)
		if went, _ := n.send(1, early, accepted(early)); len(went) != 0 {
			t.Fatalf("%d went before the 24 hours were over", len(went))
		}
		before := n.used(late)
		one, _ := n.send(0, late, accepted(late))
		two, _ := n.send(1, late, accepted(late))
		if after := n.used(late); after.Used > 250 || after.Used != before.Used+len(one)+len(two) || len(one)+len(two) == 0 {
			t.Fatalf("%d and %d went: %+v, then %+v", len(one), len(two), before, after)
		}
	})
	t.Run("a lower limit holds at once, and without one nobody is held", func(t *testing.T) {
		at := base().Add(24*time.Hour + arauto.ReachSlot)
		n.people(0, 500, 520)
		n.limit(100, at)
		if went, held := n.send(0, at, accepted(at)); len(went) != 0 || held.Reason != arauto.ReasonPortfolioBudget {
			t.Fatalf("%d went, held by %+v", len(went), held)
		}
		n.limit(0, at)
		if went, _ := n.send(0, at, accepted(at)); len(went) < 20 {
			t.Fatalf("%d went without a limit", len(went))
		}
	})
}

func testReachBegins(t *testing.T, s *store.Store) {
	n := newNumbers(t, s, nil)
	n.people(0, 0, 30)
	n.people(1, 20, 40) // ten of them are in both
	n.send(0, base(), accepted(base()))
	at := base().Add(time.Hour)
	n.send(1, at, accepted(at))
	if b := n.used(at); b.Used != 0 {
		t.Fatalf("without a limit %d are counted", b.Used)
	}
	n.limit(250, at)
	if b := n.used(at); b.Used != 40 || b.Limit != 250 {
		t.Fatalf("%+v, want the 40 people of the last day", b)
	}
	n.people(0, 100, 400)
	if went, _ := n.send(0, at, accepted(at)); len(went) != 210 {
		t.Fatalf("%d went, want the 210 that are left", len(went))
	}
	if b := n.used(base().Add(24*time.Hour + arauto.ReachSlot)); b.Used != 230 {
		t.Fatalf("a day after the first %d are counted, want 230", b.Used)
	}
}

func testRampUp(t *testing.T, s *store.Store) {
	n := newNumbers(t, s, func(sender *arauto.Sender) { sender.RampUp = 20 })
	n.people(0, 0, 200)
	n.people(1, 300, 310)
	budget := func(i int, now time.Time) arauto.Budget {
		b, err := s.RampUp(t.Context(), now, n.senders[i])
		ok(t, err)
		return b
	}
	// What the provider puts off did not go.
	if went, _ := n.send(0, base(), arauto.Event{Kind: arauto.EventDeferred, At: base(), Due: base().Add(time.Minute)}); len(went) < 20 || budget(0, base()).Used != 0 {
		t.Fatalf("%d were put off, %+v", len(went), budget(0, base()))
	}
	at := base().Add(time.Hour)
	went, held := n.send(0, at, accepted(at))
	if len(went) != 20 || held.Reason != arauto.ReasonRampUp {
		t.Fatalf("%d went on the first day, held by %+v", len(went), held)
	}
	if went, _ := n.send(1, at, accepted(at)); len(went) != 10 {
		t.Fatalf("the other number sent %d", len(went))
	}
	at = at.Add(25 * time.Hour)
	if went, _ := n.send(0, at, accepted(at)); len(went) != 40 || budget(0, at).Used != 40 {
		t.Fatalf("%d went on the second day, %+v, want 40", len(went), budget(0, at))
	}
}

// testRecordAgain records what the provider put off once more, as after a commit that was not heard of.
func testRecordAgain(t *testing.T, s *store.Store) {
	n := newNumbers(t, s, func(sender *arauto.Sender) { sender.RampUp = 20 })
	n.people(0, 0, 3)
	try := func(now time.Time) (answers []arauto.Answer) {
		due, err := s.DueContacts(t.Context(), now, n.account, n.campaigns[0], time.Time{}, 0, 3)
		ok(t, err)
		for _, c := range due {
			list, err := s.Intend(t.Context(), now, n.leases[0], n.senders[0].ID, []arauto.Candidate{{Contact: c}})
			ok(t, err)
			answers = append(answers, arauto.Answer{Contact: list[0].Contact, Attempt: list[0].Attempt, Event: accepted(now), Receipt: arauto.Receipt{ProviderID: wamidOf(list[0])}})
		}
		return answers
	}
	record := func(now time.Time, answers []arauto.Answer) (list []arauto.Contact, used int) {
		ok(t, s.Record(t.Context(), now, n.account, answers))
		for _, a := range answers {
			row, err := s.Contact(t.Context(), n.account, a.Contact.ID)
			ok(t, err)
			row.UpdatedAt, row.Version = time.Time{}, 0
			list = append(list, row.Contact)
		}
		b, err := s.RampUp(t.Context(), now, n.senders[0])
		ok(t, err)
		return list, b.Used
	}
	now := base()
	for round := range 2 {
		answers := try(now)
		due := now.Add(time.Minute)
		answers[0].Event = arauto.Event{Kind: arauto.EventDeferred, At: now, Due: due}
		answers[1].Event = arauto.Event{Kind: arauto.EventDeferred, At: now, Due: due, Free: round > 0}
		answers[2].Event = arauto.Event{Kind: arauto.EventDeferred, At: now, Due: due, Free: true}
		once, used := record(now, answers)
		twice, usedTwice := record(now, answers)
		same(t, "contacts", twice, once)
		same(t, "attempts", []int{once[0].Attempts, once[1].Attempts, once[2].Attempts}, []int{round + 1, 1, 0})
		same(t, "counted", []int{used, usedTwice}, []int{0, 0})
		now = due
	}
	last := try(now)
	if _, used := record(now, last[:1]); used != 3 {
		t.Fatalf("%d are counted, want 3", used)
	}
	last[1].Event = arauto.Event{Kind: arauto.EventDeferred, At: now, Due: now.Add(time.Minute)}
	for range 2 {
		if _, used := record(now, last[:2]); used != 2 {
			t.Fatalf("%d are counted, want 2", used)
		}
	}
}

func testCapacity(t *testing.T, s *store.Store) {
	n := newNumbers(t, s, nil)
	said := func(f arauto.Fact) {
		t.Helper()
		f.WABA = n.business.waba.MetaID
		account, err := s.Account(t.Context(), n.account)
		ok(t, err)
		_, err = s.ApplyFacts(t.Context(), base(), account, n.business.app.ID, []arauto.Fact{f})
		ok(t, err)
	}
	t.Run("the portfolio's limit", func(t *testing.T) {
		for _, limit := range []int{250, 2000, 2000, 0} {
			said(arauto.Fact{Kind: arauto.FactCapacity, Capacity: arauto.Capacity{People: limit, PeopleSaid: true}})
			if b := n.used(base()); b.Limit != limit {
				t.Fatalf("%+v, want a limit of %d", b, limit)
			}
		}
	})
	t.Run("a number's throughput", func(t *testing.T) {
		said(arauto.Fact{Kind: arauto.FactAccount, Account: arauto.AccountFact{Event: arauto.AccountUpgraded, Phone: "55 11 98765-4321"}})
		for i, want := range []int{arauto.HighRate, arauto.DefaultRate} {
			got, err := s.Sender(t.Context(), n.account, n.senders[i].ID)
			ok(t, err)
			if got.Rate != want {
				t.Errorf("number %d sends %d a second, want %d", i, got.Rate, want)
			}
		}
	})
	t.Run("why says the same", func(t *testing.T) {
		n.limit(1, base())
		n.people(0, 0, 2)
		n.send(0, base(), accepted(base()))
		due, err := s.DueContacts(t.Context(), base(), n.account, n.campaigns[0], time.Time{}, 0, 10)
		ok(t, err)
		if len(due) != 1 {
			t.Fatalf("%d are due", len(due))
		}
		inputs, err := s.GateInputs(t.Context(), base(), n.account, []int64{due[0].ID})
		ok(t, err)
		v := arauto.Decide(inputs[0], base())
		if v.Reason != arauto.ReasonPortfolioBudget || !v.Until.Equal(n.used(base()).FreeAt) {
			t.Fatalf("%+v", v)
		}
	})
}
