package storetest

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

func (p posted) rates(list ...arauto.Rate) {
	p.t.Helper()
	ok(p.t, p.s.ReplaceRates(p.t.Context(), ana(p.account.ID), base(), p.account.ID, list))
}

// costs are a campaign's, as kept, which must be as counted.
func (p posted) costs(campaign int64) []arauto.CostLine {
	p.t.Helper()
	kept, err := p.s.Costs(p.t.Context(), p.account.ID, []int64{campaign})
	ok(p.t, err)
	counted, err := p.s.Recost(p.t.Context(), p.account.ID)
	ok(p.t, err)
	same(p.t, "costs as kept", kept[campaign], counted[campaign])
	return kept[campaign]
}

func priced(in arauto.Intended, stage arauto.EventKind, category string, free bool) arauto.Fact {
	return statusFact(arauto.Status{Event: stage, ProviderID: wamidOf(in), Pricing: arauto.Pricing{Category: category, Free: free}})
}

func testRates(t *testing.T, s *store.Store) {
	ctx, a := t.Context(), newAccount(t, s, "a").ID
	list := arauto.Rates{
		{Country: "*", Category: "marketing", Currency: arauto.BRL, Micros: 400_000},
		{Country: "BR", Category: "marketing", Currency: arauto.BRL, Micros: 312_500},
		{Country: "BR", Category: "marketing", Currency: arauto.BRL, Micros: 330_000, ValidFrom: base()},
		{Country: "MX", Category: "utility", Currency: arauto.USD, Micros: 8_500},
	}
	shuffled := slices.Clone(list)
	slices.Reverse(shuffled)
	ok(t, s.ReplaceRates(ctx, ana(a), base(), a, shuffled))
	got, err := s.Rates(ctx, a)
	ok(t, err)
	same(t, "rates", got, list)
	refused(t, s.ReplaceRates(ctx, ana(a), base(), a, []arauto.Rate{list[0], list[0]}), arauto.KindInvalid, "rates[1]")
	ok(t, s.ReplaceRates(ctx, ana(a), base(), a, nil))
	got, err = s.Rates(ctx, a)
	ok(t, err)
	same(t, "none", len(got), 0)
	audits, err := s.Audits(ctx, a, 0, 1)
	ok(t, err)
	same(t, "audit", []string{audits[0].Action, audits[0].Detail}, []string{"rate.replace", `{"had":"4","has":"0"}`})
}

func testCost(t *testing.T, s *store.Store) {
	p := newPosted(t, s, 12)
	campaign := p.campaign().ID
	countries, err := s.Countries(t.Context(), p.account.ID, []int64{campaign})
	ok(t, err)
	same(t, "people by country", countries, map[int64]map[string]int64{campaign: {"BR": 12}})
	p.rates(
		arauto.Rate{Country: "BR", Category: "marketing", Currency: arauto.BRL, Micros: 312_500},
		arauto.Rate{Country: "*", Category: "marketing", Currency: arauto.USD, Micros: 62_500},
	)
	facts := []arauto.Fact{
		priced(p.sent[0], arauto.EventSent, "marketing", false),
		priced(p.sent[0], arauto.EventDelivered, "marketing", false), // again: counted once
		priced(p.sent[1], arauto.EventSent, "", false),               // no price with sent
		priced(p.sent[1], arauto.EventRead, "marketing", false),
		priced(p.sent[2], arauto.EventSent, "marketing", false),
		statusFact(arauto.Status{Event: arauto.EventFailed, ProviderID: wamidOf(p.sent[2]), Reason: arauto.ReasonNotOnWhatsApp}), // nothing is charged
		priced(p.sent[3], arauto.EventDelivered, "service", true),
		priced(p.sent[4], arauto.EventDelivered, "utility", false), // no rate
		priced(p.sent[5], arauto.EventSent, "marketing", false),    // and free when it came
		priced(p.sent[5], arauto.EventDelivered, "marketing", true),
	}
	want := []arauto.CostLine{
		{Billing: arauto.BillingFree, Category: "marketing", Country: "BR", Messages: 1},
		{Billing: arauto.BillingFree, Category: "service", Country: "BR", Messages: 1},
		{Billing: arauto.BillingRegular, Currency: arauto.BRL, Category: "marketing", Country: "BR", Messages: 2, Micros: 625_000},
		{Billing: arauto.BillingRegular, Currency: arauto.USD, Category: "marketing", Country: "BR", Messages: 2, Micros: 125_000},
		{Billing: arauto.BillingUnrated, Currency: arauto.BRL, Category: "utility", Country: "BR", Messages: 1},
		{Billing: arauto.BillingUnrated, Currency: arauto.USD, Category: "utility", Country: "BR", Messages: 1},
	}
	random := rand.New(rand.NewSource(7))
	for range 4 { // the first round counts; the others must change nothing, whatever their order
		random.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
		for rest := facts; len(rest) > 0; {
			n := 1 + random.Intn(len(rest))
			p.facts(rest[:n]...)
			p.costs(campaign)
			rest = rest[n:]
		}
		same(t, "costs", p.costs(campaign), want)
	}
	p.rates()
	p.facts(priced(p.sent[0], arauto.EventRead, "marketing", false))
	same(t, "what was counted stays, whatever becomes of the rates", p.costs(campaign), want)
	p.facts(priced(p.sent[6], arauto.EventSent, "marketing", false))
	if got := p.costs(campaign); got[len(got)-1].Currency != arauto.USD || got[2].Billing != arauto.BillingRegular {
		t.Errorf("got %+v", got)
	}
}

