package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

// listener is an endpoint of an account, told as the engine does.
type listener struct {
	t     *testing.T
	s     *store.Store
	lease arauto.Lease
	arauto.Endpoint
}

func newListener(t *testing.T, s *store.Store, account int64, types ...arauto.NoticeType) *listener {
	t.Helper()
	e, err := s.CreateEndpoint(t.Context(), arauto.System(account), base(), arauto.Endpoint{Account: account, URL: "https://example.com/hook", Types: types, Secret: "whsec_c2VjcmV0"})
	ok(t, err)
	return &listener{t: t, s: s, lease: hold(t, s, account, fmt.Sprintf("endpoint:%d", e.ID), "n1"), Endpoint: e}
}

// next is what the endpoint is to be told.
func (l *listener) next() arauto.Delivery {
	l.t.Helper()
	d, err := l.s.Delivery(l.t.Context(), l.Account, l.ID)
	ok(l.t, err)
	return d
}

// answers keeps what became of a delivery.
func (l *listener) answers(d arauto.Delivery, status int) arauto.Endpoint {
	l.t.Helper()
	e, err := l.s.Told(l.t.Context(), base(), l.lease, d, arauto.Handover{Status: status, Words: map[bool]string{true: "refused"}[status > 299]}, 0)
	ok(l.t, err)
	return e
}

// hears takes everything there is, and tells it in short: of each notice its type and its states.
func (l *listener) hears() (list []string) {
	l.t.Helper()
	for {
		d := l.next()
		for _, n := range d.Notices {
			var said struct {
				Old   string `json:"old_state"`
				New   string `json:"new_state"`
				State string
			}
			ok(l.t, json.Unmarshal([]byte(n.Data), &said))
			text := string(n.Type) + " " + said.State
			if said.New != "" {
				text = string(n.Type) + " " + said.Old + "→" + said.New
			}
			list = append(list, text)
		}
		if d.To == d.Endpoint.Cursor {
			return list
		}
		l.answers(d, 200)
	}
}

