package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

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
