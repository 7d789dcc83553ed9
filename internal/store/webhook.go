package store

import (
	"context"
	"errors"
	"time"

	"arauto"
)

// SaveWebhooks makes raw webhooks durable as new. When it returns nil they may be acknowledged.
func (s *Store) SaveWebhooks(ctx context.Context, now time.Time, list []arauto.Webhook) error {
	args := make([][]any, len(list))
	for i, w := range list {
		id, err := s.ids.takeOne(ctx, w.Account, "webhook")
		if err != nil {
			return err
		}
		args[i] = []any{w.Account, id, w.App, ms(now), w.Body}
	}
	return s.db.write(ctx, func(t querier) error {
		_, err := s.run(ctx, t, insertWebhook, args)
		return err
	})
}

const webhookInto = `INSERT INTO webhook (account_id, id, app_id, state, tries, retry_at, note, received_at, applied_at, body) `

var insertWebhook = hot{
	each: webhookInto + `VALUES ($1, $2, $3, 'new', 0, 0, '', $4, 0, $5)`,
	set: webhookInto + `SELECT account, id, app, 'new', 0, 0, '', received, 0, body
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[]) AS u(account, id, app, received, body)`,
	silent: true,
}

const webhookColumns = `account_id, id, app_id, state, tries, note, body, received_at`

func scanWebhook(r rows) (arauto.Webhook, error) {
	var w arauto.Webhook
	var received int64
	err := r.Scan(&w.Account, &w.ID, &w.App, &w.State, &w.Tries, &w.Note, &w.Body, &received)
	w.ReceivedAt = moment(received)
	return w, err
}

// OpenWebhooks lists webhooks that are to be applied at now: new ones, and orphans whose next try has come, an account's
// together. Accounts that have some share the limit, so that one that is behind holds up nobody. It goes by state, never
// by a position: a webhook that commits late is still found.
func (s *Store) OpenWebhooks(ctx context.Context, now time.Time, limit int) (list []arauto.Webhook, err error) {
	err = s.db.read(ctx, func(q querier) error {
		accounts, err := accountsWaiting(ctx, q, now, limit)
		if err != nil {
			return err
		}
		for i, account := range accounts {
			share := (limit - len(list)) / (len(accounts) - i)
			part, err := openWebhooks(ctx, q, now, account, share)
			if err != nil {
				return err
			}
			list = append(list, part...)
		}
		return nil
	})
	return list, err
}

// accountsWaiting are the accounts that have open webhooks, at most so many.
func accountsWaiting(ctx context.Context, q querier, now time.Time, limit int) (accounts []int64, err error) {
	for last := int64(-1); len(accounts) < limit; accounts = append(accounts, last) {
		last, err = one(ctx, q, scanInt, `SELECT account_id FROM webhook WHERE account_id > $1 AND state IN ('new', 'orphan') AND retry_at <= $2
			ORDER BY account_id, retry_at LIMIT 1`, last, ms(now))
		if errors.Is(err, errNoRow) {
			return accounts, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return accounts, nil
}

func openWebhooks(ctx context.Context, q querier, now time.Time, account int64, limit int) ([]arauto.Webhook, error) {
	return all(ctx, q, scanWebhook, `SELECT `+webhookColumns+` FROM webhook
		WHERE account_id = $1 AND state IN ('new', 'orphan') AND retry_at <= $2 ORDER BY retry_at, id LIMIT $3`, account, ms(now), limit)
}

// SettleWebhooks keeps what became of webhooks: their State, Tries and Note. retryAt is when an orphan
// is tried again.
func (s *Store) SettleWebhooks(ctx context.Context, now time.Time, list []arauto.Webhook, retryAt time.Time) error {
	args := make([][]any, len(list))
	for i, w := range list {
		retry := int64(0)
		if w.State == arauto.WebhookOrphan {
			retry = ms(retryAt)
		}
		args[i] = []any{w.Account, w.ID, w.State, int64(w.Tries), w.Note, retry, ms(now)}
	}
	return s.db.write(ctx, func(t querier) error {
		_, err := s.run(ctx, t, settleWebhook, args)
		return err
	})
}

var settleWebhook = hot{
	each: `UPDATE webhook SET state = $3, tries = $4, note = $5, retry_at = $6, applied_at = $7 WHERE account_id = $1 AND id = $2`,
	set: `UPDATE webhook w SET state = u.state, tries = u.tries, note = u.note, retry_at = u.again, applied_at = u.applied
		FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[])
		AS u(account, id, state, tries, note, again, applied) WHERE w.account_id = u.account AND w.id = u.id`,
	silent: true,
}

// Webhooks lists an account's webhooks in a state, newest first, below that id (0 = from the newest); noted leaves out
// those without a note.
func (s *Store) Webhooks(ctx context.Context, account int64, state arauto.WebhookState, noted bool, before int64, limit int) (list []arauto.Webhook, err error) {
	only := ""
	if noted {
		only = ` AND note <> ''` // as the index webhook_noted has it
	}
	err = s.db.read(ctx, func(q querier) error {
		list, err = all(ctx, q, scanWebhook, `SELECT `+webhookColumns+` FROM webhook
			WHERE account_id = $1 AND id < $2 AND state = $3`+only+` ORDER BY id DESC LIMIT $4`, account, below(before), state, limit)
		return err
	})
	return list, err
}

// SweepWebhooks forgets an account's webhooks that were settled before that moment, at most limit of them, and returns
// how many. Open ones and those that could not be read stay.
func (s *Store) SweepWebhooks(ctx context.Context, account int64, before time.Time, limit int) (n int64, err error) {
	err = s.db.write(ctx, func(t querier) (err error) {
		n, err = t.exec(ctx, `DELETE FROM webhook WHERE (account_id, id) IN (SELECT account_id, id FROM webhook
			WHERE account_id = $3 AND state IN ('applied', 'unmatched') AND received_at < $1 LIMIT $2)`, ms(before), limit, account)
		return err
	})
	return n, err
}
