package storetest

import (
	"fmt"
	"strings"
	"testing"

	"arauto"
	"arauto/internal/store"
)

// testErased: from the moment of the request on, nobody takes the person in or contacts them, whatever is
// still there of them; another account is not concerned.
func testErased(t *testing.T, s *store.Store) {
	ctx := t.Context()
	a, other := newAccount(t, s, "a"), newAccount(t, s, "b")
	b := newBusiness(t, s, a.ID)
	c, err := s.CreateCampaign(ctx, arauto.System(a.ID), base(), arauto.Campaign{Account: a.ID, Name: "c", Channel: arauto.ChannelWhatsApp, Sender: b.sender.ID})
	ok(t, err)
	phone := arauto.Phone("+5511987654321")
	person := func(name string) arauto.Contact {
		return arauto.Contact{Account: a.ID, Name: name, Phone: phone, PhoneRaw: string(phone), PersonKey: phone.PersonKey()}
	}
	_, err = s.AddContacts(ctx, base(), a.ID, c.ID, []arauto.Contact{person("Zuleica")})
	ok(t, err)

	_, err = s.QueueErasure(ctx, arauto.System(a.ID), base(), a.ID, "5511900000000", "nobody")
	refused(t, err, arauto.KindNotFound, "")
	j, err := s.QueueErasure(ctx, arauto.System(a.ID), base(), a.ID, phone.PersonKey(), "ticket 12")
	ok(t, err)
	if strings.Contains(j.Params, phone.Digits()) {
		t.Errorf("the job says in plain who it is: %s", j.Params)
	}
	t.Run("the gate is told", func(t *testing.T) {
		holds, err := s.SuppressionsOf(ctx, a.ID, []string{phone.PersonKey(), "5511911112222"})
		ok(t, err)
		if h := holds[phone.PersonKey()]; len(h) != 1 || h[0].Source != arauto.ErasedSource || !h[0].Holds(arauto.ChannelVoice, false, base()) || len(holds) != 1 {
			t.Errorf("%+v", holds)
		}
		holds, err = s.SuppressionsOf(ctx, other.ID, []string{phone.PersonKey()})
		ok(t, err)
		if len(holds) != 0 {
			t.Errorf("another account: %+v", holds)
		}
	})
	t.Run("and they are not taken in", func(t *testing.T) {
		again, err := s.CreateCampaign(ctx, arauto.System(a.ID), base(), arauto.Campaign{Account: a.ID, Name: "d", Channel: arauto.ChannelWhatsApp, Sender: b.sender.ID})
		ok(t, err)
		someone := arauto.Contact{Account: a.ID, Name: "Ana", Phone: "+5511911112222", PersonKey: "5511911112222"}
		added, err := s.AddContacts(ctx, base(), a.ID, again.ID, []arauto.Contact{person("Zuleica"), someone})
		ok(t, err)
		if arauto.KindOf(added[0].Err) != arauto.KindInvalid || added[0].ID != 0 || added[1].Err != nil || added[1].ID == 0 {
			t.Errorf("%+v", added)
		}
	})
	l := hold(t, s, a.ID, "job", "n")
	j, err = s.StartJob(ctx, base(), l, j)
	ok(t, err)
	e, err := s.PlanErasure(ctx, l, j)
	ok(t, err)
	t.Run("rows, twice", func(t *testing.T) {
		for range 2 {
			left, err := s.EraseRows(ctx, base(), l, j, e)
			ok(t, err)
			if left {
				t.Error("one contact is not too many for one call")
			}
		}
		counts, err := s.Counts(ctx, a.ID, []int64{c.ID})
		ok(t, err)
		if counts[c.ID][arauto.ContactSuppressed] != 1 || counts[c.ID][arauto.ContactPending] != 0 {
			t.Errorf("%v", counts)
		}
		recount, err := s.Recount(ctx, a.ID)
		ok(t, err)
		if fmt.Sprint(recount[c.ID]) != fmt.Sprint(counts[c.ID]) {
			t.Errorf("counted %v, kept %v", recount, counts)
		}
		_, err = s.Person(ctx, a.ID, phone.PersonKey())
		refused(t, err, arauto.KindNotFound, "")
	})
	t.Run("what is known outlasts the rows", func(t *testing.T) {
		again, err := s.PlanErasure(ctx, l, j)
		ok(t, err)
		same(t, "plan", again, e)
		ok(t, s.EndErasure(ctx, base(), l, j))
		ended, err := s.Job(ctx, a.ID, j.ID)
		ok(t, err)
		same(t, "params", ended.Params, "{}")
	})
}
