package store

import (
	"context"
	"sort"

	"arauto"
)

// slot is which kind of writer changed a count; see the table campaign_count.
type slot int64

const (
	slotList     slot = iota // contacts added, removed, cancelled
	slotDispatch             // sending
	slotFacts                // what came back
)

// changes gathers how counts move in one transaction.
type changes map[countKey]int64

type countKey struct {
	campaign int64
	state    arauto.ContactState
}

func (d changes) add(campaign int64, state arauto.ContactState, n int64) {
	d[countKey{campaign, state}] += n
}

// moved notes that a contact went from one state to another.
func (d changes) moved(campaign int64, from, to arauto.ContactState) {
	if from != to {
		d.add(campaign, from, -1)
		d.add(campaign, to, 1)
	}
}

// apply writes the changes, in one order everywhere so that two transactions never wait for each other
// in a circle.
func (d changes) apply(ctx context.Context, t querier, account int64, in slot) error {
	keys := make([]countKey, 0, len(d))
	for k, n := range d {
		if n != 0 {
			keys = append(keys, k)
		}
	}
	sort.Slice(keys, func(i, j int) bool {
		if keys[i].campaign != keys[j].campaign {
			return keys[i].campaign < keys[j].campaign
		}
		return keys[i].state < keys[j].state
	})
	args := make([][]any, len(keys))
	for i, k := range keys {
		args[i] = []any{account, k.campaign, int64(in), k.state, d[k]}
	}
	_, err := t.each(ctx, `INSERT INTO campaign_count (account_id, campaign_id, slot, state, n) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account_id, campaign_id, slot, state) DO UPDATE SET n = campaign_count.n + excluded.n`, args)
	return err
}

type countRow struct {
	campaign int64
	state    arauto.ContactState
	n        int64
}

func scanCount(r rows) (c countRow, err error) { return c, r.Scan(&c.campaign, &c.state, &c.n) }

// counts reads the counts of those campaigns, or of all when there are none; zeros are left out.
func (s *Store) counts(ctx context.Context, q querier, account int64, campaigns []int64) (map[int64]arauto.Counts, error) {
	text := `SELECT campaign_id, state, CAST(SUM(n) AS bigint) FROM campaign_count WHERE account_id = $1`
	args := []any{account}
	if len(campaigns) > 0 {
		text += ` AND ` + s.db.in("campaign_id", "$2")
		args = append(args, s.db.list(campaigns))
	}
	list, err := all(ctx, q, scanCount, text+` GROUP BY campaign_id, state`, args...)
	if err != nil {
		return nil, err
	}
	counts := map[int64]arauto.Counts{}
	for _, c := range list {
		if counts[c.campaign] == nil {
			counts[c.campaign] = arauto.Counts{}
		}
		if c.n != 0 {
			counts[c.campaign][c.state] = c.n
		}
	}
	return counts, nil
}

// Counts is how many contacts of each campaign stand in each state, as kept; no campaigns = all of the
// account. Those in flight are told as being sent, though their own rows say so only where a fact
// overtook the answer. A campaign without contacts may be absent.
func (s *Store) Counts(ctx context.Context, account int64, campaigns []int64) (counts map[int64]arauto.Counts, err error) {
	err = s.db.snapshot(ctx, func(q querier) error {
		if counts, err = s.counts(ctx, q, account, campaigns); err != nil {
			return err
		}
		return s.countFlights(ctx, q, account, counts)
	})
	return counts, err
}

// countFlights moves what is in flight from pending to sending.
func (s *Store) countFlights(ctx context.Context, q querier, account int64, counts map[int64]arauto.Counts) error {
	flying, err := all(ctx, q, scanPair, `SELECT campaign_id, count(*) FROM intent WHERE account_id = $1 GROUP BY campaign_id`, account)
	for _, f := range flying {
		if n := counts[f[0]]; n != nil {
			n[arauto.ContactPending] -= f[1]
			n[arauto.ContactSending] += f[1]
		}
	}
	return err
}

// Recount counts what Counts keeps. It walks every contact: for tests and for an operator's doubt.
func (s *Store) Recount(ctx context.Context, account int64) (map[int64]arauto.Counts, error) {
	counts := map[int64]arauto.Counts{}
	err := s.db.snapshot(ctx, func(q querier) error {
		list, err := all(ctx, q, scanCount, `SELECT campaign_id, state, count(*) FROM contact WHERE account_id = $1 AND deleted_at = 0
			GROUP BY campaign_id, state`, account)
		for _, c := range list {
			if counts[c.campaign] == nil {
				counts[c.campaign] = arauto.Counts{}
			}
			counts[c.campaign][c.state] = c.n
		}
		if err != nil {
			return err
		}
		return s.countFlights(ctx, q, account, counts)
	})
	return counts, err
}
