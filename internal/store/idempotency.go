package store

import (
	"context"
	"errors"
	"time"

	"arauto"
)

const idempotencyField = "Idempotency-Key"

// BeginIdempotent notes that the request with that key is being answered. nil, nil means: go on, then
// call FinishIdempotent or, when nothing was done, ForgetIdempotent. An answer means: give it again. The
// error is a conflict while the first request is still being answered (also when it was cut short by a
// crash, until the key is swept: what it did is not known) and when the key came with another request.
func (s *Store) BeginIdempotent(ctx context.Context, now time.Time, account, token int64, key, fingerprint string) (stored *arauto.StoredAnswer, err error) {
	err = s.db.write(ctx, func(t querier) error {
		stored = nil
		fresh, err := t.exec(ctx, `INSERT INTO idempotency (account_id, token_id, key, fingerprint, status, content_type, body, created_at)
			VALUES ($1, $2, $3, $4, 0, '', $5, $6) ON CONFLICT DO NOTHING`, account, token, key, fingerprint, []byte{}, ms(now))
		if err != nil || fresh == 1 {
			return err
		}
		k, err := one(ctx, t, scanIdempotent, `SELECT fingerprint, status, content_type, body FROM idempotency
			WHERE account_id = $1 AND token_id = $2 AND key = $3`, account, token, key)
		switch {
		case errors.Is(err, errNoRow) || err == nil && k.fingerprint == fingerprint && k.answer.Status == 0:
			return arauto.Errorf(arauto.KindConflict, idempotencyField, "the first request with the key %q is still being answered: ask again in a moment", key)
		case err != nil:
			return err
		case k.fingerprint != fingerprint:
			return arauto.Errorf(arauto.KindConflict, idempotencyField, "the key %q came with another request before: use a new key for a new request", key)
		}
		stored = &k.answer
		return nil
	})
	return stored, doing("begin idempotent request", err)
}

type idempotent struct {
	fingerprint string
	answer      arauto.StoredAnswer
}

func scanIdempotent(r rows) (k idempotent, err error) {
	return k, r.Scan(&k.fingerprint, &k.answer.Status, &k.answer.ContentType, &k.answer.Body)
}

// FinishIdempotent keeps the answer for whoever sends the request again.
func (s *Store) FinishIdempotent(ctx context.Context, account, token int64, key string, a arauto.StoredAnswer) error {
	body := a.Body
	if body == nil {
		body = []byte{}
	}
	err := s.db.write(ctx, func(t querier) error {
		n, err := t.exec(ctx, `UPDATE idempotency SET status = $4, content_type = $5, body = $6 WHERE account_id = $1 AND token_id = $2 AND key = $3`,
			account, token, key, a.Status, a.ContentType, body)
		if err == nil && n == 0 {
			return arauto.Errorf(arauto.KindNotFound, idempotencyField, "the key %q was swept before its request was answered", key)
		}
		return err
	})
	return doing("finish idempotent request", err)
}

// ForgetIdempotent lets the key be used again: its request did nothing.
func (s *Store) ForgetIdempotent(ctx context.Context, account, token int64, key string) error {
	err := s.db.write(ctx, func(t querier) error {
		_, err := t.exec(ctx, `DELETE FROM idempotency WHERE account_id = $1 AND token_id = $2 AND key = $3`, account, token, key)
		return err
	})
	return doing("forget idempotent request", err)
}

// SweepIdempotent forgets every account's keys from before that moment.
func (s *Store) SweepIdempotent(ctx context.Context, olderThan time.Time) error {
	err := s.db.write(ctx, func(t querier) error {
		_, err := t.exec(ctx, `DELETE FROM idempotency WHERE account_id IN (SELECT id FROM account) AND created_at < $1`, ms(olderThan))
		return err
	})
	return doing("sweep idempotency keys", err)
}
