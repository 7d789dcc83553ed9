package storetest

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

// house is an account with two WABAs: "one" and "two" are numbers of the first, "far" of the second. Each
// campaign is named after its number and its template.
type house struct {
	t         *testing.T
	s         *store.Store
	account   arauto.Account
	business  business
	senders   map[string]arauto.Sender
	campaigns map[string]arauto.Campaign
	heard     *[]arauto.Halted
}

func newHouse(t *testing.T, s *store.Store) house {
	t.Helper()
	ctx := t.Context()
	h := house{t: t, s: s, account: newAccount(t, s, "a"), senders: map[string]arauto.Sender{}, campaigns: map[string]arauto.Campaign{}, heard: &[]arauto.Halted{}}
	s.OnHalt(func(one arauto.Halted) { *h.heard = append(*h.heard, one) })
	a := h.account.ID
	h.business = newBusiness(t, s, a)
	far, err := s.SaveWABA(ctx, arauto.System(a), base(), arauto.WABA{Account: a, App: h.business.app.ID, MetaID: "8002"}, "9001")
	ok(t, err)
	h.senders["one"] = h.business.sender
	for name, waba := range map[string]int64{"two": h.business.waba.ID, "far": far.ID} {
		h.senders[name], err = s.CreateSender(ctx, arauto.System(a), base(), arauto.Sender{Account: a, WABA: waba, Name: name, PhoneNumberID: "77" + name, DisplayPhone: "+5511987650000"})
		ok(t, err)
	}
	for _, waba := range []int64{h.business.waba.ID, far.ID} {
		_, _, err = s.SaveTemplates(ctx, base(), a, waba, []arauto.Template{
			{MetaID: "m1", Name: "aviso", Language: "pt_BR", Category: "UTILITY", Status: arauto.TemplateApproved, Body: "Olá"},
			{MetaID: "m2", Name: "oferta", Language: "pt_BR", Category: "MARKETING", Status: arauto.TemplateApproved, Body: "Olá"},
		})
		ok(t, err)
	}
	templates, err := s.Templates(ctx, a, 0, 10)
	ok(t, err)
	for name, sender := range h.senders {
		for _, template := range templates {
			if template.WABA != sender.WABA {
				continue
			}
			c, err := s.CreateCampaign(ctx, arauto.System(a), base(), arauto.Campaign{
				Account: a, Sender: sender.ID, Template: template.ID, Name: name + " " + template.Name, Channel: arauto.ChannelWhatsApp, Standing: true,
			})
			ok(t, err)
			h.campaigns[c.Name], err = s.ChangeCampaign(ctx, arauto.System(a), base(), a, c.ID, arauto.CampaignStart, "")
			ok(t, err)
		}
	}
	return h
}

func (h house) halt(now time.Time, e arauto.SendError, campaign string) {
	h.t.Helper()
	c := h.campaigns[campaign]
	ok(h.t, h.s.Halt(h.t.Context(), now, h.account.ID, e.Halt(c.Sender, c.ID)))
}

