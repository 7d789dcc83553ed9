package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"arauto"
	"arauto/internal/store"
)

// posted is a campaign whose contacts were all written to.
type posted struct {
	t        *testing.T
	s        *store.Store
	account  arauto.Account
	business business
	sent     []arauto.Intended
}

func wamidOf(in arauto.Intended) string { return fmt.Sprintf("wamid.OUT%d", in.Attempt.ID) }

func phoneOf(i int) arauto.Phone { return arauto.Phone(fmt.Sprintf("+55119%08d", 80000000+i)) }

// newPosted writes to n people at base; the provider took every message.
func newPosted(t *testing.T, s *store.Store, n int) posted {
	t.Helper()
	return newAnswered(t, s, n, func(_ int, in arauto.Intended) (arauto.Event, arauto.Receipt) {
		return arauto.Event{Kind: arauto.EventAccepted, At: base()}, arauto.Receipt{ProviderID: wamidOf(in), WAID: in.Contact.Phone.Digits()}
	})
}

// newAnswered writes to n people at base; answer is what became of each message.
func newAnswered(t *testing.T, s *store.Store, n int, answer func(i int, in arauto.Intended) (arauto.Event, arauto.Receipt)) posted {
	t.Helper()
	return newHeard(t, s, n, func(int64) {}, answer)
}

// newHeard is newAnswered with something done to the account before anything else.
func newHeard(t *testing.T, s *store.Store, n int, first func(account int64), answer func(i int, in arauto.Intended) (arauto.Event, arauto.Receipt)) posted {
	t.Helper()
	ctx := t.Context()
	p := posted{t: t, s: s, account: newAccount(t, s, "a")}
	a := p.account.ID
	first(a)
	p.business = newBusiness(t, s, a)
	_, _, err := s.SaveTemplates(ctx, base(), a, p.business.waba.ID, []arauto.Template{{MetaID: "m1", Name: "aviso", Language: "pt_BR", Category: "MARKETING", Status: arauto.TemplateApproved, Body: "Olá"}})
	ok(t, err)
	templates, err := s.Templates(ctx, a, 0, 1)
	ok(t, err)
	c, err := s.CreateCampaign(ctx, arauto.System(a), base(), arauto.Campaign{
		Account: a, Sender: p.business.sender.ID, Template: templates[0].ID, Name: "ofertas", Channel: arauto.ChannelWhatsApp, ReplyWindow: time.Hour,
	})
	ok(t, err)
	var list []arauto.Contact
	for i := range n {
		list = append(list, arauto.Contact{Name: "Ana", PhoneRaw: string(phoneOf(i)), Phone: phoneOf(i), PersonKey: phoneOf(i).PersonKey()})
	}
	_, err = s.AddContacts(ctx, base(), a, c.ID, list)
	ok(t, err)
	_, err = s.ChangeCampaign(ctx, arauto.System(a), base(), a, c.ID, arauto.CampaignStart, "")
	ok(t, err)
	due, err := s.DueContacts(ctx, base(), a, c.ID, time.Time{}, 0, n)
	ok(t, err)
	var candidates []arauto.Candidate
	for _, contact := range due {
		candidates = append(candidates, arauto.Candidate{Contact: contact})
	}
	p.sent, err = s.Intend(ctx, base(), hold(t, s, a, "sender", "n1"), p.business.sender.ID, candidates)
	ok(t, err)
	var answers []arauto.Answer
	for i, in := range p.sent {
		event, receipt := answer(i, in)
		answers = append(answers, arauto.Answer{Contact: in.Contact, Attempt: in.Attempt, Event: event, Receipt: receipt})
	}
	ok(t, s.Record(ctx, base(), a, answers))
	if len(p.sent) != n {
		t.Fatalf("%d of %d were due", len(p.sent), n)
	}
	return p
}

