package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"arauto"
)

const idempotencyField = "Idempotency-Key"

// BeginIdempotent reserves the key for the request that is about to be answered. An answer means: give it again. Else
// go on in what UnderIdempotent makes of the context, call KeepIdempotent while it takes, and then FinishIdempotent or,
// when nothing was done, ForgetIdempotent.
//
// A reservation whose server was killed ends by itself: if its request had changed nothing, the next one goes on in its
// place. The error is a conflict while the first request is still being answered, when it was done but its answer was
// lost, and when the key came with another request.
func (s *Store) BeginIdempotent(ctx context.Context, now time.Time, account, token int64, key, fingerprint string) (r arauto.Reservation, stored *arauto.StoredAnswer, err error) {
	err = s.db.write(ctx, func(t querier) error {
		stored, r = nil, arauto.Reservation{Account: account, Token: token, Key: key, Run: rand.Int64N(1 << 53)}
		fresh, err := t.exec(ctx, `INSERT INTO idempotency (account_id, token_id, key, fingerprint, status, content_type, body, created_at, run, alive_at, did)
			VALUES ($1, $2, $3, $4, 0, '', $5, $6, $7, $6, 0) ON CONFLICT DO NOTHING`, account, token, key, fingerprint, []byte{}, ms(now), r.Run)
		if err != nil || fresh == 1 {
			return err
		}
		k, err := one(ctx, t, scanIdempotent, `SELECT fingerprint, status, content_type, body, run, alive_at, did FROM idempotency
			WHERE account_id = $1 AND token_id = $2 AND key = $3`+s.db.lock(), account, token, key)
		switch {
		case errors.Is(err, errNoRow):
			return errFirstAnswers(key)
		case err != nil:
			return err
		case k.fingerprint != fingerprint:
			return arauto.Errorf(arauto.KindConflict, idempotencyField, "the key %q came with another request before: use a new key for a new request", key)
		case k.answer.Status != 0:
			stored = &k.answer
			return nil
		case now.Sub(k.alive) < arauto.ReservationKept:
			return errFirstAnswers(key)
		case k.did:
			return arauto.Errorf(arauto.KindConflict, idempotencyField,
				"the first request with the key %q was done, but the server stopped before its answer was kept: see what is there, and use a new key for a new request", key)
		}
		taken, err := t.exec(ctx, `UPDATE idempotency SET run = $4, alive_at = $5 WHERE account_id = $1 AND token_id = $2 AND key = $3 AND run = $6 AND did = 0 AND status = 0`,
			account, token, key, r.Run, ms(now), k.run)
		if err == nil && taken == 0 {
			err = errFirstAnswers(key)
		}
		return err
	})
	return r, stored, doing("begin idempotent request", err)
}

func errFirstAnswers(key string) error {
	return arauto.Errorf(arauto.KindConflict, idempotencyField, "the first request with the key %q is still being answered: ask again in a moment", key)
}

type idempotent struct {
	fingerprint string
	answer      arauto.StoredAnswer
	run         int64
	alive       time.Time
	did         bool // something that stays was changed
}

func scanIdempotent(r rows) (k idempotent, err error) {
	var alive, did int64
	err = r.Scan(&k.fingerprint, &k.answer.Status, &k.answer.ContentType, &k.answer.Body, &k.run, &alive, &did)
	k.alive, k.did = moment(alive), did != 0
	return k, err
}

type reservationKey struct{}

// UnderIdempotent has whatever is written into the audit within ctx say in the same transaction that the request with
// that key has done something. One that another has taken over cannot write any more.
func (s *Store) UnderIdempotent(ctx context.Context, r arauto.Reservation) context.Context {
	return context.WithValue(ctx, reservationKey{}, r)
}

// markDone is what UnderIdempotent promises.
func markDone(ctx context.Context, t querier) error {
	r, under := ctx.Value(reservationKey{}).(arauto.Reservation)
	if !under {
		return nil
	}
	n, err := t.exec(ctx, `UPDATE idempotency SET did = 1 WHERE account_id = $1 AND token_id = $2 AND key = $3 AND run = $4`, r.Account, r.Token, r.Key, r.Run)
	if err == nil && n == 0 {
		err = arauto.Errorf(arauto.KindConflict, idempotencyField, "another request with the key %q took this one's place: see what became of that", r.Key)
	}
	return err
}

// KeepIdempotent says that the request is still being answered.
func (s *Store) KeepIdempotent(ctx context.Context, now time.Time, r arauto.Reservation) error {
	return s.reservation(ctx, "keep idempotent request", `UPDATE idempotency SET alive_at = $5 WHERE account_id = $1 AND token_id = $2 AND key = $3 AND run = $4`, r, ms(now))
}

// FinishIdempotent keeps the answer for whoever sends the request again.
func (s *Store) FinishIdempotent(ctx context.Context, r arauto.Reservation, a arauto.StoredAnswer) error {
	body := a.Body
	if body == nil {
		body = []byte{}
	}
	return s.reservation(ctx, "finish idempotent request",
		`UPDATE idempotency SET status = $5, content_type = $6, body = $7 WHERE account_id = $1 AND token_id = $2 AND key = $3 AND run = $4`, r, a.Status, a.ContentType, body)
}

// ForgetIdempotent lets the key be used again: its request did nothing.
func (s *Store) ForgetIdempotent(ctx context.Context, r arauto.Reservation) error {
	err := s.reservation(ctx, "forget idempotent request", `DELETE FROM idempotency WHERE account_id = $1 AND token_id = $2 AND key = $3 AND run = $4`, r)
	return ignoreMissing(err)
}

func (s *Store) reservation(ctx context.Context, what, sql string, r arauto.Reservation, args ...any) error {
	err := s.db.write(ctx, func(t querier) error {
		n, err := t.exec(ctx, sql, append([]any{r.Account, r.Token, r.Key, r.Run}, args...)...)
		if err == nil && n == 0 {
			return arauto.Errorf(arauto.KindNotFound, idempotencyField, "the key %q was swept, or taken over, before its request was answered", r.Key)
		}
		return err
	})
	return doing(what, err)
}

// SweepIdempotent forgets every account's keys from before that moment.
func (s *Store) SweepIdempotent(ctx context.Context, olderThan time.Time) error {
	err := s.db.write(ctx, func(t querier) error {
		_, err := t.exec(ctx, `DELETE FROM idempotency WHERE account_id IN (SELECT id FROM account) AND created_at < $1`, ms(olderThan))
		return err
	})
	return doing("sweep idempotency keys", err)
}
