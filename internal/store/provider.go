package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"

	"arauto"
)

// A provider's message id leads to its attempt by way of attempt_key. A transaction that records many messages
// leaves their keys in one row of attempt_run, and TendCampaigns moves what has gathered there: who looks
// something up looks into both, the runs first, since what is moved meanwhile is in the index then.

// keyed64 is what one message's id is found by.
type keyed64 struct{ key, attempt int64 }

// providerKey is what a provider's long id is indexed by: 63 bits of its hash; 0 for none.
func providerKey(id string) int64 {
	if id == "" {
		return 0
	}
	sum := sha256.Sum256([]byte(id))
	return int64(binary.BigEndian.Uint64(sum[:8])>>1) | 1
}

// keyRun is the keys of one transaction's attempts, as attempt_run holds them.
type keyRun struct {
	first, n int64
	keys     []byte
}

const keySize = 16 // bytes in a run for each attempt

func (r *keyRun) add(a *arauto.Attempt) {
	if a.ProviderID == "" {
		return
	}
	if r.n++; r.n == 1 {
		r.first = a.ID
	}
	r.keys = binary.BigEndian.AppendUint64(r.keys, uint64(providerKey(a.ProviderID)))
	r.keys = binary.BigEndian.AppendUint64(r.keys, uint64(a.ID))
}

// eachKey reads what a run holds.
func eachKey(run []byte, fn func(keyed64)) {
	for ; len(run) >= keySize; run = run[keySize:] {
		fn(keyed64{int64(binary.BigEndian.Uint64(run)), int64(binary.BigEndian.Uint64(run[8:]))})
	}
}

// keepRun writes a run down.
func (s *Store) keepRun(ctx context.Context, t querier, account int64, r keyRun) error {
	if r.n == 0 {
		return nil
	}
	_, err := t.exec(ctx, `INSERT INTO attempt_run (account_id, id, n, keys) VALUES ($1, $2, $3, $4)`, account, r.first, r.n, r.keys)
	return err
}

var insertKey = hot{
	each: `INSERT INTO attempt_key (account_id, provider_key, attempt_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
	set: `INSERT INTO attempt_key (account_id, provider_key, attempt_id)
		SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) ON CONFLICT DO NOTHING`,
	silent: true,
}

// keepKeys puts the keys of those attempts whose provider id has become known into the index at once: of an
// answer that a fact overtook, or that a fact stood in for.
func (s *Store) keepKeys(ctx context.Context, t querier, was, is map[int64]arauto.Attempt) error {
	var rows [][]any
	for id, a := range is {
		if a.ProviderID != "" && a.ProviderID != was[id].ProviderID {
			rows = append(rows, []any{a.Account, providerKey(a.ProviderID), id})
		}
	}
	_, err := s.run(ctx, t, insertKey, rows)
	return err
}

// attemptsKeyed lists the attempts that have one of those keys.
func (s *Store) attemptsKeyed(ctx context.Context, q querier, account int64, keys []int64) ([]int64, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	wanted := make(map[int64]bool, len(keys))
	for _, k := range keys {
		wanted[k] = true
	}
	var found []int64
	runs, err := all(ctx, q, scanRun, `SELECT id, keys FROM attempt_run WHERE account_id = $1`, account)
	if err != nil {
		return nil, err
	}
	for _, r := range runs {
		eachKey(r.keys, func(k keyed64) {
			if wanted[k.key] {
				found = append(found, k.attempt)
			}
		})
	}
	indexed, err := all(ctx, q, scanInt, `SELECT attempt_id FROM attempt_key WHERE `+s.db.keyed("provider_key", "$1", "$2"), account, s.db.list(keys))
	return append(found, indexed...), err
}

func scanRun(r rows) (k keyRun, err error) { return k, r.Scan(&k.first, &k.keys) }

// Runs are moved when an account has that many, or that many keys in them: few enough to be looked through for
// every reply, and enough to find most pages of a large index more than once.
const (
	maxRuns    = 512
	maxRunKeys = 16 * 1024
)

// moveAtOnce is how many keys are moved in one transaction: each may change a page of its own, which is held in memory
// twice while others share the commit.
const moveAtOnce = 1024

// moveRuns moves runs into the index, of the accounts where enough of them have gathered.
func (s *Store) moveRuns(ctx context.Context) error {
	var full []int64
	err := s.db.read(ctx, func(q querier) (err error) {
		full, err = all(ctx, q, scanInt, `SELECT account_id FROM attempt_run GROUP BY account_id HAVING count(*) >= $1 OR SUM(n) >= $2`, maxRuns, maxRunKeys)
		return err
	})
	for _, account := range full {
		err = errors.Join(err, s.moveRunsOf(ctx, account))
	}
	return doing("index what was sent", err)
}

// moveRunsOf gives up the runs once all their keys are in the index: after a crash in between, or beside another node,
// the same keys are put there again.
func (s *Store) moveRunsOf(ctx context.Context, account int64) error {
	var runs []keyRun
	err := s.db.read(ctx, func(q querier) (err error) {
		runs, err = all(ctx, q, scanRun, `SELECT id, keys FROM attempt_run WHERE account_id = $1 ORDER BY id LIMIT $2`, account, 4*maxRuns)
		return err
	})
	if err != nil || len(runs) == 0 {
		return err
	}
	var keys []keyed64
	gone := make([]int64, len(runs))
	for i, r := range runs {
		gone[i] = r.first
		eachKey(r.keys, func(k keyed64) { keys = append(keys, k) })
	}
	slices.SortFunc(keys, func(a, b keyed64) int { return cmp.Compare(a.key, b.key) })
	for part := range slices.Chunk(keys, moveAtOnce) {
		rows := make([][]any, len(part))
		for i, k := range part {
			rows[i] = []any{account, k.key, k.attempt}
		}
		if err := s.db.write(ctx, func(t querier) error {
			_, err := s.run(ctx, t, insertKey, rows)
			return err
		}); err != nil {
			return err
		}
	}
	return s.db.write(ctx, func(t querier) error {
		_, err := t.exec(ctx, `DELETE FROM attempt_run WHERE `+s.db.keyed("id", "$1", "$2"), account, s.db.list(gone))
		return err
	})
}
