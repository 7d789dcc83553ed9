package store

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"

	"arauto"
)

// dialCounts gathers how many contacts of voice campaigns came to stand at each dial status in one transaction.
type dialCounts map[dialCountKey]int64

type dialCountKey struct {
	account, campaign int64
	dial              arauto.Dial
}

// moved notes what a change of a contact does to them.
func (d dialCounts) moved(was, is arauto.Contact) {
	if was.Dial != "" && was.DeletedAt.IsZero() {
		d[dialCountKey{was.Account, was.Campaign, was.Dial}]--
	}
	if is.Dial != "" && is.DeletedAt.IsZero() {
		d[dialCountKey{is.Account, is.Campaign, is.Dial}]++
	}
}

// apply writes them, in one order, into one slot.
func (d dialCounts) apply(ctx context.Context, t querier) error {
	var args [][]any
	slot := rand.Int64N(failureSlots)
	for k, n := range d {
		if n != 0 {
			args = append(args, []any{k.account, k.campaign, slot, string(k.dial), n})
		}
	}
	slices.SortFunc(args, func(a, b []any) int {
		return cmp.Or(cmp.Compare(a[1].(int64), b[1].(int64)), cmp.Compare(a[3].(string), b[3].(string)))
	})
	_, err := t.each(ctx, `INSERT INTO campaign_dial (account_id, campaign_id, slot, dial, n) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account_id, campaign_id, slot, dial) DO UPDATE SET n = campaign_dial.n + excluded.n`, args)
	return err
}

// countDials keeps campaign_dial for the changes that were written.
func countDials(ctx context.Context, t querier, list []contactChange, written []int64) error {
	d := dialCounts{}
	for i := range list {
		if written[i] == 1 && list[i].new.Dial != "" {
			d.moved(list[i].old, list[i].new)
		}
	}
	return d.apply(ctx, t)
}

type dialCountRow struct {
	campaign int64
	dial     arauto.Dial
	n        int64
}

func scanDialCount(r rows) (c dialCountRow, err error) { return c, r.Scan(&c.campaign, &c.dial, &c.n) }

// DialCounts is how many contacts of each voice campaign stand at each dial status, as kept; no campaigns = all
// of the account. A campaign without contacts may be absent.
func (s *Store) DialCounts(ctx context.Context, account int64, campaigns []int64) (map[int64]arauto.DialCounts, error) {
	text := `SELECT campaign_id, dial, CAST(SUM(n) AS bigint) FROM campaign_dial WHERE account_id = $1`
	args := []any{account}
	if len(campaigns) > 0 {
		text += ` AND ` + s.db.in("campaign_id", "$2")
		args = append(args, s.db.list(campaigns))
	}
	list, err := readAll(ctx, s, scanDialCount, text+` GROUP BY campaign_id, dial`, args...)
	return dialCountsOf(list), doing("count what was dialled", err)
}

// RecountDials counts what DialCounts keeps, walking every contact: for tests and for an operator's doubt.
func (s *Store) RecountDials(ctx context.Context, account int64) (map[int64]arauto.DialCounts, error) {
	list, err := readAll(ctx, s, scanDialCount, `SELECT campaign_id, dial, count(*) FROM contact
		WHERE account_id = $1 AND dial <> '' AND deleted_at = 0 GROUP BY campaign_id, dial`, account)
	return dialCountsOf(list), doing("recount what was dialled", err)
}

func dialCountsOf(list []dialCountRow) map[int64]arauto.DialCounts {
	counts := map[int64]arauto.DialCounts{}
	for _, c := range list {
		if counts[c.campaign] == nil {
			counts[c.campaign] = arauto.DialCounts{}
		}
		if c.n != 0 {
			counts[c.campaign][c.dial] = c.n
		}
	}
	return counts
}
