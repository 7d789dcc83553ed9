package store

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"arauto"
)

// hasher hashes the keys of persons for one account. Its zero value says that nobody was ever erased there.
type hasher struct{ secret []byte }

// of is what is kept of key. Without the account's secret nobody can try which number it was.
func (h hasher) of(key string) string {
	mac := hmac.New(sha256.New, h.secret)
	mac.Write([]byte(key))
	return hex.EncodeToString(mac.Sum(nil)[:20])
}

// stand is the key under which the rows of somebody who was erased stay together. It is no number and no
// provider's id.
func (h hasher) stand(key string) string { return "~" + h.of(key) }

const hasherSecret = 32

// hasher is the account's; the zero value when it has none.
func (s *Store) hasher(ctx context.Context, q querier, account int64) (hasher, error) {
	sealed, err := one(ctx, q, func(r rows) (b []byte, err error) { return b, r.Scan(&b) }, `SELECT sealed FROM erasure_key WHERE account_id = $1`, account)
	if errors.Is(err, errNoRow) {
		return hasher{}, nil
	}
	if err != nil {
		return hasher{}, err
	}
	secret, err := s.seal.Open(sealed)
	if err != nil {
		return hasher{}, fmt.Errorf("open the key of who was erased: %w", err)
	}
	return hasher{secret}, nil
}

// makeHasher is the account's, which is made when it has none, and sealed anew in any case, so that a
// changed key takes over.
func (s *Store) makeHasher(ctx context.Context, t querier, account int64) (hasher, error) {
	h, err := s.hasher(ctx, t, account)
	if err != nil {
		return h, err
	}
	if h.secret == nil {
		h.secret = make([]byte, hasherSecret)
		rand.Read(h.secret)
	}
	sealed, err := s.seal.Seal(h.secret)
	if err != nil {
		return h, err
	}
	if _, err := t.exec(ctx, `INSERT INTO erasure_key (account_id, sealed) VALUES ($1, $2) ON CONFLICT (account_id) DO UPDATE SET sealed = excluded.sealed`, account, sealed); err != nil {
		return h, err
	}
	return h, nil
}

// erasedOf tells which of those keys are of people who were erased, and since when.
func (s *Store) erasedOf(ctx context.Context, q querier, account int64, keys []string) (map[string]time.Time, error) {
	h, err := s.hasher(ctx, q, account)
	if err != nil || h.secret == nil || len(keys) == 0 {
		return nil, err
	}
	byHash := make(map[string]string, len(keys))
	hashes := make([]string, len(keys))
	for i, key := range keys {
		hashes[i] = h.of(key)
		byHash[hashes[i]] = key
	}
	found, err := all(ctx, q, scanNamed, `SELECT hash, at FROM erased WHERE `+s.db.keyed("hash", "$1", "$2"), account, s.db.list(hashes))
	erased := make(map[string]time.Time, len(found))
	for _, f := range found {
		erased[byHash[f.name]] = moment(f.id)
	}
	return erased, err
}

// holdsOf is what the gate is told: the suppressions of these people, and that somebody was erased.
func (s *Store) holdsOf(ctx context.Context, q querier, account int64, keys []string) (map[string][]arauto.Suppression, error) {
	holds, err := s.suppressionsOf(ctx, q, account, keys)
	if err != nil {
		return nil, err
	}
	erased, err := s.erasedOf(ctx, q, account, keys)
	for key, at := range erased {
		holds[key] = append(holds[key], arauto.Suppression{Account: account, PersonKey: key, Scope: arauto.SuppressAll, Source: arauto.ErasedSource, CreatedAt: at})
	}
	return holds, err
}

// refuseErased says of each contact of somebody who was erased that it is not taken in.
func (s *Store) refuseErased(ctx context.Context, t querier, account int64, list []arauto.Contact, added []arauto.Added) (any bool, err error) {
	keys := make([]string, len(list), 2*len(list))
	for i, c := range list {
		keys[i] = c.PersonKey
		if keys[i] == "" {
			keys[i] = c.Phone.PersonKey()
		}
		if c.UserID != "" {
			keys = append(keys, c.UserID.PersonKey())
		}
	}
	erased, err := s.erasedOf(ctx, t, account, keys)
	for i, c := range list {
		_, gone := erased[keys[i]]
		if _, known := erased[c.UserID.PersonKey()]; gone || known {
			any = true
			added[i].Err = arauto.Errorf(arauto.KindInvalid, "phone", "this person was erased at their request and must not be contacted")
		}
	}
	return any, err
}
