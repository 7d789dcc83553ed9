package store

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"

	"arauto"
)

// failures gathers how the numbers of failed contacts move in one transaction.
type failures map[failureKey]int64

type failureKey struct {
	account, campaign int64
	reason            arauto.Reason
	code              int
}

// moved notes what a change of a contact does to them.
func (d failures) moved(was, is arauto.Contact) {
	if was.State == arauto.ContactFailed && was.DeletedAt.IsZero() {
		d[failureKeyOf(was)]--
	}
	if is.State == arauto.ContactFailed && is.DeletedAt.IsZero() {
		d[failureKeyOf(is)]++
	}
}

func failureKeyOf(c arauto.Contact) failureKey {
	return failureKey{c.Account, c.Campaign, c.Reason, c.Code}
}

// failureSlots is how many transactions can count failures of one kind without waiting for each other.
const failureSlots = 8

// apply writes them, in one order, into one slot.
func (d failures) apply(ctx context.Context, t querier) error {
	var args [][]any
	slot := rand.Int64N(failureSlots)
	for k, n := range d {
		if n != 0 {
			args = append(args, []any{k.account, k.campaign, slot, string(k.reason), int64(k.code), n})
		}
	}
	slices.SortFunc(args, func(a, b []any) int {
		return cmp.Or(cmp.Compare(a[1].(int64), b[1].(int64)), cmp.Compare(a[3].(string), b[3].(string)), cmp.Compare(a[4].(int64), b[4].(int64)))
	})
	_, err := t.each(ctx, `INSERT INTO campaign_failure (account_id, campaign_id, slot, reason, code, n) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (account_id, campaign_id, slot, reason, code) DO UPDATE SET n = campaign_failure.n + excluded.n`, args)
	return err
}

// countFailures keeps campaign_failure for the changes that were written.
func countFailures(ctx context.Context, t querier, list []contactChange, written []int64) error {
	d := failures{}
	for i, ch := range list {
		if written[i] == 1 {
			d.moved(ch.old, ch.new)
		}
	}
	return d.apply(ctx, t)
}

func scanFailure(r rows) (f arauto.FailureClass, err error) {
	return f, r.Scan(&f.Reason, &f.Code, &f.N)
}

// Failures are a campaign's failed contacts by reason and code, the most frequent first, as kept. A
// campaign has as many rows as there were reasons and codes: few.
func (s *Store) Failures(ctx context.Context, account, campaign int64) ([]arauto.FailureClass, error) {
	list, err := readAll(ctx, s, scanFailure, `SELECT reason, code, CAST(SUM(n) AS bigint) FROM campaign_failure WHERE account_id = $1 AND campaign_id = $2
		GROUP BY reason, code HAVING SUM(n) > 0 ORDER BY 3 DESC, 1, 2 LIMIT 1000`, account, campaign)
	return list, doing("read failures", err)
}

// RecountFailures counts what Failures keeps, walking the campaign's failed contacts: for tests and for
// an operator's doubt.
func (s *Store) RecountFailures(ctx context.Context, account, campaign int64) ([]arauto.FailureClass, error) {
	list, err := readAll(ctx, s, scanFailure, `SELECT reason, code, count(*) FROM contact
		WHERE account_id = $1 AND campaign_id = $2 AND state = 'failed' AND deleted_at = 0 GROUP BY reason, code ORDER BY 3 DESC, 1, 2`, account, campaign)
	return list, doing("recount failures", err)
}

// Outcomes are what became of the contacts of every running campaign, over all accounts: how many
// were taken, how many of those reached their person, and how many failed by reason.
func (s *Store) Outcomes(ctx context.Context) (list []arauto.Outcomes, err error) {
	type row struct {
		account, campaign int64
		word              string
		n                 int64
	}
	scan := func(r rows) (o row, err error) { return o, r.Scan(&o.account, &o.campaign, &o.word, &o.n) }
	const running = `p.state = 'running' AND p.channel = 'whatsapp'`
	err = s.db.read(ctx, func(q querier) error {
		if list, err = all(ctx, q, scanOutcomes, `SELECT p.account_id, p.id, p.version, p.policy FROM campaign p WHERE `+running); err != nil {
			return err
		}
		at := make(map[[2]int64]int, len(list))
		for i, o := range list {
			at[[2]int64{o.Account, o.Campaign}] = i
		}
		taken, err := all(ctx, q, scan, `SELECT p.account_id, p.id, k.state, CAST(SUM(k.n) AS bigint) FROM campaign p
			JOIN campaign_count k ON k.account_id = p.account_id AND k.campaign_id = p.id AND k.state IN ('sent', 'delivered', 'read', 'replied')
			WHERE `+running+` GROUP BY p.account_id, p.id, k.state`)
		if err != nil {
			return err
		}
		for _, o := range taken {
			i, there := at[[2]int64{o.account, o.campaign}]
			if !there {
				continue
			}
			list[i].Taken += o.n
			if o.word != string(arauto.ContactSent) {
				list[i].Reached += o.n
			}
		}
		failed, err := all(ctx, q, scan, `SELECT p.account_id, p.id, k.reason, CAST(SUM(k.n) AS bigint) FROM campaign p
			JOIN campaign_failure k ON k.account_id = p.account_id AND k.campaign_id = p.id WHERE `+running+` GROUP BY p.account_id, p.id, k.reason`)
		for _, o := range failed {
			if i, there := at[[2]int64{o.account, o.campaign}]; there {
				list[i].Failed[arauto.Reason(o.word)] = o.n
			}
		}
		return err
	})
	return list, doing("read outcomes", err)
}

func scanOutcomes(r rows) (o arauto.Outcomes, err error) {
	var policy string
	if err := r.Scan(&o.Account, &o.Campaign, &o.Version, &policy); err != nil {
		return o, err
	}
	o.Failed = map[arauto.Reason]int64{}
	return o, fromJSON(policy, &o.Policy)
}