// capped is a campaign with a ceiling, started, with those phones.
func (p posted) capped(ceiling arauto.Money, phones ...arauto.Phone) int64 {
	p.t.Helper()
	ctx, first := p.t.Context(), p.campaign()
	c, err := p.s.CreateCampaign(ctx, arauto.System(p.account.ID), later(), arauto.Campaign{
		Account: p.account.ID, Sender: first.Sender, Template: first.Template, Name: "teto", Channel: arauto.ChannelWhatsApp, Policy: arauto.Policy{Ceiling: ceiling},
	})
	ok(p.t, err)
	p.add(c.ID, phones...)
	_, err = p.s.ChangeCampaign(ctx, arauto.System(p.account.ID), later(), p.account.ID, c.ID, arauto.CampaignStart, "")
	ok(p.t, err)
	return c.ID
}

func (p posted) campaignNow(id int64) arauto.Campaign {
	p.t.Helper()
	c, err := p.s.Campaign(p.t.Context(), p.account.ID, id)
	ok(p.t, err)
	return c
}

func testCeiling(t *testing.T, s *store.Store) {
	p := newPosted(t, s, 1)
	brl := func(micros int64) arauto.Money { return arauto.Money{Currency: arauto.BRL, Micros: micros} }
	p.rates(arauto.Rate{Country: "BR", Category: "marketing", Currency: arauto.BRL, Micros: 300})
	t.Run("pauses and says why", func(t *testing.T) {
		p := p
		p.t = t
		campaign := p.capped(brl(700), phoneOf(1), phoneOf(2), phoneOf(3))
		going := slices.DeleteFunc(p.intend(campaign), func(in arauto.Intended) bool { return in.Verdict.Outcome != arauto.Go })
		c := p.campaignNow(campaign)
		if len(going) != 2 || c.State != arauto.CampaignPaused || c.Cause.Reason != arauto.ReasonCeiling || !strings.Contains(c.Pause, "BRL 0.0007") || !strings.Contains(c.Pause, "BRL 0.0006") {
			t.Errorf("%d went; the campaign is %s: %s", len(going), c.State, c.Pause)
		}
		c.Policy.Ceiling = brl(900)
		_, err := s.UpdateCampaign(t.Context(), ana(p.account.ID), later(), c)
		ok(t, err)
		_, err = s.ChangeCampaign(t.Context(), ana(p.account.ID), later(), p.account.ID, campaign, arauto.CampaignStart, "")
		ok(t, err)
		p.intend(campaign)
		same(t, "what is in flight takes no room twice", p.campaignNow(campaign).State, arauto.CampaignRunning)
		for _, in := range going {
			p.accept(in, in.Contact.Phone.Digits())
		}
		same(t, "raised, it goes on", outcomes(p.intend(campaign)), map[arauto.Phone]arauto.Outcome{phoneOf(3): arauto.Go})
	})
	t.Run("cannot be kept without a rate", func(t *testing.T) {
		p := p
		p.t = t
		campaign := p.capped(brl(700), "+541122223333")
		same(t, "gate", p.intend(campaign)[0].Verdict.Reason, arauto.ReasonCeiling)
		if c := p.campaignNow(campaign); c.State != arauto.CampaignPaused || !strings.Contains(c.Pause, "AR") {
			t.Errorf("%s: %s", c.State, c.Pause)
		}
	})
	for seed := range int64(6) {
		t.Run(fmt.Sprint("never spends more ", seed), func(t *testing.T) {
			p := p
			p.t = t
			testCeilingHolds(t, p, rand.New(rand.NewSource(seed)), int(seed))
		})
	}
}