// facts applies facts, a minute after the messages unless they say when.
func (p posted) facts(list ...arauto.Fact) []arauto.Applied {
	p.t.Helper()
	for i := range list {
		if list[i].PhoneNumberID == "" {
			list[i].PhoneNumberID = p.business.sender.PhoneNumberID
		}
		if list[i].At.IsZero() {
			list[i].At = base().Add(time.Minute)
		}
	}
	done, err := p.s.ApplyFacts(p.t.Context(), base().Add(time.Minute), p.account, p.business.app.ID, list)
	ok(p.t, err)
	return done
}

func statusFact(s arauto.Status) arauto.Fact { return arauto.Fact{Kind: arauto.FactStatus, Status: s} }

func (p posted) typed(i int, id, text string) arauto.Fact {
	return arauto.Fact{Kind: arauto.FactReply, Reply: arauto.Reply{
		ProviderID: id, WAID: p.sent[i].Contact.Phone.Digits(), Name: "Ana", Kind: "text", Text: text,
	}}
}

func (p posted) contact(i int) arauto.Contact {
	p.t.Helper()
	row, err := p.s.Contact(p.t.Context(), p.account.ID, p.sent[i].Contact.ID)
	ok(p.t, err)
	return row.Contact
}

func (p posted) countsHold() {
	p.t.Helper()
	kept, err := p.s.Counts(p.t.Context(), p.account.ID, nil)
	ok(p.t, err)
	counted, err := p.s.Recount(p.t.Context(), p.account.ID)
	ok(p.t, err)
	same(p.t, "counts", kept, counted)
}