func testNotice(t *testing.T, s *store.Store) {
	p := newPosted(t, s, 6)
	ctx, a := t.Context(), p.account.ID
	if list, err := s.Notices(ctx, a, 0, 10); len(list) != 0 || err != nil {
		t.Fatalf("nobody listens, and %d notices are kept, %v", len(list), err)
	}
	l := newListener(t, s, a)
	same(t, "nothing of the past", l.hears(), nil)
	wamid := func(i int, e arauto.EventKind) arauto.Fact {
		return statusFact(arauto.Status{ProviderID: wamidOf(p.sent[i]), Event: e, Code: 131026, Reason: arauto.ReasonNotOnWhatsApp, Detail: "Message undeliverable"})
	}
	t.Run("contacts", func(t *testing.T) {
		p.facts(wamid(0, arauto.EventDelivered), wamid(1, arauto.EventFailed))
		same(t, "states", slices.Sorted(slices.Values(l.hears())), []string{"contact.state sent→delivered", "contact.state sent→failed"})
		p.facts(wamid(0, arauto.EventDelivered), wamid(0, arauto.EventSent))
		same(t, "what was known", l.hears(), nil)
		list, err := s.Notices(ctx, a, 0, 10)
		ok(t, err)
		at := slices.IndexFunc(list, func(n arauto.Notice) bool { return list[0].ID > 0 && jsonHas(t, n, "new_state", "failed") })
		c := p.contact(1)
		var got, want any
		ok(t, json.Unmarshal([]byte(list[at].Data), &got))
		campaign, err := s.Campaign(ctx, a, c.Campaign)
		ok(t, err)
		ok(t, json.Unmarshal(fmt.Appendf(nil, `{"contact_id":%d,"external_id":null,"phone":%q,"user_id":null,"campaign":{"id":%d,"uuid":%q,"name":"ofertas"},
			"old_state":"sent","new_state":"failed","attempt_id":%d,"attempts":1,"reason":"not_on_whatsapp","error_code":131026,"error_detail":"Message undeliverable",
			"sent_at":"2026-03-10T12:00:00Z","delivered_at":null,"read_at":null,"replied_at":null,"failed_at":"2026-03-10T12:01:00Z",
			"reply_action":null,"reply_text":null,"conversation_uuid":null}`, c.ID, c.Phone, campaign.ID, campaign.UUID, c.Attempt), &want))
		same(t, "payload", got, want)
		if !list[at].At.Equal(base().Add(time.Minute)) || list[at].Epoch != s.Epoch() {
			t.Errorf("%+v", list[at])
		}
	})
	t.Run("conversations", func(t *testing.T) {
		p.facts(p.typed(2, "wamid.A", "Oi"))
		same(t, "a reply", l.hears(), []string{"conversation.opened unrouted", "contact.state sent→replied"})
		p.facts(p.typed(2, "wamid.B", "Oi?"))
		same(t, "another one", l.hears(), nil)
		_, err := s.CloseConversation(ctx, arauto.System(a), base().Add(time.Hour), a, p.contact(2).Conversation)
		ok(t, err)
		_, err = s.CloseConversation(ctx, arauto.System(a), base().Add(time.Hour), a, p.contact(2).Conversation)
		ok(t, err)
		same(t, "closed", l.hears(), []string{"conversation.closed closed"})
		p.facts(p.typed(3, "wamid.C", "Oi"))
		l.hears()
		_, err = s.CloseSilent(ctx, base().Add(100*time.Hour), 10)
		ok(t, err)
		same(t, "silent", l.hears(), []string{"conversation.closed closed"})
		list, err := s.Notices(ctx, a, 0, 1)
		ok(t, err)
		if !jsonHas(t, list[0], "closed_by", "silence") || !jsonHas(t, list[0], "phone", string(p.contact(3).Phone)) {
			t.Errorf("%s", list[0].Data)
		}
	})
	t.Run("clicks", func(t *testing.T) {
		p.facts(p.clicking(4, "wamid.D", time.Minute, ad("120", "")))
		same(t, "an ad", l.hears(), []string{"conversation.opened unrouted", "click ", "contact.state sent→replied"})
		list, err := s.Notices(ctx, a, 0, 2)
		ok(t, err)
		if !jsonHas(t, list[1], "ad_id", "120") || !jsonHas(t, list[1], "ctwa_clid", "") || !jsonHas(t, list[1], "phone", string(p.contact(4).Phone)) {
			t.Errorf("%s", list[1].Data)
		}
	})
	t.Run("campaigns", func(t *testing.T) {
		id := p.contact(0).Campaign
		_, err := s.ChangeCampaign(ctx, arauto.System(a), base(), a, id, arauto.CampaignPause, "almoço")
		ok(t, err)
		same(t, "paused", l.hears(), []string{"campaign.state running→paused"})
		_, err = s.ChangeCampaign(ctx, arauto.System(a), base(), a, id, arauto.CampaignResume, "")
		ok(t, err)
		_, _, err = s.TendCampaigns(ctx, base())
		ok(t, err)
		same(t, "goes on, and is done", l.hears(), []string{"campaign.state paused→running", "campaign.state running→completed"})
	})
	t.Run("imports", func(t *testing.T) {
		j := newJob(t, s, a, p.contact(0).Campaign)
		lease := hold(t, s, a, "job", "n1")
		j, err := s.StartJob(ctx, base(), lease, j)
		ok(t, err)
		j.Accepted, j.Rejected = 7, 2
		ok(t, s.FinishJob(ctx, base(), lease, j))
		same(t, "finished", l.hears(), []string{"import.finished completed"})
		list, err := s.Notices(ctx, a, 0, 1)
		ok(t, err)
		if !jsonHas(t, list[0], "accepted", 7.0) || !jsonHas(t, list[0], "rejected", 2.0) || !jsonHas(t, list[0], "job_uuid", j.UUID) {
			t.Errorf("%s", list[0].Data)
		}
		ok(t, s.CancelJob(ctx, arauto.System(a), base(), a, newJob(t, s, a, 0).ID))
		same(t, "cancelled", l.hears(), []string{"import.finished cancelled"})
	})
	t.Run("strangers hear nothing", func(t *testing.T) {
		b := newAccount(t, s, "b").ID
		theirs := newListener(t, s, b)
		same(t, "theirs", theirs.hears(), nil)
		_, err := s.Endpoint(ctx, b, l.ID+1)
		refused(t, err, arauto.KindNotFound, "")
		refused(t, s.DeleteEndpoint(ctx, arauto.System(b), base(), b, l.ID+7), arauto.KindNotFound, "")
	})
}

