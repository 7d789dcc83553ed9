package storetest

import (
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

func testQueue(t *testing.T, s *store.Store) {
	ctx, a := t.Context(), newAccount(t, s, "acme").ID
	made, err := s.CreateQueue(ctx, ana(a), base(), arauto.Queue{
		Account: a, Name: "Vendas", Windows: arauto.Windows{{Days: arauto.Workdays, From: 9 * 60, To: 18 * 60}}, Zone: "America/Recife",
		AwayText: "Voltamos às 9 h.", WaitText: "Só um momento.", WaitAfter: 5 * time.Minute, WrapUp: 30 * time.Second, CodeRequired: true,
	})
	ok(t, err)
	got, err := s.QueueByUUID(ctx, a, made.UUID)
	ok(t, err)
	same(t, "as it was made", got, made)
	_, err = s.CreateQueue(ctx, ana(a), base(), arauto.Queue{Account: a, Name: "Vendas"})
	refused(t, err, arauto.KindConflict, "name")
	_, err = s.CreateQueue(ctx, ana(a), base(), arauto.Queue{Account: a, Name: " "})
	refused(t, err, arauto.KindInvalid, "name")
	second, err := s.CreateQueue(ctx, ana(a), base(), arauto.Queue{Account: a, Name: "Cobrança"})
	ok(t, err)
	_, err = s.ChangeQueue(ctx, ana(a), base(), a, second.ID, func(q arauto.Queue) (arauto.Queue, error) { q.Name = "Vendas"; return q, nil })
	refused(t, err, arauto.KindConflict, "name")
	changed, err := s.ChangeQueue(ctx, ana(a), base().Add(time.Hour), a, second.ID, func(q arauto.Queue) (arauto.Queue, error) {
		q.WrapUp = time.Minute
		return q, nil
	})
	ok(t, err)
	list, err := s.Queues(ctx, a, 0, 10)
	ok(t, err)
	same(t, "the list", list, []arauto.Queue{made, changed})
	_, err = s.Queue(ctx, a+1, made.ID)
	refused(t, err, arauto.KindNotFound, "")
	_, err = s.ChangeQueue(ctx, ana(a+1), base(), a+1, made.ID, func(q arauto.Queue) (arauto.Queue, error) { return q, nil })
	refused(t, err, arauto.KindNotFound, "")
}
