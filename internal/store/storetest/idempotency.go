package storetest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

func testIdempotency(t *testing.T, s *store.Store) {
	ctx := t.Context()
	a := newAccount(t, s, "a").ID
	reserved := map[string]arauto.Reservation{}
	begin := func(token int64, key, print string) (*arauto.StoredAnswer, error) {
		r, got, err := s.BeginIdempotent(ctx, base(), a, token, key, print)
		if err == nil && got == nil {
			reserved[key] = r
		}
		return got, err
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
		ok(t, s.FinishIdempotent(ctx, reserved["k1"], want))
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
		ok(t, s.ForgetIdempotent(ctx, reserved["k2"]))
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
		refused(t, s.FinishIdempotent(ctx, arauto.Reservation{Account: a, Token: 1, Key: "k9"}, arauto.StoredAnswer{Status: 200}), arauto.KindNotFound, "Idempotency-Key")
	})
	t.Run("one whose server was killed", func(t *testing.T) {
		at := base()
		begin := func(key string) (arauto.Reservation, error) {
			r, got, err := s.BeginIdempotent(ctx, at, a, 1, key, "print")
			if got != nil {
				t.Errorf("an answer to nothing: %+v", got)
			}
			return r, err
		}
		nothing, err := begin("nothing")
		ok(t, err)
		done, err := begin("done")
		ok(t, err)
		write := func(r arauto.Reservation) error {
			_, err := s.CreateQueue(s.UnderIdempotent(ctx, r), ana(a), at, arauto.Queue{Account: a, Name: fmt.Sprint("fila ", r.Run)})
			return err
		}
		ok(t, write(done))
		at = base().Add(arauto.ReservationKept - 1)
		_, err = begin("nothing")
		refused(t, err, arauto.KindConflict, "Idempotency-Key")
		ok(t, s.KeepIdempotent(ctx, at, nothing))
		at = base().Add(arauto.ReservationKept)
		_, err = begin("nothing")
		refused(t, err, arauto.KindConflict, "Idempotency-Key")
		at = at.Add(arauto.ReservationKept)
		_, err = begin("done")
		refused(t, err, arauto.KindConflict, "Idempotency-Key")
		if !strings.Contains(err.Error(), "was done") {
			t.Errorf("it says %v", err)
		}
		second, err := begin("nothing")
		ok(t, err)
		refused(t, write(nothing), arauto.KindConflict, "Idempotency-Key") // it was not dead after all: it changes nothing any more
		refused(t, s.FinishIdempotent(ctx, nothing, arauto.StoredAnswer{Status: 200}), arauto.KindNotFound, "Idempotency-Key")
		ok(t, s.ForgetIdempotent(ctx, nothing))
		ok(t, write(second))
		ok(t, s.FinishIdempotent(ctx, second, arauto.StoredAnswer{Status: 201}))
		_, got, err := s.BeginIdempotent(ctx, at, a, 1, "nothing", "print")
		ok(t, err)
		same(t, "the second's answer", got.Status, 201)
	})
	t.Run("one of many goes on", func(t *testing.T) {
		var mu sync.Mutex
		var wait sync.WaitGroup
		went := 0
		for range 16 {
			wait.Go(func() {
				if _, got, err := s.BeginIdempotent(ctx, base(), a, 1, "race", "print"); err == nil && got == nil {
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
