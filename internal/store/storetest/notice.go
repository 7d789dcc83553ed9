package storetest

import (
	"encoding/json"
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