func jsonHas(t *testing.T, n arauto.Notice, field string, want any) bool {
	t.Helper()
	var m map[string]any
	ok(t, json.Unmarshal([]byte(n.Data), &m))
	return m[field] == want
}

// testNoticeFromTheStart: what is told adds up to what is. From pending on, each contact's changes follow each other
// without a gap and end where the contact is, whatever way its message took.
func testNoticeFromTheStart(t *testing.T, s *store.Store) {
	var l *listener
	kinds := []arauto.EventKind{arauto.EventAccepted, arauto.EventRefused, arauto.EventLost, arauto.EventDeferred}
	p := newHeard(t, s, 12, func(account int64) { l = newListener(t, s, account) }, func(i int, in arauto.Intended) (arauto.Event, arauto.Receipt) {
		e := arauto.Event{Kind: kinds[i%4], At: base(), Reason: arauto.ReasonNotOnWhatsApp, Due: base().Add(time.Hour)}
		return e, arauto.Receipt{ProviderID: wamidOf(in)}
	})
	ctx, a := t.Context(), p.account.ID
	var unknown []int64
	for i := range p.sent {
		if p.contact(i).State == arauto.ContactUnknown {
			unknown = append(unknown, p.contact(i).ID)
		}
	}
	_, err := s.Settle(ctx, arauto.System(a), base(), a, p.contact(0).Campaign, arauto.DecideAgain, unknown[:1], false)
	ok(t, err)
	p.facts(statusFact(arauto.Status{Ref: p.sent[2].Attempt.Ref(), Event: arauto.EventRead}), statusFact(arauto.Status{Ref: p.sent[0].Attempt.Ref(), Event: arauto.EventDelivered}))
	_, err = s.ChangeCampaign(ctx, arauto.System(a), base(), a, p.contact(0).Campaign, arauto.CampaignCancel, "")
	ok(t, err)
	_, _, err = s.TendCampaigns(ctx, base())
	ok(t, err)

	stands := map[int64]string{}
	for _, n := range everything(l) {
		var m struct {
			ID  int64  `json:"contact_id"`
			Old string `json:"old_state"`
			New string `json:"new_state"`
		}
		ok(t, json.Unmarshal([]byte(n.Data), &m))
		if n.Type != arauto.NoticeContactState {
			continue
		}
		if was := stands[m.ID]; was != "" && was != m.Old || was == "" && m.Old != "pending" || m.New == "sending" {
			t.Errorf("contact %d was told as %q, then as going from %s to %s", m.ID, was, m.Old, m.New)
		}
		stands[m.ID] = m.New
	}
	for i := range p.sent {
		if c := p.contact(i); stands[c.ID] != string(c.State) {
			t.Errorf("contact %d is %s, and was told as %q", c.ID, c.State, stands[c.ID])
		}
	}
}

// everything is all that an endpoint is to be told, taken.
func everything(l *listener) (list []arauto.Notice) {
	l.t.Helper()
	for {
		d := l.next()
		list = append(list, d.Notices...)
		if d.To == d.Endpoint.Cursor {
			return list
		}
		l.answers(d, 200)
	}
}

