package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"arauto"
)

const tokenColumns = `id, account_id, name, prefix, hash, scopes, rate, created_at, expires_at, revoked_at, last_used_at`

// CreateToken stores a token whose Hash and Prefix the caller made of a fresh value. The error is invalid
// for its scopes, not found for its account, a conflict when the value is in use.
func (s *Store) CreateToken(ctx context.Context, actor arauto.Actor, now time.Time, k arauto.Token) (arauto.Token, error) {
	if err := arauto.CheckScopes(k.Scopes); err != nil {
		return arauto.Token{}, err
	}
	k.CreatedAt, k.RevokedAt, k.LastUsedAt = moment(ms(now)), time.Time{}, time.Time{}
	k.ExpiresAt = moment(ms(k.ExpiresAt))
	err := s.db.write(ctx, func(t querier) (err error) {
		if _, err := one(ctx, t, scanInt, `SELECT id FROM account WHERE id = $1`, k.Account); err != nil {
			return noAccount(err, k.Account)
		}
		if k.ID, err = nextIDs(ctx, t, 0, "token", 1); err != nil {
			return err
		}
		n, err := t.exec(ctx, `INSERT INTO token (`+tokenColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0)
			ON CONFLICT DO NOTHING`, k.ID, k.Account, k.Name, k.Prefix, k.Hash, joinScopes(k.Scopes), k.Rate, ms(k.CreatedAt), ms(k.ExpiresAt))
		if err != nil {
			return err
		}
		if n == 0 {
			return arauto.Errorf(arauto.KindConflict, "token", "a token with this value exists: draw a new one")
		}
		actor.Account = k.Account
		return s.audit(ctx, t, now, actor, "token.create", subject("token", k.ID), detail("name", k.Name, "prefix", k.Prefix, "scopes", joinScopes(k.Scopes)))
	})
	return k, doing("create token", err)
}

// TokenByHash is the token of whichever account whose value has that hash, revoked and expired ones too:
// Token.Usable judges.
func (s *Store) TokenByHash(ctx context.Context, hash string) (arauto.Token, error) {
	k, err := readOne(ctx, s, scanToken, `SELECT `+tokenColumns+` FROM token WHERE hash = $1`, hash)
	if errors.Is(err, errNoRow) {
		return k, arauto.Errorf(arauto.KindNotFound, "token", "there is no such token")
	}
	return k, err
}

// Tokens lists an account's tokens by id, revoked ones too, from after.
func (s *Store) Tokens(ctx context.Context, account, after int64, limit int) ([]arauto.Token, error) {
	return readAll(ctx, s, scanToken, `SELECT `+tokenColumns+` FROM token WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
		account, after, limit)
}

// RevokeToken ends a token for good. Revoking it again changes nothing.
func (s *Store) RevokeToken(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64) error {
	err := s.db.write(ctx, func(t querier) error {
		k, err := one(ctx, t, scanToken, `SELECT `+tokenColumns+` FROM token WHERE account_id = $1 AND id = $2`+s.db.lock(), account, id)
		if err != nil {
			return missing(err, "token", id)
		}
		if !k.RevokedAt.IsZero() {
			return nil
		}
		if _, err := t.exec(ctx, `UPDATE token SET revoked_at = $3 WHERE account_id = $1 AND id = $2`, account, id, ms(now)); err != nil {
			return err
		}
		actor.Account = account
		return s.audit(ctx, t, now, actor, "token.revoke", subject("token", id), detail("name", k.Name, "prefix", k.Prefix))
	})
	return doing("revoke token", err)
}

// LogRequests remembers what a token was used for, in the order given, and when last. The latest
// arauto.RequestsKept remain. The store gives the ids.
func (s *Store) LogRequests(ctx context.Context, account, token int64, list []arauto.Request) error {
	if len(list) == 0 {
		return nil
	}
	list = list[max(0, len(list)-arauto.RequestsKept):]
	err := s.db.write(ctx, func(t querier) error {
		first, err := nextIDs(ctx, t, account, fmt.Sprintf("request:%d", token), int64(len(list)))
		if err != nil {
			return err
		}
		args := make([][]any, len(list))
		var last time.Time
		for i, q := range list {
			id := first + int64(i)
			args[i] = []any{account, token, id % arauto.RequestsKept, id, ms(q.At), q.Method, q.Path, q.Status, q.Duration.Microseconds(), q.Remote}
			if q.At.After(last) {
				last = q.At
			}
		}
		if _, err := t.each(ctx, `INSERT INTO token_request (account_id, token_id, slot, id, at, method, path, status, duration_us, remote)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (account_id, token_id, slot) DO UPDATE SET id = excluded.id, at = excluded.at, method = excluded.method,
			path = excluded.path, status = excluded.status, duration_us = excluded.duration_us, remote = excluded.remote`, args); err != nil {
			return err
		}
		_, err = t.exec(ctx, `UPDATE token SET last_used_at = $3 WHERE account_id = $1 AND id = $2 AND last_used_at < $3`, account, token, ms(last))
		return err
	})
	return doing("log requests", err)
}

// Requests is what a token was used for, newest first: at most arauto.RequestsKept.
func (s *Store) Requests(ctx context.Context, account, token int64) ([]arauto.Request, error) {
	return readAll(ctx, s, scanRequest, `SELECT id, at, method, path, status, duration_us, remote FROM token_request
		WHERE account_id = $1 AND token_id = $2 ORDER BY id DESC LIMIT $3`, account, token, arauto.RequestsKept)
}

func scanRequest(r rows) (arauto.Request, error) {
	var q arauto.Request
	var at, took int64
	err := r.Scan(&q.ID, &at, &q.Method, &q.Path, &q.Status, &took, &q.Remote)
	q.At, q.Duration = moment(at), time.Duration(took)*time.Microsecond
	return q, err
}

func scanToken(r rows) (arauto.Token, error) {
	var k arauto.Token
	var scopes string
	var created, expires, revoked, used int64
	err := r.Scan(&k.ID, &k.Account, &k.Name, &k.Prefix, &k.Hash, &scopes, &k.Rate, &created, &expires, &revoked, &used)
	for _, scope := range strings.Fields(scopes) {
		k.Scopes = append(k.Scopes, arauto.TokenScope(scope))
	}
	k.CreatedAt, k.ExpiresAt, k.RevokedAt, k.LastUsedAt = moment(created), moment(expires), moment(revoked), moment(used)
	return k, err
}

func joinScopes(scopes []arauto.TokenScope) string {
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = string(s)
	}
	return strings.Join(names, " ")
}