func testFacts(t *testing.T, s *store.Store) {
	p := newPosted(t, s, 10)
	at := func(d time.Duration) time.Time { return base().Add(d) }
	sub := func(name string, test func(t *testing.T, p posted)) {
		t.Run(name, func(t *testing.T) {
			p := p
			p.t = t
			test(t, p)
			p.countsHold()
		})
	}
	sub("statuses by ref and by provider id", func(t *testing.T, p posted) {
		done := p.facts(
			statusFact(arauto.Status{Event: arauto.EventRead, Ref: p.sent[0].Attempt.Ref(), ProviderID: "wamid.another"}),
			statusFact(arauto.Status{Event: arauto.EventDelivered, ProviderID: wamidOf(p.sent[1])}),
			statusFact(arauto.Status{Event: arauto.EventFailed, ProviderID: wamidOf(p.sent[2]), Code: 131026, Reason: arauto.ReasonNotOnWhatsApp, Detail: "not there"}),
			statusFact(arauto.Status{Event: arauto.EventRead, ProviderID: "wamid.unknown"}),
			statusFact(arauto.Status{Event: arauto.EventSent, ProviderID: wamidOf(p.sent[1])}),
		)
		if !done[3].Orphan || done[0].Orphan || done[1].Orphan || done[2].Orphan || done[4].Orphan {
			t.Errorf("orphans: %+v", done)
		}
		for i, want := range []arauto.ContactState{arauto.ContactRead, arauto.ContactDelivered, arauto.ContactFailed, arauto.ContactSent} {
			if c := p.contact(i); c.State != want {
				t.Errorf("contact %d is %s, want %s", i, c.State, want)
			}
		}
		if c := p.contact(2); c.Code != 131026 || c.Reason != arauto.ReasonNotOnWhatsApp || c.Detail != "not there" || !c.FailedAt.Equal(at(time.Minute)) {
			t.Errorf("failed: %+v", c)
		}
	})
	sub("what comes together is one write of the contact", func(t *testing.T, p posted) {
		before := p.contact(9)
		p.facts(
			statusFact(arauto.Status{Event: arauto.EventSent, ProviderID: wamidOf(p.sent[9])}),
			statusFact(arauto.Status{Event: arauto.EventDelivered, ProviderID: wamidOf(p.sent[9])}),
			statusFact(arauto.Status{Event: arauto.EventRead, ProviderID: wamidOf(p.sent[9])}),
		)
		if c := p.contact(9); c.State != arauto.ContactRead || c.DeliveredAt.IsZero() || c.Version != before.Version+1 {
			t.Errorf("version %d became %d: %+v", before.Version, c.Version, c)
		}
	})
	sub("again changes nothing", func(t *testing.T, p posted) {
		list := []arauto.Fact{statusFact(arauto.Status{Event: arauto.EventDelivered, ProviderID: wamidOf(p.sent[3])}), p.typed(3, "wamid.IN3", "Quero")}
		p.facts(list...)
		once := p.contact(3)
		p.facts(list...)
		same(t, "contact", p.contact(3), once)
		if once.State != arauto.ContactReplied || once.ReplyText != "Quero" {
			t.Errorf("contact %+v", once)
		}
	})
	sub("a typed reply answers within the campaign's window", func(t *testing.T, p posted) {
		in, late := p.typed(4, "wamid.IN4", "Sim"), p.typed(5, "wamid.IN5", "Sim")
		in.At, late.At = at(time.Hour), at(time.Hour+time.Second)
		done := p.facts(in, late)
		same(t, "matched", []int64{done[0].Contact, done[1].Contact}, []int64{p.sent[4].Contact.ID, 0})
		same(t, "states", []arauto.ContactState{p.contact(4).State, p.contact(5).State}, []arauto.ContactState{arauto.ContactReplied, arauto.ContactSent})
		conversation, err := s.ConversationByUUID(t.Context(), p.account.ID, p.contact(4).Conversation)
		ok(t, err)
		same(t, "conversation's contact", conversation.Contact, p.sent[4].Contact.ID)
	})
	sub("NUL characters are survived", func(t *testing.T, p posted) { testNUL(t, p) })
	sub("an opt-out and its undoing", func(t *testing.T, p posted) {
		key := p.sent[8].Contact.PersonKey
		p.facts(p.typed(8, "wamid.IN8", "SAIR"))
		list, err := s.Suppressions(t.Context(), p.account.ID, 0, 10, key)
		ok(t, err)
		if len(list) != 1 || list[0].Scope != arauto.SuppressAll || list[0].Contact != p.sent[8].Contact.ID || !strings.Contains(list[0].Evidence, "wamid.IN8") {
			t.Fatalf("suppressions %+v", list)
		}
		p.facts(p.typed(8, "wamid.IN8b", "voltar"))
		list, err = s.Suppressions(t.Context(), p.account.ID, 0, 10, key)
		ok(t, err)
		if len(list) != 1 || list[0].LiftedAt.IsZero() {
			t.Fatalf("suppressions %+v", list)
		}
	})
	sub("of another's number is refused", func(t *testing.T, p posted) {
		before := p.contact(9)
		strange := p.typed(9, "wamid.IN9", "SAIR")
		strange.PhoneNumberID = "666"
		status := statusFact(arauto.Status{Event: arauto.EventRead, Ref: p.sent[9].Attempt.Ref()})
		status.PhoneNumberID = "666"
		for _, done := range p.facts(strange, status) {
			if !done.Refused {
				t.Errorf("%+v", done)
			}
		}
		same(t, "contact", p.contact(9), before)
	})
}