func testEndpoint(t *testing.T, s *store.Store) {
	ctx, a := t.Context(), newAccount(t, s, "a").ID
	l := newListener(t, s, a)
	e := l.Endpoint
	t.Run("is as it was made", func(t *testing.T) {
		got, err := s.Endpoint(ctx, a, e.ID)
		ok(t, err)
		e.Types = []arauto.NoticeType{}
		same(t, "stored", got, e)
		list, err := s.Endpoints(ctx, a, 0, 10)
		ok(t, err)
		same(t, "listed", list, []arauto.Endpoint{e})
		list, err = s.Endpoints(ctx, a, e.ID, 10)
		ok(t, err)
		same(t, "behind it", len(list), 0)
	})
	t.Run("asks for what there is", func(t *testing.T) {
		_, err := s.CreateEndpoint(ctx, arauto.System(a), base(), arauto.Endpoint{Account: a, Types: []arauto.NoticeType{"clock"}})
		refused(t, err, arauto.KindInvalid, "types")
	})
	t.Run("changes", func(t *testing.T) {
		at := base().Add(time.Hour)
		got, err := s.ChangeEndpoint(ctx, arauto.System(a), at, a, e.ID, "update", func(e arauto.Endpoint) (arauto.Endpoint, error) {
			e.URL, e.Types = "https://example.com/2", []arauto.NoticeType{arauto.NoticeImportFinished}
			return e.Rotate("whsec_bmV3", at), nil
		})
		ok(t, err)
		again, err := s.Endpoint(ctx, a, e.ID)
		ok(t, err)
		same(t, "stored", again, got)
		same(t, "secrets", again.Secrets(at), []arauto.Secret{"whsec_bmV3", "whsec_c2VjcmV0"})
		stop := errors.New("stop")
		_, err = s.ChangeEndpoint(ctx, arauto.System(a), at, a, e.ID, "update", func(e arauto.Endpoint) (arauto.Endpoint, error) { e.URL = "x"; return e, stop })
		if !errors.Is(err, stop) {
			t.Errorf("got %v", err)
		}
		_, err = s.ChangeEndpoint(ctx, arauto.System(a), at, a, 99, "update", func(e arauto.Endpoint) (arauto.Endpoint, error) { return e, nil })
		refused(t, err, arauto.KindNotFound, "")
		audits, err := s.Audits(ctx, a, 0, 1)
		ok(t, err)
		if audits[0].Action != "endpoint.update" || slices.Contains([]string{"whsec"}, audits[0].Detail) {
			t.Errorf("%+v", audits[0])
		}
	})
	t.Run("is one of a few", func(t *testing.T) {
		for range arauto.MaxEndpoints - 1 {
			newListener(t, s, a)
		}
		_, err := s.CreateEndpoint(ctx, arauto.System(a), base(), arauto.Endpoint{Account: a, URL: "https://example.com"})
		refused(t, err, arauto.KindConflict, "")
	})
	t.Run("goes", func(t *testing.T) {
		ok(t, s.DeleteEndpoint(ctx, arauto.System(a), base(), a, e.ID))
		_, err := s.Delivery(ctx, a, e.ID)
		refused(t, err, arauto.KindNotFound, "")
		refused(t, s.DeleteEndpoint(ctx, arauto.System(a), base(), a, e.ID), arauto.KindNotFound, "")
	})
}

// cancelled is a campaign whose n contacts are cancelled: so many notices.
func cancelled(t *testing.T, s *store.Store, account int64, n int, at time.Time) {
	t.Helper()
	ctx := t.Context()
	c, err := s.CreateCampaign(ctx, arauto.System(account), base(), arauto.Campaign{Account: account, Name: "ofertas", Channel: arauto.ChannelWhatsApp})
	ok(t, err)
	var list []arauto.Contact
	for i := range n {
		list = append(list, arauto.Contact{Phone: phoneOf(i), PersonKey: phoneOf(i).PersonKey()})
	}
	_, err = s.AddContacts(ctx, base(), account, c.ID, list)
	ok(t, err)
	_, err = s.ChangeCampaign(ctx, arauto.System(account), at, account, c.ID, arauto.CampaignCancel, "")
	ok(t, err)
	for more := true; more; {
		_, more, err = s.TendCampaigns(ctx, at)
		ok(t, err)
	}
}

