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
		_, err = s.UpdateSender(ctx, actor, base(), a, second.ID, to(taken))
		refused(t, err, arauto.KindConflict, "phone_number_id")
		_, err = s.CreateSender(ctx, actor, base(), arauto.Sender{Account: a, WABA: 999, PhoneNumberID: "6003"})
		refused(t, err, arauto.KindNotFound, "")
		_, err = s.UpdateSender(ctx, actor, base(), a, 999, to(second))
		refused(t, err, arauto.KindNotFound, "")
	})
	t.Run("update", func(t *testing.T) {
		n.Name, n.Token, n.Rate, n.Pause = "vendas 2", "EAAG-2", 250, "holiday"
		got, err := s.UpdateSender(ctx, actor, base().Add(time.Hour), a, n.ID, to(n))
		ok(t, err)
		n.Cause.Since = base().Add(time.Hour) // it was paused with that
		same(t, "answer", got, n)
		got, err = s.Sender(ctx, a, n.ID)
		ok(t, err)
		same(t, "stored", got, n)
	})
	t.Run("what happened since it was read stays", func(t *testing.T) {
		ok(t, s.Halt(ctx, base(), a, arauto.Halt{Scope: arauto.ScopeSender, Sender: second.ID, Reason: arauto.ReasonSenderTrouble, Code: 190}))
		_, err := s.UpdateSender(ctx, actor, base(), a, second.ID, func(n arauto.Sender) (arauto.Sender, error) {
			n.Token = "EAAG-rotated"
			return n, nil
		})
		ok(t, err)
		got, err := s.UpdateSender(ctx, actor, base(), a, second.ID, func(n arauto.Sender) (arauto.Sender, error) {
			n.Rate, n.ID, n.UUID = 1000, 999, "another"
			return n, nil
		})
		ok(t, err)
		if got.Pause == "" || got.Cause.Reason != arauto.ReasonSenderTrouble || got.Token != "EAAG-rotated" || got.Rate != 1000 || got.UUID != second.UUID {
			t.Errorf("got %+v", got)
		}
		stored, err := s.Sender(ctx, a, second.ID)
		ok(t, err)
		same(t, "stored", stored, got)
	})
	t.Run("a change that is refused changes nothing", func(t *testing.T) {
		_, err := s.UpdateSender(ctx, actor, base(), a, n.ID, func(n arauto.Sender) (arauto.Sender, error) {
			n.Rate = 1
			return n, arauto.Errorf(arauto.KindInvalid, "rate", "no")
		})
		refused(t, err, arauto.KindInvalid, "rate")
		got, err := s.Sender(ctx, a, n.ID)
		ok(t, err)
		same(t, "stored", got, n)
	})
}

// to is the change that makes a sender n.
func to(n arauto.Sender) func(arauto.Sender) (arauto.Sender, error) {
	return func(arauto.Sender) (arauto.Sender, error) { return n, nil }
}
