package storetest

import (
	"sync"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

func testIdempotency(t *testing.T, s *store.Store) {
	ctx := t.Context()
	a := newAccount(t, s, "a").ID
	begin := func(token int64, key, print string) (*arauto.StoredAnswer, error) {
		return s.BeginIdempotent(ctx, base(), a, token, key, print)
	}
	t.Run("first goes on, second gets the answer", func(t *testing.T) {
		got, err := begin(1, "k1", "print")
		ok(t, err)
		if got != nil {
			t.Fatalf("an answer to nothing: %+v", got)
		}
		_, err = begin(1, "k1", "print")
		refused(t, err, arauto.KindConflict, "Idempotency-Key")
		want := arauto.StoredAnswer{Status: 201, ContentType: "application/json", Body: []byte("{\"id\":1}\x00\xff")}
		ok(t, s.FinishIdempotent(ctx, a, 1, "k1", want))
		got, err = begin(1, "k1", "print")
		ok(t, err)
		same(t, "answer", *got, want)
		_, err = begin(1, "k1", "another request")
		refused(t, err, arauto.KindConflict, "Idempotency-Key")
		got, err = begin(2, "k1", "print")
		ok(t, err)
		if got != nil {
			t.Fatal("a key is its token's own")
		}
	})
	t.Run("forgotten", func(t *testing.T) {
		_, err := begin(1, "k2", "print")
		ok(t, err)
		ok(t, s.ForgetIdempotent(ctx, a, 1, "k2"))
		got, err := begin(1, "k2", "other print")
		ok(t, err)
		if got != nil {
			t.Fatal("it was not forgotten")
		}
	})
	t.Run("swept", func(t *testing.T) {
		ok(t, s.SweepIdempotent(ctx, base()))
		_, err := begin(1, "k1", "another request")
		refused(t, err, arauto.KindConflict, "Idempotency-Key")
		ok(t, s.SweepIdempotent(ctx, base().Add(time.Second)))
		got, err := begin(1, "k1", "another request")
		ok(t, err)
		if got != nil {
			t.Fatal("it was not swept")
		}
		refused(t, s.FinishIdempotent(ctx, a, 1, "k9", arauto.StoredAnswer{Status: 200}), arauto.KindNotFound, "Idempotency-Key")
	})
	t.Run("one of many goes on", func(t *testing.T) {
		var mu sync.Mutex
		var wait sync.WaitGroup
		went := 0
		for range 16 {
			wait.Go(func() {
				if got, err := begin(1, "race", "print"); err == nil && got == nil {
					mu.Lock()
					went++
					mu.Unlock()
				}
			})
		}
		wait.Wait()
		if went != 1 {
			t.Errorf("%d went on", went)
		}
	})
}