func testDelivery(t *testing.T, s *store.Store) {
	ctx, a := t.Context(), newAccount(t, s, "a").ID
	l := newListener(t, s, a)
	few := newListener(t, s, a, arauto.NoticeCampaignState)
	if due, err := s.DueEndpoints(ctx, base(), 10); len(due) != 0 || err != nil {
		t.Fatalf("nothing happened, and %v are due, %v", due, err)
	}
	cancelled(t, s, a, 1199, base())
	t.Run("in order, at most 500 together", func(t *testing.T) {
		due, err := s.DueEndpoints(ctx, base(), 10)
		ok(t, err)
		same(t, "due", due, []arauto.EndpointKey{{Account: a, ID: l.ID}, {Account: a, ID: few.ID}})
		var sizes []int
		var last int64
		for {
			d := l.next()
			if d.To == d.Endpoint.Cursor {
				break
			}
			sizes = append(sizes, len(d.Notices))
			for _, n := range d.Notices {
				if n.ID != last+1 {
					t.Fatalf("%d follows %d", n.ID, last)
				}
				last = n.ID
			}
			same(t, "more", d.More, len(sizes) < 3)
			l.answers(d, 200)
		}
		same(t, "deliveries", sizes, []int{500, 500, 200})
		due, err = s.DueEndpoints(ctx, base(), 10)
		ok(t, err)
		same(t, "still due", due, []arauto.EndpointKey{{Account: a, ID: few.ID}})
	})
	t.Run("only what it wants", func(t *testing.T) {
		same(t, "told", few.hears(), []string{"campaign.state draft→cancelled"})
		same(t, "passed over", few.next().Endpoint.Cursor, 1200)
	})
	t.Run("repeated as it was", func(t *testing.T) {
		cancelled(t, s, a, 3, base())
		first := l.next()
		e := l.answers(first, 500)
		if e.Tries != 1 || e.Cursor != 1200 || e.NextAt.IsZero() {
			t.Errorf("%+v", e)
		}
		if due, err := s.DueEndpoints(ctx, base().Add(time.Second), 10); slices.Contains(due, arauto.EndpointKey{Account: a, ID: l.ID}) || err != nil {
			t.Errorf("due before its time: %v, %v", due, err)
		}
		cancelled(t, s, a, 3, base())
		again := l.next()
		same(t, "notices", again.Notices, first.Notices)
		if !again.More {
			t.Error("what happened since is forgotten")
		}
		l.answers(again, 200)
		same(t, "what happened since", len(l.next().Notices), 4)
		l.hears()
	})
	t.Run("moved meanwhile", func(t *testing.T) {
		cancelled(t, s, a, 1, base())
		d := l.next()
		_, err := s.ChangeEndpoint(ctx, arauto.System(a), base(), a, l.ID, "replay", func(e arauto.Endpoint) (arauto.Endpoint, error) {
			e.Cursor = 1000
			return e.Apply(arauto.EndpointReplay, base()), nil
		})
		ok(t, err)
		_, err = s.Told(ctx, base(), l.lease, d, arauto.Handover{Status: 200}, 0)
		refused(t, err, arauto.KindConflict, "cursor")
		same(t, "from", l.next().Notices[0].ID, 1001)
		l.hears()
	})
	t.Run("another's by now", func(t *testing.T) {
		cancelled(t, s, a, 1, base())
		d, old := l.next(), l.lease
		l.lease = hold(t, s, a, old.Line, "n1")
		_, err := s.Told(ctx, base(), old, d, arauto.Handover{Status: 200}, 0)
		refused(t, err, arauto.KindConflict, "")
		same(t, "told again", l.next().Notices, d.Notices)
		l.hears()
	})
	t.Run("dead, and alive again", func(t *testing.T) {
		cancelled(t, s, a, 1, base())
		l.answers(l.next(), 500)
		later := base().Add(arauto.GiveUpAfter)
		lease, _, err := s.Take(ctx, later, a, l.lease.Line, "n1", time.Hour)
		ok(t, err)
		e, err := s.Told(ctx, later, lease, l.next(), arauto.Handover{Words: "no answer"}, 0)
		ok(t, err)
		same(t, "state", e.State, arauto.EndpointDead)
		audits, err := s.Audits(ctx, a, 0, 1)
		ok(t, err)
		same(t, "audited", audits[0].Action, "endpoint.dead")
		if due, err := s.DueEndpoints(ctx, base().Add(9999*time.Hour), 10); slices.Contains(due, arauto.EndpointKey{Account: a, ID: l.ID}) || err != nil {
			t.Errorf("a dead one is due: %v, %v", due, err)
		}
		_, err = s.ChangeEndpoint(ctx, arauto.System(a), base(), a, l.ID, "enable", func(e arauto.Endpoint) (arauto.Endpoint, error) { return e.Apply(arauto.EndpointEnable, base()), nil })
		ok(t, err)
		l.lease = hold(t, s, a, l.lease.Line, "n1")
		same(t, "goes on where it stopped", l.hears(), []string{"campaign.state draft→cancelled", "contact.state pending→cancelled"})
	})
	t.Run("by moment", func(t *testing.T) {
		list, err := s.Notices(ctx, a, 0, 1)
		ok(t, err)
		newest := list[0].ID
		cancelled(t, s, a, 3, base().Add(time.Hour))
		for at, want := range map[time.Time]int64{
			base().Add(-time.Hour): 1, base(): 1, base().Add(time.Millisecond): newest + 1, base().Add(time.Hour): newest + 1, base().Add(2 * time.Hour): newest + 5,
		} {
			id, err := s.NoticeSince(ctx, a, at)
			ok(t, err)
			same(t, fmt.Sprint("since ", at), id, want)
		}
	})
	t.Run("forgotten", func(t *testing.T) {
		n, err := s.SweepNotices(ctx, base().Add(time.Minute), 1000)
		ok(t, err)
		same(t, "at once", n, 1000)
		for n > 0 {
			n, err = s.SweepNotices(ctx, base().Add(time.Minute), 1000)
			ok(t, err)
		}
		list, err := s.Notices(ctx, a, 0, 1000)
		ok(t, err)
		same(t, "kept", len(list), 4)
		id, err := s.NoticeSince(ctx, a, base())
		ok(t, err)
		if id > list[3].ID {
			t.Errorf("the oldest that is kept is %d, found %d", list[3].ID, id)
		}
		lags, err := s.EndpointLags(ctx)
		ok(t, err)
		same(t, "lags", lags, []arauto.EndpointLag{
			{EndpointKey: arauto.EndpointKey{Account: a, ID: l.ID}, State: arauto.EndpointActive, Notices: 4, Oldest: base().Add(time.Hour)},
			{EndpointKey: arauto.EndpointKey{Account: a, ID: few.ID}, State: arauto.EndpointActive, Notices: list[0].ID - 1200, Oldest: base().Add(time.Hour)},
		})
	})
}

