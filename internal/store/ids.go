package store

import (
	"context"
	"sync"
	"time"
)

// idBlocks hands out ids per account and name from blocks reserved in the database. Ids are unique and
// below 2^53; a crash leaves a gap. Contacts do not come from here: see nextMoments.
type idBlocks struct {
	db     database
	mu     sync.Mutex
	blocks map[blockKey]*idBlock
}

type blockKey struct {
	account int64
	name    string
}

type idBlock struct{ next, end int64 }

const blockSize = 1024

func newIDBlocks(db database) *idBlocks {
	return &idBlocks{db: db, blocks: map[blockKey]*idBlock{}}
}

// take returns n new ids, ascending. It must not be called inside a write.
func (b *idBlocks) take(ctx context.Context, account int64, name string, n int) ([]int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := blockKey{account, name}
	block := b.blocks[key]
	if block == nil {
		block = &idBlock{}
		b.blocks[key] = block
	}
	ids := make([]int64, 0, n)
	for len(ids) < n {
		if block.next == block.end {
			size := int64(max(blockSize, n-len(ids)))
			end, err := b.reserve(ctx, key, size)
			if err != nil {
				return nil, err
			}
			block.next, block.end = end-size+1, end+1
		}
		ids = append(ids, block.next)
		block.next++
	}
	return ids, nil
}

func (b *idBlocks) takeOne(ctx context.Context, account int64, name string) (int64, error) {
	ids, err := b.take(ctx, account, name, 1)
	if err != nil {
		return 0, err
	}
	return ids[0], nil
}

func (b *idBlocks) reserve(ctx context.Context, key blockKey, size int64) (end int64, err error) {
	err = b.db.write(ctx, func(t querier) error {
		first, err := nextIDs(ctx, t, key.account, key.name, size)
		end = first + size - 1
		return err
	})
	return end, err
}

// nextIDs takes n ids inside the transaction t and returns the first of them. Where lists are told newest
// first, ids come from here: they ascend in the order of commit whichever node asks, which blocks do not,
// at the price that two such writes of one account wait for each other on PostgreSQL.
func nextIDs(ctx context.Context, t querier, account int64, name string, n int64) (first int64, err error) {
	last, err := one(ctx, t, func(r rows) (v int64, err error) { return v, r.Scan(&v) },
		`INSERT INTO sequence (account_id, name, value) VALUES ($1, $2, $3)
		 ON CONFLICT (account_id, name) DO UPDATE SET value = sequence.value + excluded.value
		 RETURNING value`, account, name, n)
	return last - n + 1, err
}

// nextMoments is nextIDs with the moment at which they are taken, which never goes back.
func nextMoments(ctx context.Context, t querier, account int64, name string, n int, now time.Time) (first, at int64, err error) {
	r, err := one(ctx, t, scanPair,
		`INSERT INTO sequence (account_id, name, value, moment) VALUES ($1, $2, $3, $4)
		 ON CONFLICT (account_id, name) DO UPDATE SET value = sequence.value + excluded.value,
		   moment = CASE WHEN excluded.moment > sequence.moment THEN excluded.moment ELSE sequence.moment END
		 RETURNING value, moment`, account, name, int64(n), ms(now))
	return r[0] - int64(n) + 1, r[1], err
}