// testNUL gives the database texts that PostgreSQL has no place for: they may lose the character, never
// the batch.
func testNUL(t *testing.T, p posted) {
	reply := p.typed(6, "wamid.IN6", "Que\x00ro")
	reply.Reply.Name, reply.Reply.Username, reply.Reply.Action = "A\x00na", "a\x00na", "Si\x00m"
	done := p.facts(
		statusFact(arauto.Status{
			Event: arauto.EventFailed, ProviderID: wamidOf(p.sent[7]), Code: 131050, Reason: arauto.ReasonStoppedMarketing,
			Action: arauto.ActionSuppress, Detail: "stop\x00ped",
		}),
		statusFact(arauto.Status{Event: arauto.EventRead, ProviderID: "wamid.un\x00known"}), reply,
	)
	same(t, "answers", []bool{done[0].Orphan, done[1].Orphan, done[2].Contact == p.sent[6].Contact.ID}, []bool{false, true, true})
	without := func(s string) string { return strings.ReplaceAll(s, "\x00", "") }
	replied, failed := p.contact(6), p.contact(7)
	same(t, "reply", []string{without(replied.ReplyText), without(replied.ReplyAction)}, []string{"Quero", "Sim"})
	same(t, "detail", without(failed.Detail), "stopped")
	list, err := p.s.Suppressions(t.Context(), p.account.ID, 0, 10, failed.PersonKey)
	ok(t, err)
	if len(list) != 1 || list[0].Scope != arauto.SuppressMarketing || !strings.Contains(without(list[0].Evidence), "stopped") {
		t.Errorf("suppressions %+v", list)
	}
	ok(t, p.s.SaveWebhooks(t.Context(), base(), []arauto.Webhook{{Account: p.account.ID, App: p.business.app.ID, Body: []byte("raw\x00bytes")}}))
	open, err := p.s.OpenWebhooks(t.Context(), base(), 10)
	ok(t, err)
	same(t, "a raw body", string(open[0].Body), "raw\x00bytes")
	open[0].State, open[0].Note = arauto.WebhookBad, "no\x00te"
	ok(t, p.s.SettleWebhooks(t.Context(), base(), open, base()))
}

func testWebhook(t *testing.T, s *store.Store) {
	ctx, a := t.Context(), newAccount(t, s, "a").ID
	states := []arauto.WebhookState{arauto.WebhookApplied, arauto.WebhookUnmatched, arauto.WebhookApplied, arauto.WebhookBad, arauto.WebhookOrphan, arauto.WebhookNew}
	var list []arauto.Webhook
	for i := range states {
		list = append(list, arauto.Webhook{Account: a, App: 7, Body: []byte{byte(i)}})
	}
	ok(t, s.SaveWebhooks(ctx, base(), list))
	open, err := s.OpenWebhooks(ctx, base(), 10)
	ok(t, err)
	want := make([]arauto.Webhook, len(list))
	for i, w := range list {
		w.ID, w.State, w.ReceivedAt = open[i].ID, arauto.WebhookNew, base()
		want[i] = w
	}
	same(t, "in the order they came", open, want)
	for i, state := range states {
		open[i].State, open[i].Tries, open[i].Note = state, i, "note"
	}
	ok(t, s.SettleWebhooks(ctx, base(), open[:5], base().Add(time.Minute)))
	count := func(now time.Time) int {
		t.Helper()
		list, err := s.OpenWebhooks(ctx, now, 10)
		ok(t, err)
		return len(list)
	}
	same(t, "open before and at the orphan's next try", []int{count(base().Add(59 * time.Second)), count(base().Add(time.Minute))}, []int{1, 2})
	t.Run("sweep keeps open ones and bad ones", func(t *testing.T) {
		var swept []int64
		for _, before := range []time.Time{base(), base().Add(time.Second), base().Add(time.Second), base().Add(time.Second)} {
			n, err := s.SweepWebhooks(ctx, a, before, 2)
			ok(t, err)
			swept = append(swept, n)
		}
		same(t, "swept", swept, []int64{0, 2, 1, 0})
		var left []arauto.Webhook
		for _, state := range []arauto.WebhookState{arauto.WebhookApplied, arauto.WebhookUnmatched, arauto.WebhookBad, arauto.WebhookOrphan} {
			list, err := s.Webhooks(ctx, a, state, true, 0, 10)
			ok(t, err)
			left = append(left, list...)
		}
		if d := cmp.Diff(open[3:5], left); d != "" || count(base()) != 1 {
			t.Errorf("%d are new; settled (-want +got):\n%s", count(base()), d)
		}
		fresh, err := s.Webhooks(ctx, a, arauto.WebhookNew, false, 0, 10)
		ok(t, err)
		noted, err := s.Webhooks(ctx, a, arauto.WebhookNew, true, 0, 10)
		ok(t, err)
		same(t, "new, with and without a note", []int{len(fresh), len(noted)}, []int{1, 0})
	})
}
