package store

import (
	"context"
	"time"
)

// recallChunk is how many contacts one transaction of Recall moves.
const recallChunk = 2000

// Recall makes contacts of a campaign due now which the gate had put off: after a change of rules it may have
// another answer. It moves a bounded number, those that would be due first, and tells how many; 0 = there are no more.
// Contacts that wait for a time of their own, or for another try, are left alone.
func (s *Store) Recall(ctx context.Context, now time.Time, account, campaign int64) (int, error) {
	var moved int64
	err := s.db.write(ctx, func(t querier) error {
		ids, err := all(ctx, t, scanInt, `SELECT id FROM contact WHERE account_id = $1 AND campaign_id = $2 AND state = 'pending' AND deleted_at = 0
			AND due_at > $3 AND scheduled_for <= $3 AND attempts = 0 ORDER BY due_at, id LIMIT $4`, account, campaign, ms(now), recallChunk)
		if err != nil {
			return err
		}
		if moved = 0; len(ids) == 0 {
			return nil
		}
		moved, err = t.exec(ctx, `UPDATE contact SET due_at = $3, version = version + 1 WHERE `+s.db.keyed("id", "$1", "$2")+`
			AND state = 'pending' AND due_at > $3`, account, s.db.list(ids), ms(now))
		return err
	})
	return int(moved), doing("recall contacts", err)
}
