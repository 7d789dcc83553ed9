package store

import (
	"context"
	"time"
)

// A Delay is how long webhooks waited between being durable and being applied.
type Delay struct {
	Applied int64         // how many were
	Waiting int64         // how many still are not
	Typical time.Duration // half of them took no longer
	Most    time.Duration // 99 of 100 took no longer
}

// WebhookDelay looks at the webhooks of every account that were received in [from, until). It walks them:
// it is for measuring, not for a running server's metrics.
func (s *Store) WebhookDelay(ctx context.Context, from, until time.Time) (d Delay, err error) {
	const of = ` FROM webhook WHERE received_at >= $1 AND received_at < $2 AND `
	err = s.db.snapshot(ctx, func(q querier) error {
		args := []any{ms(from), ms(until)}
		if d.Waiting, err = one(ctx, q, scanInt, `SELECT count(*)`+of+`state IN ('new', 'orphan')`, args...); err != nil {
			return err
		}
		if d.Applied, err = one(ctx, q, scanInt, `SELECT count(*)`+of+`state = 'applied'`, args...); err != nil || d.Applied == 0 {
			return err
		}
		rank := func(n int64) (time.Duration, error) {
			took, err := one(ctx, q, scanInt, `SELECT applied_at - received_at`+of+`state = 'applied' ORDER BY 1 LIMIT 1 OFFSET $3`, append(args, n)...)
			return time.Duration(took) * time.Millisecond, err
		}
		if d.Typical, err = rank(d.Applied / 2); err != nil {
			return err
		}
		d.Most, err = rank((d.Applied*99 - 1) / 100)
		return err
	})
	return d, doing("measure webhooks", err)
}