// testNoticeWriters: many write at the same time, each in transactions of its own, while an endpoint is told. Nothing
// is passed over and nothing is told twice.
func testNoticeWriters(t *testing.T, s *store.Store) {
	const writers, rounds = 8, 20
	ctx, a := t.Context(), newAccount(t, s, "a").ID
	l := newListener(t, s, a)
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range writers {
		wg.Go(func() {
			for range rounds {
				c, err := s.CreateCampaign(ctx, arauto.System(a), base(), arauto.Campaign{Account: a, Name: "ofertas", Channel: arauto.ChannelWhatsApp})
				if err == nil {
					_, err = s.ChangeCampaign(ctx, arauto.System(a), base(), a, c.ID, arauto.CampaignCancel, "")
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	go func() { wg.Wait(); close(done) }()
	var last int64
	heard := map[string]bool{}
	for ended := false; ; {
		select {
		case <-done:
			ended = true
		default:
		}
		d := l.next()
		for _, n := range d.Notices {
			if n.ID <= last || heard[n.Data] {
				t.Fatalf("%d follows %d: %s", n.ID, last, n.Data)
			}
			last, heard[n.Data] = n.ID, true
		}
		if d.To != d.Endpoint.Cursor {
			l.answers(d, 200)
		} else if ended {
			break
		}
	}
	same(t, "heard", len(heard), writers*rounds)
}