// testCeilingHolds sends as far as a ceiling lets, with answers and facts in any order, and never sees more set aside
// and spent than the ceiling; what fits is sent.
func testCeilingHolds(t *testing.T, p posted, random *rand.Rand, n int) {
	rates := map[string]int64{"BR": 1 + random.Int63n(500), "CO": 1 + random.Int63n(500)}
	p.rates(
		arauto.Rate{Country: "BR", Category: "marketing", Currency: arauto.BRL, Micros: rates["BR"]},
		arauto.Rate{Country: "CO", Category: "marketing", Currency: arauto.BRL, Micros: rates["CO"]},
	)
	var phones []arauto.Phone
	for i := range 12 {
		phones = append(phones, phoneOf(100+n*20+i), other(1000+n*20+i))
	}
	ceiling := arauto.Money{Currency: arauto.BRL, Micros: 1 + random.Int63n(12*(rates["BR"]+rates["CO"]))}
	campaign := p.capped(ceiling, phones...)
	var flying []arauto.Intended
	var facts []arauto.Fact
	total := func() (sum int64) {
		for _, l := range p.costs(campaign) {
			sum += l.Micros
		}
		return sum
	}
	for round := 0; round < 40; round++ {
		for _, in := range p.intend(campaign) {
			if in.Verdict.Outcome == arauto.Go {
				flying = append(flying, in)
			}
		}
		if sum := total(); sum > ceiling.Micros {
			t.Fatalf("%d of %d", sum, ceiling.Micros)
		}
		for range min(len(flying), 3) {
			in := flying[0]
			flying = flying[1:]
			answer := arauto.Answer{Contact: in.Contact, Attempt: in.Attempt, Receipt: arauto.Receipt{ProviderID: wamidOf(in), WAID: in.Contact.Phone.Digits()}}
			switch random.Intn(4) {
			case 0:
				answer.Event, answer.Receipt = arauto.Event{Kind: arauto.EventRefused, At: later(), Reason: arauto.ReasonRefused}, arauto.Receipt{}
			case 1:
				answer.Event = arauto.Event{Kind: arauto.EventAccepted, At: later()}
				facts = append(facts, statusFact(arauto.Status{Event: arauto.EventFailed, ProviderID: wamidOf(in), Reason: arauto.ReasonRefused}))
			default:
				answer.Event = arauto.Event{Kind: arauto.EventAccepted, At: later()}
				facts = append(facts, priced(in, arauto.EventSent, "marketing", false), priced(in, arauto.EventDelivered, "marketing", random.Intn(3) == 0))
			}
			ok(t, p.s.Record(t.Context(), later(), p.account.ID, []arauto.Answer{answer}))
		}
		random.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
		p.facts(facts...)
		if random.Intn(2) == 0 {
			facts = facts[:len(facts)/2]
		}
		if p.campaignNow(campaign).State == arauto.CampaignPaused {
			_, err := p.s.ChangeCampaign(t.Context(), ana(p.account.ID), later().Add(time.Duration(round)*time.Second), p.account.ID, campaign, arauto.CampaignStart, "")
			ok(t, err)
		}
	}
	if left := ceiling.Micros - total(); p.campaignNow(campaign).State == arauto.CampaignPaused && left >= max(rates["BR"], rates["CO"]) {
		t.Errorf("paused with %d left", left)
	}
}
