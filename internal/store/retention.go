package store

import (
	"context"
	"time"
)

// SweepMessages empties the texts of an account's messages that were written before that moment, among the next
// limit behind after; their rows stay, which reports count. It returns where it got to, and whether messages
// from there on are younger. Ids ascend with time but for messages that came late, which go a sweep later.
func (s *Store) SweepMessages(ctx context.Context, account int64, before time.Time, after int64, limit int) (next int64, end bool, err error) {
	type message struct{ id, at, texts int64 }
	err = s.db.write(ctx, func(t querier) error {
		list, err := all(ctx, t, func(r rows) (m message, err error) { return m, r.Scan(&m.id, &m.at, &m.texts) },
			`SELECT id, at, CASE WHEN body = '' AND action = '' THEN 0 ELSE 1 END FROM message WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3`, account, after, limit)
		if err != nil {
			return err
		}
		next, end = after, len(list) < limit
		var rows [][]any
		for _, m := range list {
			if m.at >= ms(before) {
				end = true
				break
			}
			if next = m.id; m.texts == 1 {
				rows = append(rows, []any{account, m.id})
			}
		}
		_, err = t.each(ctx, `UPDATE message SET body = '', action = '' WHERE account_id = $1 AND id = $2`, rows)
		return err
	})
	return next, end, doing("forget old messages", err)
}