// still lists what does not send, in order.
func (h house) still() (list []string) {
	h.t.Helper()
	for name := range h.senders {
		if h.sender(name).Pause != "" {
			list = append(list, name)
		}
	}
	for name, was := range h.campaigns {
		c, err := h.s.Campaign(h.t.Context(), h.account.ID, was.ID)
		ok(h.t, err)
		if c.State == arauto.CampaignPaused {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

func (h house) sender(name string) arauto.Sender {
	h.t.Helper()
	n, err := h.s.Sender(h.t.Context(), h.account.ID, h.senders[name].ID)
	ok(h.t, err)
	return n
}

func (h house) tend(now time.Time) {
	h.t.Helper()
	_, _, err := h.s.TendCampaigns(h.t.Context(), now)
	ok(h.t, err)
}

func (h house) fact(now time.Time, f arauto.Fact) {
	h.t.Helper()
	if f.WABA == "" {
		f.WABA = "8001"
	}
	if f.At.IsZero() {
		f.At = now
	}
	done, err := h.s.ApplyFacts(h.t.Context(), now, h.account, h.business.app.ID, []arauto.Fact{f})
	ok(h.t, err)
	if done[0].Refused {
		h.t.Fatalf("refused: %+v", done[0])
	}
}

func testPauseScopes(t *testing.T, s *store.Store) {
	h := newHouse(t, s)
	for _, c := range []struct {
		name string
		e    arauto.SendError
		want []string
	}{
		{"a campaign", arauto.SendError{Code: 1, Reason: arauto.ReasonRefused, Scope: arauto.ScopeCampaign, After: 60}, []string{"one oferta"}},
		{"a template, and so what else sends it", arauto.SendError{Code: 2, Reason: arauto.ReasonTemplatePaused, Scope: arauto.ScopeTemplate, After: 60}, []string{"one oferta", "two oferta"}},
		{"a sender", arauto.SendError{Code: 3, Reason: arauto.ReasonSenderTrouble, Scope: arauto.ScopeSender, After: 60}, []string{"one"}},
		{"a WABA, and so its senders", arauto.SendError{Code: 4, Reason: arauto.ReasonAccountTrouble, Scope: arauto.ScopeWABA, After: 60}, []string{"one", "two"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			*h.heard = nil
			h.halt(base(), c.e, "one oferta")
			h.halt(base().Add(time.Second), c.e, "one oferta") // what is paused keeps its cause
			same(t, "what stands still", h.still(), c.want)
			h.tend(base().Add(59 * time.Second))
			same(t, "before the minute is over", h.still(), c.want)
			h.tend(base().Add(60 * time.Second))
			same(t, "after it", h.still(), nil)
			if len(*h.heard) < 2 || (*h.heard)[0] != (arauto.Halted{Scope: c.e.Scope, Reason: c.e.Reason, Code: c.e.Code}) || !(*h.heard)[len(*h.heard)-1].Resumed {
				t.Errorf("heard %+v", *h.heard)
			}
		})
	}
	log, err := s.Audits(t.Context(), h.account.ID, 0, 8)
	ok(t, err)
	for _, entry := range log {
		if entry.Actor.Name != "system" || entry.Detail == "{}" {
			t.Errorf("not told: %+v", entry)
		}
	}
}

func testPauseCause(t *testing.T, s *store.Store) {
	h := newHouse(t, s)
	token := arauto.SendError{Code: 190, Reason: arauto.ReasonSenderTrouble, Scope: arauto.ScopeSender, Detail: "expired"}
	h.halt(base(), token, "one aviso")
	n := h.sender("one")
	same(t, "cause", n.Cause, arauto.Cause{Code: 190, Reason: arauto.ReasonSenderTrouble, Since: base()})
	same(t, "words", n.Pause, "Meta (190): O número de WhatsApp não pode enviar: verifique-o na Meta: expired")
	h.tend(base().AddDate(1, 0, 0))
	same(t, "after a year", h.still(), []string{"one"})
	n.Pause = ""
	n, err := s.UpdateSender(t.Context(), arauto.System(h.account.ID), base().Add(time.Hour), h.account.ID, n.ID, to(n))
	ok(t, err)
	same(t, "once a person resumed it", n.Cause, arauto.Cause{})

	t.Run("a rest that comes back is longer", func(t *testing.T) {
		busy := arauto.SendError{Code: 80007, Reason: arauto.ReasonTooFast, Scope: arauto.ScopeWABA, After: 60}
		now := base().Add(2 * time.Hour)
		for _, rest := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
			h.halt(now, busy, "one aviso")
			same(t, "rest", h.sender("two").Cause.Until.Sub(now), rest)
			now = now.Add(rest)
			h.tend(now)
			same(t, "after the rest", h.still(), nil)
			now = now.Add(time.Second)
		}
	})
}

func testPauseWABA(t *testing.T, s *store.Store) {
	h := newHouse(t, s)
	ctx, a, now := t.Context(), h.account.ID, base().Add(time.Hour)
	actor := ana(a)
	own := h.sender("one")
	own.Pause = "férias"
	_, err := s.UpdateSender(ctx, actor, now, a, own.ID, to(own))
	ok(t, err)
	h.halt(now, arauto.SendError{Code: 131042, Reason: arauto.ReasonAccountTrouble, Scope: arauto.ScopeWABA}, "two aviso")
	same(t, "its own pause stays", h.sender("one").Pause, "férias")
	two := h.sender("two")
	if !two.Inherited || two.Cause.Code != 131042 {
		t.Errorf("not the WABA's: %+v", two)
	}
	two.Pause = ""
	_, err = s.UpdateSender(ctx, actor, now, a, two.ID, to(two))
	refused(t, err, arauto.KindConflict, "pause")
	fresh, err := s.CreateSender(ctx, actor, now, arauto.Sender{Account: a, WABA: h.business.waba.ID, Name: "novo", PhoneNumberID: "6009"})
	ok(t, err)
	if !fresh.Inherited || fresh.Pause == "" {
		t.Errorf("a number under a paused WABA sends: %+v", fresh)
	}
	w, err := s.PauseWABA(ctx, actor, now, a, h.business.waba.ID, "")
	ok(t, err)
	same(t, "the WABA", w.Pause, "")
	same(t, "what stands still after it was resumed", h.still(), []string{"one"})
	_, err = s.PauseWABA(ctx, actor, now, a, h.business.waba.ID, "auditoria")
	ok(t, err)
	same(t, "what stands still after a person paused it", h.still(), []string{"one", "two"})
	h.fact(now, arauto.Fact{Kind: arauto.FactAccount, Account: arauto.AccountFact{Event: arauto.AccountReinstated}})
	same(t, "a person's pause is not Meta's to end", h.still(), []string{"one", "two"})
	_, err = s.PauseWABA(ctx, actor, now, a, 999, "x")
	refused(t, err, arauto.KindNotFound, "")
}

func testPauseTemplate(t *testing.T, s *store.Store) {
	h := newHouse(t, s)
	ctx, a := t.Context(), h.account.ID
	status := func(now, at time.Time, status string) {
		t.Helper()
		h.fact(now, arauto.Fact{Kind: arauto.FactTemplate, At: at, Template: arauto.TemplateFact{MetaID: "m2", Status: status}})
	}
	_, err := s.ChangeCampaign(ctx, ana(a), base(), a, h.campaigns["two oferta"].ID, arauto.CampaignPause, "esperem")
	ok(t, err)
	now := base().Add(time.Hour)
	status(now, now, "PAUSED")
	same(t, "paused at Meta", h.still(), []string{"one oferta", "two oferta"})
	status(now.Add(time.Minute), base(), arauto.TemplateApproved)
	same(t, "an old approval that comes late", h.still(), []string{"one oferta", "two oferta"})
	status(now.Add(2*time.Hour), now.Add(2*time.Hour), arauto.TemplateApproved)
	same(t, "approved again: what a person paused stays", h.still(), []string{"two oferta"})
	status(now.Add(3*time.Hour), now, "PAUSED")
	same(t, "the pause comes late", h.still(), []string{"two oferta"})

	h.halt(now.Add(4*time.Hour), arauto.SendError{Code: 132015, Reason: arauto.ReasonTemplatePaused, Scope: arauto.ScopeTemplate}, "one oferta")
	_, err = s.ChangeCampaign(ctx, ana(a), now.Add(4*time.Hour), a, h.campaigns["one oferta"].ID, arauto.CampaignPause, "eu decido")
	ok(t, err)
	status(now.Add(5*time.Hour), now.Add(5*time.Hour), arauto.TemplateApproved)
	same(t, "a person took the pause over", h.still(), []string{"one oferta", "two oferta"})

	t.Run("a sync tells as much as a webhook", func(t *testing.T) {
		list, err := s.Templates(ctx, a, 0, 10)
		ok(t, err)
		sync := func(at time.Time, status string) {
			var own []arauto.Template
			for _, m := range list {
				if m.WABA == h.senders["one"].WABA {
					if m.Name == "aviso" {
						m.Status = status
					}
					own = append(own, m)
				}
			}
			_, _, err := s.SaveTemplates(ctx, at, a, h.senders["one"].WABA, own)
			ok(t, err)
		}
		sync(now.Add(6*time.Hour), "DISABLED")
		same(t, "disabled", h.still(), []string{"one aviso", "one oferta", "two aviso", "two oferta"})
		sync(now.Add(7*time.Hour), arauto.TemplateApproved)
		same(t, "approved", h.still(), []string{"one oferta", "two oferta"})
	})
}

func testPauseAccount(t *testing.T, s *store.Store) {
	h := newHouse(t, s)
	now := base().Add(time.Hour)
	account := func(at time.Time, f arauto.AccountFact) {
		t.Helper()
		h.fact(at, arauto.Fact{Kind: arauto.FactAccount, Account: f})
	}
	maintenance := arauto.SendError{Code: 131057, Reason: arauto.ReasonMaintenance, Scope: arauto.ScopeSender, After: 60}
	h.halt(now, maintenance, "one aviso")
	h.halt(now, maintenance, "far aviso")
	account(now.Add(time.Second), arauto.AccountFact{Event: arauto.AccountUpgraded, Phone: "55 11 98765-4321"})
	same(t, "one number's upgrade is over", h.still(), []string{"far"})
	h.tend(now.Add(time.Minute))
	same(t, "the other's minute is over", h.still(), nil)

	account(now, arauto.AccountFact{Event: arauto.AccountDisabled})
	same(t, "disabled", h.still(), []string{"one", "two"})
	h.tend(now.AddDate(0, 1, 0))
	account(now.AddDate(0, 1, 0), arauto.AccountFact{Event: arauto.AccountReinstated})
	same(t, "reinstated", h.still(), nil)

	account(now.AddDate(0, 2, 0), arauto.AccountFact{Event: arauto.AccountRestricted, Until: now.AddDate(0, 2, 7)})
	h.tend(now.AddDate(0, 2, 6))
	same(t, "restricted for a week", h.still(), []string{"one", "two"})
	h.tend(now.AddDate(0, 2, 8))
	same(t, "the week is over", h.still(), nil)
	account(now.AddDate(0, 3, 0), arauto.AccountFact{Event: arauto.AccountRestricted, Until: now.AddDate(0, 2, 7)})
	same(t, "a restriction that is over already", h.still(), nil)
}

// An error that a webhook tells of no single message stops what the same error would stop as an answer.
func testPauseTrouble(t *testing.T, s *store.Store) {
	h := newHouse(t, s)
	now := base().Add(time.Hour)
	told := func(number string, at time.Time, status arauto.Status) {
		t.Helper()
		h.fact(now, arauto.Fact{Kind: arauto.FactTrouble, At: at, PhoneNumberID: number, Status: status})
	}
	number := h.sender("one").PhoneNumberID
	locked := arauto.Status{Code: 131031, Reason: arauto.ReasonAccountTrouble, Scope: arauto.ScopeWABA, Action: arauto.ActionPause, Detail: "locked"}
	token := arauto.Status{Code: 190, Reason: arauto.ReasonSenderTrouble, Scope: arauto.ScopeSender, Action: arauto.ActionPause, Detail: "expired"}
	told(number, now, arauto.Status{Code: 130472, Scope: arauto.ScopeContact, Action: arauto.ActionFail})
	same(t, "an error that stops nothing", h.still(), nil)
	told(number, now.Add(-time.Hour), token)
	same(t, "one that comes an hour late", h.still(), nil)
	told(number, now, token)
	same(t, "a number's", h.still(), []string{"one"})
	same(t, "its cause", h.sender("one").Cause, arauto.Cause{Code: 190, Reason: arauto.ReasonSenderTrouble, Since: now})
	told("", now, locked)
	same(t, "a WABA's", h.still(), []string{"one", "two"})
}

func testFailures(t *testing.T, s *store.Store) {
	p := newAnswered(t, s, 12, func(i int, in arauto.Intended) (arauto.Event, arauto.Receipt) {
		if i < 4 {
			return arauto.Event{Kind: arauto.EventRefused, At: base(), Reason: arauto.ReasonNotOnWhatsApp, Code: 131026}, arauto.Receipt{}
		}
		return arauto.Event{Kind: arauto.EventAccepted, At: base()}, arauto.Receipt{ProviderID: wamidOf(in)}
	})
	holds := func(want ...arauto.FailureClass) {
		t.Helper()
		kept, err := s.Failures(t.Context(), p.account.ID, p.campaign().ID)
		ok(t, err)
		counted, err := s.RecountFailures(t.Context(), p.account.ID, p.campaign().ID)
		ok(t, err)
		same(t, "kept and counted", kept, counted)
		slices.SortFunc(want, func(a, b arauto.FailureClass) int { return cmp.Compare(b.N, a.N) })
		same(t, "failures", kept, want)
	}
	holds(arauto.FailureClass{Reason: arauto.ReasonNotOnWhatsApp, Code: 131026, N: 4})
	fail := func(i int, reason arauto.Reason, action arauto.Action, code int) arauto.Fact {
		return statusFact(arauto.Status{Event: arauto.EventFailed, ProviderID: wamidOf(p.sent[i]), Reason: reason, Action: action, Scope: arauto.ScopeContact, Code: code})
	}
	p.facts(fail(4, arauto.ReasonMarketingCap, arauto.ActionWait, 131049), fail(5, arauto.ReasonMarketingCap, arauto.ActionWait, 131049), fail(4, arauto.ReasonMarketingCap, arauto.ActionWait, 131049))
	holds(arauto.FailureClass{Reason: arauto.ReasonNotOnWhatsApp, Code: 131026, N: 4}, arauto.FailureClass{Reason: arauto.ReasonMarketingCap, Code: 131049, N: 2})
	p.facts(statusFact(arauto.Status{Event: arauto.EventDelivered, ProviderID: wamidOf(p.sent[5])}))
	holds(arauto.FailureClass{Reason: arauto.ReasonNotOnWhatsApp, Code: 131026, N: 4}, arauto.FailureClass{Reason: arauto.ReasonMarketingCap, Code: 131049, N: 1})
	out, err := s.Outcomes(t.Context())
	ok(t, err)
	same(t, "outcomes", out, []arauto.Outcomes{{
		Account: p.account.ID, Campaign: p.campaign().ID, Version: p.campaign().Version, Taken: 7, Reached: 1,
		Failed: map[arauto.Reason]int64{arauto.ReasonNotOnWhatsApp: 4, arauto.ReasonMarketingCap: 1},
	}})
	p.countsHold()
}

func testMarketingCap(t *testing.T, s *store.Store) {
	p := newPosted(t, s, 3)
	capped := func(i int, now time.Time, id string) {
		t.Helper()
		_, err := s.ApplyFacts(t.Context(), now, p.account, p.business.app.ID, []arauto.Fact{{
			Kind: arauto.FactStatus, At: now, PhoneNumberID: p.business.sender.PhoneNumberID,
			Status: arauto.Status{Event: arauto.EventFailed, ProviderID: id, Reason: arauto.ReasonMarketingCap, Action: arauto.ActionWait, Scope: arauto.ScopeContact, Code: 131049},
		}})
		ok(t, err)
	}
	now := base().Add(time.Minute)
	capped(0, now, wamidOf(p.sent[0]))
	same(t, "as usual", p.contact(0).State, arauto.ContactFailed)

	p.change(arauto.CampaignPause)
	c := p.campaign()
	c.Policy.RetryMarketingCap = true
	_, err := s.UpdateCampaign(t.Context(), ana(p.account.ID), now, c)
	ok(t, err)
	p.change(arauto.CampaignResume)
	capped(1, now, wamidOf(p.sent[1]))
	waiting := p.contact(1)
	if waiting.State != arauto.ContactPending || !waiting.DueAt.Equal(now.Add(24*time.Hour)) || waiting.Reason != arauto.ReasonMarketingCap || waiting.Code != 131049 {
		t.Fatalf("where the campaign asks for it: %+v", waiting)
	}
	p.countsHold()
	capped(1, now.Add(time.Second), wamidOf(p.sent[1]))
	same(t, "told twice", p.contact(1).DueAt, waiting.DueAt)

	later := now.Add(25 * time.Hour)
	due, err := s.DueContacts(t.Context(), later, p.account.ID, c.ID, time.Time{}, 0, 10)
	ok(t, err)
	lease, _, err := s.Take(t.Context(), later, p.account.ID, "sender", "n1", time.Hour)
	ok(t, err)
	again, err := s.Intend(t.Context(), later, lease, p.business.sender.ID, []arauto.Candidate{{Contact: due[0]}})
	ok(t, err)
	ok(t, s.Record(t.Context(), later, p.account.ID, []arauto.Answer{{Contact: again[0].Contact, Attempt: again[0].Attempt, Event: arauto.Event{Kind: arauto.EventAccepted, At: later}, Receipt: arauto.Receipt{ProviderID: "wamid.SECOND"}}}))
	capped(1, later.Add(time.Minute), "wamid.SECOND")
	same(t, "the second time", p.contact(1).State, arauto.ContactFailed)
	p.countsHold()

	t.Run("a campaign that completed meanwhile is reopened", func(t *testing.T) {
		p.settled()
		same(t, "completed", p.campaign().State, arauto.CampaignCompleted)
		capped(2, later.Add(time.Minute), wamidOf(p.sent[2]))
		same(t, "the contact", p.contact(2).State, arauto.ContactPending)
		same(t, "the campaign", p.campaign().State, arauto.CampaignRunning)
	})
}

func testMarketingCapEnded(t *testing.T, s *store.Store) {
	p := newPosted(t, s, 2)
	p.change(arauto.CampaignPause)
	c := p.campaign()
	c.Policy.RetryMarketingCap, c.Policy.EndAt = true, base().Add(time.Minute)
	_, err := s.UpdateCampaign(t.Context(), ana(p.account.ID), base(), c)
	ok(t, err)
	p.change(arauto.CampaignResume)
	_, _, err = s.TendCampaigns(t.Context(), base())
	ok(t, err)
	same(t, "before", p.campaign().State, arauto.CampaignCompleted)

	now, number := base().Add(30*time.Minute), p.business.sender.PhoneNumberID
	var facts []arauto.Fact
	for _, in := range p.sent {
		facts = append(facts, statusFact(arauto.Status{Event: arauto.EventFailed, ProviderID: wamidOf(in), Reason: arauto.ReasonMarketingCap, Action: arauto.ActionWait, Scope: arauto.ScopeContact, Code: 131049}))
	}
	facts = append(facts, p.typed(0, "wamid.R", "oi"))
	for i := range facts {
		facts[i].At, facts[i].PhoneNumberID = now, number
	}
	_, err = s.ApplyFacts(t.Context(), now, p.account, p.business.app.ID, facts)
	ok(t, err)
	same(t, "who answered", p.contact(0).State, arauto.ContactReplied)
	same(t, "who did not", p.contact(1).State, arauto.ContactFailed)
	same(t, "the campaign", p.campaign().State, arauto.CampaignCompleted)
	p.countsHold()
}

// settled lets the campaign complete.
func (p posted) settled() {
	p.t.Helper()
	_, _, err := p.s.TendCampaigns(p.t.Context(), base().Add(48*time.Hour))
	ok(p.t, err)
}

func testStoppedCountry(t *testing.T, s *store.Store) {
	p := newPosted(t, s, 3)
	a, now := p.account.ID, base().Add(time.Minute)
	p.facts(statusFact(arauto.Status{Event: arauto.EventFailed, ProviderID: wamidOf(p.sent[0]), Reason: arauto.ReasonCountry, Action: arauto.ActionFail, Scope: arauto.ScopeContact, Code: 130497, Detail: "not there"}))
	list, err := s.StoppedCountries(t.Context(), a, p.business.waba.ID, "", 10)
	ok(t, err)
	same(t, "stopped", list, []arauto.StoppedCountry{{Calling: "55", Code: 130497, Words: "not there", Since: now}})

	lease, _, err := s.Take(t.Context(), now, a, "sender", "n1", time.Hour)
	ok(t, err)
	tryNow := func(phone arauto.Phone) arauto.Verdict {
		t.Helper()
		c := p.campaign()
		_, err := s.AddContacts(t.Context(), now, a, c.ID, []arauto.Contact{{Name: "Bia", PhoneRaw: string(phone), Phone: phone, PersonKey: phone.PersonKey()}})
		ok(t, err)
		due, err := s.DueContacts(t.Context(), now, a, c.ID, time.Time{}, 0, 10)
		ok(t, err)
		due = slices.DeleteFunc(due, func(c arauto.Contact) bool { return c.Phone != phone }) // another may be in flight
		done, err := s.Intend(t.Context(), now, lease, p.business.sender.ID, []arauto.Candidate{{Contact: due[0]}})
		ok(t, err)
		inputs, err := s.GateInputs(t.Context(), base(), a, []int64{due[0].ID})
		ok(t, err)
		if stopped := inputs[0].StoppedCountry != nil; stopped != (done[0].Verdict.Outcome == arauto.Fail) {
			t.Errorf("why says otherwise of %s", string(phone))
		}
		return done[0].Verdict
	}
	if v := tryNow("+5521987654321"); v.Outcome != arauto.Fail || v.Reason != arauto.ReasonCountry || v.Words != "not there" {
		t.Errorf("the next of that country: %+v", v)
	}
	if v := tryNow("+351912345678"); v.Outcome != arauto.Go {
		t.Errorf("one of another country: %+v", v)
	}
	refused(t, s.LiftCountry(t.Context(), ana(a), now, a, p.business.waba.ID, "351"), arauto.KindNotFound, "")
	ok(t, s.LiftCountry(t.Context(), ana(a), now, a, p.business.waba.ID, "55"))
	if v := tryNow("+5531987654321"); v.Outcome != arauto.Go {
		t.Errorf("once it was lifted: %+v", v)
	}
}
