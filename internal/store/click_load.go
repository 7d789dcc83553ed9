package store

import (
	"context"
	"time"

	"arauto"
)

// LoadClicks stores clicks with the conversations that they opened, as if they had come and been handled long ago: what
// measurements need by the million. Ids are the caller's, of the click and of its conversation alike, and are not to
// have been used; the account's counters move beyond them.
func (s *Store) LoadClicks(ctx context.Context, account int64, list []arauto.ClickRow) error {
	talks, clicks := make([][]any, len(list)), make([][]any, len(list))
	last := int64(0)
	for i, c := range list {
		at := ms(c.At)
		talks[i] = []any{account, c.Conversation, newUUID(), c.Sender, c.Person, c.PersonKey, arauto.ConversationClosed, at, at + 60_000, c.RoutingPoint, c.Queue, c.Agent, at + 1000}
		clicks[i] = clickArgs(c.Click)
		last = max(last, c.ID, c.Conversation)
	}
	err := s.db.write(ctx, func(t querier) error {
		if _, err := t.each(ctx, `INSERT INTO conversation (account_id, id, uuid, sender_id, person_id, person_key, contact_id, campaign_id, state, opened_at, last_at, closed_at,
			routing_point_id, queue_id, agent_id, assigned_at) VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7, $8, $8, $9, $10, $11, $12, $13)`, talks); err != nil {
			return err
		}
		if _, err := t.each(ctx, insertClick, clicks); err != nil {
			return err
		}
		for _, name := range []string{"click", "conversation"} {
			if _, err := t.exec(ctx, `INSERT INTO sequence (account_id, name, value) VALUES ($1, $2, $3)
				ON CONFLICT (account_id, name) DO UPDATE SET value = excluded.value WHERE sequence.value < excluded.value`, account, name, last); err != nil {
				return err
			}
		}
		return nil
	})
	return doing("load clicks", err)
}

// ScanClicks reads the rows of a report of clicks in one statement and throws them away: what the report is measured
// against.
func (s *Store) ScanClicks(ctx context.Context, account int64, from, to time.Time) (n int, err error) {
	err = s.db.read(ctx, func(q querier) error {
		r, err := q.query(ctx, `SELECT c.id, c.at, c.conversation_id, c.source_type, COALESCE(c.source_id, ''), c.source_url, c.media_type, c.image_url, c.video_url,
			`+outcomeColumns+` FROM click c`+outcomeJoins+` WHERE c.account_id = $1 AND c.at >= $2 AND c.at <= $3 ORDER BY c.at, c.id`, account, ms(from), ms(to))
		if err != nil {
			return err
		}
		defer r.Close()
		for r.Next() {
			if _, err := scanClickDetail(r); err != nil {
				return err
			}
			n++
		}
		return r.Err()
	})
	return n, doing("scan clicks", err)
}
