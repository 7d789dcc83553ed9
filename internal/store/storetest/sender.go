package storetest

import (
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

func testSender(t *testing.T, s *store.Store) {
	ctx := t.Context()
	a := newAccount(t, s, "a").ID
	b := newBusiness(t, s, a)
	actor, n := arauto.System(a), b.sender
	if n.GraphURL != arauto.DefaultGraphURL || n.GraphVersion != arauto.DefaultGraphVersion || n.Rate != arauto.DefaultRate || n.App != b.app.ID || n.WABAMetaID != "8001" {
		t.Fatalf("not filled in: %+v", n)
	}
	t.Run("reads back", func(t *testing.T) {
		got, err := s.Sender(ctx, a, n.ID)
		ok(t, err)
		same(t, "by id", got, n)
		got, err = s.SenderByUUID(ctx, a, n.UUID)
		ok(t, err)
		same(t, "by UUID", got, n)
	})
	second, err := s.CreateSender(ctx, actor, base(), arauto.Sender{Account: a, WABA: b.waba.ID, Name: "suporte", PhoneNumberID: "6002", GraphURL: "http://127.0.0.1:9", Rate: 5})
	ok(t, err)
	t.Run("pages", func(t *testing.T) {
		list, err := s.Senders(ctx, a, n.ID, 10)
		ok(t, err)
		same(t, "after the first", list, []arauto.Sender{second})
	})
	t.Run("refused", func(t *testing.T) {
		_, err := s.CreateSender(ctx, actor, base(), n)
		refused(t, err, arauto.KindConflict, "phone_number_id")
		taken := second
		taken.PhoneNumberID = n.PhoneNumberID
		_, err = s.UpdateSender(ctx, actor, base(), taken)
		refused(t, err, arauto.KindConflict, "phone_number_id")
		_, err = s.CreateSender(ctx, actor, base(), arauto.Sender{Account: a, WABA: 999, PhoneNumberID: "6003"})
		refused(t, err, arauto.KindNotFound, "")
		_, err = s.UpdateSender(ctx, actor, base(), arauto.Sender{Account: a, ID: 999, WABA: b.waba.ID})
		refused(t, err, arauto.KindNotFound, "")
	})
	t.Run("update", func(t *testing.T) {
		n.Name, n.Token, n.Rate, n.Pause = "vendas 2", "EAAG-2", 250, "holiday"
		got, err := s.UpdateSender(ctx, actor, base().Add(time.Hour), n)
		ok(t, err)
		n.Cause.Since = base().Add(time.Hour) // it was paused with that
		same(t, "answer", got, n)
		got, err = s.Sender(ctx, a, n.ID)
		ok(t, err)
		same(t, "stored", got, n)
	})
}
